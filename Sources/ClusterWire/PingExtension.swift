// What heartbeats carry after their gossip: names, shard ids, forgotten nodes and more, each with
// a length and a type. The bytes of each are kept as they came; `value` is what they mean. Type 4
// has two meanings in the two dialects and is told apart by its length alone.

/// One extension of a heartbeat.
///
/// - Source: bus protocol §2.6, §14.
public struct PingExtension: Hashable, Sendable {
    /// The number on the wire.
    public let type: UInt16
    let unused: UInt16
    /// The payload as it came; empty where the value says every byte of it: nearly every heartbeat
    /// carries a shard id.
    private let raw: [UInt8]
    /// What the payload means.
    public let value: Value

    /// What an extension says.
    public enum Value: Hashable, Sendable {
        /// The announced hostname, without its NUL: type 0.
        case hostname(String)
        /// The announced human name of the node, without its NUL: type 1.
        case nodeName(String)
        /// An id that must not be added again, and for how many more seconds: type 2.
        case forgottenNode(NodeID, secondsLeft: UInt64)
        /// The shard of the sender: type 3; nil for forty NULs.
        case shardID(ShardID?)
        /// The IPv4 address for clients, as text: type 4 of any length but 48.
        case clientIPv4(String)
        /// The IPv6 address for clients, as text: type 5.
        case clientIPv6(String)
        /// The port for clients without TLS: type 6, 16 bytes.
        case clientPort(Port)
        /// The port for clients with TLS: type 7, 16 bytes.
        case clientTLSPort(Port)
        /// The availability zone of the node, without its NUL: type 8.
        case availabilityZone(String)
        /// The shared secret of Redis 8: type 4 of length 48. Recognised, never shown, never used.
        case internalSecret
        /// A type that has no meaning here: its payload is kept.
        case unknown
    }

    enum Kind {
        static let hostname: UInt16 = 0
        static let nodeName: UInt16 = 1
        static let forgottenNode: UInt16 = 2
        static let shardID: UInt16 = 3
        /// Valkey's client IPv4; of length 48 it is the internal secret of Redis 8.
        static let clientIPv4OrSecret: UInt16 = 4
        static let clientIPv6: UInt16 = 5
        static let clientPort: UInt16 = 6
        static let clientTLSPort: UInt16 = 7
        static let availabilityZone: UInt16 = 8
    }

    static let secretLength = 48
    static let shardIDLength = 48
    static let forgottenNodeLength = 56
    static let portLength = 16

    /// The length on the wire, header and padding included, in bytes: a multiple of 8.
    public var length: Int {
        switch value {
        case .shardID: Self.shardIDLength
        case .forgottenNode: Self.forgottenNodeLength
        case .hostname, .nodeName, .clientIPv4, .clientIPv6, .clientPort, .clientTLSPort,
            .availabilityZone, .internalSecret, .unknown:
            Layout.extensionHeaderSize + raw.count
        }
    }

    /// What follows the 8-byte header, padding included.
    public var payload: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: length)
        var span = bytes.mutableSpan
        var target = unsafe span.mutableBytes
        put(into: &target, at: 0)
        return Array(bytes[Layout.extensionHeaderSize...])
    }

    private init(type: UInt16, unused: UInt16 = 0, raw: [UInt8] = [], value: Value) {
        self.type = type
        self.unused = unused
        self.raw = raw
        self.value = value
    }
}

extension PingExtension {
    private static func text(_ type: UInt16, _ text: String, _ value: Value) -> PingExtension {
        var bytes = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        bytes.append(0)
        bytes.append(contentsOf: repeatElement(0, count: (8 - bytes.count % 8) % 8))
        return PingExtension(type: type, raw: bytes, value: value)
    }

    /// The announced hostname; its characters are ASCII.
    public static func hostname(_ name: String) -> PingExtension {
        text(Kind.hostname, name, .hostname(name))
    }

    /// The announced human name of a node.
    public static func nodeName(_ name: String) -> PingExtension {
        text(Kind.nodeName, name, .nodeName(name))
    }

    /// The address for clients that are connected by IPv4.
    public static func clientIPv4(_ text: String) -> PingExtension {
        Self.text(Kind.clientIPv4OrSecret, text, .clientIPv4(text))
    }

    /// The address for clients that are connected by IPv6.
    public static func clientIPv6(_ text: String) -> PingExtension {
        Self.text(Kind.clientIPv6, text, .clientIPv6(text))
    }

    /// The port for clients without TLS: type 6, 16 bytes.
    public static func clientPort(_ port: Port) -> PingExtension {
        number(Kind.clientPort, port, .clientPort(port))
    }

    /// The port for clients with TLS: type 7, 16 bytes.
    public static func clientTLSPort(_ port: Port) -> PingExtension {
        number(Kind.clientTLSPort, port, .clientTLSPort(port))
    }

    /// The availability zone of a node.
    public static func availabilityZone(_ name: String) -> PingExtension {
        text(Kind.availabilityZone, name, .availabilityZone(name))
    }

    private static func number(_ type: UInt16, _ port: Port, _ value: Value) -> PingExtension {
        var bytes = [UInt8](repeating: 0, count: portLength - Layout.extensionHeaderSize)
        (bytes[0], bytes[1]) = (
            UInt8(truncatingIfNeeded: port.value >> 8), UInt8(truncatingIfNeeded: port.value)
        )
        return PingExtension(type: type, raw: bytes, value: value)
    }

