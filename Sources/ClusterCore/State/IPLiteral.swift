// IP addresses as text: recognised, and written one way, so that the same address in two spellings
// is not taken for a change. Pure, because the rules compare addresses and have no system to ask.

package import ClusterWire

/// Literal IPv4 and IPv6 addresses.
///
/// - Source: bus protocol §4.9, §12 row 34; RFC 5952 for the text of IPv6.
package enum IPLiteral {
    /// Whether the text is a literal address: no name, no scope, no "?".
    package static func isLiteral(_ ip: IPText) -> Bool { normalised(ip) != nil }

    /// The one spelling of an address, or nil when it is none.
    package static func normalised(_ ip: IPText) -> IPText? {
        if ip.isDottedIPv4 { return ip }
        let bytes = ip.bytes
        // Made anew: what a peer wrote after the first NUL is not part of the address.
        if ipv4(bytes[...]) != nil { return IPText(latin1(bytes)) }
        guard let groups = ipv6(bytes) else { return nil }
        return IPText(text(groups))
    }

    /// Four octets, without leading zeros, or nil.
    private static func ipv4(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var octets: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != 0x30 else {
                return nil
            }
            var value = 0
            for byte in part {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            guard let octet = UInt8(exactly: value) else { return nil }
            octets.append(octet)
        }
        return octets
    }

    /// Eight groups of 16 bits, or nil.
    private static func ipv6(_ bytes: [UInt8]) -> [UInt16]? {
        guard bytes.contains(UInt8(ascii: ":")) else { return nil }
        var head: [UInt16] = []
        var tail: [UInt16] = []
        var compressed = false
        var rest = bytes[...]
        if rest.starts(with: [0x3A, 0x3A]) {
            compressed = true
            rest = rest.dropFirst(2)
        } else if rest.first == 0x3A {
            return nil
        }
        while !rest.isEmpty {
            let group = rest.prefix { $0 != 0x3A }
            rest = rest.dropFirst(group.count)
            if group.contains(UInt8(ascii: ".")) {
                guard rest.isEmpty, let octets = ipv4(group) else { return nil }
                let words = [
                    UInt16(octets[0]) << 8 | UInt16(octets[1]),
                    UInt16(octets[2]) << 8 | UInt16(octets[3]),
                ]
                if compressed { tail += words } else { head += words }
                break
            }
            guard let value = hex(group) else { return nil }
            if compressed { tail.append(value) } else { head.append(value) }
            guard let colon = rest.first, colon == 0x3A else { break }
            rest = rest.dropFirst()
            if rest.first == 0x3A {
                guard !compressed else { return nil }
                compressed = true
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        let count = head.count + tail.count
        guard compressed ? count < 8 : count == 8 else { return nil }
        return head + [UInt16](repeating: 0, count: 8 - count) + tail
    }

    private static func hex(_ bytes: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(bytes.count) else { return nil }
        var value: UInt16 = 0
        for byte in bytes {
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x41 + 10
            case 0x61...0x66: digit = byte - 0x61 + 10
            default: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    private static func text(_ groups: [UInt16]) -> String {
        if groups[0..<5].allSatisfy({ $0 == 0 }) && groups[5] == 0xFFFF {
            let octets = [groups[6] >> 8, groups[6] & 255, groups[7] >> 8, groups[7] & 255]
            return "::ffff:" + octets.map(String.init).joined(separator: ".")
        }
        var best = 0..<0
        var index = 0
        while index < 8 {
            let end = groups[index...].firstIndex { $0 != 0 } ?? 8
            if end - index > best.count { best = index..<end }
            index = max(end, index + 1)
        }
        let texts = groups.map { String($0, radix: 16) }
        guard best.count > 1 else { return texts.joined(separator: ":") }
        return texts[..<best.lowerBound].joined(separator: ":") + "::"
            + texts[best.upperBound...].joined(separator: ":")
    }
}
