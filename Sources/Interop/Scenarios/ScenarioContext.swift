// What a scenario works with: the programs of its nodes, clusters that end with it, and waiting for what
// must come to hold. It keeps what a failure leaves behind, and judges nothing.

import ClusterClient
import RESP
import SystemIO

/// Where a scenario is played: the two kinds of nodes, and the clusters that were made.
package final class ScenarioContext {
    /// A server of the version that is looked at.
    let theirs: ServerProgram
    /// Our node; that server too, when it is played with it alone.
    let ours: ServerProgram
    let server: ReferenceServer
    /// All servers that this machine has for the run.
    let servers: [ReferenceServer]
    let folder: String
    /// cluster-node-timeout of all nodes.
    static let timeout = 1000
    private let environment: ClusterEnvironment
    /// Clusters of this play, kept for their logs.
    private var clusters: [MixedCluster] = []
    private var relays: [BusRelay] = []
    /// What should be known although nothing failed.
    private(set) var remarks: [String] = []

    init(
        server: ReferenceServer, among servers: [ReferenceServer], ours: ServerProgram,
        folder: String, environment: ClusterEnvironment
    ) {
        self.server = server
        self.servers = servers
        theirs = .reference(server)
        self.ours = ours
        self.folder = folder
        self.environment = environment
    }

    var deadline: Deadline { environment.deadline }

    /// Starts nodes that do not know each other yet.
    func cluster(
        _ programs: [ServerProgram], _ directives: [String] = [], recordsTraffic: Bool = false,
        isRelayed: Bool = false
    ) throws(InteropError) -> MixedCluster {
        var environment = environment
        environment.sparePorts = 2 * programs.count + Self.sparePorts
        let cluster = try MixedCluster(
            [], nodeTimeoutMilliseconds: Self.timeout,
            // Real masters wait for more replicas before a copy, unless they are told not to.
            directives: ["--repl-diskless-sync-delay", "0"] + directives,
            folder: "\(folder)/\(clusters.count)", environment: environment)
        // Before its nodes start: one that does not start leaves a log, too.
        clusters.append(cluster)
        for program in programs {
            try cluster.add(program, recordsTraffic: recordsTraffic, isRelayed: isRelayed)
        }
        return cluster
    }

    private static let sparePorts = 6

    /// Ends all that was started.
    func end() {
        for cluster in clusters { cluster.end() }
        relays = []
    }

    /// Says something that should be known although nothing failed.
    func remark(_ text: String) {
        if !remarks.contains(text) { remarks.append(text) }
    }

    /// What is left to look at, once all has ended.
    func artifacts() -> FailureArtifacts {
        var artifacts = FailureArtifacts(folder: folder)
        if let capture = environment.capture { artifacts.captureNote = "recorded by \(capture)" }
        for cluster in clusters { cluster.addArtifacts(to: &artifacts) }
        return artifacts
    }

    /// Starts nodes and forms a cluster of them, masters first.
    func formed(
        _ programs: [ServerProgram], masters: Int, _ directives: [String] = []
    ) throws(InteropError) -> MixedCluster {
        let cluster = try cluster(programs, directives)
        try cluster.form(cluster.nodes, masters: masters)
        return cluster
    }

    /// The same with keys in it, which all replicas hold.
    func filled(
        _ programs: [ServerProgram], masters: Int
    ) throws(InteropError) -> MixedCluster {
        let cluster = try formed(programs, masters: masters)
        try cluster.writeKeys(Self.keyCount)
        try cluster.waitUntilApplied(Array(cluster.nodes.dropFirst(masters)))
        return cluster
    }

    /// All keys of a filled cluster are still there.
    func expectKeys(_ cluster: MixedCluster) throws(InteropError) {
        let lost = try cluster.lostKeys(Self.keyCount)
        try expect(lost == 0, "all keys are there, \(lost) are lost")
    }

    private static let keyCount = 300

    /// Formed, with the bus led through a relay that can cut it.
    func relayed(
        _ programs: [ServerProgram], masters: Int
    ) throws(InteropError) -> (cluster: MixedCluster, relay: BusRelay) {
        let cluster = try cluster(programs, isRelayed: true)
        let relay = try cluster.relay()
        relays.append(relay)
        try cluster.form(cluster.nodes, masters: masters)
        return (cluster, relay)
    }

    /// Runs redis-cli to its end; anything but status 0 is a failure.
    func redisCLI(_ words: [String]) throws(InteropError) {
        try deadline.check()
        do throws(RedisCLIError) {
            try RedisCLI.run(words, milliseconds: deadline.left(atMost: Self.redisCLIMilliseconds))
        } catch {
            switch error {
            case .notInstalled: throw .notAServer(path: "redis-cli", said: "not installed")
            case .system(let error): throw .system(error)
            case .failed(let words, let output):
                throw .refused(server: "redis-cli", command: words, reply: output)
            }
        }
    }

    private static let redisCLIMilliseconds = 60_000

    /// `redis-cli --cluster check` finds nothing.
    func checkCluster(at node: ServerProcess) throws(InteropError) {
        try redisCLI(["--cluster", "check", "\(node.address)"])
    }

    /// Waits until nothing is amiss.
    func until(
        _ what: String, _ limit: Int = 15_000, _ amiss: () throws(InteropError) -> String?
    ) throws(InteropError) {
        let start = SystemClock.monotonicMilliseconds()
        while true {
            guard let difference = try amiss() else { return }
            guard SystemClock.monotonicMilliseconds() - start < Int64(limit) else {
                throw .notInTime(what: what, milliseconds: limit, difference: difference)
            }
            try deadline.sleep(milliseconds: 20, waitingFor: "\(what): \(difference)")
        }
    }

    /// Fails unless something holds.
    func expect(_ holds: Bool, _ what: String) throws(InteropError) {
        if !holds { throw .notInTime(what: what, milliseconds: 0, difference: "it does not hold") }
    }

    /// Waits until all but the lost ones serve and list the successor as a master with slots.
    func untilServed(
        _ cluster: MixedCluster, by successor: ServerProcess, without lost: [ServerProcess] = [],
        _ limit: Int = 20_000
    ) throws(InteropError) {
        try until("\(successor.name) serves", limit) { () throws(InteropError) in
            for node in cluster.nodes where !lost.contains(where: { $0 === node }) {
                let row = try node.nodes().first { $0.port == successor.port }
                if row?.isMaster != true || row?.slots.isEmpty != false {
                    return "\(node.name) lists it as \(row?.flags ?? [])"
                }
                let state = try node.field("cluster_state", of: "CLUSTER", "INFO")
                if state != "ok" { return "\(node.name) says \(state ?? "nothing")" }
            }
            return nil
        }
    }

    /// Waits until a node is a replica of another, in its own words.
    func untilReplica(_ node: ServerProcess, of master: ServerProcess) throws(InteropError) {
        try until("\(node.name) follows \(master.name)") { () throws(InteropError) in
            // Before 7.0 a server answers nothing of the cluster while it takes in a copy.
            let answer = try node.ask(["CLUSTER", "MYID"])
            if let error = answer.errorText, error.hasPrefix("LOADING") { return error }
            let (own, other) = (try node.myself(), try master.myself())
            return own.master == other.id ? nil : "\(own.flags) of \(own.master ?? "nobody")"
        }
    }
}
