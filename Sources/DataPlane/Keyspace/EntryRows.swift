// What each entry has whatever its key: where its bytes are, and its neighbours among the keys of its slot. Rows
// lie in pages, so that more of them copy nothing. An entry keeps its number until it is removed, and numbers
// that are free are used again, the last one first.

/// The rows of all entries.
struct EntryRows: ~Copyable {
    /// No entry; also what marks the newest of a slot.
    static let none = UInt32.max
    static let limit = 1 << 31

    private static let perPage = 16_384
    /// First the references of all rows of a page, since finding a key reads no more, then the neighbours.
    private static let pageBytes = perPage * 12

    private var pages: [RawBlock] = []
    private(set) var count = 0
    /// One bit for each row that holds a key.
    private(set) var live: [UInt64] = []
    /// The first free row; its `older` names the next.
    private var firstFree = none

    deinit {
        for page in pages { page.deallocate() }
    }

    @inline(__always)
    func isLive(_ number: Int) -> Bool { live[number >> 6] >> UInt64(number & 63) & 1 != 0 }

    @inline(__always)
    func block(_ number: Int) -> BlockHeap.Reference {
        pages[number / Self.perPage].word32(number % Self.perPage &* 4)
    }

    func setBlock(_ number: Int, _ reference: BlockHeap.Reference) {
        pages[number / Self.perPage].setWord32(number % Self.perPage &* 4, reference)
    }

    private static func links(_ number: Int) -> Int { perPage &* 4 &+ number % perPage &* 8 }

    func newer(_ number: Int) -> UInt32 { pages[number / Self.perPage].word32(Self.links(number)) }
    func older(_ number: Int) -> UInt32 {
        pages[number / Self.perPage].word32(Self.links(number) &+ 4)
    }

    func setNewer(_ number: Int, _ newer: UInt32) {
        pages[number / Self.perPage].setWord32(Self.links(number), newer)
    }

    func setOlder(_ number: Int, _ older: UInt32) {
        pages[number / Self.perPage].setWord32(Self.links(number) &+ 4, older)
    }

    /// A row for a new entry.
    mutating func take(_ reference: BlockHeap.Reference) -> Int {
        let number: Int
        if firstFree != Self.none {
            number = Int(firstFree)
            firstFree = older(number)
        } else {
            number = count
            precondition(number < Self.limit)
            if number == pages.count * Self.perPage {
                pages.append(RawBlock(bytes: Self.pageBytes))
            }
            if number == live.count * 64 { live.append(0) }
            count += 1
        }
        live[number >> 6] |= 1 << UInt64(number & 63)
        setBlock(number, reference)
        return number
    }

    mutating func giveBack(_ number: Int) {
        precondition(isLive(number))
        live[number >> 6] &= ~(1 << UInt64(number & 63))
        setOlder(number, firstFree)
        firstFree = UInt32(number)
    }

    /// The first row from `number` on that holds a key.
    func firstLive(from number: Int) -> Int? { Self.firstBit(live, from: number) }

    /// The first bit that is set, from `place` on.
    static func firstBit(_ words: [UInt64], from place: Int) -> Int? {
        var word = place >> 6
        guard word < words.count else { return nil }
        var bits = words[word] & (UInt64.max << UInt64(place & 63))
        while bits == 0 {
            word += 1
            guard word < words.count else { return nil }
            bits = words[word]
        }
        return (word << 6) + bits.trailingZeroBitCount
    }

    /// Gives back the memory of one page, whatever is in it.
    mutating func letGoOfPage() -> Bool {
        guard let page = pages.popLast() else { return false }
        page.deallocate()
        return true
    }
}
