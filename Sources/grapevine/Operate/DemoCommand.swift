// `grapevine demo`: the main job in a few seconds. A cluster of real processes forms, with servers of
// the reference in it where one is installed; a master is killed, and the failover is shown as it
// happens, with its times. Nothing is left behind.

import ClusterClient
import Interop
import SystemIO

enum DemoCommand {
    static let command = Command(
        name: "demo", summary: "Forms a cluster, kills a master and shows the failover.",
        operands: "",
        options: [
            Option("--keep", "leave the cluster running until interrupted"),
            ClusterOptions.nodeTimeout("silence after which a node is marked PFAIL, default 2000"),
        ],
        notes: [
            "Where redis-server is installed, one of the masters and its replica are such servers."
        ],
        run: { arguments throws(UsageError) in
            let timeout = try ClusterOptions.nodeTimeout(
                arguments, in: 500...15_000, default: 2000)
            do throws(InteropError) {
                return try Demo(timeout: timeout).run(keeps: arguments.has("--keep"))
            } catch {
                complain("demo", "\(error)")
                return 2
            }
        })
}

/// One run of the demonstration.
private struct Demo {
    private let local: LocalCluster
    private var cluster: MixedCluster { local.cluster }
    private let timeout: Int
    private let start = SystemClock.monotonicMilliseconds()

    private static let keyCount = 1000

    init(timeout: Int) throws(InteropError) {
        self.timeout = timeout
        let theirs = ReferenceServer.installed(.redis) ?? ReferenceServer.installed(.valkey)
        Self.say(
            theirs.map { "3 masters and 3 replicas: four of ours, two of \($0)" }
                ?? "3 masters and 3 replicas, all ours (no redis-server is installed)")
        local = try LocalCluster(nodeTimeout: timeout) { ours in
            let third = theirs.map { ServerProgram.reference($0) } ?? ours
            return [ours, ours, third, ours, ours, third]
        }
    }

    func run(keeps: Bool) throws(InteropError) -> Int32 {
        let forming = SystemClock.monotonicMilliseconds()
        try cluster.form(cluster.nodes, masters: 3)
        Self.say("formed, agreed and serving after \(since(forming)) ms\n")
        try showTable(cluster.nodes[0])
        try cluster.writeKeys(Self.keyCount)
        try cluster.waitUntilApplied(Array(cluster.nodes.dropFirst(3)))
        Self.say("\n\(Self.keyCount) keys written, and with every replica")
        let victim = cluster.nodes[0]
        let replica = cluster.nodes[3]
        Self.say("\nkill -9 of \(victim.name), node timeout \(timeout) ms")
        let killed = SystemClock.monotonicMilliseconds()
        victim.send(.kill)
        _ = victim.wait(milliseconds: 5000)
        var isWell = try follow(victim, replica, from: killed)
        if isWell {
            let lost = try cluster.lostKeys(Self.keyCount)
            Self.say("\(Self.keyCount - lost) of \(Self.keyCount) keys are there\n")
            isWell = lost == 0
        }
        try showTable(replica)
        if keeps && isWell { try keep(replica) }
        Self.say("\nended; nothing is left behind")
        return isWell ? 0 : 1
    }

    /// Polls the survivors and tells each event when it is first seen.
    private func follow(
        _ victim: ServerProcess, _ replica: ServerProcess, from killed: Int64
    ) throws(InteropError) -> Bool {
        let survivors = cluster.nodes.filter { $0.port != victim.port }
        let deadline = killed + Int64(timeout) * 4 + 5000
        var told: Set<String> = []
        func tell(_ event: String) {
            if told.insert(event).inserted { Self.say("  + \(since(killed)) ms  \(event)") }
        }
        while SystemClock.monotonicMilliseconds() < deadline && !local.wasInterrupted() {
            var agreeing = 0
            for node in survivors {
                let rows = try node.nodes()
                guard let dead = rows.first(where: { $0.port == victim.port }),
                    let new = rows.first(where: { $0.port == replica.port })
                else { continue }
                if dead.isPFail { tell("\(node.name) marks it PFAIL") }
                if dead.isFail { tell("\(node.name) marks it FAIL") }
                if new.isMyself && new.isMaster { tell("\(node.name) is elected and promoted") }
                let state = try node.field("cluster_state", of: "CLUSTER", "INFO")
                if new.isMaster && new.slotCount > 0 && state == "ok" { agreeing += 1 }
            }
            if agreeing == survivors.count {
                tell("all \(survivors.count) survivors agree on the new master and serve\n")
                return true
            }
            SystemClock.sleep(milliseconds: 5)
        }
        Self.say("  the survivors did not agree within \(since(killed)) ms\n")
        return false
    }

    private func showTable(_ node: ServerProcess) throws(InteropError) {
        do throws(AdminClientError) {
            let survey = try ClusterSurvey(from: node.address, timeoutMilliseconds: 1000)
            StandardStream.output.write(StatusText.table(survey, colour: Colour.isWanted))
        } catch {
            throw .noAnswer(server: node.name, command: "a survey", error)
        }
    }

    private func keep(_ node: ServerProcess) throws(InteropError) {
        Self.say("\nleft running in \(cluster.path): grapevine status \(node.address)")
        Self.say("interrupt to end it")
        local.waitForInterrupt()
    }

    private func since(_ time: Int64) -> Int64 { SystemClock.monotonicMilliseconds() - time }

    private static func say(_ text: String) { StandardStream.output.write(text + "\n") }
}
