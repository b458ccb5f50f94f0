// When the state is saved, and what a save that ended means: what waited for a confirmed one is due, in the
// order in which it came up, and what waited for a failed one is lost. Who asked for it does what is due or
// takes back what is lost: Machine hands it over.
// Follows bus protocol §1.6, §12 rows 17 and 20; DECISIONS D3.

import ClusterWire

enum Saving {
    /// Something is to be said when the save that the end of the step asks for is confirmed.
    static func wait(
        _ kind: DurableAction.Kind, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        state.durability.wait(kind)
        context.pending.formUnion([.save, .syncedSave])
    }

    /// End of a step: asks for one save, put in front of all else, if anything asked for one or what we
    /// say of ourselves has changed. What need not be on disk at once is there after a second: a
    /// node that comes back knowing nobody who lives could not be found by the others.
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
        // After a failure the next attempt waits, unless somebody waits for the save.
        if state.durability.isPaused(at: now) && !mustNotWait && !isAwaited { return }
        // A disk that stalls holds up what we say, not our memory: what comes in meanwhile is saved
        // once it moves on, and synced then if somebody waits for the save alone.
        if state.durability.syncedUnderway >= ClusterConfig.savesUnderwayLimit && !mustNotWait {
            guard isAwaited else { return }
            mustSync = false
        }
        state.durability.begin(facts, isSynced: mustSync, at: now)
        let generation = state.durability.newest
        if isAwaited && !context.has(.replyBeforeSave) { context.holdReplies(until: generation) }
        context.emitFirst(.persist(generation, sync: mustSync))
    }

    /// What a command asked for is there already, but perhaps not in a save that is made: it is
    /// answered by one that is.
    static func saveAgain(_ state: ClusterState, _ context: inout StepContext) {
        if state.durability.isFailing || state.durability.newest > state.durability.confirmed {
            context.pending.insert(.save)
        }
    }

    /// End of a step: tells everybody what we are: now when all of it is durable, else once it is.
    static func tellNews(_ state: inout ClusterState, _ context: inout StepContext) {
        if state.selfFacts == state.durability.facts {
            Sending.broadcastPong(&state, &context)
        } else {
            state.durability.oweNews()
        }
    }

    /// A save and all before it are on disk: what they hold may be said. Returns what waited for them.
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
        if state.durability.takeNews() || isNews { Sending.broadcastPong(&state, &context) }
        return due
    }

    /// A save failed, and is tried again. Returns what is lost by it.
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
