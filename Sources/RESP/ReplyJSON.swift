// Replies as JSON, for programs. Bytes that are not UTF-8 are shown as Latin-1 characters; numbers
// that JSON cannot say become text; a refusal is an object with one member "error".

import Text

/// Replies as JSON.
package enum ReplyJSON {
    /// The reply on one line, without a line end.
    package static func text(_ reply: RESPValue) -> String {
        var text = ""
        append(reply, to: &text)
        return text
    }

    /// A JSON string.
    package static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                text += "\\"
                text.unicodeScalars.append(scalar)
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where PrintableText.isPrintable(scalar): text.unicodeScalars.append(scalar)
            default: text += "\\u" + PrintableText.digits(scalar.value, 4)
            }
        }
        return text + "\""
    }

    /// Bytes as characters.
    package static func characters(_ bytes: [UInt8]) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = ""
        for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
        return text
    }

    private static func append(_ reply: RESPValue, to text: inout String) {
        switch reply {
        case .simple(let status): text += quoted(status)
        case .error(let error): text += "{\"error\": \(quoted(error))}"
        case .integer(let number): text += String(number)
        case .bulk(let bytes), .verbatim(_, let bytes): text += quoted(characters(bytes))
        case .null, .nullArray: text += "null"
        case .double(let number):
            let digits = RESPNumber.text(of: number)
            text += number.isFinite ? digits : quoted(digits)
        case .boolean(let value): text += value ? "true" : "false"
        case .bigNumber(let digits): text += quoted(digits)
        case .array(let elements), .set(let elements), .push(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += ", " }
                append(element, to: &text)
            }
            text += "]"
        case .map(let pairs):
            text += "{"
            for (index, pair) in pairs.enumerated() {
                if index > 0 { text += ", " }
                text += quoted(key(pair.key)) + ": "
                append(pair.value, to: &text)
            }
            text += "}"
        }
    }

    /// What is no text as a key is its JSON as text.
    private static func key(_ key: RESPValue) -> String {
        switch key {
        case .simple(let text), .bigNumber(let text): text
        case .bulk(let bytes), .verbatim(_, let bytes): characters(bytes)
        case .error, .integer, .null, .nullArray, .array, .map, .set, .push, .double, .boolean:
            text(key)
        }
    }
}
