// Scenarios of what must not be lost, and of what must not be copied: writes that WAIT confirmed before their master
// was killed without warning, and a stranger that listens where a master was.

import ClusterClient
import RESP
import SystemIO

extension InteropScenario {
    /// Played with those of replication.
    static let confirming: [InteropScenario] = [
        InteropScenario(
            "confirmed-pair",
            "no confirmed write is lost when masters of both kinds are killed under load",
            limitSeconds: 180
        ) { context throws(InteropError) in
            // Ours and theirs take each other's place; the votes of both others are needed.
            let cluster = try context.formed(
                [context.ours, context.theirs, context.ours, context.theirs], masters: 3)
            try killUnderLoad(context, cluster, [cluster.nodes[0], cluster.nodes[3]], rounds: 4)
        },
        InteropScenario(
            "confirmed-siblings",
            "nor when one of two replicas of ours takes the place of a master that is back at once",
            limitSeconds: 180
        ) { context throws(InteropError) in
            let cluster = try context.formed(
                [context.ours, context.theirs, context.theirs, context.ours, context.ours],
                masters: 3)
            for node in cluster.nodes.dropFirst(3) {
                try cluster.replicate(node, cluster.nodes[0])
            }
            let shard = [cluster.nodes[0], cluster.nodes[3], cluster.nodes[4]]
            try killUnderLoad(context, cluster, shard, rounds: 3)
        },
        InteropScenario(
            "stranger", "our replica does not copy another node at its master's address",
            isComparable: false
        ) { context throws(InteropError) in
            try meetStranger(context, [])
            try meetStranger(context, ["--requirepass", "secret", "--masterauth", "secret"])
        },
    ]

    // MARK: - Confirmed writes

    /// Kills the master of a shard again and again while clients write to it. Ours is back at once and without keys;
    /// theirs once it has been replaced, since it would be a master without keys otherwise.
    private static func killUnderLoad(
        _ context: ScenarioContext, _ cluster: MixedCluster, _ shard: [ServerProcess], rounds: Int
    ) throws(InteropError) {
        var load = ConfirmedLoad()
        context.remark("seed \(load.seed)")
        var master = shard[0]
        for _ in 0..<rounds {
            let others = shard.filter { $0 !== master }
            try cluster.waitUntilCopied(others, withinMilliseconds: 30_000)
            try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
            try cluster.waitUntilServing()
            let victim = master
            let before = load.confirmed.count
            try load.run(on: victim) { () throws(InteropError) in
                victim.send(.kill)
                _ = victim.wait(milliseconds: 5000)
                if victim.program.isOurs { try victim.restart() }
            }
            try context.expect(load.confirmed.count > before, "writes were confirmed")
            master = try successor(context, of: victim, among: others)
            try context.untilServed(
                cluster, by: master, without: victim.program.isOurs ? [] : [victim])
            if !victim.program.isOurs { try victim.restart() }
            for node in shard where node !== master {
                try context.untilReplica(node, of: master)
            }
            let missing = try load.missing(at: master)
            try context.expect(
                missing.isEmpty,
                "\(master.name) has all \(load.confirmed.count) confirmed writes, it lacks "
                    + "\(missing.count), \(missing.first ?? "")")
        }
        context.remark("\(load.confirmed.count) confirmed writes in \(rounds) rounds")
    }

    private static func successor(
        _ context: ScenarioContext, of victim: ServerProcess, among others: [ServerProcess]
    ) throws(InteropError) -> ServerProcess {
        var found: ServerProcess?
        try context.until("\(victim.name) is replaced", 20_000) { () throws(InteropError) in
            for node in others where try node.myself().isMaster { found = node }
            return found == nil ? "nobody stands for it" : nil
        }
        return found ?? victim
    }

    // MARK: - A stranger

    /// Their master dies, and another node of theirs starts at its address.
    private static func meetStranger(
        _ context: ScenarioContext, _ directives: [String]
    ) throws(InteropError) {
        let cluster = try context.formed([context.theirs, context.ours], masters: 1, directives)
        let (master, replica) = (cluster.nodes[0], cluster.nodes[1])
        try master.command("SET", "key", "value")
        try cluster.waitUntilCopied([replica])
        try cluster.waitUntilApplied([replica])
        master.send(.kill)
        _ = master.wait(milliseconds: 5000)
        do throws(SystemError) {
            try File.remove(master.nodesFilePath)
        } catch {
            throw .system(error)
        }
        try master.restart()
        try context.until("it says who is there") { () throws(InteropError) in
            replica.log.contains("another node answers, \(try master.text("CLUSTER", "MYID"))")
                ? nil : "nothing is said"
        }
        try context.deadline.sleep(milliseconds: 2000)
        let client = try DataClient(replica, as: directives.isEmpty ? nil : "secret")
        _ = try client.ask("READONLY")
        let size = try client.ask("DBSIZE")
        try context.expect(size == .integer(1), "the key is kept: \(size)")
        let copies = try master.field("sync_full", of: "INFO", "stats")
        try context.expect(copies == "0", "the stranger was not copied: \(copies ?? "")")
    }
}
