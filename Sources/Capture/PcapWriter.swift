// Makes captures: the header of a pcap file, records, and IP packets with TCP headers around given
// payload. It produces bytes and leaves writing them to the caller. Lengths and checksums are
// right, so that other tools read the result without complaint.

/// Makes the bytes of a pcap file: `header` once, then records.
package struct PcapWriter: Sendable {
    package enum Resolution: Sendable {
        case microseconds, nanoseconds
    }

    package let linkType: UInt32
    package let resolution: Resolution
    let order: ByteOrder

    /// A writer of Ethernet frames or raw IP packets.
    package init(
        linkType: UInt32 = LinkLayer.ethernet, resolution: Resolution = .nanoseconds,
        order: ByteOrder = .little
    ) {
        self.linkType = linkType
        self.resolution = resolution
        self.order = order
    }

    /// The first 24 bytes of the file.
    package var header: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(
            resolution == .nanoseconds ? PcapReader.nanosecondMagic : PcapReader.microsecondMagic,
            order)
        bytes.appendInteger(PcapReader.majorVersion, order)
        bytes.appendInteger(PcapReader.minorVersion, order)
        for word: UInt32 in [0, 0, UInt32(Self.snapLength), linkType] {
            bytes.appendInteger(word, order)
        }
        return bytes
    }

    /// One record around a packet that begins with its link layer; times before 1970 become 0.
    package func record(
        time: Int64, packet: [UInt8], originalLength: Int? = nil
    ) -> [UInt8] {
        let time = UInt64(max(time, 0))
        let fraction = time % 1_000_000_000
        var bytes: [UInt8] = []
        bytes.reserveCapacity(PcapReader.recordHeaderBytes + packet.count)
        bytes.appendInteger(UInt32(truncatingIfNeeded: time / 1_000_000_000), order)
        bytes.appendInteger(
            UInt32(resolution == .nanoseconds ? fraction : fraction / 1000), order)
        bytes.appendInteger(UInt32(packet.count), order)
        bytes.appendInteger(UInt32(clamping: originalLength ?? packet.count), order)
        bytes += packet
        return bytes
    }

    /// The record of a TCP segment, whose payload has at most `longestPayload` bytes.
    package func record(of segment: TCPSegment) -> [UInt8] {
        var packet: [UInt8] = []
        if linkType == LinkLayer.ethernet {
            packet += [UInt8](repeating: 0, count: 12)
            packet.appendInteger(
                segment.isIPv4 ? LinkLayer.etherTypeIPv4 : LinkLayer.etherTypeIPv6)
        }
        packet += Self.ipPacket(of: segment)
        return record(
            time: segment.time, packet: packet, originalLength: packet.count + segment.missing)
    }

    private static let snapLength = 262_144
    private static let tcpHeaderBytes = 20
    /// The most payload that fits one packet, IPv4 with its own header being the smaller.
    package static let longestPayload = 65_535 - 20 - tcpHeaderBytes

    /// The IP packet of a segment: IPv4 when both addresses are, else IPv6.
    ///
    /// Bytes that the segment says are missing count in the packet's length and are not there.
    package static func ipPacket(of segment: TCPSegment) -> [UInt8] {
        precondition(
            segment.lengthBytes <= longestPayload, "a payload of \(segment.lengthBytes) bytes")
        let length = tcpHeaderBytes + segment.lengthBytes
        let (source, destination) = (segment.source, segment.destination)
        var packet: [UInt8] = []
        packet.reserveCapacity(40 + length)
        var pseudo: [UInt8] = []
        if let from = source.ipv4, let to = destination.ipv4 {
            packet += [0x45, 0]
            packet.appendInteger(UInt16(20 + length))
            packet += [0, 0, 0x40, 0, 64, 6, 0, 0]
            packet.appendInteger(from)
            packet.appendInteger(to)
            pseudo += packet[12..<20]
            packet.setInteger(checksum(packet[...]), at: 10)
        } else {
            packet += [0x60, 0, 0, 0]
            packet.appendInteger(UInt16(length))
            packet += [6, 64]
            for half in [source.ipv6.high, source.ipv6.low, destination.ipv6.high] {
                packet.appendInteger(half)
            }
            packet.appendInteger(destination.ipv6.low)
            pseudo += packet[8..<40]
        }
        let start = packet.count
        packet.appendInteger(source.port)
        packet.appendInteger(destination.port)
        packet.appendInteger(segment.sequence)
        packet.appendInteger(segment.acknowledgment)
        packet += [UInt8(tcpHeaderBytes / 4) << 4, segment.flags.rawValue, 0xFF, 0xFF, 0, 0, 0, 0]
        packet += segment.payload
        pseudo.appendInteger(UInt16(6))
        pseudo.appendInteger(UInt16(length))
        packet.setInteger(checksum(packet[start...], and: pseudo[...]), at: start + 16)
        return packet
    }

    /// The Internet checksum: the complement of the one's-complement sum of 16-bit words.
    private static func checksum(
        _ bytes: ArraySlice<UInt8>, and more: ArraySlice<UInt8> = []
    ) -> UInt16 {
        var sum: UInt64 = 0
        for part in [bytes, more] {
            var isHigh = true
            for byte in part {
                sum += isHigh ? UInt64(byte) << 8 : UInt64(byte)
                isHigh.toggle()
            }
        }
        while sum > 0xFFFF { sum = sum >> 16 + sum & 0xFFFF }
        return ~UInt16(truncatingIfNeeded: sum)
    }
}

