// Parts of values: reading some bytes, and writing over some. Places count from 0; below 0 they count back from
// the end, and what reaches beyond the value is cut off.

package enum RangeCommands {
    /// GETRANGE, and SUBSTR as it was called before.
    package static func get(_ context: KeyContext) -> CommandResult {
        guard let first = context.number(2), let last = context.number(3) else {
            return .notANumber
        }
        guard let number = context.look(1) else { return context.bulk([]) }
        context.store.withValue(number) { value in
            let range = Places.range(first, last, in: value.count)
            context.reply.bulk(value.extracting(range ?? 0..<0))
        }
        return .replied
    }

    package static func set(_ context: KeyContext) -> CommandResult {
        guard let offset = context.number(2) else { return .notANumber }
        guard offset >= 0 else { return .error("ERR offset is out of range") }
        let store = context.store
        let found = context.find(1)
        let added = context.withWord(3) { $0.count }
        guard added > 0 else {
            return context.integer(Int64(found.map { store.valueCount($0) } ?? 0))
        }
        guard Int(offset) <= store.valueLimit - min(added, store.valueLimit),
            added <= store.valueLimit
        else { return .valueTooLong }
        let number = found ?? context.set(1, to: [])
        guard context.withWord(3, { store.setSlice(of: number, at: Int(offset), $0) }) else {
            return .valueTooLong
        }
        return context.integer(Int64(store.valueCount(number)))
    }
}

/// Places in a value, as commands name them.
enum Places {
    /// The places from `first` to `last`, both included.
    /// - Returns: nil when there are none.
    static func range(_ first: Int64, _ last: Int64, in count: Int) -> Range<Int>? {
        // Before the start both would become 0, and a range turned round one of one place.
        if first < 0, last < 0, first > last { return nil }
        let low = place(first, in: count)
        let high = min(place(last, in: count), count - 1)
        return low <= high ? low..<(high + 1) : nil
    }

    /// A place that may count back from the end.
    static func place(_ place: Int64, in count: Int) -> Int {
        max(0, Int(place < 0 ? Int64(count) + place : place))
    }
}
