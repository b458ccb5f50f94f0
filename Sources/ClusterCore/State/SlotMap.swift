// Who owns which of the 16384 slots, and which are on their way from one master to another. One
// small number a slot: a simulator holds thousands of these maps.

package import ClusterWire

/// Slots on their way: each with the node at the other end.
package struct OpenSlots: Equatable, Sendable {
    /// In ascending order of slots.
    private var moves: [(slot: Slot, node: NodeID)] = []

    init() {}

    package var isEmpty: Bool { moves.isEmpty }
    package var list: [(slot: Slot, node: NodeID)] { moves }

    private func position(_ slot: Slot) -> Int {
        var low = 0
        var high = moves.count
        while low < high {
            let middle = (low + high) / 2
            if moves[middle].slot < slot { low = middle + 1 } else { high = middle }
        }
        return low
    }

    package subscript(slot: Slot) -> NodeID? {
        get {
            let at = position(slot)
            return at < moves.count && moves[at].slot == slot ? moves[at].node : nil
        }
        set {
            let at = position(slot)
            let found = at < moves.count && moves[at].slot == slot
            switch (found, newValue) {
            case (true, let node?): moves[at].node = node
            case (true, nil): moves.remove(at: at)
            case (false, let node?): moves.insert((slot, node), at: at)
            case (false, nil): break
            }
        }
    }

    mutating func removeAll() { moves = [] }
    mutating func removeAll(of node: NodeID) { moves.removeAll { $0.node == node } }

    package static func == (left: OpenSlots, right: OpenSlots) -> Bool {
        left.moves.count == right.moves.count
            && zip(left.moves, right.moves).allSatisfy { $0.slot == $1.slot && $0.node == $1.node }
    }
}

/// The owner of each slot.
package struct SlotMap: Equatable, Sendable {
    private static let none = UInt16.max
    /// Slots that are compared at once.
    private static let piece = 64
    private var owners = [UInt16](repeating: none, count: Layout.slotCount)
    /// Slots that have an owner.
    package private(set) var assignedCount = 0
    /// Slots that their owner no longer claims: anybody may take them, with any epoch.
    package internal(set) var notClaimed = SlotSet()
    /// Slots of ours that another node is said to have taken over: they are not served until that is settled.
    package internal(set) var disputed = SlotSet()
    package internal(set) var migrating = OpenSlots()
    package internal(set) var importing = OpenSlots()

    init() {}

    package func owner(of slot: Slot) -> NodeHandle? {
        let owner = owners[slot.index]
        return owner == Self.none ? nil : NodeHandle(owner)
    }

    /// A number that follows from the owners of all slots, by handle: for comparing runs.
    package var fingerprint: UInt64 {
        owners.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// Slots that had an owner and have another one now, or none, in ascending order.
    package func handedOver(since former: SlotMap) -> [Slot] {
        var slots: [Slot] = []
        let (new, old) = (owners.span, former.owners.span)
        // Mostly few have changed: pieces in which none has are passed over at once.
        for start in stride(from: 0, to: Layout.slotCount, by: Self.piece) {
            let (mine, theirs) = (
                new.extracting(start..<start + Self.piece),
                old.extracting(start..<start + Self.piece)
            )
            var difference: UInt16 = 0
            for index in 0..<Self.piece { difference |= mine[index] ^ theirs[index] }
            guard difference != 0 else { continue }
            for index in 0..<Self.piece
            where mine[index] != theirs[index] && theirs[index] != Self.none {
                if let slot = Slot(start + index) { slots.append(slot) }
            }
        }
        return slots
    }

    /// Only for `ClusterState`, which keeps the owners' own sets in step. Returns who owned any of
    /// the slots, in the order of their first slots.
    mutating func setOwner(_ owner: NodeHandle?, of set: SlotSet) -> [NodeHandle] {
        let new = owner?.value ?? Self.none
        var formers: [NodeHandle] = []
        var last = Self.none
        for slot in set {
            let old = owners[slot.index]
            assignedCount += (new == Self.none ? 0 : 1) - (old == Self.none ? 0 : 1)
            owners[slot.index] = new
            if old == Self.none || old == last { continue }
            last = old
            if !formers.contains(NodeHandle(old)) { formers.append(NodeHandle(old)) }
        }
        return formers
    }
}
