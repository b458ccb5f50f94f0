// One node of a capture: what it says of itself, where it is, whether it is heard, and what others say
// for it. What others think of its health is in FailureOpinions, which cluster it is of in
// ClusterGroups.

import Capture
package import ClusterWire

/// One node of a capture.
package struct ObservedNode: Sendable {
    package let id: NodeID
    /// The first message that it sent in full; nil when it never spoke.
    package internal(set) var first: FirstMessage?
    var history = SelfReportHistory()
    var headers = HeaderFacts()
    var location = NodeLocation()
    var presence = NodePresence()
    package internal(set) var hearsay = SlotHearsay()
    var promotion = PromotionSpread()
    /// Ids that it tells to forget.
    var forgets: Set<NodeID> = []
    var sentHeartbeat = false

    init(id: NodeID) { self.id = id }

    /// What it says of itself; nil when it never spoke.
    package var selfReport: SelfReport? { history.latest }
    package var hasSpoken: Bool { selfReport != nil }
    /// A master with slots.
    package var isVoter: Bool { selfReport.map { !$0.isReplica && !$0.slots.isEmpty } ?? false }
    package var flags: NodeFlags { headers.flags }
    package var currentEpoch: Epoch { headers.currentEpoch }
    package var host: String? { location.host }
    package var port: Port { location.port }
    package var busPort: Port { location.busPort }
    /// Nanoseconds since the Unix epoch of its last message; nil when it never spoke.
    package var lastHeard: Int64? { presence.lastHeard }
    /// The node that now answers at its address: it was reset, or another took its place.
    package var replacedBy: ObservedCluster.Index? { presence.replacedBy }
    /// All its connections have ended.
    package var isClosed: Bool { presence.isClosed }
    /// Where clients find it; nil when nobody said.
    package var address: String? { location.address }

    /// What it claims, by its own word or, when it never spoke, by that of others.
    var claim: SlotClaim {
        guard let own = selfReport else {
            return hearsay.latest ?? SlotClaim(epoch: 0, slots: SlotSet())
        }
        return SlotClaim(
            epoch: own.configEpoch, slots: own.isReplica ? SlotSet() : own.slots)
    }
}

/// What a node first said in full, and when.
package struct FirstMessage: Sendable {
    /// Nanoseconds since the Unix epoch.
    package let time: Int64
    package let header: Header
    package var selfReport: SelfReport { SelfReport(header) }
}

/// Slots that are claimed at an epoch.
package struct SlotClaim: Sendable {
    package var epoch: Epoch
    package var slots: SlotSet
}

/// What others claim for a node: a replica for its master, an UPDATE.
package struct SlotHearsay: Sendable {
    package private(set) var latest: SlotClaim?
    package private(set) var first: SlotClaim?

    /// - Returns: whether the claim is newer than what was known.
    mutating func hear(_ claim: SlotClaim) -> Bool {
        if let latest, latest.epoch >= claim.epoch { return false }
        latest = claim
        if first == nil { first = claim }
        return true
    }
}

/// What the headers of a node say beside its report of itself.
struct HeaderFacts: Sendable {
    /// The highest that it said.
    private(set) var currentEpoch: Epoch = 0
    /// A replica's: its master's configEpoch, the highest that it said.
    private(set) var masterEpoch: Epoch = 0
    /// Its flags as it or, when it never spoke, others say them.
    var flags: NodeFlags = []

    mutating func hear(_ header: Header, isReplica: Bool) {
        flags = header.flags
        currentEpoch = max(currentEpoch, header.currentEpoch)
        if isReplica { masterEpoch = max(masterEpoch, header.configEpoch) }
    }
}

/// Where a node is reached, as it or others say it.
struct NodeLocation: Sendable {
    private(set) var host: String?
    private(set) var port: Port = 0
    private(set) var busPort: Port = 0
    /// The address, without port, and the text that the last address was made of.
    private var lastSource: (high: UInt64, low: UInt64)?
    private var lastIP = IPText()

    /// Where clients find it; nil when nobody said.
    var address: String? {
        host.map { $0.contains(":") ? "[\($0)]:\(port)" : "\($0):\(port)" }
    }

    /// Whether the node says, in a packet from `source`, what it said last: nearly always so.
    func repeats(_ header: Header, from source: CaptureAddress) -> Bool {
        port == header.port && busPort == header.busPort
            && lastSource.map({ $0 == source.ipv6 }) ?? false && lastIP == header.ip
    }

