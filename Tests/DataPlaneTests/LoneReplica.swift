// A replica without a real master: a test says what comes over its link, byte by byte, and looks at what it says,
// what it holds and what it notes.

import ClusterWire
import Determinism
import RESP

@testable import DataPlane

/// A replica, and the other end of its link.
final class LoneReplica {
    let server = TestServer(7000, seed: 1)
    var master = MasterAddress(host: "10.0.0.2", port: 7001)
    var now: Int64 = 1000
    /// All that the replica sent since the link stood.
    private(set) var sent: [[String]] = []
    private(set) var isOpen = false
    /// Times at which it connected.
    private(set) var connected: [Int64] = []
    /// Replicas of its own that it cut off.
    private(set) var closed: [UInt32] = []

    static let id = String(repeating: "a", count: 40)
    static let otherID = String(repeating: "b", count: 40)
    static let mark = String(repeating: "m", count: 40)

    var replication: Replication { server.replication }
    var store: MemoryStore { server.store }
    var log: ReplicationLog { server.replication.log }

    /// Begins to follow and connects.
    func follow() {
        replication.follow(master, at: now)
        tick()
    }

    func tick(milliseconds: Int64 = 100) {
        now += milliseconds
        store.now = now
        replication.tick(at: now)
        perform()
    }

    func perform() {
        for action in replication.takeActions() {
            switch action {
            case .connect:
                isOpen = true
                connected.append(now)
                sent = []
                replication.linkOpened(at: now)
                perform()
            case .send(let bytes): keep(bytes)
            case .disconnect: isOpen = false
            case .close(let number): closed.append(number)
            case .takeOver: continue
            case .note(let note): server.notes.append(note)
            }
        }
    }

    private func keep(_ bytes: [UInt8]) {
        var parser = RequestParser()
        parser.feed(bytes)
        while let words = try? parser.nextArguments() {
            sent.append(words.map { String(decoding: $0, as: UTF8.self) })
        }
    }

    /// The master says this, in pieces of this size.
    func hear(_ bytes: [UInt8], piece: Int = .max) {
        var at = 0
        while at < bytes.count, isOpen {
            let end = at + min(piece, bytes.count - at)
            replication.linkReceived(
                bytes.span.extracting(at..<end), at: now, while: { !self.isShortOfTime })
            perform()
            at = end
        }
    }

    /// Whether each command of a stream was the last for now.
    var isShortOfTime = false

    func hear(_ text: String, piece: Int = .max) { hear(Array(text.utf8), piece: piece) }

    /// The other end goes.
    func lose() {
        isOpen = false
        replication.linkClosed("gone", at: now)
        perform()
    }

    /// All replies up to PSYNC.
    func greet() { hear("+PONG\r\n+OK\r\n+OK\r\n") }

    /// Commands as a stream has them.
    static func stream(_ commands: String...) -> [UInt8] {
        var bytes: [UInt8] = []
        for command in commands {
            RESPWriter.command(command.split(separator: " ").map(String.init), to: &bytes)
        }
        return bytes
    }

    func stream(_ commands: String..., piece: Int = .max) {
        for command in commands { hear(Self.stream(command), piece: piece) }
    }

    /// A copy as a master sends it, with its length.
    static func copy(_ entries: [RDBEntry], offset: Int = 100) -> [UInt8] {
        let file = RDBKit.write(entries)
        return Array("+FULLRESYNC \(id) \(offset)\r\n$\(file.count)\r\n".utf8) + file
    }

    /// The same with a mark at its end.
    static func markedCopy(_ file: [UInt8], end: String = mark) -> [UInt8] {
        Array("+FULLRESYNC \(id) 100\r\n$EOF:\(mark)\r\n".utf8) + file + Array(end.utf8)
    }

    /// It follows, and has copied one key.
    static func withCopy() -> LoneReplica {
        let replica = LoneReplica()
        replica.follow()
        replica.greet()
        replica.hear(copy([RDBEntry("old", "1")]))
        return replica
    }

    var stopped: ReplicationError? { replication.stoppedBecause }

    /// Why the link was given up last, and whether the keys stayed.
    var failure: (ReplicationError, keepsCopy: Bool)? {
        for note in server.notes.reversed() {
            if case .replica(.linkFailed(let error, let keeps)) = note { return (error, keeps) }
        }
        return nil
    }
}
