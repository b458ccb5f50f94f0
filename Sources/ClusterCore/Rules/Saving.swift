// When nodes.conf is saved, and what follows from a save that ended. Votes, vote requests and claims wait here
// until a save that holds them is confirmed; if that save fails they are taken back. This rule only returns
// them: Machine calls the rule that sends them (Voting, Election) or takes them back (Roles).
// Follows bus protocol §1.6, §12 rows 17 and 20; DECISIONS D3.

import ClusterWire

enum Saving {
    /// Keeps a vote, a vote request or a claim until the save that the end of this step asks for is confirmed.
    static func wait(
        _ kind: DurableAction.Kind, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        state.durability.wait(kind)
        context.pending.formUnion([.save, .syncedSave])
    }

    /// End of a step: asks for one save, in front of all other effects, if a rule asked for one or our own
    /// role, slots or epochs have changed. Other changes are synced within a second: a node that came back
    /// with a file that lists no living node could not join the cluster again.
    static func save(_ state: inout ClusterState, _ context: inout StepContext) {
        let now = context.now.monotonic
        let facts = state.selfFacts
        let isRetryDue = state.durability.isRetryDue(at: now)
        let mustNotWait = context.pending.contains(.syncedSave)
        var mustSync =
            facts != state.durability.askedFacts || mustNotWait || isRetryDue
            || state.durability.isStale(at: now)
        guard mustSync || context.pending.contains(.save) else { return }
        let isAwaited = context.pending.isSuperset(of: [.save, .awaited])
        // After a failed save the next attempt waits, unless a command or a vote waits for the save.
        if state.durability.isPaused(at: now) && !mustNotWait && !isAwaited { return }
        // When the disk stalls, synced saves must not queue up without limit: past the limit only votes, vote
        // requests and claims still get one. A command gets a save without a sync, and the rest is saved later.
        if state.durability.syncedUnderway >= ClusterConfig.savesUnderwayLimit && !mustNotWait {
            guard isAwaited else { return }
            mustSync = false
        }
        state.durability.begin(facts, isSynced: mustSync, at: now)
        let generation = state.durability.newest
        if isAwaited && !context.has(.replyBeforeSave) { context.holdReplies(until: generation) }
        context.emitFirst(.persist(generation, sync: mustSync))
    }

    /// A command changed nothing, because the state is as it asks already. If that state is not yet on disk,
    /// this asks for another save, and the command is answered when it is made.
    static func saveAgain(_ state: ClusterState, _ context: inout StepContext) {
        if state.durability.isFailing || state.durability.newest > state.durability.confirmed {
            context.pending.insert(.save)
        }
    }

    /// End of a step: broadcasts our role, slots and epochs in a PONG: now if they are on disk, else once they
    /// are.
    static func broadcastSelf(_ state: inout ClusterState, _ context: inout StepContext) {
        if state.selfFacts == state.durability.facts {
            Sending.broadcastPong(&state, &context)
        } else {
            state.durability.deferBroadcast()
        }
    }

    /// A save and all before it are on disk. Returns the votes, requests and claims that waited for them.
    static func confirmed(
        upTo generation: Generation, _ state: inout ClusterState, _ context: inout StepContext
    ) -> [DurableAction] {
        guard generation > state.durability.confirmed else { return [] }
        if state.durability.isFailing { context.note(.saveRecovered) }
        let former = state.durability.facts
        let due = state.durability.confirm(upTo: generation)
        let latter = state.durability.facts
        let isNews =
            former.role != latter.role || former.slots != latter.slots
            || former.configEpoch != latter.configEpoch
        if state.durability.takeDeferredBroadcast() || isNews {
            Sending.broadcastPong(&state, &context)
        }
        return due
    }

    /// A save failed, and is tried again later. Returns what waited for it and is taken back.
    static func failed(
        from generation: Generation, because fault: SystemFault, _ state: inout ClusterState,
        _ context: inout StepContext
    ) -> [DurableAction] {
        guard generation > state.durability.confirmed else { return [] }
        let lost = state.durability.fail(from: generation, at: context.now.monotonic)
        context.note(.saveFailed(fault))
        return lost
    }
}
