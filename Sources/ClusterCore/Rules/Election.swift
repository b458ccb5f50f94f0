// The candidate's side: when a replica stands, when it asks, when it has won. A replica whose
// siblings' offsets are known does not wait the half second in which the reference lets them tell;
// that each voter has heard FAIL first is ensured by sending it on the same link before the request.
// Rank orders siblings as ever, and failed masters among themselves as in Valkey 8.1.
// Follows bus protocol §6.1, §6.2, §6.4; differs as DECISIONS D11 says.

import ClusterWire

enum Election {
    /// Settle: stands, asks or gives up, as the time has come.
    static func advance(_ state: inout ClusterState, _ turn: inout Turn) {
        guard let master = electable(&state, &turn) else {
            state.candidacy = nil
            return
        }
        let isManual = ManualFailover.mayStand(state)
        if needsSchedule(state, turn, isManual) { schedule(master, isManual, &state, &turn) }
        guard var candidacy = state.candidacy else { return }
        if candidacy.epoch == nil && !candidacy.manual {
            delayByRank(&candidacy, master, &state, &turn)
        }
        let age = turn.now.monotonic - candidacy.askAt
        guard age >= 0, candidacy.epoch == nil else { return }
        guard age <= turn.config.electionTimeout else { return }
        // A disk that just failed would spend an epoch a tick.
        guard turn.now.monotonic >= state.saves.retryAt else { return }
        state.currentEpoch = state.currentEpoch.next
        candidacy.epoch = state.currentEpoch
        state.candidacy = candidacy
        Promises.make(.voteRequest(state.currentEpoch), &state, &turn)
        turn.note(.electionStarted(state.currentEpoch, forced: isManual))
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
        var masterRank = 0
        if !isManual {
            rank = self.rank(among: master, state)
            masterRank = self.masterRank(of: master, state)
            delay = Int64(rank) * ClusterConfig.rankDelay
            delay += Int64(masterRank) * turn.config.masterRankDelay
            if !siblingsHaveSpoken(state, master) {
                delay += ClusterConfig.offsetDelay
                delay += Int64(turn.random.below(Int(ClusterConfig.offsetDelay)))
            }
        }
        state.candidacy = Candidacy(
            askAt: turn.now.monotonic + delay, rank: rank, masterRank: masterRank,
            manual: isManual)
        turn.note(.electionScheduled(delay: delay, rank: rank, offset: state.me.offset))
        for sibling in siblings(of: master, state) { state.pong(sibling, &turn) }
    }

    private static func siblings(of master: NodeHandle, _ state: ClusterState) -> [NodeHandle] {
        state.replicas(of: state.nodes[master].id).filter { $0 != .myself }
    }

    /// Whether each living sibling that may stand has told its offset since the master fell silent.
    private static func siblingsHaveSpoken(_ state: ClusterState, _ master: NodeHandle) -> Bool {
        let silentSince = state.nodes[master].dataReceived
        return siblings(of: master, state).allSatisfy { sibling in
            state.nodes[sibling].condition.isFailed
                || state.nodes[sibling].traits.contains(.noFailover)
                || state.nodes[sibling].offsetAt > silentSince
        }
    }

    /// How many living siblings have more of the master's data; of equals, the smaller id is first.
    static func rank(among master: NodeHandle, _ state: ClusterState) -> Int {
        let me = state.me
        return siblings(of: master, state).count { sibling in
            let node = state.nodes[sibling]
            guard !node.condition.isFailed, !node.traits.contains(.noFailover) else {
                return false
            }
            return node.offset > me.offset || (node.offset == me.offset && node.id < me.id)
        }
    }

    private static func delayByRank(
        _ candidacy: inout Candidacy, _ master: NodeHandle, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        let rank = max(candidacy.rank, rank(among: master, state))
        let masterRank = masterRank(of: master, state, after: candidacy.replaced)
        let further = masterRank - candidacy.masterRank
        candidacy.askAt += Int64(rank - candidacy.rank) * ClusterConfig.rankDelay
        let step = turn.config.masterRankDelay
        candidacy.askAt += Int64(max(0, further)) * step
        if further < 0 {
            // Those before us were replaced, or are well again: whoever is first now has all of its
            // time from here on, and who has nobody before it need not wait.
            candidacy.askAt = min(candidacy.askAt, turn.now.monotonic + Int64(masterRank) * step)
        }
        candidacy.rank = rank
        candidacy.masterRank = masterRank
        state.candidacy = candidacy
    }

    /// How many other masters with slots are down too and have a replica to stand for them, and
    /// come first: two that ask in one epoch would split the votes, and neither would win. Those before
    /// the last one that was replaced had their turn, and are not waited for again.
    static func masterRank(
        of master: NodeHandle, _ state: ClusterState, after replaced: ShardID? = nil
    ) -> Int {
        guard state.nodes.tally.voters > state.nodes.tally.healthyVoters else { return 0 }
        let shard = state.nodes[master].shard
        var hasHeir = [Bool](repeating: false, count: state.nodes.capacity)
        for handle in state.nodes.handles where state.nodes[handle].condition.isHealthy {
            guard let id = state.nodes[handle].master, let other = state.nodes.find(id),
                !state.nodes[handle].traits.contains(.noFailover)
            else { continue }
            hasHeir[other.index] = true
        }
        return state.nodes.handles.count { other in
            hasHeir[other.index] && state.nodes[other].isVotingMaster
                && state.nodes[other].isSuspect && state.nodes[other].shard < shard
                && replaced.map { $0 < state.nodes[other].shard } ?? true
        }
    }

    /// The request is on disk: everybody is asked, and told of the failure first.
    static func ask(_ epoch: Epoch, _ state: inout ClusterState, _ turn: inout Turn) {
        guard var candidacy = state.candidacy, candidacy.epoch == epoch, !candidacy.asked,
            let master = state.me.master
        else { return }
        guard epoch == state.currentEpoch else {
            // A later epoch came in meanwhile: nobody votes in this one any more.
            candidacy.epoch = nil
            candidacy.askAt = turn.now.monotonic
            state.candidacy = candidacy
            turn.pending.insert(.election)
            return
        }
        candidacy.asked = true
        // The time to win runs from the request, not from the save.
        candidacy.askAt = turn.now.monotonic
        state.candidacy = candidacy
        let failed = state.nodes.find(master).map { state.nodes[$0].condition.isFailed } ?? false
        for handle in state.audience() {
            if failed && !candidacy.manual && state.nodes[handle].id != master {
                state.send(.fail(master), to: handle, &turn)
            }
            state.send(
                .voteRequest, to: handle, flags: candidacy.manual ? .forceAck : [],
                as: epoch, &turn)
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
}
