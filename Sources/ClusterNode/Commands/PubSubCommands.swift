// Publishing and subscribing: SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE and their opposites, PUBLISH, SPUBLISH, PUBSUB.
// How a publication reaches the clients of this node is in Clients/Delivery, how it reaches other nodes in the
// rules; where a shard channel belongs is decided as for keys.

import ClusterCore
import ClusterHost
import ClusterWire
import DataPlane
import RESP

enum PubSubCommands {
    // MARK: - Subscribing

    static func subscribe(_ context: ServerContext) -> CommandResult {
        join(context, .channel, "subscribe")
    }

    static func subscribeToPatterns(_ context: ServerContext) -> CommandResult {
        join(context, .pattern, "psubscribe")
    }

    static func subscribeToShard(_ context: ServerContext) -> CommandResult {
        // In a transaction.
        guard context.frame === context.client.frame else {
            return .error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
        }
        context.node.clients.watchShardSlots(context.node)
        return join(context, .shardChannel, "ssubscribe")
    }

    static func unsubscribe(_ context: ServerContext) -> CommandResult {
        leave(context, .channel, "unsubscribe")
    }

    static func unsubscribeFromPatterns(_ context: ServerContext) -> CommandResult {
        leave(context, .pattern, "punsubscribe")
    }

    static func unsubscribeFromShard(_ context: ServerContext) -> CommandResult {
        leave(context, .shardChannel, "sunsubscribe")
    }

    private static func join(
        _ context: ServerContext, _ kind: SubscriptionKind, _ word: String
    ) -> CommandResult {
        let (client, clients) = (context.client, context.node.clients)
        for index in 1..<context.count {
            let name = context.bytes(index)
            guard clients.subscribers.table.add(client.subscriber, to: name, as: kind) else {
                return .error("ERR too many subscriptions: this connection may have no more")
            }
            client.session.subscriptions = clients.subscribers.table.counts(of: client.subscriber)
            confirm(context, word, name, kind)
        }
        return .replied
    }

    private static func leave(
        _ context: ServerContext, _ kind: SubscriptionKind, _ word: String
    ) -> CommandResult {
        let (client, clients) = (context.client, context.node.clients)
        var names = (1..<context.count).map { context.bytes($0) }
        if names.isEmpty {
            names = clients.subscribers.table.names(of: client.subscriber, kind)
            if names.isEmpty { confirm(context, word, nil, kind) }
        }
        for name in names {
            clients.subscribers.table.remove(client.subscriber, from: name, as: kind)
            client.session.subscriptions = clients.subscribers.table.counts(of: client.subscriber)
            confirm(context, word, name, kind)
        }
        return .replied
    }

    private static func confirm(
        _ context: ServerContext, _ word: String, _ name: [UInt8]?, _ kind: SubscriptionKind
    ) {
        let count = context.client.session.subscriptions.shown(for: kind)
        let version = context.reply.version
        context.reply.update { write(word, name, count: count, version, to: &$0) }
    }

    /// What a client is told of a subscription that begins or ends.
    static func write(
        _ word: String, _ name: [UInt8]?, count: Int, _ version: RESPVersion,
        to bytes: inout [UInt8]
    ) {
        RESPWriter.pushHeader(3, version, to: &bytes)
        RESPWriter.bulk(word, to: &bytes)
        if let name {
            RESPWriter.bulk(name, to: &bytes)
        } else {
            RESPWriter.null(version, to: &bytes)
        }
        RESPWriter.integer(Int64(count), to: &bytes)
    }

    /// Why a command is not for a client that reads publications and speaks version 2, which cannot tell those
    /// from replies; nil when it is.
    static func refusal(of spec: CommandSpec, _ client: Client) -> String? {
        guard client.replies.writer.version == .two, !client.session.subscriptions.isEmpty,
            !spec.flags.contains(.whileSubscribed)
        else { return nil }
        return "ERR Can't execute '\(spec.fullName)': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / "
            + "PING / QUIT / RESET are allowed in this context"
    }

    // MARK: - Publishing

    static func publish(_ context: ServerContext) -> CommandResult {
        publish(context, toShard: false)
    }

    static func publishToShard(_ context: ServerContext) -> CommandResult {
        publish(context, toShard: true)
    }

    private static func publish(_ context: ServerContext, toShard: Bool) -> CommandResult {
        let (client, node) = (context.client, context.node)
        let publication = Publication(channel: context.bytes(1), message: context.bytes(2))
        // Nobody is told what some could not be told.
        guard
            node.host.publish(
                channel: publication.channel, message: publication.message, shard: toShard)
        else {
            return .error(
                "ERR a publication has at most \(node.host.longestPublication) bytes here, "
                    + "by cluster-link-sendbuf-limit")
        }
        let count = node.clients.deliver(publication, toShard: toShard, from: client, node)
        return context.integer(Int64(count))
    }

    // MARK: - PUBSUB

    static func report(_ context: ServerContext) -> CommandResult {
        let table = context.node.clients.subscribers.table
        switch context.option(1) {
        case "channels":
            guard context.count <= 3 else { return context.wrongWords(of: "pubsub") }
            return names(table.channelNames(matching: pattern(context)), context)
        case "shardchannels":
            guard context.count <= 3 else { return context.wrongWords(of: "pubsub") }
            return names(table.shardChannelNames(matching: pattern(context)), context)
        case "numsub": return counts(context) { table.subscribers(of: $0).count }
        case "shardnumsub": return counts(context) { table.shardSubscribers(of: $0).count }
        case "numpat": return context.integer(Int64(table.patternCount))
        case "help": return Help.reply(context)
        default: return context.unknownSubcommand(of: "pubsub")
        }
    }

    private static func pattern(_ context: ServerContext) -> [UInt8]? {
        context.count > 2 ? context.bytes(2) : nil
    }

    private static func names(_ names: [[UInt8]], _ context: ServerContext) -> CommandResult {
        context.reply.arrayHeader(names.count)
        for name in names { context.reply.bulk(name) }
        return .replied
    }

    private static func counts(
        _ context: ServerContext, _ count: ([UInt8]) -> Int
    ) -> CommandResult {
        context.reply.arrayHeader((context.count - 2) * 2)
        for index in 2..<max(2, context.count) {
            let channel = context.bytes(index)
            context.reply.bulk(channel)
            context.reply.integer(Int64(count(channel)))
        }
        return .replied
    }
}

extension Client {
    /// As the table of subscriptions knows it.
    var subscriber: SubscriberID { SubscriberID(id.number) }
}
