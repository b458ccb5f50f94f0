// Which slot a key belongs to: CRC16 of the key, or of the part between braces.

/// The slot of a key.
///
/// - Source: bus protocol §9.7.
public enum KeySlot {
    /// Entry 256k + b is what byte b comes to with k zero bytes behind it, so that eight bytes are
    /// looked up at once: a key may have half a gigabyte, and heartbeats wait for it.
    private static let tables: [UInt16] = {
        var tables = (0..<256).map { index in
            var value = UInt16(index) << 8
            for _ in 0..<8 { value = value & 0x8000 != 0 ? value << 1 ^ 0x1021 : value << 1 }
            return value
        }
        for entry in 256..<(8 * 256) {
            let shorter = tables[entry - 256]
            tables.append(shorter << 8 ^ tables[Int(shorter >> 8)])
        }
        return tables
    }()

    /// CRC-16/XMODEM: polynomial 0x1021, no reflection, zero to begin with.
    package static func checksum(_ bytes: Span<UInt8>) -> UInt16 {
        let tables = Self.tables.span
        var value: UInt16 = 0
        var index = 0
        while index &+ 8 <= bytes.count {
            let piece = bytes.extracting(index..<(index &+ 8))
            var next = tables[7 * 256 + Int(piece[0] ^ UInt8(truncatingIfNeeded: value >> 8))]
            next ^= tables[6 * 256 + Int(piece[1] ^ UInt8(truncatingIfNeeded: value))]
            for place in 2..<8 { next ^= tables[(7 - place) * 256 + Int(piece[place])] }
            value = next
            index &+= 8
        }
        while index < bytes.count {
            let entry = UInt8(truncatingIfNeeded: value >> 8) ^ bytes[index]
            value = value << 8 ^ tables[Int(entry)]
            index &+= 1
        }
        return value
    }

    /// The slot of `key`; with a non-empty tag in braces, of the tag alone.
    public static func of(_ key: [UInt8]) -> Slot { of(key.span) }

    /// The slot of `key`; with a non-empty tag in braces, of the tag alone.
    public static func of(_ key: Span<UInt8>) -> Slot {
        let hashed = tag(in: key) ?? 0..<key.count
        let value = checksum(key.extracting(hashed))
        let number = Int(value) % Layout.slotCount
        guard let slot = Slot(number) else { preconditionFailure("slot \(number)") }
        return slot
    }

    /// What stands between the first "{" and the next "}", when that is not nothing.
    private static func tag(in key: Span<UInt8>) -> Range<Int>? {
        let open = first(UInt8(ascii: "{"), in: key, from: 0)
        guard open < key.count else { return nil }
        let close = first(UInt8(ascii: "}"), in: key, from: open + 1)
        guard close < key.count, close > open + 1 else { return nil }
        return (open + 1)..<close
    }

    /// Where the byte is for the first time, or the end. Of a long key, pieces without it are passed
    /// over whole: without a way out of the loop the compiler compares many bytes at once.
    private static func first(_ byte: UInt8, in key: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index &+ 64 <= key.count {
            let end = index &+ 64
            var isThere: UInt8 = 0
            var place = index
            while place < end {
                isThere |= key[place] == byte ? 1 : 0
                place &+= 1
            }
            if isThere != 0 { break }
            index = end
        }
        while index < key.count && key[index] != byte { index &+= 1 }
        return index
    }
}
