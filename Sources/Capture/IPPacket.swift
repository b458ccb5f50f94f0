// Takes an IPv4 or IPv6 packet apart down to the payload of its TCP segment. Lengths come from the
// IP header, so that padding of short Ethernet frames is not payload and bytes cut by a snap length
// are known. Fragments are not put together but told apart; checksums are not looked at, since a
// capture on the sending machine sees packets before the network card has filled them in.

/// The flags of a TCP header.
package struct TCPFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let fin = TCPFlags(rawValue: 0x01)
    package static let syn = TCPFlags(rawValue: 0x02)
    package static let rst = TCPFlags(rawValue: 0x04)
    package static let psh = TCPFlags(rawValue: 0x08)
    package static let ack = TCPFlags(rawValue: 0x10)
}

/// One TCP segment with its packet's time.
package struct TCPSegment: Hashable, Sendable {
    /// Nanoseconds since the Unix epoch.
    package var time: Int64
    package var source: CaptureAddress
    package var destination: CaptureAddress
    package var sequence: UInt32
    /// The next sequence number that the sender expects; it means something with the flag `ack`
    /// only.
    package var acknowledgment: UInt32
    package var flags: TCPFlags
    /// The bytes that were captured. They share the packet's storage.
    package var payload: ArraySlice<UInt8>
    /// Payload bytes that were sent and follow `payload`, but that a snap length cut away.
    package var missing: Int

    package init(
        time: Int64, source: CaptureAddress, destination: CaptureAddress, sequence: UInt32,
        acknowledgment: UInt32 = 0, flags: TCPFlags, payload: ArraySlice<UInt8> = [],
        missing: Int = 0
    ) {
        self.time = time
        self.source = source
        self.destination = destination
        self.sequence = sequence
        self.acknowledgment = acknowledgment
        self.flags = flags
        self.payload = payload
        self.missing = missing
    }
}

/// What a captured packet carries.
package enum PacketContent: Hashable, Sendable {
    case tcp(TCPSegment)
    /// A part of a larger IP packet.
    case fragment
    /// No IP, or no TCP inside it.
    case other
    /// Headers that contradict each other, or that are not all there.
    case damaged
}

/// Reads captured packets.
package enum IPPacket {
    private static let tcp: UInt8 = 6
    /// What a packet without a length of its own may have; longer ones are damaged.
    private static let longestWithoutLength = 16 << 20

    /// What the packet carries.
    ///
    /// Throws `.unsupportedLinkType` when the link layer is not known.
    package static func content(
        of packet: CapturedPacket
    ) throws(CaptureError) -> PacketContent {
        guard let start = try LinkLayer.networkStart(of: packet) else { return .other }
        guard start < packet.bytes.count else { return .damaged }
        switch packet.bytes[start] >> 4 {
        case 4: return ipv4(packet, at: start)
        case 6: return ipv6(packet, at: start)
        default: return .damaged
        }
    }

    private static func ipv4(_ packet: CapturedPacket, at start: Int) -> PacketContent {
        let bytes = packet.bytes
        guard bytes.count >= start + 20 else { return .damaged }
        let header = Int(bytes[start] & 0x0F) * 4
        let declared = Int(bytes.bigEndian16(start + 2))
        let total = declared == 0 ? sentLength(packet, from: start) : declared
        guard header >= 20, total >= header, total <= longestWithoutLength else { return .damaged }
        // Both "more fragments" and any offset make it a part.
        if bytes.bigEndian16(start + 6) & 0x3FFF != 0 { return .fragment }
        guard bytes[start + 9] == tcp else { return .other }
        return segment(
            packet, at: start + header, end: start + total,
            source: { CaptureAddress(ipv4: bytes.bigEndian32(start + 12), port: $0) },
            destination: { CaptureAddress(ipv4: bytes.bigEndian32(start + 16), port: $0) })
    }

    private static func ipv6(_ packet: CapturedPacket, at start: Int) -> PacketContent {
        let bytes = packet.bytes
        guard bytes.count >= start + 40 else { return .damaged }
        let declared = Int(bytes.bigEndian16(start + 4))
        let total = declared == 0 ? sentLength(packet, from: start) : 40 + declared
        guard total >= 40, total <= longestWithoutLength else { return .damaged }
        var next = bytes[start + 6]
        var place = start + 40
        while next != tcp {
            guard let length = extensionLength(next, bytes, at: place) else {
                return isExtension(next) ? .damaged : .other
            }
            // A fragment header with neither an offset nor more to come is on a whole packet.
            if next == 44, bytes.bigEndian16(place + 2) & 0xFFF9 != 0 { return .fragment }
            next = bytes[place]
            place += length
        }
        return segment(
            packet, at: place, end: start + total,
            source: { address(bytes, at: start + 8, port: $0) },
            destination: { address(bytes, at: start + 24, port: $0) })
    }

    private static func address(_ bytes: [UInt8], at place: Int, port: UInt16) -> CaptureAddress {
        CaptureAddress(
            ipv6High: bytes.bigEndian64(place), ipv6Low: bytes.bigEndian64(place + 8), port: port)
    }

    /// Whether a number is that of a header that may stand between IPv6 and TCP: hop-by-hop,
    /// routing, fragment, authentication, destination, mobility.
    private static func isExtension(_ number: UInt8) -> Bool {
        switch number {
        case 0, 43, 44, 51, 60, 135: true
        default: false
        }
    }

    /// The length of an extension header in bytes; nil when it is none or not there.
    private static func extensionLength(_ number: UInt8, _ bytes: [UInt8], at place: Int) -> Int? {
        guard isExtension(number), bytes.count >= place + 8 else { return nil }
        switch number {
        case 44: return 8
        case 51: return (Int(bytes[place + 1]) + 2) * 4
        default: return (Int(bytes[place + 1]) + 1) * 8
        }
    }

    /// What was sent from `start` on, for packets whose header has a length of 0 because the
    /// network card was to cut them into smaller ones.
    private static func sentLength(_ packet: CapturedPacket, from start: Int) -> Int {
        max(packet.originalLength, packet.bytes.count) - start
    }

    /// Reads the TCP header at `start` of an IP packet that ends at `end`, captured or not.
    private static func segment(
        _ packet: CapturedPacket, at start: Int, end: Int,
        source: (UInt16) -> CaptureAddress, destination: (UInt16) -> CaptureAddress
    ) -> PacketContent {
        let bytes = packet.bytes
        guard bytes.count >= start + 20, end >= start + 20 else { return .damaged }
        let header = Int(bytes[start + 12] >> 4) * 4
        guard header >= 20, start + header <= end else { return .damaged }
        let first = min(start + header, bytes.count)
        let last = max(first, min(end, bytes.count))
        return .tcp(
            TCPSegment(
                time: packet.time, source: source(bytes.bigEndian16(start)),
                destination: destination(bytes.bigEndian16(start + 2)),
                sequence: bytes.bigEndian32(start + 4),
                acknowledgment: bytes.bigEndian32(start + 8),
                flags: TCPFlags(rawValue: bytes[start + 13]), payload: bytes[first..<last],
                missing: end - start - header - (last - first)))
    }
}
