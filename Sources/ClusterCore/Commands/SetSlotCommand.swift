// CLUSTER SETSLOT: a slot on its way from one master to another. Follows bus protocol §9.3.

import ClusterWire

enum SetSlotCommand {
    private static let wrong = AdminReply.error(
        "ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP")

    static func run(
        _ argument: Argument<Slot>, _ action: AdminCommand.SlotAction,
        _ state: inout ClusterState, _ context: inout StepContext
    ) -> AdminReply {
        guard state.me.isMaster else {
            return .error("ERR Please use SETSLOT only with masters.")
        }
        guard let slot = argument.value else { return SlotText.invalid }
        switch action {
        case .stable:
            state.setMigrating(slot, to: nil, &context)
            state.setImporting(slot, from: nil, &context)
        case .migrating(let target):
            guard state.slots.owner(of: slot) == .myself else {
                return .error("ERR I'm not the owner of hash slot \(slot)")
            }
            if let problem = notAMaster(target, state, unknown: "I don't know about node") {
                return problem
            }
            state.setMigrating(slot, to: target.value, &context)
        case .importing(let source):
            guard state.slots.owner(of: slot) != .myself else {
                return .error("ERR I'm already the owner of hash slot \(slot)")
            }
            if let problem = notAMaster(source, state, unknown: "I don't know about node") {
                return problem
            }
            state.setImporting(slot, from: source.value, &context)
        case .node(let owner):
            if let problem = assign(slot, to: owner, &state, &context) { return problem }
        case .unknown: return wrong
        }
        return .ok
    }

    private static func notAMaster(
        _ id: Argument<NodeID>, _ state: ClusterState, unknown: String
    ) -> AdminReply? {
        guard let handle = id.value.flatMap({ state.nodes.findMember($0) }) else {
            return .error("ERR \(unknown) \(id.word)")
        }
        return state.nodes[handle].isMaster ? nil : .error("ERR Target node is not a master")
    }

    private static func assign(
        _ slot: Slot, to id: Argument<NodeID>, _ state: inout ClusterState,
        _ context: inout StepContext
    ) -> AdminReply? {
        if let problem = notAMaster(id, state, unknown: "Unknown node") { return problem }
        guard let target = id.value.flatMap({ state.nodes.find($0) }) else { return wrong }
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
