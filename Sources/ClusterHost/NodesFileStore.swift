// Where nodes.conf lives: locked, loaded, and saved for the first time. The lock is a file of its
// own beside it, since a save replaces nodes.conf by rename and a lock would go with the old file
// (bus protocol §8.1). nodes.conf itself is locked too, for servers of the reference, which know no
// other lock: here as it is at the start, and by the saving thread from each save on.

import ClusterCore
import Determinism
import SystemIO

/// The locks that a node holds as long as it lives.
struct NodesFileLocks: ~Copyable {
    private let own: FileLock
    /// nodes.conf as it was at the start; the saving thread has it locked as it is since.
    private var first: FileLock?

    /// Takes the file of a node, and puts it back if it is torn.
    init(_ path: String, at now: Instant, _ tell: (HostNote) -> Void) throws(HostError) {
        let own = try NodesFileStore.lock("\(path).lock", of: path)
        try NodesFileStore.repair(path, at: now, tell)
        let first = File.exists(path) ? try NodesFileStore.lock(path, of: path) : nil
        self.own = own
        self.first = first
    }

    /// The file was just made.
    mutating func lockFirst(_ path: String) throws(HostError) {
        first = try NodesFileStore.lock(path, of: path)
    }
}

enum NodesFileStore {
    /// A file that is larger is no nodes.conf.
    private static let sizeLimit = 256 << 20

    /// Locks a file until its owner goes.
    /// - Throws: that another node has it, or that it is a pipe, a device or a folder, for which the
    ///   node would wait.
    static func lock(_ path: String, of nodesFile: String) throws(HostError) -> FileLock {
        guard !File.exists(path) || File.isRegular(path) else { throw .notRegular(path: path) }
        do throws(SystemError) {
            return try FileLock(path)
        } catch {
            throw error.isHeldElsewhere
                ? .inUse(path: nodesFile) : .cannotLock(path: path, error)
        }
    }

    /// Puts back what is kept of a file that a loss of power left empty or torn: the file as it was last
    /// synced. A file that is complete but malformed is not replaced.
    static func repair(
        _ path: String, at now: Instant, _ tell: (HostNote) -> Void
    ) throws(HostError) {
        let kept = SaveThread.keptPath(for: path)
        guard let bytes = try? File.readRegular(path, limitBytes: sizeLimit),
            !NodesFile.isWhole(bytes), let old = try? File.readRegular(kept, limitBytes: sizeLimit),
            NodesFile.isWhole(old)
        else { return }
        var random = SplitMix64(seed: 0)
        // An editor left out the last newline: all else is there.
        if let (_, remarks) = try? NodesFile.read(bytes, at: now, random: &random),
            remarks.contains(where: { if case .noNewline = $0 { true } else { false } })
        {
            return
        }
        guard (try? NodesFile.parse(old, at: now, random: &random)) != nil else { return }
        tell(.restored(path: path, torn: bytes.count, from: kept))
        do throws(SystemError) {
            try File.replace(path, with: old, sync: true)
        } catch {
            throw .cannotWrite(path: path, error)
        }
    }

    /// The saved state, and whether the file says what it says; nil when there is none yet. A file of
    /// which something will not be saved again is kept beside the new one, so that the server that wrote
    /// it can have it back.
    static func load(
        _ path: String, at now: Instant, random: inout SplitMix64, _ tell: (HostNote) -> Void
    ) throws(HostError) -> (state: ClusterState, isSaved: Bool)? {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try File.readRegular(path, limitBytes: sizeLimit)
        } catch {
            if error.isMissing { return nil }
            throw .cannotRead(path: path, error)
        }
        if bytes.isEmpty { return nil }
        do throws(NodesFileError) {
            let (state, remarks) = try NodesFile.read(bytes, at: now, random: &random)
            Self.tell(remarks, bytes, path, tell)
            let isCorrected = remarks.contains {
                if case .otherShard = $0 { true } else { false }
            }
            return (state, isSaved: !isCorrected)
        } catch {
            throw .malformed(path: path, error)
        }
    }

    /// Says what was not taken as it is; what is lost with the next save is kept in a copy.
    private static func tell(
        _ remarks: [NodesFileRemark], _ bytes: [UInt8], _ path: String, _ tell: (HostNote) -> Void
    ) {
        var lost: [String] = []
        for remark in remarks {
            switch remark {
            case .skipped(let name): lost.append(name)
            case .sameNode(let id, _):
                lost.append("a second line about \(id)")
                tell(.fileRemark(path: path, remark))
            case .ownAddress, .noNewline, .otherShard: tell(.fileRemark(path: path, remark))
            }
        }
        guard !lost.isEmpty else { return }
        let copy = "\(path).bak"
        var failure: SystemError?
        do throws(SystemError) {
            try File.replace(copy, with: bytes, sync: true)
        } catch {
            failure = error
        }
        tell(.fileLoses(path: path, lost, copy: copy, failure))
    }

    /// A new node is saved before its id is sent to anybody, and so is a file of which something was corrected.
    static func saveFirst(
        _ state: ClusterState, to path: String, at now: Instant
    ) throws(HostError) {
        do throws(SystemError) {
            try File.replace(path, with: Array(NodesFile.text(state, now).utf8), sync: true)
        } catch {
            throw .cannotWrite(path: path, error)
        }
    }
}
