// When a replica leaves a master that has several for one that lost all of its own.
// Follows bus protocol §6.6.

import ClusterWire

enum ReplicaMigration {
    /// Tick: moves to an orphaned master if this replica is the one to do it.
    static func consider(_ state: inout ClusterState, _ turn: inout Turn) {
        guard turn.config.allowReplicaMigration, state.health.isOK, let mine = state.myMaster
        else { return clearOrphans(&state) }
        let counts = livingReplicas(state)
        guard let most = counts.map(\.living).max(), most >= 2,
            counts.first(where: { $0.master == mine })?.living == most
        else { return clearOrphans(&state) }
        var target: NodeHandle?
        for (master, living) in counts {
            let node = state.nodes[master]
            let isOrphaned =
                living == 0 && node.slotCount > 0 && node.traits.contains(.migrateTo)
            if !isOrphaned {
                state.nodes[master].orphanedSince = 0
            } else if node.orphanedSince == 0 {
                state.nodes[master].orphanedSince = turn.now.monotonic
            } else if target == nil {
                target = master
            }
        }
        guard let target, isChosen(among: counts, most: most, state),
            healthyReplicas(of: mine, state) > turn.config.migrationBarrier
        else { return }
        let orphaned = turn.now.monotonic - state.nodes[target].orphanedSince
        guard orphaned > ClusterConfig.migrationDelay else { return }
        turn.note(.replicaMigrated(to: state.nodes[target].id))
        Roles.becomeReplica(of: target, &state, &turn)
    }

    private static func clearOrphans(_ state: inout ClusterState) {
        for handle in state.nodes.handles where state.nodes[handle].orphanedSince != 0 {
            state.nodes[handle].orphanedSince = 0
        }
    }

    /// Masters that have not failed, with how many of their replicas have not.
    private static func livingReplicas(
        _ state: ClusterState
    ) -> [(master: NodeHandle, living: Int)] {
        // One walk over all nodes, whatever their number: this is asked each tick.
        var living = [Int](repeating: 0, count: state.nodes.capacity)
        for handle in state.nodes.handles where !state.nodes[handle].condition.isFailed {
            guard let id = state.nodes[handle].master, let master = state.nodes.find(id) else {
                continue
            }
            living[master.index] += 1
        }
        return state.nodes.handles.filter {
            state.nodes[$0].isMaster && !state.nodes[$0].condition.isFailed
        }.map { ($0, living[$0.index]) }
    }

    private static func healthyReplicas(of master: NodeHandle, _ state: ClusterState) -> Int {
        state.replicas(of: state.nodes[master].id).count { state.nodes[$0].condition.isHealthy }
    }

    /// Of all replicas of masters with the most, the one with the smallest id moves.
    private static func isChosen(
        among counts: [(master: NodeHandle, living: Int)], most: Int, _ state: ClusterState
    ) -> Bool {
        let rich = counts.filter { $0.living == most }.map { state.nodes[$0.master].id }
        let candidates = state.nodes.handles.filter { handle in
            guard let master = state.nodes[handle].master else { return false }
            return rich.contains(master) && !state.nodes[handle].condition.isFailed
        }
        return candidates.first == .myself
    }
}
