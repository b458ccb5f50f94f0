// Who asked for votes, who gave one and who did not, and who became a master by it. Why a vote was
// withheld is not said on the bus: it is judged by the rule of voting from what the capture shows of
// the voter, and "unknown" where that shows nothing.

import ClusterWire

extension ObservedCluster {
    /// A request for votes, one copy for each node.
    mutating func requested(
        _ header: Header, by candidate: Index, to receiver: Index?, at time: Int64
    ) {
        if let open = elections[candidate], open.epoch == header.currentEpoch {
            if let receiver { elections[candidate]?.asked.insert(receiver) }
            return
        }
        settle(candidate, at: time)
        let master = header.replicaOf.isZero ? nil : index[header.replicaOf]
        elections[candidate] = ObservedElection(
            epoch: header.currentEpoch, forced: header.messageFlags.contains(.forceAck),
            configEpoch: header.configEpoch, slots: header.slots, master: master,
            asked: receiver.map { [$0] } ?? [])
        tell(
            .voteRequested(
                epoch: header.currentEpoch, forced: header.messageFlags.contains(.forceAck)),
            by: candidate, node: master, at: time)
    }

    /// A vote on its way to a candidate.
    mutating func voted(
        _ epoch: Epoch, by voter: Index, for candidate: Index?, at time: Int64
    ) {
        guard let candidate else { return }
        if elections[candidate]?.votes.contains(voter) == true { return }
        elections[candidate]?.votes.insert(voter)
        lastVotes[voter] = (epoch, candidate, elections[candidate]?.master)
        tell(
            .voteGranted(epoch: elections[candidate]?.epoch ?? epoch), by: voter,
            node: candidate, at: time)
    }

    /// A replica says that it is a master with slots.
    mutating func promoted(
        _ successor: Index, _ before: SelfReport, _ after: SelfReport, at time: Int64
    ) {
        tell(
            .promoted(epoch: after.configEpoch, slots: after.slots), by: successor, node: successor,
            at: time)
        nodes[successor].learned = []
        if elections[successor] != nil {
            elections[successor]?.promotedAt = time
            won.append((successor, time))
        }
        guard let former = index[before.replicaOf], nodes[former].isUnserved else { return }
        nodes[former].isUnserved = false
        tell(.slotsServed(after.slots), by: successor, node: successor, at: time)
    }

    /// Ends elections whose late votes were waited for.
    mutating func settleElections(at time: Int64) {
        var due: Set<Index> = []
        while wonSettled < won.count, time - won[wonSettled].at > limits.lateVotes {
            let (candidate, promotedAt) = won[wonSettled]
            if elections[candidate]?.promotedAt == promotedAt { due.insert(candidate) }
            wonSettled += 1
        }
        guard wonSettled > 0 else { return }
        if wonSettled * 2 >= won.count {
            won.removeFirst(wonSettled)
            wonSettled = 0
        }
        for candidate in due.sorted() { settle(candidate, at: time) }
    }

    /// Tells who gave no vote, and forgets the election.
    mutating func settle(_ candidate: Index, at time: Int64) {
        guard let election = elections.removeValue(forKey: candidate) else { return }
        settled.append(nodes[candidate].id)
        var voters = clusters[root(candidate)].voters
        let looks = 10 * voters.count + nodes[candidate].streams.count
        var seen: Set<Index> = []
        if budget.spend(looks) {
            // A capture at one node does not show what others say to each other.
            seen = Set(nodes[candidate].streams.compactMap { streams[$0]?.receiver })
        } else {
            voters = election.asked.filter { voters.contains($0) }
        }
        let isOutdated = isOutdated(election, of: candidate)
        for voter in voters.sorted(by: { nodes[$0].id < nodes[$1].id }) {
            guard voter != candidate, voter != election.master || election.forced,
                nodes[voter].replacedBy == nil, !election.votes.contains(voter),
                !nodes[voter].isClosed
            else { continue }
            let reason =
                election.asked.contains(voter)
                ? reason(voter, candidate, election, isOutdated: isOutdated)
                : seen.contains(voter) ? "the request did not reach it" : "unknown"
            tell(
                .voteWithheld(epoch: election.epoch, reason: reason), by: voter, node: candidate,
                at: time)
        }
    }

    /// Why a voter that was asked gave no vote, as far as the capture shows.
    ///
    /// - Source: bus protocol §6.3.
    private func reason(
        _ voter: Index, _ candidate: Index, _ election: ObservedElection, isOutdated: Bool
    ) -> String {
        if nodes[voter].isSilent { return "it was silent itself" }
        if let last = lastVotes[voter], last.epoch == election.epoch, last.candidate != candidate {
            return "it voted for \(nodes[last.candidate].id.short) in epoch \(last.epoch) already"
        }
        if !election.forced, let master = election.master,
            nodes[master].opinions[voter]?.isFailed != true
        {
            return "the master has not failed for it"
        }
        if isOutdated { return "a claimed slot is owned by another at a newer epoch" }
        if nodes[voter].currentEpoch > election.epoch {
            return "the request's epoch \(election.epoch) is older than its own"
        }
        if let last = lastVotes[voter], last.master == election.master, last.master != nil,
            last.candidate != candidate
        {
            return "it voted for another replica of the same master a moment ago"
        }
        return "unknown"
    }

    /// Whether another than the candidate and its master owns one of its slots at a newer epoch.
    private func isOutdated(_ election: ObservedElection, of candidate: Index) -> Bool {
        let own = [candidate, election.master].compactMap { $0 }
        return latestOwner(
            of: election.slots, above: election.configEpoch, near: candidate, besides: own) != nil
    }
}
