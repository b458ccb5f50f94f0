// Replies as JSON, for programs. Bytes that are not UTF-8 are shown as Latin-1 characters; numbers
// that JSON cannot say become text; a refusal is an object with one member "error".

import Text

/// Replies as JSON.
package enum ReplyJSON {
    /// The reply on one line, without a line end.
    package static func text(_ reply: RESPValue) -> String {
        var json = JSONText(.spaced)
        write(reply, to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// Bytes as characters.
    private static func characters(_ bytes: [UInt8]) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = ""
        for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
        return text
    }

    private static func write(_ reply: RESPValue, to json: inout JSONText) {
        switch reply {
        case .simple(let status): json.string(status)
        case .error(let error): json.object { $0.field("error", error) }
        case .integer(let number): json.number(number)
        case .bulk(let bytes), .verbatim(_, let bytes): json.string(characters(bytes))
        case .null, .nullArray: json.null()
        case .double(let number):
            let digits = RESPNumber.text(of: number)
            if number.isFinite { json.number(digits: digits) } else { json.string(digits) }
        case .boolean(let value): json.bool(value)
        case .bigNumber(let digits): json.string(digits)
        case .array(let elements), .set(let elements), .push(let elements):
            json.list { json in
                for element in elements { write(element, to: &json) }
            }
        case .map(let pairs):
            json.object { json in
                for pair in pairs {
                    json.key(escaping: key(pair.key))
                    write(pair.value, to: &json)
                }
            }
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
