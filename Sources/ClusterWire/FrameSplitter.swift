// Cuts the stream of one connection into frames: signature, length, limit. It closes on what
// cannot be a message and passes by, unread and unstored, a message that is longer than the
// connection may make us keep. What is inside a frame is for `Message.decode`.

/// How long a frame may be, by who sends it.
///
/// The reference has no limit, so a stranger can make it hold 4 GiB.
///
/// - Source: bus protocol §12 row 7.
public struct FrameLimit: Hashable, Sendable {
    /// Frames up to this length, in bytes, are kept and handed out.
    public var kept: Int
    /// Frames up to this length, in bytes, are passed by; longer ones close the link.
    public var passed: Int

    /// Makes a limit, both in bytes: `passed` is at least `kept`, or nothing is ever passed by.
    public init(kept: Int, passed: Int) {
        self.kept = kept
        self.passed = passed
    }

    /// The longest heartbeat that a header can announce: 65535 entries and 64 KiB of extensions.
    package static let heartbeat =
        Layout.headerSize + GossipSection.limit * Layout.gossipEntrySize + 65536

    /// Before the sender is known: enough for gossip about some ten thousand nodes.
    public static let stranger = FrameLimit(kept: 1 << 20, passed: 1 << 20)
    /// A known peer: any heartbeat is kept, and a publication of up to 64 MiB; one of up to 1 GiB is passed by.
    public static let peer = FrameLimit(kept: 64 << 20, passed: 1 << 30)
    /// A capture: what is on disk may be read.
    public static let capture = FrameLimit(kept: 1 << 30, passed: 1 << 30)
}

/// Bytes in, frames out: one for each connection.
///
/// Push what the connection gave, then ask for pieces until there is none.
public struct FrameSplitter: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0
    /// Bytes of a frame that is being passed by.
    private var toPass: UInt64 = 0

    /// Makes a splitter for a new connection, which holds nothing.
    public init() {}

    /// What the splitter found next.
    public enum Piece: Equatable, Sendable {
        /// The bytes of one frame, not yet decoded.
        case frame([UInt8])
        /// A frame of this type and length that was longer than is kept here.
        case passed(MessageType, length: UInt32)
    }

    /// Bytes held for a frame that is not complete.
    public var heldBytes: Int { buffer.count - start }

    /// Appends what a connection gave.
    public mutating func push(_ input: Span<UInt8>) {
        var from = 0
        if toPass > 0 {
            from = Int(min(toPass, UInt64(input.count)))
            toPass -= UInt64(from)
        }
        guard from < input.count else { return }
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        if buffer.isEmpty {
            // As nearly always: one copy, and the frame will be this array.
            buffer = unsafe input.bytes.copy(from, input.count - from)
            return
        }
        buffer.append(addingCapacity: input.count - from) { output in
            for index in from..<input.count { output.append(input[index]) }
        }
    }

    /// Appends bytes that stand by themselves: when nothing waits, nothing is copied.
    public mutating func push(_ input: [UInt8]) {
        guard buffer.isEmpty, toPass == 0 else { return push(input.span) }
        buffer = input
    }

    /// The next complete frame, or nil until more bytes come.
    ///
    /// - Parameter limit: How long frames of whoever is at the other end may be; may change between calls.
    /// - Throws: What closes the link: a wrong signature, a length that no message has, or one over
    ///   the limit. After that the splitter must not be used again.
    /// - Source: bus protocol §1.7.
    public mutating func next(limit: FrameLimit) throws(WireError) -> Piece? {
        let held = buffer.count - start
        guard held >= 8 else {
            releaseIfEmpty()
            return nil
        }
        let prefix: (length: UInt32, type: UInt16)
        do {
            let bytes = unsafe buffer.span.bytes
            let signature: UInt32 = bytes.be(start)
            guard signature == Layout.signature else {
                throw signature == Layout.raftSignature
                    ? .raftNotSpoken : .badSignature(signature)
            }
            let length: UInt32 = bytes.be(start + Layout.Head.length)
            guard length >= Layout.lightHeaderSize else {
                throw .lengthBelowMinimum(length: length, minimum: Layout.lightHeaderSize)
            }
            guard UInt64(length) <= UInt64(limit.passed) else {
                throw .lengthOverLimit(length: length, limit: limit.passed)
            }
            guard held >= Layout.prefixSize else { return nil }
            prefix = (length, bytes.be(start + Layout.Head.type))
            let isLight = prefix.type & Layout.lightBit != 0
            if !isLight && length < Layout.headerSize {
                let version: UInt16 = bytes.be(start + Layout.Head.version)
                if version == 2 { throw .versionTwoNotSpoken }
                throw .lengthBelowMinimum(length: length, minimum: Layout.headerSize)
            }
        }
        let length = Int(prefix.length)
        guard length <= limit.kept else {
            pass(length)
            return .passed(
                MessageType(rawValue: prefix.type & ~Layout.lightBit), length: prefix.length)
        }
        guard held >= length else { return nil }
        return .frame(take(length))
    }

    private mutating func take(_ length: Int) -> [UInt8] {
        if start == 0 && buffer.count == length {
            let frame = buffer
            buffer = []
            return frame
        }
        let frame = unsafe buffer.span.bytes.copy(start, length)
        start += length
        releaseIfEmpty()
        return frame
    }

    private mutating func pass(_ length: Int) {
        let held = buffer.count - start
        if held > length {
            start += length
        } else {
            toPass = UInt64(length - held)
            start = buffer.count
            releaseIfEmpty()
        }
    }

    /// An idle link holds no memory.
    private mutating func releaseIfEmpty() {
        if start == buffer.count && !buffer.isEmpty {
            buffer = []
            start = 0
        }
    }
}
