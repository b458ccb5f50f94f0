// The commands that hold others, such as CLUSTER and CONFIG, with the arity and the flags of each part.

import ClusterCore

extension CommandTable {
    static func containers(_ next: inout Int) -> [CommandSpec] {
        [
            CommandSpec(
                "cluster", -2, [], group: "cluster", since: "3.0.0", "All about the cluster.",
                subcommands: clusterParts, numbering: &next, ServerCommands.cluster),
            CommandSpec(
                "config", -2, [], group: "server", since: "2.0.0", "Settings.",
                subcommands: configParts, numbering: &next, SettingsCommand.run),
            CommandSpec(
                "command", -1, always, group: "server", since: "2.8.13", "What can be asked.",
                subcommands: commandParts, numbering: &next, CommandReport.run),
            CommandSpec(
                "client", -2, [], group: "connection", since: "2.4.0", "Connections.",
                subcommands: clientParts, numbering: &next, ClientCommand.run),
            CommandSpec(
                "function", -2, [], group: "scripting", since: "7.0.0", "Libraries: none.",
                subcommands: functionParts, numbering: &next, FunctionCommand.run),
            CommandSpec(
                "object", -2, [], group: "generic", since: "2.2.3", "How a value is held.",
                subcommands: objectParts, numbering: &next, ObjectCommand.run),
            CommandSpec(
                "memory", -2, [], group: "server", since: "4.0.0", "What memory is used.",
                subcommands: memoryParts, numbering: &next, MemoryCommand.run),
            CommandSpec(
                "slowlog", -2, [], group: "server", since: "2.2.12", "Commands that took long.",
                subcommands: slowLogParts, numbering: &next, SlowLogCommand.run),
            CommandSpec(
                "latency", -2, [], group: "server", since: "2.8.13", "Latencies: none recorded.",
                subcommands: latencyParts, numbering: &next, LatencyCommand.run),
            CommandSpec(
                "module", -2, [], group: "server", since: "4.0.0", "Modules: none.",
                subcommands: moduleParts, numbering: &next, ModuleCommand.run),
            CommandSpec(
                "acl", -2, [], group: "server", since: "6.0.0", "Users: one, who may do all.",
                subcommands: accessParts, numbering: &next, AccessCommand.run),
        ]
    }

    private static let manages: CommandFlags = [.admin, .noScript, .loading, .stale]
    private static let asks: CommandFlags = [.noScript, .loading, .stale]

    /// From the one table of CLUSTER, which is the core's.
    private static let clusterParts = ClusterCommandTable.all.map { command in
        Subcommand(
            command.name, command.arity, CommandFlags(command.flags), since: command.since,
            command.summary)
    }

    private static let configParts: [Subcommand] = [
        Subcommand("get", -3, manages, since: "2.0.0", "Tells settings."),
        Subcommand("help", 2, always, since: "5.0.0", "What there is."),
        Subcommand("resetstat", 2, manages, since: "2.0.0", "Counts from 0."),
        Subcommand("rewrite", 2, manages, since: "2.8.0", "Writes the file."),
        Subcommand("set", -4, manages, since: "2.0.0", "Changes settings."),
    ]

    private static let commandParts: [Subcommand] = [
        Subcommand("count", 2, always, since: "2.8.13", "How many there are."),
        Subcommand("docs", -2, always, since: "7.0.0", "What they do."),
        Subcommand("getkeys", -3, always, since: "2.8.13", "The keys of a command."),
        Subcommand("help", 2, always, since: "5.0.0", "What there is."),
        Subcommand("info", -2, always, since: "2.8.13", "Arity, flags and keys."),
        Subcommand("list", -2, always, since: "7.0.0", "Names."),
    ]

    private static let clientParts: [Subcommand] = [
        Subcommand("getname", 2, asks, since: "2.6.9", "The name of this connection."),
        Subcommand("getredir", 2, asks, since: "6.0.0", "No redirection."),
        Subcommand("help", 2, always, since: "5.0.0", "What there is."),
        Subcommand("id", 2, asks, since: "5.0.0", "The number of this connection."),
        Subcommand("info", 2, asks, since: "6.2.0", "This connection."),
        Subcommand("kill", -3, manages, since: "2.4.0", "Ends connections."),
        Subcommand("list", -2, manages, since: "2.4.0", "All connections."),
        Subcommand("no-evict", 3, manages, since: "7.0.0", "Keeps this connection."),
        Subcommand("no-touch", 3, asks, since: "7.2.0", "Leaves no trace of reads."),
        Subcommand("reply", 3, asks, since: "3.2.0", "Which replies are sent."),
        Subcommand("setinfo", 4, asks, since: "7.2.0", "Names the library."),
        Subcommand("setname", 3, asks, since: "2.6.9", "Names this connection."),
    ]

