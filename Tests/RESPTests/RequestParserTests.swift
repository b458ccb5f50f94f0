// Requests of clients: what is taken, in which pieces it may come, and what is refused in which words.

import RESP
import TestSupport
import Testing

/// A row of the table of requests.
struct RequestCase: Sendable, CustomTestStringConvertible {
    let bytes: String
    let requests: [[String]]
    var testDescription: String { bytes.debugDescription }

    init(_ bytes: String, _ requests: [[String]]) {
        self.bytes = bytes
        self.requests = requests
    }
}

/// A row of the table of refusals.
struct RefusalCase: Sendable, CustomTestStringConvertible {
    let bytes: String
    let message: String
    var testDescription: String { "\(bytes.prefix(40).debugDescription): \(message)" }

    init(_ bytes: String, _ message: String) {
        self.bytes = bytes
        self.message = message
    }
}

private func requests(
    _ bytes: [UInt8], piece: Int, limits: RequestLimits = RequestLimits()
) throws(RESPError) -> [[[UInt8]]] {
    var parser = RequestParser(limits: limits)
    var result: [[[UInt8]]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        parser.feed(Array(rest.prefix(piece)))
        rest = rest.dropFirst(piece)
        while let words = try parser.nextArguments() { result.append(words) }
    }
    return result
}

