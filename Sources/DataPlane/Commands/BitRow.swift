// Bits in a row of bytes, counted from the highest bit of the first byte: how many are set, where the first one is,
// and numbers of up to 64 bits at any place. What commands make of them is theirs.

/// Bits of a value, counted from the highest bit of its first byte.
enum BitRow {
    /// How many bits of a range that lies in the value are set.
    static func count(_ value: Span<UInt8>, _ range: Range<Int>) -> Int {
        var count = 0
        var at = range.lowerBound
        while at < range.upperBound && at & 7 != 0 { count += bit(value, &at) }
        let whole = (at >> 3)..<max(at >> 3, range.upperBound >> 3)
        for index in whole { count &+= value[index].nonzeroBitCount }
        at = max(at, whole.upperBound << 3)
        while at < range.upperBound { count += bit(value, &at) }
        return count
    }

    private static func bit(_ value: Span<UInt8>, _ at: inout Int) -> Int {
        defer { at += 1 }
        return Int(value[at >> 3] >> UInt8(7 - at & 7) & 1)
    }

    /// The first bit of a range that is set, or the first that is not.
    static func first(_ isSet: Bool, _ value: Span<UInt8>, _ range: Range<Int>) -> Int? {
        let skipped: UInt8 = isSet ? 0 : 0xFF
        var at = range.lowerBound
        while at < range.upperBound {
            if at & 7 == 0 && value[at >> 3] == skipped {
                at += 8
                continue
            }
            let place = at
            if (bit(value, &at) == 1) == isSet { return place }
        }
        return nil
    }

    /// Up to 64 bits as a number; bits beyond the value are 0.
    static func number(_ value: Span<UInt8>, at place: Int, width: Int) -> UInt64 {
        var number: UInt64 = 0
        for offset in 0..<width {
            var at = place + offset
            let isInside = at >> 3 < value.count
            number = number << 1 | UInt64(isInside ? bit(value, &at) : 0)
        }
        return number
    }

    /// The bytes from that of `place` on, with a number written over so many bits.
    static func bytes(
        _ value: Span<UInt8>, with number: UInt64, at place: Int, width: Int
    ) -> [UInt8] {
        let (first, last) = (place >> 3, (place + width - 1) >> 3)
        var bytes = (first...last).map { $0 < value.count ? value[$0] : 0 }
        for offset in 0..<width {
            let at = place + offset
            let mask = UInt8(0x80) >> UInt8(at & 7)
            if number >> UInt64(width - 1 - offset) & 1 == 1 {
                bytes[at >> 3 - first] |= mask
            } else {
                bytes[at >> 3 - first] &= ~mask
            }
        }
        return bytes
    }
}
