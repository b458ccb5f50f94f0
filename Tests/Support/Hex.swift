// Bytes as hexadecimal text and back, for fixtures and for the text of failures. Text may hold blanks,
// line ends and comments from "#" to the end of a line.

/// Bytes as hexadecimal text.
package enum Hex {
    /// Two digits a byte, without blanks.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        for byte in bytes { text += (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        return text
    }

    /// Lines of sixteen bytes, each with its offset.
    package static func dump(_ bytes: [UInt8]) -> String {
        var lines: [String] = []
        for first in stride(from: 0, to: bytes.count, by: 16) {
            let row = bytes[first..<min(first + 16, bytes.count)]
            let offset = String(first, radix: 16)
            let padding = String(repeating: "0", count: max(0, 6 - offset.count))
            lines.append(padding + offset + "  " + row.map { text([$0]) }.joined(separator: " "))
        }
        return lines.joined(separator: "\n")
    }

    /// Reads digits; nil when there are other characters or half a byte.
    package static func bytes(_ text: String) -> [UInt8]? {
        var digits: [UInt8] = []
        for line in text.split(separator: "\n") {
            for character in line.prefix(while: { $0 != "#" }) where !character.isWhitespace {
                guard let digit = character.hexDigitValue else { return nil }
                digits.append(UInt8(digit))
            }
        }
        guard digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
