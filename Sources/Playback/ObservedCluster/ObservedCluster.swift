// Who there is in a capture, what each says of itself and of others, and who talks with whom: the
// facts from which both the topology and the story follow. Messages go in, events come out. What the
// kinds of messages mean is in the files beside this one; failovers as a whole are in Incidents.

import Capture
package import ClusterWire

/// How much is remembered.
package struct ObservationLimits: Sendable {
    /// Nodes known at a time; what is said of more is counted and passed over.
    package var nodes = 20_000
    /// Pairs of suspecting and suspected nodes.
    package var opinions = 1_000_000
    /// Nanoseconds without a packet after which a node that is suspected counts as silent, and not
    /// as merely cut off from the one who suspects it.
    package var silence: Int64 = 1_000_000_000
    /// Nanoseconds after a promotion during which votes that are still on their way are waited for.
    package var lateVotes: Int64 = 200_000_000
    /// Nanoseconds for which a packet that was sent earlier may still be read later.
    package var disorder: Int64 = 150_000_000

    package init() {}
}

/// The nodes of a capture and what is known of them.
package struct ObservedCluster {
    /// The place of a node in the list of all that were ever named.
    package typealias Index = Int

    /// What is thought of a node by another.
    enum Opinion: Sendable, Equatable {
        case suspected(since: Int64)
        /// It said so itself, or it was told: then what it said before may still be on its way.
        case failed(since: Int64, isOwn: Bool)

        var isFailed: Bool {
            if case .failed = self { return true }
            return false
        }
    }

    struct Pair: Hashable, Sendable {
        var by: Index
        var node: Index
    }

    struct StreamState: Sendable {
        var stream: BusStream
        var fromStart: Bool
        var sender = -1
        var receiver = -1
        /// The sender listens at this end: the other side made the connection.
        var isAnswering = false
        var mark = SelfReportHistory.Position()
        /// A MEET went out here and was not answered yet.
        var meets = false
    }

    /// One replica's request for votes.
    struct ObservedElection: Sendable {
        var epoch: Epoch
        var forced: Bool
        var configEpoch: Epoch
        var slots: SlotSet
        var master: Index?
        var asked: Set<Index> = []
        var votes: Set<Index> = []
        var promotedAt: Int64?
    }

    /// A message that tells its receiver something, whoever that is.
    struct Letter: Sendable {
        enum Content: Sendable {
            case fail(Index)
            case request
            case vote(Epoch)
            case claim(Epoch)
        }
        var content: Content
        var sender: Index
        var time: Int64
    }

    /// Whom a node's connections lead to: from and to which address.
    struct Flow: Hashable, Sendable {
        var source: CaptureAddress
        var destination: CaptureAddress
    }

    package let limits: ObservationLimits
    package internal(set) var nodes: [ObservedNode] = []
    /// What has happened and was not taken yet.
    package var events: [TimelineEvent] = []
    /// The time of the first and last packet with a message.
    package internal(set) var firstTime: Int64?
    package internal(set) var lastTime: Int64 = 0
    package internal(set) var messages = 0
    /// Pieces of the bus that could not be read or are not in the capture.
    package internal(set) var problems = 0
    /// Named and passed over because of the limit.
    package internal(set) var nodesOverLimit = 0

    var index: [NodeID: Index] = [:]
    var streams: [Int: StreamState] = [:]
    var flows: [Flow: Int] = [:]
    /// Who answers at an address of the bus.
    var listeners: [CaptureAddress: Index] = [:]
    /// The same by host and port as text, as gossip has it.
    var speakers: [String: Index] = [:]
    /// Who is said to be there, and never spoke.
    var introduced: [String: Index] = [:]
    /// What was sent to an address before it was known who listens there.
    var letters: [CaptureAddress: [Letter]] = [:]
    var letterCount = 0
    /// How many opinions there are about all nodes together.
    var opinionCount = 0
    /// By the node that stands for all of a cluster.
    var clusters: [Cluster] = []
    var elections: [Index: ObservedElection] = [:]
    /// Candidates that were promoted, in that order; those before `wonSettled` are done with.
    var won: [(candidate: Index, at: Int64)] = []
    var wonSettled = 0
    /// Candidates whose elections were settled and not taken yet.
    var settled: [NodeID] = []
    var budget = TellingBudget()
    /// The last vote of each voter.
    var lastVotes: [Index: (epoch: Epoch, candidate: Index, master: Index?)] = [:]
    var collisions: Set<[UInt64]> = []
    /// Directions that were ended, and not as an answer.
    var ends: Set<Flow> = []
    /// Ends of connections without a word, by address: the first, and how many.
    var endings: [String: (first: Int64, count: Int)] = [:]
    /// Links that were lost and not made again.
    var lostLinks: Set<Pair> = []

    package init(limits: ObservationLimits = ObservationLimits()) { self.limits = limits }

    /// Takes what happened next.
    package mutating func take(_ event: BusEvent) {
        switch event {
        case .opened(let stream, _, let fromStart):
            streams[stream.number] = StreamState(stream: stream, fromStart: fromStart)
            flows[Flow(source: stream.source, destination: stream.destination)] = stream.number
        case .ending(let source, let destination, let time):
            ended(Flow(source: source, destination: destination), at: time)
        case .closed(let stream, let time, let reason):
            closed(stream, at: time, reason)
        case .item(let item):
            guard case .message(let message) = item.content else {
                problems += 1
                return
            }
            if firstTime == nil { firstTime = item.time }
            lastTime = max(lastTime, item.time)
            messages += 1
            budget.earn()
            heard(message, of: item.stream, at: item.time)
        }
    }

    /// Ends the capture: what was waited for is settled.
    package mutating func finish() {
        for candidate in elections.keys.sorted() { settle(candidate, at: lastTime) }
    }

    /// The place of a node; -1 when there are too many.
    mutating func place(of id: NodeID) -> Index {
        if let known = index[id] { return known }
        guard nodes.count < limits.nodes, id.isValid else {
            nodesOverLimit += 1
            return -1
        }
        clusters.append(Cluster(members: [nodes.count]))
        nodes.append(ObservedNode(id: id, cluster: nodes.count))
        index[id] = nodes.count - 1
        return nodes.count - 1
    }

    package func find(_ id: NodeID) -> Index? { index[id] }

    /// How often the story leaves something out, because it would be longer than the capture.
    package var omissions: Int { budget.refusals }

    /// Passes over what has happened and was not taken.
    package mutating func forgetNews() {
        events.removeAll(keepingCapacity: true)
        settled.removeAll(keepingCapacity: true)
    }

    mutating func tell(
        _ kind: TimelineEvent.Kind, by: Index? = nil, node: Index? = nil, at time: Int64
    ) {
        events.append(
            TimelineEvent(
                time: time, by: by.map { nodes[$0].id }, node: node.map { nodes[$0].id }, kind))
    }
}

