// HELLO: which version of the protocol a client speaks, what it is called, and who it says it is. Its words
// are all looked at before any of them takes effect.

import ClusterCore
import ClusterHost
import DataPlane
import RESP

enum Greeting {
    static func hello(_ context: ServerContext) -> CommandResult {
        var rest = (1..<max(1, context.count)).map { context.text($0) }[...]
        var version = context.reply.version
        var name = context.client.session.name
        var credentials: (user: Int, password: Int)?
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
                guard rest.count >= 2 else { return wrongOption(option) }
                // A slice keeps the places of what it is of, and the name of the command stands before.
                credentials = (user: rest.startIndex + 1, password: rest.startIndex + 2)
                rest = rest.dropFirst(2)
            default: return wrongOption(option)
            }
        }
        if let credentials {
            let refusal = Login.attempt(
                userAt: credentials.user, passwordAt: credentials.password, context)
            if let refusal { return .failed(refusal) }
        }
        guard context.client.session.isLoggedIn || !context.node.options.asksForPassword else {
            return .error(
                "NOAUTH HELLO must be called with the client already authenticated, otherwise the "
                    + "HELLO <proto> AUTH <user> <pass> option can be used to authenticate the "
                    + "client and select the RESP protocol version at the same time")
        }
        context.client.session.name = name
        return greet(in: version, context)
    }

    private static func greet(in version: RESPVersion, _ context: ServerContext) -> CommandResult {
        context.reply.version = version
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
}
