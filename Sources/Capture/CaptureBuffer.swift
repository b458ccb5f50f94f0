// Bytes that have arrived and are not used yet, and the reading of integers in either byte order.
// The used part in front is dropped in proportion to what was used, so that the cost of feeding
// stays linear in the size of the input. What the bytes mean is left to the readers.

/// The order of bytes in the integers of a capture file.
package enum ByteOrder: Sendable {
    case big, little
}

/// A queue of bytes read from the front.
struct CaptureBuffer: Sendable {
    private var bytes: [UInt8] = []
    private var position = 0
    private var dropped = 0

    /// Used bytes are kept in front until there are this many, so that small reads move nothing.
    private static let keptBytes = 64 << 10

    /// The number of bytes that can be read.
    var count: Int { bytes.count - position }

    /// The place of the first unread byte, counted from the first byte ever fed.
    var offset: Int { dropped + position }

    mutating func append(_ more: [UInt8]) {
        dropUsed()
        if bytes.isEmpty { bytes = more } else { bytes.append(contentsOf: more) }
    }

    mutating func append(_ more: Span<UInt8>) {
        dropUsed()
        // Only the first piece: an exact reserve for each would copy a long packet again and again.
        if bytes.isEmpty { bytes.reserveCapacity(more.count) }
        for index in more.indices { bytes.append(more[index]) }
    }

    mutating func skip(_ count: Int) {
        precondition(count >= 0 && count <= self.count, "skip \(count) of \(self.count)")
        position += count
    }

    /// The byte at `index` from the first unread one.
    subscript(index: Int) -> UInt8 { bytes[position + index] }

    /// The bytes from `start`, counted from the first unread one, as an array of their own.
    func copy(from start: Int, count: Int) -> [UInt8] {
        Array(bytes[(position + start)..<(position + start + count)])
    }

    func u16(_ index: Int, _ order: ByteOrder) -> UInt16 {
        let value = bytes.bigEndian16(position + index)
        return order == .big ? value : value.byteSwapped
    }

    func u32(_ index: Int, _ order: ByteOrder) -> UInt32 {
        let value = bytes.bigEndian32(position + index)
        return order == .big ? value : value.byteSwapped
    }

    func u64(_ index: Int, _ order: ByteOrder) -> UInt64 {
        let value = bytes.bigEndian64(position + index)
        return order == .big ? value : value.byteSwapped
    }

    private mutating func dropUsed() {
        if position == bytes.count {
            dropped += position
            position = 0
            bytes = []
        } else if position >= Self.keptBytes, position >= bytes.count / 2 {
            bytes.removeSubrange(0..<position)
            dropped += position
            position = 0
        }
    }
}

extension [UInt8] {
    func bigEndian16(_ index: Int) -> UInt16 {
        UInt16(self[index]) << 8 | UInt16(self[index + 1])
    }

    func bigEndian32(_ index: Int) -> UInt32 {
        UInt32(bigEndian16(index)) << 16 | UInt32(bigEndian16(index + 2))
    }

    func bigEndian64(_ index: Int) -> UInt64 {
        UInt64(bigEndian32(index)) << 32 | UInt64(bigEndian32(index + 4))
    }

    mutating func appendInteger<T: FixedWidthInteger & UnsignedInteger>(
        _ value: T, _ order: ByteOrder = .big
    ) {
        for index in 0..<(T.bitWidth / 8) {
            let shift = order == .big ? T.bitWidth - 8 * (index + 1) : 8 * index
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
