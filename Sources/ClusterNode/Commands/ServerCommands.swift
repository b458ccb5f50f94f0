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
            case .flushSlot(let slot, let mode):
                return answer(SlotQuestion.flushed(slot, mode), context)
            case .meet, .myID, .myShardID, .nodes, .info, .slots, .shards, .links, .help, .keySlot,
                .countFailureReports, .addSlots, .delSlots, .addSlotsRange, .delSlotsRange,
                .flushSlots, .setSlot, .replicate, .replicateNoOne, .replicas, .failover, .forget,
                .reset,
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
        case .flushed(let slot):
            var slots = SlotSet()
            slots.insert(slot)
            context.node.dropKeys(in: slots)
            return context.ok()
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

    static func shutDown(_ context: ServerContext) -> CommandResult {
        let given = (1..<max(1, context.count)).map { context.option($0) }
        let node = context.node
        if given == ["abort"] {
            return node.stopLeaving()
                ? context.ok() : .error("ERR No shutdown in progress.")
        }
        guard let words = LeavingWords(words: given) else { return .syntaxError }
        node.log.write(.warning, "User requested shutdown...")
        guard node.leave(words, askedBy: context.client.id) else {
            return .error("ERR Errors trying to SHUTDOWN. Check logs.")
        }
        if !node.isStopping, context.frame === context.client.frame {
            return .unfinished(.answer)
        }
        context.client.turn.isLeaving = true
        return .replied
    }
}
