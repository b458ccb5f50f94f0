// FUNCTION of a node without functions, and DEBUG for tests. Tools copy functions to a node that they
// add even when there are none: the empty library is given and taken.

import ClusterCore
import ClusterHost
import ClusterWire
import RESP
import SystemIO

enum FunctionCommand {
    /// A dump of no functions.
    ///
    /// - Source: bus protocol §14.
    private static let emptyDump: [UInt8] = [
        0x0A, 0x00, 0x5D, 0x9B, 0x5C, 0x40, 0x0F, 0x7F, 0xA2, 0xDA,
    ]

    static func run(_ client: Client, _ node: Node) {
        switch client.option(1) {
        case "list": list(client)
        case "dump": RESPWriter.bulk(emptyDump, to: &client.output)
        case "restore": restore(client)
        case "flush": client.ok()
        case "help": Help.reply(client)
        default: client.unknownSubcommand(of: "function")
        }
    }

    private static func list(_ client: Client) {
        var index = 2
        while index < client.count {
            switch client.option(index) {
            case "withcode": break
            case "libraryname":
                index += 1
                guard index < client.count else {
                    return client.error("ERR library name argument was not given")
                }
            default: return client.error("ERR Unknown argument \(client.text(index))")
            }
            index += 1
        }
        client.reply(.list([]))
    }

    private static func restore(_ client: Client) {
        if client.count > 4 {
            return client.unknownSubcommand(of: "function")
        }
        if client.count == 4, !["append", "replace", "flush"].contains(client.option(3)) {
            return client.error(
                "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
        }
        guard client.bytes(2) == emptyDump else {
            return client.error("ERR DUMP payload version or checksum are wrong")
        }
        client.ok()
    }
}

/// What tests ask of a node to bring it into trouble.
enum DebugCommand {
    /// Milliseconds that DEBUG SLEEP takes at most.
    private static let longestSleep = 3_600_000.0

    static func run(_ client: Client, _ node: Node) {
        guard isAllowed(client, node) else {
            return client.error(
                "ERR DEBUG command not allowed. If the enable-debug-command option is set to "
                    + "\"local\", you can run it from a local connection, otherwise you need to set "
                    + "this option in the configuration file, and then restart the server.")
        }
        switch (client.option(1), client.count) {
        case ("sleep", 3):
            let milliseconds = min(longestSleep, max(0, 1000 * (Double(client.text(2)) ?? 0)))
            SystemClock.sleep(milliseconds: Int(milliseconds))
            client.ok()
        case ("drop-cluster-packet-filter", 3):
            guard let type = client.number(2) else { return client.noNumber() }
            node.host.probes.filter = filter(type)
            client.ok()
        case ("close-cluster-link-on-packet-drop", 3):
            node.host.probes.closesFilteredLinks = client.number(2) == 1
            client.ok()
        case ("log", 3):
            node.log.write(.warning, "DEBUG LOG: \(client.text(2))")
            client.ok()
        case ("clusterlink", 5) where client.option(2) == "kill": killLinks(client, node)
        case ("restart", 2...3):
            let delay = client.count == 3 ? client.number(2) : 0
            guard let delay, (0...Int64(longestSleep)).contains(delay) else {
                return client.noNumber()
            }
            node.log.write(.warning, "Restart asked for by DEBUG RESTART")
            node.restartsAfter = Int(delay)
            client.isLeaving = true
            node.isStopping = true
        case ("set-active-expire", 3):
            node.store.expiresByItself = client.number(2) != 0
            client.ok()
        default:
            let word = client.text(1)
            client.error(
                "ERR unknown subcommand or wrong number of arguments for '\(word)'. "
                    + "Try DEBUG HELP.")
        }
    }

    /// The type whose messages are not heard; -1: none, -2: all.
    private static func filter(_ number: Int64) -> MessageFilter {
        if number == -2 { return .everything }
        return UInt16(exactly: number).map { .type(MessageType(rawValue: $0)) } ?? .nothing
    }

    private static func killLinks(_ client: Client, _ node: Node) {
        let direction = client.option(3)
        guard ["to", "from", "all"].contains(direction) else {
            return client.error("ERR Unknown direction \(client.text(3))")
        }
        let isDone =
            NodeID(client.text(4)).map {
                node.host.killLinks(
                    of: $0, ours: direction != "from", theirs: direction != "to")
            } ?? false
        guard isDone else { return client.error("ERR Unknown node \(client.text(4))") }
        client.ok()
    }

    private static func isAllowed(_ client: Client, _ node: Node) -> Bool {
        switch node.options.debugCommand {
        case .no: false
        case .yes: true
        case .local: client.peer.hasPrefix("127.") || client.peer.hasPrefix("[::1]")
        }
    }
}
