// Hash slots: one, a range, and the set of 16384 that headers and UPDATE carry as a bitmap. The
// set is what every heartbeat brings and nearly never changes, so it is held as words: equal sets
// are found equal in tens of nanoseconds, and only bits that differ are walked.

/// One of the 16384 hash slots.
public struct Slot: Hashable, Comparable, Sendable, BitwiseCopyable, CustomStringConvertible {
    /// The number of the slot, in 0..<16384.
    public let value: UInt16

    /// The slot with this number, or nil when it is not in 0..<16384.
    @inlinable public init?(_ number: Int) {
        guard number >= 0, number < Layout.slotCount else { return nil }
        value = UInt16(truncatingIfNeeded: number)
    }

    @inlinable init(unchecked number: Int) { value = UInt16(truncatingIfNeeded: number) }

    /// The number of the slot, as an index.
    @inlinable public var index: Int { Int(value) }
    /// By number.
    @inlinable
    public static func < (left: Slot, right: Slot) -> Bool { left.value < right.value }
    /// The number in decimal.
    public var description: String { String(value) }

    /// Every slot in ascending order.
    public static var all: some Sequence<Slot> {
        (0..<Layout.slotCount).lazy.map { Slot(unchecked: $0) }
    }
}

/// Slots from `first` to `last`, both included.
public struct SlotRange: Hashable, Sendable, CustomStringConvertible {
    /// The first slot of the range.
    public var first: Slot
    /// The last slot of the range, which is part of it.
    public var last: Slot

    /// The range, or nil when `first` is above `last`.
    public init?(_ first: Slot, _ last: Slot) {
        guard first <= last else { return nil }
        self.first = first
        self.last = last
    }

    /// How many slots the range has, at least 1.
    public var count: Int { last.index - first.index + 1 }

    /// "5" or "5-9", as CLUSTER NODES prints it.
    public var description: String { first == last ? "\(first)" : "\(first)-\(last)" }
}

/// A set of hash slots.
///
/// Copies share storage until one changes. An empty set may hold no storage at all.
///
/// - Source: bus protocol §2.4.
public struct SlotSet: Sendable {
    /// 256 words, slot s at bit s % 64 of word s / 64; or none, for an empty set.
    @usableFromInline var words: [UInt64]

    @usableFromInline static let wordCount = 256

    /// Makes a set without slots, and without storage.
    @inlinable public init() { words = [] }

    /// Makes the set of all slots of these ranges, which may overlap.
    public init(_ ranges: some Sequence<SlotRange>) {
        self.init()
        for range in ranges { insert(range) }
    }

    /// Every slot.
    public static let all: SlotSet = {
        var set = SlotSet()
        set.words = [UInt64](repeating: ~0, count: wordCount)
        return set
    }()

    @inlinable
    init(_ bytes: RawSpan, at offset: Int) {
        var seen: UInt64 = 0
        words = unsafe [UInt64](unsafeUninitializedCapacity: Self.wordCount) { target, filled in
            for index in 0..<Self.wordCount {
                let word: UInt64 = bytes.le(offset &+ index &* 8)
                seen |= word
                // Memory that was just allocated for exactly this many words.
                unsafe target.initializeElement(at: index, to: word)
            }
            filled = Self.wordCount
        }
        if seen == 0 { words = [] }
    }

    /// Whether these bytes say exactly this set, which must not be empty.
    func isWritten(in bytes: RawSpan, at offset: Int) -> Bool {
        guard !words.isEmpty else { return false }
        var difference: UInt64 = 0
        for index in 0..<Self.wordCount {
            difference |= bytes.le(offset &+ index &* 8, as: UInt64.self) ^ words[index]
        }
        return difference == 0
    }

    @inlinable
    func put(into bytes: inout MutableRawSpan, at offset: Int) {
        guard !words.isEmpty else {
            for index in 0..<Self.wordCount { bytes.putLE(UInt64(0), offset &+ index &* 8) }
            return
        }
        for index in 0..<Self.wordCount { bytes.putLE(words[index], offset &+ index &* 8) }
    }

    /// Whether both share their storage: equal without looking.
    @inlinable
    package func isIdentical(to other: SlotSet) -> Bool {
        // Only the addresses are compared.
        unsafe words.withUnsafeBufferPointer { mine in
            unsafe other.words.withUnsafeBufferPointer { theirs in
                unsafe mine.baseAddress == theirs.baseAddress && mine.count == theirs.count
            }
        }
    }

    /// Whether the set holds no slot.
    @inlinable public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// How many slots the set holds.
    @inlinable public var count: Int { words.reduce(0) { $0 &+ $1.nonzeroBitCount } }

    /// Whether the set holds this slot.
    @inlinable
    public func contains(_ slot: Slot) -> Bool {
        !words.isEmpty && words[slot.index >> 6] & (1 << UInt64(slot.index & 63)) != 0
    }

    /// Adds a slot, if it is not there.
    public mutating func insert(_ slot: Slot) {
        reserve()
        words[slot.index >> 6] |= 1 << UInt64(slot.index & 63)
    }

    /// Adds all slots of a range.
    public mutating func insert(_ range: SlotRange) {
        for number in range.first.index...range.last.index { insert(Slot(unchecked: number)) }
    }

