// The connections of a capture: their streams, who speaks on each, which were lost, and who began to
// end them; and who listens at which address of the bus. Which node that makes of whom is in
// ObservedCluster+Connections.

import Capture
import ClusterWire

/// One node beside another.
struct NodePair: Hashable, Sendable {
    var by: ObservedCluster.Index
    var node: ObservedCluster.Index
}

/// One direction of a connection, by its addresses.
struct Flow: Hashable, Sendable {
    var source: CaptureAddress
    var destination: CaptureAddress

    /// The other direction.
    var reversed: Flow { Flow(source: destination, destination: source) }
}

/// One direction of a connection, and what is known of its ends.
struct ObservedStream: Sendable {
    let stream: BusStream
    /// Its first byte is in the capture.
    let fromStart: Bool
    var sender: ObservedCluster.Index?
    var receiver: ObservedCluster.Index?
    /// The sender listens at this end: the other side made the connection.
    var isAnswering = false
    var position = SelfReportHistory.Position()
    /// A MEET went out here and was not answered yet.
    var isMeeting = false

    var flow: Flow { Flow(source: stream.source, destination: stream.destination) }
}

/// The connections of a capture.
struct ObservedConnections: Sendable {
    private var streams: [Int: ObservedStream] = [:]
    private var flows: [Flow: Int] = [:]
    /// Links that were lost and not made again.
    private var lostLinks: Set<NodePair> = []
    private let lostLimit: Int
    var ends: ConnectionEnds

    init(limits: ObservationLimits) {
        lostLimit = limits.opinions
        ends = ConnectionEnds(limit: limits.nodes)
    }

    subscript(number: Int) -> ObservedStream? { streams[number] }

    mutating func open(_ stream: BusStream, fromStart: Bool) {
        let entry = ObservedStream(stream: stream, fromStart: fromStart)
        streams[stream.number] = entry
        flows[entry.flow] = stream.number
    }

    /// Takes a stream out, to be put back when it was worked on.
    mutating func take(_ number: Int) -> ObservedStream? { streams.removeValue(forKey: number) }

    mutating func putBack(_ stream: ObservedStream) { streams[stream.stream.number] = stream }

    /// - Returns: what was known of a stream that has ended.
    mutating func close(_ stream: BusStream) -> ObservedStream? {
        guard let state = streams.removeValue(forKey: stream.number) else { return nil }
        if flows[state.flow] == stream.number { flows[state.flow] = nil }
        return state
    }

    /// Whether a stream between these addresses is open.
    func isOpen(_ flow: Flow) -> Bool { flows[flow] != nil }

    /// The stream between these addresses, unless it is being worked on.
    func stream(_ flow: Flow) -> ObservedStream? { flows[flow].flatMap { streams[$0] } }

    /// - Returns: whether a MEET went out in this direction that this answers.
    mutating func answerMeet(_ flow: Flow) -> Bool {
        guard let number = flows[flow], streams[number]?.isMeeting == true else { return false }
        streams[number]?.isMeeting = false
        return true
    }

    /// - Returns: whether a link is lost that was not lost before.
    mutating func lose(_ link: NodePair) -> Bool {
        lostLinks.count < lostLimit && lostLinks.insert(link).inserted
    }

    /// - Returns: whether a link was made again that had been lost.
    mutating func remake(_ link: NodePair) -> Bool { lostLinks.remove(link) != nil }
}

/// Who began to end connections: who sends FIN or RST first, and not as an answer.
struct ConnectionEnds: Sendable {
    /// Connections between which no message was seen, by the address that ended them.
    struct Unheard: Sendable {
        var first: Int64
        var count = 0
    }

    private var begun: Set<Flow> = []
    private var unheard: [BusPlace: Unheard] = [:]
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// - Returns: whether this end is the first of its connection.
    mutating func begin(_ flow: Flow) -> Bool {
        if begun.count >= limit { begun.removeAll() }
        return !begun.contains(flow.reversed) && begun.insert(flow).inserted
    }

    /// - Returns: whether there was room for it.
    mutating func addUnheard(_ place: BusPlace, at time: Int64) -> Bool {
        guard unheard.count < limit else { return false }
        unheard[place, default: Unheard(first: time)].count += 1
        return true
    }

    /// When a node at a place ended several connections on which nothing of it was heard.
    func several(at place: BusPlace) -> Int64? {
        unheard[place].flatMap { $0.count > 1 ? $0.first : nil }
    }
}

/// Host and bus port, as gossip has them.
struct BusPlace: Hashable, Sendable {
    var host: String
    var port: Port
}

/// Who is at which address of the bus.
struct BusAddresses: Sendable {
    private var listeners: [CaptureAddress: ObservedCluster.Index] = [:]
    /// Who spoke from a place.
    private var speakers: [BusPlace: ObservedCluster.Index] = [:]
    /// Who is said to be at a place, and never spoke.
    private var introduced: [BusPlace: ObservedCluster.Index] = [:]

    func listener(at address: CaptureAddress) -> ObservedCluster.Index? { listeners[address] }

    /// - Returns: who was known to listen there before.
    mutating func listen(
        _ node: ObservedCluster.Index, at address: CaptureAddress
    ) -> ObservedCluster.Index? {
        listeners.updateValue(node, forKey: address)
    }

    /// A node says itself that it is at a place.
    /// - Returns: who was said to be there.
    mutating func speak(
        _ node: ObservedCluster.Index, at place: BusPlace
    ) -> ObservedCluster.Index? {
        speakers[place] = node
        return introduced.removeValue(forKey: place)
    }

    /// Others say that a node is at a place.
    /// - Returns: who speaks from there.
    mutating func introduce(
        _ node: ObservedCluster.Index, at place: BusPlace
    ) -> ObservedCluster.Index? {
        introduced[place] = node
        return speakers[place]
    }

    /// Who is said to be at a place, and never spoke.
    func introduced(at place: BusPlace) -> ObservedCluster.Index? { introduced[place] }
}
