// What this node may say of itself, and what waits for the disk. A vote, a vote request or a claim
// leaves only when the save that holds it is confirmed; heartbeats go on meanwhile and say what
// was confirmed last. When to save is for the rule Saving.

import ClusterWire

/// The number of a save: later saves hold all that earlier ones held.
public struct Generation: Hashable, Comparable, Sendable {
    /// They are numbered from 1.
    public var number: UInt64
    /// - Parameter number: as it came with `Effect.persist`.
    public init(_ number: UInt64) { self.number = number }
    public static func < (left: Generation, right: Generation) -> Bool {
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

/// Something that is done once the save that holds it is confirmed, and taken back if that fails.
struct DurableAction: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        /// A vote in this epoch for this candidate.
        case vote(NodeID, Epoch)
        /// The request for votes in this epoch.
        case voteRequest(Epoch)
        /// What an election or takeover in this epoch won from this master.
        case claim(from: NodeID, Epoch, formerEpoch: Epoch)
    }
    var kind: Kind
    /// The save that holds it.
    var generation: Generation
}

/// The memory of the rule Saving: what is on disk, what is on its way there, and what waits for it. Times
/// are monotonic milliseconds.
struct Durability: Equatable, Sendable {
    /// What headers may say: the last facts known to be on disk.
    private(set) var facts: SelfFacts
    /// The newest save that was asked for.
    private(set) var newest = Generation(0)
    /// The newest save that is known to be on disk.
    private(set) var confirmed = Generation(0)
    /// Saves under way that are synced, or hold what none of those does; oldest first.
    private(set) var underway: [SaveUnderway] = []
    /// What waits for a save, in the order in which it is to be done.
    private(set) var waiting: [DurableAction] = []
    /// When the first save was asked for that no synced one followed yet.
    private(set) var unsyncedSince: Int64?
    /// A save failed and is tried again at this time.
    private(set) var retryAt: Int64?
    /// The last save that ended failed.
    private(set) var isFailing = false
    /// Everybody is to be told what we are once the save under way is confirmed.
    private var owesNews = false

    init(_ facts: SelfFacts) { self.facts = facts }

    /// What the newest save holds that was asked to be synced, if it is under way; else what is on disk.
    var askedFacts: SelfFacts { underway.last { $0.isSynced }?.facts ?? facts }

    /// Synced saves under way.
    var syncedUnderway: Int { underway.count(where: \.isSynced) }

    /// Whether the disk is left alone after a failure.
    func isPaused(at now: Int64) -> Bool { retryAt.map { now < $0 } ?? false }

    /// Whether the time has come to try again after a failure.
    func isRetryDue(at now: Int64) -> Bool { retryAt.map { now >= $0 } ?? false }

    /// Whether a save that nobody waited for must be synced by now.
    func isStale(at now: Int64) -> Bool {
        unsyncedSince.map { now - $0 >= ClusterConfig.longestUnsynced } ?? false
    }

    /// Whether a vote in this epoch waits.
    func holdsVote(in epoch: Epoch) -> Bool {
        waiting.contains { action in
            if case .vote(_, epoch) = action.kind { return true }
            return false
        }
    }

    /// Something waits for the next save.
    mutating func wait(_ kind: DurableAction.Kind) {
        waiting.append(DurableAction(kind: kind, generation: Generation(newest.number + 1)))
    }

    /// What was won is lost again before it was said.
    mutating func dropClaims() {
        waiting.removeAll { action in
            if case .claim = action.kind { return true }
            return false
        }
    }

    /// Nothing waits any more.
    mutating func dropAll() { waiting = [] }

    /// A new life under a new name: what was said under the old one binds nobody.
    mutating func restart(with facts: SelfFacts) {
        self.facts = facts
        underway = []
    }

    /// A save begins that holds these facts.
    mutating func begin(_ held: SelfFacts, isSynced: Bool, at now: Int64) {
        let isNew = held != askedFacts
        newest.number += 1
        if isSynced {
            underway.append(SaveUnderway(newest, held, isSynced: true))
            retryAt = nil
            unsyncedSince = nil
        } else {
            if isNew { noteUnsynced(held) }
            unsyncedSince = unsyncedSince ?? now
        }
    }

    /// A save of which nobody asked that it be synced holds something new: the sync of another may find
    /// it. However many come, they take one place.
    private mutating func noteUnsynced(_ held: SelfFacts) {
        if let last = underway.indices.last, !underway[last].isSynced {
            underway[last].add(newest, held)
        } else {
            underway.append(SaveUnderway(newest, held, isSynced: false))
        }
    }

    /// A save and all before it are on disk. Returns what was waiting for them.
    mutating func confirm(upTo generation: Generation) -> [DurableAction] {
        confirmed = generation
        isFailing = false
        while let first = underway.first, first.generation <= generation {
            facts = first.facts
            underway.removeFirst()
        }
        // One of several is on the disk, and which of them is not known here.
        if let next = underway.first, next.first <= generation, let common = next.common {
            facts = common
        }
        let due = waiting.filter { $0.generation <= generation }
        waiting.removeAll { $0.generation <= generation }
        return due
    }

    /// A save failed. Returns what is taken back: what waits for it, unless a later save that holds it too
    /// is on its way.
    mutating func fail(from generation: Generation, at now: Int64) -> [DurableAction] {
        underway.removeAll { $0.generation <= generation }
        retryAt = now + ClusterConfig.saveRetry
        isFailing = true
        if let next = underway.first?.generation {
            for index in waiting.indices where waiting[index].generation <= generation {
                waiting[index].generation = next
            }
            return []
        }
        defer { waiting = [] }
        return waiting
    }

    /// Everybody is to be told once a save is confirmed.
    mutating func oweNews() { owesNews = true }

    /// A save is confirmed. Returns whether everybody was to be told then.
    mutating func takeNews() -> Bool {
        defer { owesNews = false }
        return owesNews
    }
}
