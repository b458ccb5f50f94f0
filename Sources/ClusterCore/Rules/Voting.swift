// The voter's side: whether to grant a vote. One vote an epoch, for a replica of a failed master
// whose claim on its slots is the newest we know; and it is on disk before it is sent.
// Follows bus protocol §6.3.

import ClusterWire

enum Voting {
    /// Grants the vote that a header asks for, or notes why not.
    static func consider(
        _ header: Header, from candidate: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        let id = state.nodes[candidate].id
        switch refusal(header, candidate, state, context) {
        case .masterNotFailed(let master):
            // FAIL may be the next message that is read: links are not read in the order in which messages were
            // sent.
            state.failures.open.keep(header, of: id, at: context.now.monotonic)
            context.note(.voteDeferred(to: id, header.currentEpoch))
            if let row = state.nodes.find(master) {
                FailureDetection.ask(row, &state, &context)
            }
        case .alreadyVoted where isSameVote(header, candidate, state):
            repeatVote(to: candidate, header.currentEpoch, &state, &context)
        case let refusal?: refuse(refusal, header, candidate, &state, &context)
        case nil: grant(header, candidate, &state, &context)
        }
    }

    private static func refuse(
        _ refusal: VoteRefusal, _ header: Header, _ candidate: NodeHandle,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        context.note(.voteRefused(to: state.nodes[candidate].id, header.currentEpoch, refusal))
        guard case .slotsOwnedByNewer = refusal else { return }
        SlotOwnership.tellNewerOwner(
            of: header.slots, claimedAt: header.configEpoch, by: candidate, &state, &context)
    }

    private static func grant(
        _ header: Header, _ candidate: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        let id = state.nodes[candidate].id
        let epoch = state.currentEpoch
        precondition(!context.has(.trap) || state.votes.lastCandidate == nil, "a second vote")
        state.votes.gave(to: id, in: context.has(.unraisedVote) ? nil : epoch)
        // A manual failover must not delay the vote at the next real failure.
        if let master = state.nodes[candidate].master, !header.messageFlags.contains(.forceAck) {
            state.votes.throttle(
                id, of: master, at: context.now.monotonic, for: context.config.voteThrottle)
        }
        if context.has(.voteBeforeDisk) { say(to: id, in: epoch, &state, &context) }
        Saving.wait(.vote(id, epoch), &state, &context)
        context.note(.voteGranted(to: id, epoch))
    }

    private static func isSameVote(
        _ header: Header, _ candidate: NodeHandle, _ state: ClusterState
    ) -> Bool {
        state.votes.lastCandidate == state.nodes[candidate].id
            && header.currentEpoch == state.lastVoteEpoch
    }

    /// The candidate asks again for a vote that it was given: the vote was lost, or is late. If it is on disk,
    /// it is sent again, now on the other connection.
    private static func repeatVote(
        to candidate: NodeHandle, _ epoch: Epoch, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard !state.durability.holdsVote(in: epoch),
            let link = state.nodes[candidate].inbound ?? state.nodes[candidate].outbound.openID
        else { return }
        Sending.send(.vote, on: link, as: epoch, &state, &context)
    }

    /// EndOfStep: a master was marked FAIL; vote requests that waited for that are decided.
    static func considerWaiting(_ state: inout ClusterState, _ context: inout StepContext) {
        let due = state.failures.open.takeRequests { request in
            guard let row = state.nodes.find(request.candidate), let id = state.nodes[row].master,
                let master = state.nodes.find(id)
            else { return true }
            return context.countsAsFailed(state.nodes[master].condition)
        }
        for request in due {
            guard let candidate = state.nodes.find(request.candidate) else { continue }
            consider(request.header, from: candidate, &state, &context)
        }
    }

    /// Tick: refuses requests that have waited for half a node timeout without their master being marked FAIL.
    static func dropWaiting(_ state: inout ClusterState, _ context: inout StepContext) {
        let oldest = context.now.monotonic - context.config.nodeTimeout / 2 - ClusterConfig.tick
        for request in state.failures.open.takeRequests(where: { $0.heardAt < oldest }) {
            guard let candidate = state.nodes.find(request.candidate),
                let refusal = refusal(request.header, candidate, state, context)
            else { continue }
            refuse(refusal, request.header, candidate, &state, &context)
        }
    }

    /// Why the vote is not given; nil when it is.
    static func refusal(
        _ header: Header, _ candidate: NodeHandle, _ state: ClusterState, _ context: StepContext
    ) -> VoteRefusal? {
        guard state.me.isVotingMaster else { return .notAVoter }
        guard header.currentEpoch >= state.currentEpoch else {
            return .epochTooOld(requested: header.currentEpoch, current: state.currentEpoch)
        }
        // Not only equality: a vote is never given in an epoch before the last one.
        guard state.lastVoteEpoch < state.currentEpoch || context.has(.secondVote) else {
            return .alreadyVoted(in: state.lastVoteEpoch)
        }
        guard case .replica(let masterID) = state.nodes[candidate].role else {
            return .requesterIsMaster
        }
        guard let masterID, let master = state.nodes.find(masterID) else { return .masterUnknown }
        let forced = header.messageFlags.contains(.forceAck)
        guard forced || context.countsAsFailed(state.nodes[master].condition) else {
            return .masterNotFailed(masterID)
        }
        if let sinceVote = state.votes.recent.sinceOther(
            than: state.nodes[candidate].id, of: masterID, at: context.now.monotonic),
            sinceVote < context.config.voteThrottle
        {
            return .votedRecently(milliseconds: sinceVote)
        }
        if !context.has(.ignoreNewerOwner),
            let newer = SlotOwnership.newerOwner(
                of: header.slots, than: header.configEpoch, besides: candidate, state)
        {
            return .slotsOwnedByNewer(
                newer.slot, owner: state.nodes[newer.owner].id,
                epoch: state.nodes[newer.owner].configEpoch)
        }
        // A newer claim that is not settled yet.
        if let claim = state.claims.newer(
            of: header.slots, than: header.configEpoch, besides: candidate),
            let slot = claim.word.slots.intersection(header.slots).first(where: { _ in true })
        {
            return .slotsOwnedByNewer(
                slot, owner: state.nodes[claim.subject].id, epoch: claim.word.epoch)
        }
        return nil
    }

    /// The vote is on disk: sends it on our link, or on the candidate's when ours is not open. The candidate
    /// counts votes by their sender, whatever the connection, and a vote that was not sent cannot be given to
    /// another candidate in this epoch.
    ///
    /// Its header names the epoch of the vote: ours may have risen while the disk was waited for,
    /// and a vote counts for the epoch that it names.
    ///
    /// - Source: bus protocol §12 row 29.
    static func say(
        to candidate: NodeID, in epoch: Epoch, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard let handle = state.nodes.find(candidate) else { return }
        guard let link = state.nodes[handle].outbound.openID ?? state.nodes[handle].inbound else {
            return
        }
        Sending.send(.vote, on: link, as: epoch, &state, &context)
    }
}
