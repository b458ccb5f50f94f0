// How much memory is taken for a string of which only the length has come yet: little at first, since a length
// is no more than a claim, and then all at once, so that a long string is not copied again and again.

/// Room for bytes that are still to come.
package enum ByteRoom {
    /// What is taken on the strength of a length alone.
    package static let firstBytes = 1 << 20
    /// What is taken once that much has come. The kernel gives the pages when they are written to.
    package static let secondBytes = 1 << 29

    /// Makes room for `count` more bytes of a string that will have `expected` in all.
    package static func make(for count: Int, in bytes: inout [UInt8], expected: Int) {
        let wanted = bytes.count + count
        guard wanted > bytes.capacity else { return }
        let whole = max(wanted, expected)
        if wanted <= firstBytes {
            bytes.reserveCapacity(min(whole, firstBytes))
        } else {
            bytes.reserveCapacity(min(whole, max(secondBytes, 2 * wanted)))
        }
    }
}
