// A server that keys are moved to and that says what a test wants, when it wants: nothing waits in it, so that one
// thread can be client and target at once.

import RESP
import SystemIO
import Testing

/// A port at which somebody listens who keeps no keys.
final class FakeTarget {
    private let listener: Socket
    let port: Int
    private(set) var connections = 0

    init() throws {
        listener = try Socket.listen(at: .loopback(port: 0))
        let address = listener.localAddress()
        port = Int(try #require(address).port)
    }

    /// Takes the next connection, within a while.
    func accept() throws -> FakeConnection {
        for _ in 0..<5000 {
            if let socket = try listener.accept() {
                connections += 1
                return FakeConnection(socket)
            }
            SystemClock.sleep(milliseconds: 1)
        }
        throw SystemError(code: 110, call: "accept")
    }
}

/// One connection of a node to a target.
final class FakeConnection {
    private var socket: Socket?
    private var parser = RequestParser()
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    init(_ socket: consuming Socket) { self.socket = consume socket }

    /// The next requests, within a while; fewer at the end of the connection.
    func requests(_ count: Int) throws -> [[String]] {
        var list: [[String]] = []
        let end = SystemClock.monotonicMilliseconds() + 10_000
        while list.count < count, SystemClock.monotonicMilliseconds() < end {
            if let words = try parser.nextArguments() {
                list.append(words.map { String(decoding: $0, as: UTF8.self) })
                continue
            }
            switch socket?.read(into: &buffer) {
            case .bytes(let count)?: parser.feed(Array(buffer[..<count]))
            case .wouldBlock?: SystemClock.sleep(milliseconds: 1)
            case .closed?, .failed?, nil: return list
            }
        }
        return list
    }

    func say(_ text: String) { _ = socket?.write(Array(text.utf8).span) }

    /// Whether the other end has closed it.
    var isClosed: Bool {
        switch socket?.read(into: &buffer) {
        case .closed?, .failed?, nil: true
        case .bytes?, .wouldBlock?: false
        }
    }

    func close() { socket = nil }
}
