// The candidate's side: when a replica schedules an election, asks for votes, and has won. A replica that knows
// its siblings' offsets does not wait the half second that the reference waits for them. Each voter receives
// FAIL before the request, because FAIL is sent first on the same link. Rank orders the replicas of one master
// as in the reference; masters that failed together have an order of their own (ElectionOrder).
// Follows bus protocol §6.1, §6.2, §6.4; differs as DECISIONS D11 and D43 say.

import ClusterWire
import Determinism

enum Election {
    /// EndOfStep: schedules the election, asks for votes or gives up, when the time for it has come.
    static func advance(_ state: inout ClusterState, _ context: inout StepContext) {
        guard let master = electable(&state, &context) else {
            state.election.end()
            return
        }
        let isManual = ManualFailover.mayStand(state)
        if needsSchedule(state, context, isManual) { schedule(master, isManual, &state, &context) }
        if state.election.candidacy?.poll != nil {
            askAgain(&state, &context)
            giveUpIfLost(&state, &context)
        }
        guard var candidacy = state.election.candidacy, candidacy.epoch == nil else { return }
        if candidacy.isWaiting {
            candidacy.askAt = ElectionOrder.timeToAsk(&candidacy, master, state, context)
        }
        state.election.stand(candidacy)
        guard context.now.monotonic >= candidacy.askAt else {
            return arm(candidacy.askAt, &state, &context)
        }
        guard context.now.monotonic - candidacy.askAt <= context.config.electionTimeout else {
            return
        }
        // With a disk that has just failed each tick would use up an epoch.
        guard !state.durability.isPaused(at: context.now.monotonic) else { return }
        state.reach(state.currentEpoch.next)
        candidacy.save(state.currentEpoch)
        state.election.stand(candidacy)
        Saving.wait(.voteRequest(state.currentEpoch), &state, &context)
        context.note(.electionStarted(state.currentEpoch, forced: isManual))
    }

    /// Asks for a timer, since the time may come before the next tick.
    private static func arm(
        _ time: Int64, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        if state.election.wantsTimer(at: time) { context.emit(.timer(at: time)) }
    }

    /// Our master, when it is to be replaced and this replica may do it.
    ///
    /// - Source: bus protocol §6.1; the master's slots are asked for as in Redis.
    private static func electable(
        _ state: inout ClusterState, _ context: inout StepContext
    ) -> NodeHandle? {
        guard let master = state.myMaster, state.nodes[master].slotCount > 0 else { return nil }
        if ManualFailover.mayStand(state) { return master }
        guard context.countsAsFailed(state.nodes[master].condition) else {
            state.election.forgetDecline()
            return nil
        }
        if let reason = reasonNotToStand(state, master, context) {
            if state.election.decline() { context.note(.electionDeclined(reason: reason)) }
            return nil
        }
        state.election.forgetDecline()
        return master
    }

    private static func reasonNotToStand(
        _ state: ClusterState, _ master: NodeHandle, _ context: StepContext
    ) -> Note.DeclineReason? {
        if context.config.replicaNoFailover { return .disabled }
        guard var age = Replication.copyAge(state, master, context) else { return .noCopy }
        if age > context.config.nodeTimeout { age -= context.config.nodeTimeout }
        let factor = context.config.replicaValidityFactor
        guard factor > 0 else { return nil }
        let limit = context.config.replicaPingPeriod + context.config.nodeTimeout * factor
        return age > limit ? .dataTooOld(age: age) : nil
    }

    private static func needsSchedule(
        _ state: ClusterState, _ context: StepContext, _ isManual: Bool
    ) -> Bool {
        guard let candidacy = state.election.candidacy else { return true }
        if isManual && !candidacy.isManual { return true }
        return context.now.monotonic - candidacy.askAt > context.config.electionRetry
    }

