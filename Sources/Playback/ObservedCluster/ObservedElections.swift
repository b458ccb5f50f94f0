// The elections of a capture: who asked for votes in which epoch, whom the request reached, who voted,
// and whose late votes are still waited for. What is told of them is in ObservedCluster+Elections.

import ClusterWire

/// One replica's request for votes.
struct ObservedElection: Sendable {
    let epoch: Epoch
    let forced: Bool
    /// With which configEpoch it claims its master's slots.
    let configEpoch: Epoch
    let slots: SlotSet
    let master: ObservedCluster.Index?
    /// Nanoseconds since the Unix epoch.
    let time: Int64
    /// Whom the request reached.
    fileprivate(set) var asked: Set<ObservedCluster.Index> = []
    fileprivate(set) var votes: Set<ObservedCluster.Index> = []
    fileprivate(set) var promotedAt: Int64?

    init(_ header: Header, master: ObservedCluster.Index?, at time: Int64) {
        epoch = header.currentEpoch
        forced = header.messageFlags.contains(.forceAck)
        configEpoch = header.configEpoch
        slots = header.slots
        self.master = master
        self.time = time
    }
}

/// The elections that are open, by candidate, and the last vote of each voter.
struct ObservedElections: Sendable {
    struct Vote: Sendable {
        var epoch: Epoch
        var candidate: ObservedCluster.Index
        var master: ObservedCluster.Index?
        /// Nanoseconds since the Unix epoch.
        var time: Int64
    }

    private var open: [ObservedCluster.Index: ObservedElection] = [:]
    /// Candidates that were promoted, in that order; those before `firstWaiting` are done with.
    private var promoted: [(candidate: ObservedCluster.Index, at: Int64)] = []
    private var firstWaiting = 0
    private var lastVotes: [ObservedCluster.Index: Vote] = [:]
    /// Nanoseconds after a promotion.
    private let lateVotes: Int64

    init(lateVotes: Int64) { self.lateVotes = lateVotes }

    subscript(candidate: ObservedCluster.Index) -> ObservedElection? { open[candidate] }

    var candidates: [ObservedCluster.Index] { open.keys.sorted() }

    func lastVote(of voter: ObservedCluster.Index) -> Vote? { lastVotes[voter] }

    mutating func begin(_ election: ObservedElection, of candidate: ObservedCluster.Index) {
        open[candidate] = election
    }

    /// The request of a candidate reached a node.
    mutating func ask(_ node: ObservedCluster.Index, by candidate: ObservedCluster.Index) {
        open[candidate]?.asked.insert(node)
    }

    /// - Returns: the epoch in which it is a vote; nil for one that was seen before.
    mutating func vote(
        _ epoch: Epoch, by voter: ObservedCluster.Index, for candidate: ObservedCluster.Index,
        at time: Int64
    ) -> Epoch? {
        if open[candidate]?.votes.contains(voter) == true { return nil }
        open[candidate]?.votes.insert(voter)
        lastVotes[voter] = Vote(
            epoch: epoch, candidate: candidate, master: open[candidate]?.master, time: time)
        return open[candidate]?.epoch ?? epoch
    }

    mutating func promote(_ candidate: ObservedCluster.Index, at time: Int64) {
        guard open[candidate] != nil else { return }
        open[candidate]?.promotedAt = time
        promoted.append((candidate, time))
    }

    /// Candidates whose late votes were waited for long enough.
    mutating func takeDue(at time: Int64) -> [ObservedCluster.Index] {
        var due: Set<ObservedCluster.Index> = []
        while firstWaiting < promoted.count, time - promoted[firstWaiting].at > lateVotes {
            let (candidate, promotedAt) = promoted[firstWaiting]
            if open[candidate]?.promotedAt == promotedAt { due.insert(candidate) }
            firstWaiting += 1
        }
        if firstWaiting > 0, firstWaiting * 2 >= promoted.count {
            promoted.removeFirst(firstWaiting)
            firstWaiting = 0
        }
        return due.sorted()
    }

    mutating func close(_ candidate: ObservedCluster.Index) -> ObservedElection? {
        open.removeValue(forKey: candidate)
    }
}
