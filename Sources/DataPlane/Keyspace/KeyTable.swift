// Keys with their values and times to live, found by key and by slot. An entry keeps its number for
// as long as it lives: SCAN walks the numbers, so that what is there from its first call to its last
// is given exactly once, whatever else comes and goes. What expiry means is for MemoryStore.

import ClusterWire

/// All keys of a node.
struct KeyTable {
    /// One key.
    struct Entry {
        var key: [UInt8]
        var value: [UInt8]
        /// Wall milliseconds at which the key ends; `never` for most.
        var expiry: Int64
        var hash: UInt32
        /// Neighbours among the keys of the slot.
        var newer: UInt32
        var older: UInt32
        /// Its place in `expiring`.
        var expiringPlace: UInt32
        var slot: UInt16
        var isLive: Bool
    }

    static let never = Int64.max
    /// Keys that are held at most; far below what the numbers of entries could count.
    static let keyLimit = 1 << 31
    /// What an entry takes besides the bytes of its key and value: its row, two array headers and
    /// its place in the index.
    static let overheadBytes = 136

    private static let none = UInt32.max
    private static let keptEntries = 1024

    private(set) var entries: [Entry] = []
    private(set) var count = 0
    /// Bytes of keys and values, with what holds them.
    private(set) var heldBytes = 0
    /// Numbers of entries whose key has a time to live.
    private(set) var expiring: [UInt32] = []
    /// Slots that hold keys.
    private(set) var occupied = SlotSet()

    private var free: [UInt32] = []
    /// Open addressing: the number of an entry plus one, or 0.
    private var index: [UInt32] = []
    /// The newest key and the count of keys of each slot; empty while there are no keys.
    private var heads: [UInt32] = []
    private var counts: [UInt32] = []
    private let seed: UInt64
    /// Bytes of the longest key that there ever was, since there was none.
    private var longestKey = 0

    /// - Parameter seed: makes hashes unforeseeable, so that nobody can choose keys that collide.
    init(seed: UInt64) { self.seed = seed }

    /// What one key takes.
    func heldBytes(of number: Int) -> Int {
        entries[number].key.count + entries[number].value.count + Self.overheadBytes
    }

    // MARK: - Finding

    func hash(_ key: Span<UInt8>) -> UInt32 {
        var value = seed ^ UInt64(truncatingIfNeeded: key.count)
        var at = 0
        while key.count &- at >= 8 {
            let piece = key.extracting(at..<(at &+ 8))
            var word: UInt64 = 0
            for index in 0..<8 { word |= UInt64(piece[index]) << UInt64(index &* 8) }
            value = Self.mix(value ^ word)
            at &+= 8
        }
        var rest: UInt64 = 0
        while at < key.count {
            rest = rest << 8 | UInt64(key[at])
            at &+= 1
        }
        let mixed = Self.mix(value ^ rest)
        return UInt32(truncatingIfNeeded: mixed ^ mixed >> 32)
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }

    /// The number of the entry with this key. One that is longer than any that is held is not read: who
    /// asks for half a gigabyte does not hold up the others.
    func find(_ key: Span<UInt8>) -> Int? {
        guard key.count <= longestKey else { return nil }
        return find(key, hash(key))
    }

    /// The same with the key's hash at hand.
    func find(_ key: Span<UInt8>, _ hash: UInt32) -> Int? {
        guard !index.isEmpty else { return nil }
        let mask = index.count &- 1
        var place = Int(hash) & mask
        while index[place] != 0 {
            let number = Int(index[place] &- 1)
            if entries[number].hash == hash {
                let candidate = entries[number].key
                if Self.isEqual(candidate.span, key) { return number }
            }
            place = (place &+ 1) & mask
        }
        return nil
    }

