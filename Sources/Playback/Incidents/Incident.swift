// What a failover was as a whole: what began it, who noticed, who voted, and when all knew. Values only:
// they are put together by Incidents, and printed by others.

package import ClusterWire

/// A node that failed, or a master whose place was taken: from its silence until all knew its successor.
package struct Incident: Equatable, Sendable {
    package enum Cause: String, Sendable {
        case silence, manual, forced, takeover
    }

    /// The node that failed or gave way.
    package let master: NodeID
    /// The replica that was promoted in its place.
    package internal(set) var successor: NodeID?
    package internal(set) var cause: Cause = .silence
    /// Nanoseconds since the Unix epoch.
    package internal(set) var startedAt: Int64
    package internal(set) var times = Times()
    package internal(set) var failure = Failure()
    package internal(set) var election = Election()
    package internal(set) var spread = Spread()
    package internal(set) var slots = SlotSet()
    /// What it was; nil when nobody said.
    package internal(set) var wasReplica: Bool?
    /// Its address answers under another id since: it was reset, or another took its place.
    package internal(set) var replacedBy: NodeID?

    init(master: NodeID, startedAt: Int64) {
        self.master = master
        self.startedAt = startedAt
    }

    /// All nodes that are named in it.
    package var nodes: [NodeID] {
        [master] + [successor, replacedBy].compactMap { $0 } + failure.suspects
            + failure.announcers + failure.agreeing + election.votes
            + election.withheld.map(\.voter) + spread.learned + failure.forgottenBy
    }
}

extension Incident {
    /// Nanoseconds since the Unix epoch, nil for what the capture does not show.
    package struct Times: Equatable, Sendable {
        package internal(set) var silentAt: Int64?
        package internal(set) var firstSuspectedAt: Int64?
        package internal(set) var failedAt: Int64?
        package internal(set) var voteRequestedAt: Int64?
        package internal(set) var promotedAt: Int64?
        package internal(set) var agreedAt: Int64?
        package internal(set) var recoveredAt: Int64?
    }

    /// Who noticed that a node failed, each in the order in which they did.
    package struct Failure: Equatable, Sendable {
        /// It ended all its connections.
        package internal(set) var closedConnections = false
        /// Who marked it PFAIL.
        package private(set) var suspects: [NodeID] = []
        /// Who broadcast FAIL.
        package private(set) var announcers: [NodeID] = []
        /// Whose failure reports the first FAIL went by.
        package internal(set) var agreeing: [NodeID] = []
        package internal(set) var forgottenBy: [NodeID] = []
        /// Who is in `suspects` and in `announcers`.
        private var isSuspect: Set<NodeID> = []
        private var isAnnouncer: Set<NodeID> = []

        mutating func suspected(by node: NodeID?) {
            if let node, isSuspect.insert(node).inserted { suspects.append(node) }
        }

        mutating func announced(by node: NodeID?) {
            if let node, isAnnouncer.insert(node).inserted { announcers.append(node) }
        }
    }

    /// The last election that was held, and how many there were.
    package struct Election: Equatable, Sendable {
        package internal(set) var epoch: Epoch?
        package internal(set) var requests = 0
        package internal(set) var votes: [NodeID] = []
        package internal(set) var withheld: [Withheld] = []

        package struct Withheld: Equatable, Sendable {
            package var voter: NodeID
            package var reason: MissingVote
        }
    }

    /// Who heard of the promotion.
    package struct Spread: Equatable, Sendable {
        package private(set) var learned: [NodeID] = []
        private(set) var lastLearned: Int64?

        mutating func learned(by node: NodeID, at time: Int64) {
            learned.append(node)
            lastLearned = max(lastLearned ?? 0, time)
        }
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
        let stands = times.failedAt ?? (isFailure ? times.firstSuspectedAt : startedAt)
        return [
            Phase(name: .detection, from: times.silentAt, to: times.firstSuspectedAt),
            Phase(name: .agreement, from: times.firstSuspectedAt, to: times.failedAt),
            Phase(name: .election, from: stands, to: times.promotedAt),
            Phase(name: .spread, from: times.promotedAt, to: times.agreedAt),
            total,
        ]
    }

    package var total: Phase {
        let isFailure = cause == .silence
        return Phase(
            name: .total, from: isFailure ? times.silentAt ?? times.firstSuspectedAt : startedAt,
            to: times.agreedAt ?? times.recoveredAt)
    }

    /// How long nobody served its slots, in nanoseconds: as a failure shows it from outside.
    package var unservedNanoseconds: Int64? {
        guard !slots.isEmpty, cause == .silence, let from = times.silentAt ?? times.firstSuspectedAt
        else {
            return nil
        }
        return (times.promotedAt ?? times.recoveredAt).map { $0 - from }
    }
}
