// One connection of a client: its requests in pieces, its replies in order, and what it chose (the
// version of the protocol, a name, where it reads). What its commands mean is in Commands.

import ClusterCore
import ClusterWire
import RESP
import SystemIO

/// A client.
final class Client {
    let id: ClientID
    let token: UInt64
    /// The ends of the connection, as "address:port".
    let peer: String
    let local: String
    let connectedAt: Int64
    private var stream: ByteStream?
    var parser = RequestParser()
    var version = RESPVersion.two
    var name = ""
    var libraryName = ""
    var libraryVersion = ""
    var isNoEvict = false
    var isNoTouch = false

    // How commands are routed.
    /// Reads may be answered by a replica.
    var isReadOnly = false
    /// The next command may use slots that are on their way here.
    var isAsking = false
    /// The slot of the keys of the command that runs.
    var slot = KeySlot.of([UInt8]())

    /// Commands that wait for EXEC.
    var transaction: Transaction?
    var watched: [WatchedKey] = []
    /// A watched key changed.
    var isDisturbed = false
    var replies = ReplyMode.on
    var lastCommand: CommandSpec?
    /// Its request waits until writes are let go on.
    var isWaiting = false

    /// Which replies are sent.
    enum ReplyMode {
        case on, off
        /// Not that of the next command, and not that of this one.
        case skipNext, skip
    }

    /// Ends once its replies are written.
    var isLeaving = false
    /// What the poller watches it for.
    var interest = Interest.read
    var wantsWrite: Bool { interest.contains(.write) }
    var isDirty = false
    /// What is ready for it, while it waits for its turn.
    var ready: PollEvent?
    /// Its last turn ended because its time was over.
    var usedItsTurn = false
    /// Requests were left unread because replies wait.
    var hasRequests = false
    /// Replies that wait to be written.
    var output: [UInt8] = []
    private var written = 0
    /// Those of them that wait for a save, and keep back what comes behind them.
    var held = HeldReplies()
    /// Wall milliseconds of its last request.
    var lastActive: Int64
    /// Wall milliseconds at which it last took bytes of a reply.
    private(set) var lastTaken: Int64

    init(
        _ id: ClientID, token: UInt64, socket: consuming Socket, peer: String, local: String,
        at wall: Int64
    ) {
        self.id = id
        self.token = token
        stream = ByteStream(socket)
        self.peer = peer
        self.local = local
        connectedAt = wall
        lastActive = wall
        lastTaken = wall
    }

    var descriptor: Int32? { stream?.descriptor }
    /// Bytes that moved and are not counted by the node yet.
    private(set) var receivedBytes: UInt64 = 0
    private(set) var sentBytes: UInt64 = 0

    /// Hands over what moved since the last time.
    func count(into statistics: NodeStatistics) {
        statistics.readBytes &+= receivedBytes
        statistics.writtenBytes &+= sentBytes
        receivedBytes = 0
        sentBytes = 0
    }
    var waitingBytes: Int { output.count - written }

    /// Reads once into a buffer that all connections share, and feeds the parser.
    func read(into buffer: inout [UInt8]) -> StreamOutcome {
        guard let outcome = stream?.read(into: &buffer) else { return .closed }
        if case .bytes(let count) = outcome {
            receivedBytes &+= UInt64(count)
            parser.feed(buffer.span.extracting(first: count))
        }
        return outcome
    }

    /// Writes what may be written: nothing that waits for a save, nor what is behind it.
    /// - Returns: how many bytes were written when none is left of those, else why some are.
    func flush(at wall: Int64) -> StreamOutcome {
        let end = held.firstStop ?? output.count
        var total = 0
        while written < end {
            guard let outcome = stream?.write(output.span.extracting(written..<end)) else {
                return .closed
            }
            guard case .bytes(let count) = outcome else { return outcome }
            written += count
            total += count
            sentBytes &+= UInt64(count)
            lastTaken = wall
        }
        guard end == output.count else {
            dropWritten()
            return .bytes(total)
        }
        // A small buffer is kept, so that a busy client does not allocate for each reply.
        if output.capacity > 16_384 { output = [] } else { output.removeAll(keepingCapacity: true) }
        written = 0
        return .bytes(total)
    }

    /// Some reply may always be held: what went out before it is let go now and then.
    private func dropWritten() {
        guard written > 65_536 else { return }
        output.removeFirst(written)
        held.shift(by: -written)
        written = 0
    }

    func close() {
        stream = nil
        output = []
        held = HeldReplies()
    }

    /// Takes back what was answered since the output was so long.
    func takeBack(to length: Int) {
        guard output.count > length else { return }
        output.removeLast(output.count - length)
        held.takeBack(to: length)
    }

    // MARK: - Replies

    func ok() { output.append(contentsOf: Self.okReply) }
    func null() { RESPWriter.null(version, to: &output) }
    private static let okReply = Array("+OK\r\n".utf8)
    func error(_ text: String) { RESPWriter.error(text, to: &output) }
    func bulk(_ text: String) { RESPWriter.bulk(text, to: &output) }
    func integer(_ number: Int64) { RESPWriter.integer(number, to: &output) }
    func text(_ text: String) {
        RESPWriter.verbatim(format: "txt", Array(text.utf8), version, to: &output)
    }

    /// A reply of the rules.
    func reply(_ reply: AdminReply) {
        switch reply {
        case .ok: ok()
        case .status(let text): RESPWriter.simple(text, to: &output)
        case .integer(let number): integer(number)
        case .text(let text): self.text(text)
        case .bulk(let text): bulk(text)
        case .null: RESPWriter.null(version, to: &output)
        case .error(let text): error(text)
        case .list(let items):
            RESPWriter.arrayHeader(items.count, to: &output)
            for item in items { self.reply(item) }
        case .map(let pairs):
            RESPWriter.mapHeader(pairs.count, version, to: &output)
            for (key, value) in pairs {
                bulk(key)
                self.reply(value)
            }
        }
    }
}

// MARK: - The request that is being run

extension Client {
    var count: Int { parser.argumentCount }

    /// A word as text; bytes that are not UTF-8 become U+FFFD.
    func text(_ index: Int) -> String { parser.argumentText(index) }

    /// A word in small letters, for options.
    func option(_ index: Int) -> String { parser.argumentText(index).lowercased() }

    func bytes(_ index: Int) -> [UInt8] { parser.argument(index) }

    /// A number in its one spelling.
    func number(_ index: Int) -> Int64? { parser.lendArgument(index) { strictInteger($0) } }

    /// The first word of an error that stands in the output.
    func errorCode(from place: Int) -> String {
        let word = output[place...].prefix(64).prefix { $0 > 0x20 }
        return String(decoding: word, as: UTF8.self)
    }

    func noNumber() { error("ERR value is not an integer or out of range") }
    func syntaxError() { error("ERR syntax error") }

    /// A subcommand that takes fewer words, where the reference finds that out itself.
    func wrongWords(of container: String) {
        error(
            "ERR unknown subcommand or wrong number of arguments for '\(text(1))'. "
                + "Try \(container.uppercased()) HELP.")
    }

    /// What is not a subcommand of this container.
    func unknownSubcommand(of container: String) {
        let word = String(decoding: bytes(1).prefix(128), as: UTF8.self)
        error("ERR unknown subcommand '\(word)'. Try \(container.uppercased()) HELP.")
    }
}
