// Bytes that were right and are not any more, by chance, for everything that reads bytes of others: no trap,
// no memory beyond the limits, and the same outcome whatever the pieces are.

import DataPlane
import TestSupport
import Testing

@Suite struct EncodingFuzzTests {
    private static let cases = 5000

    private func changed(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0...(random.next() % 4) {
            let place = bytes.isEmpty ? 0 : Int(random.next() % UInt64(bytes.count))
            let byte = UInt8(truncatingIfNeeded: random.next())
            switch random.next() % 6 {
            case 0 where !bytes.isEmpty: bytes[place] = byte
            case 1 where !bytes.isEmpty: bytes[place] ^= 1 << (byte & 7)
            case 2 where !bytes.isEmpty: bytes.removeSubrange(place...)
            case 3 where !bytes.isEmpty: bytes.remove(at: place)
            case 4: bytes.insert(contentsOf: [0x81, byte, byte], at: place)
            default: bytes.insert(byte, at: place)
            }
        }
        return bytes
    }

    /// What reading comes to, as text.
    private func outcome(_ bytes: [UInt8], piece: Int) -> String {
        let limits = RDBReader.Limits(keyBytes: 10_000, valueBytes: 1 << 30)
        var reader = RDBReader(limits: limits)
        var text = ""
        do throws(RDBError) {
            for start in stride(from: 0, to: bytes.count, by: piece) {
                reader.feed(bytes.span.extracting(start..<min(start + piece, bytes.count)))
                while let event = try reader.next() { text += "\(event)" }
                #expect(reader.heldBytes < 1 << 22)
            }
            try reader.checkEnded()
        } catch { text += "\(error)" }
        return text
    }

    @Test func `a changed RDB cannot trap or grow, and pieces make no difference`() throws {
        var random = Seeds.generator("rdb")
        let names = try Fixture.names(in: "data", ending: ".rdb")
        let files = try names.map { try Fixture.bytes("data/\($0)") }
        #expect(!files.isEmpty)
        for _ in 0..<Self.cases / 5 {
            let bytes = changed(files[Int(random.next() % UInt64(files.count))], &random)
            let whole = outcome(bytes, piece: max(1, bytes.count))
            let pieces = outcome(bytes, piece: 1 + Int(random.next() % 100))
            // Bytes behind the end are seen before the end is told, or after it.
            #expect(whole == pieces || whole.contains("behind"), "seed \(Seeds.current)")
        }
    }

    @Test func `a changed payload cannot trap or grow, and steps make no difference`() {
        var random = Seeds.generator("payload")
        let values = ["", "12", "hello", String(repeating: "ab", count: 100)]
        let compressed = Hex.bytes("00c30a4040" + "02616261e03201016162") ?? []
        let made = values.map { DumpPayload.make(Array($0.utf8).span).dropLast(10) }
        let bodies = [compressed] + made.map { Array($0) }
        for _ in 0..<Self.cases {
            var bytes =
                changed(bodies[Int(random.next() % UInt64(bodies.count))], &random) + [9, 0]
            bytes.appendSum()
            let whole = Result { () throws(DumpError) in
                try DumpPayload.open(bytes.span, limit: 1 << 30)
            }
            let budget = Int(random.next() % 100)
            let steps = Result { () throws(DumpError) in
                var opener = DumpOpener(limit: 1 << 30)
                while true {
                    if let value = try opener.step(bytes.span, budgetBytes: budget) { return value }
                }
            }
            #expect(whole == steps, "seed \(Seeds.current)")
        }
    }

    @Test func `a changed compressed string cannot trap or grow`() {
        var random = Seeds.generator("lzf")
        for _ in 0..<Self.cases {
            let bytes = random.bytes(Int(random.next() % 60))
            let count = Int(random.next() % 2000)
            var decoder = LZFDecoder(plainBytes: count)
            do throws(LZFError) {
                try decoder.decode(bytes.span)
                let plain = try decoder.finish()
                #expect(plain.count == count)
            } catch {
                #expect(decoder.count <= count && decoder.heldBytes < 1 << 18)
            }
        }
    }
}

extension [UInt8] {
    /// Adds the checksum of what is there.
    fileprivate mutating func appendSum() {
        let sum = CRC64.of(span)
        for index in 0..<8 { append(UInt8(truncatingIfNeeded: sum >> UInt64(8 * index))) }
    }
}
