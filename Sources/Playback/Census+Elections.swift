// Who asked for votes, who gave one and who did not, and who became a master by it. Why a vote was
// withheld is not said on the bus: it is judged by the rule of voting from what the capture shows of
// the voter, and "unknown" where that shows nothing.

import ClusterWire

extension Census {
    /// A request for votes, one copy for each node.
    mutating func requested(
        _ header: Header, by candidate: Index, to receiver: Index?, at time: Int64
    ) {
        if let open = elections[candidate], open.epoch == header.currentEpoch {
            if let receiver { elections[candidate]?.asked.append(receiver) }
            return
        }
        settle(candidate, at: time)
        let master = header.replicaOf.isZero ? nil : index[header.replicaOf]
        elections[candidate] = Election(
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
        elections[candidate]?.votes.append(voter)
        lastVotes[voter] = (epoch, candidate, elections[candidate]?.master)
        tell(
            .voteGranted(epoch: elections[candidate]?.epoch ?? epoch), by: voter,
            node: candidate, at: time)
    }

    /// A replica says that it is a master with slots.
    mutating func promoted(
        _ heir: Index, _ before: Statement, _ after: Statement, at time: Int64
    ) {
        tell(
            .promoted(epoch: after.configEpoch, slots: after.slots), by: heir, node: heir, at: time)
        nodes[heir].learned = []
        elections[heir]?.promotedAt = time
        guard let former = index[before.replicaOf], nodes[former].isUnserved else { return }
        nodes[former].isUnserved = false
        tell(.slotsServed(after.slots), by: heir, node: heir, at: time)
    }

    /// Ends elections whose late votes were waited for.
    mutating func settleElections(at time: Int64) {
        guard !elections.isEmpty else { return }
        for candidate in elections.keys.sorted() {
            if let won = elections[candidate]?.promotedAt, time - won > limits.lateVotes {
                settle(candidate, at: time)
            }
        }
    }

    /// Tells who gave no vote, and forgets the election.
    mutating func settle(_ candidate: Index, at time: Int64) {
        guard let election = elections.removeValue(forKey: candidate) else { return }
        for voter in nodes.indices.sorted(by: { nodes[$0].id < nodes[$1].id }) {
            guard nodes[voter].isVoter, root(voter) == root(candidate), voter != candidate,
                voter != election.master || election.forced, nodes[voter].replacedBy == nil,
                !election.votes.contains(voter), !nodes[voter].isClosed
            else { continue }
            tell(
                .voteWithheld(
                    epoch: election.epoch, reason: reason(voter, candidate, election)),
                by: voter, node: candidate, at: time)
        }
    }

    /// Why a voter gave no vote, as far as the capture shows.
    ///
    /// - Source: bus protocol §6.3.
    private func reason(_ voter: Index, _ candidate: Index, _ election: Election) -> String {
        if !election.asked.contains(voter) {
            // A capture at one node does not show what others say to each other.
            let isSeen = nodes[candidate].streams.contains { streams[$0]?.receiver == voter }
            return isSeen ? "the request did not reach it" : "unknown"
        }
        if nodes[voter].isSilent { return "it was silent itself" }
        if let last = lastVotes[voter], last.epoch == election.epoch, last.candidate != candidate {
            return "it voted for \(nodes[last.candidate].id.short) in epoch \(last.epoch) already"
        }
        if !election.forced, let master = election.master,
            opinions[Pair(by: voter, node: master)]?.isFailed != true
        {
            return "the master has not failed for it"
        }
        if newerOwner(than: election, besides: candidate) {
            return "a claimed slot is owned by another at a newer epoch"
        }
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

    private func newerOwner(than election: Election, besides candidate: Index) -> Bool {
        nodes.indices.contains {
            guard $0 != candidate, $0 != election.master, let claim = nodes[$0].statement,
                !claim.isReplica
            else { return false }
            return claim.configEpoch > election.configEpoch
                && !claim.slots.isDisjoint(with: election.slots)
        }
    }
}
