// The candidate's side: when a replica stands, when it asks, when it has won. A replica whose
// siblings' offsets are known does not wait the half second in which the reference lets them tell;
// that each voter has heard FAIL first is ensured by sending it on the same link before the request.
// Rank orders siblings as ever; masters that failed together have an order of their own (ElectionOrder).
// Follows bus protocol §6.1, §6.2, §6.4; differs as DECISIONS D11 and D43 say.

import ClusterWire
import Determinism

enum Election {
    /// Settle: stands, asks or gives up, as the time has come.
    static func advance(_ state: inout ClusterState, _ turn: inout Turn) {
        guard let master = electable(&state, &turn) else {
            state.candidacy = nil
            return
        }
        let isManual = ManualFailover.mayStand(state)
        if needsSchedule(state, turn, isManual) { schedule(master, isManual, &state, &turn) }
        if state.candidacy?.asked == true {
            askAgain(&state, &turn)
            giveUpIfLost(&state, &turn)
        }
        guard var candidacy = state.candidacy, candidacy.epoch == nil else { return }
        if candidacy.isWaiting {
            candidacy.askAt = ElectionOrder.timeToAsk(&candidacy, master, state, turn)
        }
        state.candidacy = candidacy
        guard turn.now.monotonic >= candidacy.askAt else {
            return arm(candidacy.askAt, &state, &turn)
        }
        guard turn.now.monotonic - candidacy.askAt <= turn.config.electionTimeout else { return }
        // A disk that just failed would spend an epoch a tick.
        guard turn.now.monotonic >= state.saves.retryAt else { return }
        state.currentEpoch = state.currentEpoch.next
        state.candidacy?.epoch = state.currentEpoch
        Promises.make(.voteRequest(state.currentEpoch), &state, &turn)
        turn.note(.electionStarted(state.currentEpoch, forced: isManual))
    }

    /// Asks to be looked at again at a time that may come before the next tick.
    private static func arm(_ time: Int64, _ state: inout ClusterState, _ turn: inout Turn) {
        guard state.candidacy?.timerAt != time else { return }
        state.candidacy?.timerAt = time
        turn.emit(.timer(at: time))
    }

    /// Our master, when it is to be replaced and we may do it.
    ///
    /// - Source: bus protocol §6.1; the master's slots are asked for as in Redis.
    private static func electable(
        _ state: inout ClusterState, _ turn: inout Turn
    ) -> NodeHandle? {
        guard let master = state.myMaster, state.nodes[master].slotCount > 0 else { return nil }
        if ManualFailover.mayStand(state) { return master }
        guard turn.countsAsFailed(state.nodes[master].condition) else {
            state.stoodAside = false
            return nil
        }
        if let reason = reasonNotToStand(state, master, turn) {
            if !state.stoodAside { turn.note(.electionNotStood(reason: reason)) }
            state.stoodAside = true
            return nil
        }
        state.stoodAside = false
        return master
    }

    private static func reasonNotToStand(
        _ state: ClusterState, _ master: NodeHandle, _ turn: Turn
    ) -> Note.NoCandidacyReason? {
        if turn.config.replicaNoFailover { return .disabled }
        guard var age = Replication.copyAge(state, master, turn) else { return .noCopy }
        if age > turn.config.nodeTimeout { age -= turn.config.nodeTimeout }
        let factor = turn.config.replicaValidityFactor
        guard factor > 0 else { return nil }
        let limit = turn.config.replicaPingPeriod + turn.config.nodeTimeout * factor
        return age > limit ? .dataTooOld(age: age) : nil
    }

    private static func needsSchedule(
        _ state: ClusterState, _ turn: Turn, _ isManual: Bool
    ) -> Bool {
        guard let candidacy = state.candidacy else { return true }
        if isManual && !candidacy.manual { return true }
        return turn.now.monotonic - candidacy.askAt > turn.config.electionRetry
    }

