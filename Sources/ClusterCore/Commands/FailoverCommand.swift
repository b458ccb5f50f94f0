// CLUSTER FAILOVER in its three forms. Follows bus protocol §6.5, §9.1.

import ClusterWire

enum FailoverCommand {
    static func run(
        _ option: Argument<Note.FailoverKind>, _ state: inout ClusterState,
        _ context: inout StepContext
    ) -> AdminReply {
        guard let kind = option.value else { return .error("ERR syntax error") }
        guard case .replica(let masterID) = state.me.role else {
            return .error("ERR You should send CLUSTER FAILOVER to a replica")
        }
        guard masterID != nil, let master = state.myMaster else {
            return .error("ERR I'm a replica but my master is unknown to me")
        }
        let isDown =
            state.nodes[master].condition.isFailed || !state.nodes[master].outbound.isOpen
        if kind == .asked && isDown {
            return .error("ERR Master is down or failed, please use CLUSTER FAILOVER FORCE")
        }
        ManualFailover.reset(&state, &context)
        state.election.end()
        context.note(.manualFailoverStarted(by: nil, kind: kind))
        let until = context.now.monotonic + context.config.manualFailoverTimeout
        switch kind {
        case .takeover:
            Epochs.raiseToGreatest(because: .takeover, &state, &context)
            Roles.replaceMaster(at: state.me.configEpoch, &state, &context)
        case .forced:
            state.manualFailover = .standing(until: until)
            context.pending.insert(.election)
        case .asked:
            state.manualFailover = .following(offset: nil, until: until)
            Sending.send(.manualFailoverStart, to: master, &state, &context)
        }
        return .ok
    }
}
