// What a terminal would obey is escaped, whatever it is in: texts, bytes, replies, JSON.

import RESP
import Testing
import Text

@Suite struct PrintableTextTests {
    @Test(arguments: [
        ("plain", "plain"), ("ü€😀 \\", "ü€😀 \\"), ("", ""),
        ("\u{1B}[31m", "\\x1b[31m"), ("a\nb\r\tc\u{0}", "a\\x0ab\\x0d\\x09c\\x00"),
        ("\u{7F}\u{85}\u{9B}\u{A0}", "\\x7f\\u0085\\u009b\u{A0}"),
        ("\u{61C}\u{200E}\u{200F}", "\\u061c\\u200e\\u200f"),
        ("\u{2028}\u{2029}\u{202A}\u{202E}", "\\u2028\\u2029\\u202a\\u202e"),
        ("\u{2066}\u{2069}\u{206A}", "\\u2066\\u2069\u{206A}"),
    ])
    func `controls and orders of direction are escaped on a line`(text: String, line: String) {
        #expect(PrintableText.line(text) == line)
        #expect(PrintableText.line(line) == line)
    }

    @Test func `of several lines the ends are kept and nothing else`() {
        #expect(PrintableText.lines("a\nb\u{1B}\n\u{85}") == "a\nb\\x1b\n\\u0085")
    }

    @Test(
        arguments: [
            ([0x61, 0xFF, 0x62], "a\\xffb"), ([0xC2, 0x85], "\u{85}"), ([0xC2], "\\xc2"),
            ([0xE2, 0x80, 0x41], "\\xe2\\x80A"), ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"),
            ([0xF0, 0x9F, 0x98, 0x80, 0xFE], "😀\\xfe"), ([0xFF, 0xC3, 0xBC], "\\xffü"), ([], ""),
        ] as [([UInt8], String)])
    func `bytes that are not UTF-8 are shown one by one`(bytes: [UInt8], text: String) {
        #expect(PrintableText.decoded(bytes) == text)
    }

    @Test func `a terminal is shown errors, states and verbatim text without orders`() {
        let hostile = "x\u{1B}[2J\u{202E}\u{85}"
        let shown = "x\\x1b[2J\\u202e\\u0085"
        #expect(ReplyText.forTerminal(.error(hostile)) == "(error) \(shown)\n")
        #expect(ReplyText.forTerminal(.simple(hostile)) == "\(shown)\n")
        let verbatim = RESPValue.verbatim(format: "txt", Array("a\n\(hostile)".utf8) + [0xFF])
        #expect(ReplyText.forTerminal(verbatim) == "a\n\(shown)\\xff\n")
        #expect(ReplyText.raw(.error(hostile)) == Array("\(shown)\n".utf8))
    }

    @Test func `a pipe gets the bytes of a string as they are`() {
        #expect(ReplyText.raw(.bulk([0x1B, 0xFF, 0x0A])) == [0x1B, 0xFF, 0x0A])
    }

    @Test func `JSON of replies escapes what a terminal obeys`() {
        #expect(
            ReplyJSON.text(.text("\u{1B}\u{7F}\u{85}\u{202E}\u{2028}é"))
                == #""\u001b\u007f\u0085\u202e\u2028é""#)
    }

    @Test func `an error of a server that is not UTF-8 is shown byte by byte`() throws {
        var parser = ReplyParser()
        parser.feed(Array("-ERR ".utf8) + [0xFF, 0x0D, 0x0A])
        #expect(try parser.next() == .error("ERR \\xff"))
    }
}
