// Keys in a file: saved in the background from one moment, piece by piece between other work, and read at the start.
// A save is said to be done when the file is in its place and on the disk.

import ClusterCore
import ClusterHost
import DataPlane
import SystemIO

/// The save that is under way, and what became of the last one.
final class KeysOnDisk {
    private var job: Job?
    /// What became of a save for whoever waits for it, where it ended out of turn.
    private var unsaid: SystemError??
    private(set) var figures: Figures
    /// Another save is to follow the one that is under way.
    var isWantedAgain = false
    /// Who said SAVE, and waits for it.
    var waiting: ClientID?

    private struct Job {
        var keys: KeysFileWriter
        let file: FileWriter
        let changes: UInt64
        let began: Int64
        var hasAll = false
    }

    /// For INFO and LASTSAVE; times in wall milliseconds.
    struct Figures {
        var lastSave: Int64
        /// Changes that were saved.
        var savedChanges: UInt64 = 0
        var lastFailure: String?
        var lastDuration: Int64 = -1
        var lastTry: Int64 = 0
    }

    /// Bytes that may wait for the disk.
    private static let queueLimit = 8 << 20
    /// Nanoseconds that one wake-up gives to a save.
    private static let share: Int64 = 2_000_000

    init(at wall: Int64) { figures = Figures(lastSave: wall) }

    var isSaving: Bool { job != nil }
    /// Whether there is something to do in the next wake-up.
    var isReady: Bool {
        job.map {
            !$0.hasAll && $0.file.queuedBytes < Self.queueLimit
                && !$0.keys.isAhead(at: SystemClock.monotonicMilliseconds())
        } ?? false
    }

    /// Begins a save of all keys as they are now.
    func begin(_ node: Node) throws(SystemError) {
        figures.lastTry = node.now.wall
        let file: FileWriter
        do throws(SystemError) {
            file = try open(node)
        } catch {
            figures.lastFailure = error.reason
            throw error
        }
        let log = node.replication.log
        let keys = KeysFileWriter(
            node.store,
            RDBAuxiliary(
                version: ServerInfo.redisVersion, createdSeconds: node.now.wall / 1000,
                // What is written while nobody follows is not counted: no history goes on from here then.
                replicationID: "\(log.isActive ? log.id : .none)",
                replicationOffset: UInt64(log.offset)),
            keyDelay: node.options.stored.keySaveDelay, at: SystemClock.monotonicMilliseconds())
        job = Job(keys: keys, file: file, changes: node.store.changes, began: node.now.wall)
    }

    private func open(_ node: Node) throws(SystemError) -> FileWriter {
        let file = try FileWriter(replacing: node.keysPath)
        do throws(SystemError) {
            try node.loop.register(file.descriptor, token: Node.keysToken, interest: .read)
        } catch {
            file.abandon()
            throw error
        }
        return file
    }

    /// Does a part of it.
    /// - Returns: what became of the save, once it is over: nil inside when the file is in place.
    func work(_ node: Node) -> SystemError?? {
        guard job != nil else {
            defer { unsaid = nil }
            return unsaid
        }
        if let outcome = job?.file.takeOutcome() {
            finish(outcome, node)
            return .some(outcome)
        }
        let end = SystemClock.monotonicNanoseconds() + Self.share
        while isReady, SystemClock.monotonicNanoseconds() < end {
            guard let piece = job?.keys.nextPiece() else {
                job?.hasAll = true
                job?.file.finish()
                return nil
            }
            job?.file.append(piece)
        }
        return nil
    }

    /// Saves all keys as they are now to the end, however long it takes: for a node that leaves.
    func saveNow(_ node: Node) -> SystemError? {
        giveUp()
        let outcome = saveToEnd(node)
        if waiting != nil { unsaid = .some(outcome) }
        return outcome
    }

    private func saveToEnd(_ node: Node) -> SystemError? {
        do throws(SystemError) {
            try begin(node)
        } catch {
            return error
        }
        while true {
            if let outcome = work(node) { return outcome }
            if !isReady { job?.file.wait(milliseconds: 100) }
        }
    }

    /// A save that is under way is of an earlier moment: its file must be gone before another takes its name.
    private func giveUp() {
        guard let ended = job else { return }
        ended.keys.end()
        ended.file.abandon()
        while ended.file.takeOutcome() == nil { ended.file.wait(milliseconds: 100) }
        job = nil
    }

    private func finish(_ failure: SystemError?, _ node: Node) {
        guard let ended = job else { return }
        ended.keys.end()
        job = nil
        figures.lastDuration = node.now.wall - ended.began
        figures.lastFailure = failure?.reason
        if let failure {
            return node.log.write(.warning, "Saving keys failed: \(failure.reason)")
        }
        figures.lastSave = node.now.wall
        figures.savedChanges = ended.changes
        node.log.write(
            .notice, "DB saved on disk: \(ended.keys.keyCount) keys in \(figures.lastDuration) ms")
    }

    /// Changes that no save has in it.
    func unsaved(_ store: MemoryStore) -> UInt64 { store.changes &- figures.savedChanges }

    /// Milliseconds after a failed save before the next one by itself.
    private static let patience: Int64 = 5000

    /// Each second: whether changes have waited for long enough.
    func isDue(_ points: [SavePoint], _ node: Node) -> Bool {
        guard job == nil else { return false }
        let wall = node.now.wall
        guard figures.lastFailure == nil || wall - figures.lastTry >= Self.patience else {
            return false
        }
        let unsaved = unsaved(node.store)
        return points.contains {
            unsaved >= UInt64($0.changes) && wall - figures.lastSave >= Int64($0.seconds) * 1000
        }
    }

    /// Keys were read from the file: they are saved.
    func loaded(_ store: MemoryStore) { figures.savedChanges = store.changes }
}

/// Keys are saved after so many seconds if there were so many changes.
package struct SavePoint: Equatable, Sendable {
    package var seconds: Int
    package var changes: Int

    package init(seconds: Int, changes: Int) {
        self.seconds = seconds
        self.changes = changes
    }
}
