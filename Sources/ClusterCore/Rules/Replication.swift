// Our own offset, and how old our copy of the master is. Until the store copies, a replica holds
// nothing: it flags itself as not standing, unless it is told that nothing can be lost, and then
// it goes by what its master last said. Follows bus protocol §6.1, §4.2; DECISIONS D12.

import ClusterWire

enum Replication {
    /// What the store says of itself.
    static func learned(
        _ report: StoreReport, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        state.store = report
        if report.copyAge != nil || state.me.isMaster {
            state.nodes[.myself].offset = report.offset
        }
        ManualFailover.catchUp(&state, &turn)
    }

    /// A node's header says its offset; without a copy of our own, our master's is ours.
    static func heardOffset(
        _ header: Header, of sender: NodeHandle, _ state: inout ClusterState, _ turn: Turn
    ) {
        state.nodes.heardOffset(header.offset, of: sender, at: turn.now.monotonic)
        if state.store.copyAge == nil && turn.config.failoverWithoutCopy && state.follows(sender) {
            state.nodes[.myself].offset = header.offset
        }
    }

    /// Milliseconds since our data was last known to be the master's; nil when there is none.
    static func copyAge(
        _ state: ClusterState, _ master: NodeHandle, _ turn: Turn
    ) -> Int64? {
        if let age = state.store.copyAge { return age }
        guard turn.config.failoverWithoutCopy else { return nil }
        // Never heard since the start: as old as can be, whatever this process counts from.
        let heard = state.nodes[master].dataReceived
        return heard == 0 ? Int64.max / 2 : turn.now.monotonic - heard
    }

    /// Settle: a replica that holds no copy says that it will not stand.
    static func flagMyself(_ state: inout ClusterState, _ turn: Turn) {
        let holdsNothing =
            !state.me.isMaster && state.store.copyAge == nil && !turn.config.failoverWithoutCopy
        let mayNotStand = turn.config.replicaNoFailover || holdsNothing
        guard mayNotStand != state.nodes[.myself].traits.contains(.noFailover) else { return }
        if mayNotStand {
            state.nodes[.myself].traits.insert(.noFailover)
        } else {
            state.nodes[.myself].traits.remove(.noFailover)
        }
    }
}
