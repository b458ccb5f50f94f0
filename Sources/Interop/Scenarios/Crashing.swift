// Scenarios of crashes: who fails, who stands, who votes.

import ClusterClient
import SystemIO

extension Scenario {
    static let crashing: [Scenario] = [
        Scenario("crash-our-voters", "their master dies; our voters elect their replica") {
            stage throws(InteropError) in
            try crash(
                stage, [stage.theirs, stage.ours, stage.ours, stage.theirs], replicates: true)
        },
        Scenario("crash-our-heir", "their master dies; their voters elect our replica") {
            stage throws(InteropError) in
            try crash(stage, [stage.theirs, stage.theirs, stage.theirs, stage.ours])
        },
        Scenario("crash-mixed-voters", "our master dies; voters of both kinds elect our replica") {
            stage throws(InteropError) in
            try crash(stage, [stage.ours, stage.ours, stage.theirs, stage.ours])
        },
        Scenario("stale-ours", "our master comes back too late and follows its heir") {
            stage throws(InteropError) in
            try pause(stage, [stage.ours, stage.theirs, stage.theirs, stage.ours])
        },
        Scenario("stale-theirs", "their master comes back too late and follows its heir") {
            stage throws(InteropError) in
            try pause(stage, [stage.theirs, stage.ours, stage.ours, stage.ours])
        },
        Scenario("migration-ours", "of our replicas of one master one moves to an orphaned master")
        { stage throws(InteropError) in try migrate(stage, stage.ours) },
        Scenario("migration-theirs", "of their replicas of our master one moves to an orphaned one")
        { stage throws(InteropError) in try migrate(stage, stage.theirs) },
    ]

    /// The first node dies and the last takes its place; it comes back and follows.
    private static func crash(
        _ stage: Stage, _ programs: [ServerProgram], replicates: Bool = false
    ) throws(InteropError) {
        let cluster = try stage.formed(programs, masters: 3)
        let (victim, heir) = (cluster.nodes[0], cluster.nodes[3])
        if replicates { try stage.untilCopied(heir) }
        victim.send(.kill)
        _ = victim.wait(milliseconds: 5000)
        try stage.untilServed(cluster, by: heir, without: [victim])
        try victim.restart()
        try stage.untilReplica(victim, of: heir)
        try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
    }

    /// The first node is stopped until the last has taken its place, and goes on.
    private static func pause(
        _ stage: Stage, _ programs: [ServerProgram]
    ) throws(InteropError) {
        let cluster = try stage.formed(programs, masters: 3)
        let (old, heir) = (cluster.nodes[0], cluster.nodes[3])
        old.send(.stop)
        do throws(InteropError) {
            try stage.untilServed(cluster, by: heir, without: [old])
        } catch {
            old.send(.resume)
            throw error
        }
        old.send(.resume)
        try stage.untilReplica(old, of: heir)
        try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
    }

    /// The only replica of the second master dies; of the two that the first one has, one moves.
    private static func migrate(
        _ stage: Stage, _ mover: ServerProgram
    ) throws(InteropError) {
        let cluster = try stage.formed(
            [stage.ours, stage.theirs, stage.ours, mover, stage.theirs, stage.ours, mover],
            masters: 3)
        cluster.nodes[4].send(.kill)
        let orphan = try cluster.nodes[1].myself().id
        try stage.until("one moves", 30_000) { () throws(InteropError) in
            var moved = 0
            for index in [3, 6] where try cluster.nodes[index].myself().master == orphan {
                moved += 1
            }
            return moved == 1 ? nil : "\(moved) moved"
        }
    }
}
