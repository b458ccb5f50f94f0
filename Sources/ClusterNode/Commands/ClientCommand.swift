// CLIENT: names of connections, lists of them, ending them, and which replies are sent.

import ClusterCore
import RESP

enum ClientCommand {
    static func run(_ client: Client, _ node: Node) {
        switch client.option(1) {
        case "setname": setName(client, client.text(2))
        case "getname": client.name.isEmpty ? client.null() : client.bulk(client.name)
        case "id": client.integer(Int64(client.id.number))
        case "info": client.text(line(client, node) + "\n")
        case "list": list(client, node)
        case "kill": kill(client, node)
        case "reply": reply(client)
        case "setinfo": setInfo(client)
        case "getredir": client.integer(-1)
        case "no-evict":
            if let isOn = onOrOff(client) {
                client.isNoEvict = isOn
                client.ok()
            }
        case "no-touch":
            if let isOn = onOrOff(client) {
                client.isNoTouch = isOn
                client.ok()
            }
        case "help": Help.reply(client)
        default: client.unknownSubcommand(of: "client")
        }
    }

    private static func onOrOff(_ client: Client) -> Bool? {
        switch client.option(2) {
        case "on": return true
        case "off": return false
        default:
            client.syntaxError()
            return nil
        }
    }

    static func isNameable(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    static let wrongName = "ERR Client names cannot contain spaces, newlines or special characters."

    private static func setName(_ client: Client, _ name: String) {
        guard isNameable(name) else { return client.error(wrongName) }
        client.name = name
        client.ok()
    }

    private static func setInfo(_ client: Client) {
        let (attribute, value) = (client.text(2), client.text(3))
        switch attribute.lowercased() {
        case "lib-name" where isNameable(value): client.libraryName = value
        case "lib-ver" where isNameable(value): client.libraryVersion = value
        case "lib-name", "lib-ver":
            return client.error(
                "ERR \(attribute.lowercased()) cannot contain spaces, newlines or special characters."
            )
        default: return client.error("ERR Unrecognized option '\(attribute)'")
        }
        client.ok()
    }

    private static func reply(_ client: Client) {
        switch client.option(2) {
        case "on":
            client.replies = .on
            client.ok()
        case "off": client.replies = .off
        case "skip": if client.replies != .off { client.replies = .skipNext }
        default: client.syntaxError()
        }
    }

    // MARK: - Lists

    private static func list(_ client: Client, _ node: Node) {
        var shown = node.clients.all
        switch (client.count, client.count > 2 ? client.option(2) : "") {
        case (2, _): break
        case (4, "type"):
            guard let isNormal = isNormalType(client.option(3)) else {
                return client.error("ERR Unknown client type '\(client.text(3))'")
            }
            if !isNormal { shown = [] }
        case (4..., "id"):
            var wanted = Set<Int64>()
            for index in 3..<client.count {
                guard let id = client.number(index) else {
                    return client.error("ERR Invalid client ID")
                }
                wanted.insert(id)
            }
            shown = shown.filter { wanted.contains(Int64($0.id.number)) }
        default: return client.syntaxError()
        }
        client.text(shown.map { line($0, node) + "\n" }.joined())
    }

    /// nil for a word that is no type of client; all of ours are normal.
    private static func isNormalType(_ word: String) -> Bool? {
        switch word {
        case "normal": true
        case "master", "replica", "slave", "pubsub": false
        default: nil
        }
    }

    /// One client, without a newline.
    private static func line(_ client: Client, _ node: Node) -> String {
        let wall = node.now.wall
        var flags = ""
        if client.transaction != nil { flags += "x" }
        if client.isWaiting { flags += "b" }
        if client.isDisturbed { flags += "d" }
        if client.isLeaving { flags += "c" }
        if client.isReadOnly { flags += "r" }
        if client.isNoEvict { flags += "e" }
        if client.isNoTouch { flags += "T" }
        let waiting = client.parser.bufferedBytes
        let output = client.waitingBytes
        let fields: [(String, String)] = [
            ("id", "\(client.id.number)"), ("addr", client.peer), ("laddr", client.local),
            ("fd", "\(client.descriptor ?? -1)"), ("name", client.name),
            ("age", "\((wall - client.connectedAt) / 1000)"),
            ("idle", "\((wall - client.lastActive) / 1000)"),
            ("flags", flags.isEmpty ? "N" : flags), ("db", "0"), ("sub", "0"), ("psub", "0"),
            ("ssub", "0"), ("multi", "\(client.transaction?.count ?? -1)"),
            ("watch", "\(client.watched.count)"),
            ("qbuf", "\(waiting)"), ("qbuf-free", "0"), ("argv-mem", "0"),
            ("multi-mem", "\(client.transaction?.heldBytes ?? 0)"), ("rbs", "0"), ("rbp", "0"),
            ("obl", "0"), ("oll", output > 0 ? "1" : "0"), ("omem", "\(output)"),
            ("tot-mem", "\(waiting + output)"), ("events", client.wantsWrite ? "w" : "r"),
            ("cmd", client.lastCommand?.fullName ?? "NULL"), ("user", "default"),
            ("redir", "-1"), ("resp", "\(client.version.rawValue)"),
            ("lib-name", client.libraryName), ("lib-ver", client.libraryVersion),
        ]
        return fields.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
    }

    // MARK: - KILL

    private static func kill(_ client: Client, _ node: Node) {
        if client.count == 3 {
            let address = client.text(2)
            guard let victim = node.clients.all.first(where: { $0.peer == address }) else {
                return client.error("ERR No such client")
            }
            client.ok()
            return end(victim, by: client, node)
        }
        guard client.count % 2 == 0 else { return client.syntaxError() }
        var victims = node.clients.all
        var sparesMe = true
        for index in stride(from: 2, to: client.count, by: 2) {
            let value = client.text(index + 1)
            switch client.option(index) {
            case "id":
                guard let id = client.number(index + 1), id > 0 else {
                    return client.error("ERR client-id should be greater than 0")
                }
                victims.removeAll { Int64($0.id.number) != id }
            case "type":
                guard let isNormal = isNormalType(value.lowercased()) else {
                    return client.error("ERR Unknown client type '\(value)'")
                }
                if !isNormal { victims = [] }
            case "addr": victims.removeAll { $0.peer != value }
            case "laddr": victims.removeAll { $0.local != value }
            case "user":
                guard value == "default" else { return client.error("ERR No such user '\(value)'") }
            case "skipme":
                guard ["yes", "no"].contains(value.lowercased()) else {
                    return client.syntaxError()
                }
                sparesMe = value.lowercased() == "yes"
            default: return client.syntaxError()
            }
        }
        if sparesMe { victims.removeAll { $0 === client } }
        client.integer(Int64(victims.count))
        for victim in victims { end(victim, by: client, node) }
    }

    /// Who ends itself still reads the answer.
    private static func end(_ victim: Client, by client: Client, _ node: Node) {
        if victim === client { client.isLeaving = true } else { node.clients.remove(victim, node) }
    }
}
