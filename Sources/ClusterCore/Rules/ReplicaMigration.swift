// When a replica leaves a master that has several for one that lost all of its own.
// Follows bus protocol §6.6.

import ClusterWire

enum ReplicaMigration {
    /// A master that has not failed, with its replicas that have not.
    private struct Shard {
        var master: NodeHandle
        var living = 0
        /// Of its replicas that have not failed, the one with the smallest id.
        var first: NodeHandle?
    }

    /// Tick: moves to an orphaned master if this replica is the one to do it.
    static func consider(_ state: inout ClusterState, _ context: inout StepContext) {
        guard context.config.allowReplicaMigration, state.health.isOK, let mine = state.myMaster,
            // Most replicas are the only one of their master, and need not look further.
            state.nodes[mine].replicaCount > 1
        else { return clearOrphans(&state) }
        let shards = shards(state)
        guard let most = shards.map(\.living).max(), most >= 2,
            shards.first(where: { $0.master == mine })?.living == most
        else { return clearOrphans(&state) }
        let target = mark(shards, &state, context)
        guard let target, isChosen(among: shards, most: most, state),
            healthyReplicas(of: mine, state) > context.config.migrationBarrier
        else { return }
        let orphaned = context.now.monotonic - state.nodes[target].orphanedSince
        guard orphaned > ClusterConfig.migrationDelay else { return }
        context.note(.replicaMigrated(to: state.nodes[target].id))
        Roles.becomeReplica(of: target, &state, &context)
    }

    /// Remembers since when masters have been orphaned. Returns the first that was one before.
    private static func mark(
        _ shards: [Shard], _ state: inout ClusterState, _ context: StepContext
    ) -> NodeHandle? {
        var target: NodeHandle?
        for shard in shards {
            let since = state.nodes[shard.master].orphanedSince
            let isOrphaned =
                shard.living == 0 && state.nodes[shard.master].slotCount > 0
                && state.nodes[shard.master].peerFlags.contains(.migrateTo)
            if !isOrphaned {
                if !since.isNever { state.nodes[shard.master].orphanedSince = .never }
            } else if since.isNever {
                state.nodes[shard.master].orphanedSince = Moment(context.now.monotonic)
                state.migration.noteOrphan()
            } else if target == nil {
                target = shard.master
            }
        }
        return target
    }

    private static func clearOrphans(_ state: inout ClusterState) {
        guard state.migration.hasOrphans else { return }
        state.migration.forgetOrphans()
        for handle in state.nodes.handles where !state.nodes[handle].orphanedSince.isNever {
            state.nodes[handle].orphanedSince = .never
        }
    }

    private static func shards(_ state: ClusterState) -> [Shard] {
        var shards: [Shard] = []
        var places = [Int](repeating: -1, count: state.nodes.capacity)
        for handle in state.nodes.handles
        where state.nodes[handle].isMaster && !state.nodes[handle].condition.isFailed {
            places[handle.index] = shards.count
            shards.append(Shard(master: handle))
        }
        for handle in state.nodes.handles where !state.nodes[handle].condition.isFailed {
            guard let id = state.nodes[handle].master, let master = state.nodes.find(id),
                places[master.index] >= 0
            else { continue }
            shards[places[master.index]].living += 1
            if shards[places[master.index]].first == nil {
                shards[places[master.index]].first = handle
            }
        }
        return shards
    }

    private static func healthyReplicas(of master: NodeHandle, _ state: ClusterState) -> Int {
        state.replicas(of: state.nodes[master].id).count { state.nodes[$0].condition.isHealthy }
    }

    /// Of all replicas of masters with the most, the one with the smallest id moves.
    private static func isChosen(among shards: [Shard], most: Int, _ state: ClusterState) -> Bool {
        let candidates = shards.filter { $0.living == most }.compactMap(\.first)
        return candidates.min { state.nodes[$0].id < state.nodes[$1].id } == .myself
    }
}
