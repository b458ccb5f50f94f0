// The reader's rules for pcapng: sections, interfaces, kinds of packet, times, and each way in
// which a block can be wrong.

import Capture
import Testing

@Suite struct PcapNGReaderTests {
    let little = BlockBuilder()

    @Test(arguments: [ByteOrder.big, .little])
    func `packets of each kind are read in either byte order`(order: ByteOrder) {
        let builder = BlockBuilder(order: order)
        let capture =
            builder.section() + builder.interface(linkType: 1)
            + builder.enhanced([1, 2, 3], ticks: 5_000_001, originalLength: 10)
            + builder.obsolete([4], ticks: 6_000_000) + builder.simple([5, 6, 7, 8])
        let result = packets(capture, piece: 5)
        #expect(result.error == nil)
        #expect(result.packets.map(\.bytes) == [[1, 2, 3], [4], [5, 6, 7, 8]])
        #expect(result.packets.map(\.originalLength) == [10, 1, 4])
        #expect(result.packets.map(\.time) == [5_000_001_000, 6_000_000_000, 6_000_000_000])
        #expect(result.packets.map(\.linkType) == [1, 1, 1])
    }

    struct Resolution: CustomTestStringConvertible {
        var option: UInt8?
        var offset: Int64?
        var ticks: UInt64
        var nanoseconds: Int64
        var testDescription: String { "\(option ?? 6), \(offset ?? 0), \(ticks)" }
    }

    @Test(arguments: [
        Resolution(option: nil, ticks: 1_500_000, nanoseconds: 1_500_000_000),
        Resolution(option: 0, ticks: 3, nanoseconds: 3_000_000_000),
        Resolution(option: 3, ticks: 1500, nanoseconds: 1_500_000_000),
        Resolution(option: 9, ticks: 1_500_000_001, nanoseconds: 1_500_000_001),
        Resolution(option: 12, ticks: 1_500_000_001_999, nanoseconds: 1_500_000_001),
        Resolution(option: 28, ticks: .max, nanoseconds: 1),
        Resolution(option: 29, ticks: .max, nanoseconds: 0),
        Resolution(option: 127, ticks: .max, nanoseconds: 0),
        Resolution(option: 0x80, ticks: 3, nanoseconds: 3_000_000_000),
        Resolution(option: 0x8A, ticks: 1536, nanoseconds: 1_500_000_000),
        Resolution(option: 0xBF, ticks: 3 << 62, nanoseconds: 1_500_000_000),
        Resolution(option: 0xC0, ticks: .max, nanoseconds: 0),
        Resolution(option: 0xFF, ticks: .max, nanoseconds: 0),
        Resolution(option: 9, offset: 100, ticks: 7, nanoseconds: 100_000_000_007),
        Resolution(option: 9, offset: -1, ticks: 1_000_000_007, nanoseconds: 7),
        Resolution(option: 9, offset: -1, ticks: 7, nanoseconds: 0),
        Resolution(option: 0, ticks: .max, nanoseconds: CaptureLimits.latestTime),
        Resolution(option: 0x80, ticks: .max, nanoseconds: CaptureLimits.latestTime),
        Resolution(option: 9, offset: .max, ticks: 7, nanoseconds: CaptureLimits.latestTime),
        Resolution(option: 9, offset: .min, ticks: 7, nanoseconds: 0),
        Resolution(
            option: 0, offset: 9_000_000_000, ticks: .max, nanoseconds: CaptureLimits.latestTime),
    ])
    func `times follow the interface's resolution and offset`(_ example: Resolution) {
        let capture =
            little.section()
            + little.interface(resolution: example.option, offset: example.offset)
            + little.enhanced([], ticks: example.ticks)
        #expect(packets(capture).packets.map(\.time) == [example.nanoseconds])
    }

    @Test func `each packet has the link type and resolution of its interface`() {
        let capture =
            little.section() + little.interface(linkType: 1) + little.interface(linkType: 101)
            + little.enhanced([1], ticks: 1, interface: 1)
            + little.interface(linkType: 113, resolution: 9)
            + little.enhanced([2], ticks: 2, interface: 0)
            + little.enhanced([3], ticks: 3, interface: 2)
        let result = packets(capture)
        #expect(result.packets.map(\.linkType) == [101, 1, 113])
        #expect(result.packets.map(\.time) == [1000, 2000, 3])
    }

