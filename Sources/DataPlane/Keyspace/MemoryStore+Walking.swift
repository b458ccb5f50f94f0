// What goes over the keys of a store bit by bit: the search for those whose time is over, SCAN, a key by chance,
// copies of one moment, and memory that is given back.

extension MemoryStore {
    // MARK: - Expiry by itself

    /// Keys looked at in one round, and the share of them that makes another worth it.
    private static let sweepSize = 20
    private static let sweepRounds = 50

    /// Whether keys whose time is over go without being asked for.
    package var expiresByItself: Bool {
        get { sweeping.isOn }
        set { sweeping.isOn = newValue }
    }

    /// Each tick: takes away keys whose time is over, more of them the more there are.
    package func sweep() {
        guard !role.isFrozen && !role.isReplica else { return }
        for _ in 0..<Self.sweepRounds {
            var ended = 0
            let looks = min(Self.sweepSize, table.expiring.count)
            for _ in 0..<looks {
                guard !table.expiring.isEmpty else { break }
                if sweeping.place >= table.expiring.count { sweeping.place = 0 }
                let entry = table.expiring[sweeping.place]
                if entry.moment <= wall {
                    // The last takes its place, and is looked at next.
                    expire(Int(entry.number))
                    ended += 1
                } else {
                    sweeping.place += 1
                }
            }
            if ended * 4 <= looks { return }
        }
    }

    /// Takes away all keys whose time is over.
    /// - Returns: how many they were.
    package func dropEnded() -> Int {
        var ended = 0
        var place = table.expiring.count
        while place > 0 {
            place -= 1
            // The last takes the place of one that goes, and was looked at before.
            guard place < table.expiring.count else { continue }
            let entry = table.expiring[place]
            guard entry.moment <= wall else { continue }
            expire(Int(entry.number))
            ended += 1
        }
        return ended
    }

    /// Milliseconds that keys with a time to live have left, from a sample.
    package var averageTimeToLive: Int64 {
        let sample = min(1000, table.expiring.count)
        guard sample > 0 else { return 0 }
        let left = (0..<sample).reduce(Int64(0)) {
            $0 + max(0, min(table.expiring[$1].moment - wall, 1 << 50))
        }
        return left / Int64(sample)
    }

    /// Each tick: gives back some memory of keys that are gone.
    package func tidy() { leaving.letGo() }

    /// Whether memory of keys that are gone waits to be given back.
    package var isLettingGo: Bool { !leaving.isEmpty }

    // MARK: - Walking

    /// Calls `body` with the number of each key, in the order of entries.
    package func visit(_ body: (Int) -> Void) {
        var next = table.rows.firstLive(from: 0)
        while let number = next {
            if isThere(number) { body(number) }
            next = table.rows.firstLive(from: number + 1)
        }
    }

    /// Keys from entry `cursor` on, of at most `count` entries, and where to go on; 0 at the end.
    package func scan(from cursor: UInt64, count: Int) -> (next: UInt64, numbers: [Int]) {
        let all = table.rows.count
        guard let first = Int(exactly: cursor), first < all else { return (0, []) }
        let (sum, overflow) = first.addingReportingOverflow(count)
        let end = overflow ? all : min(sum, all)
        let numbers = (first..<end).filter(isThere)
        return (end == all ? 0 : UInt64(end), numbers)
    }

    /// Tries by chance before the entries are walked in order.
    private static let randomTries = 100

    /// The number of any key.
    package func anyKey() -> Int? {
        guard table.count > 0 else { return nil }
        var place = 0
        for _ in 0..<Self.randomTries {
            place = Int(random.next() % UInt64(table.rows.count))
            if isThere(place) { return place }
        }
        return anyKey(from: place) ?? anyKey(from: 0)
    }

    private func anyKey(from place: Int) -> Int? {
        var next = table.rows.firstLive(from: place)
        while let number = next {
            if isThere(number) { return number }
            next = table.rows.firstLive(from: number + 1)
        }
        return nil
    }

    /// The number of any key with a time to live.
    func anyExpiringKey() -> Int? {
        guard table.expiring.count > 0 else { return nil }
        let place = Int(random.next() % UInt64(table.expiring.count))
        return Int(table.expiring[place].number)
    }

    // MARK: - Copies of one moment

    /// Begins a copy of all keys as they are now, those whose time is over included.
    package func beginCopy() -> StoreCopy { StoreCopy(of: table) }

    /// Ends a copy before its last key; one that has ended already may be named again.
    package func endCopy(_ copy: StoreCopy) { copy.end() }
}

/// Where the search for keys whose time is over stands.
struct Sweeping {
    var place = 0
    var isOn = true
}
