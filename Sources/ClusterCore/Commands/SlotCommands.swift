// ADDSLOTS, DELSLOTS, their forms for ranges, and FLUSHSLOTS: all or nothing, checked before
// anything changes. Follows bus protocol §9.1.

import ClusterWire

enum SlotCommands {
    static func change(
        _ slots: [Argument<Slot>], isAdding: Bool, _ state: inout ClusterState,
        _ context: inout StepContext
    ) -> AdminReply {
        var set = SlotSet()
        for argument in slots {
            guard let slot = argument.value else { return SlotText.invalid }
            if let problem = problem(slot, isAdding, set, state) { return problem }
            set.insert(slot)
        }
        return apply(set, isAdding, &state, &context)
    }

    static func changeRanges(
        _ ranges: [AdminCommand.SlotBounds], isAdding: Bool, _ state: inout ClusterState,
        _ context: inout StepContext
    ) -> AdminReply {
        var set = SlotSet()
        for bounds in ranges {
            guard let first = bounds.first.value, let last = bounds.last.value else {
                return SlotText.invalid
            }
            guard let range = SlotRange(first, last) else {
                return .error(
                    "ERR start slot number \(first) is greater than end slot number \(last)")
            }
            for number in range.first.index...range.last.index {
                guard let slot = Slot(number) else { return SlotText.invalid }
                if let problem = problem(slot, isAdding, set, state) { return problem }
                set.insert(slot)
            }
        }
        return apply(set, isAdding, &state, &context)
    }

    private static func problem(
        _ slot: Slot, _ isAdding: Bool, _ seen: SlotSet, _ state: ClusterState
    ) -> AdminReply? {
        let isOwned = state.slots.owner(of: slot) != nil
        if isAdding && isOwned { return .error("ERR Slot \(slot) is already busy") }
        if !isAdding && !isOwned { return .error("ERR Slot \(slot) is already unassigned") }
        if seen.contains(slot) { return .error("ERR Slot \(slot) specified multiple times") }
        return nil
    }

    private static func apply(
        _ set: SlotSet, _ isAdding: Bool, _ state: inout ClusterState, _ context: inout StepContext
    ) -> AdminReply {
        guard !isAdding || state.me.isMaster || state.myMaster != nil else {
            return .error("ERR I'm a replica but my master is unknown to me")
        }
        if isAdding {
            for slot in set { state.setImporting(slot, from: nil, &context) }
        }
        // A replica owns nothing: what it adds is its master's, in its own table.
        state.assign(set, to: isAdding ? state.shardMaster : nil, &context)
        return .ok
    }

    static func flush(_ state: inout ClusterState, _ context: inout StepContext) -> AdminReply {
        guard state.store.isEmpty else {
            return .error("ERR DB must be empty to perform CLUSTER FLUSHSLOTS.")
        }
        state.assign(state.me.slots, to: nil, &context)
        Saving.saveAgain(state, &context)
        return .ok
    }
}