    private static func schedule(
        _ master: NodeHandle, _ isManual: Bool, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        if let old = state.election.candidacy, !isManual {
            context.note(.electionExpired(old.epoch))
        }
        var delay: Int64 = 0
        var rank = 0
        if !isManual {
            rank = ElectionOrder.rank(among: master, state)
            delay = Int64(rank) * ClusterConfig.rankDelay
            if !ElectionOrder.siblingsHaveSpoken(state, master) {
                delay += ClusterConfig.offsetDelay
                delay += Int64(context.random.below(Int(ClusterConfig.offsetDelay)))
            }
        }
        var candidacy = Candidacy(
            at: context.now.monotonic, delay: delay, rank: rank, isManual: isManual)
        if !isManual {
            candidacy.askAt = ElectionOrder.timeToAsk(&candidacy, master, state, context)
            delay = candidacy.askAt - context.now.monotonic
        }
        state.election.stand(candidacy)
        context.note(.electionScheduled(delay: delay, rank: rank, offset: state.me.offset))
        for sibling in ElectionOrder.siblings(of: master, state) {
            Sending.pong(sibling, &state, &context)
        }
    }

    /// Somebody else asks for votes. In the epoch of our own election, or before our request has left, the
    /// one whose shard comes first goes on, and the other asks in a later epoch.
    static func receivedRequest(
        _ header: Header, from candidate: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        // A request of a manual failover has no place in the order: ours does not wait for it.
        guard !header.messageFlags.contains(.forceAck), let id = state.nodes[candidate].master,
            let other = state.nodes.find(id), let mine = state.myMaster, other != mine
        else { return }
        let shard = state.nodes[other].shard
        defer { state.election.receivedRequest(for: shard, at: context.now.monotonic) }
        guard var candidacy = state.election.candidacy, !candidacy.isManual else { return }
        let comesFirst = shard < state.nodes[mine].shard
        ElectionOrder.receivedRequest(for: shard, of: &candidacy, state, context)
        if let epoch = candidacy.epoch, header.currentEpoch >= epoch {
            let wasAsked = candidacy.poll != nil
            if !wasAsked || comesFirst && header.currentEpoch == epoch {
                context.note(.electionExpired(epoch))
                candidacy.place.isLate = wasAsked
                candidacy.giveUpEpoch()
                candidacy.askAt = context.now.monotonic
            } else {
                candidacy.overtake(at: context.now.monotonic)
            }
        }
        state.election.stand(candidacy)
        context.pending.insert(.election)
    }

    /// An election ends without a winner when another candidate has asked since and the votes on their way have
    /// had time to arrive, or when too many masters refused.
    private static func giveUpIfLost(_ state: inout ClusterState, _ context: inout StepContext) {
        guard var candidacy = state.election.candidacy, !candidacy.isManual,
            let poll = candidacy.poll
        else { return }
        if state.size - poll.refusers.count >= state.quorum {
            guard let overtakenAt = poll.overtakenAt else { return }
            let patience = max(
                context.config.overtakenPatience, 2 * state.heartbeats.roundTrips.summary.answerTime
            )
            let doublings = min(max(0, candidacy.attempts - 1), 16)
            let wait = min(patience << doublings, context.config.electionRetry)
            let end = max(overtakenAt, candidacy.askAt) + wait
            guard context.now.monotonic >= end else { return arm(end, &state, &context) }
        }
        context.note(.electionExpired(candidacy.epoch))
        candidacy.lose(at: context.now.monotonic)
        state.election.stand(candidacy)
    }

