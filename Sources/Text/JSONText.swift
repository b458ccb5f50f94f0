// A small writer of JSON: objects, lists, texts and numbers into one buffer of bytes, commas put by
// itself. Texts may come as bytes, each of them one character of Latin-1. It reads nothing.

/// JSON as it is being written.
package struct JSONText {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

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
        if needsComma { bytes.append(0x2C) }
        bytes.append(0x22)
        bytes.append(contentsOf: name.utf8)
        bytes.append(0x22)
        bytes.append(0x3A)
        needsComma = false
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
        append(UInt64(value.magnitude))
    }

    /// A number with this many decimals and no exponent; what is not finite is null.
    package mutating func number(_ value: Double, decimals: Int) {
        guard value.isFinite, abs(value) < 1e15 else { return null() }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int64((value * scale).rounded())
        fixed(scaled.magnitude, unit: UInt64(scale), isNegative: scaled < 0)
    }

    /// Nanoseconds as seconds with six decimals.
    package mutating func seconds(nanoseconds: Int64) {
        fixed(
            nanoseconds.magnitude / 1000, unit: 1_000_000, isNegative: nanoseconds < 0)
    }

    package mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    private mutating func fixed(_ magnitude: UInt64, unit: UInt64, isNegative: Bool) {
        separate()
        if isNegative { bytes.append(0x2D) }
        append(magnitude / unit)
        guard unit > 1 else { return }
        bytes.append(0x2E)
        var rest = magnitude % unit
        var place = unit / 10
        while place > 0 {
            bytes.append(0x30 + UInt8(rest / place))
            rest %= place
            place /= 10
        }
    }

    private mutating func append(_ number: UInt64) {
        let first = bytes.count
        var rest = number
        repeat {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[first...].reverse()
    }

    private mutating func separate() {
        if needsComma { bytes.append(0x2C) }
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        if needsComma { bytes.append(0x2C) }
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
        } else {
            escapeNumber(byte)
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
