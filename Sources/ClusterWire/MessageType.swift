// The kinds of message and their names. The raw value is the wire's, without the light bit.

/// What kind of message it is.
///
/// - Source: bus protocol §2.3; type 11 from §14.
public struct MessageType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number on the wire, 16 bits at offset 12, big-endian, without the light bit.
    public let rawValue: UInt16
    /// The type with this number; every number is one, with a meaning here or not.
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// PING: asks for a PONG.
    @inlinable public static var ping: MessageType { MessageType(rawValue: 0) }
    /// PONG: answers a PING or MEET, or is sent unasked to tell news.
    @inlinable public static var pong: MessageType { MessageType(rawValue: 1) }
    /// MEET: a PING that asks to be known from now on.
    @inlinable public static var meet: MessageType { MessageType(rawValue: 2) }
    /// FAIL: a node has failed, by the word of a quorum.
    @inlinable public static var fail: MessageType { MessageType(rawValue: 3) }
    /// PUBLISH: a publication for all subscribers in the cluster.
    @inlinable public static var publish: MessageType { MessageType(rawValue: 4) }
    /// FAILOVER_AUTH_REQUEST: a replica asks for votes.
    @inlinable public static var voteRequest: MessageType { MessageType(rawValue: 5) }
    /// FAILOVER_AUTH_ACK: a vote.
    @inlinable public static var vote: MessageType { MessageType(rawValue: 6) }
    /// UPDATE: slots have a newer owner than the receiver thinks.
    @inlinable public static var update: MessageType { MessageType(rawValue: 7) }
    /// MFSTART: a replica asks its master to pause its clients.
    @inlinable public static var manualFailoverStart: MessageType { MessageType(rawValue: 8) }
    /// MODULE: a message from one module to another.
    @inlinable public static var module: MessageType { MessageType(rawValue: 9) }
    /// PUBLISHSHARD: a publication for the subscribers in one shard.
    @inlinable public static var publishShard: MessageType { MessageType(rawValue: 10) }
    /// A refusal of a vote, in newer development sources: read, not said, and kept as bytes.
    @inlinable public static var voteRefusal: MessageType { MessageType(rawValue: 11) }

    /// Types below this have a meaning here.
    package static let knownCount = 11

    private static let names = [
        "PING", "PONG", "MEET", "FAIL", "PUBLISH", "FAILOVER_AUTH_REQUEST", "FAILOVER_AUTH_ACK",
        "UPDATE", "MFSTART", "MODULE", "PUBLISHSHARD",
    ]
    private static let statisticsNames = [
        "ping", "pong", "meet", "fail", "publish", "auth-req", "auth-ack", "update", "mfstart",
        "module", "publishshard",
    ]

    /// "PING" and so on, or nil for an unknown type.
    public var name: String? {
        Int(rawValue) < Self.knownCount ? Self.names[Int(rawValue)] : nil
    }

    /// "ping", "auth-req" and so on, as CLUSTER INFO counts them; nil for an unknown type.
    package var statisticsName: String? {
        Int(rawValue) < Self.knownCount ? Self.statisticsNames[Int(rawValue)] : nil
    }

    /// The type with this name, case-insensitively, or with this number.
    package init?(name: String) {
        if let index = Self.names.firstIndex(of: name.uppercased()) {
            self.init(rawValue: UInt16(index))
        } else if let number = UInt16(name), number < Layout.lightBit {
            self.init(rawValue: number)
        } else {
            return nil
        }
    }

    /// Whether it is PUBLISH or PUBLISHSHARD.
    @inlinable public var isPublication: Bool { self == .publish || self == .publishShard }

    /// Whether the type exists with a light header too.
    @inlinable public var hasLightForm: Bool {
        self == .publish || self == .publishShard || self == .module
    }

    /// Whether it is PING, PONG or MEET: gossip and extensions follow the header.
    @inlinable public var isHeartbeat: Bool { rawValue <= MessageType.meet.rawValue }
}

extension MessageType: CustomStringConvertible {
    /// The name, or the number of a type without one.
    public var description: String {
        if let name { return name }
        return self == .voteRefusal ? "FAILOVER_AUTH_NACK" : "type \(rawValue)"
    }
}