    private static let functionParts: [Subcommand] = [
        Subcommand("dump", 2, .noScript, since: "7.0.0", "The empty library."),
        Subcommand("flush", -2, [.write, .noScript], since: "7.0.0", "Nothing to do."),
        Subcommand("help", 2, always, since: "7.0.0", "What there is."),
        Subcommand("list", -2, .noScript, since: "7.0.0", "No library."),
        Subcommand("restore", -3, [.write, .denyOOM, .noScript], since: "7.0.0", "Takes none."),
    ]

    private static let objectParts: [Subcommand] = [
        Subcommand("encoding", 3, .readOnly, keys: .second, since: "2.2.3", "Its form."),
        Subcommand("freq", 3, .readOnly, keys: .second, since: "4.0.0", "Not recorded."),
        Subcommand("help", 2, always, since: "6.2.0", "What there is."),
        Subcommand("refcount", 3, .readOnly, keys: .second, since: "2.2.3", "How often held."),
    ]

    private static let memoryParts: [Subcommand] = [
        Subcommand("doctor", 2, since: "4.0.0", "Nothing is examined."),
        Subcommand("help", 2, always, since: "4.0.0", "What there is."),
        Subcommand("malloc-stats", 2, since: "4.0.0", "Not to be had."),
        Subcommand("purge", 2, since: "4.0.0", "Nothing to do."),
        Subcommand("stats", 2, since: "4.0.0", "Figures."),
        Subcommand("usage", -3, .readOnly, keys: .second, since: "4.0.0", "Bytes of a key."),
    ]

    private static let watches: CommandFlags = [.admin, .loading, .stale]

    private static let slowLogParts: [Subcommand] = [
        Subcommand("get", -2, watches, since: "2.2.12", "The newest of them."),
        Subcommand("help", 2, always, since: "6.2.0", "What there is."),
        Subcommand("len", 2, watches, since: "2.2.12", "How many are kept."),
        Subcommand("reset", 2, watches, since: "2.2.12", "Keeps none of them."),
    ]

    private static let latencyParts: [Subcommand] = [
        Subcommand("doctor", 2, manages, since: "2.8.13", "Nothing is examined."),
        Subcommand("graph", 3, manages, since: "2.8.13", "No samples."),
        Subcommand("help", 2, always, since: "2.8.13", "What there is."),
        Subcommand("histogram", -2, manages, since: "7.0.0", "No commands."),
        Subcommand("history", 3, manages, since: "2.8.13", "No samples."),
        Subcommand("latest", 2, manages, since: "2.8.13", "No events."),
        Subcommand("reset", -2, manages, since: "2.8.13", "Nothing to do."),
    ]

    private static let moduleParts: [Subcommand] = [
        Subcommand("help", 2, always, since: "5.0.0", "What there is."),
        Subcommand("list", 2, [.admin, .noScript], since: "4.0.0", "No module."),
        Subcommand("load", -3, loadsModules, since: "4.0.0", "Not allowed."),
        Subcommand("loadex", -3, loadsModules, since: "7.0.0", "Not allowed."),
        Subcommand("unload", 3, loadsModules, since: "4.0.0", "Not allowed."),
    ]
    private static let loadsModules: CommandFlags = [.admin, .noScript, .noAsyncLoading]

    private static let accessParts: [Subcommand] = [
        Subcommand("cat", -2, asks, since: "6.0.0", "Categories of commands."),
        Subcommand("deluser", -3, manages, since: "6.0.0", "Nobody to delete."),
        Subcommand("dryrun", -4, manages, since: "7.0.0", "All may be done."),
        Subcommand("genpass", -2, asks, since: "6.0.0", "A word by chance."),
        Subcommand("getuser", 3, manages, since: "6.0.0", "What a user may do."),
        Subcommand("help", 2, always, since: "6.0.0", "What there is."),
        Subcommand("list", 2, manages, since: "6.0.0", "All users' rules."),
        Subcommand("load", 2, manages, since: "6.0.0", "No file."),
        Subcommand("log", -2, manages, since: "6.0.0", "Nobody was denied."),
        Subcommand("save", 2, manages, since: "6.0.0", "No file."),
        Subcommand("users", 2, manages, since: "6.0.0", "All users."),
        Subcommand("whoami", 2, asks, since: "6.0.0", "The user of this connection."),
    ]
}
