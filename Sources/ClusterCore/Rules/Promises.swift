// What waits for the disk: votes, vote requests and claims, each for the save that holds it. A
// confirmed save releases them in the order in which they were made; a failed one withdraws them.
// Follows bus protocol §1.6, §12 rows 17 and 20; DECISIONS D3.

import ClusterWire

enum Promises {
    /// Promises something: it is said when the save that `Settle` asks for is confirmed.
    static func make(
        _ kind: Promise.Kind, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        if case .vote(let candidate, let epoch) = kind, turn.has(.voteBeforeDisk) {
            Voting.say(to: candidate, in: epoch, &state, &turn)
        }
        let next = Generation(state.saves.newest.number + 1)
        state.promises.append(Promise(kind: kind, generation: next))
        turn.pending.formUnion([.save, .syncedSave])
    }

    /// Settle: asks for one save, put in front of all else, if anything asked for one or what we
    /// say of ourselves has changed. What need not be on disk at once is there after a second: a
    /// node that comes back knowing nobody who lives could not be found by the others.
    static func save(_ state: inout ClusterState, _ turn: inout Turn) {
        let facts = facts(state)
        let asked = state.saves.asked ?? state.durable
        let isRetryDue = state.saves.retryAt != 0 && turn.now.monotonic >= state.saves.retryAt
        let isStale =
            state.saves.unsyncedSince != 0
            && turn.now.monotonic - state.saves.unsyncedSince >= ClusterConfig.longestUnsynced
        var mustSync =
            facts != asked || turn.pending.contains(.syncedSave) || isRetryDue || isStale
        guard mustSync || turn.pending.contains(.save) else { return }
        let isAwaited = turn.pending.isSuperset(of: [.save, .awaited])
        // After a failure the next attempt waits, unless something new is promised.
        if state.saves.retryAt != 0 && !isRetryDue && !turn.pending.contains(.syncedSave)
            && !isAwaited
        {
            return
        }
        // A disk that stalls holds up what we say, not our memory: what comes in meanwhile is saved
        // once it moves on, and synced then if somebody waits for the save alone.
        if state.saves.underway.count(where: \.isSynced) >= ClusterConfig.savesUnderwayLimit
            && !turn.pending.contains(.syncedSave)
        {
            guard isAwaited else { return }
            mustSync = false
        }
        state.saves.newest.number += 1
        if isAwaited && !turn.has(.replyBeforeSave) { turn.holdReplies(until: state.saves.newest) }
        if mustSync {
            state.saves.underway.append(
                SaveUnderway(state.saves.newest, facts, isSynced: true))
            state.saves.retryAt = 0
            state.saves.unsyncedSince = 0
        } else {
            if facts != asked { state.saves.noteUnsynced(facts) }
            if state.saves.unsyncedSince == 0 {
                state.saves.unsyncedSince = turn.now.monotonic
            }
        }
        turn.emitFirst(.persist(state.saves.newest, sync: mustSync))
    }

    /// What a command asked for is there already, but perhaps not in a save that is made: it is
    /// answered by one that is.
    static func saveAgain(_ state: ClusterState, _ turn: inout Turn) {
        if state.saves.isFailing || state.saves.newest > state.saves.confirmed {
            turn.pending.insert(.save)
        }
    }

    /// Settle: tells everybody what we are: now when all of it is durable, else once it is.
    static func tellNews(_ state: inout ClusterState, _ turn: inout Turn) {
        if facts(state) == state.durable {
            state.broadcastPong(&turn)
        } else {
            state.owesNews = true
        }
    }

    static func facts(_ state: ClusterState) -> SelfFacts {
        SelfFacts(
            currentEpoch: state.currentEpoch, configEpoch: state.me.configEpoch,
            role: state.me.role, slots: state.me.slots, shard: state.me.shard)
    }

    /// A save and all before it are on disk: what they hold may be said.
    static func release(
        upTo generation: Generation, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        guard generation > state.saves.confirmed else { return }
        state.saves.confirmed = generation
        if state.saves.isFailing {
            state.saves.isFailing = false
            turn.note(.saveRecovered)
        }
        let former = state.durable
        while let first = state.saves.underway.first, first.generation <= generation {
            state.durable = first.facts
            state.saves.underway.removeFirst()
        }
        // One of several is on the disk, and which of them is not known here.
        if let next = state.saves.underway.first, next.first <= generation,
            let common = next.common
        {
            state.durable = common
        }
        let due = state.promises.filter { $0.generation <= generation }
        state.promises.removeAll { $0.generation <= generation }
        let isNews =
            former.role != state.durable.role || former.slots != state.durable.slots
            || former.configEpoch != state.durable.configEpoch
        if isNews || state.owesNews { state.broadcastPong(&turn) }
        state.owesNews = false
        for promise in due {
            switch promise.kind {
            case .vote(let candidate, let epoch):
                Voting.say(to: candidate, in: epoch, &state, &turn)
            case .voteRequest(let epoch): Election.ask(epoch, &state, &turn)
            case .claim: break  // said by the broadcast above: the role is news
            }
        }
    }

    /// A save failed: what waits for it is taken back, unless a later save that holds it too is on
    /// its way. Saving is tried again.
    static func withdraw(
        from generation: Generation, because fault: SystemFault, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        guard generation > state.saves.confirmed else { return }
        state.saves.underway.removeAll { $0.generation <= generation }
        state.saves.retryAt = turn.now.monotonic + ClusterConfig.saveRetry
        state.saves.isFailing = true
        turn.note(.saveFailed(fault))
        if let next = state.saves.underway.first?.generation {
            // A later save holds the same and is still on its way: the promise waits for that one.
            for index in state.promises.indices
            where state.promises[index].generation <= generation {
                state.promises[index].generation = next
            }
            return
        }
        let lost = state.promises
        state.promises = []
        for promise in lost {
            switch promise.kind {
            case .vote(let candidate, let epoch):
                // It is spent, and it was never given.
                state.lastVoteFor = nil
                turn.note(.voteWithdrawn(to: candidate, epoch, fault))
            case .voteRequest(let epoch):
                if state.candidacy?.epoch == epoch { state.candidacy = nil }
                turn.note(.claimWithdrawn(epoch, fault))
            case .claim(let master, let epoch, let formerEpoch):
                turn.note(.claimWithdrawn(epoch, fault))
                Roles.undoPromotion(from: master, formerEpoch: formerEpoch, &state, &turn)
            }
        }
    }
}
