// Scenarios of joining: from either side, by gossip alone, by redis-cli.

import SystemIO

extension InteropScenario {
    static let joining: [InteropScenario] = [
        InteropScenario(
            "join-ours-meets", "our node MEETs a cluster of theirs and stands in all tables"
        ) {
            context throws(InteropError) in
            try join(context) { cluster, node throws(InteropError) in
                try cluster.meet(node, cluster.nodes[0])
            }
        },
        InteropScenario("join-theirs-meets", "a cluster of theirs MEETs our node") {
            context throws(InteropError) in
            try join(context) { cluster, node throws(InteropError) in
                try cluster.meet(cluster.nodes[0], node)
            }
        },
        InteropScenario(
            "join-by-gossip", "theirs come to know our second node from our first alone"
        ) {
            context throws(InteropError) in
            let cluster = try context.formed(
                [context.theirs, context.theirs, context.theirs, context.ours], masters: 3)
            let second = try cluster.add(context.ours)
            try cluster.meet(second, cluster.nodes[3])
            try cluster.waitUntilAgreed(withinMilliseconds: 15_000)
        },
        InteropScenario(
            "redis-cli-create", "redis-cli forms 3+3 of both kinds, and its check is clean",
            needs: .redisCLI
        ) { context throws(InteropError) in
            let cluster = try context.cluster([
                context.theirs, context.ours, context.theirs, context.ours, context.theirs,
                context.ours,
            ])
            try context.redisCLI(
                ["--cluster", "create"] + cluster.nodes.map { "\($0.address)" }
                    + ["--cluster-replicas", "1", "--cluster-yes"])
            try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
            try cluster.waitUntilServing()
            try context.checkCluster(at: cluster.nodes[1])
        },
        InteropScenario("mixed-3+3", "roles, slots and epochs are the same in all tables of 3+3") {
            context throws(InteropError) in
            let cluster = try context.formed(
                [
                    context.ours, context.theirs, context.ours, context.theirs, context.ours,
                    context.theirs,
                ],
                masters: 3)
            if let change = try cluster.watch(milliseconds: 3 * ScenarioContext.timeout) {
                throw .notInTime(
                    what: "nothing changes", milliseconds: 3 * ScenarioContext.timeout,
                    difference: change)
            }
        },
    ]

    private static func join(
        _ context: ScenarioContext,
        _ meet: (MixedCluster, ServerProcess) throws(InteropError) -> Void
    ) throws(InteropError) {
        let cluster = try context.formed(
            [context.theirs, context.theirs, context.theirs], masters: 3)
        let node = try cluster.add(context.ours)
        try meet(cluster, node)
        try cluster.waitUntilAgreed(withinMilliseconds: 5000)
        if let change = try cluster.watch(milliseconds: 3 * ScenarioContext.timeout) {
            throw .notInTime(
                what: "nothing changes", milliseconds: 3 * ScenarioContext.timeout,
                difference: change)
        }
    }
}