/// One node of a capture.
package struct ObservedNode: Sendable {
    package let id: NodeID
    /// What it says of itself; nil when it never spoke.
    package var selfReport: SelfReport? { history.latest }
    /// The first thing that it said of itself.
    package internal(set) var first: SelfReport?
    /// The highest that it said.
    package internal(set) var currentEpoch: Epoch = 0
    /// A replica's: its master's configEpoch as it last said it.
    package internal(set) var repeatedEpoch: Epoch = 0
    /// Its address, as it or others say it.
    package internal(set) var host: String?
    package internal(set) var port: Port = 0
    package internal(set) var busPort: Port = 0
    package internal(set) var flags: NodeFlags = []
    package internal(set) var saysOK = true
    /// Nanoseconds since the Unix epoch of its first message; nil when it never spoke.
    package internal(set) var firstHeard: Int64?
    /// What it first said in full.
    package internal(set) var firstHeader: Header?
    /// Nanoseconds since the Unix epoch of its last message; nil when it never spoke.
    package internal(set) var lastHeard: Int64?
    /// Of its last packet, the end of a connection included.
    package internal(set) var lastPacket: Int64 = 0
    /// What others claim for it: a replica for its master, an UPDATE.
    package internal(set) var hearsay: (epoch: Epoch, slots: SlotSet)?
    /// The first such claim.
    package internal(set) var firstHearsay: (epoch: Epoch, slots: SlotSet)?
    /// The node that now answers at its address: it was reset, or another took its place.
    package internal(set) var replacedBy: ObservedCluster.Index?
    /// All its connections have ended.
    package internal(set) var isClosed = false
    /// Its silence was told.
    package internal(set) var isSilent = false

    var history = SelfReportHistory()
    /// The address, without port, and the text that the last address was made of.
    var lastSource: (high: UInt64, low: UInt64)?
    var lastIP = IPText()
    /// Slots that it let go and that nobody has claimed since.
    var lost = SlotSet()
    /// The open streams on which it speaks.
    var streams: Set<Int> = []
    /// How many connections it began to end since a moment ago.
    var ends = 0
    var endsSince: Int64 = 0
    /// Who holds what against it.
    var opinions: [ObservedCluster.Index: ObservedCluster.Opinion] = [:]
    /// How many of them hold it for failed.
    var failures = 0
    /// Who said FAIL of it since it last was well.
    var announcers: Set<ObservedCluster.Index> = []
    /// Its slots were told to be without a server.
    var isUnserved = false
    /// It was promoted, and who has heard of it since; nil when all have.
    var learned: Set<ObservedCluster.Index>?
    /// The place among its cluster's members of one who had still to hear of it.
    var waiting = 0
    /// Ids that it tells to forget.
    var forgets: Set<NodeID> = []
    var sentHeartbeat = false
    var cluster: ObservedCluster.Index

    init(id: NodeID, cluster: ObservedCluster.Index) {
        self.id = id
        self.cluster = cluster
    }

    package var isMaster: Bool { selfReport.map { !$0.isReplica } ?? false }
    /// A master with slots.
    package var isVoter: Bool { selfReport.map { !$0.isReplica && !$0.slots.isEmpty } ?? false }
    package var hasSpoken: Bool { selfReport != nil }
    /// Where clients find it; nil when nobody said.
    package var address: String? {
        host.map { $0.contains(":") ? "[\($0)]:\(port)" : "\($0):\(port)" }
    }
}
