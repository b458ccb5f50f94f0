// The commands about publications, as COMMAND tells of them. What runs them is in PubSubCommands; which of them
// a subscriber that speaks version 2 may say is told by a flag of ours.

extension CommandTable {
    private static let subscribes: CommandFlags = [
        .pubsub, .noScript, .loading, .stale, .whileSubscribed,
    ]
    private static let publishes: CommandFlags = [.pubsub, .loading, .stale, .fast, .mayReplicate]
    private static let tells: CommandFlags = [.pubsub, .loading, .stale]

    static let pubsub: [ListedCommand] = [
        ListedCommand(
            "subscribe", -2, subscribes, since: "2.0.0",
            "Subscribes this connection to channels.", .server(PubSubCommands.subscribe)),
        ListedCommand(
            "psubscribe", -2, subscribes, since: "2.0.0",
            "Subscribes this connection to all channels whose names match patterns.",
            .server(PubSubCommands.subscribeToPatterns)),
        ListedCommand(
            "ssubscribe", -2, subscribes, keys: .all, since: "7.0.0",
            "Subscribes this connection to shard channels.",
            .server(PubSubCommands.subscribeToShard)),
        ListedCommand(
            "unsubscribe", -1, subscribes, since: "2.0.0",
            "Ends the subscriptions of this connection to channels, or to all channels.",
            .server(PubSubCommands.unsubscribe)),
        ListedCommand(
            "punsubscribe", -1, subscribes, since: "2.0.0",
            "Ends the subscriptions of this connection to patterns, or to all patterns.",
            .server(PubSubCommands.unsubscribeFromPatterns)),
        ListedCommand(
            "sunsubscribe", -1, subscribes, keys: .all, since: "7.0.0",
            "Ends the subscriptions of this connection to shard channels, or to all of them.",
            .server(PubSubCommands.unsubscribeFromShard)),
        ListedCommand(
            "publish", 3, publishes, since: "2.0.0",
            "Publishes a message in the whole cluster; returns how many of this node received it.",
            .server(PubSubCommands.publish)),
        ListedCommand(
            "spublish", 3, publishes, keys: .one, since: "7.0.0",
            "Publishes a message in this shard; returns how many of this node received it.",
            .server(PubSubCommands.publishToShard)),
        ListedCommand(
            "pubsub", -2, since: "2.8.0",
            "Shows the channels and patterns that clients of this node subscribe to.",
            .server(PubSubCommands.report),
            parts: [
                CommandEntry(
                    "channels", -2, tells, since: "2.8.0",
                    "Returns the channels with subscribers, or those that match a pattern."),
                CommandEntry("help", 2, always, since: "6.2.0", "Lists the subcommands."),
                CommandEntry(
                    "numpat", 2, tells, since: "2.8.0", "Returns the number of patterns."),
                CommandEntry(
                    "numsub", -2, tells, since: "2.8.0",
                    "Returns the number of subscribers of channels."),
                CommandEntry(
                    "shardchannels", -2, tells, since: "7.0.0",
                    "Returns the shard channels with subscribers, or those that match a pattern."),
                CommandEntry(
                    "shardnumsub", -2, tells, since: "7.0.0",
                    "Returns the number of subscribers of shard channels."),
            ]),
    ]
}
