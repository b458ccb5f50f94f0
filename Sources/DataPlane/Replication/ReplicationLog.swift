// What was written, as a stream of commands with an offset: what replicas are sent, and what one that was away for
// a while asks for again. A replica keeps the stream of its master here as it came, so that others can go on from
// it. Who is sent what, and when, is for Replication.

import Determinism
import RESP

/// The replication stream of a server.
///
/// Offsets count its bytes; the first has offset 1. What it keeps is private, as in MemoryStore.
package final class ReplicationLog {
    private var currentID: ReplicationID
    private var previousID: ReplicationID?
    private var previousEnd = -1
    private var backlog: Backlog?
    private var lastOffset = 0
    private var sizeLimit = 1 << 20
    private var needed = Int.max
    private var transaction: Transaction?
    private var needsSelect = true
    private var random: SplitMix64
    /// A bug on purpose, which only a simulation plants to see it found: histories are not told apart.
    package var continuesAnywhere = false

    /// Commands of a transaction, which go out as one.
    private struct Transaction {
        var bytes: [UInt8] = []
        var count = 0
    }

    /// No history comes near this; an offset that a peer or a file names is not taken beyond it.
    package static let largestOffset = 1 << 62

    package init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        currentID = ReplicationID(using: &random)
    }

    // MARK: - What it is

    package var id: ReplicationID { currentID }
    /// The name of the history up to `secondOffset`, exclusive.
    package var secondID: ReplicationID? { previousID }
    /// -1 where there is no second name.
    package var secondOffset: Int { previousEnd }
    /// The offset of the last byte.
    package var offset: Int { lastOffset }
    /// Whether what is written is kept: since the first replica came.
    package var isActive: Bool { backlog != nil }
    /// The offset of the oldest byte that is kept, and how many are.
    package var kept: (first: Int, count: Int)? { backlog.map { ($0.first, $0.count) } }

    /// Bytes that are kept at least, once there are so many.
    package var backlogSize: Int {
        get { sizeLimit }
        set {
            sizeLimit = max(newValue, Backlog.blockBytes)
            trim()
        }
    }

    /// Bytes from this offset on are kept whatever the size: somebody still has to be sent them.
    package func keep(from offset: Int) {
        needed = offset
        trim()
    }

    private func trim() { backlog?.trim(to: sizeLimit, keepingFrom: needed) }

    /// Whether the stream can go on at this offset for somebody who knows this history.
    package func canContinue(_ id: ReplicationID, at offset: Int) -> Bool {
        guard let backlog, offset >= backlog.first, offset <= backlog.end else { return false }
        if id == currentID || continuesAnywhere { return true }
        return id == previousID && offset <= previousEnd
    }

    /// Lends bytes from this offset on, not necessarily all.
    /// - Returns: nil when there are none.
    package func lend<Result>(from offset: Int, _ body: (Span<UInt8>) -> Result) -> Result? {
        backlog?.lend(from: offset, body)
    }

    // MARK: - Changes of history

    /// Begins to keep what is written, where it does not yet.
    package func activate() {
        guard backlog == nil else { return }
        backlog = Backlog(from: lastOffset + 1)
        needsSelect = true
    }

    /// Nobody follows any more: lets go of what was kept. What is written from now on is not counted, so the
    /// history gets another name.
    package func deactivate() {
        guard backlog != nil else { return }
        backlog = nil
        currentID = ReplicationID(using: &random)
        (previousID, previousEnd) = (nil, -1)
    }

    /// The next command is preceded by the choice of the database: a replica begins to read there.
    package func selectAgain() { needsSelect = true }

    /// This server is the master from here on: the history up to here keeps its name as the second one.
    package func promote() {
        previousID = currentID
        previousEnd = lastOffset + 1
        currentID = ReplicationID(using: &random)
        needsSelect = true
    }

    /// The history of a master, of which a whole copy was taken at this offset.
    package func adopt(_ id: ReplicationID, at offset: Int) {
        currentID = id
        (previousID, previousEnd) = (nil, -1)
        lastOffset = offset
        backlog = Backlog(from: offset + 1)
        transaction = nil
    }

    /// The master goes on from here under this name.
    package func adopt(_ id: ReplicationID) {
        activate()
        guard id != currentID else { return }
        previousID = currentID
        previousEnd = lastOffset + 1
        currentID = id
    }

    /// Goes on counting from `offset`, if that is further: a failover without a copy.
    package func advance(to offset: Int) {
        guard offset > lastOffset, backlog == nil else { return }
        lastOffset = min(offset, Self.largestOffset)
    }

    // MARK: - Writing

    /// Bytes of the stream of a master, as they came.
    package func append(raw bytes: Span<UInt8>) {
        backlog?.append(bytes)
        lastOffset += bytes.count
        trim()
    }

    /// A command of a client.
    func append(_ request: RequestSource) {
        guard isActive else { return }
        let isArray: Void? = request.withRequest { write($0) }
        if isArray == nil { append(request.words) }
    }

    /// A command in words.
    package func append(_ words: [[UInt8]]) {
        guard isActive else { return }
        var bytes: [UInt8] = []
        RESPWriter.command(words, to: &bytes)
        write(bytes.span)
    }

    /// What is not a write, such as PING: no choice of the database goes before it.
    package func append(service words: [String]) {
        guard isActive, transaction == nil else { return }
        var bytes: [UInt8] = []
        RESPWriter.command(words, to: &bytes)
        append(raw: bytes.span)
    }

    private func write(_ bytes: Span<UInt8>) {
        if transaction != nil {
            unsafe bytes.withUnsafeBufferPointer {
                unsafe transaction?.bytes.append(contentsOf: $0)
            }
            transaction?.count += 1
            return
        }
        select()
        append(raw: bytes)
    }

    private static let select = Array("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n".utf8)
    private static let multi = Array("*1\r\n$5\r\nMULTI\r\n".utf8)
    private static let exec = Array("*1\r\n$4\r\nEXEC\r\n".utf8)

    private func select() {
        guard needsSelect else { return }
        needsSelect = false
        append(raw: Self.select.span)
    }

    /// Commands from here on go out as one.
    /// - Returns: false when nobody is sent anything, or a transaction has begun that goes on.
    @discardableResult
    package func beginTransaction() -> Bool {
        guard isActive, transaction == nil else { return false }
        transaction = Transaction()
        return true
    }

    /// Sends what was written since `beginTransaction`: a single command alone, several between MULTI and EXEC.
    package func endTransaction() {
        guard let ended = transaction else { return }
        transaction = nil
        guard ended.count > 0 else { return }
        select()
        if ended.count > 1 { append(raw: Self.multi.span) }
        append(raw: ended.bytes.span)
        if ended.count > 1 { append(raw: Self.exec.span) }
    }
}
