// One connection of a client: its requests in pieces, its replies in order, and what it chose (the
// version of the protocol, a name). What its commands mean is in ClientCommands.

import ClusterCore
import RESP
import SystemIO

/// A client.
final class Client {
    let id: ClientID
    let token: UInt64
    let peer: String
    let connectedAt: Int64
    private(set) var socket: Socket?
    var parser = RequestParser()
    var version = RESPVersion.two
    var name = ""
    /// Ends once its replies are written.
    var isLeaving = false
    var wantsWrite = false
    var isDirty = false
    /// Replies that wait to be written.
    var output: [UInt8] = []
    private var written = 0
    var lastActive: Int64

    init(_ id: ClientID, token: UInt64, socket: consuming Socket, peer: String, at wall: Int64) {
        self.id = id
        self.token = token
        self.socket = consume socket
        self.peer = peer
        connectedAt = wall
        lastActive = wall
    }

    var descriptor: Int32? { socket?.descriptor }
    var waitingBytes: Int { output.count - written }

    func read(into buffer: inout [UInt8]) -> BusLink.Outcome {
        guard let result = socket?.read(into: &buffer) else { return .closed }
        switch result {
        case .bytes(let count):
            parser.feed(buffer.span.extracting(first: count))
            return .moved
        case .wouldBlock: return .wouldBlock
        case .closed, .failed: return .closed
        }
    }

    func flush() -> BusLink.Outcome {
        while written < output.count {
            guard let result = socket?.write(output.span.extracting(written...)) else {
                return .closed
            }
            switch result {
            case .bytes(let count): written += count
            case .wouldBlock: return .wouldBlock
            case .closed, .failed: return .closed
            }
        }
        // A small buffer is kept, so that a busy client does not allocate for each reply.
        if output.capacity > 16_384 { output = [] } else { output.removeAll(keepingCapacity: true) }
        written = 0
        return .moved
    }

    func close() {
        socket = nil
        output = []
    }

    // MARK: - Replies

    func ok() { RESPWriter.simple("OK", to: &output) }
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
