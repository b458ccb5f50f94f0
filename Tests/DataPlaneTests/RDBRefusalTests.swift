// What of an RDB is refused, each by its own error, and the words of these errors.

import DataPlane
import TestSupport
import Testing

@Suite struct RDBRefusalTests {
    @Test(arguments: [
        ("hash-redis-7.0.15", 16, "hash"), ("hash-valkey-9.1.2", 16, "hash"),
        ("hash-expiry-redis-8.0.6", 25, "hash with field expiry"),
        ("hash-expiry-valkey-9.1.2", 22, "hash with field expiry"),
        ("list-redis-7.0.15", 18, "list"), ("list-valkey-9.1.2", 18, "list"),
        ("stream-redis-7.0.15", 19, "stream"), ("stream-valkey-9.1.2", 21, "stream"),
    ])
    func `a real server's value that is no string is refused by name`(
        file: String, type: UInt8, name: String
    ) throws {
        let bytes = try Fixture.bytes("data/\(file).rdb")
        for piece in [1, 4096] {
            let error = RDBKit.error(bytes, piece: piece)
            let words = error.map { "\($0)" } ?? "none"
            #expect(words.hasPrefix("a \(name) (type \(type)) at byte "), "\(words)")
        }
    }

    @Test(
        arguments: [
            ([1, 10, 14, 18], "list"), ([2, 11, 20], "set"), ([3, 5, 12, 17], "sorted set"),
            ([4, 9, 13, 16], "hash"), ([22, 23, 24, 25], "hash with field expiry"),
            ([6, 7], "module value"), ([15, 19, 21], "stream"),
        ] as [([UInt8], String)])
    func `a type is refused by name`(types: [UInt8], name: String) {
        for type in types {
            let error = RDBKit.error(RDBKit.wrap(Hex.text([type]) + "016b00"))
            #expect(error == .type(type, name: name, offset: 9))
        }
    }

    @Test(arguments: [8, 26, 127, 242] as [UInt8])
    func `a type that nobody has seen is refused by number`(type: UInt8) {
        let error = RDBKit.error(RDBKit.wrap(Hex.text([type]) + "016b00"))
        #expect(error == .unknownType(type, offset: 9))
        #expect(error.map { "\($0)" } == "unknown type \(type) at byte 9 of the RDB")
    }

    @Test func `type 22 is a hash of Valkey too, those above are not`() {
        let known = RDBKit.error(RDBKit.wrap("16016b00", as: "VALKEY080"))
        #expect(known == .type(22, name: "hash with field expiry", offset: 9))
        let another = RDBKit.error(RDBKit.wrap("17016b00", as: "VALKEY080"))
        #expect(another == .unknownType(23, offset: 9))
    }

    @Test(arguments: [
        ("REDIS0013", RDBFormat(isValkey: false, version: 13)),
        ("REDIS0000", RDBFormat(isValkey: false, version: 0)),
        ("REDIS0080", RDBFormat(isValkey: false, version: 80)),
        ("VALKEY011", RDBFormat(isValkey: true, version: 11)),
        ("VALKEY081", RDBFormat(isValkey: true, version: 81)),
    ])
    func `an unknown version is refused by name`(signature: String, format: RDBFormat) {
        let error = RDBKit.error(Array(signature.utf8))
        #expect(error == .version(format))
        #expect(error.map { "\($0)" } == "RDB version \(signature) is not known")
    }

