// Replies for people, in the two ways of the well-known command line client: numbered and quoted for
// a terminal, bare for a pipe. Bytes and not text, since a bare reply may be anything. The third way,
// JSON, is in ReplyJSON.

import Text

/// How a reply looks to a person.
package enum ReplyText {
    /// The reply as a terminal shows it, each line with its line end.
    package static func forTerminal(_ reply: RESPValue) -> String {
        var text = ""
        appendNumbered(reply, indent: "", to: &text)
        return text
    }

    /// The reply as a pipe gets it, without a line end behind it: strings byte for byte.
    package static func raw(_ reply: RESPValue) -> [UInt8] {
        var bytes: [UInt8] = []
        appendRaw(reply, to: &bytes)
        return bytes
    }

    /// Bytes in double quotes; what is not printable ASCII is escaped.
    package static func quoted(_ bytes: [UInt8]) -> String {
        var text = "\""
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""):
                text += "\\"
                text.unicodeScalars.append(Unicode.Scalar(byte))
            case 10: text += "\\n"
            case 13: text += "\\r"
            case 9: text += "\\t"
            case 7: text += "\\a"
            case 8: text += "\\b"
            case 0x20...0x7e: text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return text + "\""
    }

    private static func appendNumbered(
        _ reply: RESPValue, indent: String, to text: inout String
    ) {
        switch reply {
        case .simple(let status): text += PrintableText.line(status) + "\n"
        case .error(let error): text += "(error) \(PrintableText.line(error))\n"
        case .integer(let number): text += "(integer) \(number)\n"
        case .bulk(let bytes): text += quoted(bytes) + "\n"
        case .null, .nullArray: text += "(nil)\n"
        case .double(let number): text += "(double) \(RESPNumber.text(of: number))\n"
        case .boolean(let value): text += value ? "(true)\n" : "(false)\n"
        case .verbatim(_, let bytes):
            text += PrintableText.lines(PrintableText.decoded(bytes)) + "\n"
        case .bigNumber(let digits): text += "(big number) \(PrintableText.line(digits))\n"
        case .array(let elements): appendList(elements, "array", ")", indent, to: &text)
        case .push(let elements): appendList(elements, "push", ")", indent, to: &text)
        case .set(let elements): appendList(elements, "set", "~", indent, to: &text)
        case .map(let pairs):
            if pairs.isEmpty {
                text += "(empty hash)\n"
                return
            }
            let width = String(pairs.count).count
            let inner = indent + String(repeating: " ", count: width + 2)
            for (index, pair) in pairs.enumerated() {
                text += label(index, width, "#", indent)
                appendNumbered(pair.key, indent: inner, to: &text)
                text.removeLast()
                text += " => "
                appendNumbered(pair.value, indent: inner, to: &text)
            }
        }
    }

    private static func appendList(
        _ elements: [RESPValue], _ kind: String, _ mark: String, _ indent: String,
        to text: inout String
    ) {
        if elements.isEmpty {
            text += "(empty \(kind))\n"
            return
        }
        let width = String(elements.count).count
        let inner = indent + String(repeating: " ", count: width + 2)
        for (index, element) in elements.enumerated() {
            text += label(index, width, mark, indent)
            appendNumbered(element, indent: inner, to: &text)
        }
    }

    /// The number of an element. The first stands behind the number of the list it is in.
    private static func label(
        _ index: Int, _ width: Int, _ mark: String, _ indent: String
    ) -> String {
        let number = String(index + 1)
        let padding = String(repeating: " ", count: width - number.count)
        return (index == 0 ? "" : indent) + padding + number + mark + " "
    }

    private static func appendRaw(_ reply: RESPValue, to bytes: inout [UInt8]) {
        switch reply {
        case .null, .nullArray: break
        case .error(let text): bytes.append(contentsOf: (PrintableText.line(text) + "\n").utf8)
        case .simple(let text), .bigNumber(let text):
            bytes.append(contentsOf: PrintableText.line(text).utf8)
        case .bulk(let content), .verbatim(_, let content): bytes.append(contentsOf: content)
        case .integer(let number): RESPNumber.append(number, to: &bytes)
        case .double(let number): bytes.append(contentsOf: RESPNumber.text(of: number).utf8)
        case .boolean(let value): bytes.append(contentsOf: (value ? "(true)" : "(false)").utf8)
        case .array(let elements), .set(let elements), .push(let elements):
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(10) }
                appendRaw(element, to: &bytes)
            }
        case .map(let pairs):
            for (index, pair) in pairs.enumerated() {
                if index > 0 { bytes.append(10) }
                appendRaw(pair.key, to: &bytes)
                bytes.append(UInt8(ascii: " "))
                appendRaw(pair.value, to: &bytes)
            }
        }
    }
}
