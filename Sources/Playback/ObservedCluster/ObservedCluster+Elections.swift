// Who asked for votes, who gave one and who did not, who became a master by it, and who has heard of
// that. Why a vote was withheld is not said on the bus: what the capture shows of the voter is held
// against the refusals of the rules, and "unknown" where it shows nothing.

import ClusterCore
import ClusterWire

extension ObservedCluster {
    /// A request for votes, one copy for each node.
    mutating func requested(
        _ header: Header, by candidate: Index, to receiver: Index?, at time: Int64
    ) {
        if let open = elections[candidate], open.epoch == header.currentEpoch {
            if let receiver { elections.ask(receiver, by: candidate) }
            return
        }
        closeElection(of: candidate, at: time)
        let master = header.replicaOf.isZero ? nil : find(header.replicaOf)
        let election = ObservedElection(header, master: master, at: time)
        elections.begin(election, of: candidate)
        if let receiver { elections.ask(receiver, by: candidate) }
        emit(
            .voteRequested(epoch: election.epoch, forced: election.forced), by: candidate,
            node: master, at: time)
    }

    /// A vote on its way to a candidate.
    mutating func voted(
        _ epoch: Epoch, by voter: Index, for candidate: Index?, at time: Int64
    ) {
        guard let candidate,
            let epoch = elections.vote(epoch, by: voter, for: candidate, at: time)
        else { return }
        emit(.voteGranted(epoch: epoch), by: voter, node: candidate, at: time)
    }

    /// A replica says that it is a master with slots.
    mutating func promoted(
        _ successor: Index, _ before: SelfReport, _ after: SelfReport, at time: Int64
    ) {
        emit(
            .promoted(epoch: after.configEpoch, slots: after.slots), by: successor,
            node: successor, at: time)
        nodes[successor].promotion.begin()
        elections.promote(successor, at: time)
        guard let former = find(before.replicaOf), nodes[former].presence.isUnserved else {
            return
        }
        nodes[former].presence.isUnserved = false
        emit(.slotsServed(after.slots), by: successor, node: successor, at: time)
    }

    /// Ends elections whose late votes were waited for.
    mutating func closeDueElections(at time: Int64) {
        for candidate in elections.takeDue(at: time) { closeElection(of: candidate, at: time) }
    }

    /// Tells who gave no vote, and forgets the election.
    mutating func closeElection(of candidate: Index, at time: Int64) {
        guard let election = elections.close(candidate) else { return }
        news.closedElections.append(nodes[candidate].id)
        var voters = groups[candidate].voters
        let streams = nodes[candidate].presence.streams
        var seen: Set<Index> = []
        if budget.spend(10 * voters.count + streams.count) {
            // A capture at one node does not show what others say to each other.
            seen = Set(streams.compactMap { connections[$0]?.receiver })
        } else {
            voters = election.asked.filter { voters.contains($0) }
        }
        let newerOwner = newerOwner(election, of: candidate)
        for voter in voters.sorted(by: { nodes[$0].id < nodes[$1].id }) {
            guard voter != candidate, voter != election.master || election.forced,
                nodes[voter].replacedBy == nil, !election.votes.contains(voter),
                !nodes[voter].isClosed
            else { continue }
            let reason: MissingVote =
                election.asked.contains(voter)
                ? reason(voter, candidate, election, newerOwner)
                : seen.contains(voter) ? .requestNotDelivered : .unknown
            emit(
                .voteWithheld(epoch: election.epoch, reason: reason), by: voter, node: candidate,
                at: time)
        }
    }

    /// Why a voter that was asked gave no vote, as far as the capture shows.
    ///
    /// - Source: bus protocol §6.3.
    private func reason(
        _ voter: Index, _ candidate: Index, _ election: ObservedElection,
        _ newerOwner: VoteRefusal?
    ) -> MissingVote {
        if nodes[voter].presence.isSilent { return .voterSilent }
        let last = elections.lastVote(of: voter).flatMap { $0.candidate == candidate ? nil : $0 }
        if let last, last.epoch == election.epoch {
            return .refused(
                .alreadyVoted(in: last.epoch), votedFor: nodes[last.candidate].id)
        }
        if !election.forced, let master = election.master,
            opinions[NodePair(by: voter, node: master)]?.isFail != true
        {
            return .refused(.masterNotFailed(nodes[master].id))
        }
        if let newerOwner { return .refused(newerOwner) }
        let current = nodes[voter].currentEpoch
        if current > election.epoch {
            return .refused(.epochTooOld(requested: election.epoch, current: current))
        }
        if let last, let master = last.master, master == election.master {
            let milliseconds = max(0, election.time - last.time) / 1_000_000
            return .refused(
                .votedRecently(milliseconds: milliseconds), votedFor: nodes[last.candidate].id)
        }
        return .unknown
    }

    /// Whether another than the candidate and its master owns one of its slots at a newer epoch.
    private func newerOwner(_ election: ObservedElection, of candidate: Index) -> VoteRefusal? {
        let own = [candidate, election.master].compactMap { $0 }
        guard
            let owner = latestOwner(
                of: election.slots, above: election.configEpoch, near: candidate, besides: own)
        else { return nil }
        let claim = nodes[owner].claim
        return claim.slots.intersection(election.slots).first.map {
            .slotsOwnedByNewer($0, owner: nodes[owner].id, epoch: claim.epoch)
        }
    }
}

extension ObservedCluster {
    /// The claim of a replica that was promoted reaches a node for the first time.
    mutating func learnsPromotion(
        of successor: Index, _ receiver: Index, _ epoch: Epoch, at time: Int64
    ) {
        guard let own = nodes[successor].selfReport, epoch == own.configEpoch,
            receiver != successor, nodes[successor].promotion.reach(receiver)
        else { return }
        emit(.promotionLearned, by: receiver, node: successor, at: time)
        if !isAwaited(successor) { nodes[successor].promotion.end() }
    }

    /// Whether a member of its cluster that is thought to live has still to hear of a promotion: one
    /// that spoke, whose connections stand, and of whom nobody broadcast FAIL.
    private mutating func isAwaited(_ successor: Index) -> Bool {
        let members = groups[successor].members
        // Who was found to be waiting last time is looked at first: usually it waits still.
        let start = nodes[successor].promotion.waiting
        for step in members.indices {
            let at = (start + step) % members.count
            let place = members[at]
            if place != successor, isAlive(place), !nodes[successor].promotion.hasReached(place) {
                nodes[successor].promotion.waiting = at
                return true
            }
            guard budget.spend(1) else { return true }
        }
        return false
    }

    private func isAlive(_ place: Index) -> Bool {
        nodes[place].hasSpoken && !nodes[place].isClosed && nodes[place].replacedBy == nil
            && !opinions.isAnnounced(place) && !nodes[place].presence.isSilent
    }
}
