// What a replica remembers of elections: its own, from the moment it is scheduled until it is won or given
// up, and the requests of others that it has to wait for. What is not going on has no fields. When to stand
// and whose turn it is are for the rules Election and ElectionOrder.

package import ClusterWire

/// One election in which this replica stands.
package struct Candidacy: Equatable, Sendable {
    /// How far it has come.
    package enum Phase: Equatable, Sendable {
        /// Its time has not come yet.
        case scheduled
        /// The epoch was raised, and the request waits for the disk.
        case saving(Epoch)
        /// Votes were asked for in this epoch.
        case asked(Epoch, Poll)
    }

    /// What was answered to a request for votes.
    package struct Poll: Equatable, Sendable {
        /// Masters that voted for us.
        package fileprivate(set) var voters: [NodeID] = []
        /// Masters that said that they do not vote for us.
        fileprivate(set) var refusers: [NodeID] = []
        /// Since when others have asked in this epoch or a later one, so that who has not voted for us
        /// yet will not.
        fileprivate(set) var overtakenAt: Int64?
        /// Those who had not voted after a while were asked again, on the connections that they made.
        fileprivate(set) var wasRepeated = false
    }

    /// What its place in the order of candidates is, and what it has waited for.
    struct Place: Equatable, Sendable {
        /// How many siblings come before this replica.
        var rank: Int
        /// When nothing but other shards is waited for any more: better siblings had their time.
        var readyAt: Int64
        /// Since when shards before ours, in their order, are waited for.
        var waitsSince: Int64
        /// The last shard before ours whose turn it was: one of its replicas asked for votes, or has
        /// taken its master's place.
        var passed: ShardID?
        /// Our turn was in vain: another comes when all others have had theirs.
        var isLate = false

        /// All have had their turn; those who asked in vain have another, in their order.
        mutating func beginRound(at now: Int64) {
            isLate = false
            passed = nil
            waitsSince = now
        }

        /// A shard before ours had its turn.
        mutating func pass(_ shard: ShardID, at now: Int64) {
            passed = passed.map { max($0, shard) } ?? shard
            waitsSince = now
        }
    }

    package private(set) var phase = Phase.scheduled
    /// A manual failover stands at once, whatever its place.
    let isManual: Bool
    /// When the votes are to be asked for as things are, or were asked for; a new election may follow a
    /// retry time later.
    var askAt: Int64
    var place: Place
    /// Epochs in which we waited for votes in vain.
    private(set) var attempts = 0
    /// The time for which a timer was last asked.
    fileprivate(set) var timerAt: Int64?

    init(at now: Int64, delay: Int64, rank: Int, isManual: Bool) {
        askAt = now + delay
        place = Place(rank: rank, readyAt: now + delay, waitsSince: now)
        self.isManual = isManual
    }

    /// Its time has not come yet, and it has to wait for that of others.
    var isWaiting: Bool { phase == .scheduled && !isManual }

    /// Of the election, once the epoch was raised.
    package var epoch: Epoch? {
        switch phase {
        case .scheduled: nil
        case .saving(let epoch), .asked(let epoch, _): epoch
        }
    }

    /// What was answered, once votes were asked for.
    package var poll: Poll? {
        if case .asked(_, let poll) = phase { return poll }
        return nil
    }

    /// The epoch was raised for it.
    mutating func save(_ epoch: Epoch) { phase = .saving(epoch) }

    /// The request leaves; the time to win runs from now on.
    mutating func ask(in epoch: Epoch, at now: Int64) {
        phase = .asked(epoch, Poll())
        askAt = now
    }

    /// Nobody will be elected at this epoch, or not us: votes are asked for anew at another one.
    mutating func giveUpEpoch() { phase = .scheduled }

    /// Too few vote for us in this epoch: our turn was in vain.
    mutating func lose(at now: Int64) {
        giveUpEpoch()
        attempts += 1
        place.isLate = true
        askAt = now
    }

    private mutating func change(_ body: (inout Poll) -> Void) {
        guard case .asked(let epoch, var poll) = phase else { return }
        body(&poll)
        phase = .asked(epoch, poll)
    }

    /// A vote for us came.
    mutating func count(_ voter: NodeID) { change { $0.voters.append(voter) } }
    /// A voter said that it does not vote for us.
    mutating func countRefusal(of voter: NodeID) { change { $0.refusers.append(voter) } }
    /// Somebody else asked in this epoch or a later one; the first time counts.
    mutating func overtake(at now: Int64) { change { $0.overtakenAt = $0.overtakenAt ?? now } }
    /// Those who have not voted are asked again.
    mutating func repeatRequest() { change { $0.wasRepeated = true } }
}

/// A request for votes that somebody else made.
struct OtherRequest: Equatable, Sendable {
    /// Monotonic milliseconds.
    var at: Int64
    /// That of the master to be replaced.
    var shard: ShardID
    /// The election was won: nobody waits for it.
    var isOver = false
}

/// The memory of the rules Election and ElectionOrder.
package struct ElectionMemory: Equatable, Sendable {
    /// The election in which this replica stands.
    package private(set) var candidacy: Candidacy?
    /// The newest request for votes for a replica of another master.
    private(set) var latestRequest: OtherRequest?
    /// This replica said that it will not stand, and why need not be said at each tick.
    private var hasDeclined = false

    /// It stands, or goes on standing in a way that has changed.
    mutating func stand(_ candidacy: Candidacy) { self.candidacy = candidacy }

    /// It does not stand any more.
    mutating func end() { candidacy = nil }

    /// It may not stand. Returns whether that is news.
    mutating func decline() -> Bool {
        defer { hasDeclined = true }
        return !hasDeclined
    }

    /// Nothing keeps it from standing when its master fails.
    mutating func forgetDecline() { hasDeclined = false }

    /// Somebody else asked for votes.
    mutating func receivedRequest(for shard: ShardID, at now: Int64) {
        latestRequest = OtherRequest(at: now, shard: shard)
    }

    /// A timer is wanted for this time. Returns whether it has to be asked for.
    mutating func wantsTimer(at time: Int64) -> Bool {
        guard candidacy?.timerAt != time else { return false }
        candidacy?.timerAt = time
        return true
    }

    /// The timer came.
    mutating func timerFired() { candidacy?.timerAt = nil }

    /// The election at this epoch is over before it was won. Returns whether we stood in it.
    mutating func giveUp(at epoch: Epoch) -> Bool {
        guard candidacy?.epoch == epoch else { return false }
        candidacy?.giveUpEpoch()
        return true
    }

    /// A master of this shard was replaced. Returns whether an election of ours, for a master of the shard
    /// `mine`, waits for its turn and has to look whether that has come.
    mutating func replaced(in shard: ShardID, mine: ShardID, at now: Int64) -> Bool {
        if latestRequest?.shard == shard { latestRequest?.isOver = true }
        guard let waiting = candidacy, waiting.isWaiting else { return false }
        if !waiting.place.isLate && shard < mine { candidacy?.place.pass(shard, at: now) }
        return true
    }
}
