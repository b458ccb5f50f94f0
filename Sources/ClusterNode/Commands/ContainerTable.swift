// The commands that have subcommands (containers, such as CLUSTER and CONFIG), with the arity, the flags and
// the summary of each subcommand. What runs them is in the files of their groups.

import ClusterCore

extension CommandTable {
    /// Adds them in the order in which COMMAND lists them, each to its group in COMMAND DOCS.
    static func addContainers(to table: inout CommandTableBuilder) {
        table.add("cluster", [cluster])
        table.add("server", [config, command])
        table.add("connection", [client])
        table.add("scripting", [function])
        table.add("generic", [object])
        table.add("server", [memory, slowLog, latency, module, access])
    }

    private static let manages: CommandFlags = [.admin, .noScript, .loading, .stale]
    private static let asks: CommandFlags = [.noScript, .loading, .stale]

    private static func help(since: String) -> CommandEntry {
        CommandEntry("help", 2, always, since: since, "Lists the subcommands.")
    }

    /// Its subcommands are those of `ClusterCommandTable`, which is in ClusterCore.
    private static let cluster = ListedCommand(
        "cluster", -2, since: "3.0.0", "Shows and changes the cluster, its slots and its nodes.",
        .server(ServerCommands.cluster),
        parts: ClusterCommandTable.all.map { command in
            CommandEntry(
                command.name, command.arity, CommandFlags(command.flags), since: command.since,
                command.summary)
        })

    private static let config = ListedCommand(
        "config", -2, since: "2.0.0", "Reads and changes the configuration of the server.",
        .server(SettingsCommand.run),
        parts: [
            CommandEntry(
                "get", -3, manages, since: "2.0.0",
                "Returns the directives whose names match a pattern, with their values."),
            help(since: "5.0.0"),
            CommandEntry(
                "resetstat", 2, manages, since: "2.0.0",
                "Resets the statistics that INFO and CLUSTER INFO report."),
            CommandEntry(
                "rewrite", 2, manages, since: "2.8.0",
                "Writes the configuration in force to the file that the server was started with."),
            CommandEntry(
                "set", -4, manages, since: "2.0.0",
                "Sets directives to new values, all of them or none."),
        ])

    private static let command = ListedCommand(
        "command", -1, always, since: "2.8.13", "Describes the commands of this server.",
        .words(CommandReport.run),
        parts: [
            CommandEntry("count", 2, always, since: "2.8.13", "Returns the number of commands."),
            CommandEntry(
                "docs", -2, always, since: "7.0.0",
                "Returns a summary, the first version and the group of commands."),
            CommandEntry(
                "getkeys", -3, always, since: "2.8.13",
                "Returns the arguments of a full command that are keys."),
            help(since: "5.0.0"),
            CommandEntry(
                "info", -2, always, since: "2.8.13",
                "Returns the arity, flags and key positions of commands."),
            CommandEntry(
                "list", -2, always, since: "7.0.0",
                "Returns the names of commands, filtered if a filter is given."),
        ])

    private static let client = ListedCommand(
        "client", -2, since: "2.4.0", "Lists, names, configures and closes client connections.",
        .server(ClientCommand.run),
        parts: [
            CommandEntry(
                "getname", 2, asks, since: "2.6.9", "Returns the name of this connection."),
            CommandEntry(
                "getredir", 2, asks, since: "6.0.0",
                "Returns where invalidation messages are redirected; here always -1, for nowhere."),
            help(since: "5.0.0"),
            CommandEntry("id", 2, asks, since: "5.0.0", "Returns the id of this connection."),
            CommandEntry(
                "info", 2, asks, since: "6.2.0", "Returns what CLIENT LIST says of this connection."
            ),
            CommandEntry(
                "kill", -3, manages, since: "2.4.0",
                "Closes connections that match an address or other filters."),
            CommandEntry(
                "list", -2, manages, since: "2.4.0",
                "Returns a line of properties for each client connection."),
            CommandEntry(
                "no-evict", 3, manages, since: "7.0.0",
                "Marks this connection as not to be evicted; none ever is here."),
            CommandEntry(
                "no-touch", 3, asks, since: "7.2.0",
                "Keeps reads of this connection from changing access times; none are recorded here."
            ),
            CommandEntry(
                "pause", -3, manages, since: "3.0.0",
                "Holds back the writes of clients, or all that they ask, for so many milliseconds."),
            CommandEntry(
                "reply", 3, asks, since: "3.2.0",
                "Turns replies on or off, or skips the reply to the next command."),
            CommandEntry(
                "setinfo", 4, asks, since: "7.2.0",
                "Sets the name or the version of the client library of this connection."),
            CommandEntry("setname", 3, asks, since: "2.6.9", "Sets the name of this connection."),
            CommandEntry(
                "unpause", 2, manages, since: "6.2.0",
                "Lets clients go on that CLIENT PAUSE holds back."),
        ])

    private static let function = ListedCommand(
        "function", -2, since: "7.0.0", "Manages function libraries, of which there are none here.",
        .words(FunctionCommand.run),
        parts: [
            CommandEntry(
                "dump", 2, .noScript, since: "7.0.0",
                "Returns a serialized copy of all libraries, which is an empty one here."),
            CommandEntry(
                "flush", -2, [.write, .noScript], since: "7.0.0",
                "Deletes all libraries; there are none here."),
            help(since: "7.0.0"),
            CommandEntry(
                "list", -2, .noScript, since: "7.0.0",
                "Returns the list of libraries, which is empty here."),
            CommandEntry(
                "restore", -3, [.write, .denyOOM, .noScript], since: "7.0.0",
                "Restores libraries from a serialized copy; only an empty one is accepted here."),
        ])

