// Who claims which slots at which epoch, in one cluster, in the order of epochs: a search tree in which
// each row also holds all the slots that are claimed below it. Whatever is asked costs the depth of
// the tree, however many claim and however much each of them claims.

import ClusterWire

/// Claims by epoch and then by place, each place at most once.
struct ClaimTree: Sendable {
    private struct Row {
        var epoch: Epoch
        var place: ObservedCluster.Index
        var slots: SlotSet
        /// All slots claimed by this row and those below it.
        var all: SlotSet
        /// Of two rows the one with the greater weight is above.
        var weight: Int
        var left = -1
        var right = -1
    }

    private var rows: [Row] = []
    private var unused: [Int] = []
    private var top = -1
    private var epochs: [ObservedCluster.Index: Epoch] = [:]

    /// All who claim something, in no order.
    var places: [ObservedCluster.Index] { Array(epochs.keys) }

    /// What a place claims from now on; nothing when `slots` is empty.
    mutating func set(_ place: ObservedCluster.Index, _ slots: SlotSet, at epoch: Epoch) {
        if let former = epochs.removeValue(forKey: place) {
            top = removed(place, former, from: top)
        }
        guard !slots.isEmpty else { return }
        epochs[place] = epoch
        // Weights that nobody who writes a capture can foresee keep the tree flat; no answer
        // depends on them.
        var hasher = Hasher()
        hasher.combine(place)
        let row = Row(
            epoch: epoch, place: place, slots: slots, all: slots, weight: hasher.finalize())
        let number = unused.popLast() ?? rows.count
        if number < rows.count { rows[number] = row } else { rows.append(row) }
        let (low, high) = split(top, epoch, place)
        top = merged(merged(low, number), high)
    }

    private mutating func removed(
        _ place: ObservedCluster.Index, _ epoch: Epoch, from number: Int
    ) -> Int {
        guard number >= 0 else { return -1 }
        let key = (rows[number].epoch, rows[number].place)
        if key == (epoch, place) {
            let below = merged(rows[number].left, rows[number].right)
            rows[number].slots = SlotSet()
            rows[number].all = SlotSet()
            unused.append(number)
            return below
        }
        if key < (epoch, place) {
            rows[number].right = removed(place, epoch, from: rows[number].right)
        } else {
            rows[number].left = removed(place, epoch, from: rows[number].left)
        }
        gather(number)
        return number
    }

    /// The rows before an epoch and place, and the others.
    private mutating func split(
        _ number: Int, _ epoch: Epoch, _ place: ObservedCluster.Index
    ) -> (low: Int, high: Int) {
        guard number >= 0 else { return (-1, -1) }
        if (rows[number].epoch, rows[number].place) < (epoch, place) {
            let (low, high) = split(rows[number].right, epoch, place)
            rows[number].right = low
            gather(number)
            return (number, high)
        }
        let (low, high) = split(rows[number].left, epoch, place)
        rows[number].left = high
        gather(number)
        return (low, number)
    }

    /// One tree of two, all rows of the first of which come before those of the second.
    private mutating func merged(_ low: Int, _ high: Int) -> Int {
        guard low >= 0 else { return high }
        guard high >= 0 else { return low }
        if rows[low].weight > rows[high].weight {
            rows[low].right = merged(rows[low].right, high)
            gather(low)
            return low
        }
        rows[high].left = merged(low, rows[high].left)
        gather(high)
        return high
    }

    private mutating func gather(_ number: Int) {
        var all = rows[number].slots
        for below in [rows[number].left, rows[number].right] where below >= 0 {
            all = all.union(rows[below].all)
        }
        rows[number].all = all
    }
}

extension ClaimTree {
    /// Those of some slots that nobody claims at a greater epoch.
    func own(_ slots: SlotSet, at epoch: Epoch) -> SlotSet {
        var own = slots
        var number = top
        while number >= 0, !own.isEmpty {
            guard rows[number].epoch > epoch else {
                number = rows[number].right
                continue
            }
            own = own.subtracting(rows[number].slots)
            if rows[number].right >= 0 { own = own.subtracting(rows[rows[number].right].all) }
            number = rows[number].left
        }
        return own
    }

    /// Those of some slots that nobody but this place claims.
    func unclaimed(_ slots: SlotSet, besides place: ObservedCluster.Index) -> SlotSet {
        guard let epoch = epochs[place] else {
            return top < 0 ? slots : slots.subtracting(rows[top].all)
        }
        var rest = slots
        var number = top
        while number >= 0 {
            let row = rows[number]
            let isSame = row.place == place
            let isLess = (row.epoch, row.place) < (epoch, place)
            if !isSame { rest = rest.subtracting(row.slots) }
            // The side on which the place is not.
            if (isSame || isLess) && row.left >= 0 { rest = rest.subtracting(rows[row.left].all) }
            if (isSame || !isLess) && row.right >= 0 {
                rest = rest.subtracting(rows[row.right].all)
            }
            if isSame { break }
            number = isLess ? row.right : row.left
        }
        return rest
    }

    /// Who claims any of some slots at the greatest epoch above `floor`, besides a few.
    func latest(
        _ slots: SlotSet, above floor: Epoch? = nil, besides excepted: [ObservedCluster.Index]
    ) -> ObservedCluster.Index? {
        latest(slots, floor, excepted, in: top)
    }

    private func latest(
        _ slots: SlotSet, _ floor: Epoch?, _ excepted: [ObservedCluster.Index], in number: Int
    ) -> ObservedCluster.Index? {
        guard number >= 0, !rows[number].all.isDisjoint(with: slots) else { return nil }
        if let found = latest(slots, floor, excepted, in: rows[number].right) { return found }
        if let floor, rows[number].epoch <= floor { return nil }
        if !excepted.contains(rows[number].place), !rows[number].slots.isDisjoint(with: slots) {
            return rows[number].place
        }
        return latest(slots, floor, excepted, in: rows[number].left)
    }

    /// From whom some slots are taken: from each the one who claims it at the greatest epoch below
    /// `ceiling`, the greatest first.
    ///
    /// - Parameter limit: of no more places than that.
    func holders(
        of slots: SlotSet, below ceiling: Epoch?, limit: Int
    ) -> [(place: ObservedCluster.Index, slots: SlotSet)] {
        var found: [(place: ObservedCluster.Index, slots: SlotSet)] = []
        var rest = slots
        collect(&found, &rest, ceiling, limit, in: top)
        return found
    }

    private func collect(
        _ found: inout [(place: ObservedCluster.Index, slots: SlotSet)], _ rest: inout SlotSet,
        _ ceiling: Epoch?, _ limit: Int, in number: Int
    ) {
        guard number >= 0, found.count < limit, !rows[number].all.isDisjoint(with: rest) else {
            return
        }
        if ceiling.map({ rows[number].epoch < $0 }) ?? true {
            collect(&found, &rest, ceiling, limit, in: rows[number].right)
            let taken = rest.intersection(rows[number].slots)
            if !taken.isEmpty, found.count < limit {
                found.append((rows[number].place, taken))
                rest = rest.subtracting(taken)
            }
        }
        collect(&found, &rest, ceiling, limit, in: rows[number].left)
    }
}
