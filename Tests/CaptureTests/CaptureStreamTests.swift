// The whole way from bytes to events: tallies, link types that are not supported, what is told
// before an error; and that no cut and no damage to a capture traps. Random tests print their seed.

import Capture
import Testing

@Suite struct CaptureStreamTests {
    @Test(arguments: [LinkLayer.ethernet, LinkLayer.rawIP], [false, true])
    func `what the writer writes is read as it was`(linkType: UInt32, is6: Bool) {
        let capture = conversation(
            writer: PcapWriter(linkType: linkType),
            client: is6 ? Ends.client6 : Ends.client, server: is6 ? Ends.server6 : Ends.server)
        let result = read(capture)
        #expect(result.events.map(word) == conversationWords)
        #expect(result.events.first?.source == (is6 ? Ends.client6 : Ends.client))
        #expect(result.error == nil)
    }

    @Test func `bytes longer than a packet are written as several`() {
        var connection = PcapConnection(
            client: Ends.client, server: Ends.server, writer: PcapWriter())
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let capture =
            PcapWriter().header + connection.open(at: 0)
            + connection.send(bytes[...], from: .server, at: 0)
        var received: [UInt8] = []
        for event in read(capture).events {
            if case .payload(let part) = event.kind { received += part }
        }
        #expect(received == bytes)
    }