    /// The shard of the sender: type 3, 48 bytes.
    public static func shardID(_ id: ShardID) -> PingExtension {
        PingExtension(type: Kind.shardID, value: .shardID(id))
    }

    /// A node that the receiver must not add again, and for how many more seconds: type 2, 56 bytes.
    public static func forgottenNode(_ id: NodeID, secondsLeft: UInt64) -> PingExtension {
        PingExtension(
            type: Kind.forgottenNode, value: .forgottenNode(id, secondsLeft: secondsLeft))
    }
}

extension PingExtension {
    /// Reads the extensions that a heartbeat announces, up to its last byte.
    static func list(
        _ bytes: RawSpan, from start: Int, count: Int
    ) throws(WireError) -> (list: [PingExtension], end: Int) {
        var list: [PingExtension] = []
        var offset = start
        for index in 0..<count {
            let remaining = bytes.byteCount - offset
            guard remaining >= Layout.extensionHeaderSize else {
                throw .extensionHeaderBeyondEnd(
                    index: index, offset: offset, length: bytes.byteCount)
            }
            let length: UInt32 = bytes.be(offset)
            guard length >= Layout.extensionHeaderSize else {
                throw .extensionTooShort(index: index, offset: offset, length: length)
            }
            guard length % 8 == 0 else {
                throw .extensionMisaligned(index: index, offset: offset, length: length)
            }
            guard UInt64(length) <= UInt64(remaining) else {
                throw .extensionBeyondEnd(
                    index: index, offset: offset, length: length, remaining: remaining)
            }
            list.append(try PingExtension(bytes, at: offset, length: Int(length)))
            offset += Int(length)
        }
        return (list, offset)
    }

    private init(_ bytes: RawSpan, at offset: Int, length: Int) throws(WireError) {
        let type: UInt16 = bytes.be(offset + 4)
        let unused: UInt16 = bytes.be(offset + 6)
        let start = offset + Layout.extensionHeaderSize
        func expect(_ expected: Int) throws(WireError) {
            guard length == expected else {
                throw .extensionLength(
                    type: type, offset: offset, length: UInt32(truncatingIfNeeded: length),
                    expected: expected)
            }
        }
        if type == Kind.shardID {
            try expect(Self.shardIDLength)
            let name = NodeID(bytes, at: start)
            let value = Value.shardID(name.isZero ? nil : ShardID(name))
            self.init(type: type, unused: unused, value: value)
            return
        }
        if type == Kind.forgottenNode {
            try expect(Self.forgottenNodeLength)
            let value = Value.forgottenNode(
                NodeID(bytes, at: start), secondsLeft: bytes.be(start + Layout.nameSize))
            self.init(type: type, unused: unused, value: value)
            return
        }
        let payload = bytes.copy(start, length - Layout.extensionHeaderSize)
        let value = try Self.interpret(type: type, payload: payload, offset: offset)
        self.init(type: type, unused: unused, raw: payload, value: value)
    }

    /// Extensions whose payload is text, or a number with padding.

    private static func interpret(
        type: UInt16, payload: [UInt8], offset: Int
    ) throws(WireError) -> Value {
        let length = Layout.extensionHeaderSize + payload.count
        func expect(_ expected: Int) throws(WireError) {
            guard length == expected else {
                throw .extensionLength(
                    type: type, offset: offset, length: UInt32(truncatingIfNeeded: length),
                    expected: expected)
            }
        }
        func text() throws(WireError) -> String {
            guard let end = payload.firstIndex(of: 0) else {
                throw .textWithoutNUL(type: type, offset: offset)
            }
            return latin1(payload[..<end])
        }
        let raw = unsafe payload.span.bytes
        switch type {
        case Kind.hostname: return .hostname(try text())
        case Kind.nodeName: return .nodeName(try text())
        case Kind.clientIPv4OrSecret:
            return length == secretLength ? .internalSecret : .clientIPv4(try text())
        case Kind.clientIPv6: return .clientIPv6(try text())
        case Kind.clientPort:
            try expect(portLength)
            return .clientPort(Port(raw.be(0)))
        case Kind.clientTLSPort:
            try expect(portLength)
            return .clientTLSPort(Port(raw.be(0)))
        case Kind.availabilityZone: return .availabilityZone(try text())
        default: return .unknown
        }
    }

    func put(into bytes: inout MutableRawSpan, at offset: Int) {
        bytes.putBE(UInt32(truncatingIfNeeded: length), offset)
        bytes.putBE(type, offset + 4)
        bytes.putBE(unused, offset + 6)
        let start = offset + Layout.extensionHeaderSize
        switch value {
        case .shardID(let id): (id?.name ?? .zero).put(into: &bytes, at: start)
        case .forgottenNode(let id, let secondsLeft):
            id.put(into: &bytes, at: start)
            bytes.putBE(secondsLeft, start + Layout.nameSize)
        case .hostname, .nodeName, .clientIPv4, .clientIPv6, .clientPort, .clientTLSPort,
            .availabilityZone, .internalSecret, .unknown:
            bytes.put(unsafe raw.span.bytes, from: 0, count: raw.count, start)
        }
    }
}
