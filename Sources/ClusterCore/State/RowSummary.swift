// What the table of nodes keeps of each row beside it, so that it need not be read, and what it counts
// of all of them with each change.

/// What is asked of a row without reading it.
struct RowSummary: OptionSet {
    let rawValue: UInt8

    static let inUse = RowSummary(rawValue: 1)
    static let suspected = RowSummary(rawValue: 2)
    static let suspect = RowSummary(rawValue: 4)
    static let reported = RowSummary(rawValue: 8)
    static let worthTelling = RowSummary(rawValue: 16)
    static let unheard = RowSummary(rawValue: 32)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    @inline(__always)
    init(_ node: KnownNode) {
        self = .inUse
        if node.isUnhealthy { insert(.suspect) }
        if node.condition.isPFail { insert(.suspected) }
        if !node.reports.isEmpty { insert(.reported) }
        if node.isKnownFromGossip { insert(.unheard) }
        if node.isHandshake || node.isKnownFromGossip { return }
        let isWorthTelling =
            node.hasAddress ? node.slotCount > 0 || node.outbound.isWanted : node.isUnhealthy
        if isWorthTelling { insert(.worthTelling) }
    }
}

/// What of a row counts in the tally.
struct Contribution: Equatable {
    var isVoter = false
    var isLeader = false
    var isHealthy = false
    var isPFail = false
    var isFailedOwner = false
    var isLostOwner = false
    var isKnownFromGossip = false
    var isHandshake = false

    init() {}

    @inline(__always)
    init(_ node: KnownNode) {
        isVoter = node.isVotingMaster
        isLeader = node.replicaCount > 0 && node.isMaster
        isKnownFromGossip = node.isKnownFromGossip
        isHandshake = node.isHandshake
        switch node.condition {
        case .healthy: isHealthy = true
        case .pfail:
            isPFail = true
            isLostOwner = node.slotCount > 0 && !node.hasAddress
        case .fail: isFailedOwner = node.slotCount > 0
        }
    }
}

/// Answers about all nodes at once.
package struct Counts: Equatable, Sendable {
    /// Masters with at least one slot.
    package fileprivate(set) var voters = 0
    /// Those of them that nobody here suspects.
    package fileprivate(set) var healthyVoters = 0
    /// Masters that have replicas.
    package fileprivate(set) var leaders = 0
    /// Nodes that have failed and own slots still.
    package fileprivate(set) var failedOwners = 0
    /// Nodes that own slots, are suspected, and are nowhere that anybody knows.
    package fileprivate(set) var lostOwners = 0
    /// Nodes of which only others have told.
    package fileprivate(set) var unheard = 0
    package fileprivate(set) var handshakes = 0
    /// Suspected nodes, in ascending order of their ids: each is in every heartbeat.
    package internal(set) var suspects: [NodeHandle] = []

    /// A row that stood like this stands like that: all but the order of the suspects.
    mutating func count(from former: Contribution, to latter: Contribution) {
        func change(_ was: Bool, _ is: Bool) -> Int { (`is` ? 1 : 0) - (was ? 1 : 0) }
        voters += change(former.isVoter, latter.isVoter)
        leaders += change(former.isLeader, latter.isLeader)
        healthyVoters += change(
            former.isVoter && former.isHealthy, latter.isVoter && latter.isHealthy)
        failedOwners += change(former.isFailedOwner, latter.isFailedOwner)
        lostOwners += change(former.isLostOwner, latter.isLostOwner)
        unheard += change(former.isKnownFromGossip, latter.isKnownFromGossip)
        handshakes += change(former.isHandshake, latter.isHandshake)
    }
}
