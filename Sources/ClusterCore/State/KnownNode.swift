// What this node believes about one node, itself included: a row of the node table. Plain values; times are
// monotonic milliseconds.

public import ClusterWire

/// Master or replica.
public enum Role: Hashable, Sendable {
    /// It may own slots.
    case master
    /// It replicates from a master; nil while the master is not known to us.
    case replica(of: NodeID?)

    /// Whether it is a master.
    public var isMaster: Bool { self == .master }
}

/// Whether a node is healthy, PFAIL or FAIL.
public enum Condition: Hashable, Sendable {
    /// Neither PFAIL nor FAIL.
    case healthy
    /// PFAIL: this node alone suspects it, since this monotonic millisecond.
    case pfail(since: Int64)
    /// FAIL: agreed by a quorum, since this monotonic millisecond.
    case fail(since: Int64)

    /// Whether it is FAIL.
    public var isFailed: Bool {
        if case .fail = self { return true }
        return false
    }
    /// Whether it is PFAIL.
    public var isPFail: Bool {
        if case .pfail = self { return true }
        return false
    }
    /// Whether it is neither.
    public var isHealthy: Bool { self == .healthy }
}

/// A failure report: one master with slots has a node as PFAIL or FAIL.
package struct FailureReport: Equatable, Sendable {
    var reporter: NodeHandle
    /// Monotonic milliseconds.
    var at: Int64
}