    /// Takes what the node says itself, in a packet from `source`.
    /// - Returns: whether it is somewhere else than before.
    mutating func hear(_ header: Header, from source: CaptureAddress) -> Bool {
        lastSource = source.ipv6
        lastIP = header.ip
        let said = header.ip.isEmpty ? source.host : header.ip.text
        guard host != said || port != header.port || busPort != header.busPort else {
            return false
        }
        (host, port, busPort) = (said, header.port, header.busPort)
        return true
    }

    /// Takes what another says of a node that never spoke.
    /// - Returns: whether that is news.
    mutating func hear(_ address: NodeAddress) -> Bool {
        guard host == nil || port != address.port else { return false }
        (host, port, busPort) = (address.ip.text, address.port, address.busPort)
        return true
    }
}

/// Whether a node is heard, and how its connections ended.
struct NodePresence: Sendable {
    private(set) var lastHeard: Int64?
    /// The time of its last packet, the end of a connection included.
    private(set) var lastPacket: Int64 = 0
    /// All its connections have ended.
    private(set) var isClosed = false
    /// Its silence was told.
    private(set) var isSilent = false
    /// Its slots were told to be without a server.
    var isUnserved = false
    var replacedBy: ObservedCluster.Index?
    /// The open streams on which it speaks.
    private(set) var streams: Set<Int> = []
    /// How many connections it began to end since a moment ago.
    private(set) var ends = 0
    private(set) var endsSince: Int64 = 0

    mutating func speaks(on stream: Int) {
        streams.insert(stream)
        isClosed = false
    }

    mutating func leaves(_ stream: Int) { streams.remove(stream) }

    /// A message of it was read.
    mutating func heard(at time: Int64) {
        lastHeard = time
        lastPacket = time
        isSilent = false
    }

    /// A packet without a message was read.
    mutating func seen(at time: Int64) { lastPacket = max(lastPacket, time) }

    /// It began to end a connection; several within `moment` belong together.
    mutating func beganToEnd(at time: Int64, within moment: Int64) {
        if time - endsSince > moment {
            endsSince = time
            ends = 0
        }
        ends += 1
    }

    /// It ended all its connections.
    /// - Returns: whether its silence is still to be told.
    mutating func close() -> Bool {
        isClosed = true
        defer { isSilent = true }
        return !isSilent
    }

    /// Only the end of its connections was seen, the first at `time`.
    mutating func closeUnheard(at time: Int64) {
        lastPacket = time
        isClosed = true
        isSilent = true
    }

    /// - Returns: whether it was not heard for longer than `silence`, and that is still to be told.
    mutating func fellSilent(at time: Int64, after silence: Int64) -> Bool {
        guard !isSilent, let lastHeard, time - lastHeard > silence else { return false }
        isSilent = true
        return true
    }
}

/// Who has heard of a node's promotion.
struct PromotionSpread: Sendable {
    /// Who has heard of it; nil when all have, or there was none.
    private(set) var informed: Set<ObservedCluster.Index>?
    /// The place among its cluster's members of one who had still to hear of it.
    var waiting = 0

    var isOpen: Bool { informed != nil }

    mutating func begin() { informed = [] }

    mutating func end() { informed = nil }

    func hasReached(_ node: ObservedCluster.Index) -> Bool { informed?.contains(node) ?? true }

    /// - Returns: whether the node had still to hear of it.
    mutating func reach(_ node: ObservedCluster.Index) -> Bool {
        informed?.insert(node).inserted == true
    }
}

/// All nodes that were ever named, in the order in which they were.
package struct ObservedNodes: RandomAccessCollection, MutableCollection, Sendable {
    private var rows: [ObservedNode] = []
    private var places: [NodeID: Int] = [:]
    private let limit: Int
    /// How often one was named and passed over because of the limit.
    package private(set) var overLimit = 0

    init(limit: Int) { self.limit = limit }

    package var startIndex: Int { 0 }
    package var endIndex: Int { rows.count }

    package subscript(place: Int) -> ObservedNode {
        get { rows[place] }
        _modify { yield &rows[place] }
    }

    func find(_ id: NodeID) -> Int? { places[id] }

    /// - Returns: the place of a node that is new; nil when there are too many.
    mutating func add(_ id: NodeID) -> Int? {
        guard rows.count < limit, id.isValid else {
            overLimit += 1
            return nil
        }
        places[id] = rows.count
        rows.append(ObservedNode(id: id))
        return rows.count - 1
    }
}
