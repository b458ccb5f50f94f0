// From a hash to numbers of entries. The first bits of a hash choose a segment, the rest a place in it; a
// segment that is four fifths full grows by an eighth, and at some thousand places it is divided in two. So the
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

        var size: Int { cells.count / 8 }

        mutating func put(_ cell: UInt64) {
            var place = HashIndex.home(UInt32(truncatingIfNeeded: cell >> 32), size)
            while cells.word64(place &* 8) != 0 { place = HashIndex.next(place, size) }
            cells.setWord64(place &* 8, cell)
            count += 1
        }
    }

    private static let smallest = 16
    private static let doublesBelow = 512
    /// A segment of this size is divided instead of growing further.
    private static let largest = 3500
    private static let deepest = 24

    private var segments: [Segment] = []
    /// The segment of each combination of the first `depth` bits, and its cells: finding reads no more.
    private var names: [UInt32] = []
    private var directory: [RawBlock] = []
    private var depth = 0

    deinit {
        for segment in segments { segment.cells.deallocate() }
    }

    @inline(__always)
    private func place(_ hash: UInt32) -> Int { Int(UInt64(hash) >> UInt64(32 &- depth)) }

    /// Where a hash belongs among so many cells. All of its bits take part, since all of a segment share the first.
    @inline(__always)
    private static func home(_ hash: UInt32, _ size: Int) -> Int {
        Int((UInt64(hash &* 0x9E37_79B1) &* UInt64(truncatingIfNeeded: size)) >> 32)
    }

    @inline(__always)
    private static func next(_ place: Int, _ size: Int) -> Int {
        place &+ 1 == size ? 0 : place &+ 1
    }

    /// The number with this hash for which `isIt` holds.
    @inline(__always)
    func find(_ hash: UInt32, _ isIt: (Int) -> Bool) -> Int? {
        guard !directory.isEmpty else { return nil }
        let cells = directory[place(hash)]
        let size = cells.count / 8
        var at = Self.home(hash, size)
        while true {
            let cell = cells.word64(at &* 8)
            if cell == 0 { return nil }
            if UInt32(truncatingIfNeeded: cell >> 32) == hash {
                let number = Int(UInt32(truncatingIfNeeded: cell) &- 1)
                if isIt(number) { return number }
            }
            at = Self.next(at, size)
        }
    }

    /// Adds a number that is not there.
    mutating func insert(_ hash: UInt32, _ number: Int) {
        if directory.isEmpty {
            segments = [Segment(size: Self.smallest, depth: 0)]
            names = [0]
            directory = [segments[0].cells]
        }
        var name = Int(names[place(hash)])
        while (segments[name].count + 1) * 5 > segments[name].size * 4 {
            grow(name, hash)
            name = Int(names[place(hash)])
        }
        segments[name].put(UInt64(hash) << 32 | UInt64(UInt32(number) + 1))
    }

    /// Takes a number out and moves back what was pushed on by it, so that no gap hides a key.
    mutating func remove(_ hash: UInt32, _ number: Int) {
        let name = Int(names[place(hash)])
        let cells = segments[name].cells
        let size = segments[name].size
        let cell = UInt64(hash) << 32 | UInt64(UInt32(number) + 1)
        var gap = Self.home(hash, size)
        while cells.word64(gap &* 8) != cell {
            precondition(cells.word64(gap &* 8) != 0, "a number that is not there")
            gap = Self.next(gap, size)
        }
        var at = gap
        while true {
            at = Self.next(at, size)
            let moved = cells.word64(at &* 8)
            if moved == 0 { break }
            let home = Self.home(UInt32(truncatingIfNeeded: moved >> 32), size)
            // It may move when its home does not lie behind the gap.
            if Self.distance(home, at, size) >= Self.distance(gap, at, size) {
                cells.setWord64(gap &* 8, moved)
                gap = at
            }
        }
        cells.setWord64(gap &* 8, 0)
        segments[name].count -= 1
        if segments[name].count * 4 < size && size > Self.smallest {
            resize(name, hash, to: fitting(segments[name].count))
        }
    }

    private static func distance(_ from: Int, _ to: Int, _ size: Int) -> Int {
        to >= from ? to &- from : to &- from &+ size
    }

    // MARK: - Growing

    private static func larger(_ size: Int) -> Int { size < doublesBelow ? size * 2 : size * 9 / 8 }

    /// A size at which so many and some more find room.
    private func fitting(_ count: Int) -> Int {
        var size = Self.smallest
        while (count * 9 / 8 + 1) * 5 > size * 4 { size = Self.larger(size) }
        return size
    }

    private mutating func grow(_ name: Int, _ hash: UInt32) {
        let segment = segments[name]
        if segment.size < Self.largest || segment.depth == Self.deepest {
            resize(name, hash, to: Self.larger(segment.size))
        } else {
            divide(name, hash)
        }
    }

    private mutating func resize(_ name: Int, _ hash: UInt32, to size: Int) {
        let old = segments[name]
        var new = Segment(size: size, depth: old.depth)
        for place in 0..<old.size {
            let cell = old.cells.word64(place &* 8)
            if cell != 0 { new.put(cell) }
        }
        segments[name] = new
        show(name, in: places(hash, new.depth))
        old.cells.deallocate()
    }

    /// The places of the directory whose first bits are those of a hash.
    private func places(_ hash: UInt32, _ shared: Int) -> Range<Int> {
        let rest = depth - shared
        let first = (place(hash) >> rest) << rest
        return first..<(first + (1 << rest))
    }

    private mutating func show(_ name: Int, in places: Range<Int>) {
        for place in places {
            names[place] = UInt32(name)
            directory[place] = segments[name].cells
        }
    }

    /// Divides a segment by the next bit of its hashes.
    private mutating func divide(_ name: Int, _ hash: UInt32) {
        let old = segments[name]
        if old.depth == depth {
            names = names.flatMap { [$0, $0] }
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
        segments.append(upper)
        let all = places(hash, old.depth)
        let middle = all.lowerBound + all.count / 2
        show(name, in: all.lowerBound..<middle)
        show(segments.count - 1, in: middle..<all.upperBound)
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
