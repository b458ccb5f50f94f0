// A message of the bus and the two entry points of the codec: decode and encode. Decoding checks
// every length, in 64 bits, before anything is read; encoding what was decoded gives the same bytes.

/// One message of the cluster bus.
public enum Message: Equatable, Sendable {
    /// With the whole state of its sender in front.
    case full(Header, Body)
    /// Valkey's 16-byte header: who sent it is known from the connection.
    case light(LightMessage)

    /// The type on the wire, without the bit that marks a light header.
    public var type: MessageType {
        switch self {
        case .full(_, let body): body.type
        case .light(let light): light.body.type
        }
    }
}

/// What a full message carries after its header.
///
/// - Source: bus protocol §2.3.
public enum Body: Equatable, Sendable {
    /// PING: asks for a PONG.
    case ping(Heartbeat)
    /// PONG: answers a PING or MEET, or is sent unasked to tell news.
    case pong(Heartbeat)
    /// MEET: a PING that asks to be known from now on.
    case meet(Heartbeat)
    /// The id of a node that a quorum takes for failed.
    case fail(NodeID)
    /// PUBLISH: a publication for all subscribers in the cluster.
    case publish(Publication)
    /// FAILOVER_AUTH_REQUEST: a replica asks to be elected in its header's currentEpoch.
    case voteRequest
    /// FAILOVER_AUTH_ACK: a vote.
    case vote
    /// UPDATE: slots that the receiver claims or believes in have a newer owner.
    case update(SlotUpdate)
    /// MFSTART: a replica asks its master to pause its clients.
    case manualFailoverStart
    /// MODULE: a message from one module to another.
    case module(ModuleBody)
    /// PUBLISHSHARD: a publication for the subscribers in one shard.
    case publishShard(Publication)
    /// A type that has no meaning here, with all that follows the header.
    case unknown(MessageType, [UInt8])

    /// The type on the wire.
    public var type: MessageType {
        switch self {
        case .ping: .ping
        case .pong: .pong
        case .meet: .meet
        case .fail: .fail
        case .publish: .publish
        case .voteRequest: .voteRequest
        case .vote: .vote
        case .update: .update
        case .manualFailoverStart: .manualFailoverStart
        case .module: .module
        case .publishShard: .publishShard
        case .unknown(let type, _): type
        }
    }

    /// The gossip and extensions of a PING, PONG or MEET.
    public var heartbeat: Heartbeat? {
        switch self {
        case .ping(let beat), .pong(let beat), .meet(let beat): beat
        case .fail, .publish, .voteRequest, .vote, .update, .manualFailoverStart, .module,
            .publishShard, .unknown:
            nil
        }
    }
}

/// Body of PING, PONG and MEET.
public struct Heartbeat: Equatable, Sendable {
    /// What the sender says of other nodes, in at most 65535 entries of 104 bytes.
    public var gossip: GossipSection
    /// Written only under the header's flag for extensions.
    public var extensions: [PingExtension]

    /// Makes the body of a heartbeat; by default it says nothing.
    public init(gossip: GossipSection = GossipSection(), extensions: [PingExtension] = []) {
        self.gossip = gossip
        self.extensions = extensions
    }
}

extension Message {
    /// Reads one message from exactly its bytes, and keeps the array: the gossip of a heartbeat is read in
    /// place.
    ///
    /// - Parameters:
    ///   - frame: one whole message, as ``FrameSplitter`` hands it out.
    ///   - known: What the sender is thought to claim: a header that says the same shares its storage,
    ///     and nothing is copied.
    /// - Throws: ``WireError``. A light bit on a type without light form, a version other than 1, a length
    ///   that is not the sum of the parts, extensions that overrun and texts without NUL are each
    ///   their own error.
    /// - Source: bus protocol §2.12, §12 rows 1 to 6.
    public static func decode(
        _ frame: [UInt8], expecting known: SlotSet = SlotSet()
    ) throws(WireError) -> Message {
        try decode(unsafe frame.span.bytes, keeping: frame, expecting: known)
    }

    /// Reads one message from exactly its bytes, which need not outlive the call: what the message says is
    /// copied, gossip as one piece.
    ///
    /// - Parameters:
    ///   - bytes: one whole message.
    ///   - known: What the sender is thought to claim: a header that says the same shares its storage.
    /// - Throws: ``WireError``, as for an array of the same bytes.
    /// - Source: bus protocol §2.12, §12 rows 1 to 6.
    public static func decode(
        _ bytes: Span<UInt8>, expecting known: SlotSet = SlotSet()
    ) throws(WireError) -> Message {
        try decode(unsafe bytes.bytes, keeping: nil, expecting: known)
    }