/// Writes what two ends of one connection say as records, keeping the sequence numbers of both.
package struct PcapConnection: Sendable {
    package enum Side: Sendable {
        case client, server
    }

    package let client: CaptureAddress
    package let server: CaptureAddress
    private let writer: PcapWriter
    private var clientNext: UInt32
    private var serverNext: UInt32

    package init(
        client: CaptureAddress, server: CaptureAddress, writer: PcapWriter,
        clientSequence: UInt32 = 0, serverSequence: UInt32 = 0
    ) {
        self.client = client
        self.server = server
        self.writer = writer
        clientNext = clientSequence
        serverNext = serverSequence
    }

    /// The records of the three-way handshake.
    package mutating func open(at time: Int64) -> [UInt8] {
        record(.client, .syn, at: time) + record(.server, [.syn, .ack], at: time)
            + record(.client, .ack, at: time)
    }

    /// The records of bytes sent by one side, as many as they need.
    package mutating func send(
        _ bytes: ArraySlice<UInt8>, from side: Side, at time: Int64
    ) -> [UInt8] {
        var records: [UInt8] = []
        var rest = bytes
        while !rest.isEmpty {
            let part = rest.prefix(PcapWriter.longestPayload)
            rest = rest.dropFirst(part.count)
            records += record(side, [.ack, .psh], payload: part, at: time)
        }
        return records
    }

    /// The records of an orderly end, begun by one side.
    package mutating func close(from side: Side, at time: Int64) -> [UInt8] {
        let other: Side = side == .client ? .server : .client
        return record(side, [.fin, .ack], at: time) + record(other, [.fin, .ack], at: time)
            + record(side, .ack, at: time)
    }

    private mutating func record(
        _ side: Side, _ flags: TCPFlags, payload: ArraySlice<UInt8> = [], at time: Int64
    ) -> [UInt8] {
        let isClient = side == .client
        let segment = TCPSegment(
            time: time, source: isClient ? client : server,
            destination: isClient ? server : client,
            sequence: isClient ? clientNext : serverNext,
            acknowledgment: flags.contains(.ack) ? (isClient ? serverNext : clientNext) : 0,
            flags: flags, payload: payload)
        let taken = payload.count + (flags.isDisjoint(with: [.syn, .fin]) ? 0 : 1)
        if isClient {
            clientNext &+= UInt32(truncatingIfNeeded: taken)
        } else {
            serverNext &+= UInt32(truncatingIfNeeded: taken)
        }
        return writer.record(of: segment)
    }
}

extension TCPSegment {
    fileprivate var isIPv4: Bool { source.isIPv4 && destination.isIPv4 }
}

extension [UInt8] {
    fileprivate mutating func setInteger(_ value: UInt16, at index: Int) {
        self[index] = UInt8(value >> 8)
        self[index + 1] = UInt8(truncatingIfNeeded: value)
    }
}
