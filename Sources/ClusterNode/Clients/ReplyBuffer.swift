// The replies of one client, in order, on their way out: in which version of the protocol they are
// written, which of them are sent at all, which wait for a save, and how many bytes have left.

import ClusterCore
import RESP

/// Replies that wait to be written to a socket.
final class ReplyBuffer {
    var version = RESPVersion.two
    var bytes: [UInt8] = []
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

    var count: Int { bytes.count }
    var waitingBytes: Int { bytes.count - written }

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
        guard bytes.count > length else { return }
        bytes.removeLast(bytes.count - length)
        held.takeBack(to: length)
    }

    // MARK: - Leaving

    /// Lends what may be written now: nothing that waits for a save, nor what is behind it.
    /// - Returns: nil when there is none.
    func lendReady<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
        let end = held.firstStop ?? bytes.count
        guard written < end else { return nil }
        let bytes = bytes
        return body(bytes.span.extracting(written..<end))
    }

    /// So many bytes of what was ready have left.
    func wrote(_ count: Int) { written += count }

    /// All that was ready has left: lets go of it, so that memory does not grow with what was said.
    func dropWritten() {
        if written == bytes.count {
            // A small buffer is kept, so that a busy client does not allocate for each reply.
            if bytes.capacity > 16_384 {
                bytes = []
            } else {
                bytes.removeAll(keepingCapacity: true)
            }
            written = 0
        } else if written > 65_536 && written * 2 > bytes.count {
            // Some reply may always be held, or much may wait for a slow reader: what went out before it is let
            // go now and then, at most as much as is left being moved for it.
            bytes.removeFirst(written)
            held.shift(by: -written)
            written = 0
        }
    }

    /// Its connection is closed: nothing leaves any more.
    func drop() {
        bytes = []
        held = HeldReplies()
    }
}

// MARK: - Writing

extension ReplyBuffer {
    func ok() { bytes.append(contentsOf: Self.okReply) }
    private static let okReply = Array("+OK\r\n".utf8)

    func null() { RESPWriter.null(version, to: &bytes) }
    func nullArray() { RESPWriter.nullArray(version, to: &bytes) }
    func error(_ text: String) { RESPWriter.error(text, to: &bytes) }
    func simple(_ text: String) { RESPWriter.simple(text, to: &bytes) }
    func bulk(_ text: String) { RESPWriter.bulk(text, to: &bytes) }
    func bulk(_ content: [UInt8]) { RESPWriter.bulk(content, to: &bytes) }
    func bulk(_ content: Span<UInt8>) { RESPWriter.bulk(content, to: &bytes) }
    func integer(_ number: Int64) { RESPWriter.integer(number, to: &bytes) }
    func arrayHeader(_ count: Int) { RESPWriter.arrayHeader(count, to: &bytes) }
    func text(_ text: String) {
        RESPWriter.verbatim(format: "txt", Array(text.utf8), version, to: &bytes)
    }

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
            RESPWriter.mapHeader(pairs.count, version, to: &bytes)
            for (key, value) in pairs {
                bulk(key)
                write(value)
            }
        }
    }
}
