// CLIENT: names of connections, lists of them, ending them, and which replies are sent.

import ClusterCore
import DataPlane
import RESP
import SystemIO

enum ClientCommand {
    static func run(_ context: ServerContext) -> CommandResult {
        switch context.option(1) {
        case "setname": return setName(context, context.text(2))
        case "getname":
            let name = context.client.session.name
            return name.isEmpty ? context.null() : context.bulk(name)
        case "id": return context.integer(Int64(context.client.id.number))
        case "info":
            return context.verbatim(line(context.client, context.node) + "\n")
        case "list": return list(context)
        case "kill": return kill(context)
        case "pause": return pause(context)
        case "unpause":
            context.node.clients.pause.stop()
            return context.ok()
        case "reply": return reply(context)
        case "setinfo": return setInfo(context)
        case "getredir": return context.integer(-1)
        case "no-evict":
            return turn(\.isNoEvict, context)
        case "no-touch":
            return turn(\.isNoTouch, context)
        case "help": return Help.reply(context)
        default: return context.unknownSubcommand(of: "client")
        }
    }

    /// Turns a choice of the connection on or off, as the request says.
    private static func turn(
        _ choice: WritableKeyPath<ClientSession, Bool>, _ context: ServerContext
    ) -> CommandResult {
        var session = context.client.session
        switch context.option(2) {
        case "on": session[keyPath: choice] = true
        case "off": session[keyPath: choice] = false
        default: return .syntaxError
        }
        context.client.session = session
        return context.ok()
    }

    /// Holds back writes, or all that clients ask. Whether the node is paused for a failover as well is
    /// another matter: the longer of the two counts.
    private static func pause(_ context: ServerContext) -> CommandResult {
        guard context.count <= 4 else { return context.wrongWords(of: "client") }
        let mode = context.count == 4 ? context.option(3) : "all"
        guard ["write", "all"].contains(mode) else {
            return .error("ERR CLIENT PAUSE mode must be WRITE or ALL")
        }
        guard let milliseconds = context.number(2) else {
            return .error("ERR timeout is not an integer or out of range")
        }
        guard milliseconds >= 0 else { return .error("ERR timeout is negative") }
        let (end, overflows) = context.node.now.monotonic.addingReportingOverflow(milliseconds)
        guard !overflows else { return .error("ERR timeout is out of range") }
        if milliseconds > 0 { context.node.pauseClients(until: end, all: mode == "all") }
        return context.ok()
    }

