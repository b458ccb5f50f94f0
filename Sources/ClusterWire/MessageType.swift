// The kinds of message and their names. The raw value is the wire's, without the light bit.

/// What kind of message it is.
///
/// - Source: bus protocol §2.3; type 11 from §14.
public struct MessageType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    public let rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let ping = MessageType(rawValue: 0)
    public static let pong = MessageType(rawValue: 1)
    public static let meet = MessageType(rawValue: 2)
    public static let fail = MessageType(rawValue: 3)
    public static let publish = MessageType(rawValue: 4)
    public static let voteRequest = MessageType(rawValue: 5)
    public static let vote = MessageType(rawValue: 6)
    public static let update = MessageType(rawValue: 7)
    public static let manualFailoverStart = MessageType(rawValue: 8)
    public static let module = MessageType(rawValue: 9)
    public static let publishShard = MessageType(rawValue: 10)
    /// A refusal of a vote, in newer development sources: known, not spoken, kept as bytes.
    public static let voteRefusal = MessageType(rawValue: 11)

    /// Types below this have a meaning here.
    public static let knownCount = 11

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
    public var statisticsName: String? {
        Int(rawValue) < Self.knownCount ? Self.statisticsNames[Int(rawValue)] : nil
    }

    /// The type with this name, case-insensitively, or with this number.
    public init?(name: String) {
        if let index = Self.names.firstIndex(of: name.uppercased()) {
            self.init(rawValue: UInt16(index))
        } else if let number = UInt16(name), number < Layout.lightBit {
            self.init(rawValue: number)
        } else {
            return nil
        }
    }

    /// Whether the type exists with a light header too.
    @inlinable public var hasLightForm: Bool {
        self == .publish || self == .publishShard || self == .module
    }

    @inlinable public var isHeartbeat: Bool { rawValue <= MessageType.meet.rawValue }
}

extension MessageType: CustomStringConvertible {
    public var description: String {
        if let name { return name }
        return self == .voteRefusal ? "FAILOVER_AUTH_NACK" : "type \(rawValue)"
    }
}
