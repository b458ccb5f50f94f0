// Scenarios of replication, in both directions: a copy under writes, links that are cut at any byte, failovers
// that need no second copy, and data that cannot be held here. They take longer than the others, and are
// played when they are asked for.

import ClusterClient
import RESP
import SystemIO

extension InteropScenario {
    /// Those that move much data, or take long.
    package static let replicating: [InteropScenario] =
        [
            InteropScenario(
                "copy-to-ours", "our replica copies 100,000 keys of their master under writes",
                limitSeconds: 180
            ) { context throws(InteropError) in try copy(context, context.theirs, context.ours) },
            InteropScenario(
                "copy-to-theirs", "their replica copies 100,000 keys of our master under writes",
                limitSeconds: 180
            ) { context throws(InteropError) in try copy(context, context.ours, context.theirs) },
            InteropScenario(
                "cuts-to-ours", "our replica goes on after each of 50 cuts without a second copy",
                limitSeconds: 240
            ) { context throws(InteropError) in try cut(context, context.theirs, context.ours) },
            InteropScenario(
                "cuts-to-theirs", "so does their replica of our master", limitSeconds: 240
            ) { context throws(InteropError) in try cut(context, context.ours, context.theirs) },
            InteropScenario(
                "siblings", "after failovers among replicas of both kinds all go on without a copy",
                limitSeconds: 180
            ) { context throws(InteropError) in try handRound(context) },
            InteropScenario(
                "list-in-copy", "our replica of a master that holds a list says so and stops",
                isComparable: false
            ) { context throws(InteropError) in
                try refuse(
                    context, before: [["RPUSH", "{06S}list", "a"]], after: [], naming: "list")
            },
            InteropScenario(
                "list-in-stream", "so does one whose master begins to stream lists",
                isComparable: false
            ) { context throws(InteropError) in
                try refuse(
                    context, before: [], after: [["LPUSH", "{06S}list", "a"]], naming: "LPUSH")
            },
            InteropScenario(
                "functions-in-stream", "and one whose master loads functions",
                needs: .version(7, 0, "functions came with"), isComparable: false
            ) { context throws(InteropError) in
                let code = "#!lua name=lib\nredis.register_function('f', function() return 1 end)"
                try refuse(
                    context, before: [], after: [["FUNCTION", "LOAD", code]], naming: "FUNCTION")
            },
        ] + confirming

    // MARK: - Copies

    private static func copy(
        _ context: ScenarioContext, _ first: ServerProgram, _ second: ServerProgram
    ) throws(InteropError) {
        var data = ReplicatedData(keyCount: 100_000)
        context.remark("seed \(data.seed)")
        let cluster = try joined(context, [first, second])
        let (master, replica) = (cluster.nodes[0], cluster.nodes[1])
        try data.fill(master)
        try cluster.replicate(replica, master)
        // Writes go on until the copy is there, and for a while after it.
        var rounds = 0
        try context.until("\(replica.name) follows", 60_000) { () throws(InteropError) in
            try data.write(500, to: master)
            let link = try replica.field("master_link_status", of: "INFO", "replication")
            if link == "up" { rounds += 1 }
            return rounds > 10 ? nil : "link \(link ?? "unknown")"
        }
        try expectSame(context, data, master, replica)
        try expect(context, master, "sync_full", 1...1)
    }

    /// The first nodes have all slots; the others know them.
    private static func joined(
        _ context: ScenarioContext, _ programs: [ServerProgram], owners: Int = 1,
        _ more: [String] = []
    ) throws(InteropError) -> MixedCluster {
        // More may be written while a link is down than a backlog holds by default.
        let cluster = try context.cluster([], ["--repl-backlog-size", "64mb"])
        for (index, program) in programs.enumerated() {
            try cluster.add(program, index == 0 ? more : [])
        }
        try cluster.assignSlots(to: Array(cluster.nodes.prefix(owners)))
        for (index, node) in cluster.nodes.enumerated() {
            _ = try node.ask(["CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)"])
        }
        for node in cluster.nodes.dropFirst() { try cluster.meet(cluster.nodes[0], node) }
        try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
        try cluster.waitUntilServing()
        return cluster
    }

    /// Waits until a replica has applied all that its master has, and compares them.
    private static func expectSame(
        _ context: ScenarioContext, _ data: ReplicatedData, _ master: ServerProcess,
        _ replica: ServerProcess
    ) throws(InteropError) {
        try context.until("\(replica.name) has all", 20_000) { () throws(InteropError) in
            let link = try replica.field("master_link_status", of: "INFO", "replication")
            let own = try replica.field("slave_repl_offset", of: "INFO", "replication")
            let wanted = try master.field("master_repl_offset", of: "INFO", "replication")
            return link == "up" && own == wanted
                ? nil : "link \(link ?? "-"), offset \(own ?? "-") of \(wanted ?? "-")"
        }
        let difference = try data.difference(master, replica)
        try context.expect(difference == nil, "both hold the same: \(difference ?? "")")
    }

    private static func expect(
        _ context: ScenarioContext, _ node: ServerProcess, _ field: String,
        _ range: ClosedRange<Int>
    ) throws(InteropError) {
        let value = Int(try node.field(field, of: "INFO", "stats") ?? "") ?? -1
        try context.expect(
            range.contains(value), "\(field) of \(node.name) is in \(range), it is \(value)")
    }

    // MARK: - Cuts

    private static let cutCount = 50

