// The way from a captured packet to a TCP segment: each link layer, both versions of IP, padding,
// fragments, extension headers, snap lengths, damaged headers; and addresses as text.

import Capture
import Testing

@Suite struct IPPacketTests {
    let plain = segment("hello", sequence: 5, acknowledgment: 77, flags: .psh)
    var plain6: TCPSegment {
        segment(
            "hello", sequence: 5, acknowledgment: 77, flags: .psh,
            ends: (Ends.client6, Ends.server6))
    }

    func content(
        _ linkType: UInt32, _ bytes: [UInt8], originalLength: Int? = nil
    ) throws(CaptureError) -> PacketContent {
        try IPPacket.content(
            of: CapturedPacket(
                time: Ends.start, linkType: linkType, bytes: bytes,
                originalLength: originalLength, offset: 24))
    }

    struct Link: CustomTestStringConvertible {
        var testDescription: String
        var linkType: UInt32
        var header: [UInt8]
        var is6 = false
    }

    @Test(arguments: IPPacketTests.links)
    func `a segment is found behind each link layer`(_ link: Link) throws {
        let expected = link.is6 ? plain6 : plain
        let found = try content(link.linkType, link.header + PcapWriter.ipPacket(of: expected))
        #expect(found == .tcp(expected))
    }

    static var links: [Link] {
        let zeros = [UInt8](repeating: 0, count: 14)
        let ethernet = Array(zeros.prefix(12))
        let tag: [UInt8] = [0x81, 0, 0, 5]
        return [
            Link(testDescription: "Ethernet", linkType: 1, header: ethernet + [8, 0]),
            Link(
                testDescription: "Ethernet, IPv6", linkType: 1, header: ethernet + [0x86, 0xDD],
                is6: true),
            Link(testDescription: "802.1Q", linkType: 1, header: ethernet + tag + [8, 0]),
            Link(
                testDescription: "802.1ad and 802.1Q", linkType: 1,
                header: ethernet + [0x88, 0xA8, 0, 1] + tag + [8, 0]),
            Link(
                testDescription: "three tags", linkType: 1,
                header: ethernet + [0x91, 0, 0, 1] + tag + tag + [0x86, 0xDD], is6: true),
            Link(testDescription: "cooked", linkType: 113, header: zeros + [8, 0]),
            Link(
                testDescription: "cooked, tagged, IPv6", linkType: 113,
                header: zeros + tag + [0x86, 0xDD], is6: true),
            Link(
                testDescription: "cooked 2", linkType: 276, header: [8, 0] + zeros + [0, 0, 0, 0]),
            Link(
                testDescription: "cooked 2, IPv6", linkType: 276,
                header: [0x86, 0xDD] + zeros + [0, 0, 0, 0], is6: true),
            Link(testDescription: "raw", linkType: 101, header: []),
            Link(testDescription: "raw, IPv6", linkType: 101, header: [], is6: true),
            Link(testDescription: "raw, 12", linkType: 12, header: []),
            Link(testDescription: "raw, 14", linkType: 14, header: [], is6: true),
            Link(testDescription: "IPv4", linkType: 228, header: []),
            Link(testDescription: "IPv6", linkType: 229, header: [], is6: true),
            Link(testDescription: "null, little-endian", linkType: 0, header: [2, 0, 0, 0]),
            Link(testDescription: "null, big-endian", linkType: 0, header: [0, 0, 0, 2]),
            Link(testDescription: "null, 24", linkType: 0, header: [24, 0, 0, 0], is6: true),
            Link(testDescription: "null, 28", linkType: 0, header: [0, 0, 0, 28], is6: true),
            Link(testDescription: "null, 30", linkType: 0, header: [30, 0, 0, 0], is6: true),
            Link(testDescription: "loop", linkType: 108, header: [0, 0, 0, 2]),
        ]
    }

