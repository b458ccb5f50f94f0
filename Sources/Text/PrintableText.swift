// Texts of others where people read them: a name, an error or a line of a file may hold what a terminal
// obeys, ends a line or turns the order of the letters round. All of that is escaped here, and nowhere
// else: the log, the tables, the stories and the JSON of the command line come by.

/// Text that a terminal shows and does nothing else with.
package enum PrintableText {
    /// Whether a terminal only shows this: no control of ASCII or ISO 6429 (C0, DEL, C1), no order for
    /// the direction of writing, no line end of Unicode.
    package static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x61C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: false
        default: true
        }
    }

    /// A text on one line: "\x1b" for what is not printable and of ASCII, else "\u202e".
    package static func line(_ text: String) -> String { escaped(text, except: nil) }

    /// A text of several lines, of which the ends are kept.
    package static func lines(_ text: String) -> String { escaped(text, except: "\n") }

    /// Bytes as text: what is not UTF-8 becomes "\xNN", a byte at a time. Controls stay as they are.
    package static func decoded(_ bytes: some Collection<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = ""
        var parser = Unicode.UTF8.ForwardParser()
        var rest = bytes.makeIterator()
        var place = bytes.startIndex
        while true {
            switch parser.parseScalar(from: &rest) {
            case .emptyInput: return text
            case .valid(let units):
                text.unicodeScalars.append(Unicode.UTF8.decode(units))
                place = bytes.index(place, offsetBy: units.count)
            case .error(let length):
                for _ in 0..<length {
                    text += "\\x" + digits(UInt32(bytes[place]), 2)
                    place = bytes.index(after: place)
                }
            }
        }
    }

    /// A number in so many hexadecimal digits.
    package static func digits(_ number: UInt32, _ count: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }

    private static func escaped(_ text: String, except kept: Unicode.Scalar?) -> String {
        if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if isPrintable(scalar) || scalar == kept {
                result.unicodeScalars.append(scalar)
            } else {
                let isASCII = scalar.value < 0x80
                result += isASCII ? "\\x" : "\\u"
                result += digits(scalar.value, isASCII ? 2 : 4)
            }
        }
        return result
    }
}