    /// The epoch of the request is on disk: broadcasts FAIL, then the vote request.
    static func ask(_ epoch: Epoch, _ state: inout ClusterState, _ context: inout StepContext) {
        guard var candidacy = state.election.candidacy, candidacy.phase == .saving(epoch),
            state.me.master != nil
        else { return }
        guard epoch == state.currentEpoch else {
            // A later epoch came in meanwhile: nobody votes in this one any more.
            candidacy.giveUpEpoch()
            candidacy.askAt = context.now.monotonic
            state.election.stand(candidacy)
            context.pending.insert(.election)
            return
        }
        // The time to win runs from the request, not from the save.
        candidacy.ask(in: epoch, at: context.now.monotonic)
        state.election.stand(candidacy)
        for handle in state.connectedPeers() {
            guard let link = state.nodes[handle].outbound.openID else { continue }
            ask(handle, on: link, &state, &context)
        }
        arm(timeToAskAgain(candidacy, state), &state, &context)
    }

    private static func timeToAskAgain(_ candidacy: Candidacy, _ state: ClusterState) -> Int64 {
        candidacy.askAt + state.heartbeats.roundTrips.summary.answerTime
            + ClusterConfig.slowDiskTime
    }

    /// In a manual failover the master itself votes, too; otherwise it is not sent FAIL about itself.
    private static func ask(
        _ handle: NodeHandle, on link: LinkID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard let candidacy = state.election.candidacy, let master = state.myMaster else { return }
        if !candidacy.isManual && state.nodes[master].condition.isFailed && handle != master {
            Sending.send(.fail(state.nodes[master].id), on: link, &state, &context)
        }
        Sending.send(
            .voteRequest, on: link, flags: candidacy.isManual ? .forceAck : [],
            as: candidacy.epoch, &state, &context)
    }

    /// When TCP loses a packet, all that was sent after it waits for the retransmission. A master that has not
    /// voted after a slow round trip is asked again, on the connection that it made.
    ///
    /// - Source: DECISIONS D43.
    private static func askAgain(_ state: inout ClusterState, _ context: inout StepContext) {
        guard var candidacy = state.election.candidacy, let poll = candidacy.poll,
            !poll.wasRepeated
        else { return }
        let due = timeToAskAgain(candidacy, state)
        guard context.now.monotonic >= due else { return arm(due, &state, &context) }
        candidacy.repeatRequest()
        state.election.stand(candidacy)
        // Where a later epoch is known, nobody votes in this one any more.
        guard candidacy.epoch == state.currentEpoch else { return }
        for handle in state.nodes.handles where handle != .myself {
            let node = state.nodes[handle]
            guard node.isVotingMaster, node.condition.isHealthy, let link = node.inbound,
                !poll.voters.contains(node.id)
            else { continue }
            ask(handle, on: link, &state, &context)
        }
    }

    /// A vote: counts once per voter, for this election's epoch, from a master that has slots.
    ///
    /// - Source: bus protocol §6.4.
    static func voted(
        _ voter: NodeHandle, _ header: Header, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard var candidacy = state.election.candidacy,
            case .asked(let epoch, let poll) = candidacy.phase, state.nodes[voter].isVotingMaster,
            header.currentEpoch >= epoch || context.has(.oldVotes),
            !poll.voters.contains(state.nodes[voter].id)
        else { return }
        candidacy.count(state.nodes[voter].id)
        state.election.stand(candidacy)
        guard context.now.monotonic - candidacy.askAt <= context.config.electionTimeout else {
            return
        }
        if poll.voters.count + 1 >= state.quorum {
            context.note(.electionWon(epoch, votes: poll.voters.count + 1))
            Roles.replaceMaster(at: epoch, &state, &context)
        }
    }

    /// A voter says that it does not vote for us: where too many do, the election is over.
    ///
    /// - Source: bus protocol §14.
    static func refused(
        by voter: NodeHandle, _ nack: VoteNack, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        let id = state.nodes[voter].id
        guard var candidacy = state.election.candidacy,
            case .asked(nack.epoch, let poll) = candidacy.phase, state.nodes[voter].isVotingMaster,
            !poll.voters.contains(id), !poll.refusers.contains(id)
        else { return }
        candidacy.countRefusal(of: id)
        state.election.stand(candidacy)
        context.pending.insert(.election)
    }
}
