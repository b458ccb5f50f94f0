// The reader's rules that hold for both formats, and those of pcap: byte orders, times, cut input,
// input that is no capture, limits.

import Capture
import Testing

@Suite struct CaptureReaderTests {
    @Test(
        arguments: [ByteOrder.big, .little], [PcapWriter.Resolution.microseconds, .nanoseconds])
    func `a pcap file is read in either byte order and resolution`(
        order: ByteOrder, resolution: PcapWriter.Resolution
    ) {
        let writer = PcapWriter(linkType: 101, resolution: resolution, order: order)
        let time = Ends.start + 123_456_789
        let capture =
            writer.header + writer.record(time: time, packet: [1, 2, 3], originalLength: 9)
        let expected = CapturedPacket(
            time: resolution == .nanoseconds ? time : time - 789, linkType: 101, bytes: [1, 2, 3],
            originalLength: 9, offset: 24)
        let result = packets(capture)
        #expect(result.packets == [expected])
        #expect(result.error == nil)
    }

    @Test(arguments: [1, 2, 3, 7, 16, 100])
    func `the pieces in which a capture arrives make no difference`(piece: Int) {
        let whole = read(conversation())
        #expect(whole.events.map(word) == conversationWords)
        let parts = read(conversation(), piece: piece)
        #expect(parts.events == whole.events)
        #expect(parts.error == nil)
    }

    @Test func `a packet comes out with its last byte`() throws {
        let writer = PcapWriter()
        let capture = writer.header + writer.record(time: 0, packet: [1, 2, 3])
        var reader = CaptureReader()
        reader.feed(Array(capture.dropLast()))
        #expect(try reader.next() == nil)
        let last = [capture[capture.count - 1]]
        reader.feed(last.span)
        #expect(try reader.next()?.bytes == [1, 2, 3])
        #expect(try reader.next() == nil)
        try reader.finish()
    }

    @Test func `a header alone is a capture without packets`() {
        let result = packets(PcapWriter().header)
        #expect(result.packets.isEmpty)
        #expect(result.error == nil)
    }

    @Test(arguments: [[], [0xD4], [0xD4, 0xC3, 0xB2], Array("RCmb....".utf8)] as [[UInt8]])
    func `input that is empty or begins with no known magic is not a capture`(bytes: [UInt8]) {
        #expect(packets(bytes).error == .notACapture(firstBytes: Array(bytes.prefix(4))))
    }

    @Test func `input that ends inside the file header is cut`() {
        let header = PcapWriter().header
        let result = packets(Array(header.prefix(20)))
        #expect(result.error == .cut(offset: 20, missing: 4))
    }

    @Test func `input that ends inside a packet tells how many bytes are missing`() {
        let writer = PcapWriter()
        let record = writer.record(time: 0, packet: [1, 2, 3, 4, 5])
        let capture = writer.header + record + record
        let result = packets(Array(capture.dropLast(2)))
        #expect(result.packets.count == 1)
        #expect(result.error == .cut(offset: capture.count - 2, missing: 2))
    }

    @Test func `input that ends inside a record's header misses the rest of that header`() {
        let writer = PcapWriter()
        let capture = writer.header + writer.record(time: 0, packet: [1]).prefix(10)
        #expect(packets(capture).error == .cut(offset: 34, missing: 6))
    }

    @Test func `a packet at the limit is waited for, and one byte more is an error`() throws {
        let limit = CaptureLimits.recordBytes
        for length in [limit, limit + 1] {
            let declared = (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }
            var reader = CaptureReader()
            reader.feed(PcapWriter().header + [0, 0, 0, 0, 0, 0, 0, 0] + declared + declared)
            if length == limit {
                #expect(try reader.next() == nil)
            } else {
                let error = CaptureError.packetTooLong(offset: 24, declared: length, limit: limit)
                #expect(throws: error) { try reader.next() }
                #expect(throws: error, "an error stays") { try reader.next() }
                #expect(throws: error) { try reader.finish() }
            }
        }
    }

    @Test func `a version of pcap that is not known is an error`() {
        var header = PcapWriter().header
        header[4] = 3
        let error = CaptureError.unsupportedVersion(offset: 4, major: 3, minor: 4)
        #expect(packets(header).error == error)
    }

    @Test func `the bits beside the link type are not part of it`() {
        let writer = PcapWriter(linkType: 0x2400_0001)
        let capture = writer.header + writer.record(time: 0, packet: [])
        #expect(packets(capture).packets.map(\.linkType) == [1])
    }

    @Test func `many packets in one piece are read one by one`() {
        let writer = PcapWriter()
        var capture = writer.header
        for index in 0..<5000 {
            capture += writer.record(
                time: Int64(index), packet: [UInt8](repeating: UInt8(index % 256), count: 60))
        }
        for piece in [Int.max, 70_001] {
            let result = packets(capture, piece: piece)
            #expect(result.packets.map(\.time) == (0..<5000).map(Int64.init))
            #expect(result.packets.map(\.offset) == (0..<5000).map { 24 + $0 * 76 })
        }
    }
}
