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
        var left: Int?
        var right: Int?
    }

    private var rows: [Row] = []
    private var unused: [Int] = []
    private var top: Int?
    private var epochs: [ObservedCluster.Index: Epoch] = [:]

    /// What a place claims; nothing for one that is not here.
    func slots(of place: ObservedCluster.Index) -> SlotSet {
        guard let epoch = epochs[place] else { return SlotSet() }
        var next = top
        while let number = next {
            let key = (rows[number].epoch, rows[number].place)
            if key == (epoch, place) { return rows[number].slots }
            next = key < (epoch, place) ? rows[number].right : rows[number].left
        }
        return SlotSet()
    }

    /// Adds all claims of another tree, whose places are not in this one.
    mutating func add(_ other: ClaimTree) {
        for row in other.rows where !row.slots.isEmpty {
            set(row.place, row.slots, at: row.epoch)
        }
    }

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
        _ place: ObservedCluster.Index, _ epoch: Epoch, from root: Int?
    ) -> Int? {
        guard let number = root else { return nil }
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
        _ root: Int?, _ epoch: Epoch, _ place: ObservedCluster.Index
    ) -> (low: Int?, high: Int?) {
        guard let number = root else { return (nil, nil) }
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
    private mutating func merged(_ first: Int?, _ second: Int?) -> Int? {
        guard let low = first else { return second }
        guard let high = second else { return first }
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
        if let left = rows[number].left { all = all.union(rows[left].all) }
        if let right = rows[number].right { all = all.union(rows[right].all) }
        rows[number].all = all
    }
}

extension ClaimTree {
    /// Those of some slots that nobody claims at a greater epoch.
    func own(_ slots: SlotSet, at epoch: Epoch) -> SlotSet {
        var own = slots
        var next = top
        while let number = next, !own.isEmpty {
            guard rows[number].epoch > epoch else {
                next = rows[number].right
                continue
            }
            own = own.subtracting(rows[number].slots)
            if let right = rows[number].right { own = own.subtracting(rows[right].all) }
            next = rows[number].left
        }
        return own
    }

    /// Those of some slots that nobody but this place claims.
    func unclaimed(_ slots: SlotSet, besides place: ObservedCluster.Index) -> SlotSet {
        guard let epoch = epochs[place] else {
            return top.map { slots.subtracting(rows[$0].all) } ?? slots
        }
        var rest = slots
        var next = top
        while let number = next {
            let row = rows[number]
            let isSame = row.place == place
            let isLess = (row.epoch, row.place) < (epoch, place)
            if !isSame { rest = rest.subtracting(row.slots) }
            // The side on which the place is not.
            if isSame || isLess, let left = row.left { rest = rest.subtracting(rows[left].all) }
            if isSame || !isLess, let right = row.right {
                rest = rest.subtracting(rows[right].all)
            }
            if isSame { break }
            next = isLess ? row.right : row.left
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
        _ slots: SlotSet, _ floor: Epoch?, _ excepted: [ObservedCluster.Index], in root: Int?
    ) -> ObservedCluster.Index? {
        guard let number = root, !rows[number].all.isDisjoint(with: slots) else { return nil }
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
        _ ceiling: Epoch?, _ limit: Int, in root: Int?
    ) {
        guard let number = root, found.count < limit, !rows[number].all.isDisjoint(with: rest)
        else { return }
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
