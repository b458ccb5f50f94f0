// Payloads of DUMP: bytes that real servers gave and took, steps of any size, and what is refused.

import DataPlane
import TestSupport
import Testing

@Suite struct DumpPayloadTests {
    private static let limit = 100_000

    /// Opens in steps.
    private func open(_ payload: [UInt8], budget: Int) throws(DumpError) -> [UInt8] {
        var opener = DumpOpener(limit: Self.limit)
        while true {
            if let value = try opener.step(payload.span, budgetBytes: budget) { return value }
        }
    }

    /// A payload with this in front of a right footer.
    private func payload(_ hex: String, version: [UInt8] = [9, 0]) -> [UInt8] {
        let bytes = (Hex.bytes(hex) ?? []) + version
        let sum = CRC64.of(bytes.span)
        return bytes + (0..<8).map { UInt8(truncatingIfNeeded: sum >> UInt64(8 * $0)) }
    }

    private func error(_ payload: [UInt8]) -> DumpError? {
        do throws(DumpError) {
            _ = try open(payload, budget: .max)
            return nil
        } catch { return error }
    }

    @Test(arguments: [
        ("v", "0001760900" + "41fa9f7e4dbee97f"), ("12", "00c00c0900" + "ecd8a99d0882df64"),
    ])
    func `a payload is that of real servers`(text: String, hex: String) {
        let payload = DumpPayload.make(Array(text.utf8).span)
        #expect(Hex.text(payload) == hex)
    }

    @Test(arguments: [
        ("0", "c000"), ("-1", "c0ff"), ("128", "c18000"), ("-32768", "c10080"),
        ("32768", "c200800000"), ("-2147483648", "c200000080"), ("2147483648", "0a32"),
        ("-0", "022d"), ("+1", "022b"), ("007", "0330"), ("-", "012d"), ("1a", "0231"),
        ("99999999999", "0b39"), ("", "00"), ("123456789012", "0c31"),
    ])
    func `a number is written as one if its digits are the only ones`(
        text: String, hex: String
    ) throws {
        let value = Array(text.utf8)
        let payload = DumpPayload.make(value.span)
        #expect(Hex.text(payload).hasPrefix("00" + hex))
        let opened = try DumpPayload.open(payload.span, limit: Self.limit)
        #expect(opened == value)
    }

    @Test(arguments: [0, 1, 63, 64, 16_384, 50_000])
    func `what was made is opened, in steps of any size`(count: Int) throws {
        let value = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 3) }
        let payload = DumpPayload.make(value.span)
        #expect(payload.count == DumpPayload.byteCount(ofValue: count))
        for budget in [0, 7, 1000, .max] where budget > 100 || count < 100 {
            #expect(try open(payload, budget: budget) == value)
        }
    }

    @Test func `a payload in pieces is the same as a whole one`() {
        let value = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        var builder = DumpBuilder()
        var bytes: [UInt8] = []
        builder.head(valueCount: value.count, to: &bytes)
        for start in stride(from: 0, to: value.count, by: 300) {
            let slice = Array(value[start..<min(start + 300, value.count)])
            builder.value(slice.span)
            bytes += slice
        }
        builder.tail(to: &bytes)
        let whole = DumpPayload.make(value.span)
        #expect(bytes == whole)
    }

    @Test(arguments: [[0, 0], [1, 0], [12, 0], [80, 0], [255, 255]] as [[UInt8]])
    func `every version is taken`(version: [UInt8]) throws {
        #expect(try open(payload("000176", version: version), budget: .max) == [0x76])
    }

    @Test(arguments: [1, 3, .max]) func `a compressed value is opened in steps`(budget: Int) throws
    {
        let value = try open(payload("00c30a4040" + "02616261e03201016162"), budget: budget)
        #expect(String(decoding: value, as: UTF8.self) == String(repeating: "ab", count: 32))
    }

    @Test func `a step does no more than its budget, but for one piece`() throws {
        let value = [UInt8](repeating: 1, count: 90_000)
        let payload = DumpPayload.make(value.span)
        var opener = DumpOpener(limit: Self.limit)
        var steps = 1
        while try opener.step(payload.span, budgetBytes: 10_000) == nil { steps += 1 }
        // Ten for the checksum, one for the head, nine for the value.
        #expect(steps == 20)
    }

    @Test(
        arguments: [
            ("000276", .value), ("00017676", .value), ("0040", .value), ("", .value),
            ("00", .value),
            ("00c00c00", .value), ("00c4", .value), ("0081ffffffffffffffff00", .value),
            ("00c3064059" + "017878e00a00", .compressed(.tooShort)),
            ("00c30614" + "017878e00a00", .compressed(.tooLong)),
            ("00c30615" + "017878e00aff", .compressed(.beforeBeginning)),
            ("00c30615" + "017878e00a", .value), ("00c30181ffffffffffffffff00", .value),
            ("01", .type(1, name: "list")), ("1600", .type(22, name: "hash with field expiry")),
            ("63", .unknownType(99)), ("ff", .unknownType(255)),
        ] as [(String, DumpError)])
    func `a value that is wrong has an error of its own`(hex: String, expected: DumpError) {
        #expect(error(payload(hex)) == expected)
        #expect(!expected.isOfFooter)
    }

    @Test func `a payload without a footer is too short`() {
        for count in 0..<10 {
            let error = error([UInt8](repeating: 0, count: count))
            #expect(error == .tooShort(count: count) && error?.isOfFooter == true)
        }
    }

    @Test func `a checksum must be right, and may not be 0`() {
        let right = payload("000176")
        for place in right.indices {
            var wrong = right
            wrong[place] ^= 0x10
            #expect(error(wrong)?.isOfFooter == true, "byte \(place)")
        }
        let zero = Array(right.dropLast(8)) + [UInt8](repeating: 0, count: 8)
        #expect(error(zero)?.isOfFooter == true)
    }

    @Test func `a value longer than the limit is refused`() {
        let long = DumpPayload.make([UInt8](repeating: 1, count: 100_001).span)
        #expect(error(long) == .tooLong(count: 100_001, limit: 100_000))
        let compressed = payload(
            "00c34fff800001" + "86a1" + String(repeating: "00", count: 4095))
        #expect(error(compressed) == .tooLong(count: 100_001, limit: 100_000))
    }
}
