// The words of an inline request, with quotes and escapes as people type them into a terminal. A word
// never grows by losing its quotes, so it is put together where it lies in the buffer.

/// What is left of a line of words.
struct InlineLine {
    /// The first byte that is not looked at yet.
    var next: Int
    /// The end of the line, without its line end.
    let end: Int

    /// Takes a word off the line, writing it together in place.
    /// - Returns: where the word lies; nil at the end of the line.
    /// - Throws: `unbalancedQuotes` when a quote is not closed, or closed within a word.
    mutating func nextWord(_ bytes: inout [UInt8]) throws(RESPError) -> Range<Int>? {
        while next < end, isSpace(bytes[next]) { next += 1 }
        guard next < end else { return nil }
        let first = next
        var written = first
        while next < end {
            let byte = bytes[next]
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
                return first..<written
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                next += 1
                try quoted(by: byte, &bytes, &written)
                return first..<written
            default:
                bytes[written] = byte
                written += 1
                next += 1
            }
        }
        return first..<written
    }

    private mutating func quoted(
        by quote: UInt8, _ bytes: inout [UInt8], _ written: inout Int
    ) throws(RESPError) {
        while next < end {
            let byte = bytes[next]
            if byte == quote {
                next += 1
                // A closing quote ends the word.
                if next < end && !isSpace(bytes[next]) { throw .unbalancedQuotes }
                return
            }
            if byte == UInt8(ascii: "\\") && next + 1 < end {
                bytes[written] = escaped(by: quote, bytes)
            } else {
                bytes[written] = byte
                next += 1
            }
            written += 1
        }
        throw .unbalancedQuotes
    }

    /// Takes a backslash and what belongs to it.
    private mutating func escaped(by quote: UInt8, _ bytes: [UInt8]) -> UInt8 {
        let byte = bytes[next + 1]
        if quote == UInt8(ascii: "'") {
            guard byte == quote else {
                next += 1
                return UInt8(ascii: "\\")
            }
            next += 2
            return byte
        }
        if byte == UInt8(ascii: "x"), next + 3 < end, let high = hexDigit(bytes[next + 2]),
            let low = hexDigit(bytes[next + 3])
        {
            next += 4
            return high << 4 | low
        }
        next += 2
        switch byte {
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "a"): return 7
        default: return byte
        }
    }
}

private func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
