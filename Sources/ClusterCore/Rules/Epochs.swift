// The logical clocks: learning them from headers, raising them without consensus, and ending the
// collision of two masters at one configEpoch. Follows bus protocol §4.2, §4.11, §12 rows 15 to 18.

import ClusterWire

enum Epochs {
    /// Learns both epochs of a header that can be believed. A replica's configEpoch is its master's
    /// and is not learnt from it.
    static func learn(
        _ header: Header, of sender: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        learnCurrent(header, &state)
        if header.saysMaster && header.configEpoch > state.nodes[sender].configEpoch {
            state.setConfigEpoch(header.configEpoch, of: sender, &context)
            state.giveUpElection(at: header.configEpoch, &context)
        }
    }

    /// Learns the currentEpoch of a header that can be believed.
    static func learnCurrent(_ header: Header, _ state: inout ClusterState) {
        state.reach(header.currentEpoch)
    }

    /// An epoch is not believed.
    static func refuse(
        _ epoch: Epoch, of sender: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        state.statistics.trust.epochsRefused &+= 1
        context.note(.epochRefused(epoch, from: state.nodes[sender].id))
    }

    /// A node that knows nobody takes the epoch of whom it meets, however great: it has none of its own
    /// to defend, and the cluster that it joins may have come far, honestly or not.
    ///
    /// - Source: DECISIONS D47.
    static func learnAlone(
        _ header: Header, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        let epoch = max(header.currentEpoch, header.configEpoch)
        // Smaller steps come with its next header, as ever.
        guard state.nodes.memberCount == 1, epoch > state.currentEpoch,
            epoch.value - state.currentEpoch.value > ClusterConfig.epochStep,
            epoch <= ClusterConfig.greatestEpoch
        else { return }
        state.reach(epoch)
        context.pending.insert(.save)
    }

    /// Whether a cluster can have reached these epochs. What else a header says that claims others
    /// is not believed either: its slots would be taken at such an epoch.
    ///
    /// - Source: bus protocol §12 row 18; DECISIONS D47.
    static func areBelievable(
        _ header: Header, of sender: NodeHandle, on link: LinkID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) -> Bool {
        let epoch = max(header.currentEpoch, header.configEpoch)
        // Nearly always it is ours, or an older one.
        guard epoch > state.currentEpoch else { return true }
        if isBelievable(epoch, of: sender, &state, context) { return true }
        // On our own connection it is the node itself that says so.
        if case .outbound = link, epoch <= ClusterConfig.greatestEpoch {
            state.nodes[sender].saidEpoch = epoch
            if votersThatSay(epoch, state) >= state.quorum { return true }
        }
        refuse(epoch, of: sender, &state, &context)
        return false
    }

    /// Whether the headers of one node may raise our epoch to this one: by `epochStep` at most, and by no more
    /// than that in a second. Where nobody owns slots, there is nothing to defend.
    static func isBelievable(
        _ epoch: Epoch, of sender: NodeHandle, _ state: inout ClusterState, _ context: StepContext
    ) -> Bool {
        guard epoch > state.currentEpoch else { return true }
        let steps = epoch.value - state.currentEpoch.value
        guard epoch <= ClusterConfig.greatestEpoch else { return false }
        guard steps <= ClusterConfig.epochStep else { return state.size == 0 }
        let now = context.now.monotonic
        let cost = Int64(steps * 1000 / ClusterConfig.epochStep)
        let spent = max(state.nodes[sender].epochsSpentUntil, now) + cost
        guard spent - now <= 1000 else { return false }
        if cost > 0 { state.nodes[sender].epochsSpentUntil = spent }
        return true
    }

    private static func votersThatSay(_ epoch: Epoch, _ state: ClusterState) -> Int {
        state.nodes.handles.count {
            state.nodes[$0].isVotingMaster && state.nodes[$0].saidEpoch >= epoch
        }
    }

    /// Two masters with the same configEpoch: the one with the smaller id takes a greater one.
    ///
    /// - Source: bus protocol §4.11.
    static func resolveCollision(
        with sender: NodeHandle, _ header: Header, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard state.me.isMaster, header.saysMaster, state.nodes[sender].isMaster,
            header.configEpoch == state.me.configEpoch, state.myID < state.nodes[sender].id
        else { return }
        raise(because: .collision(with: state.nodes[sender].id), &state, &context)
    }

    /// Takes the next epoch for our own configuration without asking anybody. What headers say of us
    /// changes by it: it is saved, and told to all once it is durable.
    static func raise(
        because reason: Note.EpochReason, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        state.setConfigEpoch(state.currentEpoch.next, of: .myself, &context)
        context.note(.epochRaised(state.currentEpoch, because: reason))
    }

    /// Makes ours the greatest configEpoch, unless it is already. Returns whether it was raised.
    ///
    /// - Source: bus protocol §4.11, "bump without consensus".
    @discardableResult
    static func raiseToGreatest(
        because reason: Note.EpochReason, _ state: inout ClusterState, _ context: inout StepContext
    ) -> Bool {
        // No configEpoch is beyond the current one: whoever learns one raises the other.
        let mine = state.me.configEpoch
        guard mine == 0 || mine != state.currentEpoch else { return false }
        raise(because: reason, &state, &context)
        return true
    }
}
