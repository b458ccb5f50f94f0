// A replica's election: scheduled, asked for, won or given up; and the two sides of a manual
// failover. What is not going on has no fields.

package import ClusterWire

/// One election in which this replica stands.
package struct Candidacy: Equatable, Sendable {
    /// When the votes are to be asked for as things are, or were asked for; a new election may follow a
    /// retry time later.
    var askAt: Int64
    /// How many siblings come before this replica.
    var rank: Int
    /// When nothing but other shards is waited for any more: better siblings had their time.
    var readyAt: Int64
    /// Since when shards before ours, in their order, are waited for.
    var turnsFrom: Int64
    /// The last shard before ours whose turn it was: one of its replicas asked for votes, or has taken
    /// its master's place.
    var passed: ShardID?
    /// A manual failover stands at once, whatever its rank.
    var manual: Bool
    /// Set once the epoch was raised.
    var epoch: Epoch?
    /// Whether the request left: it waits for the disk.
    var asked = false
    /// Masters that voted for us in `epoch`.
    var voters: [NodeID] = []
    /// Masters that said that they do not vote for us in `epoch`.
    var refusers: [NodeID] = []
    /// Since when others have asked in this epoch or a later one, so that who has not voted for us yet
    /// will not; 0 while nobody has.
    var overtakenAt: Int64 = 0
    /// Those who had not voted after a while were asked again, on the connections that they made.
    var askedAgain = false
    /// Epochs in which we waited for votes in vain.
    var attempts = 0
    /// Our turn was in vain: another comes when all others have had theirs.
    var isLate = false
    /// The time for which a timer was last asked; 0 for none.
    var timerAt: Int64 = 0

    /// Its time has not come yet.
    var isWaiting: Bool { epoch == nil && !manual }

    init(at now: Int64, delay: Int64, rank: Int, manual: Bool) {
        askAt = now + delay
        readyAt = now + delay
        turnsFrom = now
        self.rank = rank
        self.manual = manual
    }

    /// All have had their turn; those who asked in vain have another, in their order.
    mutating func beginRound(at now: Int64) {
        isLate = false
        passed = nil
        turnsFrom = now
    }

    /// A shard before ours had its turn.
    mutating func pass(_ shard: ShardID, at now: Int64) {
        passed = passed.map { max($0, shard) } ?? shard
        turnsFrom = now
    }

    /// Nobody will be elected at this epoch, or not us: votes are asked for anew at another one.
    mutating func giveUpEpoch() {
        epoch = nil
        asked = false
        voters = []
        refusers = []
        overtakenAt = 0
        askedAgain = false
    }
}

/// A manual failover in progress.
package enum ManualFailoverState: Equatable, Sendable {
    /// This master pauses its clients for `replica`.
    case pausing(for: NodeID, until: Int64)
    /// This replica waits until it has all that its paused master has.
    case following(offset: ReplicationOffset?, until: Int64)
    /// This replica may stand without its master's failing.
    case standing(until: Int64)

    var until: Int64 {
        switch self {
        case .pausing(_, let until), .following(_, let until), .standing(let until): until
        }
    }
}