    private static func schedule(
        _ master: NodeHandle, _ isManual: Bool, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        if let old = state.candidacy, !isManual { turn.note(.electionExpired(old.epoch)) }
        var delay: Int64 = 0
        var rank = 0
        if !isManual {
            rank = ElectionOrder.rank(among: master, state)
            delay = Int64(rank) * ClusterConfig.rankDelay
            if !ElectionOrder.siblingsHaveSpoken(state, master) {
                delay += ClusterConfig.offsetDelay
                delay += Int64(turn.random.below(Int(ClusterConfig.offsetDelay)))
            }
        }
        var candidacy = Candidacy(
            at: turn.now.monotonic, delay: delay, rank: rank, manual: isManual)
        if !isManual {
            candidacy.askAt = ElectionOrder.timeToAsk(&candidacy, master, state, turn)
            delay = candidacy.askAt - turn.now.monotonic
        }
        state.candidacy = candidacy
        turn.note(.electionScheduled(delay: delay, rank: rank, offset: state.me.offset))
        for sibling in ElectionOrder.siblings(of: master, state) { state.pong(sibling, &turn) }
    }

    /// Somebody else asks for votes. In the epoch of our own election, or before our request has left, the
    /// one whose shard comes first goes on, and the other asks in a later epoch.
    static func heardRequest(
        _ header: Header, from candidate: NodeHandle, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        // What an operator asks for has no turn.
        guard !header.messageFlags.contains(.forceAck), let id = state.nodes[candidate].master,
            let other = state.nodes.find(id), let mine = state.myMaster, other != mine
        else { return }
        let shard = state.nodes[other].shard
        defer { state.requestHeard = RequestHeard(at: turn.now.monotonic, shard: shard) }
        guard var candidacy = state.candidacy, !candidacy.manual else { return }
        let comesFirst = shard < state.nodes[mine].shard
        ElectionOrder.heardRequest(for: shard, of: &candidacy, state, turn)
        if let epoch = candidacy.epoch, header.currentEpoch >= epoch {
            if !candidacy.asked || comesFirst && header.currentEpoch == epoch {
                turn.note(.electionExpired(epoch))
                candidacy.isLate = candidacy.asked
                candidacy.giveUpEpoch()
                candidacy.askAt = turn.now.monotonic
            } else if candidacy.overtakenAt == 0 {
                candidacy.overtakenAt = turn.now.monotonic
            }
        }
        state.candidacy = candidacy
        turn.pending.insert(.election)
    }

    /// An election that others overtook is over when the votes that may have been on their way have come,
    /// and so is one in which too many said no.
    private static func giveUpIfLost(_ state: inout ClusterState, _ turn: inout Turn) {
        guard var candidacy = state.candidacy, !candidacy.manual else { return }
        let left = state.size - candidacy.refusers.count
        if left >= state.quorum {
            guard candidacy.overtakenAt != 0 else { return }
            let patience = max(
                turn.config.overtakenPatience, 2 * state.roundTrips.summary.answerTime)
            let doublings = min(max(0, candidacy.attempts - 1), 16)
            let wait = min(patience << doublings, turn.config.electionRetry)
            let end = max(candidacy.overtakenAt, candidacy.askAt) + wait
            guard turn.now.monotonic >= end else { return arm(end, &state, &turn) }
        }
        turn.note(.electionExpired(candidacy.epoch))
        candidacy.giveUpEpoch()
        candidacy.attempts += 1
        candidacy.isLate = true
        candidacy.askAt = turn.now.monotonic
        state.candidacy = candidacy
    }

