// From a hash to numbers of entries. The first bits of a hash choose a segment, the rest a place in it; a
// segment that is four fifths full grows by a quarter, and at some hundred places it is divided in two. So the
// index is dense at every size, and no change moves more than one segment. What a number means is the table's.

/// Extendible hashing over small tables with linear probing.
struct HashIndex: ~Copyable {
    /// Cells of 8 bytes: the hash above, the number plus one below, or 0. Hashes side by side, so that
    /// neither looking nor growing reads the entries.
    private struct Segment {
        var cells: RawBlock
        var count = 0
        /// How many first bits its hashes share.
        let depth: Int

        init(size: Int, depth: Int) {
            cells = RawBlock(zeroBytes: size * 8)
            self.depth = depth
        }

        @inline(__always) var size: Int { cells.count / 8 }

        /// Where a hash belongs. All of its bits take part, since all of a segment share the first.
        @inline(__always)
        func home(_ hash: UInt32) -> Int {
            Int((UInt64(hash &* 0x9E37_79B1) &* UInt64(size)) >> 32)
        }

        @inline(__always)
        func next(_ place: Int) -> Int { place &+ 1 == size ? 0 : place &+ 1 }

        mutating func put(_ cell: UInt64) {
            var place = home(UInt32(truncatingIfNeeded: cell >> 32))
            while cells.word64(place &* 8) != 0 { place = next(place) }
            cells.setWord64(place &* 8, cell)
            count += 1
        }
    }

    private static let smallest = 16
    private static let doublesBelow = 512
    /// A segment of this size is divided instead of growing further.
    private static let largest = 1000
    private static let deepest = 24

    private var segments: [Segment] = []
    /// The segment of each combination of the first `depth` bits.
    private var directory: [UInt32] = []
    private var depth = 0

    deinit {
        for segment in segments { segment.cells.deallocate() }
    }

    @inline(__always)
    private func place(_ hash: UInt32) -> Int { Int(UInt64(hash) >> UInt64(32 &- depth)) }

    /// The number with this hash for which `isIt` holds.
    @inline(__always)
    func find(_ hash: UInt32, _ isIt: (Int) -> Bool) -> Int? {
        guard !directory.isEmpty else { return nil }
        let segment = segments[Int(directory[place(hash)])]
        var at = segment.home(hash)
        while true {
            let cell = segment.cells.word64(at &* 8)
            if cell == 0 { return nil }
            if UInt32(truncatingIfNeeded: cell >> 32) == hash {
                let number = Int(UInt32(truncatingIfNeeded: cell) &- 1)
                if isIt(number) { return number }
            }
            at = segment.next(at)
        }
    }

    /// Adds a number that is not there.
    mutating func insert(_ hash: UInt32, _ number: Int) {
        if directory.isEmpty {
            segments = [Segment(size: Self.smallest, depth: 0)]
            directory = [0]
        }
        var segment = Int(directory[place(hash)])
        while (segments[segment].count + 1) * 5 > segments[segment].size * 4 {
            grow(segment, hash)
            segment = Int(directory[place(hash)])
        }
        segments[segment].put(UInt64(hash) << 32 | UInt64(UInt32(number) + 1))
    }

    /// Takes a number out and moves back what was pushed on by it, so that no gap hides a key.
    mutating func remove(_ hash: UInt32, _ number: Int) {
        let name = Int(directory[place(hash)])
        let segment = segments[name]
        let cell = UInt64(hash) << 32 | UInt64(UInt32(number) + 1)
        var gap = segment.home(hash)
        while segment.cells.word64(gap &* 8) != cell {
            precondition(segment.cells.word64(gap &* 8) != 0, "a number that is not there")
            gap = segment.next(gap)
        }
        var at = gap
        while true {
            at = segment.next(at)
            let moved = segment.cells.word64(at &* 8)
            if moved == 0 { break }
            let home = segment.home(UInt32(truncatingIfNeeded: moved >> 32))
            // It may move when its home does not lie behind the gap.
            if distance(home, at, segment.size) >= distance(gap, at, segment.size) {
                segment.cells.setWord64(gap &* 8, moved)
                gap = at
            }
        }
        segment.cells.setWord64(gap &* 8, 0)
        segments[name].count -= 1
        if segments[name].count * 4 < segment.size && segment.size > Self.smallest {
            resize(name, to: fitting(segments[name].count))
        }
    }

    private func distance(_ from: Int, _ to: Int, _ size: Int) -> Int {
        to >= from ? to &- from : to &- from &+ size
    }

    // MARK: - Growing

    private static func larger(_ size: Int) -> Int { size < doublesBelow ? size * 2 : size * 5 / 4 }

    /// A size at which so many and some more find room.
    private func fitting(_ count: Int) -> Int {
        var size = Self.smallest
        while (count * 9 / 8 + 1) * 5 > size * 4 { size = Self.larger(size) }
        return size
    }

    private mutating func grow(_ name: Int, _ hash: UInt32) {
        let segment = segments[name]
        if segment.size < Self.largest || segment.depth == Self.deepest {
            resize(name, to: Self.larger(segment.size))
        } else {
            divide(name, hash)
        }
    }

    private mutating func resize(_ name: Int, to size: Int) {
        let old = segments[name]
        var new = Segment(size: size, depth: old.depth)
        for place in 0..<old.size {
            let cell = old.cells.word64(place &* 8)
            if cell != 0 { new.put(cell) }
        }
        segments[name] = new
        old.cells.deallocate()
    }

    /// Divides a segment by the next bit of its hashes.
    private mutating func divide(_ name: Int, _ hash: UInt32) {
        let old = segments[name]
        if old.depth == depth {
            directory = directory.flatMap { [$0, $0] }
            depth += 1
        }
        let bit = UInt64(1) << UInt64(63 - old.depth)
        var counts = (0, 0)
        for place in 0..<old.size {
            let cell = old.cells.word64(place &* 8)
            if cell != 0 { if cell & bit == 0 { counts.0 += 1 } else { counts.1 += 1 } }
        }
        var lower = Segment(size: fitting(counts.0), depth: old.depth + 1)
        var upper = Segment(size: fitting(counts.1), depth: old.depth + 1)
        for place in 0..<old.size {
            let cell = old.cells.word64(place &* 8)
            if cell != 0 { if cell & bit == 0 { lower.put(cell) } else { upper.put(cell) } }
        }
        segments[name] = lower
        let shared = depth - old.depth
        let first = (self.place(hash) >> shared) << shared
        let half = 1 << (shared - 1)
        for place in (first + half)..<(first + 2 * half) {
            directory[place] = UInt32(segments.count)
        }
        segments.append(upper)
        old.cells.deallocate()
    }

    /// Gives back the memory of one segment, whatever is in it.
    mutating func letGoOfSegment() -> Bool {
        directory = []
        guard let segment = segments.popLast() else { return false }
        segment.cells.deallocate()
        return true
    }
}
