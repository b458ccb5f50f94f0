// Valkey's light messages: a 16-byte header in place of 2256 for PUBLISH, PUBLISHSHARD and MODULE,
// between peers that showed that they take it. They say nothing of their sender.

/// A message with the light header.
///
/// - Source: bus protocol §2.10.
public struct LightMessage: Equatable, Sendable {
    /// What the message carries, in the same bytes as behind a full header.
    public var body: LightBody
    /// Bytes 10 and 11, and 14 and 15, zero in every known version.
    var unused: (UInt16, UInt16) = (0, 0)

    /// Makes a message with the light header, whose reserved bytes are zero.
    public init(_ body: LightBody) { self.body = body }

    init(_ bytes: RawSpan, type: MessageType, stated: UInt32) throws(WireError) {
        switch type {
        case .publish, .publishShard:
            let publication = try Publication(
                bytes, at: Layout.lightHeaderSize, type: type, stated: stated)
            body = type == .publish ? .publish(publication) : .publishShard(publication)
        case .module:
            body = .module(try ModuleBody(bytes, at: Layout.lightHeaderSize, stated: stated))
        default: throw .lightNotSupported(type: type.rawValue)
        }
        unused = (bytes.be(10), bytes.be(14))
    }

    func encode() -> [UInt8]? {
        let length = Layout.lightHeaderSize + body.byteCount
        guard UInt64(length) <= UInt64(UInt32.max) else { return nil }
        var frame = [UInt8](repeating: 0, count: length)
        var span = frame.mutableSpan
        var bytes = unsafe span.mutableBytes
        put(into: &bytes, length: length)
        return frame
    }

    /// Writes into exactly `length` bytes.
    func put(into bytes: inout MutableRawSpan, length: Int) {
        bytes.putBE(Layout.signature, 0)
        bytes.putBE(UInt32(truncatingIfNeeded: length), Layout.Head.length)
        bytes.putBE(Layout.version, Layout.Head.version)
        bytes.putBE(unused.0, 10)
        bytes.putBE(body.type.rawValue | Layout.lightBit, Layout.Head.type)
        bytes.putBE(unused.1, 14)
        switch body {
        case .publish(let publication), .publishShard(let publication):
            publication.put(into: &bytes, at: Layout.lightHeaderSize)
        case .module(let module): module.put(into: &bytes, at: Layout.lightHeaderSize)
        }
    }

    /// Whether both are the same bytes.
    public static func == (left: LightMessage, right: LightMessage) -> Bool {
        left.body == right.body && left.unused == right.unused
    }
}

/// What a light message can carry.
public enum LightBody: Equatable, Sendable {
    /// PUBLISH: a publication for all subscribers in the cluster.
    case publish(Publication)
    /// PUBLISHSHARD: a publication for the subscribers in one shard.
    case publishShard(Publication)
    /// MODULE: a message from one module to another.
    case module(ModuleBody)

    /// The type on the wire, without the bit that marks a light header.
    public var type: MessageType {
        switch self {
        case .publish: .publish
        case .publishShard: .publishShard
        case .module: .module
        }
    }

    var byteCount: Int {
        switch self {
        case .publish(let publication), .publishShard(let publication): publication.byteCount
        case .module(let module): module.byteCount
        }
    }
}
