// The keys of a node in memory: what is there now, what has expired, who watches a key, how much
// was written. Commands say what they want in these words; replies and errors are theirs. It copies
// from nobody and to nobody yet.

import ClusterCore
import ClusterWire
import Determinism

/// Strings in memory.
final class MemoryStore: DataStore {
    private(set) var table: KeyTable
    private var random: SplitMix64
    /// Wall milliseconds; set at each wake-up, so that a request sees one moment.
    var now: Int64 = 0

    /// Changes that commands made since the start.
    private(set) var changes: UInt64 = 0
    private(set) var offset: ReplicationOffset = 0
    private(set) var hasNews = false
    /// Nothing may change for now.
    private(set) var isHeld = false
    private var isReplica = false

    /// Keys that somebody watches, and who; empty for nearly all nodes nearly always.
    private var watchers: [[UInt8]: [ClientID]] = [:]
    /// Clients whose watched keys changed, for the transactions to take.
    var disturbed: [ClientID] = []

    var hits: UInt64 = 0
    var misses: UInt64 = 0
    private(set) var expiredKeys: UInt64 = 0
    private var sweepPlace = 0
    /// Whether keys whose time is over go without being asked for.
    var expiresByItself = true

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        table = KeyTable(seed: random.next())
        self.random = random
    }

    // MARK: - DataStore

    var report: StoreReport {
        StoreReport(offset: offset, isEmpty: table.count == 0, occupied: table.occupied)
    }

    func markTold() { hasNews = false }
    var holdsCopy: Bool { false }
    func countKeys(in slot: Slot) -> Int { table.count(in: slot) }

    func keys(in slot: Slot, limit: Int) -> [[UInt8]] {
        table.numbers(in: slot, limit: limit).map { table.entries[$0].key }
    }

    func dropKeys(in slots: SlotSet) {
        guard table.count > 0 else { return }
        for slot in slots.intersection(table.occupied) {
            for number in table.numbers(in: slot, limit: .max) { erase(number) }
        }
    }

    func holdChanges(_ isHeld: Bool) { self.isHeld = isHeld }

    func follow(_ master: NodeAddress?, from offset: ReplicationOffset) {
        isReplica = master != nil
        if isReplica {
            // What is here is not the master's: a copy begins with nothing.
            eraseAll()
        } else if self.offset < offset {
            self.offset = offset
        }
        hasNews = true
    }

    /// A command changed something: its bytes, as a replica would be sent them.
    func wrote(bytes: Int) {
        guard !isReplica else { return }
        offset = ReplicationOffset(offset.value &+ UInt64(bytes))
        hasNews = true
    }

    /// Counts from 0 again.
    func resetFigures() {
        hits = 0
        misses = 0
        expiredKeys = 0
    }

    // MARK: - Finding

    var count: Int { table.count }
    var expiringCount: Int { table.expiring.count }
    var isFull: Bool { table.count >= KeyTable.keyLimit }
    var heldBytes: Int { table.heldBytes }
    func heldBytes(of number: Int) -> Int { table.heldBytes(of: number) }

    /// The entry of a key; one whose time is over is not there.
    func find(_ key: Span<UInt8>) -> Int? {
        guard let number = table.find(key) else { return nil }
        guard table.entries[number].expiry <= now else { return number }
        expire(number)
        return nil
    }

    /// The same for commands that read, which are counted.
    func look(_ key: Span<UInt8>) -> Int? {
        let number = find(key)
        if number == nil { misses &+= 1 } else { hits &+= 1 }
        return number
    }

    /// Whether a key is there; nothing is taken away, and nobody counts it.
    func holds(_ key: Span<UInt8>) -> Bool {
        table.find(key).map { table.entries[$0].expiry > now } ?? false
    }

    /// Whether a key is held whose time is over.
    func isExpired(_ key: Span<UInt8>) -> Bool {
        table.find(key).map { table.entries[$0].expiry <= now } ?? false
    }

    func key(_ number: Int) -> [UInt8] { table.entries[number].key }
    func value(_ number: Int) -> [UInt8] { table.entries[number].value }

    /// When a key ends; nil: never.
    func expiry(_ number: Int) -> Int64? {
        let expiry = table.entries[number].expiry
        return expiry == KeyTable.never ? nil : expiry
    }

    private func expire(_ number: Int) {
        guard !isHeld && !isReplica else { return }
        let bytes = RequestSize.bytes(of: [3, table.entries[number].key.count])
        erase(number)
        expiredKeys &+= 1
        wrote(bytes: bytes)
    }

    // MARK: - Changing

    /// Sets a key's value; a time to live stays only if it is to be kept.
    func set(_ key: Span<UInt8>, in slot: Slot, to value: Span<UInt8>, keepingExpiry: Bool = false)
        -> Int
    {
        let hash = table.hash(key)
        let number: Int
        if let found = table.find(key, hash) {
            number = found
            if !keepingExpiry && table.entries[number].expiry != KeyTable.never {
                table.setExpiry(of: number, KeyTable.never)
            }
        } else {
            number = table.insert(key, hash, slot)
        }
        table.setValue(of: number, value)
        changed(number)
        return number
    }

    func append(to number: Int, _ value: Span<UInt8>) {
        table.append(to: number, value)
        changed(number)
    }

    func setValue(of number: Int, _ value: Span<UInt8>) {
        table.setValue(of: number, value)
        changed(number)
    }

    /// Sets when a key ends; nil: never.
    func setExpiry(of number: Int, _ expiry: Int64?) {
        table.setExpiry(of: number, expiry ?? KeyTable.never)
        changed(number)
    }

    func remove(_ number: Int) {
        changes &+= 1
        erase(number)
    }

    func removeAll() { eraseAll() }

    private func changed(_ number: Int) {
        changes &+= 1
        if !watchers.isEmpty { disturb(table.entries[number].key) }
    }

    private func erase(_ number: Int) {
        if !watchers.isEmpty { disturb(table.entries[number].key) }
        table.remove(number)
        hasNews = true
    }

    private func eraseAll() {
        guard table.count > 0 else { return }
        changes &+= UInt64(table.count)
        for key in watchers.keys.sorted(by: { $0.lexicographicallyPrecedes($1) })
        where table.find(key.span) != nil {
            disturb(key)
        }
        table.removeAll()
        sweepPlace = 0
        hasNews = true
    }

    // MARK: - Watching

    func watch(_ key: [UInt8], _ client: ClientID) {
        watchers[key, default: []].append(client)
    }

    func unwatch(_ key: [UInt8], _ client: ClientID) {
        guard var list = watchers[key] else { return }
        list.removeAll { $0 == client }
        watchers[key] = list.isEmpty ? nil : list
    }

    private func disturb(_ key: [UInt8]) {
        if let list = watchers[key] { disturbed += list }
    }

    // MARK: - Expiry by itself

    /// Keys looked at in one round, and the share of them that makes another worth it.
    private static let sweepSize = 20
    private static let sweepRounds = 50

    /// Each tick: takes away keys whose time is over, more of them the more there are.
    func sweep() {
        guard !isHeld && !isReplica else { return }
        for _ in 0..<Self.sweepRounds {
            var ended = 0
            let looks = min(Self.sweepSize, table.expiring.count)
            for _ in 0..<looks {
                guard !table.expiring.isEmpty else { break }
                if sweepPlace >= table.expiring.count { sweepPlace = 0 }
                let number = Int(table.expiring[sweepPlace])
                if table.entries[number].expiry <= now {
                    // The last takes its place, and is looked at next.
                    expire(number)
                    ended += 1
                } else {
                    sweepPlace += 1
                }
            }
            if ended * 4 <= looks { return }
        }
    }

    /// Milliseconds that keys with a time to live have left, from a sample.
    var averageTimeToLive: Int64 {
        let sample = table.expiring.prefix(1000)
        guard !sample.isEmpty else { return 0 }
        let left = sample.reduce(Int64(0)) {
            $0 + max(0, min(table.entries[Int($1)].expiry - now, 1 << 50))
        }
        return left / Int64(sample.count)
    }

    // MARK: - Walking

    private func isThere(_ number: Int) -> Bool {
        table.entries[number].isLive && table.entries[number].expiry > now
    }

    /// Calls `body` with the number of each key, in the order of entries.
    func visit(_ body: (Int) -> Void) {
        for number in table.entries.indices where isThere(number) { body(number) }
    }

    /// Keys from entry `cursor` on, of at most `count` entries, and where to go on; 0 at the end.
    func scan(from cursor: UInt64, count: Int) -> (next: UInt64, numbers: [Int]) {
        guard let first = Int(exactly: cursor), first < table.entries.count else { return (0, []) }
        let (sum, overflow) = first.addingReportingOverflow(count)
        let end = overflow ? table.entries.count : min(sum, table.entries.count)
        let numbers = (first..<end).filter(isThere)
        return (end == table.entries.count ? 0 : UInt64(end), numbers)
    }

    /// Tries by chance before the entries are walked in order.
    private static let randomTries = 100

    /// The number of any key.
    func anyKey() -> Int? {
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

/// How many bytes a request has in the client protocol.
enum RequestSize {
    /// - Parameter lengths: the lengths of its arguments.
    static func bytes(of lengths: [Int]) -> Int {
        lengths.reduce(line(lengths.count)) { $0 + argument($1) }
    }

    static func line(_ number: Int) -> Int {
        var digits = 1
        var rest = number
        while rest >= 10 {
            digits += 1
            rest /= 10
        }
        return digits + 3
    }

    static func argument(_ length: Int) -> Int { line(length) + length + 2 }
}
