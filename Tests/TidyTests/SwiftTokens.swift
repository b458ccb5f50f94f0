// The code of a file as words and signs, comments and texts left out. It is cut byte by byte, since the
// tests run unoptimised and a regular expression over every line takes them minutes.

/// One word or sign of code.
struct Token {
    let text: String
    /// From 1.
    let line: Int

    var isWord: Bool { text.utf8.first.map(SwiftTokens.isWordByte) ?? false }
}

enum SwiftTokens {
    /// The tokens of code in which comments and texts are blanks.
    static func cut(_ code: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var line = 1
        var index = 0
        while index < code.count {
            let byte = code[index]
            if byte == 0x0A { line += 1 }
            if byte <= 0x20 {
                index += 1
                continue
            }
            let start = index
            index += 1
            if isWordByte(byte) {
                while index < code.count, isWordByte(code[index]) { index += 1 }
            }
            tokens.append(
                Token(text: String(decoding: code[start..<index], as: UTF8.self), line: line))
        }
        return tokens
    }

    /// Letters, digits, and what begins an attribute, a directive or an argument of a closure. A name in
    /// back-ticks is several tokens, of which no rule here asks.
    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x40, 0x23, 0x24, 0x80...0xFF: true
        default: false
        }
    }
}
