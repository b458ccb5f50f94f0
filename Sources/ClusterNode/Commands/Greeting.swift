// HELLO and AUTH: which version of the protocol a client speaks, and who it says it is.

import ClusterCore
import ClusterHost
import RESP

enum Greeting {
    static func hello(_ client: Client, _ node: Node) {
        var rest = (1..<max(1, client.count)).map { client.text($0) }[...]
        var version = client.version
        var name = client.name
        if let word = rest.popFirst() {
            guard let number = Int(word) else {
                return client.error(
                    "ERR Protocol version is not an integer or out of range")
            }
            guard let chosen = RESPVersion(rawValue: number) else {
                return client.error("NOPROTO unsupported protocol version")
            }
            version = chosen
        }
        while let option = rest.popFirst() {
            switch option.lowercased() {
            case "setname":
                guard let given = rest.popFirst() else { return syntax(client, option) }
                guard ClientCommand.isNameable(given) else {
                    return client.error(ClientCommand.wrongName)
                }
                name = given
            case "auth":
                // No password is set here: as with the reference, any is right for "default".
                guard rest.count >= 2 else { return syntax(client, option) }
                guard rest.first == "default" else {
                    return client.error(
                        "WRONGPASS invalid username-password pair or user is disabled.")
                }
                rest = rest.dropFirst(2)
            default: return syntax(client, option)
            }
        }
        client.version = version
        client.name = name
        client.reply(
            .map([
                ("server", .bulk("redis")), ("version", .bulk(ServerInfo.redisVersion)),
                ("proto", .integer(Int64(version.rawValue))),
                ("id", .integer(Int64(client.id.number))), ("mode", .bulk("cluster")),
                ("role", .bulk(node.host.role.isMaster ? "master" : "replica")),
                ("modules", .list([])),
            ]))
    }

    private static func syntax(_ client: Client, _ option: String) {
        client.error("ERR Syntax error in HELLO option '\(option)'")
    }

    /// No password is set here: any is right for "default", and nobody else is known.
    static func authenticate(_ client: Client, _ node: Node) {
        switch client.count {
        case 2:
            client.error(
                "ERR AUTH <password> called without any password configured for the default user. "
                    + "Are you sure your configuration is correct?")
        case 3 where client.text(1) == "default": client.ok()
        case 3:
            client.error("WRONGPASS invalid username-password pair or user is disabled.")
        default: client.syntaxError()
        }
    }
}
