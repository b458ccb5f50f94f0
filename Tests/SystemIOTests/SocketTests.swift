// Sockets and readiness on loopback: what connects, what would block, what has closed.

import SystemIO
import TestSupport
import Testing

/// Both ends of a connection on loopback.
private struct Ends: ~Copyable {
    let client: Socket
    let server: Socket

    init() throws(SystemError) {
        let listener = try Socket.listen(at: .loopback(port: 0))
        let client = try Socket.connect(to: boundAddress(listener))
        self.server = try acceptOne(listener)
        self.client = client
    }

    /// Reads on the server's side until so many bytes are there.
    borrowing func receive(_ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while result.count < count {
            switch server.read(into: &buffer) {
            case .bytes(let count): result.append(contentsOf: buffer[..<count])
            case .wouldBlock: continue
            case .closed, .failed: return result
            }
        }
        return result
    }
}

/// Where a socket listens.
private func boundAddress(_ socket: borrowing Socket) throws(SystemError) -> SocketAddress {
    guard let address = socket.localAddress() else {
        throw SystemError(code: 0, call: "getsockname")
    }
    return address
}

/// Waits for a connection.
private func acceptOne(_ listener: borrowing Socket) throws(SystemError) -> Socket {
    while true {
        if let socket = try listener.accept(keepAliveSeconds: 10) { return socket }
    }
}

@Suite struct SocketTests {
    @Test func `bytes go both ways and the end is told`() throws {
        let ends = try Ends()
        var buffer = [UInt8](repeating: 0, count: 16)
        #expect(ends.server.read(into: &buffer) == .wouldBlock)
        #expect(ends.client.write([1, 2, 3].span) == .bytes(3))
        #expect(ends.receive(3) == [1, 2, 3])
        #expect(ends.client.localAddress() == ends.server.peerAddress())
        #expect(ends.client.peerAddress() == ends.server.localAddress())
        ends.client.shutDownWriting()
        eventually("the end arrives") {
            let result = ends.server.read(into: &buffer)
            return result == .closed ? nil : "\(result)"
        }
    }

    @Test func `a full connection would block, and one that is gone is closed without a signal`()
        throws
    {
        let listener = try Socket.listen(at: .loopback(port: 0))
        let address = try boundAddress(listener)
        let client = try Socket.connect(to: address)
        let chunk = [UInt8](repeating: 7, count: 1 << 16)
        var written = 0
        do {
            let accepted = try acceptOne(listener)
            var result = client.write(chunk.span)
            while case .bytes(let count) = result {
                written += count
                result = client.write(chunk.span)
            }
            #expect(result == .wouldBlock && written > 0)
            _ = consume accepted
        }
        eventually("the reset arrives") {
            let result = client.write(chunk.span)
            return result == .closed ? nil : "\(result)"
        }
    }

    @Test func `chunks are gathered in order, wherever a write goes on`() throws {
        let ends = try Ends()
        let chunks: [[UInt8]] = (0..<40).map { [UInt8](repeating: UInt8($0), count: $0 * 3) }
        let whole = chunks.flatMap { $0 }
        var sent = 0
        var index = 1
        var skipped = 1
        sent += skipped
        #expect(ends.client.write([0].span) == .bytes(1))
        while index < chunks.count {
            guard
                case .bytes(var count) = ends.client.write(
                    gathering: chunks[index...], skipping: skipped)
            else {
                Issue.record("loopback takes a few bytes")
                return
            }
            sent += count
            while index < chunks.count, count >= chunks[index].count - skipped {
                count -= chunks[index].count - skipped
                skipped = 0
                index += 1
            }
            skipped += count
        }
        #expect(ends.receive(sent) == [0] + whole.dropFirst(1))
        #expect(ends.client.write(gathering: [], skipping: 0) == .bytes(0))
    }

