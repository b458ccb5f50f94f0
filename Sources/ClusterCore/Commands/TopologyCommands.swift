// MEET, FORGET, REPLICATE and RESET: who belongs to the cluster, and in which role.
// Follows bus protocol §9.1, §9.4.

import ClusterWire

enum TopologyCommands {
    static func meet(
        _ ip: String, _ port: Argument<Int>, _ busPort: Argument<Int>?,
        _ state: inout ClusterState, _ context: inout StepContext
    ) -> AdminReply {
        guard let number = port.value else {
            return .error("ERR Invalid base port specified: \(port.word)")
        }
        if let busPort, busPort.value == nil {
            return .error("ERR Invalid bus port specified: \(busPort.word)")
        }
        guard let base = UInt16(exactly: number), base > 0,
            let bus = UInt16(exactly: busPort?.value ?? Int(base) + 10_000), bus > 0,
            let text = IPText(ip), let literal = IPLiteral.normalised(text)
        else { return .error("ERR Invalid node address specified: \(ip):\(port.word)") }
        let address = NodeAddress(ip: literal, port: Port(base), busPort: Port(bus))
        Handshake.start(with: address, greeting: true, &state, &context)
        return .ok
    }

    static func forget(
        _ id: Argument<NodeID>, _ state: inout ClusterState, _ context: inout StepContext
    ) -> AdminReply {
        guard let name = id.value, let handle = state.nodes.find(name) else {
            if let name = id.value, state.forgotten.contains(name, at: context.now.wall) {
                Saving.saveAgain(state, &context)
                return .ok
            }
            return .error("ERR Unknown node \(id.word)")
        }
        guard handle != .myself else {
            return .error("ERR I tried hard but I can't forget myself...")
        }
        guard handle != state.myMaster else { return .error("ERR Can't forget my master!") }
        state.forgotten.forget(name, until: context.now.wall + context.config.blacklistTTL * 1000)
        state.delete(handle, &context)
        context.note(.nodeForgotten(name, by: nil))
        // Others hear of it at once where they can take it: news travels, the timeout does not.
        context.pending.formUnion([.save, .health])
        for other in state.connectedPeers()
        where state.nodes[other].peerFlags.contains(.takesExtensions) {
            Sending.ping(other, &state, &context)
        }
        return .ok
    }

    static func replicate(
        _ id: Argument<NodeID>, _ state: inout ClusterState, _ context: inout StepContext
    ) -> AdminReply {
        // The name of a handshake is ours alone and will change.
        guard let handle = id.value.flatMap({ state.nodes.findMember($0) }) else {
            return .error("ERR Unknown node \(id.word)")
        }
        guard handle != .myself else { return .error("ERR Can't replicate myself") }
        guard state.nodes[handle].isMaster else {
            return .error("ERR I can only replicate a master, not a replica.")
        }
        if state.me.isMaster && (state.me.slotCount > 0 || !state.store.isEmpty) {
            return .error(
                "ERR To set a master the node must be empty and without assigned slots.")
        }
        if state.myMaster != handle {
            Roles.becomeReplica(of: handle, &state, &context)
        } else {
            Saving.saveAgain(state, &context)
        }
        return .ok
    }

    /// Of a master nothing is left to do.
    static func replicateNoOne(
        _ state: inout ClusterState, _ context: inout StepContext
    ) -> AdminReply {
        if state.me.isMaster {
            Saving.saveAgain(state, &context)
        } else {
            Roles.leaveMaster(&state, &context)
        }
        return .ok
    }

    static func reset(
        _ option: Argument<AdminCommand.ResetKind>, _ state: inout ClusterState,
        _ context: inout StepContext
    ) -> AdminReply {
        guard let kind = option.value else { return .error("ERR syntax error") }
        if state.me.isMaster && !state.store.isEmpty {
            return .error("ERR CLUSTER RESET can't be called with master nodes containing keys")
        }
        ManualFailover.reset(&state, &context)
        if !state.me.isMaster {
            state.setRole(.master, of: .myself, &context)
            context.emit(.replicate(from: nil))
            context.emit(.dropKeys(in: .all))
            // The shard was its master's.
            if kind == .soft {
                state.setShard(ShardID(NodeID(using: &context.random)), of: .myself, &context)
            }
        }
        state.slots.migrating.removeAll()
        state.slots.importing.removeAll()
        state.assign(.all, to: nil, &context)
        for handle in state.nodes.handles where handle != .myself {
            state.delete(handle, &context)
        }
        state.forgotten.removeAll()
        state.election.end()
        state.durability.dropAll()
        state.failures.open.removeAll()
        state.votes.withdraw()
        state.nodes[.myself].peerFlags = []
        if kind == .hard { beginNewLife(&state, &context) }
        state.membership.reset()
        context.note(.reset(hard: kind == .hard))
        context.pending.formUnion([.save, .syncedSave, .health])
        return .ok
    }

    /// A hard reset takes a new name and forgets all epochs. What was said under the old name binds nobody.
    /// After a soft reset the name stays, and what it says must be on disk first as ever.
    private static func beginNewLife(_ state: inout ClusterState, _ context: inout StepContext) {
        state.currentEpoch = 0
        state.votes.forgetEpoch()
        state.nodes[.myself].configEpoch = 0
        state.nodes.rename(.myself, to: NodeID(using: &context.random))
        state.setShard(ShardID(NodeID(using: &context.random)), of: .myself, &context)
        state.durability.restart(with: state.selfFacts)
    }
}
