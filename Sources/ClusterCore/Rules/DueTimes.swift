// When a tick must look at a node again. Most nodes at most ticks have nothing due; the rules that a
// tick runs each say when theirs would be, and between two ticks a row that changes is due with the next
// one whatever it says.

import ClusterWire

extension KnownNode {
    /// The first tick at which any rule has something to do about the node, if its row stays as it is.
    @inline(__always)
    func nextDue(_ nodeTimeout: Int64) -> Int64 {
        min(
            nextLinkWork(nodeTimeout), nextPing(nodeTimeout), nextNews, nextSuspicion(nodeTimeout))
    }
}
