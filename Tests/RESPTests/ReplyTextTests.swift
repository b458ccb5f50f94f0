// Replies as people see them: numbered for a terminal, bare for a pipe, and as JSON.

import RESP
import Testing

@Suite struct ReplyTextTests {
    static let nested = RESPValue.array([
        .integer(1),
        .array([.text("a\n\"\u{1}"), .null]),
        .map([RESPPair(.text("k"), .array([.boolean(true), .double(1.5)]))]),
        .array([]), .set([.simple("OK")]), .error("ERR no"),
    ])

    @Test func `a terminal shows numbers and quotes`() {
        let expected = #"""
            1) (integer) 1
            2) 1) "a\n\"\x01"
               2) (nil)
            3) 1# "k" => 1) (true)
                  2) (double) 1.5
            4) (empty array)
            5) 1~ OK
            6) (error) ERR no

            """#
        #expect(ReplyText.forTerminal(Self.nested) == expected)
    }

    @Test func `numbers of two digits are aligned`() {
        let text = ReplyText.forTerminal(.array((1...10).map { .integer($0) }))
        #expect(text.hasPrefix(" 1) (integer) 1\n 2) "))
        #expect(text.hasSuffix("\n10) (integer) 10\n"))
    }

    @Test func `a pipe gets bare lines`() {
        let raw = ReplyText.raw(.array([.text("a"), .integer(2), .array([.text("b"), .null])]))
        #expect(String(decoding: raw, as: UTF8.self) == "a\n2\nb\n")
        #expect(ReplyText.raw(.bulk([0, 255])) == [0, 255])
        #expect(ReplyText.raw(.error("ERR no")) == Array("ERR no\n".utf8))
        #expect(ReplyText.raw(.map([RESPPair(.text("k"), .integer(1))])) == Array("k 1".utf8))
    }

    @Test func `programs get JSON`() {
        let expected =
            #"[1, ["a\n\"\u0001", null], {"k": [true, 1.5]}, [], ["OK"], {"error": "ERR no"}]"#
        #expect(ReplyJSON.text(Self.nested) == expected)
        #expect(ReplyJSON.text(.bulk([0xff, 0x41])) == "\"ÿA\"")
        #expect(ReplyJSON.text(.double(.infinity)) == "\"inf\"")
        #expect(ReplyJSON.text(.map([RESPPair(.integer(1), .null)])) == #"{"1": null}"#)
    }
}
