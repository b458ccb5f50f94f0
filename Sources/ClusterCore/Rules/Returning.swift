// A master that starts again has no keys, while its replicas may have them all. If it came back before its
// failure was noticed, they would copy that it holds nothing. So it keeps silent on the bus, serves nobody and gives
// no copies until one of them has taken its place, or the time for that is over. Where this differs from the
// reference: DECISIONS D88.

import ClusterWire

enum Returning {
    /// The end of a step: nothing of it is said while this node waits. Once it does not wait any more, all its
    /// connections begin anew: a peer whose PING was never answered on one would wait for that for ever.
    static func keepSilent(_ state: inout ClusterState, _ context: inout StepContext) {
        guard !waits(state, context.config, at: context.now.monotonic) else {
            state.membership.keepSilent()
            return context.dropMessages()
        }
        guard state.membership.isSilent else { return }
        state.membership.endSilence()
        for number in state.connections.inbound.indices
        where state.connections.inbound[number] != nil {
            state.closeInbound(.inbound(UInt32(number)), &context)
        }
        for handle in state.nodes.handles { state.closeOutbound(of: handle, &context) }
        state.nodes.markAllDue()
    }

    /// Whether this node waits to be replaced.
    static func waits(_ state: ClusterState, _ config: ClusterConfig, at now: Int64) -> Bool {
        guard config.waitsForFailover, !config.failoverWithoutCopy,
            state.membership.returnedAsMaster, state.store.isEmpty, state.me.isVotingMaster,
            state.me.replicaCount > 0
        else { return false }
        guard let start = state.health.firstJudgedAt else { return true }
        return now - start < config.nodeTimeout + config.electionTimeout
    }
}