    private static let object = ListedCommand(
        "object", -2, since: "2.2.3", "Shows how the value of a key is stored.",
        .keys(ObjectCommand.run),
        parts: [
            CommandEntry(
                "encoding", 3, .readOnly, keys: .second, since: "2.2.3",
                "Returns the encoding that the reference gives a value: int, embstr or raw."),
            CommandEntry(
                "freq", 3, .readOnly, keys: .second, since: "4.0.0",
                "Returns how often a key is used; refused, since this is not recorded."),
            help(since: "6.2.0"),
            CommandEntry(
                "refcount", 3, .readOnly, keys: .second, since: "2.2.3",
                "Returns the number of references to a value; here always 1."),
        ])

    private static let memory = ListedCommand(
        "memory", -2, since: "4.0.0", "Shows how memory is used.", .server(MemoryCommand.run),
        parts: [
            CommandEntry(
                "doctor", 2, since: "4.0.0",
                "Reports memory problems; nothing is diagnosed here."),
            help(since: "4.0.0"),
            CommandEntry(
                "malloc-stats", 2, since: "4.0.0",
                "Returns statistics of the allocator, which has none here."),
            CommandEntry(
                "purge", 2, since: "4.0.0",
                "Asks the allocator to release memory; there is nothing to release here."),
            CommandEntry(
                "stats", 2, since: "4.0.0",
                "Returns the memory used by the process, its keys, clients and cluster links."),
            CommandEntry(
                "usage", -3, .readOnly, keys: .second, since: "4.0.0",
                "Returns the number of bytes that a key and its value take."),
        ])

    private static let watches: CommandFlags = [.admin, .loading, .stale]

    private static let slowLog = ListedCommand(
        "slowlog", -2, since: "2.2.12", "Shows the commands that took longest to execute.",
        .server(SlowLogCommand.run),
        parts: [
            CommandEntry(
                "get", -2, watches, since: "2.2.12",
                "Returns the newest entries of the slow log."),
            help(since: "6.2.0"),
            CommandEntry(
                "len", 2, watches, since: "2.2.12",
                "Returns the number of entries in the slow log."),
            CommandEntry(
                "reset", 2, watches, since: "2.2.12", "Deletes all entries of the slow log."),
        ])

    private static let latency = ListedCommand(
        "latency", -2, since: "2.8.13", "Reports latency events, which are not recorded here.",
        .words(LatencyCommand.run),
        parts: [
            CommandEntry(
                "doctor", 2, manages, since: "2.8.13",
                "Reports latency problems; nothing is diagnosed here."),
            CommandEntry(
                "graph", 3, manages, since: "2.8.13",
                "Draws the latency of an event; refused, since there are no samples."),
            help(since: "2.8.13"),
            CommandEntry(
                "histogram", -2, manages, since: "7.0.0",
                "Returns the distribution of latencies by command, which is empty here."),
            CommandEntry(
                "history", 3, manages, since: "2.8.13",
                "Returns the latency samples of an event, of which there are none here."),
            CommandEntry(
                "latest", 2, manages, since: "2.8.13",
                "Returns the latest sample of each event, of which there are none here."),
            CommandEntry(
                "reset", -2, manages, since: "2.8.13",
                "Deletes the samples of events; there are none here."),
        ])

    private static let loadsModules: CommandFlags = [.admin, .noScript, .noAsyncLoading]

    private static let module = ListedCommand(
        "module", -2, since: "4.0.0", "Manages modules, which cannot be loaded here.",
        .words(ModuleCommand.run),
        parts: [
            help(since: "5.0.0"),
            CommandEntry(
                "list", 2, [.admin, .noScript], since: "4.0.0",
                "Returns the list of loaded modules, which is empty here."),
            CommandEntry(
                "load", -3, loadsModules, since: "4.0.0", "Loads a module; refused here."),
            CommandEntry(
                "loadex", -3, loadsModules, since: "7.0.0",
                "Loads a module with its configuration; refused here."),
            CommandEntry(
                "unload", 3, loadsModules, since: "4.0.0", "Unloads a module; refused here."),
        ])

    private static let access = ListedCommand(
        "acl", -2, since: "6.0.0",
        "Shows users and their permissions; only the default user exists.",
        .server(AccessCommand.run),
        parts: [
            CommandEntry(
                "cat", -2, asks, since: "6.0.0",
                "Returns the command categories, or the commands of one of them."),
            CommandEntry(
                "deluser", -3, manages, since: "6.0.0",
                "Deletes users; the default user cannot be deleted, and there are no others."),
            CommandEntry(
                "dryrun", -4, manages, since: "7.0.0",
                "Checks whether a user may run a command, without running it."),
            CommandEntry(
                "genpass", -2, asks, since: "6.0.0", "Returns a random password."),
            CommandEntry(
                "getuser", 3, manages, since: "6.0.0",
                "Returns the permissions of a user, or null if there is no such user."),
            help(since: "6.0.0"),
            CommandEntry("list", 2, manages, since: "6.0.0", "Returns the rules of all users."),
            CommandEntry(
                "load", 2, manages, since: "6.0.0",
                "Reloads users from the ACL file; refused, since there is none."),
            CommandEntry(
                "log", -2, manages, since: "6.0.0",
                "Returns logins that failed, the newest first, or forgets them."),
            CommandEntry(
                "save", 2, manages, since: "6.0.0",
                "Saves users to the ACL file; refused, since there is none."),
            CommandEntry("users", 2, manages, since: "6.0.0", "Returns the names of all users."),
            CommandEntry(
                "whoami", 2, asks, since: "6.0.0", "Returns the user of this connection."),
        ])
}