    @Test func `a port that nobody listens at refuses`() throws {
        let base = FreePorts.base(1)
        let address = SocketAddress.loopback(port: UInt16(base))
        let error = #expect(throws: SystemError.self) {
            _ = try BlockingConnection(to: address, timeoutMilliseconds: 5000)
        }
        #expect(error?.isConnectionRefused == true)
        #expect(error?.description == "connect 127.0.0.1:\(base): Connection refused")
    }

    @Test func `a port has one listener, and another address takes the same port`() throws {
        let listener = try Socket.listen(at: .loopback(port: 0))
        let address = try boundAddress(listener)
        let error = #expect(throws: SystemError.self) { _ = try Socket.listen(at: address) }
        #expect(error?.isAddressInUse == true)
        let other = try #require(SocketAddress(ip: "127.0.0.2", port: address.port))
        _ = try Socket.listen(at: other)
    }

    @Test func `a connection comes from the source address it was given`() throws {
        let listener = try Socket.listen(at: .loopback(port: 0))
        let address = try boundAddress(listener)
        let source = try #require(SocketAddress(ip: "127.0.0.9", port: 0))
        let client = try Socket.connect(to: address, from: source)
        #expect(client.localAddress()?.ip == "127.0.0.9")
    }

    @Test func `IPv6 connects where the machine has it`() throws {
        let address = try #require(SocketAddress(ip: "::1", port: 0))
        do throws(SystemError) {
            let listener = try Socket.listen(at: address)
            let bound = try boundAddress(listener)
            _ = try BlockingConnection(to: bound, timeoutMilliseconds: 5000)
            // IPv4 does not reach a listener of IPv6.
            _ = try Socket.listen(at: SocketAddress(host: .v4(0), port: bound.port))
        } catch {
            #expect(error.call == "socket" || error.call == "bind", "\(error)")
        }
    }

    @Test func `waiting for an answer has a limit`() throws {
        let listener = try Socket.listen(at: .loopback(port: 0))
        let connection = try BlockingConnection(
            to: try boundAddress(listener), timeoutMilliseconds: 5000)
        let error = #expect(throws: SystemError.self) {
            try connection.read(timeoutMilliseconds: 20)
        }
        #expect(error?.isTimeout == true)
        try connection.write([1], timeoutMilliseconds: 20)
        let large = [UInt8](repeating: 1, count: 64 << 20)
        let full = #expect(throws: SystemError.self) {
            try connection.write(large, timeoutMilliseconds: 20)
        }
        #expect(full?.isTimeout == true)
        do {
            let accepted = try acceptOne(listener)
            _ = consume accepted
        }
        let lost = #expect(throws: SystemError.self) {
            try connection.write(large, timeoutMilliseconds: 5000)
        }
        #expect(lost?.isConnectionLost == true)
    }
}

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("::1", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("::ffff:1.2.3.4", "::ffff:1.2.3.4"), ("255.255.255.255", "255.255.255.255"),
    ])
    func `an address is shown in its shortest form`(_ text: String, _ shortest: String) {
        #expect(SocketAddress.normalised(text) == shortest)
        #expect(SocketAddress(ip: text, port: 1) == SocketAddress(ip: shortest, port: 1))
    }

    @Test(arguments: [
        "", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "fe80::1%eth0", "::1 ", "[::1]",
        "1.2.3.4\0",
        "01.2.3.4", ":::", "12345::",
    ])
    func `what is no literal address is refused`(_ text: String) {
        #expect(!SocketAddress.isLiteral(text))
    }

    @Test(arguments: ["127.0.0.1:7000", "[::1]:65535", "0.0.0.0:0"])
    func `address and port are read as they are shown`(_ text: String) {
        #expect(SocketAddress(text: text)?.description == text)
    }

    @Test func `the port is behind the last colon`() {
        #expect(SocketAddress(text: "::1:7000")?.description == "[::1]:7000")
        #expect(SocketAddress(text: "localhost:7000")?.description == "127.0.0.1:7000")
        for text in [
            "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "1.2.3.4:-1", "[1.2.3.4]:1", ":1",
        ] {
            #expect(SocketAddress(text: text) == nil, "\(text)")
        }
    }
}

@Suite struct PollerTests {
    @Test func `readiness comes with its token, and only for what was asked`() throws {
        let ends = try Ends()
        var poller = try Poller()
        var events: [PollEvent] = []
        try poller.register(ends.server.descriptor, token: .max, interest: .read)
        try poller.wait(timeoutMilliseconds: 0, into: &events)
        #expect(events.isEmpty)
        _ = ends.client.write([1].span)
        try poller.wait(timeoutMilliseconds: 5000, into: &events)
        let readable = PollEvent(token: .max, isReadable: true, isWritable: false, isBroken: false)
        #expect(events == [readable])
        try poller.modify(ends.server.descriptor, token: 7, interest: .write)
        try poller.wait(timeoutMilliseconds: 5000, into: &events)
        #expect(events.map(\.token) == [7] && events[0].isWritable && !events[0].isReadable)
        try poller.remove(ends.server.descriptor)
        try poller.wait(timeoutMilliseconds: 0, into: &events)
        #expect(events.isEmpty)
    }

    @Test func `a connection that is reset is told without any interest`() throws {
        let listener = try Socket.listen(at: .loopback(port: 0))
        let client = try Socket.connect(to: try boundAddress(listener))
        var poller = try Poller()
        var events: [PollEvent] = []
        try poller.register(client.descriptor, token: 1, interest: [])
        do {
            let accepted = try acceptOne(listener)
            // Unread bytes turn the close into a reset.
            _ = client.write([1].span)
            _ = consume accepted
        }
        try poller.wait(timeoutMilliseconds: 5000, into: &events)
        #expect(events.count == 1 && events[0].isBroken)
    }

    #if os(Linux)
        @Test func `an end is told though bytes before it are left unread, and they are not`()
            throws
        {
            let ends = try Ends()
            var poller = try Poller()
            var events: [PollEvent] = []
            try poller.register(ends.server.descriptor, token: 1, interest: .end)
            _ = ends.client.write([1].span)
            try poller.wait(timeoutMilliseconds: 20, into: &events)
            #expect(events.isEmpty)
            ends.client.shutDownWriting()
            try poller.wait(timeoutMilliseconds: 5000, into: &events)
            #expect(events.count == 1 && events[0].isReadable && !events[0].isBroken)
        }
    #endif

    @Test func `a wait takes no longer than it was told`() throws {
        var poller = try Poller()
        var events: [PollEvent] = []
        let start = SystemClock.monotonicMilliseconds()
        try poller.wait(timeoutMilliseconds: 30, into: &events)
        let taken = SystemClock.monotonicMilliseconds() - start
        #expect(events.isEmpty && (29..<5000).contains(taken))
    }

    @Test func `a request of another thread wakes a loop`() throws {
        let wake = try WakePipe()
        var poller = try Poller()
        var events: [PollEvent] = []
        try poller.register(wake.descriptor, token: 3, interest: .read)
        let thread = try Thread { for _ in 0..<3 { wake.wake() } }
        try poller.wait(timeoutMilliseconds: 5000, into: &events)
        thread.join()
        #expect(events.map(\.token) == [3])
        #expect(wake.clear() && !wake.clear())
    }
}
