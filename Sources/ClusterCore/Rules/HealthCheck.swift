// Whether the cluster serves: every slot has a living owner, and most masters can be reached. A
// master that comes back waits a moment before it serves; one that was never part of a cluster
// waits for nobody. Follows bus protocol §5.5; differs as DECISIONS D9 says.

import ClusterWire

enum HealthCheck {
    /// Judges the cluster; runs at the end of steps that may have changed it, and each tick while
    /// it does not serve.
    static func judge(_ state: inout ClusterState, _ turn: inout Turn) {
        let now = turn.now.monotonic
        let isFirst = state.health.firstJudged == 0
        if isFirst { state.health.firstJudged = now }
        let waits = state.me.isMaster && !state.isNewborn
        // Others may have replaced it meanwhile. One that was elected since then knows that it was
        // not: it need not wait.
        if state.returnedAsMaster && !state.health.isOK
            && now - state.health.firstJudged < ClusterConfig.writableDelay
        {
            return
        }
        noteUnclaimed(&state, at: now)
        let reason = verdict(state, turn)
        if reason == .minority { state.health.minorityAt = now }
        let isOK = reason == .allWell
        guard isOK != state.health.isOK else {
            if !isOK && !isFirst && reason != state.health.reason {
                turn.note(.failReasonChanged(reason))
            }
            state.health.reason = reason
            return
        }
        if isOK && waits && state.health.minorityAt != 0
            && now - state.health.minorityAt < turn.config.rejoinDelay
        {
            return
        }
        state.health.isOK = isOK
        state.health.reason = reason
        if isOK { state.isNewborn = false }
        turn.note(.healthChanged(ok: isOK, reason: reason))
    }

    /// A slot that its owner gives up is mostly claimed by another a moment later. One that stays so is
    /// served by nobody: whoever has it may have died before we heard of it. The slots that wait are
    /// watched together; those that come later wait until these are claimed, since in a resharding there
    /// may always be some.
    ///
    /// - Source: bus protocol §12 row 24; DECISIONS D30.
    private static func noteUnclaimed(_ state: inout ClusterState, at now: Int64) {
        let all = state.slots.notClaimed
        guard !all.isEmpty || !state.health.unclaimed.isEmpty else { return }
        let still = state.health.unclaimed.intersection(all)
        if still.isEmpty { state.health.unclaimedSince = now }
        state.health.unclaimed = still.isEmpty ? all : still
    }

    private static func verdict(_ state: ClusterState, _ turn: Turn) -> Note.HealthReason {
        let tally = state.nodes.tally
        let isClaimed =
            state.health.unclaimed.isEmpty
            || turn.now.monotonic - state.health.unclaimedSince <= turn.config.nodeTimeout
        // Who has failed serves nothing; nor does who is nowhere, though too few may know it to find
        // that it has failed.
        let covered =
            state.slots.assignedCount == Layout.slotCount && tally.failedOwners == 0
            && tally.lostOwners == 0 && isClaimed
        if tally.healthyVoters < state.quorum { return .minority }
        return covered || !turn.config.requireFullCoverage ? .allWell : .slotUncovered
    }
}
