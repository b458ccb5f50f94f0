// Every way in which bytes on the bus can be wrong. Each is its own case with the values that a
// person needs and the offset, in bytes from the start of the message, at which it was seen.

/// Why bytes are not a message.
public enum WireError: Error, Equatable, Sendable {
    /// The first four bytes are not "RCmb".
    case badSignature(UInt32)
    /// The first four bytes are "RAFT": a second bus protocol, known and not spoken.
    case raftNotSpoken
    /// Fewer bytes than a message can have.
    case truncated(have: Int, needed: Int)
    /// The length is below what the kind of header takes.
    case lengthBelowMinimum(length: UInt32, minimum: Int)
    /// The length is above what this connection may send.
    case lengthOverLimit(length: UInt32, limit: Int)
    /// The length that the message states is not that of the bytes given.
    case frameLength(stated: UInt32, given: Int)
    /// A header of version 2 (compact gossip without slots): known and not spoken.
    case versionTwoNotSpoken
    /// A header version other than 1.
    case unknownVersion(UInt16)
    /// A light header on a type that has none.
    case lightNotSupported(type: UInt16)
    /// The stated length is not the sum of the message's parts.
    case lengthMismatch(type: MessageType, stated: UInt32, expected: UInt64)
    /// The gossip entries announced do not fit into the message.
    case gossipBeyondEnd(count: UInt16, length: Int)
    /// No room for the header of an announced extension.
    case extensionHeaderBeyondEnd(index: Int, offset: Int, length: Int)
    /// An extension shorter than its own header.
    case extensionTooShort(index: Int, offset: Int, length: UInt32)
    /// An extension whose length is not a multiple of 8.
    case extensionMisaligned(index: Int, offset: Int, length: UInt32)
    /// An extension that ends after the message.
    case extensionBeyondEnd(index: Int, offset: Int, length: UInt32, remaining: Int)
    /// An extension of a type with a fixed length, with another.
    case extensionLength(type: UInt16, offset: Int, length: UInt32, expected: Int)
    /// A text in an extension that no NUL ends.
    case textWithoutNUL(type: UInt16, offset: Int)

    /// Where it was seen, in bytes from the start of the message.
    public var offset: Int {
        switch self {
        case .badSignature, .raftNotSpoken, .truncated: 0
        case .lengthBelowMinimum, .lengthOverLimit, .frameLength, .lengthMismatch:
            Layout.Head.length
        case .versionTwoNotSpoken, .unknownVersion: Layout.Head.version
        case .lightNotSupported: Layout.Head.type
        case .gossipBeyondEnd: Layout.Head.count
        case .extensionHeaderBeyondEnd(_, let offset, _), .extensionTooShort(_, let offset, _),
            .extensionMisaligned(_, let offset, _), .extensionBeyondEnd(_, let offset, _, _),
            .extensionLength(_, let offset, _, _), .textWithoutNUL(_, let offset):
            offset
        }
    }

    /// Whether nothing that follows on the connection can be trusted to be a message.
    public var closesLink: Bool {
        switch self {
        case .badSignature, .raftNotSpoken, .lengthBelowMinimum, .lengthOverLimit: true
        case .truncated, .frameLength, .versionTwoNotSpoken, .unknownVersion, .lightNotSupported,
            .lengthMismatch, .gossipBeyondEnd, .extensionHeaderBeyondEnd, .extensionTooShort,
            .extensionMisaligned, .extensionBeyondEnd, .extensionLength, .textWithoutNUL:
            false
        }
    }

    /// A short name of the kind, the same for all values: refusals are counted by it.
    public var kind: String {
        switch self {
        case .badSignature: "bad signature"
        case .raftNotSpoken: "RAFT bus not spoken"
        case .truncated: "truncated"
        case .lengthBelowMinimum: "length below minimum"
        case .lengthOverLimit: "length over limit"
        case .frameLength: "frame length"
        case .versionTwoNotSpoken: "version 2 not spoken"
        case .unknownVersion: "unknown version"
        case .lightNotSupported: "light header not supported"
        case .lengthMismatch: "length mismatch"
        case .gossipBeyondEnd: "gossip beyond end"
        case .extensionHeaderBeyondEnd: "extension header beyond end"
        case .extensionTooShort: "extension too short"
        case .extensionMisaligned: "extension misaligned"
        case .extensionBeyondEnd: "extension beyond end"
        case .extensionLength: "extension length"
        case .textWithoutNUL: "text without NUL"
        }
    }
}

extension WireError: CustomStringConvertible {
    /// What is wrong, with its values, as a phrase.
    public var description: String {
        switch self {
        case .badSignature(let word):
            "signature 0x\(String(word, radix: 16)) is not \"RCmb\""
        case .raftNotSpoken: "signature \"RAFT\": that bus protocol is not spoken"
        case .truncated(let have, let needed): "\(have) bytes where \(needed) are needed"
        case .lengthBelowMinimum(let length, let minimum):
            "length \(length) is below the minimum of \(minimum)"
        case .lengthOverLimit(let length, let limit):
            "length \(length) is over the limit of \(limit)"
        case .frameLength(let stated, let given): "length \(stated) stated, \(given) bytes given"
        case .versionTwoNotSpoken: "version 2 (compact gossip) is not spoken"
        case .unknownVersion(let version): "unknown version \(version)"
        case .lightNotSupported(let type): "type \(type) has no light header"
        case .lengthMismatch(let type, let stated, let expected):
            "\(type) of length \(stated) should have \(expected)"
        case .gossipBeyondEnd(let count, let length):
            "\(count) gossip entries do not fit into \(length) bytes"
        case .extensionHeaderBeyondEnd(let index, _, let length):
            "no room for extension \(index) in \(length) bytes"
        case .extensionTooShort(let index, _, let length):
            "extension \(index) of length \(length) is shorter than its header"
        case .extensionMisaligned(let index, _, let length):
            "extension \(index) of length \(length) is not a multiple of 8"
        case .extensionBeyondEnd(let index, _, let length, let remaining):
            "extension \(index) of length \(length) in \(remaining) remaining bytes"
        case .extensionLength(let type, _, let length, let expected):
            "extension type \(type) of length \(length) should have \(expected)"
        case .textWithoutNUL(let type, _): "text of extension type \(type) has no NUL"
        }
    }
}