    /// The request is on disk: everybody is asked, and told of the failure first.
    static func ask(_ epoch: Epoch, _ state: inout ClusterState, _ turn: inout Turn) {
        guard var candidacy = state.candidacy, candidacy.epoch == epoch, !candidacy.asked,
            state.me.master != nil
        else { return }
        guard epoch == state.currentEpoch else {
            // A later epoch came in meanwhile: nobody votes in this one any more.
            candidacy.giveUpEpoch()
            candidacy.askAt = turn.now.monotonic
            state.candidacy = candidacy
            turn.pending.insert(.election)
            return
        }
        candidacy.asked = true
        // The time to win runs from the request, not from the save.
        candidacy.askAt = turn.now.monotonic
        state.candidacy = candidacy
        for handle in state.audience() {
            guard let link = state.nodes[handle].outbound.openID else { continue }
            ask(handle, on: link, &state, &turn)
        }
        arm(timeToAskAgain(candidacy, state), &state, &turn)
    }

    private static func timeToAskAgain(_ candidacy: Candidacy, _ state: ClusterState) -> Int64 {
        candidacy.askAt + state.roundTrips.summary.answerTime + ClusterConfig.slowDiskTime
    }

    /// The master itself votes where an operator asks; else it is not told that it has failed.
    private static func ask(
        _ handle: NodeHandle, on link: LinkID, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        guard let candidacy = state.candidacy, let master = state.myMaster else { return }
        if !candidacy.manual && state.nodes[master].condition.isFailed && handle != master {
            state.send(.fail(state.nodes[master].id), on: link, &turn)
        }
        state.send(
            .voteRequest, on: link, flags: candidacy.manual ? .forceAck : [],
            as: candidacy.epoch, &turn)
    }

    /// What is lost on a connection holds up all behind it for as long as its transport takes to send it
    /// again. Whoever has not voted after a slow round trip is asked on the connection that it made.
    ///
    /// - Source: DECISIONS D43.
    private static func askAgain(_ state: inout ClusterState, _ turn: inout Turn) {
        guard let candidacy = state.candidacy, !candidacy.askedAgain else { return }
        let due = timeToAskAgain(candidacy, state)
        guard turn.now.monotonic >= due else { return arm(due, &state, &turn) }
        state.candidacy?.askedAgain = true
        // Where a later epoch is known, nobody votes in this one any more.
        guard candidacy.epoch == state.currentEpoch else { return }
        for handle in state.nodes.handles where handle != .myself {
            let node = state.nodes[handle]
            guard node.isVotingMaster, node.condition.isHealthy, let link = node.inbound,
                !candidacy.voters.contains(node.id)
            else { continue }
            ask(handle, on: link, &state, &turn)
        }
    }

    /// A vote: counts once per voter, for this election's epoch, from a master that has slots.
    ///
    /// - Source: bus protocol §6.4.
    static func voted(
        _ voter: NodeHandle, _ header: Header, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        guard var candidacy = state.candidacy, candidacy.asked, let epoch = candidacy.epoch,
            state.nodes[voter].isVotingMaster,
            header.currentEpoch >= epoch || turn.has(.oldVotes),
            !candidacy.voters.contains(state.nodes[voter].id)
        else { return }
        candidacy.voters.append(state.nodes[voter].id)
        state.candidacy = candidacy
        guard turn.now.monotonic - candidacy.askAt <= turn.config.electionTimeout else { return }
        if candidacy.voters.count >= state.quorum {
            turn.note(.electionWon(epoch, votes: candidacy.voters.count))
            Roles.replaceMaster(at: epoch, &state, &turn)
        }
    }

    /// A voter says that it does not vote for us: where too many do, the election is over.
    ///
    /// - Source: bus protocol §14.
    static func refused(
        by voter: NodeHandle, _ nack: VoteNack, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        let id = state.nodes[voter].id
        guard let candidacy = state.candidacy, candidacy.asked, candidacy.epoch == nack.epoch,
            state.nodes[voter].isVotingMaster, !candidacy.voters.contains(id),
            !candidacy.refusers.contains(id)
        else { return }
        state.candidacy?.refusers.append(id)
        turn.pending.insert(.election)
    }
}
