// The 16-bit flag word that headers and gossip carry about a node, its names in JSON and in the
// text of CLUSTER NODES. Unknown bits are kept.

/// What a node says of itself, or another of it, in one word of bits.
///
/// - Source: bus protocol §0.2; bit 14 from §14.
public struct NodeFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
    /// All 16 bits of the word, also those without a name.
    public let rawValue: UInt16
    /// The word with these bits, which is 16 bits on the wire, big-endian.
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// A master.
    @inlinable public static var master: NodeFlags { NodeFlags(rawValue: 1 << 0) }
    /// A replica; texts that the protocol fixes say "slave".
    @inlinable public static var replica: NodeFlags { NodeFlags(rawValue: 1 << 1) }
    /// Suspected: the opinion of one node.
    @inlinable public static var pfail: NodeFlags { NodeFlags(rawValue: 1 << 2) }
    /// Agreed to have failed.
    @inlinable public static var fail: NodeFlags { NodeFlags(rawValue: 1 << 3) }
    /// The speaker itself: always set in a header, without meaning in gossip.
    @inlinable public static var myself: NodeFlags { NodeFlags(rawValue: 1 << 4) }
    /// Its id is not known yet.
    @inlinable public static var handshake: NodeFlags { NodeFlags(rawValue: 1 << 5) }
    /// Its address is not known.
    @inlinable public static var noAddress: NodeFlags { NodeFlags(rawValue: 1 << 6) }
    /// MEET goes to it in place of the first PING.
    @inlinable public static var meet: NodeFlags { NodeFlags(rawValue: 1 << 7) }
    /// A master that replicas of others may move to when it has none.
    @inlinable public static var migrateTo: NodeFlags { NodeFlags(rawValue: 1 << 8) }
    /// A replica that never stands for election by itself.
    @inlinable public static var noFailover: NodeFlags { NodeFlags(rawValue: 1 << 9) }
    /// This peer sends extensions, so it takes them.
    @inlinable public static var extensions: NodeFlags { NodeFlags(rawValue: 1 << 10) }
    /// Accepts PUBLISH and PUBLISHSHARD with the light header.
    @inlinable public static var lightPublish: NodeFlags { NodeFlags(rawValue: 1 << 11) }
    /// Accepts light MODULE messages, and a MEET repeated on one connection.
    @inlinable public static var lightModule: NodeFlags { NodeFlags(rawValue: 1 << 12) }
    /// A replica whose master has failed, as it sees it.
    @inlinable public static var myPrimaryFail: NodeFlags { NodeFlags(rawValue: 1 << 13) }
    /// Takes FAILOVER_AUTH_NACK.
    @inlinable public static var authNack: NodeFlags { NodeFlags(rawValue: 1 << 14) }

    /// Names of bits 0 to 14, as in the JSON of `decode`.
    static let names = [
        "master", "slave", "fail?", "fail", "myself", "handshake", "noaddr", "meet", "migrate_to",
        "nofailover", "extensions", "light_publish", "light_module", "my_primary_fail",
        "auth_nack",
    ]

    /// Names of the bits that are set, from bit 0 up; "0x8000" for bit 15.
    public var list: [String] {
        (0..<16).filter { rawValue & (1 << UInt16($0)) != 0 }
            .map { $0 < Self.names.count ? Self.names[$0] : "0x8000" }
    }
}

/// Bits that describe one message, in the first of three bytes.
///
/// - Source: bus protocol §2.2.
public struct MessageFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
    /// All 8 bits, also those without a name.
    public let rawValue: UInt8
    /// The flags with these bits.
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A master in a manual failover: its clients wait and `offset` is final.
    @inlinable public static var paused: MessageFlags { MessageFlags(rawValue: 1 << 0) }
    /// A vote asked for although the master has not failed.
    @inlinable public static var forceAck: MessageFlags { MessageFlags(rawValue: 1 << 1) }
    /// The message carries extensions, or its sender takes them.
    @inlinable public static var extensions: MessageFlags { MessageFlags(rawValue: 1 << 2) }

    static let names = ["paused", "force_ack", "extensions"]

    /// Names of the known bits that are set.
    public var list: [String] {
        Self.names.indices.filter { rawValue & (1 << UInt8($0)) != 0 }.map { Self.names[$0] }
    }
}
