// Keys with their values and times to live, found by key and by slot. An entry keeps its number for
// as long as it lives: SCAN walks the numbers, so that what is there from its first call to its last
// is given exactly once, whatever else comes and goes. What expiry means is for MemoryStore.

import ClusterWire

/// All keys of a node.
///
/// A class, since copies of one moment go on reading it when the store has put another in its place.
final class KeyTable {
    static let never = Int64.max
    /// What an entry takes besides its block: its row, and its place in the index with what is free round it.
    static let overheadBytes = 24
    /// What an array takes besides its bytes, with its place in a list.
    static let arrayBytes = 48

    private static let keptEntries = 1024

    /// A key with a time to live.
    struct Expiring {
        let number: UInt32
        /// Wall milliseconds.
        var moment: Int64
    }

    /// What is added up over all keys.
    struct Sums {
        var count = 0
        /// Bytes of keys and values, with what holds them.
        var held = 0
        /// Bytes of all keys in an RDB.
        var rdb = 0
    }

    var rows = EntryRows()
    var heap = BlockHeap()
    var big = BigStrings()
    var sums = Sums()
    private(set) var expiring = PagedList<Expiring>()
    private var index = HashIndex()
    private var slots = SlotLists()
    private let seed: UInt64
    /// Bytes of the longest key that there ever was.
    private var longestKey = 0
    /// Copies that are being made.
    var copies: [StoreCopy] = []
    /// No store holds it any more; what is left is for copies.
    var isAbandoned = false
    /// Readers to whom bytes are lent; nothing may change meanwhile.
    private var lent = 0

    /// - Parameter seed: makes hashes unforeseeable, so that nobody can choose keys that collide.
    init(seed: UInt64) { self.seed = seed }

    /// An empty one with the same hashes.
    func emptied() -> KeyTable { KeyTable(seed: seed) }

    var count: Int { sums.count }
    var occupied: SlotSet { slots.occupied }
    var isFull: Bool { count >= EntryRows.limit - 1 || heap.isFull }
    /// Whether it holds the memory of many keys, and none of them.
    var isWorthEmptying: Bool { count == 0 && rows.count > Self.keptEntries }

    // MARK: - Finding

    @inline(__always)
    func hash(_ key: Span<UInt8>) -> UInt32 { KeyHash.of(key, seed: seed) }

    /// The number of the entry with this key. One that is longer than any that is held is not read: who
    /// asks for half a gigabyte does not hold up the others.
    func find(_ key: Span<UInt8>) -> Int? {
        guard key.count <= longestKey else { return nil }
        return find(key, hash(key))
    }

    /// The same with the key's hash at hand.
    func find(_ key: Span<UInt8>, _ hash: UInt32) -> Int? {
        index.find(hash) { number in
            let block = heap.block(rows.block(number))
            let header = EntryHeader(word: block.word32(0))
            if header.isBigKey {
                let name = big[Int(block.word32(EntryHeader.bytes))]
                return RawBlock.isEqual(name.span, key)
            }
            return header.key == key.count && block.isEqual(EntryHeader.bytes, to: key)
        }
    }

    /// Numbers of the entries of a slot, newest first.
    func numbers(in slot: Slot, limit: Int) -> [Int] {
        slots.numbers(in: slot, limit: limit, rows)
    }

    func count(in slot: Slot) -> Int { slots.count(in: slot) }

    // MARK: - Reading

    @inline(__always)
    func block(_ number: Int) -> RawBlock {
        precondition(rows.isLive(number))
        return heap.block(rows.block(number))
    }

    @inline(__always)
    func header(_ number: Int) -> EntryHeader { EntryHeader(word: block(number).word32(0)) }

    /// Lends the key. Nothing may be changed by `body`.
    @inline(__always)
    func withKey<Result>(_ number: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        let block = block(number)
        let header = EntryHeader(word: block.word32(0))
        if header.isBigKey { return body(big[Int(block.word32(EntryHeader.bytes))].span) }
        lent += 1
        defer { lent -= 1 }
        return block.withBytes(EntryHeader.bytes, header.key, body)
    }

    /// Lends the value. Nothing may be changed by `body`.
    @inline(__always)
    func withValue<Result>(_ number: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        let block = block(number)
        let header = EntryHeader(word: block.word32(0))
        if header.isBigValue { return body(big[Int(block.word32(header.valuePlace))].span) }
        lent += 1
        defer { lent -= 1 }
        return block.withBytes(header.valuePlace, header.value, body)
    }

    func key(_ number: Int) -> [UInt8] {
        let block = block(number)
        if EntryHeader(word: block.word32(0)).isBigKey {
            return big[Int(block.word32(EntryHeader.bytes))]
        }
        return withKey(number) { Self.copy($0) }
    }

    func value(_ number: Int) -> [UInt8] {
        let block = block(number)
        let header = EntryHeader(word: block.word32(0))
        if header.isBigValue { return big[Int(block.word32(header.valuePlace))] }
        return withValue(number) { Self.copy($0) }
    }

    func valueCount(_ number: Int) -> Int {
        let block = block(number)
        let header = EntryHeader(word: block.word32(0))
        return header.isBigValue ? big[Int(block.word32(header.valuePlace))].count : header.value
    }

