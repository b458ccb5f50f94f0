// What this node may say of itself, and what waits for the disk. A vote, a vote request or a claim
// leaves only when the save that holds it is confirmed; heartbeats go on meanwhile and say what
// was confirmed last.

import ClusterWire

/// The number of a save: later saves hold all that earlier ones held.
package struct Generation: Hashable, Comparable, Sendable {
    package var number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package static func < (left: Generation, right: Generation) -> Bool {
        left.number < right.number
    }
}

/// What headers say of this node, and must not take back after a crash.
package struct SelfFacts: Equatable, Sendable {
    var currentEpoch: Epoch
    var configEpoch: Epoch
    var role: Role
    var slots: SlotSet
    /// Goes with the role: a replica's is its master's. A master that is heard to be in the shard of
    /// another already is taken for stale by Valkey 9 when it then says replica.
    var shard: ShardID
}

/// Something that waits for a save.
struct Promise: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        /// A vote in this epoch for this candidate.
        case vote(NodeID, Epoch)
        /// The request for votes in this epoch.
        case voteRequest(Epoch)
        /// What an election or takeover in this epoch won from this master.
        case claim(from: NodeID, Epoch, formerEpoch: Epoch)
    }
    var kind: Kind
    var generation: Generation
}

/// Saves that are under way.
struct Saves: Equatable, Sendable {
    /// The newest save that was asked for.
    var newest = Generation(0)
    /// The newest save that is known to be on disk.
    var confirmed = Generation(0)
    /// What synced saves under way hold, oldest first.
    var underway: [(generation: Generation, facts: SelfFacts)] = []
    /// When the first save was asked for that no synced one followed yet; 0 for none.
    var unsyncedSince: Int64 = 0
    /// A save failed and is tried again at this time; 0 when none failed.
    var retryAt: Int64 = 0
    /// The last save that ended failed.
    var isFailing = false

    static func == (left: Saves, right: Saves) -> Bool {
        left.newest == right.newest && left.confirmed == right.confirmed
            && left.retryAt == right.retryAt && left.isFailing == right.isFailing
            && left.unsyncedSince == right.unsyncedSince
            && left.underway.count == right.underway.count
            && zip(left.underway, right.underway).allSatisfy {
                $0.generation == $1.generation && $0.facts == $1.facts
            }
    }
}
