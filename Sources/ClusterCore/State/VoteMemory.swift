// For whom this node voted. The epoch of the last vote is on disk; for whom it was, and that two replicas
// of one master are not both voted for within the throttle, is remembered as long as the process lives.
// Whether a vote is given is for the rule Voting.

package import ClusterWire

/// The memory of the rule Voting.
package struct VoteMemory: Equatable, Sendable {
    /// The epoch of the last vote; zero before the first.
    package private(set) var lastEpoch: Epoch = 0
    /// For whom it was.
    private(set) var lastCandidate: NodeID?
    private(set) var recent = RecentVotes()

    init(lastEpoch: Epoch = 0) { self.lastEpoch = lastEpoch }

    /// A vote was given.
    /// - Parameter epoch: its epoch; nil leaves the last one, which is a planted bug's work.
    mutating func gave(to candidate: NodeID, in epoch: Epoch?) {
        if let epoch { lastEpoch = epoch }
        lastCandidate = candidate
    }

    /// The vote keeps the siblings of the candidate waiting.
    mutating func throttle(
        _ candidate: NodeID, of master: NodeID, at now: Int64, for throttle: Int64
    ) {
        recent.gave(to: candidate, of: master, at: now, throttle: throttle)
    }

    /// The last vote is spent, and was never said: the save that held it failed.
    mutating func withdraw() { lastCandidate = nil }

    /// What was said under the old name binds nobody.
    mutating func forgetEpoch() { lastEpoch = 0 }
}

/// Votes of the last few node timeouts, one a master.
///
/// - Source: bus protocol §6.3 rule 5; DECISIONS D42.
struct RecentVotes: Equatable, Sendable {
    private struct Vote: Equatable, Sendable {
        var master: NodeID
        var candidate: NodeID
        /// Monotonic milliseconds of the first vote for this candidate.
        var at: Int64
    }
    private var votes: [Vote] = []

    /// A vote was given to a replica of a master. One for the same candidate again, in a newer epoch,
    /// does not keep its siblings waiting anew.
    mutating func gave(
        to candidate: NodeID, of master: NodeID, at now: Int64, throttle: Int64
    ) {
        votes.removeAll { now - $0.at >= throttle }
        guard !votes.contains(where: { $0.master == master }) else { return }
        votes.append(Vote(master: master, candidate: candidate, at: now))
    }

    /// Milliseconds since the vote for another replica of the master; nil when there was none.
    func sinceOther(than candidate: NodeID, of master: NodeID, at now: Int64) -> Int64? {
        votes.first { $0.master == master && $0.candidate != candidate }.map { now - $0.at }
    }
}
