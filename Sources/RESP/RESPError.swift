// Every way in which bytes of the client protocol can be wrong, a case each. What a client sends wrong
// has the words that clients of the reference server know; what a server sends wrong is told to the
// person who asked.

/// Why bytes are not the client protocol, or more of it than is taken.
package enum RESPError: Error, Equatable, Sendable {
    // What a client sent.
    case invalidMultibulkLength
    case invalidBulkLength
    case expectedBulk(got: UInt8)
    case inlineTooBig
    case multibulkCountTooBig
    case bulkCountTooBig
    case unbalancedQuotes
    case unauthenticatedMultibulkLength
    case unauthenticatedBulkLength
    /// More bytes wait than a client may have waiting.
    case queryBufferTooBig(limitBytes: Int)
    // What a server sent.
    case unknownType(UInt8)
    case invalidReplyLength
    case invalidReplyNumber
    case invalidReplyValue(type: UInt8)
    case missingLineEnd
    case lineTooBig(limitBytes: Int)
    case nestedTooDeep(limit: Int)
    case replyTooBig(limitBytes: Int)

    /// The words for the client, without the "ERR " in front; one byte may be none of UTF-8.
    package var message: [UInt8] {
        if case .expectedBulk(let byte) = self {
            // A line end would break the reply.
            let shown = byte == 13 || byte == 10 || byte == 0 ? UInt8(ascii: " ") : byte
            return Array("Protocol error: expected '$', got '".utf8) + [shown, UInt8(ascii: "'")]
        }
        return Array(words.utf8)
    }

    private var words: String {
        switch self {
        case .invalidMultibulkLength: "Protocol error: invalid multibulk length"
        case .invalidBulkLength: "Protocol error: invalid bulk length"
        case .expectedBulk: "Protocol error: expected '$'"
        case .inlineTooBig: "Protocol error: too big inline request"
        case .multibulkCountTooBig: "Protocol error: too big mbulk count string"
        case .bulkCountTooBig: "Protocol error: too big bulk count string"
        case .unbalancedQuotes: "Protocol error: unbalanced quotes in request"
        case .unauthenticatedMultibulkLength: "Protocol error: unauthenticated multibulk length"
        case .unauthenticatedBulkLength: "Protocol error: unauthenticated bulk length"
        case .queryBufferTooBig(let limit): "Protocol error: more than \(limit) bytes wait"
        case .unknownType(let byte): "a reply cannot begin with byte \(byte)"
        case .invalidReplyLength: "a reply has an invalid length"
        case .invalidReplyNumber: "a reply has an invalid number"
        case .invalidReplyValue(let type):
            "a reply of type '\(Character(Unicode.Scalar(type)))' has an invalid value"
        case .missingLineEnd: "a reply lacks its line end"
        case .lineTooBig(let limit): "a line of a reply is longer than \(limit) bytes"
        case .nestedTooDeep(let limit): "a reply is nested deeper than \(limit)"
        case .replyTooBig(let limit): "a reply is larger than \(limit) bytes"
        }
    }
}

extension RESPError: CustomStringConvertible {
    package var description: String { String(decoding: message, as: UTF8.self) }
}
