// SET-CONFIG-EPOCH and BUMPEPOCH. Follows bus protocol §4.11, §9.1.

import ClusterWire

enum EpochCommands {
    static func set(
        _ argument: Argument<Int>, _ state: inout ClusterState, _ context: inout StepContext
    ) -> AdminReply {
        guard let number = argument.value else {
            return .error("ERR value is not an integer or out of range")
        }
        guard number >= 0 else { return .error("ERR Invalid config epoch specified: \(number)") }
        guard state.nodes.count == 1 else {
            return .error(
                "ERR The user can assign a config epoch only when the node does not know any "
                    + "other node.")
        }
        guard state.me.configEpoch == 0 else {
            return .error("ERR Node config epoch is already non-zero")
        }
        let epoch = Epoch(UInt64(number))
        state.setConfigEpoch(epoch, of: .myself, &context)
        return .ok
    }

    static func bump(_ state: inout ClusterState, _ context: inout StepContext) -> AdminReply {
        let raised = Epochs.raiseToGreatest(because: .operatorAsked, &state, &context)
        if !raised { Saving.saveAgain(state, &context) }
        return .status("\(raised ? "BUMPED" : "STILL") \(state.me.configEpoch)")
    }
}
