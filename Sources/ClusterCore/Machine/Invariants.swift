// What must hold after every step, whatever came in. Cheap enough for release builds.

import ClusterWire

enum Invariants {
    static func check(_ state: ClusterState, nodeTimeout: Int64) {
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
        assert(countsAgree(state), "what is counted with each change differs")
        assert(nothingIsMissed(state, nodeTimeout), "a tick would look at a node too late")
    }

    /// More nodes than this are not looked through after every step, in no build.
    private static let countedLimit = 200

    /// What is counted with each change equals what is counted anew.
    private static func countsAgree(_ state: ClusterState) -> Bool {
        guard state.nodes.count <= countedLimit else { return true }
        var replicas = [Int32](repeating: 0, count: state.nodes.capacity)
        for handle in state.nodes.handles {
            if let master = state.nodes[handle].master.flatMap(state.nodes.find) {
                replicas[master.index] += 1
            }
        }
        return state.nodes.counts == state.nodes.counted()
            && state.nodes.handles.allSatisfy { handle in
                state.nodes[handle].replicaCount == replicas[handle.index]
                    && state.nodes[handle].slotCount == state.nodes[handle].slots.count
            }
    }

    /// A tick looks at each node in time.
    private static func nothingIsMissed(_ state: ClusterState, _ nodeTimeout: Int64) -> Bool {
        guard state.nodes.count <= countedLimit else { return true }
        guard state.nodes.missesNobodyDue else { return false }
        return state.nodes.handles.allSatisfy { handle in
            handle == .myself
                || state.nodes.look(at: handle) <= state.nodes[handle].nextDue(nodeTimeout)
        }
    }
}
