// The keys of a node in memory: what is there now, what has expired, who watches a key, how much
// was written. Commands say what they want in these words; replies and errors are theirs, and what the
// rules of the cluster are told is the server's.

package import ClusterWire
import Determinism

/// Strings in memory.
///
/// Nothing that it keeps is `package`: what only one module can reach, the compiler proves to be used by
/// one at a time, and need not check at each access.
package final class MemoryStore {
    var table: KeyTable
    var random: SplitMix64
    var wall: Int64 = 0
    private var longestValue = Int.max
    var changeCount: UInt64 = 0
    private var told = Told()
    var role = StoreRole()
    var watched = WatchedKeys()
    private var counts = KeyFigures()
    var sweeping = Sweeping()
    var leaving = LeavingTables()
    /// What is written, for replicas.
    package let log: ReplicationLog

    package init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        table = KeyTable(seed: random.next())
        log = ReplicationLog(seed: random.next())
        self.random = random
    }

    /// A seed for another store.
    func freshSeed() -> UInt64 { random.next() }

    deinit {
        // A copy and its table hold each other until the copy ends.
        for copy in table.copies { copy.end() }
        leaving.endCopies()
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
    package var isHeld: Bool { role.isFrozen }
    /// Keys are a master's, which says when they go.
    package var isReplica: Bool { role.isReplica }
    package var figures: KeyFigures { counts }

    // MARK: - What the rules are told, and what they ask for

    /// Our own replication offset.
    package var offset: ReplicationOffset { ReplicationOffset(UInt64(log.offset)) }
    /// Whether the offset, the role or what is held has changed since it was last marked as told.
    package var hasNews: Bool { told.isOld || log.offset != told.offset }
    package func markTold() { told = Told(isOld: false, offset: log.offset) }
    package var isEmpty: Bool { table.count == 0 }
    /// Slots that hold keys.
    package var occupied: SlotSet { table.occupied }

    package func countKeys(in slot: Slot) -> Int { table.count(in: slot) }

    /// Names of keys in a slot, the newest first.
    package func keys(in slot: Slot, limit: Int) -> [[UInt8]] {
        table.numbers(in: slot, limit: limit).map { table.key($0) }
    }

    /// These slots are another's now.
    package func dropKeys(in slots: SlotSet) {
        guard table.count > 0 else { return }
        for slot in slots.intersection(table.occupied) {
            for number in table.numbers(in: slot, limit: .max) { drop(number) }
        }
    }

    /// Nothing may change, also not by itself, until this is taken back.
    package func holdChanges(_ areHeld: Bool) { role.isFrozen = areHeld }

    /// Keys stay until a copy of the master's takes their place.
    package func becomeReplica() {
        role.isReplica = true
        told.isOld = true
    }

    /// Goes on from `offset`, if that is further than our own.
    package func becomeMaster(from offset: ReplicationOffset) {
        role.isReplica = false
        log.advance(to: Int(clamping: offset.value))
        told.isOld = true
    }

    /// Counts from 0 again.
    package func resetFigures() { counts = KeyFigures() }

    // MARK: - Finding

    package var count: Int { table.count }
    package var expiringCount: Int { table.expiring.count }
    package var isFull: Bool { table.isFull }
    package var heldBytes: Int { table.sums.held }
    package func heldBytes(of number: Int) -> Int { table.sums(number).held }

    /// What comes from the master's stream sees keys whose time is over, since only the master says when a
    /// key ends; clients do not. Set by whoever applies the stream, for as long as it does.
    package var readsExpired: Bool {
        get { role.readsExpired }
        set { role.readsExpired = newValue }
    }

    @inline(__always)
    func isOver(_ number: Int) -> Bool { table.expiry(number) <= wall }

    /// The entry of a key; one whose time is over is not there.
    package func find(_ key: Span<UInt8>) -> Int? {
        guard let number = table.find(key) else { return nil }
        guard isOver(number) && !role.readsExpired else { return number }
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
        table.find(key).map { isThere($0) } ?? false
    }

    /// Whether a key is held whose time is over.
    package func isExpired(_ key: Span<UInt8>) -> Bool {
        table.find(key).map { isOver($0) } ?? false
    }

    /// Whether an entry has a key that is there to be read now.
    package func isThere(_ number: Int) -> Bool {
        table.rows.isLive(number) && (role.readsExpired || !isOver(number))
    }

    // MARK: - Reading

    package func key(_ number: Int) -> [UInt8] { table.key(number) }
    package func value(_ number: Int) -> [UInt8] { table.value(number) }
    package func valueCount(_ number: Int) -> Int { table.valueCount(number) }

    /// Lends a key, which is not copied. `body` must not change the store.
    @inline(__always)
    package func withKey<Result>(_ number: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        table.withKey(number, body)
    }

    /// Lends a value, which is not copied. `body` must not change the store.
    @inline(__always)
    package func withValue<Result>(_ number: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        table.withValue(number, body)
    }

    /// When a key ends; nil: never.
    package func expiry(_ number: Int) -> Int64? {
        let expiry = table.expiry(number)
        return expiry == KeyTable.never ? nil : expiry
    }

    func expire(_ number: Int) {
        guard !role.isFrozen && !role.isReplica else { return }
        counts.expired &+= 1
        drop(number)
    }

    /// A key goes to make room for others.
    func evict(_ number: Int) {
        counts.evicted &+= 1
        drop(number)
    }

    /// A key goes without a command of a client: replicas are sent one.
    private func drop(_ number: Int) {
        if !role.isReplica { log.append([Word.del, table.key(number)]) }
        erase(number)
    }

    // MARK: - Changing

    /// Sets a key's value; a time to live stays only if it is to be kept.
    package func set(
        _ key: Span<UInt8>, in slot: Slot, to value: Span<UInt8>, keepingExpiry: Bool = false
    )
        -> Int
    {
        let hash = table.hash(key)
        let number: Int
        if let found = table.find(key, hash) {
            number = found
            if !keepingExpiry { table.setExpiry(of: number, KeyTable.never) }
            table.setValue(of: number, value)
        } else {
            number = table.insert(key, hash, slot, value)
            told.isOld = true
        }
        changed(number)
        return number
    }

    /// The same with a value that is kept as it is, without a copy if it is long.
    package func set(
        _ key: Span<UInt8>, in slot: Slot, taking value: consuming [UInt8],
        keepingExpiry: Bool = false
    ) -> Int {
        let hash = table.hash(key)
        let number: Int
        if let found = table.find(key, hash) {
            number = found
            if !keepingExpiry { table.setExpiry(of: number, KeyTable.never) }
        } else {
            number = table.insert(key, hash, slot, [UInt8]().span)
            told.isOld = true
        }
        table.setValue(of: number, sharing: value)
        changed(number)
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

    /// Writes into a value from `offset` on; zeros fill what lacks before that.
    /// - Returns: false if the value would be longer than one may be; nothing has changed then.
    package func setSlice(of number: Int, at offset: Int, _ bytes: Span<UInt8>) -> Bool {
        let (end, overflow) = offset.addingReportingOverflow(bytes.count)
        guard offset >= 0, !overflow, end <= valueLimit else { return false }
        guard bytes.count > 0 else { return true }
        table.setSlice(of: number, at: offset, bytes)
        changed(number)
        return true
    }

    /// Sets when a key ends; nil: never.
    package func setExpiry(of number: Int, _ expiry: Int64?) {
        table.setExpiry(of: number, expiry ?? KeyTable.never)
        changed(number)
    }

    /// Gives another key the value and the time to live of this one; a long value is shared.
    /// - Returns: the number of the other key.
    package func copy(_ number: Int, to key: Span<UInt8>, in slot: Slot) -> Int {
        let target = transfer(number, to: key, in: slot)
        changed(target)
        return target
    }

    /// The same, and this key is no more.
    package func rename(_ number: Int, to key: Span<UInt8>, in slot: Slot) -> Int {
        let target = transfer(number, to: key, in: slot)
        changed(target)
        if target != number { erase(number) }
        return target
    }

    private func transfer(_ number: Int, to key: Span<UInt8>, in slot: Slot) -> Int {
        let value = table.value(number)
        let expiry = table.expiry(number)
        let hash = table.hash(key)
        let target = table.find(key, hash) ?? table.insert(key, hash, slot, [UInt8]().span)
        if target != number {
            table.setValue(of: target, sharing: value)
            table.setExpiry(of: target, expiry)
        }
        return target
    }

    package func remove(_ number: Int) {
        changeCount &+= 1
        erase(number)
    }

    /// Takes away a key that is another node's now, if it is still as it was when that node was sent it: a long value
    /// that changed meanwhile lies elsewhere. Nobody is sent anything of it.
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
        if !watched.isEmpty { watched.disturb(table.key(number)) }
    }

    private func erase(_ number: Int) {
        if !watched.isEmpty { watched.disturb(table.key(number)) }
        table.remove(number)
        told.isOld = true
        // An empty table gives back what many keys took; one that holds few now and then keeps it.
        if table.isWorthEmptying { putInPlace(table.emptied()) }
    }

    private func eraseAll() {
        guard table.count > 0 else { return }
        changeCount &+= UInt64(table.count)
        for key in watched.keys where table.find(key.span) != nil { watched.disturb(key) }
        putInPlace(table.emptied())
    }

    /// Takes all keys of another store in place of its own, at once. The other is empty then, and what was
    /// here is let go with the next ticks.
    package func replaceAll(with other: MemoryStore) {
        precondition(other !== self)
        for key in watched.keys
        where table.find(key.span) != nil || other.table.find(key.span) != nil {
            watched.disturb(key)
        }
        changeCount &+= 1
        let new = other.table
        other.table = new.emptied()
        other.sweeping.place = 0
        other.told.isOld = true
        putInPlace(new)
    }

    private func putInPlace(_ new: KeyTable) {
        let old = table
        table = new
        leaving.add(old)
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
}

/// What became of look-ups and of keys with a time to live.
package struct KeyFigures: Sendable {
    package var hits: UInt64 = 0
    package var misses: UInt64 = 0
    package var expired: UInt64 = 0
    package var evicted: UInt64 = 0
}

/// What the rules were told last.
private struct Told {
    /// Something changed since.
    var isOld = false
    var offset = 0
}

/// Who may change keys, and who sees which.
struct StoreRole {
    /// Nothing may change for now.
    var isFrozen = false
    var isReplica = false
    var readsExpired = false
}
