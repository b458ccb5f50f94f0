// The keys of a node in memory: what is there now, what has expired, who watches a key, how much
// was written. Commands say what they want in these words; replies and errors are theirs, and what the
// rules of the cluster are told is the server's. It copies from nobody and to nobody yet.

package import ClusterWire
import Determinism

/// Strings in memory.
///
/// What it keeps is private throughout: what only one module can reach, the compiler proves to be used by
/// one at a time, and need not check at each access.
package final class MemoryStore {
    private var table: KeyTable
    private var random: SplitMix64
    private var wall: Int64 = 0
    private var longestValue = Int.max
    private var changeCount: UInt64 = 0
    private var told = Told()
    private var isFrozen = false
    private var isReplica = false
    private var watched = WatchedKeys()
    private var counts = KeyFigures()
    private var sweeping = Sweeping()
    /// What is written, for replicas.
    package let log: ReplicationLog

    package init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        table = KeyTable(seed: random.next())
        log = ReplicationLog(seed: random.next())
        self.random = random
    }

    /// Wall milliseconds; set at each wake-up, so that a request sees one moment.
    package var now: Int64 {
        get { wall }
        set { wall = newValue }
    }

    /// Bytes that a value may grow to.
    package var valueLimit: Int {
        get { longestValue }
        set { longestValue = newValue }
    }

    /// Changes that commands made since the start.
    package var changes: UInt64 { changeCount }
    /// Nothing may change for now.
    package var isHeld: Bool { isFrozen }
    package var figures: KeyFigures { counts }

    // MARK: - What the rules are told, and what they ask for

    /// Our own replication offset.
    package var offset: ReplicationOffset { ReplicationOffset(UInt64(log.offset)) }
    /// Whether the offset, the role or what is held has changed since it was last marked as told.
    package var hasNews: Bool { told.isOld || log.offset != told.offset }
    package func markTold() {
        told = Told(isOld: false, offset: log.offset)
    }
    package var isEmpty: Bool { table.count == 0 }
    /// Slots that hold keys.
    package var occupied: SlotSet { table.occupied }

    /// Whether a replica's reads can be answered from here.
    package var holdsCopy: Bool { false }

    package func countKeys(in slot: Slot) -> Int { table.count(in: slot) }

    /// Names of keys in a slot, the newest first.
    package func keys(in slot: Slot, limit: Int) -> [[UInt8]] {
        table.numbers(in: slot, limit: limit).map { table.entries[$0].key }
    }

    /// These slots are another's now.
    package func dropKeys(in slots: SlotSet) {
        guard table.count > 0 else { return }
        for slot in slots.intersection(table.occupied) {
            for number in table.numbers(in: slot, limit: .max) { drop(number) }
        }
    }

    /// Nothing may change, also not by itself, until this is taken back.
    package func holdChanges(_ areHeld: Bool) { isFrozen = areHeld }

    /// What is here is not the master's: a copy begins with nothing.
    package func becomeReplica() {
        isReplica = true
        eraseAll()
        told.isOld = true
    }

    /// Goes on from `offset`, if that is further than our own.
    package func becomeMaster(from offset: ReplicationOffset) {
        isReplica = false
        log.advance(to: Int(clamping: offset.value))
        told.isOld = true
    }

    /// Counts from 0 again.
    package func resetFigures() { counts = KeyFigures() }

    // MARK: - Finding

    package var count: Int { table.count }
    package var expiringCount: Int { table.expiring.count }
    package var isFull: Bool { table.count >= KeyTable.keyLimit }
    package var heldBytes: Int { table.heldBytes }
    package func heldBytes(of number: Int) -> Int { table.heldBytes(of: number) }

    /// The entry of a key; one whose time is over is not there.
    package func find(_ key: Span<UInt8>) -> Int? {
        guard let number = table.find(key) else { return nil }
        guard table.entries[number].expiry <= wall else { return number }
        expire(number)
        return nil
    }

    /// The same for commands that read, which are counted.
    package func look(_ key: Span<UInt8>) -> Int? {
        let number = find(key)
        if number == nil { counts.misses &+= 1 } else { counts.hits &+= 1 }
        return number
    }

    /// Whether a key is there; nothing is taken away, and nobody counts it.
    package func holds(_ key: Span<UInt8>) -> Bool {
        table.find(key).map { table.entries[$0].expiry > wall } ?? false
    }

    /// Whether a key is held whose time is over.
    package func isExpired(_ key: Span<UInt8>) -> Bool {
        table.find(key).map { table.entries[$0].expiry <= wall } ?? false
    }

    package func key(_ number: Int) -> [UInt8] { table.entries[number].key }
    package func value(_ number: Int) -> [UInt8] { table.entries[number].value }

    /// When a key ends; nil: never.
    package func expiry(_ number: Int) -> Int64? {
        let expiry = table.entries[number].expiry
        return expiry == KeyTable.never ? nil : expiry
    }

    private func expire(_ number: Int) {
        guard !isFrozen && !isReplica else { return }
        counts.expired &+= 1
        drop(number)
    }

    /// A key goes without a command of a client: replicas are sent one.
    private func drop(_ number: Int) {
        if !isReplica { log.append([Word.del, table.entries[number].key]) }
        erase(number)
    }

    // MARK: - Changing

    /// Sets a key's value; a time to live stays only if it is to be kept.
    package func set(
        _ key: Span<UInt8>, in slot: Slot, to value: Span<UInt8>, keepingExpiry: Bool = false
    )
        -> Int
    {
        let number = entry(for: key, in: slot, keepingExpiry: keepingExpiry)
        table.setValue(of: number, value)
        changed(number)
        return number
    }

    /// The same with a value that is kept as it is, without a copy.
    package func set(
        _ key: Span<UInt8>, in slot: Slot, taking value: consuming [UInt8],
        keepingExpiry: Bool = false
    ) -> Int {
        let number = entry(for: key, in: slot, keepingExpiry: keepingExpiry)
        table.setValue(of: number, taking: value)
        changed(number)
        return number
    }

    private func entry(
        for key: Span<UInt8>, in slot: Slot, keepingExpiry: Bool
    ) -> Int {
        let hash = table.hash(key)
        let number: Int
        if let found = table.find(key, hash) {
            number = found
            if !keepingExpiry && table.entries[number].expiry != KeyTable.never {
                table.setExpiry(of: number, KeyTable.never)
            }
        } else {
            number = table.insert(key, hash, slot)
            told.isOld = true
        }
        return number
    }

    package func append(to number: Int, _ value: Span<UInt8>) {
        table.append(to: number, value)
        changed(number)
    }

    package func setValue(of number: Int, _ value: Span<UInt8>) {
        table.setValue(of: number, value)
        changed(number)
    }

    /// Sets when a key ends; nil: never.
    package func setExpiry(of number: Int, _ expiry: Int64?) {
        table.setExpiry(of: number, expiry ?? KeyTable.never)
        changed(number)
    }

    package func remove(_ number: Int) {
        changeCount &+= 1
        erase(number)
    }

    /// Takes away a key that is another node's now, if it is still as it was when that node was sent it: a value that
    /// changed meanwhile lies elsewhere. Nobody is sent anything of it.
    package func removeMoved(_ key: Span<UInt8>, value: [UInt8], expiry: Int64?) -> Bool {
        guard let number = find(key), self.expiry(number) == expiry,
            table.holds(value, at: number)
        else { return false }
        remove(number)
        return true
    }

    package func removeAll() { eraseAll() }

    private func changed(_ number: Int) {
        changeCount &+= 1
        if !watched.isEmpty { watched.disturb(table.entries[number].key) }
    }

    private func erase(_ number: Int) {
        if !watched.isEmpty { watched.disturb(table.entries[number].key) }
        table.remove(number)
        told.isOld = true
    }

    private func eraseAll() {
        guard table.count > 0 else { return }
        changeCount &+= UInt64(table.count)
        for key in watched.keys where table.find(key.span) != nil { watched.disturb(key) }
        table.removeAll()
        sweeping.place = 0
        told.isOld = true
    }

    // MARK: - Watching

    package func watch(_ key: [UInt8], _ watcher: WatcherID) { watched.add(key, watcher) }
    package func unwatch(_ key: [UInt8], _ watcher: WatcherID) { watched.remove(key, watcher) }

    /// Whether a key that somebody watches has changed.
    package var hasDisturbed: Bool { !watched.disturbed.isEmpty }

    /// Gives out whose keys have changed since the last time.
    package func takeDisturbed() -> [WatcherID] {
        defer { watched.disturbed = [] }
        return watched.disturbed
    }

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
        guard !isFrozen && !isReplica else { return }
        for _ in 0..<Self.sweepRounds {
            var ended = 0
            let looks = min(Self.sweepSize, table.expiring.count)
            for _ in 0..<looks {
                guard !table.expiring.isEmpty else { break }
                if sweeping.place >= table.expiring.count { sweeping.place = 0 }
                let number = Int(table.expiring[sweeping.place])
                if table.entries[number].expiry <= wall {
                    // The last takes its place, and is looked at next.
                    expire(number)
                    ended += 1
                } else {
                    sweeping.place += 1
                }
            }
            if ended * 4 <= looks { return }
        }
    }

    /// Milliseconds that keys with a time to live have left, from a sample.
    package var averageTimeToLive: Int64 {
        let sample = table.expiring.prefix(1000)
        guard !sample.isEmpty else { return 0 }
        let left = sample.reduce(Int64(0)) {
            $0 + max(0, min(table.entries[Int($1)].expiry - wall, 1 << 50))
        }
        return left / Int64(sample.count)
    }

    // MARK: - Walking

    /// Whether an entry holds a key whose time is not over.
    package func isThere(_ number: Int) -> Bool {
        table.entries[number].isLive && table.entries[number].expiry > wall
    }

    /// Calls `body` with the number of each key, in the order of entries.
    package func visit(_ body: (Int) -> Void) {
        for number in table.entries.indices where isThere(number) { body(number) }
    }

    /// Keys from entry `cursor` on, of at most `count` entries, and where to go on; 0 at the end.
    package func scan(from cursor: UInt64, count: Int) -> (next: UInt64, numbers: [Int]) {
        guard let first = Int(exactly: cursor), first < table.entries.count else { return (0, []) }
        let (sum, overflow) = first.addingReportingOverflow(count)
        let end = overflow ? table.entries.count : min(sum, table.entries.count)
        let numbers = (first..<end).filter(isThere)
        return (end == table.entries.count ? 0 : UInt64(end), numbers)
    }

    /// Tries by chance before the entries are walked in order.
    private static let randomTries = 100

    /// The number of any key.
    package func anyKey() -> Int? {
        guard table.count > 0 else { return nil }
        var place = 0
        for _ in 0..<Self.randomTries {
            place = Int(random.next() % UInt64(table.entries.count))
            if isThere(place) { return place }
        }
        for step in 0..<table.entries.count {
            let number = (place + step) % table.entries.count
            if isThere(number) { return number }
        }
        return nil
    }
}

/// What became of look-ups and of keys with a time to live.
package struct KeyFigures: Sendable {
    package var hits: UInt64 = 0
    package var misses: UInt64 = 0
    package var expired: UInt64 = 0
}

/// What the rules were told last.
private struct Told {
    /// Something changed since.
    var isOld = false
    var offset = 0
}

/// Where the search for keys whose time is over stands.
private struct Sweeping {
    var place = 0
    var isOn = true
}
