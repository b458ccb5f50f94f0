// Scenarios of a network that is cut while all nodes live: the smaller side stops serving, the larger
// one elects, and once the cut is healed all follow the larger one.

import ClusterClient

extension Scenario {
    static let partitions: [Scenario] = [
        Scenario(
            "partition-ours", "our master, cut off, stops serving; healed, it follows its heir"
        ) { stage throws(InteropError) in
            try partition(stage, [stage.ours, stage.theirs, stage.theirs, stage.ours])
        },
        Scenario(
            "partition-theirs", "their master, cut off, stops serving; healed, it follows its heir"
        ) { stage throws(InteropError) in
            try partition(
                stage, [stage.theirs, stage.ours, stage.ours, stage.theirs], copies: true)
        },
        Scenario(
            "partition-replicas", "replicas of both kinds, cut off, elect nobody and come back"
        ) { stage throws(InteropError) in
            let (cluster, relay) = try stage.relayed(
                [stage.ours, stage.theirs, stage.ours, stage.theirs, stage.ours], masters: 3)
            let ids = try ids(cluster)
            relay.cut(Array(ids[3...]), from: Array(ids[..<3]))
            for replica in cluster.nodes[3...] {
                try stage.until("\(replica.name) stops serving") { () throws(InteropError) in
                    let state = try replica.field("cluster_state", of: "CLUSTER", "INFO")
                    return state == "fail" ? nil : "it says \(state ?? "nothing")"
                }
            }
            try stage.allowance.sleep(milliseconds: 4 * Stage.timeout)
            for replica in cluster.nodes[3...] {
                try stage.expect(try replica.myself().isReplica, "\(replica.name) is a replica")
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
        _ stage: Stage, _ programs: [ServerProgram], copies: Bool = false
    ) throws(InteropError) {
        let (cluster, relay) = try stage.relayed(programs, masters: 3)
        let (old, heir) = (cluster.nodes[0], cluster.nodes[3])
        if copies { try stage.untilCopied(heir) }
        let ids = try ids(cluster)
        relay.cut([ids[0]], from: Array(ids[1...]))
        try stage.untilServed(cluster, by: heir, without: [old])
        try stage.until("\(old.name) stops serving") { () throws(InteropError) in
            let state = try old.field("cluster_state", of: "CLUSTER", "INFO")
            return state == "fail" ? nil : "it says \(state ?? "nothing")"
        }
        try stage.expect(try old.myself().isMaster, "\(old.name) has not heard of its heir")
        relay.heal()
        try stage.untilReplica(old, of: heir)
        try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
        try cluster.waitUntilServing()
    }
}
