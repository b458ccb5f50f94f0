// ACL of a node where everybody is the user "default" and may do all, once the password was said: what tools
// ask is answered, and whatever would give somebody less than all is no subcommand here. See DECISIONS D53.

import ClusterCore
import DataPlane
import RESP
import SystemIO

enum AccessCommand {
    static func run(_ context: ServerContext) -> CommandResult {
        switch context.option(1) {
        case "whoami": return context.bulk("default")
        case "users": return context.answer(.list([.bulk("default")]))
        case "list":
            let way = hash(context).map { "#\($0)" } ?? "nopass"
            return context.answer(.list([.bulk("user default on \(way) ~* &* +@all")]))
        case "getuser": return getUser(context)
        case "cat": return categories(context)
        case "log": return log(context)
        case "dryrun": return dryRun(context)
        case "genpass": return generate(context)
        case "deluser": return delete(context)
        case "load", "save":
            return .error(
                "ERR This Redis instance is not configured to use an ACL file. You may want to "
                    + "specify users via the ACL SETUSER command and then issue a CONFIG REWRITE "
                    + "(assuming you have a Redis configuration file set) in order to store users "
                    + "in the Redis configuration.")
        case "help": return Help.reply(context)
        default: return context.unknownSubcommand(of: "acl")
        }
    }

    private static func getUser(_ context: ServerContext) -> CommandResult {
        guard context.text(2) == "default" else { return context.null() }
        let hash = hash(context)
        return context.answer(
            .map([
                ("flags", .list([.bulk("on")] + (hash == nil ? [.bulk("nopass")] : []))),
                ("passwords", .list(hash.map { [.bulk($0)] } ?? [])),
                ("commands", .bulk("+@all")), ("keys", .bulk("~*")), ("channels", .bulk("&*")),
                ("selectors", .list([])),
            ]))
    }

    /// The password by its hash; nil where none is asked for.
    private static func hash(_ context: ServerContext) -> String? {
        let password = context.node.options.password
        return password.isEmpty ? nil : SHA256.hexadecimal(of: Array(password.utf8))
    }

    /// The reference's names; some have no command here.
    private static let names = [
        "keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap",
        "hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous",
        "connection", "transaction", "scripting",
    ]

    private static func categories(_ context: ServerContext) -> CommandResult {
        guard context.count <= 3 else { return context.wrongWords(of: "acl") }
        guard context.count == 3 else {
            return context.answer(.list(names.map { .bulk($0) }))
        }
        let name = context.option(2)
        guard names.contains(name) else {
            return .error("ERR Unknown category '\(context.text(2))'")
        }
        let commands = CommandTable.all.flatMap { [$0] + $0.subcommands }.filter {
            CommandReport.categories($0).contains("@\(name)")
        }
        return context.answer(.list(commands.map { .bulk($0.fullName) }))
    }

    private static let usualEntries: Int64 = 10

    /// Commands are never denied: there are failed logins alone.
    private static func log(_ context: ServerContext) -> CommandResult {
        let statistics = context.node.statistics
        guard context.count <= 3 else { return context.wrongWords(of: "acl") }
        if context.count == 3, context.option(2) == "reset" {
            statistics.access.removeAll()
            return context.ok()
        }
        guard let count = context.count == 3 ? context.number(2) : usualEntries else {
            return .notANumber
        }
        statistics.access.write(
            Int(clamping: count), at: context.node.now.wall, to: context.reply)
        return .replied
    }

    private static func dryRun(_ context: ServerContext) -> CommandResult {
        guard context.text(2) == "default" else {
            return .error("ERR User '\(context.text(2))' not found")
        }
        guard let spec = context.withWord(3, { CommandTable.index.find($0) }) else {
            return .error("ERR Command '\(context.text(3))' not found")
        }
        guard spec.takes(context.count - 3) else {
            return .error("ERR wrong number of arguments for '\(spec.fullName)' command")
        }
        return context.ok()
    }

    private static let mostBits: Int64 = 4096
    private static let usualBits: Int64 = 256

    private static func generate(_ context: ServerContext) -> CommandResult {
        guard context.count <= 3 else { return context.wrongWords(of: "acl") }
        guard let bits = context.count == 3 ? context.number(2) : usualBits else {
            return .notANumber
        }
        guard (1...mostBits).contains(bits) else {
            return .error(
                "ERR ACL GENPASS argument must be the number of bits for the output password, a "
                    + "positive number up to 4096")
        }
        let digits = Array("0123456789abcdef")
        let text = Entropy.bytes(Int(bits + 3) / 4).map { digits[Int($0 & 15)] }
        return context.bulk(String(text))
    }

    private static func delete(_ context: ServerContext) -> CommandResult {
        if (2..<context.count).contains(where: { context.text($0) == "default" }) {
            return .error("ERR The 'default' user cannot be removed")
        }
        return context.integer(0)
    }
}