/// One row of the node table.
package struct KnownNode: Equatable, Sendable {
    // First what gossip about the node reads and writes, hundreds of times a message, in as few lines
    // of memory as it takes: such a line is seldom in the cache. Then what is told of it.
    package internal(set) var id: NodeID
    /// When the ping was sent that has no answer yet.
    package internal(set) var pingSent = Moment.never
    package internal(set) var pongReceived = Moment.never
    /// When anything was last received from it.
    package internal(set) var dataReceived = Moment.never
    package internal(set) var condition = Condition.healthy
    package private(set) var isMaster = true
    package internal(set) var peerFlags: PeerFlags = []
    package internal(set) var stage = Stage.member
    private(set) var whereabouts = Whereabouts.announced
    /// Whether any address of it is known.
    package internal(set) var hasAddress = true
    /// How many nodes are its replicas.
    package internal(set) var replicaCount: Int32 = 0
    /// In the order of the reporters' handles, one each.
    private(set) var reports: [FailureReport] = []
    /// How many slots it owns.
    package private(set) var slotCount = 0
    /// As it announces it: what clients and other nodes are told.
    package private(set) var address: NodeAddress
    package internal(set) var outbound = OutboundLink.none

    /// A replica's master; `.zero` while it is not known to us.
    private var masterID = NodeID.zero
    package internal(set) var configEpoch: Epoch = 0
    package internal(set) var inbound: LinkID?
    /// The slots of which the slot map names this node the owner.
    package private(set) var slots = SlotSet()
    package internal(set) var shard: ShardID
    package private(set) var hostname = ""
    package private(set) var nodeName = ""
    /// What it announces for clients alone.
    package internal(set) var clients = ClientAnnouncement()

    let createdAt: Int64
    /// When it was known to be at the other end of the connection that it made to us.
    var inboundAt = Moment.never
    /// When a connection to it is asked for if there is none.
    var retryAt = DueSchedule.atOnce
    /// When we last pinged it, or met it.
    var pingedAt = Moment.never
    /// Since when our connection to it is refused, or has ended without coming back.
    var unreachableSince = Moment.never
    /// PINGs and MEETs on our present link that are not answered yet.
    private(set) var unansweredPings: UInt16 = 0
    /// How many answers are to come until the one that settles what the node was asked; 0 when it is not asked.
    private(set) var answersToQuestion: UInt16 = 0
    /// Our last attempt to connect to it failed.
    var isRefused = false
    /// It is greeted with MEET on our next connection.
    var needsMeet = false
    /// It was met, and nothing has shown yet that it knows us.
    var mayNotKnowUs = false
    /// Our first PING to it is still to come: it tells of many others.
    var isToBeIntroduced = false
    /// Whether, and how many, others are told of it with the next tick.
    var news = News.none
    /// A filter of DEBUG drops its messages: it is listed by CLUSTER NODES, and nothing more.
    var isFiltered = false
    /// Where a connection of its own was seen to come from, if it announces a name; else empty.
    package private(set) var seenAt = IPText()
    /// For the limit on changes of its address: each change moves this time on by one interval.
    var movesSpentUntil = Int64.min
    /// For the limit on how fast its headers raise our epoch: each raise moves this time on.
    var epochsSpentUntil = Int64.min
    /// A greater epoch in its headers on our own link that was refused.
    var saidEpoch: Epoch = 0
    /// Since when it has been a master without replicas.
    var orphanedSince = Moment.never
    package internal(set) var offset: ReplicationOffset = 0
    /// When its header last carried its offset.
    var offsetAt = Moment.never

    init(id: NodeID, shard: ShardID, address: NodeAddress, createdAt: Int64) {
        self.id = id
        self.shard = shard
        self.address = address
        self.createdAt = createdAt
        locate(at: address)
    }

    /// Stores where the node is: what it announces, and, where that is a name, the address that a
    /// connection of it showed.
    ///
    /// - Source: DECISIONS D48.
    mutating func locate(at address: NodeAddress, seenAt: IPText = IPText()) {
        self.address = address
        let isName = !address.ip.isEmpty && !IPLiteral.isLiteral(address.ip)
        self.seenAt = isName ? seenAt : IPText()
        whereabouts = isName ? (seenAt.isEmpty ? .unseenName : .seenName) : .announced
    }

    /// It may be at this address.
    mutating func guess(_ address: NodeAddress) {
        locate(at: address)
        whereabouts = .guessed
    }

    /// It owns these slots and no others.
    mutating func own(_ set: SlotSet) {
        slots = set
        slotCount = set.count
    }

    /// The slots that a header claims are those that it owns: from now on the two share one storage, so that
    /// a header that is composed of them costs nothing to keep.
    mutating func shareSlots(with claimed: SlotSet) { if slots == claimed { slots = claimed } }

    /// What it announces of itself.
    mutating func name(hostname: String, nodeName: String) {
        (self.hostname, self.nodeName) = (hostname, nodeName)
    }

    /// Drops failure reports about it that are too old.
    mutating func dropReports(where isOver: (FailureReport) -> Bool) {
        reports.removeAll(where: isOver)
    }

    /// Notes a failure report about it, in the order of reporters. Returns whether it is this reporter's first.
    mutating func report(by reporter: NodeHandle, at time: Int64) -> Bool {
        let place = placeOfReport(by: reporter)
        if place < reports.count && reports[place].reporter == reporter {
            reports[place].at = time
            return false
        }
        guard reports.count < ClusterConfig.reportLimit else { return false }
        reports.insert(FailureReport(reporter: reporter, at: time), at: place)
        return true
    }

    /// Whether this reporter has a failure report about it.
    func isReported(by reporter: NodeHandle) -> Bool {
        let place = placeOfReport(by: reporter)
        return place < reports.count && reports[place].reporter == reporter
    }

    /// This node's own address, as others see it or as it announces it; a name needs no place here.
    mutating func announce(ip: IPText) { address.ip = ip }
    mutating func announce(port: Port, secondaryPort: Port, busPort: Port) {
        (address.port, address.secondaryPort, address.busPort) = (port, secondaryPort, busPort)
    }

    /// Whether it is known to be there, or announces an address.
    func isSeen(at place: IPText) -> Bool {
        switch whereabouts {
        case .announced, .guessed: true
        case .seenName, .unseenName: seenAt == place
        }
    }

    /// Where a connection is made to. It is a literal address if the node can be reached.
    package var place: NodeAddress {
        guard whereabouts == .seenName else { return address }
        var place = address
        place.ip = seenAt
        return place
    }

    /// Starts the time within which it must answer; if an answer is waited for already, that time goes on.
    mutating func startAnswerClock(at now: Int64) {
        if pingSent.isNever { pingSent = Moment(now) }
    }

    /// It answered.
    mutating func stopAnswerClock(at now: Int64) {
        pongReceived = Moment(now)
        pingSent = .never
        if unansweredPings > 0 { unansweredPings -= 1 }
    }

    /// A PING or MEET is sent on our link.
    mutating func countPing() { unansweredPings = min(unansweredPings, UInt16.max - 1) + 1 }

    /// The last PING on our link is a question: its answer, and no earlier one, settles it.
    mutating func ask() { answersToQuestion = unansweredPings }

    /// Whether it is asked, and has not answered.
    var isAsked: Bool { answersToQuestion > 0 }

    /// It answered. Returns whether that was the answer to the question.
    mutating func countAnswer() -> Bool {
        guard answersToQuestion > 0 else { return false }
        answersToQuestion -= 1
        return answersToQuestion == 0
    }

    /// Our link to it is a new one: what it was asked on the last one will not be answered.
    mutating func beginAnswers() { (unansweredPings, answersToQuestion) = (0, 0) }

    package internal(set) var role: Role {
        get { isMaster ? .master : .replica(of: master) }
        set {
            isMaster = newValue.isMaster
            masterID = .zero
            if case .replica(let id?) = newValue { masterID = id }
        }
    }
    /// A master with at least one slot: the only kind that votes and counts.
    package var isVotingMaster: Bool { slotCount > 0 && isMaster }
    package var master: NodeID? { masterID.isZero ? nil : masterID }
    /// When something last came from it, to us or, as gossip told, a pong to another node.
    package var heardAt: Moment { max(pongReceived, dataReceived) }
    /// Its real id is not known.
    package var isHandshake: Bool { stage == .handshake || stage == .probe }
    package var isKnownFromGossip: Bool { stage == .knownFromGossip }
    /// Its own header has come: it is saved in nodes.conf, and counts.
    package var isMember: Bool { stage == .member }
    /// Whether it is listed as a node.
    var isShown: Bool { stage != .probe && (!isKnownFromGossip || isFiltered) }
    /// Whether CLUSTER NODES lists it: one that takes our connection and has said nothing for a node timeout is
    /// what operators look for.
    ///
    /// - Source: DECISIONS D94.
    func isShown(silentSince moment: Int64) -> Bool {
        isShown || stage != .probe && outbound.isOpen && createdAt <= moment
    }
    /// Whether it is known where to connect to.
    var canBeReached: Bool { hasAddress && whereabouts != .unseenName }
    package var isUnhealthy: Bool { !condition.isHealthy }

    /// Where a reporter's word is among the reports, or would be.
    private func placeOfReport(by reporter: NodeHandle) -> Int {
        var low = 0
        var high = reports.count
        while low < high {
            let middle = (low + high) / 2
            if reports[middle].reporter.value < reporter.value {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// What gossip says of the node. Its name it says itself: others are told where it can be reached.
    ///
    /// - Source: bus protocol §2.5; DECISIONS D48.
    @inline(__always)
    func entry(at now: Instant) -> GossipEntry {
        GossipEntry(
            node: id, pingSent: Self.seconds(now.wall(of: pingSent)),
            pongReceived: Self.seconds(now.wall(of: heardAt)), address: place, flags: flags)
    }

    private static func seconds(_ milliseconds: Int64) -> UInt32 {
        UInt32(clamping: milliseconds / 1000)
    }

    /// The flag word that headers and gossip carry about this node.
    @inline(__always) var flags: NodeFlags {
        var flags: NodeFlags = isMaster ? .master : .replica
        switch condition {
        case .healthy: break
        case .pfail: flags.insert(.pfail)
        case .fail: flags.insert(.fail)
        }
        if isHandshake { flags.insert(.handshake) }
        if !hasAddress { flags.insert(.noAddress) }
        flags.formUnion(peerFlags.wireFlags)
        return flags
    }
}

/// What nodes that can reach each other must agree on in the end about one of them.
package struct Belief: Equatable, Sendable {
    package var role: Role
    package var slots: SlotSet
    package var configEpoch: Epoch
    package var isUnhealthy: Bool
}
