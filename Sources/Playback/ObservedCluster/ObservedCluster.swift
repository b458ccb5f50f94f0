// Who there is in a capture, what each says of itself and of others, and who talks with whom: the
// facts from which both the topology and the timeline follow. What happens on the wire goes in, and what
// it makes known comes back from the same call. What is remembered is in structs of their own; what
// each kind of message means is in the files beside this one; failovers as a whole are in Incidents.

import Capture
package import ClusterWire

/// How much is remembered.
package struct ObservationLimits: Sendable {
    /// Nodes known at a time; what is said of more is counted and passed over.
    package var nodes = 20_000
    /// Pairs of nodes of which one holds something against the other.
    package var opinions = 1_000_000
    /// Nanoseconds without a packet after which a node that is marked PFAIL counts as silent, and not
    /// as merely cut off from the one who marks it.
    package var silence: Int64 = 1_000_000_000
    /// Nanoseconds after a promotion during which votes that are still on their way are waited for.
    package var lateVotes: Int64 = 200_000_000
    /// Nanoseconds for which a packet that was sent earlier may still be read later.
    package var disorder: Int64 = 150_000_000

    package init() {}
}

/// What one call made known.
package struct ObservedNews: Sendable {
    package internal(set) var events: [TimelineEvent] = []
    /// Candidates whose elections are over: no more is said of their votes.
    package internal(set) var closedElections: [NodeID] = []

    package init() {}

    package var isEmpty: Bool { events.isEmpty && closedElections.isEmpty }

    /// Hands over what is here, and begins anew.
    fileprivate mutating func take() -> ObservedNews {
        guard !isEmpty else { return ObservedNews() }
        defer { self = ObservedNews() }
        return self
    }
}

/// The messages of a capture, counted.
package struct MessageCounts: Sendable {
    /// The time of the first and last packet with a message.
    package private(set) var firstTime: Int64?
    package private(set) var lastTime: Int64 = 0
    package private(set) var messages = 0
    /// Pieces of the bus that could not be read or are not in the capture.
    package private(set) var problems = 0

    mutating func add(messageAt time: Int64) {
        if firstTime == nil { firstTime = time }
        messages += 1
        reached(time)
    }

    mutating func addProblem() { problems += 1 }

    mutating func reached(_ time: Int64) { lastTime = max(lastTime, time) }
}

/// The nodes of a capture and what is known of them.
package struct ObservedCluster {
    /// The place of a node in the list of all that were ever named.
    package typealias Index = Int

    package let limits: ObservationLimits
    package internal(set) var nodes: ObservedNodes
    package private(set) var counts = MessageCounts()
    var groups = ClusterGroups()
    var connections: ObservedConnections
    var addresses = BusAddresses()
    var undelivered: UndeliveredMessages
    var opinions: FailureOpinions
    var elections: ObservedElections
    var collisions: EpochCollisions
    var budget = TellingBudget()
    /// What the present call has made known; empty between calls.
    var news = ObservedNews()

    package init(limits: ObservationLimits = ObservationLimits()) {
        self.limits = limits
        nodes = ObservedNodes(limit: limits.nodes)
        connections = ObservedConnections(limits: limits)
        undelivered = UndeliveredMessages(limit: limits.nodes)
        opinions = FailureOpinions(limit: limits.opinions)
        elections = ObservedElections(lateVotes: limits.lateVotes)
        collisions = EpochCollisions(limit: limits.nodes)
    }

    /// Takes what happened next.
    /// - Returns: what it makes known.
    @discardableResult
    package mutating func take(_ event: BusEvent) -> ObservedNews {
        switch event {
        case .opened(let stream, _, let fromStart):
            connections.open(stream, fromStart: fromStart)
        case .ending(let source, let destination, let time):
            connectionEnds(Flow(source: source, destination: destination), at: time)
        case .closed(let stream, let time, let reason): closed(stream, at: time, reason)
        case .item(let item):
            guard case .message(let message) = item.content else {
                counts.addProblem()
                break
            }
            counts.add(messageAt: item.time)
            budget.earn()
            receive(message, on: item.stream, at: item.time)
        }
        return news.take()
    }

    /// Ends the capture: elections whose votes were waited for are closed.
    /// - Returns: what that makes known.
    @discardableResult
    package mutating func finish() -> ObservedNews {
        for candidate in elections.candidates { closeElection(of: candidate, at: counts.lastTime) }
        return news.take()
    }

    /// The place of a node; nil when there are too many.
    mutating func place(of id: NodeID) -> Index? {
        if let known = nodes.find(id) { return known }
        guard let place = nodes.add(id) else { return nil }
        groups.addNode()
        opinions.addNode()
        return place
    }

    package func find(_ id: NodeID) -> Index? { nodes.find(id) }

    /// How often something was left out, because the timeline would be longer than the capture.
    package var omissions: Int { budget.refusals }

    mutating func emit(
        _ kind: TimelineEvent.Kind, by: Index? = nil, node: Index? = nil, at time: Int64
    ) {
        news.events.append(
            TimelineEvent(
                time: time, by: by.map { nodes[$0].id }, node: node.map { nodes[$0].id }, kind))
    }

    /// A message or the end of a connection shows that the capture goes on.
    mutating func reached(_ time: Int64) { counts.reached(time) }
}
