// The newest bytes of a replication stream, in blocks of one size, found by their offset. Whoever sends them keeps
// nothing of its own: a replica that is behind holds on to blocks here, as far as its limit allows.

/// Bytes of the stream from `first` on.
struct Backlog {
    /// Bytes of a block; a backlog exceeds its size by less than this.
    static let blockBytes = 16_384

    /// The offset of the first byte that is kept; the first byte of a stream has offset 1.
    private(set) var first: Int
    /// Bytes that are kept.
    private(set) var count = 0

    /// All blocks but the last are full.
    private var blocks: [[UInt8]] = []
    /// Blocks in front that were let go and are taken out at the next clean-up.
    private var gone = 0

    /// - Parameter offset: that of the first byte to come.
    init(from offset: Int) { first = offset }

    /// The offset of the next byte to come.
    var end: Int { first + count }

    mutating func append(_ bytes: Span<UInt8>) {
        var taken = 0
        while taken < bytes.count {
            if blocks.count == gone || blocks[blocks.count - 1].count == Self.blockBytes {
                var block: [UInt8] = []
                block.reserveCapacity(Self.blockBytes)
                blocks.append(block)
            }
            let last = blocks.count - 1
            let part = min(bytes.count - taken, Self.blockBytes - blocks[last].count)
            let piece = bytes.extracting(taken..<(taken + part))
            unsafe piece.withUnsafeBufferPointer { unsafe blocks[last].append(contentsOf: $0) }
            taken += part
        }
        count += bytes.count
    }

    /// Lets go of blocks in front, as long as so many bytes stay, and all from `needed` on.
    mutating func trim(to limit: Int, keepingFrom needed: Int) {
        while gone < blocks.count - 1 {
            let size = blocks[gone].count
            guard count - size >= limit, first + size <= needed else { break }
            blocks[gone] = []
            gone += 1
            first += size
            count -= size
        }
        if gone >= 64, gone * 2 >= blocks.count {
            blocks.removeFirst(gone)
            gone = 0
        }
    }

    /// Lends bytes from this offset on, to the end of their block.
    /// - Returns: nil when there are none.
    func lend<Result>(from offset: Int, _ body: (Span<UInt8>) -> Result) -> Result? {
        guard offset >= first, offset < end else { return nil }
        let place = offset - first
        let block = blocks[gone + place / Self.blockBytes]
        return body(block.span.extracting((place % Self.blockBytes)..<block.count))
    }
}
