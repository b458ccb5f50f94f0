// Sends frames to a bus port, many on one connection as long as that lives, and watches meanwhile that
// the node answers its clients. What must hold after it all is in HostileTests.

import ClusterWire
import Interop
import RESP
import SystemIO
import Testing

final class Attacker {
    private let node: ServerProcess
    private var connection: BlockingConnection?
    private var batch: [[UInt8]] = []
    private var batchBytes = 0
    /// A frame that begins each new connection, such as one that binds it to a name.
    var greeting: [UInt8] = []

    private(set) var framesSent = 0
    private(set) var connectionsMade = 0
    /// The longest that the node made a client wait for PONG.
    private(set) var slowestPongMilliseconds = 0
    private var batchesSincePing = 0

    private static let batchLimitBytes = 48 * 1024
    private static let patience = 10_000

    init(_ node: ServerProcess) { self.node = node }

    /// Sends a frame in a while, with others, if it leaves a connection standing by itself; else at
    /// once on a connection of its own.
    func send(_ frame: [UInt8]) throws {
        framesSent += 1
        guard Self.leavesConnection(frame) else { return try sendAlone(frame) }
        batch.append(frame)
        batchBytes += frame.count
        if batchBytes >= Self.batchLimitBytes { try flush() }
    }

    /// Whether the framing goes on behind it.
    private static func leavesConnection(_ frame: [UInt8]) -> Bool {
        var splitter = FrameSplitter()
        splitter.push(frame.span)
        do {
            guard case .frame(let cut) = try splitter.next(limit: .stranger),
                cut.count == frame.count
            else { return false }
            // Light messages of strangers and changed names end a connection; neither is a loss.
            return frame[HostileFrames.At.type] & 0x80 == 0
        } catch {
            return false
        }
    }

    /// Sends what waits; frame by frame if the node closed on the whole.
    func flush() throws {
        let frames = batch
        batch = []
        batchBytes = 0
        guard !frames.isEmpty else { return }
        if try !write(frames.flatMap { $0 }) {
            for frame in frames { _ = try write(frame) }
        }
        try check()
    }

    /// Sends bytes on a connection of their own, and ends it.
    func sendAlone(_ bytes: [UInt8]) throws {
        let alone = try connect()
        // The node may close at the first bytes.
        do throws(SystemError) {
            try alone.write(greeting + bytes, timeoutMilliseconds: Self.patience)
            alone.shutDownWriting()
            while try !alone.read(timeoutMilliseconds: Self.patience).isEmpty {}
        } catch {
            #expect(!error.isTimeout, "the node took nothing, or did not close: \(error)")
        }
        try check()
    }

    func connect() throws -> BlockingConnection {
        connectionsMade += 1
        // Many addresses of loopback, since each has its own ports to come from.
        let source = SocketAddress(
            host: .v4(0x7f00_0002 + UInt32(connectionsMade % 200)), port: 0)
        return try BlockingConnection(
            to: node.busAddress, from: source, timeoutMilliseconds: Self.patience)
    }

    /// - Returns: false when the connection was closed meanwhile.
    private func write(_ bytes: [UInt8]) throws -> Bool {
        if connection == nil {
            connection = try connect()
            if try !greeting.isEmpty && !write(greeting) { return false }
        }
        do throws(SystemError) {
            try connection?.write(bytes, timeoutMilliseconds: Self.patience)
            while try connection?.read(timeoutMilliseconds: 0).isEmpty == false {}
        } catch {
            if error.isTimeout { return true }
        }
        connection = nil
        return false
    }

    /// Ends the connection that is open.
    func hangUp() throws {
        try flush()
        connection = nil
    }

    /// Now and then: the node answers a client.
    private func check() throws {
        batchesSincePing += 1
        guard batchesSincePing >= 20 else { return }
        batchesSincePing = 0
        try ping()
    }

    func ping() throws {
        let start = SystemClock.monotonicMilliseconds()
        #expect(try node.text("PING") == "PONG")
        let spent = Int(SystemClock.monotonicMilliseconds() - start)
        slowestPongMilliseconds = max(slowestPongMilliseconds, spent)
    }
}
