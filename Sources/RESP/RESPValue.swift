// The values of the client protocol, both of its versions. How they look as bytes is in RESPWriter and
// ReplyParser, how they look to a person in ReplyText. A value says what it is, not which version
// it came by.

import Text

/// The version of the client protocol that a connection speaks.
package enum RESPVersion: Int, Sendable, Equatable {
    case two = 2
    case three = 3
}

/// One reply, or one part of it.
package enum RESPValue: Sendable, Equatable {
    /// A short status such as OK.
    case simple(String)
    /// What was refused, with its code first, such as "ERR syntax error".
    case error(String)
    case integer(Int64)
    /// Bytes of any kind.
    case bulk([UInt8])
    case null
    /// What version 2 says for an array that is not there.
    case nullArray
    case array([RESPValue])
    /// Pairs in the order in which they were said.
    case map([RESPPair])
    case set([RESPValue])
    /// What was said without being asked for.
    case push([RESPValue])
    case double(Double)
    case boolean(Bool)
    /// Text with a format of three letters, such as "txt".
    case verbatim(format: String, [UInt8])
    /// A whole number of any length, in decimal digits.
    case bigNumber(String)

    /// Text as bytes.
    package static func text(_ text: String) -> RESPValue { .bulk(Array(text.utf8)) }
}

/// A key with its value in a map.
package struct RESPPair: Sendable, Equatable {
    package let key: RESPValue
    package let value: RESPValue

    package init(_ key: RESPValue, _ value: RESPValue) {
        self.key = key
        self.value = value
    }
}

extension RESPValue {
    /// The text of a string of any kind, as `PrintableText.decoded`; nil for everything else.
    package var string: String? {
        switch self {
        case .simple(let text), .bigNumber(let text): text
        case .bulk(let bytes), .verbatim(_, let bytes): PrintableText.decoded(bytes)
        case .error, .integer, .null, .nullArray, .array, .map, .set, .push, .double, .boolean:
            nil
        }
    }

    /// The number, also when it was said as text.
    package var number: Int64? {
        if case .integer(let number) = self { number } else { string.flatMap { Int64($0) } }
    }

    /// The elements of an array, set or push, or the keys and values of a map in turn.
    package var elements: [RESPValue]? {
        switch self {
        case .array(let elements), .set(let elements), .push(let elements): elements
        case .map(let pairs): pairs.flatMap { [$0.key, $0.value] }
        case .simple, .error, .integer, .bulk, .null, .nullArray, .double, .boolean, .verbatim,
            .bigNumber:
            nil
        }
    }

    /// What was refused; nil when nothing was.
    package var errorText: String? {
        if case .error(let text) = self { text } else { nil }
    }

    /// The value of a text key, in a map or in an array of keys and values in turn.
    package subscript(key: String) -> RESPValue? {
        guard let elements else { return nil }
        for index in stride(from: 0, to: elements.count - 1, by: 2)
        where elements[index].string == key {
            return elements[index + 1]
        }
        return nil
    }
}
