// The writer of JSON: objects, lists, texts and numbers into one buffer of bytes, commas put by itself.
// Texts may come as bytes, each of them one character of Latin-1. A member of an object in one call is in
// JSONFields. It reads nothing.

/// JSON as it is being written.
package struct JSONText {
    package enum Style: Sendable {
        /// Nothing that a program does not need.
        case compact
        /// A space behind commas and colons, and the short escapes of line ends and tabs.
        case spaced
    }

    package private(set) var bytes: [UInt8] = []
    private let style: Style
    private var needsComma = false

    package init(_ style: Style = .compact) { self.style = style }

    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    /// Ends the line, so that another value can follow.
    package mutating func endLine() {
        bytes.append(0x0A)
        needsComma = false
    }

    package mutating func object(_ content: (inout JSONText) -> Void) {
        open(0x7B)
        content(&self)
        close(0x7D)
    }

    package mutating func list(_ content: (inout JSONText) -> Void) {
        open(0x5B)
        content(&self)
        close(0x5D)
    }

    /// The name of what follows; plain ASCII without quotes.
    package mutating func key(_ name: String) {
        separate()
        bytes.append(0x22)
        bytes.append(contentsOf: name.utf8)
        bytes.append(0x22)
        colon()
    }

    /// The name of what follows, of any characters.
    package mutating func key(escaping name: String) {
        string(name)
        colon()
    }

    package mutating func string(_ text: String) {
        quoted { writer in
            if text.utf8.allSatisfy({ $0 < 0x80 }) {
                for byte in text.utf8 { writer.escape(byte) }
            } else {
                for scalar in text.unicodeScalars { writer.escape(scalar) }
            }
        }
    }

    /// A text of bytes that may be none of UTF-8: each becomes the character of that number.
    package mutating func latin1(_ text: some Sequence<UInt8>) {
        quoted { writer in
            for byte in text { writer.escapeLatin1(byte) }
        }
    }

    /// A text of bytes that are told one after the other, each the character of that number.
    package mutating func latin1(telling: ((UInt8) -> Void) -> Void) {
        quoted { writer in telling { writer.escapeLatin1($0) } }
    }

    package mutating func number(_ value: some BinaryInteger) {
        separate()
        if value < 0 { bytes.append(0x2D) }
        Decimals.append(UInt64(value.magnitude), to: &bytes)
    }

    /// A number in the form that its value needs: whole, or with nine decimals, larger ones with three.
    package mutating func number(_ value: Double) {
        if value == value.rounded(), abs(value) < 1e15 {
            number(Int64(value))
        } else {
            number(value, decimals: abs(value) < 1e5 ? 9 : 3)
        }
    }

    /// A number with this many decimals and no exponent; what is not finite is null.
    package mutating func number(_ value: Double, decimals: Int) {
        guard value.isFinite, abs(value) < 1e15 else { return null() }
        let unit = Decimals.power(decimals)
        let scaled = Int64((value * Double(unit)).rounded())
        separate()
        Decimals.append(scaled.magnitude, unit, isNegative: scaled < 0, to: &bytes)
    }

    /// Nanoseconds as seconds with six decimals.
    package mutating func seconds(nanoseconds: Int64) {
        separate()
        Decimals.append(
            nanoseconds.magnitude / 1000, 1_000_000, isNegative: nanoseconds < 0, to: &bytes)
    }

    /// A number that is in digits already.
    package mutating func number(digits: String) {
        separate()
        bytes.append(contentsOf: digits.utf8)
    }

    package mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    private mutating func separate() {
        if needsComma {
            bytes.append(0x2C)
            if style == .spaced { bytes.append(0x20) }
        }
        needsComma = true
    }

    private mutating func colon() {
        bytes.append(0x3A)
        if style == .spaced { bytes.append(0x20) }
        needsComma = false
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func quoted(_ content: (inout JSONText) -> Void) {
        separate()
        bytes.append(0x22)
        content(&self)
        bytes.append(0x22)
    }

    private mutating func escape(_ scalar: Unicode.Scalar) {
        if let ascii = UInt8(exactly: scalar.value), ascii < 0x80 {
            escape(ascii)
        } else if PrintableText.isPrintable(scalar) {
            bytes.append(contentsOf: UTF8.encode(scalar) ?? .encodedReplacementCharacter)
        } else {
            bytes.append(contentsOf: "\\u\(PrintableText.digits(scalar.value, 4))".utf8)
        }
    }

    private mutating func escape(_ byte: UInt8) {
        if byte >= 0x20 && byte != 0x22 && byte != 0x5C && byte != 0x7F {
            bytes.append(byte)
        } else if byte == 0x22 || byte == 0x5C {
            bytes.append(0x5C)
            bytes.append(byte)
        } else if style == .spaced, let letter = Self.letter(byte) {
            bytes.append(0x5C)
            bytes.append(letter)
        } else {
            escapeNumber(byte)
        }
    }

    /// What stands for line ends and tabs behind a backslash.
    private static func letter(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x0A: UInt8(ascii: "n")
        case 0x0D: UInt8(ascii: "r")
        case 0x09: UInt8(ascii: "t")
        default: nil
        }
    }

    private mutating func escapeLatin1(_ byte: UInt8) {
        if byte < 0x80 {
            escape(byte)
        } else if byte < 0xA0 {
            escapeNumber(byte)
        } else {
            bytes.append(0xC0 | byte >> 6)
            bytes.append(0x80 | byte & 0x3F)
        }
    }

    private mutating func escapeNumber(_ byte: UInt8) {
        let digits: (UInt8) -> UInt8 = { $0 < 10 ? 0x30 + $0 : 0x57 + $0 }
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(digits(byte >> 4))
        bytes.append(digits(byte & 15))
    }
}
