// When a tick must look at a node again. Most nodes at most ticks have nothing due; the rules that a
// tick runs each say when theirs would be, and between two ticks a row that changes is due with the next
// one whatever it says.

import ClusterWire

enum DueTimes {
    /// Tick, last: each of these nodes has something due again when its row, as it is now, says so.
    static func plan(
        among due: [NodeHandle], _ state: inout ClusterState, _ context: StepContext
    ) {
        let timeout = context.config.nodeTimeout
        for handle in due where state.nodes.contains(handle) {
            state.nodes.setNextDue(of: handle, at: state.nodes[handle].nextDue(timeout))
        }
        state.nodes.endTick()
    }
}

extension KnownNode {
    /// The first tick at which any rule has something to do about the node, if its row stays as it is.
    @inline(__always)
    func nextDue(_ nodeTimeout: Int64) -> Int64 {
        min(
            nextLinkWork(nodeTimeout), nextPing(nodeTimeout), nextNews, nextSuspicion(nodeTimeout))
    }
}
