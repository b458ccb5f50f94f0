// Commands about the connection and the node itself. CLUSTER goes to the host, but for the keys of a
// slot, which the store knows.

import ClusterCore
import ClusterHost
import ClusterWire
import RESP

enum ServerCommands {
    static func ping(_ client: Client, _ node: Node) {
        switch client.count {
        case 1: client.output.append(contentsOf: pong)
        case 2: client.parser.lendArgument(1) { RESPWriter.bulk($0, to: &client.output) }
        default: client.error("ERR wrong number of arguments for 'ping' command")
        }
    }
    private static let pong = Array("+PONG\r\n".utf8)

    static func echo(_ client: Client, _ node: Node) {
        client.parser.lendArgument(1) { RESPWriter.bulk($0, to: &client.output) }
    }

    static func select(_ client: Client, _ node: Node) {
        switch client.number(1) {
        case 0: client.ok()
        case let number? where Int32(exactly: number) != nil:
            client.error("ERR SELECT is not allowed in cluster mode")
        case .some:
            client.error(
                "ERR value is out of range, value must between -2147483648 and 2147483647")
        case nil: client.noNumber()
        }
    }

    static func quit(_ client: Client, _ node: Node) {
        client.ok()
        client.isLeaving = true
    }

    static func reset(_ client: Client, _ node: Node) {
        Transactions.abandon(client, node)
        client.version = .two
        client.name = ""
        client.isReadOnly = false
        client.isAsking = false
        client.isNoEvict = false
        client.isNoTouch = false
        client.replies = .on
        RESPWriter.simple("RESET", to: &client.output)
    }

    static func asking(_ client: Client, _ node: Node) {
        client.isAsking = true
        client.ok()
    }

    static func readOnly(_ client: Client, _ node: Node) {
        client.isReadOnly = true
        client.ok()
    }

    static func readWrite(_ client: Client, _ node: Node) {
        client.isReadOnly = false
        client.ok()
    }

    static func info(_ client: Client, _ node: Node) {
        let sections = (1..<max(1, client.count)).map { client.option($0) }
        client.text(ServerInfo.text(node, sections: sections))
    }

    // MARK: - CLUSTER

    static func cluster(_ client: Client, _ node: Node) {
        do throws(AdminError) {
            let words = Array(client.parser.arguments.dropFirst())
            let command = try AdminCommand.parse(words)
            switch command {
            case .countKeysInSlot(let slot): answer(SlotQuestion.count(slot), client, node)
            case .getKeysInSlot(let slot, let limit):
                answer(SlotQuestion.keys(slot, limit), client, node)
            case .meet, .myID, .myShardID, .nodes, .info, .slots, .shards, .links, .help, .keySlot,
                .countFailureReports, .addSlots, .delSlots, .addSlotsRange, .delSlotsRange,
                .flushSlots, .setSlot, .replicate, .replicas, .failover, .forget, .reset,
                .setConfigEpoch, .bumpEpoch, .saveConfig:
                node.run(command, for: client)
            }
        } catch {
            client.error(error.text)
        }
    }

    private static func answer(_ question: SlotQuestion, _ client: Client, _ node: Node) {
        switch question {
        case .refused(let reply): client.reply(reply)
        case .asked(let slot, .max): client.integer(Int64(node.store.countKeys(in: slot)))
        case .asked(let slot, let limit):
            let keys = node.store.keys(in: slot, limit: limit)
            RESPWriter.arrayHeader(keys.count, to: &client.output)
            for key in keys { RESPWriter.bulk(key, to: &client.output) }
        }
    }

    static func role(_ client: Client, _ node: Node) {
        let state = node.host.machine.state
        let offset = AdminReply.integer(Int64(clamping: state.me.offset.value))
        guard let id = state.me.master else {
            return client.reply(.list([.bulk(Word.master), offset, .list([])]))
        }
        let address = state.nodes.find(id).map { state.nodes[$0].address } ?? .none
        client.reply(
            .list([
                .bulk(Word.replica), .bulk(address.ip.text),
                .integer(Int64(address.port.value)), .bulk("connect"), offset,
            ]))
    }

    // MARK: - Others

    /// A replica of the reference waits quietly after this answer; after a plain error it comes
    /// back a thousand times a second.
    ///
    /// - Source: bus protocol §14.
    static func declineReplication(_ client: Client, _ node: Node) {
        client.error("NOMASTERLINK Can't SYNC while not connected with my master")
    }

    static func time(_ client: Client, _ node: Node) {
        let wall = node.now.wall
        client.reply(.list([.bulk("\(wall / 1000)"), .bulk("\(wall % 1000 * 1000)")]))
    }

    static func lastSave(_ client: Client, _ node: Node) { client.integer(node.startedAt / 1000) }

    /// No replica ever confirms anything here, so there is nothing to wait for.
    static func wait(_ client: Client, _ node: Node) {
        guard client.number(1) != nil else { return client.noNumber() }
        guard let timeout = client.number(2) else {
            return client.error("ERR timeout is not an integer or out of range")
        }
        guard timeout >= 0 else { return client.error("ERR timeout is negative") }
        client.integer(0)
    }

    static func shutDown(_ client: Client, _ node: Node) {
        var words = Set<String>()
        for index in 1..<max(1, client.count) {
            let word = client.option(index)
            guard ["save", "nosave", "now", "force", "abort", "safe"].contains(word) else {
                return client.syntaxError()
            }
            words.insert(word)
        }
        if words.isSuperset(of: ["save", "nosave"]) || words.contains("abort") && words.count > 1 {
            return client.syntaxError()
        }
        guard !words.contains("abort") else {
            return client.error("ERR No shutdown in progress.")
        }
        if words.contains("safe") && !words.contains("force")
            && node.host.machine.state.me.isVotingMaster
        {
            node.log.write(.warning, "SHUTDOWN SAFE refused: this node is a master with slots")
            return client.error("ERR Errors trying to SHUTDOWN. Check logs.")
        }
        node.log.write(.warning, "User requested shutdown...")
        client.isLeaving = true
        node.isStopping = true
    }

    /// Keys do not travel yet; that there are none is said as ever.
    static func migrate(_ client: Client, _ node: Node) {
        guard client.number(4) != nil, client.number(5) != nil else { return client.noNumber() }
        let hasKey = KeyFinder.migratePlaces(client.parser).contains { place in
            client.parser.lendArgument(place) { node.store.find($0) } != nil
        }
        guard !hasKey else {
            return client.error("ERR keys cannot be moved to another node yet")
        }
        RESPWriter.simple("NOKEY", to: &client.output)
    }
}