    @Test func `a new section has its own byte order and interfaces`() {
        let big = BlockBuilder(order: .big)
        let capture =
            little.section() + little.interface(linkType: 1) + little.enhanced([1], ticks: 1)
            + big.section() + big.interface(linkType: 101) + big.enhanced([2], ticks: 2)
            + little.section() + little.enhanced([3], ticks: 3)
        let result = packets(capture)
        #expect(result.packets.map(\.linkType) == [1, 101])
        let last = capture.count - little.enhanced([3], ticks: 3).count
        #expect(result.error == .unknownInterface(offset: last, interface: 0, known: 0))
    }

    @Test func `blocks of unknown kinds are passed over`() {
        let capture =
            little.section() + little.block(5, [1, 2, 3, 4]) + little.interface()
            + little.block(0x8000_0001, []) + little.enhanced([1], ticks: 1)
        let result = packets(capture)
        #expect(result.packets.map(\.bytes) == [[1]])
        #expect(result.error == nil)
    }

    @Test func `a simple packet is cut at the interface's snap length`() {
        let capture =
            little.section() + little.interface(snapLength: 4)
            + little.simple([1, 2, 3, 4], originalLength: 90)
        let result = packets(capture)
        #expect(result.packets.map(\.bytes) == [[1, 2, 3, 4]])
        #expect(result.packets.map(\.originalLength) == [90])
    }

    struct Broken: CustomTestStringConvertible {
        var testDescription: String
        /// What follows a section header of 28 bytes.
        var bytes: [UInt8]
        var error: CaptureError
    }

    @Test(arguments: PcapNGReaderTests.brokenBlocks)
    func `a broken block is an error that tells where and why`(_ example: Broken) {
        #expect(packets(little.section() + example.bytes).error == example.error)
        #expect(packets(little.section() + example.bytes, piece: 1).error == example.error)
    }

    static var brokenBlocks: [Broken] {
        let little = BlockBuilder()
        let interface = little.interface()
        let after = 28 + interface.count
        func changed(_ bytes: [UInt8], at index: Int, to value: UInt8) -> [UInt8] {
            var bytes = bytes
            bytes[index] = value
            return bytes
        }
        let packet = little.enhanced([1, 2, 3, 4], ticks: 0)
        let limit = CaptureLimits.recordBytes
        return [
            Broken(
                testDescription: "too long", bytes: changed(interface, at: 7, to: 0x20),
                error: .blockTooLong(
                    offset: 28, declared: 0x2000_0000 + interface.count, limit: limit)),
            Broken(
                testDescription: "unaligned", bytes: changed(little.block(9, []), at: 4, to: 13),
                error: .blockUnaligned(offset: 28, declared: 13)),
            Broken(
                testDescription: "shorter than any",
                bytes: changed(little.block(9, []), at: 4, to: 8),
                error: .blockTooShort(offset: 28, type: 9, declared: 8, minimum: 12)),
            Broken(
                testDescription: "shorter than its kind", bytes: little.block(6, [1, 2, 3, 4]),
                error: .blockTooShort(offset: 28, type: 6, declared: 16, minimum: 32)),
            Broken(
                testDescription: "two lengths",
                bytes: changed(little.block(9, []), at: 8, to: 16),
                error: .blockLengthsDiffer(offset: 28, leading: 12, trailing: 16)),
            Broken(
                testDescription: "option past the end",
                bytes: little.block(1, [1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 5, 0, 1, 2, 3, 4]),
                error: .optionOverrun(offset: 44, code: 9, declared: 5, available: 4)),
            Broken(
                testDescription: "packet past the end",
                bytes: interface + changed(packet, at: 20, to: 5),
                error: .packetOverrun(offset: after, declared: 5, available: 4)),
            Broken(
                testDescription: "unknown interface",
                bytes: interface + little.enhanced([], ticks: 0, interface: 1),
                error: .unknownInterface(offset: after, interface: 1, known: 1)),
            Broken(
                testDescription: "byte-order magic",
                bytes: changed(little.section(), at: 8, to: 0),
                error: .badByteOrderMagic(offset: 36, value: 0x003C_2B1A)),
            Broken(
                testDescription: "version", bytes: little.section(major: 2),
                error: .unsupportedVersion(offset: 40, major: 2, minor: 0)),
            Broken(
                testDescription: "cut", bytes: interface + packet.dropLast(3),
                error: .cut(offset: after + packet.count - 3, missing: 3)),
        ]
    }

    @Test func `more interfaces than the limit are an error`() {
        let interface = little.block(1, [1, 0, 0, 0, 0, 0, 0, 0])
        var capture = little.section()
        for _ in 0..<CaptureLimits.interfaces { capture += interface }
        #expect(packets(capture).error == nil)
        let end = capture.count
        capture += interface
        let error = CaptureError.tooManyInterfaces(offset: end, limit: CaptureLimits.interfaces)
        #expect(packets(capture).error == error)
    }
}
