// Whom this node heard asking for votes, and for whom it voted of late: two replicas of one master are
// not both voted for within the throttle. The vote itself, and in which epoch, is on disk; this is not.

import ClusterWire

/// A request for votes that somebody else made.
struct RequestHeard: Equatable, Sendable {
    /// Monotonic milliseconds; 0 for never.
    var at: Int64 = 0
    /// That of the master to be replaced.
    var shard: ShardID?
    /// The election was won: nobody waits for it.
    var isOver = false
}

/// Votes of the last few node timeouts, one a master.
///
/// - Source: bus protocol §6.3 rule 5; DECISIONS D42.
struct VotesGiven: Equatable, Sendable {
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
