// Where nodes.conf lives: locked, loaded, and saved for the first time. The lock is a file of its
// own beside it, since a save replaces nodes.conf by rename and a lock would go with the old file
// (bus protocol §8.1). nodes.conf itself is locked too, for servers of the reference, which know no
// other lock: here as it is at the start, and by the saving thread from each save on.

import ClusterCore
import Determinism
import SystemIO

enum NodesFileStore {
    /// A file that is larger is no nodes.conf.
    private static let sizeLimit = 256 << 20

    /// Locks a file until its owner goes.
    /// - Throws: that another node has it, or that it is a pipe, a device or a folder, for which the
    ///   node would wait.
    static func lock(_ path: String, of options: NodeOptions) throws(StartError) -> FileLock {
        if File.exists(path) && !File.isRegular(path) {
            throw StartError("\(path) is not a regular file")
        }
        do throws(SystemError) {
            return try FileLock(path)
        } catch {
            if error.isHeldElsewhere {
                throw StartError("\(options.configPath) is in use by another node")
            }
            throw StartError("\(path) cannot be locked: \(error.reason)")
        }
    }

    /// Puts back what is kept of a file that a loss of power left empty or torn: the file as it was last
    /// synced. One that is whole and wrong is nobody's to replace.
    static func repair(
        _ options: NodeOptions, at now: Instant, _ log: inout NodeLog
    ) throws(StartError) {
        let path = options.configPath
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
        log.write(
            .warning,
            "\(path) is \(bytes.isEmpty ? "empty" : "torn, \(bytes.count) bytes long"); taken is "
                + "\(kept), the file as it was last synced. To make a new node remove both")
        do throws(SystemError) {
            try File.replace(path, with: old, sync: true)
        } catch {
            throw StartError("\(path) cannot be written: \(error.reason)")
        }
    }

    /// The saved state, and whether the file says what it says; nil when there is none yet. A file of
    /// which something will not be saved again is kept beside the new one, so that the server that wrote
    /// it can have it back.
    static func load(
        _ options: NodeOptions, at now: Instant, random: inout SplitMix64, _ log: inout NodeLog
    ) throws(StartError) -> (state: ClusterState, isSaved: Bool)? {
        let path = options.configPath
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try File.readRegular(path, limitBytes: sizeLimit)
        } catch {
            if error.isMissing { return nil }
            throw StartError("\(path) cannot be read: \(error.reason)")
        }
        if bytes.isEmpty { return nil }
        do throws(NodesFileError) {
            let (state, remarks) = try NodesFile.read(bytes, at: now, random: &random)
            tell(remarks, bytes, path, &log)
            let isCorrected = remarks.contains {
                if case .otherShard = $0 { true } else { false }
            }
            return (state, isSaved: !isCorrected)
        } catch {
            let place = error.line > 0 ? "\(path):\(error.line)" : path
            throw StartError("\(place): \(error.reasonText); the file is left as it is")
        }
    }

    /// Says what was not taken as it is; what is lost with the next save is kept in a copy.
    private static func tell(
        _ remarks: [NodesFileRemark], _ bytes: [UInt8], _ path: String, _ log: inout NodeLog
    ) {
        var lost: [String] = []
        for remark in remarks {
            switch remark {
            case .skipped(let name): lost.append(name)
            case .sameNode(let id, _):
                lost.append("a second line about \(id)")
                log.write(.warning, "\(path): \(remark)")
            case .ownAddress, .noNewline, .otherShard: log.write(.warning, "\(path): \(remark)")
            }
        }
        guard !lost.isEmpty else { return }
        let copy = "\(path).bak"
        var fate = "the file as it was is kept as \(copy)"
        do throws(SystemError) {
            try File.replace(copy, with: bytes, sync: true)
        } catch {
            fate = "no copy of it could be kept: \(error)"
        }
        log.write(
            .warning,
            "\(path) holds what is not kept here: \(lost.joined(separator: ", ")); \(fate)")
    }

    /// A new node is on disk before anybody hears its name, and so is what a file contradicted itself in.
    static func saveFirst(
        _ state: ClusterState, _ options: NodeOptions, at now: Instant
    ) throws(StartError) {
        do throws(SystemError) {
            try File.replace(
                options.configPath, with: Array(NodesFile.text(state, now).utf8), sync: true)
        } catch {
            throw StartError("\(options.configPath) cannot be written: \(error.reason)")
        }
    }
}
