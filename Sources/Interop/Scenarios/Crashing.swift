// Scenarios of crashes: who fails, who stands, who votes.

import ClusterClient
import SystemIO

extension InteropScenario {
    static let crashing: [InteropScenario] = [
        InteropScenario("crash-our-voters", "their master dies; our voters elect their replica") {
            context throws(InteropError) in
            try crash(context, [context.theirs, context.ours, context.ours, context.theirs])
        },
        InteropScenario("crash-our-heir", "their master dies; their voters elect our replica") {
            context throws(InteropError) in
            try crash(context, [context.theirs, context.theirs, context.theirs, context.ours])
        },
        InteropScenario(
            "crash-mixed-voters", "our master dies; voters of both kinds elect our replica"
        ) {
            context throws(InteropError) in
            try crash(context, [context.ours, context.ours, context.theirs, context.ours])
        },
        InteropScenario("stale-ours", "our master comes back too late and follows the new master") {
            context throws(InteropError) in
            try pause(context, [context.ours, context.theirs, context.theirs, context.ours])
        },
        InteropScenario(
            "stale-theirs", "their master comes back too late and follows the new master"
        ) {
            context throws(InteropError) in
            try pause(context, [context.theirs, context.ours, context.ours, context.ours])
        },
        InteropScenario(
            "migration-ours", "of our replicas of one master one moves to an orphaned master"
        ) { context throws(InteropError) in try migrate(context, context.ours) },
        InteropScenario(
            "migration-theirs", "of their replicas of our master one moves to an orphaned one"
        ) { context throws(InteropError) in try migrate(context, context.theirs) },
    ]

    /// The first node dies and the last takes its place; it comes back and follows.
    private static func crash(
        _ context: ScenarioContext, _ programs: [ServerProgram]
    ) throws(InteropError) {
        let cluster = try context.filled(programs, masters: 3)
        let (victim, successor) = (cluster.nodes[0], cluster.nodes[3])
        victim.send(.kill)
        _ = victim.wait(milliseconds: 5000)
        try context.untilServed(cluster, by: successor, without: [victim])
        try context.expectKeys(cluster)
        try victim.restart()
        try context.untilReplica(victim, of: successor)
        try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
        try cluster.waitUntilCopied([victim])
        try context.expectKeys(cluster)
    }

    /// The first node is stopped until the last has taken its place, and goes on.
    private static func pause(
        _ context: ScenarioContext, _ programs: [ServerProgram]
    ) throws(InteropError) {
        let cluster = try context.filled(programs, masters: 3)
        let (old, successor) = (cluster.nodes[0], cluster.nodes[3])
        old.send(.stop)
        do throws(InteropError) {
            try context.untilServed(cluster, by: successor, without: [old])
        } catch {
            old.send(.resume)
            throw error
        }
        old.send(.resume)
        try context.untilReplica(old, of: successor)
        try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
        try cluster.waitUntilCopied([old])
        try context.expectKeys(cluster)
    }

    /// The only replica of the second master dies; of the two that the first one has, one moves.
    private static func migrate(
        _ context: ScenarioContext, _ mover: ServerProgram
    ) throws(InteropError) {
        let cluster = try context.formed(
            [
                context.ours, context.theirs, context.ours, mover, context.theirs, context.ours,
                mover,
            ],
            masters: 3)
        cluster.nodes[4].send(.kill)
        let orphan = try cluster.nodes[1].myself().id
        try context.until("one moves", 30_000) { () throws(InteropError) in
            var moved = 0
            for index in [3, 6] where try cluster.nodes[index].myself().master == orphan {
                moved += 1
            }
            return moved == 1 ? nil : "\(moved) moved"
        }
    }
}
