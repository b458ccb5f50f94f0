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
    package static func of(_ key: [UInt8]) -> Slot {
        var hashed = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")) {
            let after = key[(open + 1)...]
            if let close = after.firstIndex(of: UInt8(ascii: "}")), close > open + 1 {
                hashed = key[(open + 1)..<close]
            }
        }
        let number = Int(checksum(hashed)) % Layout.slotCount
        guard let slot = Slot(number) else { preconditionFailure("slot \(number)") }
        return slot
    }
}