    private static func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }

    // MARK: - Changing

    /// Adds a key that is not there, with an empty value.
    mutating func insert(_ key: Span<UInt8>, _ hash: UInt32, _ slot: Slot) -> Int {
        growIfNeeded()
        if heads.isEmpty {
            heads = [UInt32](repeating: Self.none, count: Layout.slotCount)
            counts = [UInt32](repeating: 0, count: Layout.slotCount)
        }
        let head = heads[slot.index]
        let entry = Entry(
            key: Self.copy(key), value: [], expiry: Self.never, hash: hash, newer: Self.none,
            older: head, expiringPlace: Self.none, slot: slot.value, isLive: true)
        let number: Int
        if let reused = free.popLast() {
            number = Int(reused)
            entries[number] = entry
        } else {
            number = entries.count
            entries.append(entry)
        }
        if head != Self.none { entries[Int(head)].newer = UInt32(number) }
        heads[slot.index] = UInt32(number)
        counts[slot.index] += 1
        if counts[slot.index] == 1 { occupied.insert(slot) }
        place(UInt32(number), hash)
        longestKey = max(longestKey, key.count)
        count += 1
        heldBytes += key.count + Self.overheadBytes
        return number
    }

    mutating func remove(_ number: Int) {
        setExpiry(of: number, Self.never)
        takeFromIndex(number)
        let entry = entries[number]
        let slot = Int(entry.slot)
        if entry.newer == Self.none {
            heads[slot] = entry.older
        } else {
            entries[Int(entry.newer)].older = entry.older
        }
        if entry.older != Self.none { entries[Int(entry.older)].newer = entry.newer }
        counts[slot] -= 1
        if counts[slot] == 0, let slot = Slot(slot) { occupied.remove(slot) }
        heldBytes -= entry.key.count + entry.value.count + Self.overheadBytes
        entries[number].key = []
        entries[number].value = []
        entries[number].isLive = false
        free.append(UInt32(number))
        count -= 1
        // An empty table gives back what many keys took; one that holds few now and then keeps it.
        if count == 0 && entries.count > Self.keptEntries { removeAll() }
    }

    mutating func removeAll() { self = KeyTable(seed: seed) }

    /// Gives an entry this value; small changes keep its memory.
    mutating func setValue(of number: Int, _ value: Span<UInt8>) {
        let old = entries[number].value.count
        if entries[number].value.capacity >= value.count
            && entries[number].value.capacity <= 2 * value.count + 64
        {
            entries[number].value.removeAll(keepingCapacity: true)
            unsafe value.withUnsafeBufferPointer { bytes in
                unsafe entries[number].value.append(contentsOf: bytes)
            }
        } else {
            entries[number].value = Self.copy(value)
        }
        heldBytes += value.count - old
    }

    /// Gives an entry this value, without a copy.
    mutating func setValue(of number: Int, taking value: consuming [UInt8]) {
        heldBytes += value.count - entries[number].value.count
        entries[number].value = value
    }

    /// Whether the value of an entry is this one: the same bytes at the same place, not equal ones.
    func holds(_ value: [UInt8], at number: Int) -> Bool {
        // Addresses are compared, and nothing is read from them.
        let theirs = unsafe value.withUnsafeBufferPointer { $0.baseAddress }
        return unsafe entries[number].value.withUnsafeBufferPointer {
            unsafe $0.baseAddress == theirs && $0.count == value.count
        }
    }

    mutating func append(to number: Int, _ value: Span<UInt8>) {
        unsafe value.withUnsafeBufferPointer { bytes in
            unsafe entries[number].value.append(contentsOf: bytes)
        }
        heldBytes += value.count
    }

    /// Sets or takes away a time to live.
    mutating func setExpiry(of number: Int, _ expiry: Int64) {
        let had = entries[number].expiry != Self.never
        let has = expiry != Self.never
        entries[number].expiry = expiry
        if has && !had {
            entries[number].expiringPlace = UInt32(expiring.count)
            expiring.append(UInt32(number))
        } else if had && !has {
            // The last takes its place.
            let place = Int(entries[number].expiringPlace)
            let last = expiring.removeLast()
            if place < expiring.count {
                expiring[place] = last
                entries[Int(last)].expiringPlace = UInt32(place)
            }
            entries[number].expiringPlace = Self.none
        }
    }

    private static func copy(_ bytes: Span<UInt8>) -> [UInt8] {
        unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }

    // MARK: - Slots

    func count(in slot: Slot) -> Int { counts.isEmpty ? 0 : Int(counts[slot.index]) }

    /// Numbers of the entries of a slot, newest first.
    func numbers(in slot: Slot, limit: Int) -> [Int] {
        guard !heads.isEmpty else { return [] }
        var list: [Int] = []
        var at = heads[slot.index]
        while at != Self.none && list.count < limit {
            list.append(Int(at))
            at = entries[Int(at)].older
        }
        return list
    }

    // MARK: - The index

    /// Half of the places are free, so that few are looked at.
    private mutating func growIfNeeded() {
        guard (count + 1) * 2 > index.count else { return }
        index = [UInt32](repeating: 0, count: max(16, index.count * 2))
        for (number, entry) in entries.enumerated() where entry.isLive {
            place(UInt32(number), entry.hash)
        }
    }

    private mutating func place(_ number: UInt32, _ hash: UInt32) {
        let mask = index.count &- 1
        var place = Int(hash) & mask
        while index[place] != 0 { place = (place &+ 1) & mask }
        index[place] = number + 1
    }

    /// Takes an entry out and moves back what was pushed on by it, so that no gap hides a key.
    private mutating func takeFromIndex(_ number: Int) {
        let mask = index.count &- 1
        var gap = Int(entries[number].hash) & mask
        while index[gap] != UInt32(number) + 1 { gap = (gap &+ 1) & mask }
        var at = gap
        while true {
            at = (at &+ 1) & mask
            guard index[at] != 0 else { break }
            let home = Int(entries[Int(index[at] - 1)].hash) & mask
            // It may move when its home does not lie behind the gap.
            if (at &- home) & mask >= (at &- gap) & mask {
                index[gap] = index[at]
                gap = at
            }
        }
        index[gap] = 0
    }
}
