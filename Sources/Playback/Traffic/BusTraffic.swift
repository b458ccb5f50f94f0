// The bytes of a capture as what happens on the bus: connections that begin and end, and in between
// the messages of each direction, in the order of the packets. Counts what was passed over. What the
// events mean is left to ObservedCluster.

package import Capture

/// Something that happened on the wire.
package enum BusEvent: Sendable {
    /// One direction of a connection begins, at its first byte or in the middle.
    case opened(BusStream, time: Int64, fromStart: Bool)
    case item(BusItem)
    /// A FIN or RST was sent. It comes before `closed`, and without one where no byte was ever
    /// seen.
    case ending(source: CaptureAddress, destination: CaptureAddress, time: Int64)
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
    /// What became of the packets so far.
    package struct Tally: Equatable, Sendable {
        package var packets = 0
        /// Parts of larger IP packets, passed over.
        package var fragments = 0
        /// Packets whose headers contradict each other or are not all there.
        package var damaged = 0
    }

    package private(set) var tally = Tally()
    private var reader = CaptureReader()
    private var reassembly = TCPReassembly()
    private var conversation = BusConversation()
    private var segments: [TCPEvent] = []
    private var items: [BusItem] = []
    private var unsupported: CaptureError?

    package init() {}

    package var streams: BusConversation.Tally { conversation.tally }

    /// Takes bytes that have arrived, and appends what follows from them; also when it throws.
    package mutating func feed(
        _ bytes: Span<UInt8>, into events: inout [BusEvent]
    ) throws(CaptureError) {
        reader.feed(bytes)
        while let packet = try reader.next() {
            tally.packets += 1
            do throws(CaptureError) {
                try take(IPPacket.content(of: packet), into: &events)
            } catch {
                guard reader.isPcapNG else { throw error }
                if unsupported == nil { unsupported = error }
            }
        }
    }

    private mutating func take(_ content: PacketContent, into events: inout [BusEvent]) {
        switch content {
        case .tcp(let segment):
            if !segment.flags.isDisjoint(with: [.fin, .rst]) {
                events.append(
                    .ending(
                        source: segment.source, destination: segment.destination,
                        time: segment.time))
            }
            reassembly.feed(segment, into: &segments)
            drain(into: &events)
        case .fragment: tally.fragments += 1
        case .other: break
        case .damaged: tally.damaged += 1
        }
    }

    /// Ends the capture: passes on what waited, then throws what is wrong with it, if anything is.
    package mutating func finish(into events: inout [BusEvent]) throws(CaptureError) {
        reassembly.finish(into: &segments)
        drain(into: &events)
        conversation.finish(into: &items)
        take(&items, into: &events)
        try reader.finish()
        if let unsupported { throw unsupported }
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
