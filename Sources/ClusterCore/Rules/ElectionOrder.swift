// Whose turn it is to ask for votes: of siblings the one with the most data comes first, and masters that
// failed together are replaced one after the other, in the order of their shard ids. Two that ask in one epoch
// split the votes, and a voter that has seen a later epoch does not vote in an earlier one. Scheduling an
// election, asking for votes and winning are in Election. Valkey 8.1 has a fixed delay for each failed master.
// Follows bus protocol §6.2; differs as DECISIONS D19, D37 and D43 say.

import ClusterWire

enum ElectionOrder {
    /// When votes may be asked for as things are. Each shard before ours that has not had its turn is
    /// waited for anew whenever another one had it, so that one that cannot stand costs its delay once.
    static func timeToAsk(
        _ candidacy: inout Candidacy, _ master: NodeHandle, _ state: ClusterState,
        _ context: StepContext
    ) -> Int64 {
        let now = context.now.monotonic
        let heard = state.election.latestRequest
        if candidacy.place.isLate {
            // Candidates that lost ask again, in their order, once nobody has asked for a while.
            if let heard {
                let end = heard.at + pause(state, context)
                guard now >= end else { return end }
            }
            candidacy.place.beginRound(at: now)
        }
        let rank = max(candidacy.place.rank, rank(among: master, state))
        candidacy.place.readyAt += Int64(rank - candidacy.place.rank) * ClusterConfig.rankDelay
        candidacy.place.rank = rank
        let turns =
            Int64(shardsBefore(master, state, after: candidacy.place.passed))
            * context.config.masterRankDelay
        let due = max(candidacy.place.readyAt, candidacy.place.waitsSince + turns)
        guard let heard, !heard.isOver else { return due }
        return max(due, heard.at + gap(state, context) + turns)
    }

    /// Milliseconds from hearing a request to making the next. A part `f` of the spread of delays after the
    /// first request was heard, at most (1 - f)² / 2 of the voters read the second one before it. Of the votes
    /// that can be spared not all may be missed; where messages are lost, and there are fewer to spare than may
    /// be lost, the next one waits until the other election is over.
    private static func gap(_ state: ClusterState, _ context: StepContext) -> Int64 {
        let ways = state.heartbeats.roundTrips.summary
        let voters = Double(max(1, state.nodes.counts.healthyVoters))
        let spare = Double(max(0, state.nodes.counts.healthyVoters - state.quorum))
        if spare < 1 || ways.lateShare > 0 && spare < 1 + 2 * ways.lateShare * voters {
            return 2 * ways.answerTime
        }
        let part = 1 - (2 * spare / voters / 0.8).squareRoot()
        return Int64((Double(ways.spread) * max(0, part)).rounded())
    }

    /// Milliseconds without a request after which all have had their turn.
    private static func pause(_ state: ClusterState, _ context: StepContext) -> Int64 {
        gap(state, context) + 2 * state.heartbeats.roundTrips.summary.answerTime
    }

    /// Another candidate asks. When nobody had for a while, it is the first of those whose turn was in vain,
    /// and a new round has begun.
    static func receivedRequest(
        for shard: ShardID, of candidacy: inout Candidacy, _ state: ClusterState,
        _ context: StepContext
    ) {
        let now = context.now.monotonic
        if candidacy.place.isLate {
            let silence = state.election.latestRequest.map { now - $0.at } ?? .max
            if silence > pause(state, context) * 3 / 4 { candidacy.place.beginRound(at: now) }
        }
        if !candidacy.place.isLate && shard < state.me.shard {
            candidacy.place.pass(shard, at: now)
        }
    }

    /// How many other masters with slots are down too and have a replica to stand for them, and come
    /// first. Those up to the last one whose turn it was are not waited for again.
    static func shardsBefore(
        _ master: NodeHandle, _ state: ClusterState, after passed: ShardID? = nil
    ) -> Int {
        guard state.nodes.counts.voters > state.nodes.counts.healthyVoters else { return 0 }
        let shard = state.nodes[master].shard
        var hasReplica = [Bool](repeating: false, count: state.nodes.capacity)
        for handle in state.nodes.handles where state.nodes[handle].condition.isHealthy {
            guard let id = state.nodes[handle].master, let other = state.nodes.find(id),
                !state.nodes[handle].peerFlags.contains(.noFailover)
            else { continue }
            hasReplica[other.index] = true
        }
        return state.nodes.handles.count { other in
            hasReplica[other.index] && state.nodes[other].isVotingMaster
                && state.nodes[other].isUnhealthy && state.nodes[other].shard < shard
                && passed.map { $0 < state.nodes[other].shard } ?? true
        }
    }

    // MARK: Siblings

    static func siblings(of master: NodeHandle, _ state: ClusterState) -> [NodeHandle] {
        state.replicas(of: state.nodes[master].id).filter { $0 != .myself }
    }

    /// Whether each living sibling that may stand has told its offset since the master fell silent.
    static func siblingsHaveSpoken(_ state: ClusterState, _ master: NodeHandle) -> Bool {
        let silentSince = state.nodes[master].dataReceived
        return siblings(of: master, state).allSatisfy { sibling in
            state.nodes[sibling].condition.isFailed
                || state.nodes[sibling].peerFlags.contains(.noFailover)
                || state.nodes[sibling].offsetAt > silentSince
        }
    }

    /// How many living siblings have more of the master's data; of equals, the smaller id is first.
    static func rank(among master: NodeHandle, _ state: ClusterState) -> Int {
        let me = state.me
        return siblings(of: master, state).count { sibling in
            let node = state.nodes[sibling]
            guard !node.condition.isFailed, !node.peerFlags.contains(.noFailover) else {
                return false
            }
            return node.offset > me.offset || (node.offset == me.offset && node.id < me.id)
        }
    }
}
