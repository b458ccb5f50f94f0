// Which keys stand in which slot: the newest of each, and how many. Neighbours stand in the rows of the entries.

import ClusterWire

/// The list of each slot.
struct SlotLists {
    /// The newest key and the count of keys of each slot; empty until there is a key.
    private var heads: [UInt32] = []
    private var counts: [UInt32] = []
    /// Slots that hold keys.
    private(set) var occupied = SlotSet()

    func count(in slot: Slot) -> Int { counts.isEmpty ? 0 : Int(counts[slot.index]) }

    mutating func add(_ number: Int, to slot: Slot, _ rows: inout EntryRows) {
        if heads.isEmpty {
            heads = [UInt32](repeating: EntryRows.none, count: Layout.slotCount)
            counts = [UInt32](repeating: 0, count: Layout.slotCount)
        }
        let head = heads[slot.index]
        rows.setNewer(number, EntryRows.none)
        rows.setOlder(number, head)
        if head != EntryRows.none { rows.setNewer(Int(head), UInt32(number)) }
        heads[slot.index] = UInt32(number)
        counts[slot.index] += 1
        if counts[slot.index] == 1 { occupied.insert(slot) }
    }

    mutating func remove(_ number: Int, from slot: Slot, _ rows: inout EntryRows) {
        let (newer, older) = (rows.newer(number), rows.older(number))
        if newer == EntryRows.none {
            heads[slot.index] = older
        } else {
            rows.setOlder(Int(newer), older)
        }
        if older != EntryRows.none { rows.setNewer(Int(older), newer) }
        counts[slot.index] -= 1
        if counts[slot.index] == 0 { occupied.remove(slot) }
    }

    /// Numbers of the entries of a slot, newest first.
    func numbers(in slot: Slot, limit: Int, _ rows: borrowing EntryRows) -> [Int] {
        guard !heads.isEmpty else { return [] }
        var list: [Int] = []
        var at = heads[slot.index]
        while at != EntryRows.none && list.count < limit {
            list.append(Int(at))
            at = rows.older(Int(at))
        }
        return list
    }
}