    /// - Parameter frame: the array that holds `bytes` and nothing else, if there is one to keep.
    private static func decode(
        _ bytes: RawSpan, keeping frame: [UInt8]?, expecting known: SlotSet
    ) throws(WireError) -> Message {
        guard bytes.byteCount >= Layout.lightHeaderSize else {
            throw .truncated(have: bytes.byteCount, needed: Layout.lightHeaderSize)
        }
        let signature: UInt32 = bytes.be(0)
        guard signature == Layout.signature else {
            throw signature == Layout.raftSignature ? .raftNotSpoken : .badSignature(signature)
        }
        let stated: UInt32 = bytes.be(Layout.Head.length)
        guard UInt64(stated) == UInt64(bytes.byteCount) else {
            throw .frameLength(stated: stated, given: bytes.byteCount)
        }
        let version: UInt16 = bytes.be(Layout.Head.version)
        guard version == Layout.version else {
            throw version == 2 ? .versionTwoNotSpoken : .unknownVersion(version)
        }
        let type: UInt16 = bytes.be(Layout.Head.type)
        if type & Layout.lightBit != 0 {
            return .light(
                try LightMessage(
                    bytes, type: MessageType(rawValue: type & ~Layout.lightBit), stated: stated))
        }
        guard bytes.byteCount >= Layout.headerSize else {
            throw .lengthBelowMinimum(length: stated, minimum: Layout.headerSize)
        }
        let body = try body(frame, bytes, type: MessageType(rawValue: type), stated: stated)
        return .full(Header(bytes, expecting: known), body)
    }

    /// The type that a frame states, without looking at anything else; nil when it is too short.
    public static func type(of frame: [UInt8]) -> MessageType? {
        guard frame.count >= Layout.prefixSize else { return nil }
        let type: UInt16 = unsafe frame.span.bytes.be(Layout.Head.type)
        return MessageType(rawValue: type & ~Layout.lightBit)
    }

    /// Who a frame with a full header says it is from, without looking at anything else.
    package static func sender(of frame: [UInt8]) -> NodeID? {
        guard frame.count >= Layout.headerSize else { return nil }
        let type: UInt16 = unsafe frame.span.bytes.be(Layout.Head.type)
        guard type & Layout.lightBit == 0 else { return nil }
        return unsafe NodeID(frame.span.bytes, at: Layout.Head.sender)
    }

    private static func body(
        _ frame: [UInt8]?, _ bytes: RawSpan, type: MessageType, stated: UInt32
    ) throws(WireError) -> Body {
        func exactly(_ expected: Int) throws(WireError) {
            guard bytes.byteCount == expected else {
                throw .lengthMismatch(type: type, stated: stated, expected: UInt64(expected))
            }
        }
        switch type {
        case .ping: return .ping(try Heartbeat(frame, bytes, type: type, stated: stated))
        case .pong: return .pong(try Heartbeat(frame, bytes, type: type, stated: stated))
        case .meet: return .meet(try Heartbeat(frame, bytes, type: type, stated: stated))
        case .fail:
            try exactly(Layout.headerSize + Layout.nameSize)
            return .fail(NodeID(bytes, at: Layout.headerSize))
        case .publish, .publishShard:
            let publication = try Publication(
                bytes, at: Layout.headerSize, type: type, stated: stated)
            return type == .publish ? .publish(publication) : .publishShard(publication)
        case .voteRequest:
            try exactly(Layout.headerSize)
            return .voteRequest
        case .vote:
            try exactly(Layout.headerSize)
            return .vote
        case .update:
            try exactly(Layout.headerSize + Layout.updateSize)
            return .update(SlotUpdate(bytes, at: Layout.headerSize))
        case .manualFailoverStart:
            try exactly(Layout.headerSize)
            return .manualFailoverStart
        case .module:
            return .module(try ModuleBody(bytes, at: Layout.headerSize, stated: stated))
        default:
            return .unknown(
                type, bytes.copy(Layout.headerSize, bytes.byteCount - Layout.headerSize))
        }
    }

    /// How many bytes the message has on the wire, header included.
    public var encodedLength: Int {
        switch self {
        case .light(let light): Layout.lightHeaderSize + light.body.byteCount
        case .full(let header, let body): Layout.headerSize + body.byteCount(header)
        }
    }

    /// The bytes of the message, or nil when it would be longer than a length of 32 bits can say.
    ///
    /// What was decoded is encoded to the same bytes, reserved ones included.
    public func encode() -> [UInt8]? {
        switch self {
        case .light(let light): return light.encode()
        case .full(let header, let body):
            let length = Layout.headerSize + body.byteCount(header)
            guard UInt64(length) <= UInt64(UInt32.max) else { return nil }
            var frame = [UInt8](repeating: 0, count: length)
            var span = frame.mutableSpan
            var bytes = unsafe span.mutableBytes
            body.put(into: &bytes, header, length: length)
            return frame
        }
    }

