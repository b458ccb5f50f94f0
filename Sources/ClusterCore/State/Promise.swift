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

    /// What is true in both states, so that either of them on the disk holds it; nil when they have
    /// different parts in the cluster.
    func common(with other: SelfFacts) -> SelfFacts? {
        guard role == other.role, shard == other.shard else { return nil }
        return SelfFacts(
            currentEpoch: min(currentEpoch, other.currentEpoch),
            configEpoch: min(configEpoch, other.configEpoch), role: role,
            slots: slots.intersection(other.slots), shard: shard)
    }
}

/// A save on its way to the disk, or several of which nobody asked that each be synced.
struct SaveUnderway: Equatable, Sendable {
    /// The oldest that it stands for.
    let first: Generation
    /// The newest.
    private(set) var generation: Generation
    /// What the newest holds.
    private(set) var facts: SelfFacts
    /// What all of them hold; nil when that is nothing.
    private(set) var common: SelfFacts?
    let isSynced: Bool

    init(_ generation: Generation, _ facts: SelfFacts, isSynced: Bool) {
        (self.first, self.generation) = (generation, generation)
        (self.facts, self.common) = (facts, facts)
        self.isSynced = isSynced
    }

    /// It stands for a newer one, too.
    mutating func add(_ generation: Generation, _ facts: SelfFacts) {
        self.generation = generation
        self.facts = facts
        common = common?.common(with: facts)
    }
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
    /// Saves under way that are synced, or hold what none of those does; oldest first.
    var underway: [SaveUnderway] = []
    /// When the first save was asked for that no synced one followed yet; 0 for none.
    var unsyncedSince: Int64 = 0
    /// A save failed and is tried again at this time; 0 when none failed.
    var retryAt: Int64 = 0
    /// The last save that ended failed.
    var isFailing = false

    /// What the newest save holds that was asked to be synced and is under way.
    var asked: SelfFacts? { underway.last { $0.isSynced }?.facts }

    /// A save of which nobody asked that it be synced holds something new: the sync of another may find
    /// it. However many come, they take one place.
    mutating func noteUnsynced(_ facts: SelfFacts) {
        if let last = underway.indices.last, !underway[last].isSynced {
            underway[last].add(newest, facts)
        } else {
            underway.append(SaveUnderway(newest, facts, isSynced: false))
        }
    }
}
