// A small blocking client: one request, one reply, each with a time limit.

package import RESP
package import SystemIO

/// Why there was no reply.
package enum AdminClientError: Error, CustomStringConvertible {
    case system(SystemError)
    case closed
    case garbage(RESPError)
    /// A reply that makes no sense here.
    case unexpected(String)

    package var description: String {
        switch self {
        case .system(let error): error.reason
        case .closed: "the server closed the connection"
        case .garbage(let error): "no RESP reply: \(error)"
        case .unexpected(let text): text
        }
    }
}

/// A connection to a server that speaks RESP.
package final class AdminClient {
    private let connection: BlockingConnection
    private let timeout: Int
    private var parser = ReplyParser()

    package init(_ address: SocketAddress, timeoutMilliseconds: Int) throws(AdminClientError) {
        timeout = timeoutMilliseconds
        do throws(SystemError) {
            connection = try BlockingConnection(to: address, timeoutMilliseconds: timeout)
        } catch {
            throw .system(error)
        }
    }

    /// Sends a command and waits for its reply.
    package func send(_ words: [String]) throws(AdminClientError) -> RESPValue {
        try post(words)
        return try reply()
    }

    /// Sends a command; its reply is to be taken later, in the order of commands.
    package func post(_ words: [String]) throws(AdminClientError) {
        var bytes: [UInt8] = []
        RESPWriter.command(words, to: &bytes)
        do throws(SystemError) {
            try connection.write(bytes, timeoutMilliseconds: timeout)
        } catch {
            throw .system(error)
        }
    }

    /// Waits for the next reply.
    package func reply() throws(AdminClientError) -> RESPValue {
        while true {
            do throws(RESPError) {
                if let reply = try parser.next() { return reply }
            } catch {
                throw .garbage(error)
            }
            let more: [UInt8]
            do throws(SystemError) {
                more = try connection.read(timeoutMilliseconds: timeout)
            } catch {
                throw .system(error)
            }
            guard !more.isEmpty else { throw .closed }
            parser.feed(more)
        }
    }
}
