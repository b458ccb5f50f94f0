// A server that is not ours, by hooks alone: it holds no data, notes what it is told, and waits in a loop of
// its own, in which the host is one descriptor among others.

import ClusterCore
import ClusterHost
import ClusterWire
import Interop
import SystemIO
import TestSupport
import Testing

/// What a foreign server was told, in its order.
enum Told: Equatable {
    case followed(NodeAddress?)
    case dropped(SlotSet)
    case paused(Bool)
    case delivered(Publication, toShard: Bool)
    case answered(AdminReply, ClientID)
    case role(Role)
    case saved(Generation)
    case failed(Generation)
}

final class ForeignServer: ClusterServer {
    let host: ClusterHost
    private let loop: PollSet
    private(set) var told: [Told] = []
    private(set) var notes: [HostNote] = []
    /// What the store says next.
    var report: StoreReport?
    /// How often the rules took a step.
    private(set) var steps = 0

    /// - Parameter folder: where its nodes.conf is.
    init(in folder: String, port: Int) throws {
        var cluster = ClusterConfig()
        cluster.nodeTimeout = 1000
        cluster.requireFullCoverage = false
        cluster.port = Port(UInt16(port))
        cluster.busPort = Port(UInt16(port + LoopbackPorts.busOffset))
        host = try ClusterHost(HostConfig(nodesFile: "\(folder)/nodes.conf", cluster: cluster))
        loop = try PollSet()
        host.server = self
        try loop.register(host.descriptor, token: 1, interest: .read)
    }

    /// One turn of its loop.
    func turn() throws {
        let left = host.nextDeadline - SystemClock.monotonicMilliseconds()
        try loop.wait(milliseconds: Int(max(0, left)))
        host.process()
    }

    /// Turns until nothing is amiss.
    func turn(
        until what: String, sourceLocation: SourceLocation = #_sourceLocation,
        _ amiss: () throws -> String?
    ) {
        eventually(what, withinMilliseconds: 20_000, sourceLocation: sourceLocation) {
            try turn()
            return try amiss()
        }
    }

    /// Has the host run a command, in the words that follow CLUSTER.
    func submit(_ words: String, from client: UInt32 = 0) throws -> Submission {
        let words = words.split(separator: " ").map { Array($0.utf8) }
        return host.submit(try AdminCommand.parse(words), from: ClientID(client))
    }

    /// Forgets what was told so far.
    func forget() { told = [] }

    // MARK: - Hooks

    func takeStoreReport() -> StoreReport? {
        defer { report = nil }
        return report
    }

    func follow(_ master: NodeAddress?, from offset: ReplicationOffset) {
        told.append(.followed(master))
    }
    func dropKeys(in slots: SlotSet) { told.append(.dropped(slots)) }
    func deliver(_ publication: Publication, toShard: Bool) {
        told.append(.delivered(publication, toShard: toShard))
    }
    func setWritesPaused(_ arePaused: Bool) { told.append(.paused(arePaused)) }
    func answer(_ reply: AdminReply, to client: ClientID) {
        told.append(.answered(reply, client))
    }
    func roleChanged(to role: Role) { told.append(.role(role)) }
    func stateMayHaveChanged() { steps += 1 }
    func saveIsInPlace(upTo generation: Generation) { told.append(.saved(generation)) }
    func saveFailed(upTo generation: Generation, because error: SystemError) {
        told.append(.failed(generation))
    }
    func note(_ note: HostNote) { notes.append(note) }
}
