// MEET, FORGET, REPLICATE and RESET: who belongs to the cluster, and in which role.
// Follows bus protocol §9.1, §9.4.

import ClusterWire

enum TopologyCommands {
    static func meet(
        _ ip: String, _ port: String, _ busPort: String?, _ state: inout ClusterState,
        _ turn: inout Turn
    ) -> AdminReply {
        guard let number = SlotText.number(port) else {
            return .error("ERR Invalid base port specified: \(port)")
        }
        var busNumber: Int?
        if let busPort {
            busNumber = SlotText.number(busPort)
            if busNumber == nil { return .error("ERR Invalid bus port specified: \(busPort)") }
        }
        guard let base = UInt16(exactly: number), base > 0,
            let bus = UInt16(exactly: busNumber ?? Int(base) + 10_000), bus > 0,
            let text = IPText(ip), let literal = IPLiteral.normalised(text)
        else { return .error("ERR Invalid node address specified: \(ip):\(port)") }
        let address = NodeAddress(ip: literal, port: Port(base), busPort: Port(bus))
        Handshake.start(with: address, greeting: true, &state, &turn)
        return .ok
    }

    static func forget(
        _ id: String, _ state: inout ClusterState, _ turn: inout Turn
    ) -> AdminReply {
        guard let name = NodeID(id), let handle = state.nodes.find(name) else {
            if let name = NodeID(id), state.forgotten.contains(name, at: turn.now.wall) {
                Promises.saveAgain(state, &turn)
                return .ok
            }
            return .error("ERR Unknown node \(id)")
        }
        guard handle != .myself else {
            return .error("ERR I tried hard but I can't forget myself...")
        }
        guard handle != state.myMaster else { return .error("ERR Can't forget my master!") }
        state.forgotten.forget(name, until: turn.now.wall + turn.config.blacklistTTL * 1000)
        state.delete(handle, &turn)
        turn.note(.nodeForgotten(name, by: nil))
        // Others hear of it at once where they can take it: news travels, the timeout does not.
        turn.pending.formUnion([.save, .health])
        for other in state.audience()
        where state.nodes[other].traits.contains(.takesExtensions) {
            state.ping(other, &turn)
        }
        return .ok
    }

    static func replicate(
        _ id: String, _ state: inout ClusterState, _ turn: inout Turn
    ) -> AdminReply {
        // The name of a handshake is ours alone and will change.
        guard let handle = NodeID(id).flatMap({ state.nodes.findHeard($0) }) else {
            return .error("ERR Unknown node \(id)")
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
            Roles.becomeReplica(of: handle, &state, &turn)
        } else {
            Promises.saveAgain(state, &turn)
        }
        return .ok
    }

    static func reset(
        _ option: String?, _ state: inout ClusterState, _ turn: inout Turn
    ) -> AdminReply {
        let hard: Bool
        switch option?.lowercased() {
        case nil, "soft": hard = false
        case "hard": hard = true
        default: return .error("ERR syntax error")
        }
        if state.me.isMaster && !state.store.isEmpty {
            return .error("ERR CLUSTER RESET can't be called with master nodes containing keys")
        }
        ManualFailover.reset(&state, &turn)
        if !state.me.isMaster {
            state.setRole(.master, of: .myself)
            turn.emit(.replicate(from: nil))
            turn.emit(.dropKeys(in: .all))
        }
        state.slots.migrating.removeAll()
        state.slots.importing.removeAll()
        for slot in Slot.all { state.assign(slot, to: nil) }
        for handle in state.nodes.handles where handle != .myself {
            state.delete(handle, &turn)
        }
        state.forgotten.removeAll()
        state.candidacy = nil
        state.promises = []
        state.openFailures.removeAll()
        state.lastVoteFor = nil
        state.nodes[.myself].traits = []
        if hard {
            state.currentEpoch = 0
            state.lastVoteEpoch = 0
            state.nodes[.myself].configEpoch = 0
            state.nodes.rename(.myself, to: NodeID(using: &turn.random))
            state.nodes[.myself].shard = ShardID(NodeID(using: &turn.random))
            // A new life: what was said under the old name binds nobody. After a soft reset the
            // name stays, and what it says must be on disk first as ever.
            state.durable = Promises.facts(state)
            state.saves.underway = []
        }
        state.isNewborn = true
        state.returnedAsMaster = false
        turn.note(.reset(hard: hard))
        turn.pending.formUnion([.save, .syncedSave, .health])
        return .ok
    }
}