    @Test(arguments: ["redis0009", "REDIS009\n", "VALKEY08x", "\u{1B}[31mabcd", "HTTP/1.1 "])
    func `another signature is refused, and shown as digits`(signature: String) {
        let bytes = Array(signature.utf8.prefix(9))
        let error = RDBKit.error(bytes)
        #expect(error == .signature(bytes))
        #expect(
            error.map { "\($0)" } == "no RDB: it begins with the bytes \(Hex.text(bytes))")
    }

    @Test(arguments: [
        ("f7", RDBError.moduleAuxiliary(offset: 9)), ("f6", .oldFunction(offset: 9)),
        ("fe01", .database(1, offset: 10)),
        (
            "fe810102030405060708", .database(0x0102_0304_0506_0708, offset: 10)
        ),
        ("fec00c", .length(offset: 10)), ("00c4", .length(offset: 10)),
        ("0082", .length(offset: 10)),
        ("00016bff", .length(offset: 12)), ("f30161" + "81ffffffffffffffff", .length(offset: 21)),
    ])
    func `damage and what is not for us have errors of their own`(hex: String, error: RDBError) {
        for piece in [1, 4096] {
            #expect(RDBKit.error(RDBKit.wrap(hex), piece: piece) == error)
        }
    }

    @Test(
        arguments: [
            ("00800001" + "86a1", RDBError.Part.key, 100_001, 100_000, 10),
            ("00016b8000030d41", .value, 200_001, 200_000, 12),
            ("00016b81" + "7fffffffffffffff", .value, UInt64(Int.max), 200_000, 12),
            ("00016b81" + "ffffffffffffffff", .value, .max, 200_000, 12),
            ("00016bc34fff8000030d41", .value, 200_001, 200_000, 12),
            ("fa077265706c2d6964" + "4041", .auxiliary, 65, 64, 18),
        ] as [(String, RDBError.Part, UInt64, Int, Int)])
    func `a string longer than its limit is refused at its length`(
        hex: String, part: RDBError.Part, count: UInt64, limit: Int, offset: Int
    ) {
        let error = RDBKit.error(RDBKit.wrap(hex))
        #expect(error == .tooLong(part, count: count, limit: limit, offset: offset))
    }

    @Test func `damaged compression is refused`() {
        let error = RDBKit.error(RDBKit.wrap("00016b" + "c30615017878e00aff"))
        #expect(error == .compressed(.beforeBeginning, offset: 12))
    }

    @Test(arguments: ["c301" + "4100", "c381ffffffffffffffff" + "15", "c3" + "4100" + "15"])
    func `a compressed length that cannot be is refused before its bytes come`(hex: String) {
        let bytes = Array("REDIS0009".utf8) + (Hex.bytes("00016b" + hex) ?? [])
        #expect(RDBKit.error(bytes) == .length(offset: 12))
    }

    @Test func `a wrong checksum is refused`() {
        var bytes = RDBKit.wrap("00016b0176")
        let covered = Array(bytes.dropLast(8))
        let right = CRC64.of(covered.span)
        bytes[bytes.count - 8] ^= 1
        #expect(RDBKit.error(bytes) == .checksum(expected: right ^ 1, computed: right))
    }

    @Test func `bytes behind the end are refused, together with it or later`() {
        let bytes = RDBKit.wrap("00016b0176") + [0x0A]
        for piece in [1, 4096] {
            #expect(RDBKit.error(bytes, piece: piece) == .behindEnd(offset: bytes.count - 1))
        }
    }

    @Test func `an RDB that is cut off anywhere has not ended`() {
        let bytes = RDBKit.wrap("fa0161c00cfe00fb0100fc010000000000000000016b0176")
        for count in 0..<bytes.count {
            #expect(RDBKit.error(Array(bytes.prefix(count))) == .cutShort(offset: count))
        }
    }

    @Test func `after an error nothing more is taken`() {
        var reader = RDBReader(limits: RDBKit.limits)
        let bytes = Array("REDIS0099".utf8)
        reader.feed(bytes.span)
        let error = RDBError.version(RDBFormat(isValkey: false, version: 99))
        let first = RDBKit.next(&reader)
        let more = RDBKit.wrap("")
        reader.feed(more.span)
        let second = RDBKit.next(&reader)
        #expect(first == error && second == error)
        #expect(reader.heldBytes == 0)
    }
}