    @Test func `an unknown link type is an error that names it`() {
        let error = CaptureError.unsupportedLinkType(offset: 24, linkType: 105)
        #expect(throws: error) { try content(105, [1, 2, 3]) }
    }

    @Test func `what carries no IP or no TCP is told apart from what is damaged`() throws {
        let arp = [UInt8](repeating: 0, count: 12) + [8, 6] + [UInt8](repeating: 0, count: 28)
        #expect(try content(1, arp) == .other)
        #expect(try content(0, [7, 0, 0, 0, 1]) == .other)
        #expect(try content(1, [1, 2, 3]) == .other)
        for var packet in [PcapWriter.ipPacket(of: plain), PcapWriter.ipPacket(of: plain6)] {
            packet[packet[0] == 0x45 ? 9 : 6] = 17
            #expect(try content(101, packet) == .other)
        }
        #expect(try content(101, []) == .damaged)
        #expect(try content(101, [0x55] + [UInt8](repeating: 0, count: 60)) == .damaged)
    }

    @Test func `the padding of a short frame is not payload`() throws {
        let bare = segment(sequence: 5, acknowledgment: 77)
        let packet = PcapWriter.ipPacket(of: bare) + [0, 0, 0, 0, 0, 0]
        #expect(try content(101, packet) == .tcp(bare))
        let bare6 = segment(
            sequence: 5, acknowledgment: 77, ends: (Ends.client6, Ends.server6))
        #expect(try content(101, PcapWriter.ipPacket(of: bare6) + [0, 0]) == .tcp(bare6))
    }

    @Test func `a total length of zero takes all that was sent`() throws {
        var packet = PcapWriter.ipPacket(of: plain)
        (packet[2], packet[3]) = (0, 0)
        #expect(try content(101, packet) == .tcp(plain))
        var cut = plain
        cut.missing = 10
        #expect(try content(101, packet, originalLength: packet.count + 10) == .tcp(cut))
        var packet6 = PcapWriter.ipPacket(of: plain6)
        (packet6[4], packet6[5]) = (0, 0)
        #expect(try content(101, packet6) == .tcp(plain6))
        #expect(try content(101, packet6, originalLength: 1 << 32) == .damaged)
    }

    @Test func `options of IPv4 and TCP are passed over`() throws {
        var packet = PcapWriter.ipPacket(of: plain)
        packet[32] = 0x80
        packet.insert(contentsOf: [UInt8](repeating: 1, count: 12), at: 40)
        packet[0] = 0x47
        packet.insert(contentsOf: [UInt8](repeating: 1, count: 8), at: 20)
        packet[3] += 20
        #expect(try content(101, packet) == .tcp(plain))
    }

    @Test(arguments: [[0x20, 0], [0, 1], [0x3F, 0xFF]] as [[UInt8]])
    func `a fragment of IPv4 is told as such`(field: [UInt8]) throws {
        var packet = PcapWriter.ipPacket(of: plain)
        packet.replaceSubrange(6..<8, with: field)
        #expect(try content(101, packet) == .fragment)
    }

    func extended(_ first: UInt8, _ headers: [UInt8]) -> [UInt8] {
        var packet = PcapWriter.ipPacket(of: plain6)
        packet[6] = first
        packet[5] += UInt8(headers.count)
        packet.insert(contentsOf: headers, at: 40)
        return packet
    }

    @Test func `extension headers of IPv6 are passed over`() throws {
        let eight = [UInt8](repeating: 0, count: 6)
        let headers =
            [43, 0] + eight + [60, 1] + eight + [UInt8](repeating: 0, count: 8) + [44, 0] + eight
            + [51, 0, 0, 0, 0, 0, 0, 0] + [6, 1] + [UInt8](repeating: 0, count: 10)
        #expect(try content(101, extended(0, headers)) == .tcp(plain6))
        #expect(try content(101, extended(59, [])) == .other)
        let packet = extended(0, [0xFF, 0] + eight)
        #expect(try content(101, packet) == .other)
        #expect(try content(101, Array(packet.prefix(44))) == .damaged)
        #expect(try content(101, extended(0, [6, 200] + eight)) == .damaged)
    }

