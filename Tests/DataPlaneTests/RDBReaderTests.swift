// RDBs as they come: those of real servers, every opcode and form of a string, in pieces of any size; memory
// that follows what came and not what was announced. What is refused is in RDBRefusalTests.

import DataPlane
import TestSupport
import Testing

@Suite struct RDBReaderTests {
    private static let servers = [
        "redis-6.2.14", "redis-7.0.15", "redis-8.0.6", "redict-7.3.6", "valkey-8.1.1",
        "valkey-9.1.2",
    ]

    @Test(arguments: servers) func `a real server's file is read whole`(server: String) throws {
        let bytes = try Fixture.bytes("data/strings-\(server).rdb")
        for piece in [1, 3, 64, 4096] {
            var digest = DataDigest()
            let entries = try RDBKit.entries(bytes, piece: piece)
            for entry in entries {
                digest.add(
                    key: entry.key.span, value: entry.value.span, expires: entry.expiry != nil)
            }
            #expect(digest.digest.hex == "61d60fb9f82103a1cd2b08c552eb6ce132ca9831")
            #expect(entries.contains(RDBEntry("int32", "-2147483648")))
            #expect(entries.contains(RDBEntry("ends", "soon", 4_000_000_000_123)))
            #expect(entries.contains(RDBEntry("ends2", "12", 4_000_000_000_456)))
            #expect(entries.contains(RDBEntry("123", "a key that is a number")))
        }
        let holdsFunctions = try RDBKit.events(bytes).contains(.holdsFunctions)
        #expect(holdsFunctions == (server != "redis-6.2.14"))
    }

    @Test func `the history of a file is given out`() throws {
        let events = try RDBKit.events(Fixture.bytes("data/history-redis-7.0.15.rdb"), piece: 1)
        #expect(Array(events.prefix(2)) == Self.history)
        #expect(events.count == 6 && events.last == .end)
    }

    private static let history: [RDBEvent] = [
        .replicationID(Array("336da2d533b13dd39eae03d594a6efd99ff29743".utf8)),
        .replicationOffset(Array("50".utf8)),
    ]

    @Test(arguments: [1, 2, 7, 4096])
    func `what was written is read, whatever the pieces`(piece: Int) throws {
        let binary = (0...255).map { UInt8($0) }
        let entries = [
            RDBEntry("", ""), RDBEntry("k", "v", -1), RDBEntry(binary, binary, .max),
            RDBEntry([UInt8](repeating: 1, count: 70), [UInt8](repeating: 2, count: 20_000)),
        ]
        #expect(try RDBKit.entries(RDBKit.write(entries), piece: piece) == entries)
    }

    @Test(arguments: [
        ("c00c", "12"), ("c0f4", "-12"), ("c18000", "128"), ("c17fff", "-129"),
        ("c200000080", "-2147483648"), ("c2ffffff7f", "2147483647"),
        ("c306" + "15" + "017878e00a00", "xxxxxxxxxxxxxxxxxxxxx"), ("00", ""), ("0176", "v"),
        ("400176", "v"), ("800000000176", "v"), ("81000000000000000176", "v"),
    ])
    func `every form of a string is read, as key and as value`(hex: String, text: String) throws {
        for piece in [1, 4096] {
            let bytes = RDBKit.wrap("00" + hex + hex)
            #expect(try RDBKit.entries(bytes, piece: piece) == [RDBEntry(text, text)])
        }
    }

    @Test(arguments: [
        "fe00", "fb400100", "fa0161c00c", "fa017a05" + "6162636465",
        "fac30615017878e00a00" + "00", "fa0161c30615017878e00a00", "f441c10101", "f8800000ffff",
        "f9ff", "f3016102" + "0040010102", "f3016100",
        "fa07" + "7265706c2d6978" + "0162",
    ])
    func `what nobody needs is passed over before a key`(hex: String) throws {
        for piece in [1, 2, 4096] {
            let bytes = RDBKit.wrap(hex + "00016b0176" + hex)
            #expect(try RDBKit.entries(bytes, piece: piece) == [RDBEntry("k", "v")])
        }
    }

