// What can happen in a cluster as far as its traffic shows it, and what a failover was as a whole.
// Values only: they are found by ObservedCluster and Incidents, and printed by others.

package import ClusterWire

/// Something that happened, with the first packet that shows it.
package struct TimelineEvent: Equatable, Sendable {
    /// Nanoseconds since the Unix epoch.
    package var time: Int64
    /// Who did or said it.
    package var by: NodeID?
    /// Whom it is about.
    package var node: NodeID?
    package var kind: Kind

    package init(time: Int64, by: NodeID? = nil, node: NodeID? = nil, _ kind: Kind) {
        self.time = time
        self.by = by
        self.node = node
        self.kind = kind
    }

    /// All nodes that are named in it.
    package var nodes: [NodeID] {
        let more: [NodeID] =
            switch kind {
            case .failed(let agreeing): agreeing
            case .demoted(let master): [master].compactMap { $0 }
            case .slotsMoved(let from, let to, _): [from, to]
            case .met, .forgotten, .silent, .suspected, .cleared, .recovered, .voteRequested,
                .voteGranted, .voteWithheld, .promoted, .slotsUnserved, .slotsServed,
                .promotionLearned, .epochCollision, .epochRaised, .manualFailoverStarted,
                .linkLost, .linkMade, .addressChanged:
                []
            }
        return [by, node].compactMap { $0 } + more
    }

    package enum Kind: Equatable, Sendable {
        case met
        /// `ttl` in seconds, where it was said.
        case forgotten(ttl: UInt64?)
        /// `since` is its last packet; `closed` when it ended all its connections then.
        case silent(since: Int64, closed: Bool)
        case suspected
        case cleared
        /// `agreeing` are the masters whose reports the capture shows, the speaker included.
        case failed(agreeing: [NodeID])
        case recovered
        case voteRequested(epoch: Epoch, forced: Bool)
        case voteGranted(epoch: Epoch)
        case voteWithheld(epoch: Epoch, reason: MissingVote)
        case promoted(epoch: Epoch, slots: SlotSet)
        case demoted(master: NodeID?)
        case slotsMoved(from: NodeID, to: NodeID, slots: SlotSet)
        case slotsUnserved(SlotSet)
        case slotsServed(SlotSet)
        case promotionLearned
        case epochCollision(epoch: Epoch)
        case epochRaised(epoch: Epoch)
        case manualFailoverStarted
        case linkLost
        case linkMade
        case addressChanged(from: String?, to: String?)

        /// The name in JSON.
        package var name: String {
            switch self {
            case .met: "met"
            case .forgotten: "forgotten"
            case .silent: "silent"
            case .suspected: "suspected"
            case .cleared: "cleared"
            case .failed: "failed"
            case .recovered: "recovered"
            case .voteRequested: "vote_requested"
            case .voteGranted: "vote_granted"
            case .voteWithheld: "vote_withheld"
            case .promoted: "promoted"
            case .demoted: "demoted"
            case .slotsMoved: "slots_moved"
            case .slotsUnserved: "slots_unserved"
            case .slotsServed: "slots_served"
            case .promotionLearned: "heir_learned"
            case .epochCollision: "epoch_collision"
            case .epochRaised: "epoch_raised"
            case .manualFailoverStarted: "manual_failover_started"
            case .linkLost: "link_lost"
            case .linkMade: "link_made"
            case .addressChanged: "address_changed"
            }
        }
    }
}

/// A node that failed, or a master whose place was taken: from its silence until all knew its successor.
package struct Incident: Equatable, Sendable {
    package enum Cause: String, Sendable {
        case silence, manual, forced, takeover
    }

    /// The node that failed or gave way.
    package var master: NodeID
    package var successor: NodeID?
    package var cause: Cause = .silence
    // Nanoseconds since the Unix epoch, nil for what the capture does not show.
    package var silentAt: Int64?
    package var firstSuspectedAt: Int64?
    package var failedAt: Int64?
    package var voteRequestedAt: Int64?
    package var promotedAt: Int64?
    package var agreedAt: Int64?
    // For the person who reads of it.
    package var startedAt: Int64
    package var closedConnections = false
    package var suspects: [NodeID] = []
    package var announcers: [NodeID] = []
    package var agreeing: [NodeID] = []
    package var epoch: Epoch?
    package var requests = 0
    package var votes: [NodeID] = []
    package var withheld: [Withheld] = []
    package var learned: [NodeID] = []
    var lastLearned: Int64?
    /// Who is in `suspects` and in `announcers`.
    var isSuspect: Set<NodeID> = []
    var isAnnouncer: Set<NodeID> = []
    package var slots = SlotSet()
    package var recoveredAt: Int64?
    /// What it was; nil when nobody said.
    package var wasReplica: Bool?
    /// Its address answers under another id since: it was reset, or another took its place.
    package var replacedBy: NodeID?
    package var forgottenBy: [NodeID] = []

    package struct Withheld: Equatable, Sendable {
        package var voter: NodeID
        package var reason: MissingVote
    }

    /// All nodes that are named in it.
    package var nodes: [NodeID] {
        [master] + [successor, replacedBy].compactMap { $0 } + suspects + announcers + agreeing
            + votes
            + withheld.map(\.voter) + learned + forgottenBy
    }

    init(master: NodeID, startedAt: Int64) {
        self.master = master
        self.startedAt = startedAt
    }

    /// The parts of an incident, as JSON and the page call them.
    package enum PhaseName: String, Sendable {
        case detection, agreement, election, spread, total
    }

    /// A part of an incident, in nanoseconds.
    package struct Phase: Equatable, Sendable {
        package var name: PhaseName
        package var from: Int64?
        package var to: Int64?
        package var nanoseconds: Int64? {
            guard let from, let to else { return nil }
            return max(0, to - from)
        }
    }

    /// Silence to suspicion, suspicion to FAIL, FAIL (or the operator's word) to the promotion, and
    /// promotion until all know: they add up to `total`.
    package var phases: [Phase] {
        let isFailure = cause == .silence
        let stands = failedAt ?? (isFailure ? firstSuspectedAt : startedAt)
        return [
            Phase(name: .detection, from: silentAt, to: firstSuspectedAt),
            Phase(name: .agreement, from: firstSuspectedAt, to: failedAt),
            Phase(name: .election, from: stands, to: promotedAt),
            Phase(name: .spread, from: promotedAt, to: agreedAt),
            total,
        ]
    }

    package var total: Phase {
        let isFailure = cause == .silence
        return Phase(
            name: .total, from: isFailure ? silentAt ?? firstSuspectedAt : startedAt,
            to: agreedAt ?? recoveredAt)
    }

    /// How long nobody served its slots, in nanoseconds: as a failure shows it from outside.
    package var unservedNanoseconds: Int64? {
        guard !slots.isEmpty, cause == .silence, let from = silentAt ?? firstSuspectedAt else {
            return nil
        }
        return (promotedAt ?? recoveredAt).map { $0 - from }
    }
}
