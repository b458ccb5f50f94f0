// A failover that an operator asks for (CLUSTER FAILOVER): the master pauses writes of its clients, the replica
// catches up with its offset and then asks for votes, which are granted although the master has not failed.
// Both sides give up at a deadline. The election itself is in Election. Follows bus protocol §6.5.

import ClusterWire

enum ManualFailover {
    /// Whether this replica may start an election although its master has not failed.
    static func mayStand(_ state: ClusterState) -> Bool {
        if case .standing = state.manualFailover { return true }
        return false
    }

    /// MFSTART: a replica of this master asks it to pause writes.
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
        // A PING with the final offset goes to the replica at once, on the connection of the request. It is
        // not sent by `Sending.ping`, so that no time runs for an answer on our own link.
        let beat = Compose.heartbeat(state, to: replica, &context)
        Sending.send(.ping(beat), on: link, &state, &context)
    }

    /// The header of our paused master carries its final offset.
    static func learnOffset(
        _ header: Header, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard case .following(nil, let until) = state.manualFailover,
            header.messageFlags.contains(.paused)
        else { return }
        state.manualFailover = .following(offset: header.offset, until: until)
        catchUp(&state, &context)
    }

    /// Allows the election once this replica has all data of its master. A replica without a copy has nothing
    /// to catch up with; it may be elected only with `failoverWithoutCopy`.
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

    /// Ends the manual failover on this side; a master lets writes of its clients go on.
    static func reset(_ state: inout ClusterState, _ context: inout StepContext) {
        if case .pausing = state.manualFailover { context.emit(.pauseWrites(until: 0)) }
        state.manualFailover = nil
    }
}
