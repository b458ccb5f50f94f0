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
    /// An error of the server's, in its words.
    case refused(String)

    package var description: String {
        switch self {
        case .system(let error): error.reason
        case .closed: "the server closed the connection"
        case .garbage(let error): "no RESP reply: \(error)"
        case .unexpected(let text), .refused(let text): text
        }
    }
}

/// Who one is to a server that asks for a password.
package struct Credentials: Sendable {
    /// nil for the user that everybody is.
    package var user: String?
    package var password: String

    package init(user: String? = nil, password: String) {
        self.user = user
        self.password = password
    }
}

/// A connection to a server that speaks RESP.
package final class AdminClient {
    private let connection: BlockingConnection
    private let timeout: Int
    private var parser = ReplyParser()

    /// - Throws: `refused` when the server does not take the password.
    package init(
        _ address: SocketAddress, timeoutMilliseconds: Int, as credentials: Credentials? = nil
    ) throws(AdminClientError) {
        timeout = timeoutMilliseconds
        do throws(SystemError) {
            connection = try BlockingConnection(to: address, timeoutMilliseconds: timeout)
        } catch {
            throw .system(error)
        }
        if let credentials { try authenticate(as: credentials) }
    }

    /// A server without a password needs none: that is no reason not to ask it.
    private func authenticate(as credentials: Credentials) throws(AdminClientError) {
        let words = ["AUTH"] + (credentials.user.map { [$0] } ?? []) + [credentials.password]
        guard let error = try send(words).errorText,
            !error.contains("without any password configured"),
            !error.contains("no password is set")
        else { return }
        throw .refused(error)
    }

    /// Sends a command and waits for its reply.
    package func send(_ words: [String]) throws(AdminClientError) -> RESPValue {
        try post(words)
        return try reply()
    }

    /// Sends a command; its reply is to be taken later, in the order of commands.
    package func post(_ words: [String]) throws(AdminClientError) { try post([words]) }

    /// Sends several at once.
    package func post(_ commands: [[String]]) throws(AdminClientError) {
        var bytes: [UInt8] = []
        for words in commands { RESPWriter.command(words, to: &bytes) }
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
