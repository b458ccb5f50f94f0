// Servers of the reference and nodes of ours on loopback, brought together by the commands that
// operators use, and what they say of one another compared. All of them end with the cluster. The
// scenarios that are played on it are elsewhere.

import ClusterClient
import ClusterWire
import RESP
import SystemIO

/// What a cluster is given beside its nodes.
package struct ClusterEnvironment: Sendable {
    /// For how long it may be waited for.
    package var deadline = Deadline.unlimited
    /// How its traffic on the bus is recorded; nil when it is not.
    package var capture: CaptureMeans?
    /// Ports in the cluster's row for nodes that are added.
    package var sparePorts = 0

    package init() {}
}

/// A cluster of real processes.
package final class MixedCluster {
    /// In the order in which they were started; one that replaces another has its place.
    package private(set) var nodes: [ServerProcess] = []
    private let temporary: TemporaryFolder?
    /// Where the nodes' folders are.
    package let path: String
    package let deadline: Deadline
    private let directives: [String]
    private let row: PortRow?
    private var nextPort: Int
    let capture: CaptureMeans?
    private var busCapture: BusCapture?
    /// Wall nanoseconds.
    private(set) var recordedUntil = Int64.max
    /// Every log that there may be, with whose it is.
    private(set) var logs: [(server: String, file: String)] = []

    static let pauseMilliseconds = 20
    private static let watchPauseMilliseconds = 100
    private static let graceMilliseconds = 5000

    /// Starts nodes that do not know each other yet.
    /// - Parameters:
    ///   - nodeTimeoutMilliseconds: cluster-node-timeout of all.
    ///   - directives: more of them, for all, as words: "--name", "value".
    ///   - folder: where the nodes' folders are made; a temporary one when it is nil.
    ///   - basePort: the first client port; free ones are looked for when it is nil.
    package init(
        _ programs: [ServerProgram], nodeTimeoutMilliseconds: Int, directives: [String] = [],
        folder: String? = nil, basePort: Int? = nil, isKept: Bool = false,
        environment: ClusterEnvironment = ClusterEnvironment()
    ) throws(InteropError) {
        do throws(SystemError) {
            if let folder {
                try Folder.make(folder)
                temporary = nil
                path = folder
            } else {
                let made = try TemporaryFolder(isKept: isKept)
                path = made.path
                temporary = consume made
            }
        } catch {
            throw .system(error)
        }
        self.directives =
            ["--cluster-node-timeout", "\(nodeTimeoutMilliseconds)"] + directives
        deadline = environment.deadline
        capture = environment.capture
        if let basePort {
            row = nil
            nextPort = basePort
        } else {
            let made = try PortRow(count: max(1, programs.count + environment.sparePorts))
            row = made
            nextPort = made.ports.lowerBound
        }
        if case .tcpdump(let program) = capture, let row {
            busCapture = try BusCapture(program, clientPorts: row.ports, file: "\(path)/bus.pcap")
        }
        for program in programs { try add(program) }
    }

    /// The last owner ends them all, before the folder goes; a node that is still held elsewhere is
    /// ended too.
    deinit { end() }

    /// Ends the recording, then all nodes, also those that are stopped.
    package func end() {
        endRecording()
        for node in nodes {
            node.send(.terminate)
            node.send(.resume)
        }
        // One that hangs is waited for once, not again for each that hangs after it.
        let end = SystemClock.monotonicMilliseconds() + Int64(Self.graceMilliseconds)
        for node in nodes {
            let left = end - SystemClock.monotonicMilliseconds()
            node.stop(graceMilliseconds: Int(max(0, left)))
        }
    }

    /// Ends the recording: what follows is not part of the play.
    /// - Returns: what tcpdump counted, a line each.
    @discardableResult
    package func endRecording() -> [String] {
        recordedUntil = min(recordedUntil, SystemClock.wallNanoseconds())
        let counts = busCapture?.stop() ?? []
        busCapture = nil
        return counts
    }

    package var ours: [ServerProcess] { nodes.filter(\.program.isOurs) }
    package var theirs: [ServerProcess] { nodes.filter { !$0.program.isOurs } }
    /// Those that have not ended.
    package var running: [ServerProcess] { nodes.filter { $0.exitStatus == nil } }

    /// Starts one more node, which knows nobody.
    /// - Parameters:
    ///   - recordsTraffic: whether a node of ours records its own traffic, whatever else does.
    ///   - isRelayed: whether others reach its bus by a port of `relay`, once that is called.
    ///   - more: directives for it alone.
    @discardableResult
    package func add(
        _ program: ServerProgram, recordsTraffic: Bool = false, isRelayed: Bool = false,
        _ more: [String] = []
    ) throws(InteropError) -> ServerProcess {
        let port = try takePort()
        let node = try start(
            program, port: port, folder: "\(path)/\(port)", directives + more,
            recordsTraffic: recordsTraffic, announcedBusPort: isRelayed ? try takePort() : nil)
        nodes.append(node)
        return node
    }

    /// Ends a node, which is no part of the cluster any more.
    package func remove(_ node: ServerProcess) {
        node.stop()
        nodes.removeAll { $0 === node }
    }

    /// Leads the bus of all relayed nodes through a relay, which the caller keeps.
    package func relay() throws(InteropError) -> BusRelay {
        var endpoints: [BusRelay.Endpoint] = []
        for node in nodes {
            endpoints.append(
                BusRelay.Endpoint(
                    id: try node.text("CLUSTER", "MYID"),
                    busPort: node.port + LoopbackPorts.busOffset,
                    relayPort: node.announcedBusPort))
        }
        do throws(SystemError) {
            return try BusRelay(endpoints)
        } catch {
            throw .system(error)
        }
    }

    /// Ends a node and lets another program go on with its files, at its place in the list.
    /// - Parameter movesPort: whether it gets another port.
    @discardableResult
    package func replace(
        _ node: ServerProcess, with program: ServerProgram, movesPort: Bool = false
    ) throws(InteropError) -> ServerProcess {
        guard let index = nodes.firstIndex(where: { $0 === node }) else { return node }
        node.stop()
        let port = movesPort ? try takePort() : node.port
        let other = try start(
            program, port: port, folder: node.folder, node.directives,
            announcedBusPort: movesPort ? nil : node.announcedBusPort)
        nodes[index] = other
        return other
    }

    /// A port that is free, and nobody's but the caller's.
    func takePort() throws(InteropError) -> Int {
        if let row, nextPort >= row.ports.upperBound { return try LoopbackPorts.base(count: 1) }
        defer { nextPort += 1 }
        return nextPort
    }

    private func start(
        _ program: ServerProgram, port: Int, folder: String, _ directives: [String],
        recordsTraffic: Bool = false, announcedBusPort: Int? = nil
    ) throws(InteropError) -> ServerProcess {
        let log = (server: "\(program) at \(port)", file: "\(folder)/server.log")
        if !logs.contains(where: { $0 == log }) { logs.append(log) }
        var recordsTraffic = recordsTraffic
        if case .nodes = capture { recordsTraffic = true }
        return try ServerProcess(
            program, port: port, folder: folder, directives: directives, deadline: deadline,
            recordsTraffic: recordsTraffic, announcedBusPort: announcedBusPort)
    }

    // MARK: - Forming

    /// Divides all slots evenly among these.
    package func assignSlots(to masters: [ServerProcess]) throws(InteropError) {
        for (index, master) in masters.enumerated() {
            let first = Layout.slotCount * index / masters.count
            let end = Layout.slotCount * (index + 1) / masters.count
            // ADDSLOTSRANGE is not there before 7.0.
            let reply = try master.ask(["CLUSTER", "ADDSLOTS"] + (first..<end).map(String.init))
            if let error = reply.errorText {
                throw .refused(server: master.name, command: "CLUSTER ADDSLOTS", reply: error)
            }
        }
    }

    /// Tells a node to meet another.
    package func meet(_ node: ServerProcess, _ other: ServerProcess) throws(InteropError) {
        try node.command(
            "CLUSTER", "MEET", other.address.ip, "\(other.port)",
            "\(other.announcedBusPort)")
    }

    /// Gives the first nodes all slots, lets all meet the first, makes the others their replicas in
    /// turn, and waits until all agree and serve.
    package func form(
        _ members: [ServerProcess], masters: Int, withinMilliseconds limit: Int = 20_000
    ) throws(InteropError) {
        guard let first = members.first else { return }
        try assignSlots(to: Array(members.prefix(masters)))
        for (index, node) in members.enumerated() {
            // As redis-cli does: epochs differ from the start, so none collide. A node that has
            // met others has one already.
            _ = try node.ask(["CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)"])
        }
        for node in members.dropFirst() { try meet(first, node) }
        try waitUntilAgreed(members, withinMilliseconds: limit)
        for (index, replica) in members.dropFirst(masters).enumerated() {
            try self.replicate(replica, members[index % masters])
        }
        if members.count > masters {
            try waitUntilCopied(Array(members.dropFirst(masters)), withinMilliseconds: limit)
            try waitUntilAgreed(members, withinMilliseconds: limit)
        }
        try waitUntilServing(members, withinMilliseconds: limit)
    }

    /// Makes a node without slots a replica.
    package func replicate(
        _ replica: ServerProcess, _ master: ServerProcess
    ) throws(InteropError) {
        try replica.command("CLUSTER", "REPLICATE", try master.text("CLUSTER", "MYID"))
    }

    // MARK: - Watching

    /// A connection of the bus, as CLUSTER LINKS tells of it.
    package struct Link: Equatable, Sendable, CustomStringConvertible {
        /// "to" or "from".
        package let direction: String
        package let node: String
        /// Wall milliseconds.
        package let createdAt: Int64

        package var description: String { "\(direction) \(node), made at \(createdAt)" }
    }

    /// Every connection whose node is known; none when the server does not tell (CLUSTER LINKS came
    /// with 7.0).
    package func links(of node: ServerProcess) throws(InteropError) -> [Link] {
        guard let entries = try node.ask(["CLUSTER", "LINKS"]).elements else { return [] }
        return entries.map { entry in
            Link(
                direction: entry["direction"]?.string ?? "?", node: entry["node"]?.string ?? "?",
                createdAt: entry["create-time"]?.number ?? 0)
        }
    }

    /// The connections of all nodes at one moment.
    package struct LinkTable {
        fileprivate let links: [(node: ServerProcess, links: [Link])]
        /// The ids of ours.
        fileprivate let ours: Set<String>
        /// Wall milliseconds.
        fileprivate let takenAt: Int64
    }

    /// The connections of all that run, now.
    package func linkTable() throws(InteropError) -> LinkTable {
        let start = SystemClock.wallMilliseconds()
        var table: [(node: ServerProcess, links: [Link])] = []
        var own: Set<String> = []
        for node in running {
            table.append((node, try links(of: node)))
            if node.program.isOurs { own.insert(try node.text("CLUSTER", "MYID")) }
        }
        return LinkTable(links: table, ours: own, takenAt: start)
    }

    /// The first connection of ours that was lost or made since; nil when there is none. One that was
    /// there and only now came to be known as a node's is not new: servers tell by the first message
    /// that names its sender. What theirs do among themselves is theirs: a busy machine is enough.
    package func linkChange(since table: LinkTable) throws(InteropError) -> String? {
        for (node, links) in table.links {
            func concernsOurs(_ link: Link) -> Bool {
                node.program.isOurs || table.ours.contains(link.node)
            }
            let old = links.filter(concernsOurs)
            let now = try self.links(of: node).filter(concernsOurs)
            if let lost = old.first(where: { !now.contains($0) }) {
                return "\(node.name) lost a link: \(lost)"
            }
            if let new = now.first(where: { $0.createdAt > table.takenAt }) {
                return "\(node.name) has a link that is new: \(new)"
            }
        }
        return nil
    }

    /// Looks at all nodes again and again.
    /// - Returns: the first disagreement, or the first link that was lost or made; nil when for all
    ///   that time there was none.
    package func watch(milliseconds: Int) throws(InteropError) -> String? {
        let members = running
        let table = try linkTable()
        let end = SystemClock.monotonicMilliseconds() + Int64(milliseconds)
        while SystemClock.monotonicMilliseconds() < end {
            if let difference = try disagreement(members) { return difference }
            try deadline.sleep(milliseconds: Self.watchPauseMilliseconds)
        }
        return try linkChange(since: table)
    }
}
