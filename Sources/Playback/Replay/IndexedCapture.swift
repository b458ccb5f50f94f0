// A capture read twice: first to learn who speaks on which connection and how things stood at the
// start, so that the second time one node can be played. It holds the whole capture, up to a limit.

import Capture
package import ClusterWire

/// A capture with the speaker of each of its streams.
package struct IndexedCapture {
    /// One direction of a connection, with what the whole capture tells of it.
    struct Stream: Sendable {
        var stream: BusStream
        var speaker: NodeID?
        /// The speaker listens at this end.
        var isAnswering = false
        /// Nanoseconds since the Unix epoch; nil: it was open before the capture.
        var opened: Int64?
        /// nil: it is open at the end.
        var closed: Int64?
    }

    /// Why a capture cannot be played.
    package enum Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        case tooLarge(events: Int)
        case unknownNode(String)
        case manyNodes(String)
        case neverSpeaks(NodeID)
        case noState(String)

        package var description: String {
            switch self {
            case .tooLarge(let events):
                "the capture has more than \(events) events: too many to be played"
            case .unknownNode(let id): "no node of the capture begins with \(id)"
            case .manyNodes(let id): "several nodes of the capture begin with \(id)"
            case .neverSpeaks(let id): "\(id) never speaks in this capture"
            case .noState(let why): "the state at the start does not hold together: \(why)"
            }
        }
    }

    package static let eventLimit = 2_000_000

    private(set) var events: [BusEvent] = []
    private(set) var streams: [Int: Stream] = [:]
    package private(set) var observed = ObservedCluster()
    /// The first message of each node that is no part of a meeting, and the first of all that is.
    private var memberSince: [NodeID: Int64] = [:]
    private var firstMet: Int64?
    /// How many messages each node said.
    private var messageCounts: [NodeID: Int] = [:]
    /// What each first said of another before anybody said FAIL of it: whether it had failed.
    private var firstOpinions: [NodeID: [NodeID: Bool]] = [:]
    private var failBroadcasts: Set<NodeID> = []
    /// What each node said first.
    private(set) var firstTypes: [NodeID: MessageType] = [:]
    /// The shortest silence after which somebody was suspected, in nanoseconds.
    private(set) var shortestSilence: Int64?

    /// In order for replays, once all has been taken.
    private(set) var index: CaptureIndex?

    package init() {}

    /// Ends the capture: replays look things up quicker than without.
    package mutating func finish() { index = CaptureIndex(self) }

    /// Takes the next event.
    package mutating func take(_ event: BusEvent) throws(Refusal) {
        guard events.count < Self.eventLimit else { throw .tooLarge(events: Self.eventLimit) }
        events.append(event)
        measureSilence(observed.take(event))
        switch event {
        case .opened(let stream, let time, let fromStart):
            streams[stream.number] = Stream(stream: stream, opened: fromStart ? time : nil)
        case .closed(let stream, let time, _): streams[stream.number]?.closed = time
        case .ending: break
        case .item(let item): add(item)
        }
    }

    private mutating func add(_ item: BusItem) {
        guard case .message(.full(let header, let body)) = item.content else { return }
        if streams[item.stream]?.speaker == nil {
            streams[item.stream]?.speaker = header.sender
            streams[item.stream]?.isAnswering = header.busPort.value == item.source.port
        }
        messageCounts[header.sender, default: 0] += 1
        if firstTypes[header.sender] == nil { firstTypes[header.sender] = body.type }
        if body.type == .meet {
            firstMet = min(firstMet ?? item.time, item.time)
            return
        }
        // An answer to a MEET makes nobody a member; a PING or gossip does.
        let isAnswer = body.type == .pong && streams[item.stream]?.isAnswering == true
        if !isAnswer && memberSince[header.sender] == nil { memberSince[header.sender] = item.time }
        if case .fail(let id) = body { failBroadcasts.insert(id) }
        for entry in body.heartbeat?.gossip ?? GossipSection()
        where !failBroadcasts.contains(entry.node) {
            let known = firstOpinions[entry.node]?[header.sender]
            if known == nil {
                firstOpinions[entry.node, default: [:]][header.sender] =
                    entry.flags.contains(.fail)
            }
        }
        for entry in body.heartbeat?.gossip ?? GossipSection()
        where memberSince[entry.node] == nil && !entry.flags.contains(.handshake) {
            memberSince[entry.node] = item.time
        }
    }

    private mutating func measureSilence(_ news: ObservedNews) {
        for event in news.events {
            guard event.kind == .suspected, let id = event.node, let place = observed.find(id)
            else {
                continue
            }
            let since = observed.nodes[place].lastHeard ?? observed.counts.firstTime ?? event.time
            let silence = event.time - since
            if silence > 0 { shortestSilence = min(shortestSilence ?? silence, silence) }
        }
    }

    /// The node whose id begins so.
    package func node(_ prefix: String) throws(Refusal) -> NodeID {
        let found = observed.nodes.filter { $0.id.description.hasPrefix(prefix) }
        guard let first = found.first else { throw .unknownNode(prefix) }
        guard found.count == 1 else { throw .manyNodes(prefix) }
        guard first.hasSpoken else { throw .neverSpeaks(first.id) }
        return first.id
    }

    /// Nodes that spoke, who said most first.
    package var speakers: [NodeID] {
        observed.nodes.filter(\.hasSpoken).map(\.id).sorted { left, right in
            let (most, least) = (messageCounts[left] ?? 0, messageCounts[right] ?? 0)
            return most != least ? most > least : left < right
        }
    }

    /// Milliseconds; four fifths of the shortest silence that was suspected, since a ping may have been
    /// sent up to half a node timeout after the last answer.
    package var likelyNodeTimeout: Int64? {
        shortestSilence.map { max(500, $0 / 1_000_000 * 4 / 5 / 100 * 100) }
    }

    /// Whether a node had failed before the capture: most who speak of it say so at first.
    func hasFailedAtStart(_ id: NodeID) -> Bool {
        let opinions = firstOpinions[id] ?? [:]
        return opinions.values.filter { $0 }.count * 2 > opinions.count
    }

    /// Whether a node was in a cluster before the capture shows anybody to be met.
    func isMember(_ id: NodeID) -> Bool {
        guard let since = memberSince[id] else { return false }
        return firstMet.map { since < $0 } ?? true
    }
}
