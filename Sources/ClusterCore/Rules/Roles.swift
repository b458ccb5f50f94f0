// Master and replica: what a node's header says of its role, how this node becomes one or the
// other, and the marks and shard ids that follow from it.
// Follows bus protocol §4.6 rule 4, §4.13; differs as DECISIONS D8 says.

import ClusterWire

enum Roles {
    /// Takes over the role that a header says of its sender. Returns false when the message is older than what
    /// we know, and must be ignored.
    static func learn(
        _ header: Header, of sender: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) -> Bool {
        if header.saysMaster {
            guard !state.nodes[sender].isMaster else { return true }
            becameMaster(sender, &state, &context)
            // Or it was a master earlier, and this message was read late: its answer to a PING tells.
            if header.slots.isEmpty { Sending.ping(sender, &state, &context) }
            return true
        }
        // Mostly it is what it was.
        if state.nodes[sender].master == header.replicaOf {
            if state.follows(sender) { leaveSubReplica(&state, &context) }
            return true
        }
        let master = state.nodes.findMember(header.replicaOf)
        if state.nodes[sender].isMaster {
            if isStale(header, of: sender, master: master, state) { return false }
            becameReplica(sender, header, &state, &context)
        }
        if let master, master != sender, state.nodes[sender].master != header.replicaOf {
            follow(sender, to: master, &state, &context)
        } else if master == nil, let former = state.nodes[sender].master {
            // It left its master for one that we do not know.
            state.setRole(.replica(of: nil), of: sender, &context)
            loseReplica(former, &state)
        }
        if state.follows(sender) { leaveSubReplica(&state, &context) }
        return true
    }

    private static func becameMaster(
        _ sender: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard case .replica(let former) = state.nodes[sender].role else { return }
        state.setRole(.master, of: sender, &context)
        if let former {
            loseReplica(former, &state)
            state.nodes[sender].peerFlags.insert(.migrateTo)
        }
        context.note(.becameMaster(state.nodes[sender].id))
    }

    /// A header that says replica and comes from before the sender's promotion: packets of one
    /// node on different links can be read out of order.
    private static func isStale(
        _ header: Header, of sender: NodeHandle, master: NodeHandle?, _ state: ClusterState
    ) -> Bool {
        guard let master, state.nodes[sender].slotCount > 0 else { return false }
        return state.nodes[master].shard == state.nodes[sender].shard
            && header.configEpoch < state.nodes[sender].configEpoch
    }

    /// The slots stay with the demoted master until somebody claims them, with any epoch: they do
    /// not vanish when this packet is read before the new owner's.
    ///
    /// - Source: bus protocol §12 row 24.
    private static func becameReplica(
        _ sender: NodeHandle, _ header: Header, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        state.slots.notClaimed = state.slots.notClaimed.union(state.nodes[sender].slots)
        state.setRole(.replica(of: nil), of: sender, &context)
        state.nodes[sender].peerFlags.remove(.migrateTo)
        context.note(.becameReplica(state.nodes[sender].id, of: header.replicaOf))
    }

    private static func follow(
        _ sender: NodeHandle, to master: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        let former = state.nodes[sender].master
        state.setRole(.replica(of: state.nodes[master].id), of: sender, &context)
        state.nodes[master].peerFlags.insert(.migrateTo)
        state.setShard(state.nodes[master].shard, of: sender, &context)
        if let former { loseReplica(former, &state) }
    }

    /// A master whose last replica left is no longer one that replicas may move to.
    private static func loseReplica(_ master: NodeID, _ state: inout ClusterState) {
        guard let handle = state.nodes.find(master), state.nodes[handle].replicaCount == 0 else {
            return
        }
        state.nodes[handle].peerFlags.remove(.migrateTo)
    }

    /// Our master turned out to be a replica: follow the master at the end of the chain.
    ///
    /// - Source: bus protocol §4.8, §12 row 23.
    static func leaveSubReplica(_ state: inout ClusterState, _ context: inout StepContext) {
        guard let master = state.myMaster, state.nodes[master].master != nil else { return }
        let top = state.topmostMaster(of: master)
        guard top != .myself, top != master, state.nodes[top].isMaster else { return }
        becomeReplica(of: top, &state, &context)
    }

    /// This node, which owns no slot, follows another.
    ///
    /// - Source: bus protocol §4.13.
    static func becomeReplica(
        of handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        precondition(handle != .myself && state.me.slotCount == 0, "\(state.me.slotCount) slots")
        let id = state.nodes[handle].id
        if state.me.isMaster {
            state.nodes[.myself].peerFlags.remove(.migrateTo)
            state.slots.migrating.removeAll()
            state.slots.importing.removeAll()
        }
        let former = state.me.master
        state.setRole(.replica(of: id), of: .myself, &context)
        if let former, former != id { loseReplica(former, &state) }
        state.setShard(state.nodes[handle].shard, of: .myself, &context)
        state.nodes[handle].peerFlags.insert(.migrateTo)
        ManualFailover.reset(&state, &context)
        state.election.end()
        state.membership.becomeReplica()
        state.durability.dropClaims()
        context.note(.reconfigured(asReplicaOf: id))
        context.emit(.replicate(from: state.nodes[handle].place))
        context.pending.insert(.broadcast)
    }

    /// This replica becomes a master without slots, in a shard of its own. Its copy is its former master's, and
    /// goes.
    ///
    /// - Source: CLUSTER REPLICATE NO ONE of Valkey 9.
    static func leaveMaster(_ state: inout ClusterState, _ context: inout StepContext) {
        guard let former = state.me.master else { return }
        state.setRole(.master, of: .myself, &context)
        loseReplica(former, &state)
        state.setShard(ShardID(NodeID(using: &context.random)), of: .myself, &context)
        state.slots.migrating.removeAll()
        state.slots.importing.removeAll()
        ManualFailover.reset(&state, &context)
        state.election.end()
        state.durability.dropClaims()
        context.emit(.replicate(from: nil))
        context.emit(.dropKeys(in: .all))
        context.pending.formUnion([.save, .syncedSave, .health, .broadcast])
    }

    /// Promotes this replica in the place of its master at `epoch`: role, slots and epoch at once. Headers say
    /// so when it is on disk.
    ///
    /// - Source: bus protocol §6.4.
    static func replaceMaster(
        at epoch: Epoch, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard let old = state.myMaster else { return }
        let oldID = state.nodes[old].id
        let formerEpoch = state.me.configEpoch
        state.setRole(.master, of: .myself, &context)
        state.nodes[.myself].peerFlags.insert(.migrateTo)
        loseReplica(oldID, &state)
        state.setConfigEpoch(max(formerEpoch, epoch), of: .myself, &context)
        state.assign(state.nodes[old].slots, to: .myself, &context)
        state.election.end()
        Saving.wait(
            .claim(from: oldID, epoch, formerEpoch: formerEpoch), &state, &context)
        ManualFailover.reset(&state, &context)
        context.emit(.replicate(from: nil))
        context.pending.insert(.broadcast)
    }

    /// Takes back a promotion that could not be saved: no header has said it yet.
    static func undoPromotion(
        from old: NodeID, formerEpoch: Epoch, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard state.me.isMaster, let master = state.nodes.find(old) else { return }
        state.assign(state.me.slots, to: master, &context)
        state.setConfigEpoch(formerEpoch, of: .myself, &context)
        becomeReplica(of: master, &state, &context)
    }
}