@Suite struct RequestParserTests {
    static let cases = [
        RequestCase("*1\r\n$4\r\nPING\r\n", [["PING"]]),
        RequestCase("*2\r\n$3\r\nGET\r\n$0\r\n\r\n", [["GET", ""]]),
        RequestCase("*2\r\n$4\r\na\r\nb\r\n$2\r\n*1\r\n", [["a\r\nb", "*1"]]),
        RequestCase("*0\r\n*-1\r\n*1\r\n$1\r\nx\r\n", [["x"]]),
        RequestCase("*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\nPING\r\n", [["a"], ["b"], ["PING"]]),
        RequestCase("*1\r\n$12\r\nabcdefghijkl\r\n", [["abcdefghijkl"]]),
        RequestCase("*1\r\n$1\r\naXY*1\r\n$1\r\nb\r\n", [["a"], ["b"]]),
        RequestCase("PING\r\n", [["PING"]]),
        RequestCase("PING\n", [["PING"]]),
        RequestCase("\r\n\n  \r\nPING\r\n", [["PING"]]),
        RequestCase("  set \t key   value  \r\n", [["set", "key", "value"]]),
        RequestCase("set k \"a b\"\r\n", [["set", "k", "a b"]]),
        RequestCase("set k \"\"\r\n", [["set", "k", ""]]),
        RequestCase("set k ''\r\n", [["set", "k", ""]]),
        RequestCase(
            #"echo "\n\r\t\b\a\\\"\x41\x6a\q""# + "\r\n", [["echo", "\n\r\t\u{8}\u{7}\\\"Ajq"]]),
        RequestCase(#"echo 'it\'s \n "x"'"# + "\r\n", [["echo", #"it's \n "x""#]]),
        RequestCase(#"echo ab"c d""# + "\r\n", [["echo", "abc d"]]),
        RequestCase(#"echo "\xzz\x4""# + "\r\n", [["echo", "xzzx4"]]),
        RequestCase("$4 x\r\n", [["$4", "x"]]),
    ]

    @Test(arguments: cases)
    func `requests are the same whole and in pieces of any length`(_ row: RequestCase) throws {
        let expected = row.requests.map { $0.map { Array($0.utf8) } }
        for piece in [1, 2, 3, 5, 7, 1000] {
            #expect(try requests(Array(row.bytes.utf8), piece: piece) == expected, "piece \(piece)")
        }
    }

    @Test func `all requests in a row are the same in pieces of any length`() throws {
        let bytes = Array(Self.cases.map(\.bytes).joined().utf8)
        let expected = Self.cases.flatMap(\.requests).map { $0.map { Array($0.utf8) } }
        for piece in 1...64 { #expect(try requests(bytes, piece: piece) == expected) }
    }

    static let refusals = [
        RefusalCase("*1048577\r\n", "Protocol error: invalid multibulk length"),
        RefusalCase("*x\r\n", "Protocol error: invalid multibulk length"),
        RefusalCase("*\r\n", "Protocol error: invalid multibulk length"),
        RefusalCase("*01\r\n", "Protocol error: invalid multibulk length"),
        RefusalCase("*+1\r\n", "Protocol error: invalid multibulk length"),
        RefusalCase("*99999999999999999999\r\n", "Protocol error: invalid multibulk length"),
        RefusalCase("*9999999999999999999999\r\n", "Protocol error: invalid multibulk length"),
        RefusalCase("*1\r\nx\r\n", "Protocol error: expected '$', got 'x'"),
        RefusalCase("*1\r\n\r\n", "Protocol error: expected '$', got ' '"),
        RefusalCase("*2\r\n$1\r\na\r\n:1\r\n", "Protocol error: expected '$', got ':'"),
        RefusalCase("*1\r\n$-1\r\n", "Protocol error: invalid bulk length"),
        RefusalCase("*1\r\n$536870913\r\n", "Protocol error: invalid bulk length"),
        RefusalCase("*1\r\n$\r\n", "Protocol error: invalid bulk length"),
        RefusalCase("*1\r\n$1a\r\n", "Protocol error: invalid bulk length"),
        RefusalCase("echo \"a\r\n", "Protocol error: unbalanced quotes in request"),
        RefusalCase("echo \"a\"b\r\n", "Protocol error: unbalanced quotes in request"),
        RefusalCase("echo 'a'b\r\n", "Protocol error: unbalanced quotes in request"),
        RefusalCase("echo 'a\\'\r\n", "Protocol error: unbalanced quotes in request"),
        RefusalCase(
            String(repeating: "a", count: 65537), "Protocol error: too big inline request"),
        RefusalCase(
            "*" + String(repeating: "1", count: 65536), "Protocol error: too big mbulk count string"
        ),
        RefusalCase(
            "*1\r\n$" + String(repeating: "1", count: 65536),
            "Protocol error: too big bulk count string"),
    ]

    @Test(arguments: refusals)
    func `what is no request is refused in known words`(_ row: RefusalCase) {
        for piece in [1, 1000, 100_000] {
            let error = #expect(throws: RESPError.self) {
                try requests(Array(row.bytes.utf8), piece: piece)
            }
            #expect(error?.description == row.message, "piece \(piece)")
        }
    }

    @Test func `a parser that has failed stays failed`() {
        var parser = RequestParser()
        parser.feed(Array("*x\r\n".utf8))
        #expect(throws: RESPError.invalidMultibulkLength) { try parser.next() }
        parser.feed(Array("PING\r\n".utf8))
        #expect(throws: RESPError.invalidMultibulkLength) { try parser.next() }
        #expect(parser.argumentCount == 0 && parser.bufferedBytes == 0)
    }

    @Test func `the limits themselves are allowed`() throws {
        var limits = RequestLimits()
        limits.maximumArguments = 3
        limits.maximumBulkBytes = 5
        limits.maximumInlineBytes = 8
        let fits = Array("*3\r\n$5\r\naaaaa\r\n$1\r\nb\r\n$1\r\nc\r\necho abc\n".utf8)
        #expect(try requests(fits, piece: 4, limits: limits).count == 2)
        for (bytes, error) in [
            ("*4\r\n", RESPError.invalidMultibulkLength), ("*1\r\n$6\r\n", .invalidBulkLength),
            ("echo abcd\n", .inlineTooBig),
        ] {
            #expect(throws: error) { try requests(Array(bytes.utf8), piece: 4, limits: limits) }
        }
    }

    @Test func `a client that has not named itself may send small requests only`() throws {
        var limits = RequestLimits()
        limits.isUnauthenticated = true
        let fits = Array("*10\r\n$16384\r\n".utf8)
        #expect(try requests(fits, piece: 100, limits: limits).isEmpty)
        #expect(throws: RESPError.unauthenticatedMultibulkLength) {
            try requests(Array("*11\r\n".utf8), piece: 100, limits: limits)
        }
        #expect(throws: RESPError.unauthenticatedBulkLength) {
            try requests(Array("*1\r\n$16385\r\n".utf8), piece: 100, limits: limits)
        }
    }

    @Test func `more bytes than may wait are refused`() throws {
        var parser = RequestParser()
        parser.limits.maximumBufferedBytes = 100
        parser.feed(Array("*1\r\n$90\r\n".utf8))
        #expect(try !parser.next())
        parser.feed([UInt8](repeating: 7, count: 91))
        #expect(try !parser.next())
        parser.feed([7, 7])
        #expect(throws: RESPError.queryBufferTooBig(limitBytes: 100)) { try parser.next() }
    }

    @Test func `an argument is compared with a word in either case`() throws {
        var parser = RequestParser()
        parser.feed(Array("PiNg @[ ping1\r\n".utf8))
        #expect(try parser.next())
        #expect(parser.argument(0, is: "PING") && parser.argument(0, is: "ping"))
        #expect(!parser.argument(0, is: "PIN") && !parser.argument(0, is: "PINK"))
        #expect(!parser.argument(1, is: "`{") && parser.argument(1, is: "@["))
        #expect(parser.argumentText(2) == "ping1")
    }

    @Test func `random bytes are refused or taken, never worse`() {
        var generator = Seeds.generator("requests")
        let alphabet = Array("*$12340-\r\n\r\n\"'\\x a".utf8)
        for _ in 0..<3000 {
            let bytes = (0..<40).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            let whole = Result { try requests(bytes, piece: 100) }
            let single = Result { try requests(bytes, piece: 1) }
            switch (whole, single) {
            case (.success(let first), .success(let second)): #expect(first == second)
            case (.failure(let first), .failure(let second)):
                #expect("\(first)" == "\(second)", "\(Hex.text(bytes))")
            case (.success, .failure), (.failure, .success):
                Issue.record("pieces make a difference: \(Hex.text(bytes))")
            }
        }
    }
}
