// The replies of one client, in order, on their way out: in which version of the protocol they are
// written, which of them are sent at all, which wait for a save, and how many bytes have left.

import ClusterCore
import DataPlane
import RESP
import SystemIO

/// Replies that wait to be written to a socket.
final class ReplyBuffer {
    /// Where commands write them.
    let writer = ReplyWriter()
    /// How many of them have left.
    private var written = 0
    /// Those that wait for a save, and keep back what comes behind them.
    var held = HeldReplies()
    var mode = Mode.on

    /// Which replies are sent.
    enum Mode {
        case on, off
        /// Not that of the next command, and not that of this one.
        case skipNext, skip
    }

    var count: Int { writer.count }
    var waitingBytes: Int { writer.count - written }

    // MARK: - Which replies are sent

    /// A command has been answered by what stands behind `start`: takes that back if it is not to be sent.
    @inline(__always)
    func finishCommand(from start: Int) {
        if mode != .on { takeBackUnwanted(from: start) }
    }

    private func takeBackUnwanted(from start: Int) {
        switch mode {
        case .on: break
        case .off: takeBack(to: start)
        case .skipNext: mode = .skip
        case .skip:
            takeBack(to: start)
            mode = .on
        }
    }

    private func takeBack(to length: Int) {
        guard writer.count > length else { return }
        writer.cut(to: length)
        held.takeBack(to: length)
    }

    // MARK: - Leaving

    /// Lends what may be written now: nothing that waits for a save, nor what is behind it.
    /// - Returns: nil when there is none.
    func lendReady<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
        let end = held.firstStop ?? writer.count
        let start = written
        guard start < end else { return nil }
        return writer.lend { body($0.extracting(start..<end)) }
    }

    /// So many bytes of what was ready have left.
    func wrote(_ count: Int) { written += count }

    /// All that was ready has left: lets go of it, so that memory does not grow with what was said.
    func dropWritten() {
        if written == writer.count {
            // A small buffer is kept, so that a busy client does not allocate for each reply.
            writer.removeAll(keepingUpTo: 16_384)
            written = 0
        } else if written > 65_536 && written * 2 > writer.count {
            // Some reply may always be held, or much may wait for a slow reader: what went out before it is let
            // go now and then, at most as much as is left being moved for it.
            writer.removeFirst(written)
            held.shift(by: -written)
            written = 0
        }
    }

    /// Its connection is closed: nothing leaves any more.
    func drop() {
        writer.removeAll(keepingUpTo: 0)
        written = 0
        held = HeldReplies()
    }
}

extension ReplyBuffer {
    /// A save failed: errors take the place of the replies that waited for it.
    /// - Returns: how many.
    func fail(upTo generation: Generation, because error: SystemError) -> Int {
        writer.update { held.fail(upTo: generation, because: error, in: &$0) }
    }
}

extension ReplyWriter {
    /// A reply of the rules.
    func write(_ reply: AdminReply) {
        switch reply {
        case .ok: ok()
        case .status(let text): simple(text)
        case .integer(let number): integer(number)
        case .text(let text): self.text(text)
        case .bulk(let text): bulk(text)
        case .null: null()
        case .error(let text): error(text)
        case .list(let items):
            arrayHeader(items.count)
            for item in items { write(item) }
        case .map(let pairs):
            mapHeader(pairs.count)
            for (key, value) in pairs {
                bulk(key)
                write(value)
            }
        }
    }
}