    @Test func `the checksums that the writer makes are right`() {
        for (client, server) in [(Ends.client, Ends.server), (Ends.client6, Ends.server6)] {
            let odd = segment("hello", sequence: 5, ends: (client, server))
            let packet = PcapWriter.ipPacket(of: odd)
            let addresses = client.isIPv4 ? packet[12..<20] : packet[8..<40]
            let tcp = packet[(client.isIPv4 ? 20 : 40)...]
            let pseudo = Array(addresses) + [0, 6, 0, UInt8(tcp.count)]
            #expect(sum(pseudo + tcp) == 0xFFFF)
            if client.isIPv4 { #expect(sum(Array(packet.prefix(20))) == 0xFFFF) }
        }
    }

    private func sum(_ bytes: [UInt8]) -> Int {
        var sum = 0
        for (index, byte) in bytes.enumerated() { sum += Int(byte) << (index % 2 == 0 ? 8 : 0) }
        while sum > 0xFFFF { sum = (sum >> 16) + (sum & 0xFFFF) }
        return sum
    }

    @Test func `what becomes of each packet is counted`() throws {
        let writer = PcapWriter(linkType: 101)
        let good = PcapWriter.ipPacket(of: segment("a", sequence: 0))
        var fragment = good
        fragment[6] = 0x20
        var other = good
        other[9] = 17
        let all = [good, good, fragment, other, [0x45], []]
        var stream = CaptureStream()
        var events: [TCPEvent] = []
        try stream.feed(
            writer.header + all.flatMap { writer.record(time: 0, packet: $0) }, into: &events)
        let tally = stream.tally
        #expect(tally.packets == 6)
        #expect(tally.segments == 2)
        #expect(tally.fragments == 1)
        #expect(tally.others == 1)
        #expect(tally.damaged == 2)
    }

    @Test func `a link type that is not supported ends a pcap file at its first packet`() {
        let writer = PcapWriter(linkType: 105)
        let result = read(writer.header + writer.record(time: 0, packet: [1]))
        #expect(result.error == .unsupportedLinkType(offset: 24, linkType: 105))
    }

    @Test func `a link type that is not supported does not hide others in the same file`() {
        let blocks = BlockBuilder()
        let begin = blocks.section() + blocks.interface(linkType: 105) + blocks.interface()
        let capture =
            begin + blocks.enhanced([1], ticks: 0)
            + blocks.enhanced(
                PcapWriter.ipPacket(of: segment("a", sequence: 0)), ticks: 0, interface: 1)
        let result = read(capture)
        #expect(result.events.map(word) == [">join", ">'a'"])
        #expect(result.error == .unsupportedLinkType(offset: begin.count, linkType: 105))
    }

    @Test func `what came before an error is told, with what waited`() {
        let writer = PcapWriter()
        let capture =
            writer.header + writer.record(of: segment("a", sequence: 0))
            + writer.record(of: segment("c", sequence: 2))
        let result = read(capture + [1, 2, 3])
        #expect(result.events.map(word) == [">join", ">'a'", ">gap(1)", ">'c'"])
        #expect(result.error == .cut(offset: capture.count + 3, missing: 13))
    }

    /// The same conversation as pcap and, with both orders of bytes, as pcapng.
    static var samples: [[UInt8]] {
        let ends = (Ends.client6, Ends.server6)
        var mixed: [UInt8] = []
        for order in [ByteOrder.little, .big] {
            let blocks = BlockBuilder(order: order)
            mixed += blocks.section() + blocks.interface(linkType: 101, resolution: 9)
            for packet in packets(conversation(writer: PcapWriter(linkType: 101))).packets {
                mixed += blocks.enhanced(packet.bytes, ticks: UInt64(packet.time))
            }
            mixed += blocks.simple(PcapWriter.ipPacket(of: segment("a", sequence: 3, ends: ends)))
        }
        return [conversation(), conversation(writer: PcapWriter(order: .big)), mixed]
    }

    @Test(arguments: CaptureStreamTests.samples)
    func `a capture cut anywhere tells what is whole, and that it is cut`(capture: [UInt8]) {
        let whole = packets(capture).packets
        let ends = ends(of: capture)
        #expect(ends.last == capture.count)
        for length in capture.indices {
            let result = packets(Array(capture.prefix(length)))
            let expected = whole.filter { packet in
                ends.contains { packet.offset < $0 && $0 <= length }
            }
            #expect(result.packets == expected, "\(length) bytes")
            switch result.error {
            case nil: #expect(ends.contains(length))
            case .notACapture: #expect(length < 4)
            case .cut(let offset, let missing):
                #expect(offset == length && missing > 0 && !ends.contains(length))
                #expect(ends.contains { length + missing <= $0 })
            default: Issue.record("\(length) bytes: \(String(describing: result.error))")
            }
            _ = read(Array(capture.prefix(length)))
        }
    }

    /// Where the file header, and each record or block, ends.
    private func ends(of capture: [UInt8]) -> [Int] {
        let isPcapNG = capture.first == 0x0A
        var ends = isPcapNG ? [] : [24]
        while let length = field(at: (ends.last ?? 0) + (isPcapNG ? 4 : 8), in: capture) {
            ends.append((ends.last ?? 0) + Int(length) + (isPcapNG ? 0 : 16))
        }
        return ends
    }

    /// A length in whichever order of bytes makes it smaller, which is right for small captures.
    private func field(at index: Int, in capture: [UInt8]) -> UInt32? {
        guard index + 4 <= capture.count else { return nil }
        let value = capture[index..<(index + 4)].reduce(0) { $0 << 8 | UInt32($1) }
        return min(value, value.byteSwapped)
    }

    @Test(arguments: CaptureStreamTests.samples)
    func `no damage to a capture traps`(capture: [UInt8]) {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("damage seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1500 {
            var damaged = capture
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: damaged.indices, using: &random)
                damaged[index] =
                    Bool.random(using: &random)
                    ? UInt8.random(in: 0...255, using: &random)
                    : damaged[index] ^ (1 << UInt8.random(in: 0..<8, using: &random))
            }
            let piece = Int.random(in: 1...2000, using: &random)
            let parts = read(damaged, piece: piece)
            let whole = read(damaged)
            #expect(parts.events == whole.events, "seed \(seed)")
            #expect(parts.error == whole.error, "seed \(seed)")
        }
    }

    @Test func `every error says in words where it is`() {
        let errors: [CaptureError] = [
            .unsupportedVersion(offset: 42, major: 1, minor: 2), .cut(offset: 42, missing: 1),
            .packetTooLong(offset: 42, declared: 2, limit: 1),
            .blockTooLong(offset: 42, declared: 2, limit: 1),
            .blockTooShort(offset: 42, type: 6, declared: 1, minimum: 2),
            .blockUnaligned(offset: 42, declared: 3),
            .blockLengthsDiffer(offset: 42, leading: 1, trailing: 2),
            .badByteOrderMagic(offset: 42, value: 3),
            .optionOverrun(offset: 42, code: 1, declared: 2, available: 1),
            .packetOverrun(offset: 42, declared: 2, available: 1),
            .unknownInterface(offset: 42, interface: 1, known: 1),
            .tooManyInterfaces(offset: 42, limit: 1),
            .unsupportedLinkType(offset: 42, linkType: 1),
        ]
        for error in errors { #expect("\(error)".hasSuffix("at byte 42"), "\(error)") }
        #expect(Set(errors.map(\.description)).count == errors.count)
        let first = CaptureError.notACapture(firstBytes: [0x0A, 0xFF])
        #expect("\(first)" == "not a capture: it begins with the bytes 0a ff")
        #expect("\(CaptureError.notACapture(firstBytes: []))".hasSuffix("is empty"))
    }
}