    func expiry(_ number: Int) -> Int64 {
        let block = block(number)
        let header = EntryHeader(word: block.word32(0))
        guard header.expires else { return Self.never }
        return expiring[Int(block.word32(header.expiryPlace))].moment
    }

    static func copy(_ bytes: Span<UInt8>) -> [UInt8] {
        unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }

    // MARK: - What keys come to

    /// What one key takes, and how long it is in an RDB.
    func sums(_ number: Int) -> Sums {
        let block = block(number)
        let header = EntryHeader(word: block.word32(0))
        var held = Self.overheadBytes &+ BlockHeap.bytes(ofSize: header.blockSize)
        var (key, value) = (header.key, header.value)
        if header.isBigKey {
            key = big[Int(block.word32(EntryHeader.bytes))].count
            held += key + Self.arrayBytes
        }
        if header.isBigValue {
            value = big[Int(block.word32(header.valuePlace))].count
            held += value + Self.arrayBytes
        }
        if header.expires { held += MemoryLayout<Expiring>.stride }
        let rdb = RDBLength.entryBytes(key: key, value: value, expires: header.expires)
        return Sums(count: 1, held: held, rdb: rdb)
    }

    /// Before each change of an entry: copies keep it as it was, and what it comes to is taken off.
    @inline(__always)
    func beginChange(_ number: Int) {
        precondition(lent == 0, "changed while bytes are lent")
        if !copies.isEmpty { setAside(number) }
        let old = sums(number)
        sums.held &-= old.held
        sums.rdb &-= old.rdb
    }

    /// After each change.
    @inline(__always)
    func endChange(_ number: Int) {
        let new = sums(number)
        sums.held &+= new.held
        sums.rdb &+= new.rdb
    }

    private func setAside(_ number: Int) {
        for copy in copies { copy.willChange(number) }
    }

    // MARK: - Adding and removing

    /// Adds a key that is not there.
    func insert(_ key: Span<UInt8>, _ hash: UInt32, _ slot: Slot, _ value: Span<UInt8>) -> Int {
        precondition(lent == 0, "changed while bytes are lent")
        assert(KeySlot.of(key) == slot)
        let isBigKey = key.count > EntryHeader.longestKey
        var header = EntryHeader(
            key: isBigKey ? EntryHeader.placeBytes : key.count, isBigKey: isBigKey)
        header.isBigValue = !header.fits(value: value.count)
        header.value = header.isBigValue ? EntryHeader.placeBytes : value.count
        let reference = heap.take(size: header.blockSize)
        let block = heap.block(reference)
        block.setWord32(0, header.word)
        put(key, block, EntryHeader.bytes, isBig: isBigKey)
        put(value, block, header.valuePlace, isBig: header.isBigValue)
        let number = rows.take(reference)
        slots.add(number, to: slot, &rows)
        index.insert(hash, number)
        longestKey = max(longestKey, key.count)
        sums.count += 1
        endChange(number)
        return number
    }

    private func put(_ bytes: Span<UInt8>, _ block: RawBlock, _ place: Int, isBig: Bool) {
        if isBig {
            block.setWord32(place, big.add(Self.copy(bytes)))
        } else {
            block.put(place, bytes)
        }
    }

    func remove(_ number: Int) {
        beginChange(number)
        dropExpiry(number)
        let (hash, slot) = withKey(number) { (self.hash($0), KeySlot.of($0)) }
        index.remove(hash, number)
        slots.remove(number, from: slot, &rows)
        let block = block(number)
        let header = EntryHeader(word: block.word32(0))
        if header.isBigKey { big.remove(Int(block.word32(EntryHeader.bytes))) }
        if header.isBigValue { big.remove(Int(block.word32(header.valuePlace))) }
        heap.giveBack(rows.block(number))
        rows.giveBack(number)
        sums.count -= 1
    }

    // MARK: - Times to live

    /// Sets or takes away a time to live.
    func setExpiry(of number: Int, _ moment: Int64) {
        if moment == Self.never && !header(number).expires { return }
        beginChange(number)
        if moment == Self.never {
            dropExpiry(number)
        } else if header(number).expires {
            expiring[expiringPlace(number)].moment = moment
        } else {
            var header = header(number)
            header.expires = true
            resize(number, to: header)
            block(number).setWord32(header.expiryPlace, UInt32(expiring.count))
            expiring.append(Expiring(number: UInt32(number), moment: moment))
        }
        endChange(number)
    }

    private func expiringPlace(_ number: Int) -> Int {
        Int(block(number).word32(header(number).expiryPlace))
    }

    private func dropExpiry(_ number: Int) {
        var header = header(number)
        guard header.expires else { return }
        let place = expiringPlace(number)
        // The last takes its place.
        if let last = expiring.popLast(), place < expiring.count {
            expiring[place] = last
            let moved = Int(last.number)
            block(moved).setWord32(self.header(moved).expiryPlace, UInt32(place))
        }
        header.expires = false
        resize(number, to: header)
    }

    // MARK: - Letting go

    /// Gives back a piece of its memory, of which nothing is read any more.
    /// - Returns: whether there was any.
    func letGoOfPiece() -> Bool {
        heap.letGoOfPage() || big.letGoOfPage() || rows.letGoOfPage() || index.letGoOfSegment()
            || expiring.letGoOfPage()
    }
}
