// A file that is written in the background, piece by piece, beside the one whose place it takes when it is whole and
// on the disk. The loop that makes the pieces never waits for the disk; how many may wait is for the caller.

import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A new file on its way into the place of an old one.
package final class FileWriter: Sendable {
    private enum End: Equatable {
        case open, whole, abandoned
    }

    private struct State: Sendable {
        var pieces: [[UInt8]] = []
        var queuedBytes = 0
        var end = End.open
        var failure: SystemError?
        var isOver = false
    }

    private let path: String
    private let temporary: String
    private let state = Mutex(State())
    private let work: WakePipe
    private let news: WakePipe

    /// Makes the new file, under another name in the same folder, and starts the thread that writes it.
    package init(replacing path: String) throws(SystemError) {
        self.path = path
        temporary = temporaryPath(for: path)
        work = try WakePipe()
        news = try WakePipe()
        let file = try File.open(temporary, O_WRONLY | O_CREAT | O_TRUNC)
        let box = Handover(file)
        let thread = try Thread { [self] in run(box) }
        thread.detach()
    }

    /// Carries the file to the thread.
    private final class Handover: Sendable {
        let file: Descriptor
        init(_ file: consuming Descriptor) { self.file = file }
    }

    // MARK: - The loop's side

    /// Is readable when pieces were written, or all is over.
    package var descriptor: Int32 { news.descriptor }

    /// Bytes that wait to be written.
    package var queuedBytes: Int { state.withLock { $0.queuedBytes } }

    package func append(_ piece: [UInt8]) {
        state.withLock {
            $0.pieces.append(piece)
            $0.queuedBytes += piece.count
        }
        work.wake()
    }

    /// No piece follows: the file takes its place once all is written and synced.
    package func finish() { end(.whole) }

    /// It is not wanted any more: it is removed.
    package func abandon() { end(.abandoned) }

    private func end(_ end: End) {
        state.withLock { if $0.end == .open { $0.end = end } }
        work.wake()
    }

    /// What has happened since the last call.
    /// - Returns: nil while it is under way; the outcome once it is over: nil inside when the file is in place.
    package func takeOutcome() -> SystemError?? {
        news.clear()
        return state.withLock { $0.isOver ? .some($0.failure) : nil }
    }

    /// Waits for the thread, at most so long at a time.
    package func wait(milliseconds: Int32) {
        _ = waitUntilReadable(news.descriptor, milliseconds: milliseconds)
    }

    // MARK: - The thread's side

    private func run(_ handover: Handover) {
        while true {
            let (pieces, end) = state.withLock { state in
                defer { state.pieces = [] }
                return (state.pieces, state.end)
            }
            for piece in pieces where end != .abandoned {
                do throws(SystemError) {
                    try handover.file.writeAll(piece, about: temporary)
                } catch {
                    return fail(error)
                }
                state.withLock { $0.queuedBytes -= piece.count }
            }
            if !pieces.isEmpty { news.wake() }
            switch end {
            case .abandoned: return fail(SystemError(code: ECANCELED, call: "write", about: path))
            case .whole:
                // What was added before the end was said has been taken above or is taken now.
                if state.withLock({ !$0.pieces.isEmpty }) { continue }
                return complete(handover)
            case .open:
                if pieces.isEmpty { _ = waitUntilReadable(work.descriptor, milliseconds: -1) }
                work.clear()
            }
        }
    }

    private func complete(_ handover: Handover) {
        do throws(SystemError) {
            guard fsync(handover.file.number) == 0 else { throw .last("fsync", about: temporary) }
            try File.rename(temporary, to: path)
            let folder = try File.open(File.folder(of: path), O_RDONLY)
            guard fsync(folder.number) == 0 else { throw .last("fsync", about: path) }
        } catch {
            return fail(error)
        }
        over(nil)
    }

    private func fail(_ error: SystemError) {
        _ = unsafe unlink(temporary)
        over(error)
    }

    private func over(_ failure: SystemError?) {
        state.withLock {
            $0.failure = failure
            $0.isOver = true
            $0.pieces = []
            $0.queuedBytes = 0
        }
        news.wake()
    }
}

/// - Returns: whether there is something to read.
private func waitUntilReadable(_ descriptor: Int32, milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return retrying { unsafe poll(&entry, 1, milliseconds) } > 0
}