    static func isNameable(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    static let wrongName = "ERR Client names cannot contain spaces, newlines or special characters."

    private static func setName(_ context: ServerContext, _ name: String) -> CommandResult {
        guard isNameable(name) else { return .error(wrongName) }
        context.client.session.name = name
        return context.ok()
    }

    private static func setInfo(_ context: ServerContext) -> CommandResult {
        let (attribute, value) = (context.text(2), context.text(3))
        switch attribute.lowercased() {
        case "lib-name" where isNameable(value): context.client.session.libraryName = value
        case "lib-ver" where isNameable(value): context.client.session.libraryVersion = value
        case "lib-name", "lib-ver":
            return .error(
                "ERR \(attribute.lowercased()) cannot contain spaces, newlines or special characters."
            )
        default: return .error("ERR Unrecognized option '\(attribute)'")
        }
        return context.ok()
    }

    private static func reply(_ context: ServerContext) -> CommandResult {
        switch context.option(2) {
        case "on":
            context.client.replies.mode = .on
            return context.ok()
        case "off": context.client.replies.mode = .off
        case "skip":
            if context.client.replies.mode != .off { context.client.replies.mode = .skipNext }
        default: return .syntaxError
        }
        return .replied
    }

    // MARK: - Lists

    private static func list(_ context: ServerContext) -> CommandResult {
        var shown = context.node.clients.all
        switch (context.count, context.count > 2 ? context.option(2) : "") {
        case (2, _): break
        case (4, "type"):
            guard let types = types(context.option(3)) else {
                return .error("ERR Unknown client type '\(context.text(3))'")
            }
            shown.removeAll { !types.contains($0.type) }
        case (4..., "id"):
            var wanted = Set<Int64>()
            for index in 3..<context.count {
                guard let id = context.number(index) else {
                    return .error("ERR Invalid client ID")
                }
                wanted.insert(id)
            }
            shown = shown.filter { wanted.contains(Int64($0.id.number)) }
        default: return .syntaxError
        }
        return context.verbatim(shown.map { line($0, context.node) + "\n" }.joined())
    }

    /// The types of clients that a word names; nil for a word that is none.
    private static func types(_ word: String) -> [ClientType]? {
        switch word {
        case "normal": [.normal]
        case "pubsub": [.subscriber]
        case "replica", "slave": [.replica]
        // The connection to the master is no client's.
        case "master": []
        default: nil
        }
    }

    /// One client, without a newline.
    static func line(_ client: Client, _ node: Node) -> String {
        let (session, transaction) = (client.session, client.transaction)
        let wall = node.now.wall
        let subscribed = node.clients.subscribers.table.heldBytes(of: client.subscriber)
        let flags = flags(client)
        let waiting = client.requests.bufferedBytes
        let output = client.replies.waitingBytes
        let fields: [(String, String)] = [
            ("id", "\(client.id.number)"), ("addr", client.origin.peer),
            ("laddr", client.origin.local),
            ("fd", "\(client.descriptor ?? -1)"), ("name", session.name),
            ("age", "\((wall - client.origin.connectedAt) / 1000)"),
            ("idle", "\((wall - client.activity.lastActive) / 1000)"),
            ("flags", flags.isEmpty ? "N" : flags), ("db", "0"),
            ("sub", "\(session.subscriptions.channels)"),
            ("psub", "\(session.subscriptions.patterns)"),
            ("ssub", "\(session.subscriptions.shardChannels)"),
            ("multi", "\(transaction.queue?.count ?? -1)"),
            ("watch", "\(transaction.watched.count)"),
            ("qbuf", "\(waiting)"), ("qbuf-free", "0"), ("argv-mem", "0"),
            ("multi-mem", "\(transaction.queue?.heldBytes ?? 0)"), ("rbs", "0"), ("rbp", "0"),
            ("obl", "0"), ("oll", output > 0 ? "1" : "0"), ("omem", "\(output)"),
            ("tot-mem", "\(waiting + output + subscribed)"),
            ("events", client.turn.interest.contains(.write) ? "w" : "r"),
            ("cmd", client.lastCommand?.fullName ?? "NULL"), ("user", "default"),
            ("redir", "-1"), ("resp", "\(client.replies.writer.version.rawValue)"),
            ("lib-name", session.libraryName), ("lib-ver", session.libraryVersion),
        ]
        return fields.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
    }

    private static func flags(_ client: Client) -> String {
        let flags = [
            (client.type == .replica, "S"), (client.type == .subscriber, "P"),
            (client.transaction.queue != nil, "x"),
            (client.turn.isWaiting, "b"),
            (client.transaction.isDisturbed, "d"), (client.turn.isLeaving, "c"),
            (client.session.isReadOnly, "r"), (client.session.isNoEvict, "e"),
            (client.session.isNoTouch, "T"),
        ]
        return flags.map { $0 ? $1 : "" }.joined()
    }

    // MARK: - KILL

    private static func kill(_ context: ServerContext) -> CommandResult {
        guard context.count == 3 else { return killMatching(context) }
        let address = context.text(2)
        let all = context.node.clients.all
        if let victim = all.first(where: { $0.origin.peer == address }) {
            end(victim, context)
        } else if address == context.node.masterPeer {
            context.node.master.kill(context.node)
        } else {
            return .error("ERR No such client")
        }
        return context.ok()
    }

    private static func killMatching(_ context: ServerContext) -> CommandResult {
        guard context.count % 2 == 0 else { return .syntaxError }
        var victims = context.node.clients.all
        var sparesMe = true
        // The connection to the master is meant only where it is named, and by nothing that it has not.
        var namesMaster: Bool?
        for index in stride(from: 2, to: context.count, by: 2) {
            let value = context.text(index + 1)
            switch context.option(index) {
            case "id":
                guard let id = context.number(index + 1), id > 0 else {
                    return .error("ERR client-id should be greater than 0")
                }
                victims.removeAll { Int64($0.id.number) != id }
                namesMaster = false
            case "type":
                guard let types = types(value.lowercased()) else {
                    return .error("ERR Unknown client type '\(value)'")
                }
                victims.removeAll { !types.contains($0.type) }
                namesMaster = namesMaster != false && value.lowercased() == "master"
            case "addr":
                victims.removeAll { $0.origin.peer != value }
                namesMaster = namesMaster != false && value == context.node.masterPeer
            case "laddr":
                victims.removeAll { $0.origin.local != value }
                namesMaster = false
            case "user":
                guard value == "default" else { return .error("ERR No such user '\(value)'") }
            case "skipme":
                guard ["yes", "no"].contains(value.lowercased()) else {
                    return .syntaxError
                }
                sparesMe = value.lowercased() == "yes"
            default: return .syntaxError
            }
        }
        if sparesMe { victims.removeAll { $0 === context.client } }
        for victim in victims { end(victim, context) }
        guard namesMaster == true, context.node.masterPeer != nil else {
            return context.integer(Int64(victims.count))
        }
        context.node.master.kill(context.node)
        return context.integer(Int64(victims.count + 1))
    }

    /// Who ends itself still reads the answer.
    private static func end(_ victim: Client, _ context: ServerContext) {
        if victim === context.client {
            victim.turn.isLeaving = true
        } else {
            context.node.clients.remove(victim, context.node)
        }
    }
}

/// What a client is to whoever lists or closes clients.
private enum ClientType {
    case normal, subscriber, replica
}

extension Client {
    fileprivate var type: ClientType {
        if isReplica { return .replica }
        return session.subscriptions.isEmpty ? .normal : .subscriber
    }
}
