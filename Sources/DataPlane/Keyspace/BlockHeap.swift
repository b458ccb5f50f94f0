// Blocks of 8 bytes to a kilobyte, named by numbers of 32 bits. An allocator for all purposes adds 8 to 16 bytes
// to each block and its address takes 8 more; here a block takes its bytes, rounded up to a size of a short list.
// Pages hold blocks of one size, and one in which nothing is left goes back. What blocks hold is the table's.

/// Where the bytes of small entries live.
struct BlockHeap: ~Copyable {
    /// The page times `unitsPerPage`, plus the first unit of the block in it.
    typealias Reference = UInt32

    static let none = Reference.max
    static let largestBlock = 1024

    /// A quarter of a megabyte less what an allocator adds, so that finding a page reads a short table.
    private static let pageBytes = (1 << 18) - 32
    private static let unitBytes = 8
    private static let unitBits = 15
    private static let pageLimit = Int(UInt32.max >> UInt32(unitBits))
    /// 32 GiB less some megabytes, so that whoever asks before each change is told in time.
    private static let fullPages = pageLimit - 64
    private static let nobody = UInt32.max

    private struct Page {
        let size: UInt8
        var live: UInt16 = 0
        /// The first unit of a block that was given back, and how many units were ever used.
        var firstFree = UInt16.max
        var used: UInt16 = 0
        /// Neighbours among the pages of this size that have room.
        var next = nobody
        var previous = nobody

        var hasRoom: Bool {
            let units = Int(used) + BlockHeap.bytes(ofSize: Int(size)) / unitBytes
            return firstFree != .max || units <= pageBytes / unitBytes
        }
    }

    private var pages: [Page] = []
    /// The memory of each page; nil after it went back.
    private var memory: [RawBlock?] = []
    /// Numbers of pages that went back.
    private var freeNumbers: [UInt32] = []
    /// The first page with room, by size.
    private var open = [UInt32](repeating: nobody, count: 40)

    deinit {
        for piece in memory { piece?.deallocate() }
    }

    var isFull: Bool { pages.count - freeNumbers.count >= Self.fullPages }

    // MARK: - Sizes

    /// Which of the 40 sizes holds so many bytes: steps of 8 up to 128, and eight steps in each doubling above.
    @inline(__always)
    static func size(of bytes: Int) -> Int {
        if bytes <= 128 { return (max(bytes, 1) &+ 7) / 8 &- 1 }
        if bytes <= 256 { return 16 &+ (bytes &- 129) / 16 }
        if bytes <= 512 { return 24 &+ (bytes &- 257) / 32 }
        precondition(bytes <= largestBlock)
        return 32 &+ (bytes &- 513) / 64
    }

    @inline(__always)
    static func bytes(ofSize size: Int) -> Int {
        if size < 16 { return (size &+ 1) &* 8 }
        if size < 24 { return 128 &+ (size &- 15) &* 16 }
        return size < 32 ? 256 &+ (size &- 23) &* 32 : 512 &+ (size &- 31) &* 64
    }

    // MARK: - Blocks

    /// The memory of a block, which ends with its page at the latest.
    @inline(__always)
    func block(_ reference: Reference) -> RawBlock {
        guard let memory = memory[Int(reference >> UInt32(Self.unitBits))] else {
            preconditionFailure("a block of a page that went back")
        }
        let unit = Int(reference) & (1 << Self.unitBits &- 1)
        return memory.from(unit &* Self.unitBytes)
    }

    mutating func take(size: Int) -> Reference {
        let number = open[size] == Self.nobody ? addPage(size) : Int(open[size])
        let unit: UInt16
        if pages[number].firstFree != .max, let memory = memory[number] {
            unit = pages[number].firstFree
            let next = memory.word32(Int(unit) * Self.unitBytes)
            pages[number].firstFree = UInt16(truncatingIfNeeded: next)
        } else {
            unit = pages[number].used
            pages[number].used += UInt16(Self.bytes(ofSize: size) / Self.unitBytes)
        }
        pages[number].live += 1
        if !pages[number].hasRoom { close(number) }
        return UInt32(number) << UInt32(Self.unitBits) | UInt32(unit)
    }

    mutating func giveBack(_ reference: Reference) {
        let number = Int(reference >> UInt32(Self.unitBits))
        let hadRoom = pages[number].hasRoom
        block(reference).setWord32(0, UInt32(pages[number].firstFree))
        pages[number].firstFree = UInt16(reference & (1 << UInt32(Self.unitBits) - 1))
        pages[number].live -= 1
        if !hadRoom { reopen(number) }
        // One page with room is kept, so that a block that comes and goes does not bring a page with it.
        if pages[number].live == 0 && hasNeighbour(number) {
            close(number)
            memory[number]?.deallocate()
            memory[number] = nil
            freeNumbers.append(UInt32(number))
        }
    }

    private func hasNeighbour(_ number: Int) -> Bool {
        pages[number].next != Self.nobody || pages[number].previous != Self.nobody
    }

    // MARK: - Pages

    private mutating func addPage(_ size: Int) -> Int {
        let page = Page(size: UInt8(size))
        let piece = RawBlock(bytes: Self.pageBytes)
        let number: Int
        if let reused = freeNumbers.popLast() {
            number = Int(reused)
            pages[number] = page
            memory[number] = piece
        } else {
            number = pages.count
            precondition(number < Self.pageLimit)
            pages.append(page)
            memory.append(piece)
        }
        reopen(number)
        return number
    }

    private mutating func reopen(_ number: Int) {
        let size = Int(pages[number].size)
        let first = open[size]
        pages[number].next = first
        pages[number].previous = Self.nobody
        if first != Self.nobody { pages[Int(first)].previous = UInt32(number) }
        open[size] = UInt32(number)
    }

    private mutating func close(_ number: Int) {
        let (next, previous) = (pages[number].next, pages[number].previous)
        if next != Self.nobody { pages[Int(next)].previous = previous }
        if previous == Self.nobody {
            open[Int(pages[number].size)] = next
        } else {
            pages[Int(previous)].next = next
        }
        pages[number].next = Self.nobody
        pages[number].previous = Self.nobody
    }

    /// Gives back the memory of one page, whatever is in it.
    mutating func letGoOfPage() -> Bool {
        guard let piece = memory.popLast() else { return false }
        piece?.deallocate()
        return true
    }
}
