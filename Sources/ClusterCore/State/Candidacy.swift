// A replica's election: scheduled, asked for, won or given up; and the two sides of a manual
// failover. What is not going on has no fields.

package import ClusterWire

/// One election in which this replica stands.
package struct Candidacy: Equatable, Sendable {
    /// When the votes are to be asked for, or were; a new election may follow a retry time later.
    var askAt: Int64
    /// How many siblings come before this replica.
    var rank: Int
    /// How many failed masters come before ours.
    var masterRank = 0
    /// The last shard, in their order, that got a new master while this replica waited.
    var replaced: ShardID?
    /// A manual failover stands at once, whatever its rank.
    var manual: Bool
    /// Set once the epoch was raised.
    var epoch: Epoch?
    /// Whether the request left: it waits for the disk.
    var asked = false
    /// Masters that voted for us in `epoch`.
    var voters: [NodeID] = []

    /// Its time has not come yet.
    var isWaiting: Bool { epoch == nil && !manual }
}

/// A manual failover in progress.
package enum ManualFailoverState: Equatable, Sendable {
    /// This master pauses its clients for `replica`.
    case pausing(for: NodeID, until: Int64)
    /// This replica waits until it has all that its paused master has.
    case following(offset: ReplicationOffset?, until: Int64)
    /// This replica may stand without its master's failing.
    case standing(until: Int64)

    var until: Int64 {
        switch self {
        case .pausing(_, let until), .following(_, let until), .standing(let until): until
        }
    }
}
