// A disk that holds one file. A save is in place at once: the end of the process does not undo that. What
// was asked to be synced is on the disk after a while, one write at a time and only the newest of those
// that wait. What was only in place may be torn or gone after a loss of power: the file that is kept
// beside it, as it was last synced, is taken then.

import ClusterCore
import Determinism

/// The disk of one node.
struct VirtualDisk: Sendable {
    /// A file: what is in it is written out when somebody reads it.
    struct Snapshot: Sendable {
        var generation: Generation
        /// Who starts from a file needs all of it; where nobody will, only the facts are kept: a large
        /// world's states are larger than its memory.
        private var whole: (state: ClusterState, instant: Instant)?
        private var facts: DiskImage?

        /// A file from which a process can start.
        init(generation: Generation, state: ClusterState, instant: Instant) {
            self.generation = generation
            whole = (state, instant)
        }

        /// What a file would say of its own node, and nothing else.
        init(generation: Generation, factsOf state: ClusterState) {
            self.generation = generation
            facts = DiskImage(factsOf: state)
        }

        var state: ClusterState? { whole?.state }

        var text: [UInt8]? { whole.map { Array(NodesFile.text($0.state, $0.instant).utf8) } }

        /// What it says of its own node.
        func image() -> DiskImage? { facts ?? text.flatMap { DiskImage($0) } }
    }

    /// What a loss of power leaves at the least; nil: no file.
    private(set) var durable: Snapshot?
    /// What is in place, when it is newer.
    private var placed: Snapshot?
    /// The newest save of this process that is in place.
    private(set) var inPlace = Generation(0)
    /// The newest text that was written without waiting for it, when it is newer.
    private var cached: Snapshot?
    private var writing: Snapshot?
    private var waiting: Snapshot?
    /// Tells the end of a write from that of one that a crash ended.
    private(set) var writeNumber = 0
    /// Microseconds that a write takes longer.
    var slowness: Int64 = 0
    /// Writes that fail.
    var refusals = 0

    /// Takes a snapshot. Returns whether a write begins now, which ends with `finish`.
    mutating func save(_ snapshot: Snapshot, sync: Bool) -> Bool {
        if refusals == 0 { place(snapshot) }
        guard sync else {
            // It joins a synced save that waits: later saves hold all that earlier ones held.
            if waiting != nil { waiting = snapshot } else { cached = snapshot }
            return false
        }
        guard writing == nil else {
            waiting = snapshot
            return false
        }
        begin(snapshot)
        return true
    }

    private mutating func place(_ snapshot: Snapshot) {
        placed = snapshot
        inPlace = snapshot.generation
    }

    private mutating func begin(_ snapshot: Snapshot) {
        writing = snapshot
        writeNumber += 1
    }

    /// The write under way ends. Returns its generation, whether it succeeded, and whether another
    /// begins.
    mutating func finish() -> (generation: Generation, succeeded: Bool, goesOn: Bool)? {
        guard let done = writing else { return nil }
        writing = nil
        let succeeded = refusals == 0
        if succeeded {
            durable = done
            if done.generation >= inPlace {
                placed = nil
                inPlace = done.generation
            }
            if let other = cached, other.generation < done.generation { cached = nil }
        }
        if let next = waiting {
            waiting = nil
            begin(next)
        }
        return (done.generation, succeeded, writing != nil)
    }

    /// The process is gone. What is in place stays, and whoever starts from it syncs it first.
    mutating func kill() {
        if let placed { durable = placed }
        forget()
    }

    /// The power is gone. What was not synced is there or not, as chance has it.
    mutating func losePower(_ random: inout SplitMix64) {
        let candidates = [writing, waiting, cached].compactMap { $0 }
        if refusals == 0 && !candidates.isEmpty && random.below(2) == 0 {
            durable = candidates[random.below(candidates.count)]
        }
        forget()
    }

    private mutating func forget() {
        placed = nil
        inPlace = Generation(0)
        cached = nil
        writing = nil
        waiting = nil
        writeNumber += 1
    }

    mutating func erase() { durable = nil }

    /// Puts a file on an empty disk.
    mutating func format(holding snapshot: Snapshot) { durable = snapshot }
}
