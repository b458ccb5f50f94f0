// HELLO and AUTH: which version of the protocol a client speaks, and who it says it is.

import ClusterCore
import ClusterHost
import DataPlane
import RESP

enum Greeting {
    static func hello(_ context: ServerContext) -> CommandResult {
        var rest = (1..<max(1, context.count)).map { context.text($0) }[...]
        var version = context.reply.version
        var name = context.client.session.name
        if let word = rest.popFirst() {
            guard let number = Int(word) else {
                return .error(
                    "ERR Protocol version is not an integer or out of range")
            }
            guard let chosen = RESPVersion(rawValue: number) else {
                return .error("NOPROTO unsupported protocol version")
            }
            version = chosen
        }
        while let option = rest.popFirst() {
            switch option.lowercased() {
            case "setname":
                guard let given = rest.popFirst() else { return wrongOption(option) }
                guard ClientCommand.isNameable(given) else {
                    return .error(ClientCommand.wrongName)
                }
                name = given
            case "auth":
                // No password is set here: as with the reference, any is right for "default".
                guard rest.count >= 2 else { return wrongOption(option) }
                guard rest.first == "default" else {
                    return .error(
                        "WRONGPASS invalid username-password pair or user is disabled.")
                }
                rest = rest.dropFirst(2)
            default: return wrongOption(option)
            }
        }
        context.reply.version = version
        context.client.session.name = name
        return context.answer(
            .map([
                ("server", .bulk("redis")), ("version", .bulk(ServerInfo.redisVersion)),
                ("proto", .integer(Int64(version.rawValue))),
                ("id", .integer(Int64(context.client.id.number))), ("mode", .bulk("cluster")),
                ("role", .bulk(context.node.host.role.isMaster ? "master" : "replica")),
                ("modules", .list([])),
            ]))
    }

    private static func wrongOption(_ option: String) -> CommandResult {
        .error("ERR Syntax error in HELLO option '\(option)'")
    }

    /// No password is set here: any is right for "default", and nobody else is known.
    static func authenticate(_ context: WordContext) -> CommandResult {
        switch context.count {
        case 2:
            return .error(
                "ERR AUTH <password> called without any password configured for the default user. "
                    + "Are you sure your configuration is correct?")
        case 3 where context.text(1) == "default": return context.ok()
        case 3:
            return .error("WRONGPASS invalid username-password pair or user is disabled.")
        default: return .syntaxError
        }
    }
}
