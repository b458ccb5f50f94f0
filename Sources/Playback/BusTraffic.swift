// The bytes of a capture as what happens on the bus: connections that begin and end, and in between
// the messages of each direction, in the order of the packets. Counts what was passed over. What the
// events mean is left to Census.

package import Capture

/// Something that happened on the wire.
package enum BusEvent: Sendable {
    /// One direction of a connection begins, at its first byte or in the middle.
    case opened(BusStream, time: Int64, fromStart: Bool)
    case item(BusItem)
    /// One direction has ended.
    case closed(BusStream, time: Int64, TCPEvent.CloseReason)
}

/// One direction of one connection.
package struct BusStream: Hashable, Sendable {
    /// Never used again.
    package var number: Int
    package var source: CaptureAddress
    package var destination: CaptureAddress
}

/// From bytes to events, in pieces of any size.
package struct BusTraffic {
    private var stream = CaptureStream()
    private var conversation = Conversation()
    private var segments: [TCPEvent] = []
    private var items: [BusItem] = []

    package init() {}

    package var packets: CaptureStream.Tally { stream.tally }
    package var streams: Conversation.Tally { conversation.tally }

    /// Takes bytes that have arrived, and appends what follows from them; also when it throws.
    package mutating func feed(
        _ bytes: Span<UInt8>, into events: inout [BusEvent]
    ) throws(CaptureError) {
        defer { drain(into: &events) }
        try stream.feed(bytes, into: &segments)
    }

    /// Ends the capture: passes on what waited, then throws what is wrong with it, if anything is.
    package mutating func finish(into events: inout [BusEvent]) throws(CaptureError) {
        defer {
            drain(into: &events)
            conversation.finish(into: &items)
            take(&items, into: &events)
        }
        try stream.finish(into: &segments)
    }

    private mutating func drain(into events: inout [BusEvent]) {
        for segment in segments {
            let place = BusStream(
                number: segment.stream, source: segment.source, destination: segment.destination)
            if case .opened(let fromStart) = segment.kind {
                events.append(.opened(place, time: segment.time, fromStart: fromStart))
            }
            conversation.take(segment, into: &items)
            take(&items, into: &events)
            if case .closed(let reason) = segment.kind {
                events.append(.closed(place, time: segment.time, reason))
            }
        }
        segments.removeAll(keepingCapacity: true)
    }

    private func take(_ items: inout [BusItem], into events: inout [BusEvent]) {
        for item in items { events.append(.item(item)) }
        items.removeAll(keepingCapacity: true)
    }
}
