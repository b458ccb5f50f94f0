// What this node's headers may say, and what waits for the disk. A vote, a vote request or a claim
// is sent only when the save that holds it is confirmed; heartbeats go on meanwhile and carry what
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

/// What headers say of this node, and what it must still say after a crash.
package struct SelfFacts: Equatable, Sendable {
    var currentEpoch: Epoch
    var configEpoch: Epoch
    var role: Role
    var slots: SlotSet
    /// Changes together with the role: a replica has the shard id of its master. When the header of a master
    /// already names the shard of another master, Valkey 9 ignores its next header, in which it is a replica.
    var shard: ShardID

    /// What holds whichever of the two states the disk has: the smaller epochs and the slots of both; nil when
    /// they differ in role or shard.
    func common(with other: SelfFacts) -> SelfFacts? {
        guard role == other.role, shard == other.shard else { return nil }
        return SelfFacts(
            currentEpoch: min(currentEpoch, other.currentEpoch),
            configEpoch: min(configEpoch, other.configEpoch), role: role,
            slots: slots.intersection(other.slots), shard: shard)
    }
}

/// One synced save that is not confirmed yet, or a row of saves that need not be synced.
struct SaveUnderway: Equatable, Sendable {
    /// The oldest save of the row.
    let first: Generation
    /// The newest save of the row.
    private(set) var generation: Generation
    /// What the newest save holds.
    private(set) var facts: SelfFacts
    /// What all saves of the row hold; nil when they have nothing in common.
    private(set) var common: SelfFacts?
    let isSynced: Bool

    init(_ generation: Generation, _ facts: SelfFacts, isSynced: Bool) {
        (self.first, self.generation) = (generation, generation)
        (self.facts, self.common) = (facts, facts)
        self.isSynced = isSynced
    }

    /// Adds a newer save to the row.
    mutating func add(_ generation: Generation, _ facts: SelfFacts) {
        self.generation = generation
        self.facts = facts
        common = common?.common(with: facts)
    }
}

/// A promise that is sent once the save that holds it is confirmed, and taken back if that save fails.
struct DurableAction: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        /// A vote in this epoch for this candidate.
        case vote(NodeID, Epoch)
        /// The request for votes in this epoch.
        case voteRequest(Epoch)
        /// The slots that an election or a takeover in this epoch won from this master.
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
    /// Saves that are not confirmed yet: synced ones, and others that hold newer facts; oldest first.
    private(set) var underway: [SaveUnderway] = []
    /// Votes, requests and claims that wait for a save, in the order in which they are to be sent.
    private(set) var waiting: [DurableAction] = []
    /// When the oldest save was asked for that no synced save has followed; nil: there is none.
    private(set) var unsyncedSince: Int64?
    /// When a failed save is tried again; nil: none has failed since the last attempt.
    private(set) var retryAt: Int64?
    /// Whether the last save that ended has failed.
    private(set) var isFailing = false
    /// Whether our role, slots and epochs are to be broadcast once the save under way is confirmed.
    private var broadcastIsDeferred = false

    init(_ facts: SelfFacts) { self.facts = facts }

    /// What the newest save holds that was asked to be synced, if it is under way; else what is on disk.
    var askedFacts: SelfFacts { underway.last { $0.isSynced }?.facts ?? facts }

    /// Synced saves under way.
    var syncedUnderway: Int { underway.count(where: \.isSynced) }

    /// Whether no save is to be tried yet after a failed one.
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

    /// Drops claims that wait: the slots that were won are lost again before any header has claimed them.
    mutating func dropClaims() {
        waiting.removeAll { action in
            if case .claim = action.kind { return true }
            return false
        }
    }

    /// Nothing waits any more.
    mutating func dropAll() { waiting = [] }

    /// RESET HARD gave this node a new id: promises made under the old id no longer count.
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

    /// A save that need not be synced holds new facts, which may be on disk all the same once another save is
    /// synced. However many such saves come in a row, they are kept as one entry.
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
        // One save of this row is on the disk, and which of them is not known: only common facts are sure.
        if let next = underway.first, next.first <= generation, let common = next.common {
            facts = common
        }
        let due = waiting.filter { $0.generation <= generation }
        waiting.removeAll { $0.generation <= generation }
        return due
    }

    /// A save failed. Returns the promises to take back; there are none while a later save, which holds them
    /// too, is still under way.
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

    /// Our role, slots and epochs are to be broadcast once a save is confirmed.
    mutating func deferBroadcast() { broadcastIsDeferred = true }

    /// A save is confirmed. Returns whether a broadcast waited for it.
    mutating func takeDeferredBroadcast() -> Bool {
        defer { broadcastIsDeferred = false }
        return broadcastIsDeferred
    }
}