    /// Takes a slot out, if it is there.
    public mutating func remove(_ slot: Slot) {
        guard !words.isEmpty else { return }
        words[slot.index >> 6] &= ~(1 << UInt64(slot.index & 63))
    }

    /// Takes all slots out, and lets the storage go.
    public mutating func removeAll() { words = [] }

    private mutating func reserve() {
        if words.isEmpty { words = [UInt64](repeating: 0, count: Self.wordCount) }
    }

    /// The smallest slot, or nil when the set is empty.
    public var first: Slot? {
        for (index, word) in words.enumerated() where word != 0 {
            return Slot(unchecked: index * 64 + word.trailingZeroBitCount)
        }
        return nil
    }

    /// The set as ranges, ascending and as few as possible.
    public var ranges: [SlotRange] {
        var list: [SlotRange] = []
        forEachRange { first, last in
            if let range = SlotRange(Slot(unchecked: first), Slot(unchecked: last)) {
                list.append(range)
            }
        }
        return list
    }

    /// Calls `body` with the first and last slot of each range, ascending and as few as possible.
    ///
    /// Whole words of slots are taken at once: most sets are a few long ranges.
    package func forEachRange(_ body: (_ first: Int, _ last: Int) -> Void) {
        var open: Int?
        for (index, word) in words.enumerated() {
            var bit = 0
            while bit < 64 {
                // Look for the next slot that ends what is open, or starts what is not.
                let rest = (open == nil ? word : ~word) >> UInt64(bit)
                guard rest != 0 else { break }
                bit += rest.trailingZeroBitCount
                let slot = index * 64 + bit
                if let first = open {
                    body(first, slot - 1)
                    open = nil
                } else {
                    open = slot
                }
            }
        }
        if let first = open { body(first, Layout.slotCount - 1) }
    }

    /// Slots of this set that `other` lacks.
    @inlinable
    public func subtracting(_ other: SlotSet) -> SlotSet {
        combined(other) { $0 & ~$1 }
    }

    /// Slots of this set, of `other`, or of both.
    @inlinable
    public func union(_ other: SlotSet) -> SlotSet { combined(other) { $0 | $1 } }

    /// Slots of both sets.
    @inlinable
    public func intersection(_ other: SlotSet) -> SlotSet { combined(other) { $0 & $1 } }

    /// Whether no slot is in both sets.
    @inlinable
    public func isDisjoint(with other: SlotSet) -> Bool {
        guard !words.isEmpty, !other.words.isEmpty else { return true }
        for index in 0..<Self.wordCount where words[index] & other.words[index] != 0 {
            return false
        }
        return true
    }

    @inlinable
    func combined(_ other: SlotSet, _ operation: (UInt64, UInt64) -> UInt64) -> SlotSet {
        var result = SlotSet()
        var seen: UInt64 = 0
        let (mine, theirs) = (words, other.words)
        result.words = unsafe [UInt64](unsafeUninitializedCapacity: Self.wordCount) {
            target, filled in
            for index in 0..<Self.wordCount {
                let word = operation(
                    mine.isEmpty ? 0 : mine[index], theirs.isEmpty ? 0 : theirs[index])
                seen |= word
                // Memory that was just allocated for exactly this many words.
                unsafe target.initializeElement(at: index, to: word)
            }
            filled = Self.wordCount
        }
        return seen == 0 ? SlotSet() : result
    }
}

extension SlotSet: Sequence {
    /// The slots in ascending order.
    @inlinable public func makeIterator() -> Iterator { Iterator(words: words) }

    /// Walks the bits that are set, a word at a time.
    public struct Iterator: IteratorProtocol {
        @usableFromInline let words: [UInt64]
        @usableFromInline var index = 0
        @usableFromInline var rest: UInt64

        @usableFromInline
        init(words: [UInt64]) {
            self.words = words
            rest = words.first ?? 0
        }

        /// The next slot, or nil after the last.
        @inlinable
        public mutating func next() -> Slot? {
            while rest == 0 {
                index &+= 1
                guard index < words.count else { return nil }
                rest = words[index]
            }
            let bit = rest.trailingZeroBitCount
            rest &= rest &- 1
            return Slot(unchecked: index &* 64 &+ bit)
        }
    }
}

extension SlotSet: Hashable {
    /// Whether both hold the same slots: at once where they share their storage.
    @inlinable
    public static func == (left: SlotSet, right: SlotSet) -> Bool {
        if left.isIdentical(to: right) { return true }
        if left.words.isEmpty { return right.isEmpty }
        if right.words.isEmpty { return left.isEmpty }
        var difference: UInt64 = 0
        for index in 0..<wordCount { difference |= left.words[index] ^ right.words[index] }
        return difference == 0
    }

    /// Feeds the slots into a hasher: the same for equal sets, however they are stored.
    public func hash(into hasher: inout Hasher) {
        // An empty set has words or none.
        for (index, word) in words.enumerated() where word != 0 {
            hasher.combine(index)
            hasher.combine(word)
        }
    }
}

extension SlotSet: CustomStringConvertible {
    /// "0-5460 10923", as CLUSTER NODES prints it; empty for no slots.
    public var description: String { ranges.map(\.description).joined(separator: " ") }
}
