// What must hold after every step, whatever came in. Cheap enough for release builds.

import ClusterWire

enum Invariants {
    static func check(_ state: ClusterState) {
        precondition(
            state.lastVoteEpoch <= state.currentEpoch,
            "voted in \(state.lastVoteEpoch), current epoch is \(state.currentEpoch)")
        precondition(
            state.me.isMaster || state.me.slotCount == 0,
            "a replica that owns \(state.me.slotCount) slots")
        precondition(!state.nodes[.myself].isHandshake, "this node in handshake")
        assert(
            state.nodes.handles.allSatisfy {
                state.nodes[$0].configEpoch <= state.currentEpoch
            })
        assert(state.size == state.nodes.handles.count { state.nodes[$0].isVotingMaster })
        assert(
            state.nodes.handles.allSatisfy {
                state.nodes[$0].slotCount == state.nodes[$0].slots.count
            })
    }
}