    @Test(arguments: [([0, 0], false), ([0, 1], true), ([0, 8], true), ([0xFF, 0xF8], true)])
    func `a fragment of IPv6 is told as such, unless it is the whole packet`(
        field: [UInt8], isFragment: Bool
    ) throws {
        let found = try content(101, extended(44, [6, 0] + field + [0, 0, 0, 1]))
        #expect(found == (isFragment ? .fragment : .tcp(plain6)))
    }

    @Test func `bytes cut by the snap length are counted as missing`() throws {
        for whole in [plain, plain6] {
            let packet = PcapWriter.ipPacket(of: whole)
            let headers = packet.count - 5
            for kept in 0...5 {
                var expected = whole
                expected.payload = whole.payload.prefix(kept)
                expected.missing = 5 - kept
                let cut = Array(packet.prefix(headers + kept))
                let found = try content(101, cut, originalLength: packet.count)
                #expect(found == .tcp(expected))
            }
            for kept in 0..<headers {
                #expect(try content(101, Array(packet.prefix(kept))) == .damaged)
            }
        }
    }

    @Test(arguments: [(0, 0x44), (3, 19), (3, 30), (32, 0x40), (32, 0xF0)] as [(Int, UInt8)])
    func `headers that contradict each other are damaged`(index: Int, value: UInt8) throws {
        var packet = PcapWriter.ipPacket(of: plain)
        packet[index] = value
        #expect(try content(101, packet) == .damaged)
    }
}

@Suite struct CaptureAddressTests {
    @Test(
        arguments: [
            (0x0000_0000_0000_0000, 0x0000_0000_0000_0001, "[::1]:7000"),
            (0, 0, "[::]:7000"),
            (0x2001_0DB8_0000_0000, 0x0000_0000_0002_0001, "[2001:db8::2:1]:7000"),
            (0x2001_0DB8_0000_0001, 0x0001_0001_0001_0001, "[2001:db8:0:1:1:1:1:1]:7000"),
            (0x2001_0000_0000_0001, 0x0000_0000_0000_0001, "[2001:0:0:1::1]:7000"),
            (0x2001_0DB8_0000_0000, 0x0001_0000_0000_0001, "[2001:db8::1:0:0:1]:7000"),
            (0xFE80_0000_0000_0000, 0, "[fe80::]:7000"),
            (0x0001_0002_0003_0004, 0x0005_0006_0007_ABCD, "[1:2:3:4:5:6:7:abcd]:7000"),
            (0, 0x0000_FFFF_0A00_0001, "[::ffff:10.0.0.1]:7000"),
        ] as [(UInt64, UInt64, String)])
    func `an IPv6 address is written in its shortest form`(
        high: UInt64, low: UInt64, text: String
    ) {
        #expect(CaptureAddress(ipv6High: high, ipv6Low: low, port: 7000).description == text)
    }

    @Test func `an IPv4 address is written with dots`() {
        #expect(CaptureAddress(ipv4: 0x7F00_0001, port: 7000).description == "127.0.0.1:7000")
        #expect(CaptureAddress(ipv4: .max, port: 1).description == "255.255.255.255:1")
        #expect(CaptureAddress(ipv4: 1, port: 1).host == "0.0.0.1")
    }

    @Test func `an IPv4 address is not the IPv6 address with the same bytes`() {
        let mapped = CaptureAddress(ipv6High: 0, ipv6Low: 0xFFFF_0000_0001, port: 1)
        let address = CaptureAddress(ipv4: 1, port: 1)
        #expect(mapped != address)
        #expect(mapped.ipv6 == address.ipv6)
        #expect(address < mapped)
        #expect(mapped.ipv4 == nil)
    }
}
