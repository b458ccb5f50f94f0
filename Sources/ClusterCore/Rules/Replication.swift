// Our own offset, and how old our copy of the master is. A replica that holds no copy says offset 0,
// by which every node knows that it cannot be read from, and flags itself as not standing, unless it
// is told that nothing can be lost. Follows bus protocol §6.1, §4.2, §9.2; DECISIONS D12, D52.

import ClusterWire

enum Replication {
    /// What the store says of itself.
    static func learned(
        _ report: StoreReport, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        state.store = report
        state.nodes[.myself].offset = holdsNothing(state) ? 0 : report.offset
        ManualFailover.catchUp(&state, &context)
    }

    /// A replica without a copy of its master, whatever it held before.
    private static func holdsNothing(_ state: ClusterState) -> Bool {
        !state.me.isMaster && state.store.copyAge == nil
    }

    /// Milliseconds since our data was last known to be the master's; nil when there is none.
    static func copyAge(
        _ state: ClusterState, _ master: NodeHandle, _ context: StepContext
    ) -> Int64? {
        if let age = state.store.copyAge { return age }
        guard context.config.failoverWithoutCopy else { return nil }
        // Never heard since the start: as old as can be, whatever this process counts from.
        let heard = state.nodes[master].dataReceived
        return heard.isNever ? Int64.max / 2 : context.now.monotonic - heard
    }

    /// EndOfStep: a replica that holds no copy has no offset, and says that it will not stand.
    static func flagMyself(_ state: inout ClusterState, _ context: StepContext) {
        let holdsNothing = holdsNothing(state)
        if holdsNothing && state.me.offset != 0 { state.nodes[.myself].offset = 0 }
        let mayNotStand =
            context.config.replicaNoFailover || holdsNothing && !context.config.failoverWithoutCopy
        guard mayNotStand != state.nodes[.myself].peerFlags.contains(.noFailover) else { return }
        if mayNotStand {
            state.nodes[.myself].peerFlags.insert(.noFailover)
        } else {
            state.nodes[.myself].peerFlags.remove(.noFailover)
        }
    }
}
