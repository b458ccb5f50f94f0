// What is under way between nodes and arrives in a later round: a ring with one list for each
// round ahead. Things that arrive in one round come out in the order in which they were sent.

/// Things by the round in which they arrive.
struct RoundQueue<Item: Sendable>: Sendable {
    private var slots: [[Item]]
    /// Things that have not arrived yet.
    private(set) var count = 0

    /// - Parameter horizon: the most rounds ahead for which anything is added.
    init(horizon: Int) {
        slots = [[Item]](repeating: [], count: max(0, horizon) + 1)
    }

    var isEmpty: Bool { count == 0 }

    /// Adds a thing that arrives in a round that has not been taken yet, within the horizon.
    @inline(__always)
    mutating func add(_ item: Item, at round: Int) {
        slots[round % slots.count].append(item)
        count += 1
    }

    /// What arrives in this round. Each round is to be taken, in order.
    mutating func take(_ round: Int) -> [Item] {
        let index = round % slots.count
        guard !slots[index].isEmpty else { return [] }
        var arrived: [Item] = []
        swap(&arrived, &slots[index])
        count -= arrived.count
        return arrived
    }

    /// All that is under way, in no order of meaning.
    var all: [Item] { slots.flatMap { $0 } }

    /// Forgets all that is under way.
    mutating func removeAll() {
        for index in slots.indices { slots[index].removeAll() }
        count = 0
    }
}
