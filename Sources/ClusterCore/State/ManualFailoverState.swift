// A failover that an operator asked for, on either side of it. What each phase waits for is in the rule
// ManualFailover.

package import ClusterWire

/// A manual failover in progress. Times are monotonic milliseconds at which it is given up.
package enum ManualFailoverState: Equatable, Sendable {
    /// This master pauses writes of its clients for `replica`.
    case pausing(for: NodeID, until: Int64)
    /// This replica waits until it has all that its paused master has.
    case following(offset: ReplicationOffset?, until: Int64)
    /// This replica may start an election although its master has not failed.
    case standing(until: Int64)

    var until: Int64 {
        switch self {
        case .pausing(_, let until), .following(_, let until), .standing(let until): until
        }
    }
}
