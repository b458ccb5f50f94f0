// One connection of the bus: its socket, the bytes of a frame that is not complete, and what waits
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
    private(set) var socket: Socket?
    var splitter = FrameSplitter()
    var isConnecting: Bool
    /// Waits for the socket to take more.
    var wantsWrite: Bool

    private var queue: [[UInt8]] = []
    private var written = 0
    private(set) var queuedBytes = 0
    /// The node at the other end is known by name.
    var isKnown = false
    /// Somebody connected, and has not said a name that we know.
    var isStranger: Bool {
        if case .inbound = id { return !isKnown }
        return false
    }
    /// Anything was ever read from it.
    private(set) var hasSpoken = false
    /// In the list of links to be flushed.
    var isDirty = false
    /// Bytes that count against what strangers may make us hold.
    var charge = 0

    init(_ id: LinkID, token: UInt64, socket: consuming Socket, isConnecting: Bool, at wall: Int64)
    {
        self.id = id
        self.token = token
        self.socket = consume socket
        self.isConnecting = isConnecting
        wantsWrite = isConnecting
        createdAt = wall
    }

    var descriptor: Int32? { socket?.descriptor }
    /// Until it is closed, by whomever.
    private(set) var isOpen = true
    var hasQueue: Bool { !queue.isEmpty }
    /// What the link makes us hold: frames that are not complete, and what waits to be written.
    var heldBytes: Int { splitter.heldBytes + queuedBytes }

    /// What became of a link's reading or writing.
    enum Outcome {
        case moved
        /// The system has no more to give, or takes no more now.
        case wouldBlock
        case closed
    }

    func enqueue(_ frame: [UInt8]) {
        queuedBytes += frame.count
        queue.append(frame)
    }

    /// Writes what waits, all of it in as few calls as possible.
    func flush() -> Outcome {
        guard socket != nil else { return .closed }
        while !queue.isEmpty {
            guard let result = socket?.write(gathering: queue[...], skipping: written) else {
                return .closed
            }
            switch result {
            case .bytes(let count): drop(count)
            case .wouldBlock: return .wouldBlock
            case .closed, .failed: return .closed
            }
        }
        return .moved
    }

    private func drop(_ count: Int) {
        queuedBytes -= count
        var left = count + written
        var done = 0
        while done < queue.count && left >= queue[done].count {
            left -= queue[done].count
            done += 1
        }
        written = left
        if done == queue.count { queue = [] } else { queue.removeFirst(done) }
    }

    /// Reads once into a buffer that all links share, and cuts off what it was.
    func read(into buffer: inout [UInt8]) -> Outcome {
        guard let result = socket?.read(into: &buffer) else { return .closed }
        switch result {
        case .bytes(let count):
            hasSpoken = true
            splitter.push(buffer.span.extracting(first: count))
            return .moved
        case .wouldBlock: return .wouldBlock
        case .closed, .failed: return .closed
        }
    }

    func close() {
        isOpen = false
        socket = nil
        queue = []
        queuedBytes = 0
        splitter = FrameSplitter()
    }
}
