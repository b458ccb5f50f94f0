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
        by replica: NodeHandle, on link: LinkID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard state.me.isMaster, state.nodes[replica].master == state.myID else { return }
        reset(&state, &context)
        let until = context.now.monotonic + context.config.manualFailoverTimeout
        let id = state.nodes[replica].id
        state.manualFailover = .pausing(for: id, until: until)
        context.note(.manualFailoverStarted(by: id, kind: .asked))
        context.emit(.pauseWrites(until: until + context.config.manualFailoverTimeout))
        // On the connection of the request, at once, so that the replica has the final offset; it
        // does not start the clock of our own link.
        let beat = Compose.heartbeat(state, to: replica, &context)
        Sending.send(.ping(beat), on: link, &state, &context)
    }

    /// Our paused master says its final offset.
    static func learnOffset(
        _ header: Header, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard case .following(nil, let until) = state.manualFailover,
            header.messageFlags.contains(.paused)
        else { return }
        state.manualFailover = .following(offset: header.offset, until: until)
        catchUp(&state, &context)
    }

    /// Stands once everything that the master has is here. Who holds no copy has nothing to catch up
    /// with, and may stand only where that loses nothing.
    static func catchUp(_ state: inout ClusterState, _ context: inout StepContext) {
        guard case .following(let offset?, let until) = state.manualFailover,
            state.store.copyAge == nil
                ? context.config.failoverWithoutCopy : state.me.offset == offset
        else { return }
        state.manualFailover = .standing(until: until)
        context.note(.manualFailoverReady(offset))
        context.pending.insert(.election)
    }

    /// Tick: gives up at the deadline.
    static func expire(_ state: inout ClusterState, _ context: inout StepContext) {
        guard let current = state.manualFailover else { return }
        catchUp(&state, &context)
        guard current.until < context.now.monotonic else { return }
        context.note(.manualFailoverTimedOut)
        reset(&state, &context)
    }

    /// Ends it on this side, and releases the clients.
    static func reset(_ state: inout ClusterState, _ context: inout StepContext) {
        if case .pausing = state.manualFailover { context.emit(.pauseWrites(until: 0)) }
        state.manualFailover = nil
    }
}
