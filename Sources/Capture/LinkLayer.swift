// Finds where the IP packet begins behind the header of the link layer. VLAN tags are passed over,
// however many there are. Which link types exist is fixed by the registry of pcap link types; those
// not listed here are an error that names the number. The IP packet itself is left to IPPacket.

/// The link layers that can be taken apart.
package enum LinkLayer {
    package static let null: UInt32 = 0
    package static let ethernet: UInt32 = 1
    package static let rawIPOld: UInt32 = 12
    package static let rawIPOpenBSD: UInt32 = 14
    package static let rawIP: UInt32 = 101
    package static let loop: UInt32 = 108
    package static let linuxCooked: UInt32 = 113
    package static let ipv4: UInt32 = 228
    package static let ipv6: UInt32 = 229
    package static let linuxCooked2: UInt32 = 276

    private static let vlanTags: [UInt16] = [0x8100, 0x88A8, 0x9100]
    static let etherTypeIPv4: UInt16 = 0x0800
    static let etherTypeIPv6: UInt16 = 0x86DD

    /// The place of the IP header in the packet's bytes, or nil when the packet carries something
    /// else.
    ///
    /// Throws `.unsupportedLinkType` when the link type is not one of those above.
    static func networkStart(of packet: CapturedPacket) throws(CaptureError) -> Int? {
        let bytes = packet.bytes
        switch packet.linkType {
        case ethernet: return afterTags(bytes, etherTypeAt: 12, payloadAt: 14)
        case linuxCooked: return afterTags(bytes, etherTypeAt: 14, payloadAt: 16)
        case linuxCooked2: return afterTags(bytes, etherTypeAt: 0, payloadAt: 20)
        case rawIP, rawIPOld, rawIPOpenBSD, ipv4, ipv6: return 0
        case null, loop:
            guard bytes.count >= 4 else { return nil }
            let family = bytes.bigEndian32(0)
            return isInternet(family) || isInternet(family.byteSwapped) ? 4 : nil
        default:
            throw .unsupportedLinkType(offset: packet.offset, linkType: packet.linkType)
        }
    }

    /// Reads the type of what follows, and goes past one tag of four bytes after the other.
    private static func afterTags(_ bytes: [UInt8], etherTypeAt: Int, payloadAt: Int) -> Int? {
        guard bytes.count >= payloadAt else { return nil }
        var type = bytes.bigEndian16(etherTypeAt)
        var place = payloadAt
        while vlanTags.contains(type) {
            guard bytes.count >= place + 4 else { return nil }
            type = bytes.bigEndian16(place + 2)
            place += 4
        }
        return type == etherTypeIPv4 || type == etherTypeIPv6 ? place : nil
    }

    /// Whether a BSD address family is IPv4, or IPv6 by the number that any system gives it.
    private static func isInternet(_ family: UInt32) -> Bool {
        switch family {
        case 2, 10, 24, 28, 30: true
        default: false
        }
    }
}
