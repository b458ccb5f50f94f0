// What the nodes of a capture said to each other: the events of TCP connections become messages with
// their time, source and destination, and a word for all that is none. Streams without any message
// are of other protocols: they are counted, not reported. The framing of one direction is in
// BusDirection; printing is left to others.

package import Capture
package import ClusterWire

/// Something that one end of a connection said, or that is wrong with it.
package struct BusItem: Sendable {
    package enum Content: Sendable, Equatable {
        case message(Message)
        /// A message that cannot be decoded.
        case refused(WireError)
        /// Bytes that were sent are not in the capture: how many, where that is known, and how
        /// many bytes of a message were there in front of them.
        case lost(Int?, have: Int)
        /// So many bytes were passed over to find the next message.
        case skipped(Int)
    }

    /// A number for this direction of this connection, never used again.
    package var stream: Int
    /// Nanoseconds since the Unix epoch: the packet that completed it.
    package var time: Int64
    package var source: CaptureAddress
    package var destination: CaptureAddress
    /// Who speaks: the sender of the last full message of this direction, this one included.
    package var speaker: NodeID?
    /// The type as on the wire, light bit included, where it could be read.
    package var type: UInt16?
    /// The length that the message states, where it could be read, in bytes.
    package var length: UInt32?
    /// The bytes of a message that is complete, decoded or not; else empty.
    package var bytes: [UInt8]
    package var content: Content

    /// Whether it is a message.
    package var isMessage: Bool {
        if case .message = content { true } else { false }
    }

    /// What is wrong, as a phrase; nil for a message.
    package var problem: String? {
        switch content {
        case .message: nil
        case .refused(let error): error.description
        case .lost(let count?, _): "\(count) bytes are not in the capture"
        case .lost(nil, _): "bytes are not in the capture"
        case .skipped: "skipped"
        }
    }

    /// Where the problem was seen, in bytes from the start of the message.
    package var offset: Int? {
        switch content {
        case .message, .skipped: nil
        case .refused(.truncated(let have, _)), .lost(_, let have): have
        case .refused(let error): error.offset
        }
    }
}

/// Events of TCP connections in, items out, in the order in which they were complete.
package struct BusConversation {
    /// What was not of the bus, once its streams have ended.
    package struct Tally: Equatable, Sendable {
        /// Directions that brought bytes and never a message.
        package var otherStreams = 0
        package var otherBytes = 0
        /// Directions that began with TLS.
        package var encryptedStreams = 0

        package init() {}
    }

    package private(set) var tally = Tally()
    private let limits: BusConversationLimits
    private var directions: [Int: (direction: BusDirection, event: TCPEvent)] = [:]
    private var heldBytes = 0

    package init(limits: BusConversationLimits = BusConversationLimits()) { self.limits = limits }

    /// Takes an event and appends what follows from it to `items`.
    package mutating func take(_ event: TCPEvent, into items: inout [BusItem]) {
        var (direction, _) =
            directions.removeValue(forKey: event.stream)
            ?? (BusDirection(limits: limits), event)
        heldBytes -= direction.heldBytes
        switch event.kind {
        case .opened: break
        case .payload(let bytes):
            let wasEncrypted = direction.isEncrypted
            direction.push(bytes)
            drain(&direction, event, into: &items)
            if direction.isEncrypted && !wasEncrypted { tally.encryptedStreams += 1 }
            if heldBytes + direction.heldBytes > limits.held {
                interrupt(&direction, .overfull, event, into: &items)
            }
        case .gap(let count): interrupt(&direction, .gap(count), event, into: &items)
        case .closed:
            interrupt(&direction, .end, event, into: &items)
            count(direction)
            return
        }
        heldBytes += direction.heldBytes
        directions[event.stream] = (direction, event.withoutBytes)
    }

    /// Ends the capture: says what became of the messages that were not complete.
    package mutating func finish(into items: inout [BusItem]) {
        let open = directions.sorted { $0.key < $1.key }
        directions = [:]
        heldBytes = 0
        for (_, entry) in open {
            var direction = entry.direction
            interrupt(&direction, .end, entry.event, into: &items)
            count(direction)
        }
    }

    private mutating func count(_ direction: BusDirection) {
        guard !direction.isBus, direction.totalBytes > 0 else { return }
        tally.otherStreams += 1
        tally.otherBytes += direction.totalBytes
    }

    private func drain(
        _ direction: inout BusDirection, _ event: TCPEvent, into items: inout [BusItem]
    ) {
        while let finding = direction.next() {
            add(finding, of: direction, event, to: &items)
        }
    }

    private func interrupt(
        _ direction: inout BusDirection, _ why: Interruption, _ event: TCPEvent,
        into items: inout [BusItem]
    ) {
        let had = items.count
        while let finding = direction.interrupt(why) {
            add(finding, of: direction, event, to: &items)
            drain(&direction, event, into: &items)
        }
        if case .gap(let count) = why, direction.isBus, items.count == had {
            // Nothing was cut by it: whole messages may be missing.
            let finding = BusDirection.Finding(content: .lost(count, have: 0))
            add(finding, of: direction, event, to: &items)
        }
    }

    private func add(
        _ finding: BusDirection.Finding, of direction: BusDirection, _ event: TCPEvent,
        to items: inout [BusItem]
    ) {
        items.append(
            BusItem(
                stream: event.stream, time: event.time, source: event.source,
                destination: event.destination, speaker: direction.speaker, type: finding.type,
                length: finding.length, bytes: finding.bytes, content: finding.content))
    }
}

extension TCPEvent {
    /// The event for its time and addresses alone.
    fileprivate var withoutBytes: TCPEvent {
        var event = self
        event.kind = .opened(fromStart: false)
        return event
    }
}
