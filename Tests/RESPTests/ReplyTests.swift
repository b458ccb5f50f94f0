// Replies of servers: what was written is read again, whole and in pieces, and what is none is refused.

import RESP
import TestSupport
import Testing

private func bytes(_ value: RESPValue, _ version: RESPVersion) -> [UInt8] {
    var bytes: [UInt8] = []
    RESPWriter.value(value, version, to: &bytes)
    return bytes
}

private func replies(
    _ bytes: [UInt8], piece: Int, limits: ReplyLimits = ReplyLimits()
) throws(RESPError) -> [RESPValue] {
    var parser = ReplyParser(limits: limits)
    var result: [RESPValue] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        parser.feed(Array(rest.prefix(piece)))
        rest = rest.dropFirst(piece)
        while let reply = try parser.next() { result.append(reply) }
    }
    return result
}

/// A value with its bytes in both versions.
struct ReplyCase: Sendable, CustomTestStringConvertible {
    let value: RESPValue
    let two: String
    let three: String
    var testDescription: String { three.debugDescription }

    init(_ value: RESPValue, _ two: String, _ three: String) {
        self.value = value
        self.two = two
        self.three = three
    }
}

@Suite struct ReplyTests {
    static let cases = [
        ReplyCase(.simple("OK"), "+OK\r\n", "+OK\r\n"),
        ReplyCase(.error("ERR no"), "-ERR no\r\n", "-ERR no\r\n"),
        ReplyCase(.error("ERR a\r\nb"), "-ERR a  b\r\n", "-ERR a  b\r\n"),
        ReplyCase(.integer(.min), ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"),
        ReplyCase(.integer(.max), ":9223372036854775807\r\n", ":9223372036854775807\r\n"),
        ReplyCase(.integer(0), ":0\r\n", ":0\r\n"),
        ReplyCase(.text("a\r\nb"), "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n"),
        ReplyCase(.bulk([]), "$0\r\n\r\n", "$0\r\n\r\n"),
        ReplyCase(.null, "$-1\r\n", "_\r\n"),
        ReplyCase(.nullArray, "*-1\r\n", "_\r\n"),
        ReplyCase(.array([]), "*0\r\n", "*0\r\n"),
        ReplyCase(
            .array([.integer(1), .array([.null, .text("x")])]),
            "*2\r\n:1\r\n*2\r\n$-1\r\n$1\r\nx\r\n", "*2\r\n:1\r\n*2\r\n_\r\n$1\r\nx\r\n"),
        ReplyCase(
            .map([RESPPair(.text("k"), .integer(1))]), "*2\r\n$1\r\nk\r\n:1\r\n",
            "%1\r\n$1\r\nk\r\n:1\r\n"),
        ReplyCase(.set([.integer(12)]), "*1\r\n:12\r\n", "~1\r\n:12\r\n"),
        ReplyCase(.push([.text("m")]), "*1\r\n$1\r\nm\r\n", ">1\r\n$1\r\nm\r\n"),
        ReplyCase(.double(0.1), "$3\r\n0.1\r\n", ",0.1\r\n"),
        ReplyCase(.double(3), "$1\r\n3\r\n", ",3\r\n"),
        ReplyCase(.double(-.infinity), "$4\r\n-inf\r\n", ",-inf\r\n"),
        ReplyCase(.boolean(true), ":1\r\n", "#t\r\n"),
        ReplyCase(.boolean(false), ":0\r\n", "#f\r\n"),
        ReplyCase(
            .verbatim(format: "txt", Array("hi".utf8)), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"),
        ReplyCase(.bigNumber("-123"), "$4\r\n-123\r\n", "(-123\r\n"),
    ]

    @Test(arguments: cases)
    func `a value has its bytes in both versions`(_ row: ReplyCase) {
        #expect(String(decoding: bytes(row.value, .two), as: UTF8.self) == row.two)
        #expect(String(decoding: bytes(row.value, .three), as: UTF8.self) == row.three)
    }

    @Test func `attributes and long errors are read`() throws {
        let text = "|1\r\n+ttl\r\n*1\r\n:5\r\n*2\r\n|0\r\n:1\r\n|1\r\n+a\r\n+b\r\n!5\r\nERR x\r\n"
        let expected: [RESPValue] = [.array([.integer(1), .error("ERR x")])]
        for piece in [1, 3, 1000] {
            #expect(try replies(Array(text.utf8), piece: piece) == expected)
        }
    }

    @Test func `random values come back as they were written`() throws {
        var generator = Seeds.generator("replies")
        for _ in 0..<300 {
            let values = (0..<3).map { _ in randomValue(&generator, depth: 0) }
            let written = values.flatMap { bytes($0, .three) }
            for piece in [1, 7, 100_000] {
                #expect(try replies(written, piece: piece) == values)
            }
        }
    }

    private func randomValue(_ generator: inout SeededGenerator, depth: Int) -> RESPValue {
        let kinds = depth < 4 ? 13 : 9
        let count = Int.random(in: 0..<5, using: &generator)
        switch Int.random(in: 0..<kinds, using: &generator) {
        case 0: return .simple("status \(count)")
        case 1: return .error("ERR \(count)")
        case 2: return .integer(Int64.random(in: .min ... .max, using: &generator))
        case 3: return .bulk(generator.bytes(count * 20))
        case 4: return .null
        case 5: return .double(Double.random(in: -1e9...1e9, using: &generator))
        case 6: return .boolean(count > 2)
        case 7: return .verbatim(format: "mkd", generator.bytes(count))
        case 8: return .bigNumber("12345678901234567890123\(count)")
        case 9: return .array((0..<count).map { _ in randomValue(&generator, depth: depth + 1) })
        case 10: return .set((0..<count).map { _ in randomValue(&generator, depth: depth + 1) })
        case 11: return .push((0..<count).map { _ in randomValue(&generator, depth: depth + 1) })
        default:
            return .map(
                (0..<count).map { _ in
                    RESPPair(
                        randomValue(&generator, depth: depth + 1),
                        randomValue(&generator, depth: depth + 1))
                })
        }
    }

    @Test(arguments: [
        ("?\r\n", RESPError.unknownType(63)), (":1x\r\n", .invalidReplyNumber),
        (",x\r\n", .invalidReplyNumber), ("(1.5\r\n", .invalidReplyNumber),
        ("#x\r\n", .invalidReplyValue(type: 35)), ("_x\r\n", .invalidReplyValue(type: 95)),
        ("=3\r\ntxt\r\n", .invalidReplyValue(type: 61)), ("$-2\r\n", .invalidReplyLength),
        ("$x\r\n", .invalidReplyLength), ("%-1\r\n", .invalidReplyLength),
        ("$?\r\n", .invalidReplyLength), ("+a\rb", .missingLineEnd),
        ("$1\r\nabc", .missingLineEnd),
        ("$999999999999\r\n", .replyTooBig(limitBytes: 1000)),
        ("*999999999999\r\n", .replyTooBig(limitBytes: 1000)),
        ("+" + String(repeating: "a", count: 101), .lineTooBig(limitBytes: 100)),
        (String(repeating: "*1\r\n", count: 9), .nestedTooDeep(limit: 8)),
        (
            "*20\r\n"
                + String(repeating: "+" + String(repeating: "a", count: 98) + "\r\n", count: 10),
            .replyTooBig(limitBytes: 1000)
        ),
    ])
    func `what is no reply, or too much of it, is refused`(_ text: String, _ error: RESPError) {
        var limits = ReplyLimits()
        limits.maximumDepth = 8
        limits.maximumBytes = 1000
        limits.maximumLineBytes = 100
        for piece in [1, 10_000] {
            #expect(throws: error) { try replies(Array(text.utf8), piece: piece, limits: limits) }
        }
    }

    @Test func `eight arrays in each other are allowed where eight is the limit`() throws {
        var limits = ReplyLimits()
        limits.maximumDepth = 8
        let text = String(repeating: "*1\r\n", count: 8) + ":1\r\n"
        #expect(try replies(Array(text.utf8), piece: 5, limits: limits).count == 1)
    }

    @Test func `a request written by a client is read by a server`() throws {
        var bytes: [UInt8] = []
        RESPWriter.command(["CLUSTER", "", "NODES"], to: &bytes)
        var parser = RequestParser()
        parser.feed(bytes)
        #expect(try parser.nextArguments() == ["CLUSTER", "", "NODES"].map { Array($0.utf8) })
    }

    @Test func `values answer for their text, numbers and keys`() {
        let map = RESPValue.map([RESPPair(.text("proto"), .integer(3))])
        #expect(map["proto"]?.number == 3)
        #expect(RESPValue.array([.text("a"), .text("7")])["a"]?.number == 7)
        #expect(map["other"] == nil && RESPValue.null.string == nil)
    }
}
