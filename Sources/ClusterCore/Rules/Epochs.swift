// The logical clocks: learning them from headers, raising them without consensus, and ending the
// collision of two masters at one configEpoch. Follows bus protocol §4.2, §4.11, §12 rows 15 to 18.

import ClusterWire

enum Epochs {
    /// Learns both epochs of a header that can be believed. A replica's configEpoch is its master's
    /// and is not learnt from it.
    static func learn(
        _ header: Header, of sender: NodeHandle, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        if header.currentEpoch > state.currentEpoch { state.currentEpoch = header.currentEpoch }
        if header.saysMaster && header.configEpoch > state.nodes[sender].configEpoch {
            state.nodes[sender].configEpoch = header.configEpoch
            if header.configEpoch > state.currentEpoch {
                state.currentEpoch = header.configEpoch
            }
            state.giveUpElection(at: header.configEpoch, &turn)
            turn.pending.insert(.save)
        }
    }

    /// Whether a cluster can have reached these epochs. What else a header says that claims others
    /// is not believed either: its slots would be taken at such an epoch.
    ///
    /// - Source: bus protocol §12 row 18.
    static func areBelievable(
        _ header: Header, of sender: NodeHandle, _ state: ClusterState, _ turn: inout Turn
    ) -> Bool {
        isBelievable(max(header.currentEpoch, header.configEpoch), of: sender, state, &turn)
    }

    static func isBelievable(
        _ epoch: Epoch, of sender: NodeHandle, _ state: ClusterState, _ turn: inout Turn
    ) -> Bool {
        // Small steps are believed from any height, or one liar at the limit ended all elections.
        let isStep =
            epoch <= state.currentEpoch
            || epoch.value - state.currentEpoch.value <= ClusterConfig.epochStep
        guard epoch > Epoch.highestBelievable && !isStep else { return true }
        turn.note(.epochRefused(epoch, from: state.nodes[sender].id))
        return false
    }

    /// Two masters at one configEpoch: the one with the smaller id moves on.
    ///
    /// - Source: bus protocol §4.11.
    static func resolveCollision(
        with sender: NodeHandle, _ header: Header, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        guard state.me.isMaster, header.saysMaster, state.nodes[sender].isMaster,
            header.configEpoch == state.me.configEpoch, state.myID < state.nodes[sender].id
        else { return }
        raise(because: .collision(with: state.nodes[sender].id), &state, &turn)
    }

    /// Takes the next epoch for our own configuration without asking anybody. What headers say of us
    /// changes by it: it is saved, and told to all once it is durable.
    static func raise(
        because reason: Note.EpochReason, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        state.currentEpoch = state.currentEpoch.next
        state.nodes[.myself].configEpoch = state.currentEpoch
        turn.note(.epochRaised(state.currentEpoch, because: reason))
    }

    /// Makes ours the greatest configEpoch, unless it is already. Returns whether it was raised.
    ///
    /// - Source: bus protocol §4.11, "bump without consensus".
    @discardableResult
    static func raiseToGreatest(
        because reason: Note.EpochReason, _ state: inout ClusterState, _ turn: inout Turn
    ) -> Bool {
        // No configEpoch is beyond the current one: whoever learns one raises the other.
        let mine = state.me.configEpoch
        guard mine == 0 || mine != state.currentEpoch else { return false }
        raise(because: reason, &state, &turn)
        return true
    }
}
