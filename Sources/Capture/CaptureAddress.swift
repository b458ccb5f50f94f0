// An IP address with a port, as a value that hashes fast and prints in the usual form.
// Addresses are compared as they are written in the packet; names are never looked up.

/// An IPv4 or IPv6 address and a TCP port.
package struct CaptureAddress: Hashable, Sendable, Comparable {
    /// The 16 bytes of an IPv6 address in two halves; an IPv4 address is the low 32 bits of `low`.
    private let high: UInt64
    private let low: UInt64
    package let port: UInt16
    package let isIPv4: Bool

    package init(ipv4: UInt32, port: UInt16) {
        (high, low, self.port, isIPv4) = (0, UInt64(ipv4), port, true)
    }

    package init(ipv6High: UInt64, ipv6Low: UInt64, port: UInt16) {
        (high, low, self.port, isIPv4) = (ipv6High, ipv6Low, port, false)
    }

    /// An order without meaning but always the same: IPv4 first, then by number, then by port.
    package static func < (a: Self, b: Self) -> Bool {
        if a.isIPv4 != b.isIPv4 { return a.isIPv4 }
        return (a.high, a.low, a.port) < (b.high, b.low, b.port)
    }

    /// The IPv4 address as a number, or nil for IPv6.
    package var ipv4: UInt32? { isIPv4 ? UInt32(truncatingIfNeeded: low) : nil }

    /// The address as IPv6 in two halves, an IPv4 address in its mapped form.
    package var ipv6: (high: UInt64, low: UInt64) {
        isIPv4 ? (0, 0xFFFF_0000_0000 | low) : (high, low)
    }

    /// The address alone: "127.0.0.1", "::1".
    package var host: String { isIPv4 ? dotted(low) : shortestIPv6 }

    /// The shortest form of an IPv6 address: small letters, no leading zeros, the longest run of
    /// two or more zero groups (the first of equals) as "::", and a mapped IPv4 address with dots.
    private var shortestIPv6: String {
        if high == 0, low >> 32 == 0xFFFF { return "::ffff:" + dotted(low) }
        let groups: [UInt16] = (0..<8).map { index in
            let half = index < 4 ? high : low
            return UInt16(truncatingIfNeeded: half >> UInt64(48 - index % 4 * 16))
        }
        var longest = 0..<0
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > longest.count { longest = start..<end }
            start = end + 1
        }
        let words = groups.map { String($0, radix: 16) }
        if longest.isEmpty { return words.joined(separator: ":") }
        return words[..<longest.lowerBound].joined(separator: ":") + "::"
            + words[longest.upperBound...].joined(separator: ":")
    }

    private func dotted(_ value: UInt64) -> String {
        let bytes: [UInt8] = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
        return bytes.map(String.init).joined(separator: ".")
    }
}

extension CaptureAddress: CustomStringConvertible {
    /// "127.0.0.1:7000" or "[::1]:7000".
    package var description: String { isIPv4 ? "\(host):\(port)" : "[\(host)]:\(port)" }
}
