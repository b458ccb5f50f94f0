// A client that sees replies as the bytes they are, and speaks inline as people do.

import Interop
import RESP
import SystemIO

/// A connection whose replies are bytes.
final class RawClient {
    private let connection: BlockingConnection
    private var parser = ReplyParser()
    private static let patience = 10_000

    init(_ server: ServerProcess) throws(SystemError) {
        connection = try BlockingConnection(
            to: server.address, timeoutMilliseconds: Self.patience)
    }

    /// Sends a line and waits for one reply.
    func ask(_ line: String) throws -> [UInt8] {
        try send(Array((line + "\r\n").utf8))
        return try reply()
    }

    func send(_ bytes: [UInt8]) throws(SystemError) {
        try connection.write(bytes, timeoutMilliseconds: Self.patience)
    }

    /// The bytes of the next reply; none at the end of the connection.
    func reply() throws -> [UInt8] {
        try value().map { value in
            var bytes: [UInt8] = []
            RESPWriter.value(value, .two, to: &bytes)
            return bytes
        } ?? []
    }

    /// The next reply; nil at the end of the connection.
    func value() throws -> RESPValue? {
        while true {
            if let value = try parser.next() { return value }
            let more = try connection.read(timeoutMilliseconds: Self.patience)
            if more.isEmpty { return nil }
            parser.feed(more)
        }
    }
}