    @Test func `an expiry is of the next key alone, in milliseconds or seconds`() throws {
        let bytes = RDBKit.wrap(
            "fc0100000000000000" + "00016b0176" + "fd02000000" + "f905" + "00016c0176"
                + "00016d0176" + "fdffffffff" + "00016e0176")
        for piece in [1, 4096] {
            #expect(
                try RDBKit.entries(bytes, piece: piece) == [
                    RDBEntry("k", "v", 1), RDBEntry("l", "v", 2000), RDBEntry("m", "v"),
                    RDBEntry("n", "v", -1000),
                ])
        }
    }

    @Test func `functions are told and passed over`() throws {
        let events = try RDBKit.events(RDBKit.wrap("f50161" + "f50162"), piece: 1)
        #expect(events == [.holdsFunctions, .holdsFunctions, .end])
    }

    @Test(arguments: [
        "REDIS0005", "REDIS0006", "REDIS0010", "REDIS0011", "REDIS0012", "VALKEY080",
    ])
    func `a known version is read`(signature: String) throws {
        let bytes = RDBKit.wrap("00016b0176", as: signature)
        #expect(try RDBKit.entries(bytes) == [RDBEntry("k", "v")])
    }

    @Test(arguments: ["REDIS0001", "REDIS0004"])
    func `there is no checksum before version 5`(signature: String) throws {
        let bytes = Array(RDBKit.wrap("00016b0176", as: signature).dropLast(8))
        #expect(try RDBKit.entries(bytes) == [RDBEntry("k", "v")])
    }

    @Test func `a checksum of 0 is not looked at`() throws {
        let bytes = RDBKit.wrap("00016b0176").dropLast(8) + [UInt8](repeating: 0, count: 8)
        #expect(try RDBKit.entries(Array(bytes)) == [RDBEntry("k", "v")])
    }

    @Test func `memory follows what came, not what was announced`() throws {
        let gigabyte = 1 << 30
        var reader = RDBReader(limits: .init(keyBytes: gigabyte, valueBytes: gigabyte))
        // A value of a gigabyte, and ten bytes of it.
        var bytes = Array("REDIS0009".utf8) + [0, 1, 0x6B, 0x80, 0x40, 0, 0, 0]
        bytes += [UInt8](repeating: 1, count: 10)
        reader.feed(bytes.span)
        #expect(try reader.next() == nil)
        #expect(reader.heldBytes < 1 << 21)
        // The same of a compressed one.
        reader = RDBReader(limits: .init(keyBytes: gigabyte, valueBytes: gigabyte))
        bytes = Array("REDIS0009".utf8) + [0, 1, 0x6B, 0xC3, 0x80, 1, 0, 0, 0, 0x80, 0x40, 0, 0, 0]
        bytes += [0, 1, 0xE0, 0xFF, 0]
        reader.feed(bytes.span)
        #expect(try reader.next() == nil)
        #expect(reader.heldBytes < 1 << 21)
    }

    @Test func `a value longer than the first room is put together`() throws {
        let value = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 >> 8) }
        var bytes: [UInt8] = []
        var writer = RDBWriter()
        writer.begin(to: &bytes)
        writer.entry(key: [1].span, value: value.span, expiry: nil, to: &bytes)
        writer.end(to: &bytes)
        var reader = RDBReader(limits: .init(keyBytes: 10, valueBytes: 4_000_000))
        var events: [RDBEvent] = []
        for start in stride(from: 0, to: bytes.count, by: 65_536) {
            reader.feed(bytes.span.extracting(start..<min(start + 65_536, bytes.count)))
            while let event = try reader.next() { events.append(event) }
        }
        #expect(events == [.entry(key: [1], value: value, expiry: nil), .end])
    }
}
