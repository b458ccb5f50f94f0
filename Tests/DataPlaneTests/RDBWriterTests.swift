// What is written: bytes that real servers take, sizes that RDBLength says before.

import DataPlane
import TestSupport
import Testing

@Suite struct RDBWriterTests {
    @Test func `without keys there are a signature, an end and a checksum`() {
        let bytes = RDBKit.write([])
        #expect(Hex.text(bytes) == "524544495330303039" + "ff" + "9aac7abcfb0fad74")
        #expect(bytes.count == RDBLength.headerBytes + RDBLength.footerBytes)
    }

    @Test func `a key has its expiry, type, name and value`() {
        let bytes = RDBKit.write([RDBEntry("k", "value", 0x0102_0304)])
        let entry = bytes.dropFirst(RDBLength.headerBytes).dropLast(RDBLength.footerBytes)
        #expect(Hex.text(entry) == "fc0403020100000000" + "00" + "016b" + "0576616c7565")
    }

    @Test(arguments: [0, 1, 63, 64, 16_383, 16_384, 100_000])
    func `sizes are those that RDBLength says`(count: Int) throws {
        let long = [UInt8](repeating: 7, count: count)
        for expiry in [nil, 5] as [Int64?] {
            for (key, value) in [(long, [1]), ([1], long)] as [([UInt8], [UInt8])] {
                let bytes = RDBKit.write([RDBEntry(key, value, expiry)])
                let entry = RDBLength.entryBytes(
                    key: key.count, value: value.count, expires: expiry != nil)
                let whole = RDBLength.headerBytes + entry + RDBLength.footerBytes
                #expect(bytes.count == whole)
                #expect(try RDBKit.entries(bytes) == [RDBEntry(key, value, expiry)])
            }
        }
    }

    @Test func `a value in slices makes the same bytes as a whole one`() {
        let value = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        var writer = RDBWriter()
        var bytes: [UInt8] = []
        writer.begin(to: &bytes)
        writer.entryHead(key: [1].span, valueCount: value.count, expiry: 9, to: &bytes)
        for start in stride(from: 0, to: value.count, by: 300) {
            let slice = Array(value[start..<min(start + 300, value.count)])
            writer.value(slice.span)
            bytes += slice
        }
        writer.end(to: &bytes)
        #expect(bytes == RDBKit.write([RDBEntry([1], value, 9)]))
    }

    @Test func `a file says whose history it holds`() throws {
        let id = String(repeating: "0f", count: 20)
        var writer = RDBWriter()
        var bytes: [UInt8] = []
        writer.begin(
            RDBAuxiliary(
                version: "7.0.0", createdSeconds: 5, replicationID: id, replicationOffset: 77),
            to: &bytes)
        writer.end(to: &bytes)
        let expected: [RDBEvent] = [
            .replicationID(Array(id.utf8)), .replicationOffset(Array("77".utf8)), .end,
        ]
        for piece in [1, 2, 5, 4096] {
            #expect(try RDBKit.events(bytes, piece: piece) == expected)
        }
    }
}
