// The master's end of a replication link: what one replica is sent, and how far it says it is. It lends bytes to
// whoever has the connection: first the answer, then the copy if there is one, then the stream from the log.

/// What a replica said of itself before PSYNC.
package struct ReplicaAnnouncement: Equatable, Sendable {
    /// Where it listens for clients; 0 until it says so.
    package var port = 0
    /// The address that it announces; empty: that of its connection.
    package var address = ""
    /// Its name in the cluster. Who tells it understands as well that it is asked to take over.
    package var nodeID: String?
    /// It understands `+CONTINUE <id>`.
    package var continuesByID = false

    package init() {}

    /// Takes the words of a REPLCONF of two or more words.
    /// - Returns: the error for the replica; nil: all words were taken.
    package mutating func take(_ words: [[UInt8]]) -> String? {
        guard words.count % 2 == 0 else { return "ERR syntax error" }
        for index in stride(from: 0, to: words.count, by: 2) {
            let value = String(decoding: words[index + 1].prefix(256), as: UTF8.self)
            switch String(decoding: words[index], as: UTF8.self).lowercased() {
            case "listening-port":
                guard let port = Int(value), (0...65_535).contains(port) else {
                    return "ERR value is not an integer or out of range"
                }
                self.port = port
            case "ip-address":
                let isText = value.utf8.allSatisfy { (0x21...0x7e).contains($0) }
                guard value.utf8.count < 256, isText else {
                    return "ERR REPLCONF ip-address provided by replica instance is too long"
                }
                address = value
            case "capa": if value.lowercased() == "psync2" { continuesByID = true }
            case "set-cluster-node-id": nodeID = value
            case "version": continue
            default:
                let name = ReplicationError.shown(words[index])
                return "ERR Unrecognized REPLCONF option: \(name)"
            }
        }
        return nil
    }
}

/// One replica of ours.
package final class ReplicaFeed {
    /// Where it stands, in the words of INFO.
    package enum State: String, Sendable {
        case waiting = "wait_bgsave"
        case copying = "send_bulk"
        case online
    }

    /// What is said before the stream, and how much of it has left.
    private struct Answer {
        var bytes: [UInt8] = []
        var sent = 0
        var isOver: Bool { sent == bytes.count }
    }

    package let number: UInt32
    package let announcement: ReplicaAnnouncement
    /// The address of its connection.
    package let peer: String

    private var answer = Answer()
    private var copy: CopySender?
    /// Waits for a copy until this monotonic millisecond.
    private(set) var waitsUntil: Int64?
    /// The offset of the next byte of the stream that it is sent; nil until it has one.
    private(set) var cursor: Int?
    /// The offset up to which it said it has applied the stream; nil until it says so.
    private var applied: Int?
    /// The same; 0 until it says so.
    package var acknowledged: Int { applied ?? 0 }
    /// Monotonic milliseconds at which it last said something, or took bytes of its copy.
    package private(set) var heardAt: Int64
    /// Since when it is further behind than the lower limit allows.
    var behindSince: Int64?
    /// PSYNC is answered by a line before the copy, SYNC is not.
    var answersWithLine = true
    private var keepaliveAt: Int64 = 0

    init(
        _ number: UInt32, _ announcement: ReplicaAnnouncement, peer: String, at now: Int64
    ) {
        self.number = number
        self.announcement = announcement
        self.peer = peer
        heardAt = now
    }

    package var state: State {
        if cursor == nil { return .waiting }
        return copy == nil ? .online : .copying
    }

    /// Whether something must come of it: one that asked by SYNC says nothing once it has its copy.
    var isHeardFrom: Bool {
        switch state {
        case .waiting: false
        case .copying: true
        case .online: answersWithLine
        }
    }

    /// The address that others know it by.
    package var address: String { announcement.address.isEmpty ? peer : announcement.address }
    /// Keys of the copy that it is sent.
    var copyKeys: Int { copy?.keyCount ?? 0 }
    package var copyHeldBytes: Int { copy?.heldBytes ?? 0 }

    // MARK: - What it gets

    func say(_ bytes: [UInt8]) { answer.bytes.append(contentsOf: bytes) }

    func wait(until time: Int64) { waitsUntil = time }

    /// A single line end each second, while there is nothing else to say.
    func keepAlive(at now: Int64) {
        guard now >= keepaliveAt else { return }
        keepaliveAt = now + 1000
        if answer.isOver { say([UInt8(ascii: "\n")]) }
    }

    func begin(_ sender: CopySender, then next: Int, at now: Int64) {
        waitsUntil = nil
        // It had nothing to say while it waited, which may have been long.
        heardAt = now
        copy = sender
        cursor = next
    }

    func follow(from next: Int) {
        waitsUntil = nil
        cursor = next
    }

    /// A copy that is to go slowly is held while it is ahead of its time; that it stands still is no silence of
    /// the replica.
    func keepPace(at now: Int64) {
        copy?.pace.look(at: now)
        if isHeld { heardAt = now }
    }

    private var isHeld: Bool { copy?.pace.isHeld ?? false }

    /// Whether something can be sent.
    package func hasBytes(_ log: ReplicationLog) -> Bool {
        if !answer.isOver { return true }
        return copy == nil ? (cursor ?? .max) <= log.offset : !isHeld
    }

    /// Lends what is sent next.
    /// - Returns: nil when there is nothing.
    package func lend<Result>(
        _ log: ReplicationLog, _ body: (Span<UInt8>) -> Result
    ) -> Result? {
        if !answer.isOver {
            let answer = answer
            return body(answer.bytes.span.extracting(answer.sent...))
        }
        if copy != nil { return isHeld ? nil : copy?.lend(body) }
        return cursor.flatMap { log.lend(from: $0, body) }
    }

    /// So many bytes of what was lent have left.
    package func sent(_ count: Int, at now: Int64) {
        if !answer.isOver {
            answer.sent += count
            if answer.isOver { answer = Answer() }
        } else if copy != nil {
            copy?.sent(count)
            heardAt = now
            if copy?.isOver == true { copy = nil }
            keepPace(at: now)
        } else if let at = cursor {
            cursor = at + count
        }
    }

    /// It says how far it is.
    func acknowledged(_ offset: Int, at now: Int64) {
        applied = max(acknowledged, offset)
        heardAt = now
    }

    func heard(at now: Int64) { heardAt = now }

    /// Whether it said that it has applied the stream up to here. A copy that was sent may not be loaded yet, also
    /// where nothing was counted before it began.
    package func hasConfirmed(_ offset: Int) -> Bool {
        state == .online && applied.map { $0 >= offset } ?? false
    }

    func end() { copy?.end() }
}
