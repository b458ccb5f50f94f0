// Which slot a key belongs to: CRC16 of the key, or of the part between braces.

package import ClusterWire

/// The slot of a key.
///
/// - Source: bus protocol §9.7.
package enum KeySlot {
    /// CRC-16/XMODEM: polynomial 0x1021, no reflection, zero to begin with.
    private static let table: [UInt16] = (0..<256).map { index in
        var value = UInt16(index) << 8
        for _ in 0..<8 { value = value & 0x8000 != 0 ? value << 1 ^ 0x1021 : value << 1 }
        return value
    }

    package static func checksum(_ bytes: some Sequence<UInt8>) -> UInt16 {
        var value: UInt16 = 0
        for byte in bytes { value = value << 8 ^ table[Int(UInt8(value >> 8) ^ byte)] }
        return value
    }

    /// The slot of `key`; with a non-empty tag in braces, of the tag alone.
    package static func of(_ key: [UInt8]) -> Slot { of(key.span) }

    /// The slot of `key`; with a non-empty tag in braces, of the tag alone.
    package static func of(_ key: Span<UInt8>) -> Slot {
        let hashed = tag(in: key) ?? 0..<key.count
        let table = Self.table.span
        var value: UInt16 = 0
        for index in hashed {
            value = value << 8 ^ table[Int(UInt8(truncatingIfNeeded: value >> 8) ^ key[index])]
        }
        let number = Int(value) % Layout.slotCount
        guard let slot = Slot(number) else { preconditionFailure("slot \(number)") }
        return slot
    }

    /// What stands between the first "{" and the next "}", when that is not nothing.
    private static func tag(in key: Span<UInt8>) -> Range<Int>? {
        var open = 0
        while open < key.count && key[open] != UInt8(ascii: "{") { open &+= 1 }
        guard open < key.count else { return nil }
        var close = open + 1
        while close < key.count && key[close] != UInt8(ascii: "}") { close &+= 1 }
        guard close < key.count, close > open + 1 else { return nil }
        return (open + 1)..<close
    }
}
