// The bodies of messages that are not heartbeats: UPDATE, PUBLISH and MODULE. FAIL is one id, and
// vote requests, votes and the start of a manual failover have none: they stand in Message.swift.

/// Body of UPDATE: who owns which slots, since which epoch.
///
/// - Source: bus protocol §2.9.
public struct SlotUpdate: Equatable, Sendable {
    /// The epoch at which the node owns the slots: 8 bytes at offset 0 of the body, big-endian.
    public var configEpoch: Epoch
    /// The owner: 40 bytes at offset 8 of the body.
    public var node: NodeID
    /// All slots of the owner: a bitmap of 2048 bytes at offset 48 of the body.
    public var slots: SlotSet

    /// Makes the body of an UPDATE, which has 2096 bytes.
    public init(configEpoch: Epoch, node: NodeID, slots: SlotSet) {
        self.configEpoch = configEpoch
        self.node = node
        self.slots = slots
    }

    init(_ bytes: RawSpan, at offset: Int) {
        configEpoch = Epoch(bytes.be(offset))
        node = NodeID(bytes, at: offset + 8)
        slots = SlotSet(bytes, at: offset + 48)
    }

    func put(into bytes: inout MutableRawSpan, at offset: Int) {
        bytes.putBE(configEpoch.value, offset)
        node.put(into: &bytes, at: offset + 8)
        slots.put(into: &bytes, at: offset + 48)
    }
}

/// Body of PUBLISH and PUBLISHSHARD: a channel and a message, both any bytes.
///
/// - Source: bus protocol §2.8.
public struct Publication: Equatable, Sendable {
    /// The name of the channel; its length stands in front as 32 bits, big-endian.
    public var channel: [UInt8]
    /// What was published; its length stands in front as 32 bits, big-endian.
    public var message: [UInt8]

    /// Makes the body of a publication.
    ///
    /// Both together must leave room in a message of 4 GiB, or encoding it fails.
    public init(channel: [UInt8], message: [UInt8]) {
        self.channel = channel
        self.message = message
    }

    /// Reads a publication that must end with the last byte.
    init(
        _ bytes: RawSpan, at offset: Int, type: MessageType, stated: UInt32
    ) throws(WireError) {
        let head = offset + Layout.publishHeaderSize
        guard bytes.byteCount >= head else {
            throw .lengthMismatch(type: type, stated: stated, expected: UInt64(head))
        }
        let channelLength: UInt32 = bytes.be(offset)
        let messageLength: UInt32 = bytes.be(offset + 4)
        let expected = UInt64(head) + UInt64(channelLength) + UInt64(messageLength)
        guard expected == UInt64(bytes.byteCount) else {
            throw .lengthMismatch(type: type, stated: stated, expected: expected)
        }
        channel = bytes.copy(head, Int(channelLength))
        message = bytes.copy(head + Int(channelLength), Int(messageLength))
    }

    var byteCount: Int { Layout.publishHeaderSize + channel.count + message.count }

    func put(into bytes: inout MutableRawSpan, at offset: Int) {
        bytes.putBE(UInt32(truncatingIfNeeded: channel.count), offset)
        bytes.putBE(UInt32(truncatingIfNeeded: message.count), offset + 4)
        let head = offset + Layout.publishHeaderSize
        bytes.put(unsafe channel.span.bytes, from: 0, count: channel.count, head)
        bytes.put(
            unsafe message.span.bytes, from: 0, count: message.count, head + channel.count)
    }
}

/// What an unknown body is when it is that of FAILOVER_AUTH_NACK: a vote is refused. Kept as bytes in the
/// message, since released servers do not send it yet.
///
/// - Source: bus protocol §14: an epoch of 8 bytes, big-endian, a reason of one, and 7 reserved bytes.
public struct VoteNack: Equatable, Sendable {
    /// The epoch of the request that was refused.
    public var epoch: Epoch
    /// Why: a number that only the voter's version gives a meaning.
    public var reason: UInt8

    static let byteCount = 16

    /// Nil when the bytes are not as long as such a body is.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        epoch = Epoch(bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
        reason = bytes[8]
    }
}

/// Body of MODULE: carried, not interpreted.
///
/// - Source: bus protocol §2.9.
public struct ModuleBody: Equatable, Sendable {
    /// Eight opaque bytes: the only field in the sender's own byte order.
    public var module: UInt64
    /// What the module calls this kind of message: one byte at offset 12 of the body.
    public var type: UInt8
    /// The module's own bytes; their length stands at offset 8 as 32 bits, big-endian.
    public var payload: [UInt8]

    /// Makes the body of a module's message, which has 13 bytes in front of the payload.
    public init(module: UInt64, type: UInt8, payload: [UInt8]) {
        self.module = module
        self.type = type
        self.payload = payload
    }

    /// Reads a body that must end with the last byte.
    init(_ bytes: RawSpan, at offset: Int, stated: UInt32) throws(WireError) {
        let head = offset + Layout.moduleHeaderSize
        guard bytes.byteCount >= head else {
            throw .lengthMismatch(type: .module, stated: stated, expected: UInt64(head))
        }
        let length: UInt32 = bytes.be(offset + 8)
        let expected = UInt64(head) + UInt64(length)
        guard expected == UInt64(bytes.byteCount) else {
            throw .lengthMismatch(type: .module, stated: stated, expected: expected)
        }
        module = bytes.be(offset)
        type = bytes.byte(offset + 12)
        payload = bytes.copy(head, Int(length))
    }

    var byteCount: Int { Layout.moduleHeaderSize + payload.count }

    func put(into bytes: inout MutableRawSpan, at offset: Int) {
        bytes.putBE(module, offset)
        bytes.putBE(UInt32(truncatingIfNeeded: payload.count), offset + 8)
        bytes.putBE(type, offset + 12)
        bytes.put(
            unsafe payload.span.bytes, from: 0, count: payload.count,
            offset + Layout.moduleHeaderSize)
    }
}
