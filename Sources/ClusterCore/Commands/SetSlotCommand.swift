// CLUSTER SETSLOT: a slot on its way from one master to another. Follows bus protocol §9.3.

import ClusterWire

enum SetSlotCommand {
    private static let wrong = AdminReply.error(
        "ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP")

    static func run(
        _ words: [String], _ state: inout ClusterState, _ context: inout StepContext
    ) -> AdminReply {
        guard state.me.isMaster else {
            return .error("ERR Please use SETSLOT only with masters.")
        }
        guard let slot = SlotText.slot(words[0]) else { return SlotText.invalid }
        switch (words[1].lowercased(), words.count) {
        case ("stable", 2):
            state.setMigrating(slot, to: nil, &context)
            state.setImporting(slot, from: nil, &context)
        case ("migrating", 3):
            guard state.slots.owner(of: slot) == .myself else {
                return .error("ERR I'm not the owner of hash slot \(slot)")
            }
            if let problem = notAMaster(words[2], state, "I don't know about node \(words[2])") {
                return problem
            }
            state.setMigrating(slot, to: NodeID(words[2]), &context)
        case ("importing", 3):
            guard state.slots.owner(of: slot) != .myself else {
                return .error("ERR I'm already the owner of hash slot \(slot)")
            }
            if let problem = notAMaster(words[2], state, "I don't know about node \(words[2])") {
                return problem
            }
            state.setImporting(slot, from: NodeID(words[2]), &context)
        case ("node", 3):
            if let problem = assign(slot, to: words[2], &state, &context) { return problem }
        default: return wrong
        }
        return .ok
    }

    private static func notAMaster(
        _ id: String, _ state: ClusterState, _ unknown: String
    ) -> AdminReply? {
        guard let handle = NodeID(id).flatMap({ state.nodes.findHeard($0) }) else {
            return .error("ERR \(unknown)")
        }
        return state.nodes[handle].isMaster ? nil : .error("ERR Target node is not a master")
    }

    private static func assign(
        _ slot: Slot, to id: String, _ state: inout ClusterState, _ context: inout StepContext
    ) -> AdminReply? {
        if let problem = notAMaster(id, state, "Unknown node \(id)") { return problem }
        guard let target = NodeID(id).flatMap({ state.nodes.find($0) }) else { return wrong }
        let wasMine = state.slots.owner(of: slot) == .myself
        let holdsKeys = state.store.occupied.contains(slot)
        if wasMine && target != .myself && holdsKeys {
            return .error(
                "ERR Can't assign hashslot \(slot) to a different node while I still hold keys "
                    + "for this hash slot.")
        }
        if !holdsKeys { state.setMigrating(slot, to: nil, &context) }
        let wasImporting = state.slots.importing[slot] != nil
        state.assign(slot, to: target, &context)
        if target == .myself && wasImporting {
            state.setImporting(slot, from: nil, &context)
            Epochs.raiseToGreatest(because: .importFinished, &state, &context)
            // Said even when nothing else of ours changed: this ends the reshard.
            context.pending.insert(.broadcast)
        }
        if wasMine && target != .myself && state.me.slotCount == 0
            && context.config.allowReplicaMigration
        {
            Roles.becomeReplica(of: target, &state, &context)
        }
        return nil
    }
}
