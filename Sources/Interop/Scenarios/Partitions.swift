// Scenarios of a network that is cut while all nodes live: the smaller side stops serving, the larger
// one elects, and once the cut is healed all follow the larger one.

import ClusterClient

extension InteropScenario {
    static let partitions: [InteropScenario] = [
        InteropScenario(
            "partition-ours",
            "our master, cut off, stops serving; healed, it follows the new master"
        ) { context throws(InteropError) in
            try partition(context, [context.ours, context.theirs, context.theirs, context.ours])
        },
        InteropScenario(
            "partition-theirs",
            "their master, cut off, stops serving; healed, it follows the new master"
        ) { context throws(InteropError) in
            try partition(
                context, [context.theirs, context.ours, context.ours, context.theirs])
        },
        InteropScenario(
            "partition-replicas", "replicas of both kinds, cut off, elect nobody and come back"
        ) { context throws(InteropError) in
            let (cluster, relay) = try context.relayed(
                [context.ours, context.theirs, context.ours, context.theirs, context.ours],
                masters: 3)
            let ids = try ids(cluster)
            relay.cut(Array(ids[3...]), from: Array(ids[..<3]))
            for replica in cluster.nodes[3...] {
                try context.until("\(replica.name) stops serving") { () throws(InteropError) in
                    let state = try replica.field("cluster_state", of: "CLUSTER", "INFO")
                    return state == "fail" ? nil : "it says \(state ?? "nothing")"
                }
            }
            try context.deadline.sleep(milliseconds: 4 * ScenarioContext.timeout)
            for replica in cluster.nodes[3...] {
                try context.expect(try replica.myself().isReplica, "\(replica.name) is a replica")
            }
            relay.heal()
            try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
            try cluster.waitUntilServing()
        },
    ]

    private static func ids(_ cluster: MixedCluster) throws(InteropError) -> [String] {
        var ids: [String] = []
        for node in cluster.nodes { ids.append(try node.text("CLUSTER", "MYID")) }
        return ids
    }

    /// The first node is cut off from all others; the last, its replica, takes its place.
    private static func partition(
        _ context: ScenarioContext, _ programs: [ServerProgram]
    ) throws(InteropError) {
        let (cluster, relay) = try context.relayed(programs, masters: 3)
        let (old, successor) = (cluster.nodes[0], cluster.nodes[3])
        let ids = try ids(cluster)
        relay.cut([ids[0]], from: Array(ids[1...]))
        try context.untilServed(cluster, by: successor, without: [old])
        try context.until("\(old.name) stops serving") { () throws(InteropError) in
            let state = try old.field("cluster_state", of: "CLUSTER", "INFO")
            return state == "fail" ? nil : "it says \(state ?? "nothing")"
        }
        try context.expect(try old.myself().isMaster, "\(old.name) has not heard of the new master")
        relay.heal()
        try context.untilReplica(old, of: successor)
        try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
        try cluster.waitUntilServing()
    }
}
