// ADDSLOTS, DELSLOTS, their forms for ranges, and FLUSHSLOTS: all or nothing, checked before
// anything changes. Follows bus protocol §9.1.

import ClusterWire

/// Reading slots from words.
enum SlotText {
    /// A decimal number that fits into 64 bits, as the reference reads numbers; nil for other text.
    static func number(_ text: String) -> Int? {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard let first = digits.first, text == "0" || (0x31...0x39).contains(first) else {
            return nil
        }
        return Int(text)
    }

    static let invalid = AdminReply.error("ERR Invalid or out of range slot")

    static func slot(_ text: String) -> Slot? { number(text).flatMap { Slot($0) } }
}

enum SlotCommands {
    static func change(
        _ words: [String], isAdding: Bool, _ state: inout ClusterState, _ turn: inout Turn
    ) -> AdminReply {
        var set = SlotSet()
        for word in words {
            guard let slot = SlotText.slot(word) else { return SlotText.invalid }
            if let problem = problem(slot, isAdding, set, state) { return problem }
            set.insert(slot)
        }
        return apply(set, isAdding, &state, &turn)
    }

    static func changeRanges(
        _ words: [String], isAdding: Bool, _ state: inout ClusterState, _ turn: inout Turn
    ) -> AdminReply {
        var set = SlotSet()
        for pair in stride(from: 0, to: words.count - 1, by: 2) {
            guard let first = SlotText.slot(words[pair]), let last = SlotText.slot(words[pair + 1])
            else { return SlotText.invalid }
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
        return apply(set, isAdding, &state, &turn)
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
        _ set: SlotSet, _ isAdding: Bool, _ state: inout ClusterState, _ turn: inout Turn
    ) -> AdminReply {
        guard !isAdding || state.me.isMaster || state.myMaster != nil else {
            return .error("ERR I'm a replica but my master is unknown to me")
        }
        if isAdding {
            for slot in set { state.slots.importing[slot] = nil }
        }
        // A replica owns nothing: what it adds is its master's, in its own table.
        state.assign(set, to: isAdding ? state.shardMaster : nil)
        turn.pending.formUnion([.save, .health])
        return .ok
    }

    static func flush(_ state: inout ClusterState, _ turn: inout Turn) -> AdminReply {
        guard state.store.isEmpty else {
            return .error("ERR DB must be empty to perform CLUSTER FLUSHSLOTS.")
        }
        state.assign(state.me.slots, to: nil)
        turn.pending.formUnion([.save, .health])
        return .ok
    }
}
