// The voter's side: whether to grant a vote. One vote an epoch, for a replica of a failed master
// whose claim on its slots is the newest we know; and it is on disk before it is said.
// Follows bus protocol §6.3.

import ClusterWire

enum Voting {
    /// Grants the vote that a header asks for, or notes why not.
    static func consider(
        _ header: Header, from candidate: NodeHandle, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        let id = state.nodes[candidate].id
        if let refusal = refusal(header, candidate, state, turn) {
            turn.note(.voteRefused(to: id, header.currentEpoch, refusal))
            if case .slotsOwnedByNewer = refusal {
                SlotOwnership.tellNewerOwner(
                    of: header.slots, claimedAt: header.configEpoch, by: candidate, &state, &turn)
            }
            return
        }
        if !turn.has(.unraisedVote) { state.lastVoteEpoch = state.currentEpoch }
        if let master = state.nodes[candidate].master, let row = state.nodes.find(master) {
            state.nodes[row].votedAt = turn.now.monotonic
        }
        Promises.make(.vote(id, state.currentEpoch), &state, &turn)
        turn.note(.voteGranted(to: id, state.currentEpoch))
    }

    /// Why the vote is not given; nil when it is.
    static func refusal(
        _ header: Header, _ candidate: NodeHandle, _ state: ClusterState, _ turn: Turn
    ) -> VoteRefusal? {
        guard state.me.isVotingMaster else { return .notAVoter }
        guard header.currentEpoch >= state.currentEpoch else {
            return .epochTooOld(requested: header.currentEpoch, current: state.currentEpoch)
        }
        // Not only equality: a vote is never given in an epoch before the last one.
        guard state.lastVoteEpoch < state.currentEpoch || turn.has(.secondVote) else {
            return .alreadyVoted(in: state.lastVoteEpoch)
        }
        guard case .replica(let masterID) = state.nodes[candidate].role else {
            return .requesterIsMaster
        }
        guard let masterID, let master = state.nodes.find(masterID) else { return .masterUnknown }
        let forced = header.messageFlags.contains(.forceAck)
        guard forced || turn.countsAsFailed(state.nodes[master].condition) else {
            return .masterNotFailed(masterID)
        }
        let sinceVote = turn.now.monotonic - state.nodes[master].votedAt
        if state.nodes[master].votedAt != 0 && sinceVote < turn.config.voteThrottle {
            return .votedRecently(milliseconds: sinceVote)
        }
        if !turn.has(.ignoreNewerOwner),
            let newer = SlotOwnership.newerOwner(
                of: header.slots, than: header.configEpoch, besides: candidate, state)
        {
            return .slotsOwnedByNewer(
                newer.slot, owner: state.nodes[newer.owner].id,
                epoch: state.nodes[newer.owner].configEpoch)
        }
        return nil
    }

    /// The vote is on disk: say it on our link, or on the candidate's when ours does not stand
    /// (a vote is judged by its sender alone, and one that is not said is spent all the same).
    ///
    /// Its header names the epoch of the vote: ours may have risen while the disk was waited for,
    /// and a vote counts for the epoch that it names.
    ///
    /// - Source: bus protocol §12 row 29.
    static func say(
        to candidate: NodeID, in epoch: Epoch, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        guard let handle = state.nodes.find(candidate) else { return }
        guard let link = state.nodes[handle].outbound.openID ?? state.nodes[handle].inbound else {
            return
        }
        state.send(.vote, on: link, as: epoch, &turn)
    }
}
