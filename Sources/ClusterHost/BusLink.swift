// One connection of the bus: its stream, the bytes of a frame that is not complete, and what waits
// to be written. It moves bytes and knows no rule. An idle link holds no buffer.

import ClusterCore
import ClusterWire
import SystemIO

/// A connection of the bus.
final class BusLink {
    let id: LinkID
    /// What the poller calls it; never used again.
    let token: UInt64
    /// Wall milliseconds, for CLUSTER LINKS.
    let createdAt: Int64
    /// Monotonic milliseconds, for whoever waits to hear who is at the other end.
    let openedAt: Int64
    private var stream: ByteStream?
    var splitter = FrameSplitter()
    private var queue = ChunkQueue()
    var isConnecting: Bool
    /// What the poller watches it for.
    var interest: Interest
    /// What is known of it, and where it is listed.
    var marks = Marks()

    /// Facts about a link that its owners keep with it.
    struct Marks {
        /// A known node is at the other end.
        var isKnown = false
        /// Anything was ever read from it.
        var hasSpoken = false
        /// In the list of links to be flushed.
        var isDirty = false
        /// Bytes that count against `HostLimits.unknownBytes`.
        var charge = 0
    }

    init(_ id: LinkID, token: UInt64, socket: consuming Socket, isConnecting: Bool, at now: Instant)
    {
        self.id = id
        self.token = token
        stream = ByteStream(socket)
        self.isConnecting = isConnecting
        interest = isConnecting ? [.read, .write] : .read
        (createdAt, openedAt) = (now.wall, now.monotonic)
    }

    var descriptor: Int32? { stream?.descriptor }
    /// Until it is closed, by whomever.
    var isOpen: Bool { stream != nil }
    /// Another node made it.
    var isInbound: Bool {
        if case .inbound = id { true } else { false }
    }
    /// An inbound connection on which no known node has sent a header yet.
    var isStranger: Bool { isInbound && !marks.isKnown }
    /// Waits for the stream to take more.
    var waitsForRoom: Bool { interest.contains(.write) }
    /// Bytes that wait to be written.
    var queuedBytes: Int { queue.byteCount }
    /// Bytes buffered for the link: of frames that are not complete, and those that wait to be written.
    var heldBytes: Int { splitter.heldBytes + queuedBytes }

    /// Why it could not be connected; nil when it is open.
    func connectionError() -> SystemError? { stream?.connectionError() }
    func localAddress() -> SocketAddress? { stream?.localAddress() }
    func peerAddress() -> SocketAddress? { stream?.peerAddress() }

    func enqueue(_ frame: [UInt8]) { queue.append(frame) }

    /// Writes what waits, all of it in as few calls as possible.
    func flush() -> StreamOutcome {
        stream?.flush(&queue) ?? .closed
    }

    /// Reads once into a buffer that all links share, and cuts off what it was.
    func read(into buffer: inout [UInt8]) -> StreamOutcome {
        guard let outcome = stream?.read(into: &buffer) else { return .closed }
        if case .bytes(let count) = outcome {
            marks.hasSpoken = true
            splitter.push(buffer.span.extracting(first: count))
        }
        return outcome
    }

    func close() {
        stream = nil
        queue = ChunkQueue()
        splitter = FrameSplitter()
    }
}
