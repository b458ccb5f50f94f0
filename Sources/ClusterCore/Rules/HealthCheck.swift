// Whether the cluster serves: every slot has a living owner, and most masters can be reached. A
// master that comes back waits a moment before it serves; one that was never part of a cluster
// waits for nobody. Follows bus protocol §5.5; differs as DECISIONS D9 says.

import ClusterWire

enum HealthCheck {
    /// Judges the cluster; runs at the end of steps that may have changed it, and each tick while
    /// it does not serve.
    static func judge(_ state: inout ClusterState, _ context: inout StepContext) {
        let now = context.now.monotonic
        let isFirst = state.health.beginJudging(at: now)
        let waits = state.me.isMaster && !state.membership.hasNeverJoined
        if Returning.waits(state, context.config, at: now) { return }
        // After a restart a master waits, since others may have replaced it meanwhile. One that was elected
        // since its start has not been replaced and need not wait.
        if state.membership.returnedAsMaster, !state.health.isOK,
            let first = state.health.firstJudgedAt, now - first < ClusterConfig.writableDelay
        {
            return
        }
        // A slot that its owner no longer claims is mostly claimed by another a moment later. If it is not, it
        // is served by nobody: its new owner may have failed before its header came (§12 row 24; D30).
        state.health.watch(unclaimed: state.slots.notClaimed, at: now)
        let reason = verdict(state, context)
        if reason == .minority { state.health.noteMinority(at: now) }
        let isOK = reason == .allWell
        guard isOK != state.health.isOK else {
            if !isOK && !isFirst && reason != state.health.reason {
                context.note(.failReasonChanged(reason))
            }
            return state.health.judge(isOK: isOK, reason)
        }
        if isOK && waits && state.health.wasMinority(within: context.config.rejoinDelay, at: now) {
            return
        }
        state.health.judge(isOK: isOK, reason)
        if isOK { state.membership.join() }
        context.note(.healthChanged(ok: isOK, reason: reason))
    }

    private static func verdict(_ state: ClusterState, _ context: StepContext) -> Note.HealthReason
    {
        let counts = state.nodes.counts
        let isClaimed = !state.health.hasUnclaimed(
            for: context.config.nodeTimeout, at: context.now.monotonic)
        // A failed owner does not serve its slots; nor does an owner without an address, even if too few
        // nodes have it as PFAIL to mark it FAIL.
        let covered =
            state.slots.assignedCount == Layout.slotCount && counts.failedOwners == 0
            && counts.lostOwners == 0 && isClaimed
        if counts.healthyVoters < state.quorum { return .minority }
        return covered || !context.config.requireFullCoverage ? .allWell : .slotUncovered
    }
}