    /// Appends the bytes of the message to those of a buffer.
    ///
    /// - Throws: ``MessageTooLong``; the buffer is as it was.
    public func encode(appendingTo buffer: inout [UInt8]) throws(MessageTooLong) {
        let length = encodedLength
        guard UInt64(length) <= UInt64(UInt32.max) else { throw MessageTooLong(length: length) }
        let start = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: length))
        var span = buffer.mutableSpan
        var bytes = unsafe span.mutableBytes
        // The range is what was just appended.
        var frame = bytes._mutatingExtracting(start..<start + length)
        switch self {
        case .light(let light): light.put(into: &frame, length: length)
        case .full(let header, let body): body.put(into: &frame, header, length: length)
        }
    }
}

/// A message cannot be encoded: its length is beyond what 32 bits can say.
///
/// Only a publication, a module's message or an unknown body can grow so long.
public struct MessageTooLong: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes that the message would have, header included.
    public let length: Int

    /// The length and the limit, as a phrase.
    public var description: String { "\(length) bytes are more than a message can have" }
}

extension Heartbeat {
    fileprivate init(
        _ frame: [UInt8]?, _ bytes: RawSpan, type: MessageType, stated: UInt32
    ) throws(WireError) {
        let count: UInt16 = bytes.be(Layout.Head.count)
        let gossipEnd = Layout.headerSize + Int(count) * Layout.gossipEntrySize
        guard gossipEnd <= bytes.byteCount else {
            throw .gossipBeyondEnd(count: count, length: bytes.byteCount)
        }
        gossip =
            if let frame {
                GossipSection(storage: frame, offset: Layout.headerSize, count: Int(count))
            } else {
                GossipSection(
                    storage: bytes.copy(Layout.headerSize, gossipEnd - Layout.headerSize),
                    offset: 0, count: Int(count))
            }
        var end = gossipEnd
        extensions = []
        let flags = MessageFlags(rawValue: bytes.byte(Layout.Head.messageFlags))
        if flags.contains(.extensions) {
            let announced: UInt16 = bytes.be(Layout.Head.extensions)
            (extensions, end) = try PingExtension.list(
                bytes, from: gossipEnd, count: Int(announced))
        }
        guard end == bytes.byteCount else {
            throw .lengthMismatch(type: type, stated: stated, expected: UInt64(end))
        }
    }
}

extension Body {
    fileprivate func byteCount(_ header: Header) -> Int {
        switch self {
        case .ping(let beat), .pong(let beat), .meet(let beat):
            beat.gossip.byteCount
                + (header.messageFlags.contains(.extensions)
                    ? beat.extensions.reduce(0) { $0 + $1.length } : 0)
        case .fail: Layout.nameSize
        case .publish(let publication), .publishShard(let publication): publication.byteCount
        case .voteRequest, .vote, .manualFailoverStart: 0
        case .update: Layout.updateSize
        case .module(let module): module.byteCount
        case .unknown(_, let bytes): bytes.count
        }
    }

    fileprivate func put(into bytes: inout MutableRawSpan, _ header: Header, length: Int) {
        var count = header.countField
        var extensions = header.extensionsField
        if let heartbeat {
            count = UInt16(truncatingIfNeeded: heartbeat.gossip.count)
            if header.messageFlags.contains(.extensions) {
                extensions = UInt16(truncatingIfNeeded: heartbeat.extensions.count)
            }
        }
        header.put(
            into: &bytes, type: type, length: length, count: count, extensions: extensions)
        switch self {
        case .ping(let beat), .pong(let beat), .meet(let beat):
            beat.gossip.put(into: &bytes, at: Layout.headerSize)
            guard header.messageFlags.contains(.extensions) else { return }
            var offset = Layout.headerSize + beat.gossip.byteCount
            for item in beat.extensions {
                item.put(into: &bytes, at: offset)
                offset += item.length
            }
        case .fail(let node): node.put(into: &bytes, at: Layout.headerSize)
        case .publish(let publication), .publishShard(let publication):
            publication.put(into: &bytes, at: Layout.headerSize)
        case .voteRequest, .vote, .manualFailoverStart: break
        case .update(let update): update.put(into: &bytes, at: Layout.headerSize)
        case .module(let module): module.put(into: &bytes, at: Layout.headerSize)
        case .unknown(_, let rest):
            bytes.put(unsafe rest.span.bytes, from: 0, count: rest.count, Layout.headerSize)
        }
    }
}
