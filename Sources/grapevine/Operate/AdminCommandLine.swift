// `grapevine admin`: one command to any server that speaks RESP, and its reply as redis-cli would
// print it.

import ClusterClient
import Interop
import RESP
import SystemIO

enum AdminCommandLine {
    static let command = Command(
        name: "admin", summary: "Sends one command to a server and prints the reply.",
        operands: "HOST:PORT WORD...",
        options: [
            Option("--json", "the reply as JSON, errors as {\"error\": TEXT}"),
            Option("--timeout", value: "MS", "how long to wait, default 5000"),
        ] + Login.options,
        notes: [
            "Write -- before words that begin with a dash.",
            "A terminal is shown escapes for what it would obey; a pipe gets strings byte for byte.",
        ] + Login.notes,
        run: { arguments throws(UsageError) in
            guard let place = arguments.operands.first else {
                throw UsageError("HOST:PORT is missing")
            }
            guard let address = SocketAddress(text: place) else {
                throw UsageError(
                    "'\(place)' is not an address: write 127.0.0.1:7000; names are not looked up")
            }
            let words = Array(arguments.operands.dropFirst())
            guard !words.isEmpty else { throw UsageError("a command is missing") }
            let timeout = try arguments.number("--timeout", in: 1...3_600_000, default: 5000)
            let login = try Login.credentials(arguments)
            do throws(AdminClientError) {
                let client = try AdminClient(address, timeoutMilliseconds: timeout, as: login)
                let reply = try client.send(words)
                if let error = reply.errorText, isNotForUs(error) { throw .refused(error) }
                return show(reply, asJSON: arguments.has("--json"))
            } catch {
                complain("admin", "\(address): \(error)")
                return 2
            }
        })

    /// Whether the server did not look at the command at all: it lets nobody in, or has no cluster.
    private static func isNotForUs(_ error: String) -> Bool {
        ["NOAUTH", "DENIED", "WRONGPASS", "NOPERM"].contains { error.hasPrefix("\($0) ") }
            || error.hasPrefix("ERR This instance has cluster support disabled")
    }

    private static func show(_ reply: RESPValue, asJSON: Bool) -> Int32 {
        if asJSON {
            StandardStream.output.write(ReplyJSON.text(reply) + "\n")
        } else if StandardStream.output.isTerminal {
            let text = ReplyText.forTerminal(reply)
            StandardStream.output.write(text.hasSuffix("\n") ? text : text + "\n")
        } else {
            let bytes = ReplyText.raw(reply)
            StandardStream.output.write(bytes.last == 0x0A ? bytes : bytes + [0x0A])
        }
        return reply.errorText == nil ? 0 : 1
    }
}
