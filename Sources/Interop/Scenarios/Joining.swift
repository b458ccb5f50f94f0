// Scenarios of joining: from either side, by gossip alone, by redis-cli.

import SystemIO

extension Scenario {
    static let joining: [Scenario] = [
        Scenario("join-ours-meets", "our node MEETs a cluster of theirs and stands in all tables") {
            stage throws(InteropError) in
            try join(stage) { cluster, node throws(InteropError) in
                try cluster.meet(node, cluster.nodes[0])
            }
        },
        Scenario("join-theirs-meets", "a cluster of theirs MEETs our node") {
            stage throws(InteropError) in
            try join(stage) { cluster, node throws(InteropError) in
                try cluster.meet(cluster.nodes[0], node)
            }
        },
        Scenario("join-by-gossip", "theirs come to know our second node from our first alone") {
            stage throws(InteropError) in
            let cluster = try stage.formed(
                [stage.theirs, stage.theirs, stage.theirs, stage.ours], masters: 3)
            let second = try cluster.add(stage.ours)
            try cluster.meet(second, cluster.nodes[3])
            try cluster.waitUntilAgreed(withinMilliseconds: 15_000)
        },
        Scenario(
            "redis-cli-create", "redis-cli forms 3+3 of both kinds, and its check is clean",
            needs: .redisCLI
        ) { stage throws(InteropError) in
            let cluster = try stage.cluster([
                stage.theirs, stage.ours, stage.theirs, stage.ours, stage.theirs, stage.ours,
            ])
            try stage.redisCLI(
                ["--cluster", "create"] + cluster.nodes.map { "\($0.address)" }
                    + ["--cluster-replicas", "1", "--cluster-yes"])
            try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
            try cluster.waitUntilServing()
            try stage.checkCluster(at: cluster.nodes[1])
        },
        Scenario("mixed-3+3", "roles, slots and epochs are the same in all tables of 3+3") {
            stage throws(InteropError) in
            let cluster = try stage.formed(
                [stage.ours, stage.theirs, stage.ours, stage.theirs, stage.ours, stage.theirs],
                masters: 3)
            if let change = try cluster.watch(milliseconds: 3 * Stage.timeout) {
                throw .notInTime(
                    what: "nothing changes", milliseconds: 3 * Stage.timeout, difference: change)
            }
        },
    ]

    private static func join(
        _ stage: Stage,
        _ meet: (MixedCluster, ServerProcess) throws(InteropError) -> Void
    ) throws(InteropError) {
        let cluster = try stage.formed([stage.theirs, stage.theirs, stage.theirs], masters: 3)
        let node = try cluster.add(stage.ours)
        try meet(cluster, node)
        try cluster.waitUntilAgreed(withinMilliseconds: 5000)
        if let change = try cluster.watch(milliseconds: 3 * Stage.timeout) {
            throw .notInTime(
                what: "nothing changes", milliseconds: 3 * Stage.timeout, difference: change)
        }
    }
}
