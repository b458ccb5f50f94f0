// CLUSTER FAILOVER in its three forms. Follows bus protocol §6.5, §9.1.

import ClusterWire

enum FailoverCommand {
    static func run(
        _ option: String?, _ state: inout ClusterState, _ turn: inout Turn
    ) -> AdminReply {
        let kind: Note.FailoverKind
        switch option?.lowercased() {
        case nil: kind = .asked
        case "force": kind = .forced
        case "takeover": kind = .takeover
        default: return .error("ERR syntax error")
        }
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
        ManualFailover.reset(&state, &turn)
        state.candidacy = nil
        turn.note(.manualFailoverStarted(by: nil, kind: kind))
        let until = turn.now.monotonic + turn.config.manualFailoverTimeout
        switch kind {
        case .takeover:
            Epochs.raiseToGreatest(because: .takeover, &state, &turn)
            Roles.replaceMaster(at: state.me.configEpoch, &state, &turn)
        case .forced:
            state.manualFailover = .standing(until: until)
            turn.pending.insert(.election)
        case .asked:
            state.manualFailover = .following(offset: nil, until: until)
            state.send(.manualFailoverStart, to: master, &turn)
        }
        return .ok
    }
}
