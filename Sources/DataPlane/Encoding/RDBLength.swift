// How many bytes lengths and keys take in an RDB that is written raw: without integers and without LZF, which a
// writer may leave out. The table keeps the sum, so that the length of a copy is known before its first byte.

/// Sizes in an RDB of version 9 as it is written here.
package enum RDBLength {
    /// What stands before the first key: `REDIS0009`.
    package static let headerBytes = 9
    /// What stands behind the last key: the end's opcode and the checksum.
    package static let footerBytes = 9
    /// An opcode and 64 bits of milliseconds.
    package static let expiryBytes = 9

    /// Bytes of a length: 6 bits, 14 bits, 32 bits or 64 bits.
    @inlinable
    package static func bytes(of count: Int) -> Int {
        if count < 64 { return 1 }
        if count < 16_384 { return 2 }
        return count <= Int(UInt32.max) ? 5 : 9
    }

    /// Bytes of one string key: its type, its name and its value, each string with its length, and when it ends.
    @inlinable
    package static func entryBytes(key: Int, value: Int, expires: Bool) -> Int {
        1 + bytes(of: key) + key + bytes(of: value) + value + (expires ? expiryBytes : 0)
    }
}