    private static func cut(
        _ context: ScenarioContext, _ first: ServerProgram, _ second: ServerProgram
    ) throws(InteropError) {
        var data = ReplicatedData(keyCount: 20_000)
        context.remark("seed \(data.seed)")
        let door = try PortRow(count: 1)
        let cluster = try joined(
            context, [first, second], owners: 1,
            ["--cluster-announce-port", "\(door.ports.lowerBound)"])
        let (master, replica) = (cluster.nodes[0], cluster.nodes[1])
        let proxy: CuttingProxy
        do throws(SystemError) {
            proxy = try CuttingProxy(from: door.ports.lowerBound, to: master.port)
        } catch {
            throw .system(error)
        }
        try data.fill(master)
        try cluster.replicate(replica, master)
        try cluster.waitUntilCopied([replica], withinMilliseconds: 30_000)
        for count in 1...cutCount {
            proxy.cut(afterBytes: data.draw(100_000))
            try context.until("cut \(count)", 20_000) { () throws(InteropError) in
                try data.write(50, to: master)
                return proxy.cuts == count ? nil : "no bytes"
            }
        }
        try expectSame(context, data, master, replica)
        try expect(context, master, "sync_full", 1...1)
        // A cut may fall into the greeting, which is then made again.
        try expect(context, master, "sync_partial_ok", (cutCount / 2)...cutCount)
        withExtendedLifetime(proxy) {}
    }

    // MARK: - Failovers

    /// Four replicas of both kinds; the role of master goes round, the old one dies at last and comes back.
    private static func handRound(_ context: ScenarioContext) throws(InteropError) {
        var data = ReplicatedData(keyCount: 20_000)
        context.remark("seed \(data.seed)")
        let cluster = try joined(
            context, [context.theirs, context.ours, context.theirs, context.ours])
        try data.fill(cluster.nodes[0])
        for node in cluster.nodes.dropFirst() { try cluster.replicate(node, cluster.nodes[0]) }
        try cluster.waitUntilCopied(Array(cluster.nodes.dropFirst()), withinMilliseconds: 30_000)
        try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
        // Once round: to ours, to theirs, to ours, and back to the first.
        for index in [1, 2, 3, 0] {
            let next = cluster.nodes[index]
            try next.command("CLUSTER", "FAILOVER")
            try settle(context, cluster, next, &data)
            try expect(context, next, "sync_full", index == 0 ? 3...3 : 0...0)
        }
        let victim = cluster.nodes[0]
        victim.send(.kill)
        _ = victim.wait(milliseconds: 5000)
        try cluster.nodes[1].command("CLUSTER", "FAILOVER", "TAKEOVER")
        try settle(context, cluster, cluster.nodes[1], &data, without: victim)
        try expect(context, cluster.nodes[1], "sync_full", 0...0)
        // It comes back with nothing, and copies all.
        try victim.restart()
        try settle(context, cluster, cluster.nodes[1], &data)
        try expect(context, cluster.nodes[1], "sync_full", 1...1)
    }

    /// Waits until all others follow this one, with writes, and compares them all.
    private static func settle(
        _ context: ScenarioContext, _ cluster: MixedCluster, _ master: ServerProcess,
        _ data: inout ReplicatedData, without lost: ServerProcess? = nil
    ) throws(InteropError) {
        let replicas = cluster.nodes.filter { $0 !== master && $0 !== lost }
        for replica in replicas { try context.untilReplica(replica, of: master) }
        try cluster.waitUntilCopied(replicas, withinMilliseconds: 30_000)
        // A master answers a replica's wish to take over once it knows it for one of its own.
        if lost == nil { try cluster.waitUntilAgreed(withinMilliseconds: 20_000) }
        try cluster.waitUntilServing([master] + replicas)
        try data.write(2000, to: master)
        for replica in replicas { try expectSame(context, data, master, replica) }
    }

    // MARK: - What cannot be held

    /// Our replica of a master that does what strings cannot hold.
    private static func refuse(
        _ context: ScenarioContext, before: [[String]], after: [[String]], naming word: String
    ) throws(InteropError) {
        let cluster = try joined(
            context, [context.theirs, context.theirs, context.theirs, context.ours], owners: 3)
        let (master, replica) = (cluster.nodes[0], cluster.nodes[3])
        // This tag is in slot 0, which the first node owns.
        try master.command("SET", "{06S}key", "value")
        for words in before { _ = try master.ask(words) }
        try cluster.replicate(replica, master)
        if before.isEmpty { try cluster.waitUntilCopied([replica]) }
        for words in after {
            let reply = try master.ask(words)
            try context.expect(reply.errorText == nil, "\(words[0]) is taken: \(reply)")
        }
        try context.until("it says that it stopped") { () throws(InteropError) in
            let field = "grapevine_replication_stopped"
            let reason = try replica.field(field, of: "INFO", "replication")
            return reason?.contains(word) == true ? nil : reason ?? "nothing"
        }
        try context.expect(
            replica.log.contains("Stopped following the master") && replica.log.contains(word),
            "the log says why")
        try context.expect(
            try replica.field("grapevine_copy", of: "INFO", "replication") == "none",
            "it holds no copy")
        // It does not stand: the shard stays without a master.
        master.send(.kill)
        _ = master.wait(milliseconds: 5000)
        try context.deadline.sleep(milliseconds: 5 * ScenarioContext.timeout)
        try context.expect(try replica.myself().isReplica, "it does not stand for election")
    }
}
