// What is played to be recorded, with the names that the captures of the reference servers have: one
// cluster of three masters and three replicas through its life, and two small ones.

import ClusterClient
import ClusterWire
import RESP
import SystemIO

/// Records the scenarios of some servers.
package struct Recordings {
    /// In the order in which they are played.
    package static let names = [
        "form", "pubsub", "slot-migration", "pause-resume", "failover-manual", "failover-force",
        "failover-takeover", "reset-forget-meet", "kill-master", "rejoin", "epoch-collision",
        "names",
    ]
    /// Of a mixed cluster only these.
    package static let mixedNames = ["form", "kill-master", "rejoin"]

    static let nodeTimeout = 2000

    private let folder: String
    private let tcpdump: String
    private let wanted: Set<String>
    let deadline: Deadline
    private let report: (RecordedFile) -> Void

    /// - Parameters:
    ///   - folder: where captures and truths go.
    ///   - tcpdump: its path.
    ///   - wanted: the names of those that are kept.
    ///   - report: called with each recording that is done.
    package init(
        into folder: String, tcpdump: String, wanted: Set<String>, stop: StopRequest,
        report: @escaping (RecordedFile) -> Void
    ) {
        self.folder = folder
        self.tcpdump = tcpdump
        self.wanted = wanted
        deadline = Deadline(seconds: nil, stop: stop)
        self.report = report
    }

    /// The files that will be written, whether or not they are there already.
    package static func files(
        of servers: [ReferenceServer], wanted: Set<String>, in folder: String
    ) -> [String] {
        let owners = servers.map(name) + [ownName]
        let takes =
            owners.flatMap { owner in names.map { (owner, $0) } }
            + mixedNames.map { (mixedName, $0) }
        return takes.filter { wanted.contains($0.1) }.flatMap { name, scenario in
            let capture = Recorder.file(name, scenario, in: folder)
            return [capture, Recorder.truth(of: capture)]
        }
    }

    private static func name(_ server: ReferenceServer) -> String {
        "\(server.kind.rawValue)-\(server.version)"
    }

    private static let ownName = "grapevine"
    private static let mixedName = "mixed"

    /// Records a cluster of each server, one of ours, and one of all together.
    package func record(
        _ servers: [ReferenceServer], ours: ServerProgram
    ) throws(InteropError) {
        for server in servers {
            try record(Self.name(server), like: ServerProgram.reference(server))
        }
        try record(Self.ownName, like: ours)
        if wanted.isDisjoint(with: Self.mixedNames) { return }
        let mixed = Self.compatible(servers).map { ServerProgram.reference($0) }
        guard let first = mixed.first, let last = mixed.last else { return }
        // Who replaces a master must be ours, or of its version: others cannot copy all of it.
        let programs = [first, ours, last, ours, ours, last]
        let cluster = try start(programs)
        try form(cluster, Self.mixedName)
        try settle(cluster)
        try killMaster(cluster, Self.mixedName)
    }

    private func record(_ name: String, like program: ServerProgram) throws(InteropError) {
        if !wanted.isDisjoint(with: Self.names.prefix(10)) {
            let cluster = try start(Array(repeating: program, count: 6))
            try form(cluster, name)
            try settle(cluster)
            try publish(cluster, name)
            try moveSlot(cluster, name)
            try pause(cluster, name)
            for option in [[], ["FORCE"], ["TAKEOVER"]] {
                try handOver(cluster, name, option)
                try settle(cluster)
            }
            try reset(cluster, name)
            try settle(cluster)
            try killMaster(cluster, name)
        }
        if wanted.contains("epoch-collision") {
            try collide(try start(Array(repeating: program, count: 3)), name)
        }
        if wanted.contains("names") {
            try announce(try start(Array(repeating: program, count: 3)), name)
        }
    }

    /// The oldest and the newest that can share a cluster: servers that send extensions to everybody
    /// cannot with those before 7.0, nor Redis 8 with Valkey.
    private static func compatible(_ servers: [ReferenceServer]) -> [ReferenceServer] {
        let valkeys = servers.filter { $0.kind == .valkey }
        let rest = servers.filter { $0.kind == .redis && !$0.isAtLeast(7, 2) }
        let all = valkeys.isEmpty ? servers.filter { $0.kind == .redis } : rest + valkeys
        return all.isEmpty ? servers : all
    }

    // MARK: - Tools

    private func start(_ programs: [ServerProgram]) throws(InteropError) -> MixedCluster {
        var environment = ClusterEnvironment()
        environment.deadline = deadline
        return try MixedCluster(
            programs, nodeTimeoutMilliseconds: Self.nodeTimeout, environment: environment)
    }

    /// Plays something, recorded if it is wanted.
    func record(
        _ cluster: MixedCluster, _ name: String, _ scenario: String,
        _ play: (Recorder) throws(InteropError) -> Void
    ) throws(InteropError) {
        let recorder = try Recorder(
            cluster, name: name, scenario: scenario, folder: folder, tcpdump: tcpdump,
            isKept: wanted.contains(scenario))
        try play(recorder)
        if let file = try recorder.finish() { report(file) }
    }

    /// Waits until replicas of theirs have copied their masters: before, they do not stand.
    private func settle(_ cluster: MixedCluster) throws(InteropError) {
        try cluster.waitUntilAgreed(withinMilliseconds: 40_000)
        try cluster.waitUntilServing(withinMilliseconds: 40_000)
        let end = SystemClock.monotonicMilliseconds() + 20_000
        while SystemClock.monotonicMilliseconds() < end {
            var missing = false
            for node in cluster.theirs where try node.myself().isReplica {
                let link = try node.field("master_link_status", of: "INFO", "replication")
                if link != "up" { missing = true }
            }
            if !missing { return }
            try deadline.sleep(milliseconds: 50)
        }
    }

    /// The nodes that are replicas now.
    func replicas(_ cluster: MixedCluster) throws(InteropError) -> [ServerProcess] {
        var found: [ServerProcess] = []
        for node in cluster.running where try node.myself().isReplica { found.append(node) }
        return found
    }

    func port(_ node: ServerProcess) -> RESPValue { .integer(Int64(node.port)) }

    func assignSlots(_ recorder: Recorder, _ masters: [ServerProcess]) throws(InteropError) {
        try recorder.cluster.assignSlots(to: masters)
        for (index, node) in masters.enumerated() {
            recorder.tell(
                "slots added",
                [
                    ("node", port(node)),
                    ("lo", .integer(Int64(Layout.slotCount * index / masters.count))),
                    ("hi", .integer(Int64(Layout.slotCount * (index + 1) / masters.count - 1))),
                ])
        }
    }

    func meetAll(_ recorder: Recorder) throws(InteropError) {
        let nodes = recorder.cluster.nodes
        for node in nodes.dropFirst() {
            try recorder.command(nodes[0], "CLUSTER", "MEET", "127.0.0.1", "\(node.port)")
        }
    }
}
