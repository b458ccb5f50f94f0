// What clients can ask of a node besides CLUSTER: greetings, INFO, settings. CLUSTER goes to the
// rules, but for LINKS, which is about sockets.

import ClusterCore
import ClusterWire
import RESP

enum ClientCommands {
    private typealias Handler = @Sendable (Client, Node, [[UInt8]]) -> Void

    /// Runs the request that the client's parser stands at.
    static func run(_ client: Client, _ node: Node) {
        let words = client.parser.arguments
        guard let first = words.first else { return }
        let name = String(decoding: first, as: UTF8.self).lowercased()
        guard let (arity, handler) = table[name] else {
            return client.error(unknown(words))
        }
        let isWell = arity >= 0 ? words.count == arity : words.count >= -arity
        guard isWell else {
            return client.error("ERR wrong number of arguments for '\(name)' command")
        }
        handler(client, node, words)
    }

    /// The reference's words for a command that is not there: its name and the start of what came.
    private static func unknown(_ words: [[UInt8]]) -> String {
        func shown(_ bytes: [UInt8]) -> String {
            String(decoding: bytes.prefix(128), as: UTF8.self)
                .filter { !$0.isNewline }
        }
        let rest = words.dropFirst().prefix(20).map { "'\(shown($0))' " }.joined()
        return "ERR unknown command '\(shown(words[0]))', with args beginning with: \(rest)"
    }

    private static let table: [String: (arity: Int, handler: Handler)] = [
        "ping": (-1, { client, _, words in ping(client, words) }),
        "echo": (2, { client, _, words in RESPWriter.bulk(words[1], to: &client.output) }),
        "select": (2, { client, _, words in select(client, words) }),
        "quit": (-1, { client, _, _ in quit(client) }),
        "hello": (-1, { client, node, words in Greeting.hello(client, node, words) }),
        "reset": (1, { client, _, _ in reset(client) }),
        "info": (-1, { client, node, words in info(client, node, words) }),
        "cluster": (-2, { client, node, words in cluster(client, node, words) }),
        "config": (-2, { client, node, words in SettingsCommand.run(client, node, words) }),
        "command": (-1, { client, _, words in command(client, words) }),
        "client": (-2, { client, _, words in Greeting.client(client, words) }),
        "role": (1, { client, node, _ in role(client, node) }),
        "dbsize": (1, { client, _, _ in client.integer(0) }),
        "readonly": (1, { client, _, _ in client.ok() }),
        "readwrite": (1, { client, _, _ in client.ok() }),
        "asking": (1, { client, _, _ in client.ok() }),
        "replconf": (-1, { client, _, _ in client.ok() }),
        "psync": (-3, { client, _, _ in declineReplication(client) }),
        "sync": (1, { client, _, _ in declineReplication(client) }),
        "time": (1, { client, node, _ in time(client, node) }),
        "shutdown": (-1, { _, node, _ in node.isStopping = true }),
    ]

    private static func ping(_ client: Client, _ words: [[UInt8]]) {
        switch words.count {
        case 1: RESPWriter.simple("PONG", to: &client.output)
        case 2: RESPWriter.bulk(words[1], to: &client.output)
        default: client.error("ERR wrong number of arguments for 'ping' command")
        }
    }

    private static func select(_ client: Client, _ words: [[UInt8]]) {
        switch Int(String(decoding: words[1], as: UTF8.self)) {
        case 0: client.ok()
        case .some: client.error("ERR SELECT is not allowed in cluster mode")
        case nil: client.error("ERR value is not an integer or out of range")
        }
    }

    private static func quit(_ client: Client) {
        client.ok()
        client.isLeaving = true
    }

    private static func reset(_ client: Client) {
        client.version = .two
        client.name = ""
        RESPWriter.simple("RESET", to: &client.output)
    }

    private static func info(_ client: Client, _ node: Node, _ words: [[UInt8]]) {
        let sections = words.dropFirst().map { String(decoding: $0, as: UTF8.self).lowercased() }
        client.text(ServerInfo.text(node, sections: Array(sections)))
    }

    private static func cluster(_ client: Client, _ node: Node, _ words: [[UInt8]]) {
        do throws(AdminError) {
            let command = try AdminCommand.parse(Array(words.dropFirst()))
            if case .links = command {
                return client.reply(LinksReport.reply(node))
            }
            node.step(.command(command, from: client.id))
        } catch {
            client.error(error.text)
        }
    }

    /// Tools ask what commands there are; none of them needs the answer here.
    private static func command(_ client: Client, _ words: [[UInt8]]) {
        switch words.count > 1 ? String(decoding: words[1], as: UTF8.self).lowercased() : "" {
        case "count": client.integer(Int64(table.count))
        case "docs": client.reply(.map([]))
        default: client.reply(.list([]))
        }
    }

    private static func role(_ client: Client, _ node: Node) {
        let state = node.machine.state
        guard let id = state.me.master else {
            return client.reply(
                .list([
                    .bulk(Word.master), .integer(Int64(clamping: state.me.offset.value)), .list([]),
                ]))
        }
        let address = state.nodes.find(id).map { state.nodes[$0].address } ?? .none
        client.reply(
            .list([
                .bulk(Word.replica), .bulk(address.ip.text),
                .integer(Int64(address.port.value)), .bulk("connect"),
                .integer(Int64(clamping: state.me.offset.value)),
            ]))
    }

    /// A replica of the reference waits quietly after this answer; after a plain error it comes
    /// back a thousand times a second.
    ///
    /// - Source: bus protocol §14.
    private static func declineReplication(_ client: Client) {
        client.error("NOMASTERLINK Can't SYNC while not connected with my master")
    }

    private static func time(_ client: Client, _ node: Node) {
        let wall = node.now.wall
        client.reply(.list([.bulk("\(wall / 1000)"), .bulk("\(wall % 1000 * 1000)")]))
    }
}
