// The checksum of an RDB and of what DUMP gives: CRC-64 with the polynomial of Jones, reflected, initial
// value 0, no final xor. Sixteen bytes a turn, by sixteen tables. What is covered by it is decided by
// whoever reads or writes.

/// A checksum that grows with the bytes that are shown to it, in any pieces.
package struct CRC64: Equatable, Sendable {
    package private(set) var value: UInt64 = 0

    package init() {}

    /// The checksum of these bytes alone.
    package static func of(_ bytes: Span<UInt8>) -> UInt64 {
        var sum = CRC64()
        sum.update(bytes)
        return sum.value
    }

    package mutating func update(_ bytes: Span<UInt8>) {
        let tables = Self.tables.span
        // A byte has no padding: any of them can be looked at raw.
        let raw = unsafe bytes.bytes
        var sum = value
        var at = 0
        while raw.byteCount &- at >= 16 {
            // Each load checks its bounds; any bit pattern is an integer.
            let low = unsafe raw.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
            let high = unsafe raw.unsafeLoadUnaligned(fromByteOffset: at &+ 8, as: UInt64.self)
            sum =
                Self.eight(sum ^ UInt64(littleEndian: low), tables, from: 15)
                ^ Self.eight(UInt64(littleEndian: high), tables, from: 7)
            at &+= 16
        }
        while at < bytes.count {
            let row = Int(UInt8(truncatingIfNeeded: sum) ^ bytes[at])
            sum = tables[row] ^ sum >> 8
            at &+= 1
        }
        value = sum
    }

    /// What eight bytes add, of which the first is followed by `last` others.
    @inline(__always)
    private static func eight(_ word: UInt64, _ tables: Span<UInt64>, from last: Int) -> UInt64 {
        var sum: UInt64 = 0
        for index in 0..<8 {
            let byte = Int(UInt8(truncatingIfNeeded: word >> UInt64(index &* 8)))
            // There are sixteen tables of 256 rows, `last` is 7 or 15, and a byte is below 256.
            sum ^= unsafe tables[unchecked: (last &- index) &* 256 &+ byte]
        }
        return sum
    }

    private static let polynomial: UInt64 = 0x95AC_9329_AC4B_C9B5

    /// Sixteen tables, one behind the other: what a byte adds when 0 to 15 bytes follow it.
    private static let tables: [UInt64] = {
        var rows = [UInt64](repeating: 0, count: 16 * 256)
        for byte in 0..<256 {
            var sum = UInt64(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? polynomial : 0) }
            rows[byte] = sum
        }
        for row in 256..<rows.count {
            let before = rows[row - 256]
            rows[row] = before >> 8 ^ rows[Int(before & 255)]
        }
        return rows
    }()
}
