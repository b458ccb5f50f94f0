// A client for many commands at once: they go out together, and their replies come in their order. Words are bytes,
// since keys and values may be any.

import ClusterClient
import RESP
import SystemIO

/// A connection to one server.
final class DataClient {
    private let connection: BlockingConnection
    private let name: String
    private var parser = ReplyParser()

    private static let patienceMilliseconds = 30_000
    /// Bytes of commands that go out before replies are read.
    private static let batchBytes = 64 << 10

    init(_ server: ServerProcess, as password: String? = nil) throws(InteropError) {
        name = server.name
        do throws(SystemError) {
            connection = try BlockingConnection(
                to: server.address, timeoutMilliseconds: Self.patienceMilliseconds)
        } catch {
            throw .system(error)
        }
        if let password { _ = try ask("AUTH", password) }
    }

    /// Sends commands and gives their replies, errors too.
    func exchange(_ commands: [[[UInt8]]]) throws(InteropError) -> [RESPValue] {
        var replies: [RESPValue] = []
        replies.reserveCapacity(commands.count)
        var bytes: [UInt8] = []
        var waiting = 0
        for (index, command) in commands.enumerated() {
            RESPWriter.command(command, to: &bytes)
            waiting += 1
            guard bytes.count >= Self.batchBytes || index == commands.count - 1 else { continue }
            do throws(AdminClientError) {
                try write(bytes)
                for _ in 0..<waiting { replies.append(try reply()) }
            } catch {
                let word = String(decoding: command.first ?? [], as: UTF8.self)
                throw .noAnswer(server: name, command: word, error)
            }
            bytes.removeAll(keepingCapacity: true)
            waiting = 0
        }
        return replies
    }

    /// The same with words of text.
    func ask(_ words: String...) throws(InteropError) -> RESPValue {
        try exchange([words.map { Array($0.utf8) }])[0]
    }

    private func write(_ bytes: [UInt8]) throws(AdminClientError) {
        do throws(SystemError) {
            try connection.write(bytes, timeoutMilliseconds: Self.patienceMilliseconds)
        } catch {
            throw .system(error)
        }
    }

    private func reply() throws(AdminClientError) -> RESPValue {
        while true {
            do throws(RESPError) {
                if let reply = try parser.next() { return reply }
            } catch {
                throw .garbage(error)
            }
            let more: [UInt8]
            do throws(SystemError) {
                more = try connection.read(timeoutMilliseconds: Self.patienceMilliseconds)
            } catch {
                throw .system(error)
            }
            guard !more.isEmpty else { throw .closed }
            parser.feed(more)
        }
    }
}
