// A failover that an operator asks for: the master pauses its clients, the replica catches up and
// then stands with votes that need no failure. Both sides give up at a deadline.
// Follows bus protocol §6.5.

import ClusterWire

enum ManualFailover {
    /// Whether this replica may stand without its master's failing.
    static func mayStand(_ state: ClusterState) -> Bool {
        if case .standing = state.manualFailover { return true }
        return false
    }

    /// A replica asks its master to pause.
    static func started(
        by replica: NodeHandle, on link: LinkID, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        guard state.me.isMaster, state.nodes[replica].master == state.myID else { return }
        reset(&state, &turn)
        let until = turn.now.monotonic + turn.config.manualFailoverTimeout
        let id = state.nodes[replica].id
        state.manualFailover = .pausing(for: id, until: until)
        turn.note(.manualFailoverStarted(by: id, kind: .asked))
        turn.emit(.pauseWrites(until: until + turn.config.manualFailoverTimeout))
        // On the connection of the request, at once, so that the replica has the final offset; it
        // does not start the clock of our own link.
        let beat = Compose.heartbeat(state, to: replica, &turn)
        state.send(.ping(beat), on: link, &turn)
    }

    /// Our paused master says its final offset.
    static func heardOffset(
        _ header: Header, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        guard case .following(nil, let until) = state.manualFailover,
            header.messageFlags.contains(.paused)
        else { return }
        state.manualFailover = .following(offset: header.offset, until: until)
        catchUp(&state, &turn)
    }

    /// Stands once everything that the master has is here. Who holds no copy has nothing to catch up
    /// with, and may stand only where that loses nothing.
    static func catchUp(_ state: inout ClusterState, _ turn: inout Turn) {
        guard case .following(let offset?, let until) = state.manualFailover,
            state.store.copyAge == nil
                ? turn.config.failoverWithoutCopy : state.me.offset == offset
        else { return }
        state.manualFailover = .standing(until: until)
        turn.note(.manualFailoverReady(offset))
        turn.pending.insert(.election)
    }

    /// Tick: gives up at the deadline.
    static func expire(_ state: inout ClusterState, _ turn: inout Turn) {
        guard let current = state.manualFailover else { return }
        catchUp(&state, &turn)
        guard current.until < turn.now.monotonic else { return }
        turn.note(.manualFailoverTimedOut)
        reset(&state, &turn)
    }

    /// Ends it on this side, and releases the clients.
    static func reset(_ state: inout ClusterState, _ turn: inout Turn) {
        if case .pausing = state.manualFailover { turn.emit(.pauseWrites(until: 0)) }
        state.manualFailover = nil
    }
}
