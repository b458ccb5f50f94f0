// Streams of bytes and the queue in front of them, over loopback: what moves, what has to be waited for,
// and what has ended.

import SystemIO
import TestSupport
import Testing

/// Waits for a connection.
private func acceptOne(_ listener: borrowing Socket) throws(SystemError) -> Socket {
    while true {
        if let socket = try listener.accept() { return socket }
    }
}

@Suite struct ByteStreamTests {
    /// Both ends of a connection on loopback.
    private struct Ends: ~Copyable {
        let client: ByteStream
        let server: ByteStream

        init() throws {
            let listener = try Socket.listen(at: .loopback(port: 0))
            let bound = listener.localAddress()
            let address = try #require(bound)
            let connected = try Socket.connect(to: address)
            server = ByteStream(try acceptOne(listener))
            client = ByteStream(connected)
        }

        /// Reads on the server's side until so many bytes are there, or none will come.
        borrowing func receive(_ count: Int) -> [UInt8] {
            var result: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while result.count < count {
                switch server.read(into: &buffer) {
                case .bytes(let count): result += buffer[..<count]
                case .waits: continue
                case .closed: return result
                }
            }
            return result
        }
    }

    @Test func `reading waits for bytes, and both ends know where they are`() throws {
        let ends = try Ends()
        var buffer = [UInt8](repeating: 0, count: 16)
        #expect(ends.server.read(into: &buffer) == .waits(for: .read))
        #expect(ends.client.write([1, 2, 3].span) == .bytes(3))
        #expect(ends.receive(3) == [1, 2, 3])
        #expect(ends.client.localAddress() == ends.server.peerAddress())
        #expect(ends.client.connectionError() == nil)
    }

    @Test func `a queue is written in its order, and nothing of it twice`() throws {
        let ends = try Ends()
        var queue = ChunkQueue()
        let chunks = (0..<300).map { [UInt8](repeating: UInt8($0 % 251), count: 10_000 + $0) }
        for chunk in chunks { queue.append(chunk) }
        let all = chunks.flatMap { $0 }
        #expect(queue.byteCount == all.count)
        var received: [UInt8] = []
        var written = 0
        while queue.byteCount > 0 {
            let before = queue.byteCount
            let outcome = ends.client.flush(&queue)
            #expect(outcome == .waits(for: .write) || queue.byteCount == 0)
            written += before - queue.byteCount
            received += ends.receive(written - received.count)
        }
        #expect(received == all)
        #expect(ends.client.flush(&queue) == .bytes(0))
    }

    @Test func `an end that is gone is closed`() throws {
        let listener = try Socket.listen(at: .loopback(port: 0))
        let bound = listener.localAddress()
        let address = try #require(bound)
        let client = ByteStream(try Socket.connect(to: address))
        do { _ = try acceptOne(listener) }
        var buffer = [UInt8](repeating: 0, count: 16)
        eventually("the end arrives") {
            let outcome = client.read(into: &buffer)
            return outcome == .closed ? nil : "\(outcome)"
        }
    }
}
