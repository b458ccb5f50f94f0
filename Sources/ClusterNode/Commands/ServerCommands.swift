// Commands about the node itself. CLUSTER goes to the host, but for the keys of a slot, which the store
// knows.

import ClusterCore
import ClusterHost
import ClusterWire
import DataPlane
import RESP

enum ServerCommands {
    static func info(_ context: ServerContext) -> CommandResult {
        let sections = (1..<max(1, context.count)).map { context.option($0) }
        return context.verbatim(ServerInfo.text(context.node, sections: sections))
    }

    // MARK: - CLUSTER

    static func cluster(_ context: ServerContext) -> CommandResult {
        do throws(AdminError) {
            let words = Array(context.request.words.dropFirst())
            let command = try AdminCommand.parse(words)
            switch command {
            case .countKeysInSlot(let slot):
                return answer(SlotQuestion.count(slot), context)
            case .getKeysInSlot(let slot, let limit):
                return answer(SlotQuestion.keys(slot, limit), context)
            case .meet, .myID, .myShardID, .nodes, .info, .slots, .shards, .links, .help, .keySlot,
                .countFailureReports, .addSlots, .delSlots, .addSlotsRange, .delSlotsRange,
                .flushSlots, .setSlot, .replicate, .replicas, .failover, .forget, .reset,
                .setConfigEpoch, .bumpEpoch, .saveConfig:
                return context.node.run(command, for: context)
            }
        } catch {
            return .error(error.text)
        }
    }

    private static func answer(
        _ question: SlotQuestion, _ context: ServerContext
    ) -> CommandResult {
        switch question {
        case .refused(let reply): return context.answer(reply)
        case .asked(let slot, .max):
            return context.integer(Int64(context.store.countKeys(in: slot)))
        case .asked(let slot, let limit):
            let keys = context.store.keys(in: slot, limit: limit)
            context.reply.arrayHeader(keys.count)
            for key in keys { context.reply.bulk(key) }
            return .replied
        }
    }

    static func role(_ context: ServerContext) -> CommandResult {
        let state = context.node.host.machine.state
        let replication = context.node.replication
        guard let id = state.me.master else {
            return context.answer(
                .list([
                    .bulk(Word.master), .integer(Int64(replication.log.offset)),
                    .list(replication.feeds.filter { $0.state == .online }.map(ofReplica)),
                ]))
        }
        let isUp = replication.linkState == .following
        let offset = AdminReply.integer(isUp ? Int64(replication.log.offset) : -1)
        let address = state.nodes.find(id).map { state.nodes[$0].address } ?? .none
        return context.answer(
            .list([
                .bulk(Word.replica), .bulk(address.ip.text),
                .integer(Int64(address.port.value)), .bulk(linkWord(replication)), offset,
            ]))
    }

    private static func ofReplica(_ feed: ReplicaFeed) -> AdminReply {
        .list([
            .bulk(feed.address), .bulk("\(feed.announcement.port)"),
            .bulk("\(feed.acknowledged)"),
        ])
    }

    private static func linkWord(_ replication: Replication) -> String {
        switch replication.linkState {
        case nil: "connect"
        case .connecting, .handshake: "connecting"
        case .copying: "sync"
        case .following: "connected"
        }
    }

    // MARK: - Others

    static func declineReplicaOf(_ context: WordContext) -> CommandResult {
        .error("ERR REPLICAOF not allowed in cluster mode.")
    }

    static func time(_ context: ServerContext) -> CommandResult {
        let wall = context.node.now.wall
        return context.answer(.list([.bulk("\(wall / 1000)"), .bulk("\(wall % 1000 * 1000)")]))
    }

    static func lastSave(_ context: ServerContext) -> CommandResult {
        context.integer(context.node.startedAt / 1000)
    }

    /// No replica ever confirms anything here, so there is nothing to wait for.
    static func wait(_ context: WordContext) -> CommandResult {
        guard context.number(1) != nil else { return .notANumber }
        guard let timeout = context.number(2) else {
            return .error("ERR timeout is not an integer or out of range")
        }
        guard timeout >= 0 else { return .error("ERR timeout is negative") }
        return context.integer(0)
    }

    static func shutDown(_ context: ServerContext) -> CommandResult {
        var words = Set<String>()
        for index in 1..<max(1, context.count) {
            let word = context.option(index)
            guard ["save", "nosave", "now", "force", "abort", "safe"].contains(word) else {
                return .syntaxError
            }
            words.insert(word)
        }
        if words.isSuperset(of: ["save", "nosave"]) || words.contains("abort") && words.count > 1 {
            return .syntaxError
        }
        guard !words.contains("abort") else {
            return .error("ERR No shutdown in progress.")
        }
        if words.contains("safe") && !words.contains("force")
            && context.node.host.machine.state.me.isVotingMaster
        {
            context.node.log.write(
                .warning, "SHUTDOWN SAFE refused: this node is a master with slots")
            return .error("ERR Errors trying to SHUTDOWN. Check logs.")
        }
        context.node.log.write(.warning, "User requested shutdown...")
        context.client.turn.isLeaving = true
        context.node.isStopping = true
        return .replied
    }
}
