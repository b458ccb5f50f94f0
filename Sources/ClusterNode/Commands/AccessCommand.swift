// ACL of a node where everybody is the user "default" and may do all: what tools ask is answered, and
// whatever would give somebody less than all is no subcommand here. See DECISIONS D53.

import ClusterCore
import RESP
import SystemIO

enum AccessCommand {
    static func run(_ client: Client, _ node: Node) {
        switch client.option(1) {
        case "whoami": client.bulk("default")
        case "users": client.reply(.list([.bulk("default")]))
        case "list": client.reply(.list([.bulk("user default on nopass ~* &* +@all")]))
        case "getuser": getUser(client)
        case "cat": categories(client)
        case "log": log(client)
        case "dryrun": dryRun(client)
        case "genpass": generate(client)
        case "deluser": delete(client)
        case "load", "save":
            client.error(
                "ERR This Redis instance is not configured to use an ACL file. You may want to "
                    + "specify users via the ACL SETUSER command and then issue a CONFIG REWRITE "
                    + "(assuming you have a Redis configuration file set) in order to store users "
                    + "in the Redis configuration.")
        case "help": Help.reply(client)
        default: client.unknownSubcommand(of: "acl")
        }
    }

    private static func getUser(_ client: Client) {
        guard client.text(2) == "default" else { return client.null() }
        client.reply(
            .map([
                ("flags", .list([.bulk("on"), .bulk("nopass")])), ("passwords", .list([])),
                ("commands", .bulk("+@all")), ("keys", .bulk("~*")), ("channels", .bulk("&*")),
                ("selectors", .list([])),
            ]))
    }

    /// The reference's names; some have no command here.
    private static let names = [
        "keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap",
        "hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous",
        "connection", "transaction", "scripting",
    ]

    private static func categories(_ client: Client) {
        guard client.count <= 3 else { return client.wrongWords(of: "acl") }
        guard client.count == 3 else {
            return client.reply(.list(names.map { .bulk($0) }))
        }
        let name = client.option(2)
        guard names.contains(name) else {
            return client.error("ERR Unknown category '\(client.text(2))'")
        }
        let commands = CommandTable.all.flatMap { [$0] + $0.subcommands }.filter {
            CommandReport.categories($0).contains("@\(name)")
        }
        client.reply(.list(commands.map { .bulk($0.fullName) }))
    }

    /// Nobody is ever denied anything.
    private static func log(_ client: Client) {
        guard client.count <= 3 else { return client.wrongWords(of: "acl") }
        if client.count == 3 {
            if client.option(2) == "reset" { return client.ok() }
            guard client.number(2) != nil else { return client.noNumber() }
        }
        client.reply(.list([]))
    }

    private static func dryRun(_ client: Client) {
        guard client.text(2) == "default" else {
            return client.error("ERR User '\(client.text(2))' not found")
        }
        guard let spec = client.parser.lendArgument(3, { CommandTable.index.find($0) }) else {
            return client.error("ERR Command '\(client.text(3))' not found")
        }
        guard spec.takes(client.count - 3) else {
            return client.error("ERR wrong number of arguments for '\(spec.fullName)' command")
        }
        client.ok()
    }

    private static let mostBits: Int64 = 4096
    private static let usualBits: Int64 = 256

    private static func generate(_ client: Client) {
        guard client.count <= 3 else { return client.wrongWords(of: "acl") }
        guard let bits = client.count == 3 ? client.number(2) : usualBits else {
            return client.noNumber()
        }
        guard (1...mostBits).contains(bits) else {
            return client.error(
                "ERR ACL GENPASS argument must be the number of bits for the output password, a "
                    + "positive number up to 4096")
        }
        let digits = Array("0123456789abcdef")
        let text = Entropy.bytes(Int(bits + 3) / 4).map { digits[Int($0 & 15)] }
        client.bulk(String(text))
    }

    private static func delete(_ client: Client) {
        if (2..<client.count).contains(where: { client.text($0) == "default" }) {
            return client.error("ERR The 'default' user cannot be removed")
        }
        client.integer(0)
    }
}
