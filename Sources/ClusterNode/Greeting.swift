// HELLO and CLIENT: which version of the protocol a client speaks, and what it calls itself.

import ClusterCore
import RESP

enum Greeting {
    static func hello(_ client: Client, _ node: Node, _ words: [[UInt8]]) {
        var rest = words.dropFirst().map { String(decoding: $0, as: UTF8.self) }[...]
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
                name = given
            case "auth":
                // No password is set here: as with the reference, any is right for "default".
                guard rest.count >= 2 else { return syntax(client, option) }
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
                ("role", .bulk(node.machine.state.me.isMaster ? "master" : "replica")),
                ("modules", .list([])),
            ]))
    }

    private static func syntax(_ client: Client, _ option: String) {
        client.error("ERR Syntax error in HELLO option '\(option)'")
    }

    static func client(_ client: Client, _ words: [[UInt8]]) {
        let rest = words.dropFirst(2).map { String(decoding: $0, as: UTF8.self) }
        switch (String(decoding: words[1], as: UTF8.self).lowercased(), rest.count) {
        case ("setname", 1):
            guard rest[0].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                return client.error(
                    "ERR Client names cannot contain spaces, newlines or special characters.")
            }
            client.name = rest[0]
            client.ok()
        case ("getname", 0): client.reply(client.name.isEmpty ? .null : .bulk(client.name))
        case ("id", 0): client.integer(Int64(client.id.number))
        case ("setinfo", 2): client.ok()
        default:
            let word = String(decoding: words[1], as: UTF8.self)
            client.error("ERR unknown subcommand '\(word)'. Try CLIENT HELP.")
        }
    }
}
