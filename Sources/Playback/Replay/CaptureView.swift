// A capture as one node saw it: which of its streams lead to that node or away from it, and who listens
// where. What many replays of one capture look up is put in order once, so that each of them costs no
// more than what its node saw.

import Capture
import ClusterWire

/// A capture put in order by who speaks, where to, and on which stream.
struct CaptureIndex: Sendable {
    /// A place where somebody listens, as text and number.
    struct Place: Hashable, Sendable {
        var host: String
        var port: UInt16

        init(_ host: String, _ port: UInt16) {
            self.host = host
            self.port = port
        }
    }

    /// The first node that was said to listen at a place.
    fileprivate var listeners: [Place: ObservedCluster.Index] = [:]
    /// Streams by who speaks on them, ascending.
    fileprivate var spoken: [NodeID: [Int]] = [:]
    /// Streams of those who made the connection, by where they lead.
    fileprivate var leading: [Place: [Int]] = [:]
    /// Streams of those who answer, by both ends.
    fileprivate var answering: [Flow: [Int]] = [:]
    /// The places of the events of each stream.
    fileprivate var events: [Int: [Int]] = [:]
    /// Stretches without any event that are longer than the machine ticks through.
    let jumps: [(from: Int64, to: Int64)]

    private static let longestSilence: Int64 = 600 * 1_000_000_000

    init(_ capture: IndexedCapture) {
        for (place, node) in capture.observed.nodes.enumerated() {
            guard let host = node.host else { continue }
            let key = Place(host, node.busPort.value)
            if listeners[key] == nil { listeners[key] = place }
        }
        for number in capture.streams.keys.sorted() {
            guard let entry = capture.streams[number], let speaker = entry.speaker else { continue }
            let (source, destination) = (entry.stream.source, entry.stream.destination)
            spoken[speaker, default: []].append(number)
            if entry.isAnswering {
                answering[Flow(source: source, destination: destination), default: []]
                    .append(number)
            } else {
                leading[Place(destination.host, destination.port), default: []].append(number)
            }
        }
        var jumps: [(from: Int64, to: Int64)] = []
        var last = capture.observed.counts.firstTime ?? 0
        for (place, event) in capture.events.enumerated() {
            if event.time - last > Self.longestSilence { jumps.append((last, event.time)) }
            last = max(last, event.time)
            if let stream = event.stream { events[stream, default: []].append(place) }
        }
        self.jumps = jumps
    }
}

extension BusEvent {
    /// Nanoseconds since the Unix epoch.
    var time: Int64 {
        switch self {
        case .opened(_, let time, _), .closed(_, let time, _), .ending(_, _, let time): time
        case .item(let item): item.time
        }
    }

    /// The number of the stream that it is on; nil for the end of one that nobody opened.
    fileprivate var stream: Int? {
        switch self {
        case .opened(let stream, _, _), .closed(let stream, _, _): stream.number
        case .item(let item): item.stream
        case .ending: nil
        }
    }
}

/// What of a capture concerns one node.
struct CaptureView {
    private typealias Place = CaptureIndex.Place

    private let capture: IndexedCapture
    private let index: CaptureIndex
    /// Streams that lead to the node.
    private var arriving: Set<Int> = []
    /// Connections that the node made, by where they lead, the oldest first.
    private var made: [Place: [IndexedCapture.Stream]] = [:]
    /// The places of the events on streams of the node, or that lead to it, ascending.
    let events: [Int]

    init(_ capture: IndexedCapture, _ index: CaptureIndex, of id: NodeID) {
        self.capture = capture
        self.index = index
        let own = index.spoken[id] ?? []
        // To its listener, or back on a connection that it made.
        if let node = capture.observed.find(id).map({ capture.observed.nodes[$0] }),
            let host = node.host
        {
            arriving.formUnion(index.leading[Place(host, node.busPort.value)] ?? [])
        }
        for number in own {
            guard let entry = capture.streams[number] else { continue }
            let (source, destination) = (entry.stream.source, entry.stream.destination)
            arriving.formUnion(
                index.answering[Flow(source: destination, destination: source)] ?? [])
            guard !entry.isAnswering else { continue }
            made[Place(destination.host, destination.port), default: []].append(entry)
        }
        arriving.subtract(own)
        events = (own + arriving).flatMap { index.events[$0] ?? [] }.sorted()
    }

    /// Whether a stream leads to the node.
    func arrives(_ stream: IndexedCapture.Stream) -> Bool {
        arriving.contains(stream.stream.number)
    }

    var jumps: [(from: Int64, to: Int64)] { index.jumps }

    /// The connections that the node made to a place.
    func connections(to host: String, _ port: Port) -> [IndexedCapture.Stream] {
        made[Place(host, port.value)] ?? []
    }

    /// Who listens at an address.
    func listener(at address: CaptureAddress) -> ObservedNode? {
        index.listeners[Place(address.host, address.port)].map { capture.observed.nodes[$0] }
    }
}
