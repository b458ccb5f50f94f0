// The table of commands: name, arity, flags, keys and summary of each, and the function that runs it. Names,
// arities, flags and key positions are those that COMMAND tells in the reference. Commands with subcommands
// (containers, such as CONFIG) are in ContainerTable, those on strings in StringTable.

import DataPlane

enum CommandTable {
    /// All commands with their subcommands, in the order in which COMMAND lists them.
    static let all = table.commands
    static let index = CommandIndex(all)
    /// How many commands and subcommands are numbered: the size of a table of figures for each.
    static let numberCount = table.count

    private static let table: CommandTableBuilder = {
        var table = CommandTableBuilder()
        table.add("string", strings)
        table.add("bitmap", bitmaps)
        table.add("generic", keys + expiry)
        table.add("connection", connection)
        table.add("transactions", transactions)
        table.add("pubsub", pubsub)
        table.add("cluster", cluster)
        table.add("server", server)
        addContainers(to: &table)
        return table
    }()

    static let reads: CommandFlags = [.readOnly, .fast]
    private static let walks: CommandFlags = [.readOnly, .wholeStore]
    static let writes: CommandFlags = [.write, .denyOOM]
    static let writesFast: CommandFlags = [.write, .denyOOM, .fast]
    static let changesFast: CommandFlags = [.write, .fast]
    static let always: CommandFlags = [.loading, .stale]
    private static let alwaysFast: CommandFlags = [.loading, .stale, .fast]
    private static let greets: CommandFlags = [
        .noScript, .loading, .stale, .fast, .noAuth, .allowBusy,
    ]
    private static let chains: CommandFlags = [
        .noScript, .loading, .stale, .fast, .allowBusy, .inTransaction,
    ]

    private static let keys: [ListedCommand] = [
        ListedCommand(
            "del", -2, .write, keys: .all, "Deletes keys and returns how many of them existed.",
            .keys(KeyCommands.delete)),
        ListedCommand(
            "unlink", -2, changesFast, keys: .all, since: "4.0.0",
            "Deletes keys and returns how many of them existed; the same as DEL here.",
            .keys(KeyCommands.delete)),
        ListedCommand(
            "exists", -2, reads, keys: .all, "Returns how many of the given keys exist.",
            .keys(KeyCommands.exists)),
        ListedCommand(
            "touch", -2, reads, keys: .all, since: "3.2.1",
            "Returns how many of the given keys exist; times of access are not recorded here.",
            .keys(KeyCommands.exists)),
        ListedCommand(
            "type", 2, reads, keys: .one, "Returns the type of the value of a key: string or none.",
            .keys(KeyCommands.type)),
        ListedCommand(
            "rename", 3, .write, keys: .two,
            "Renames a key; one that had the new name before is lost.",
            .keys(TransferCommands.rename)),
        ListedCommand(
            "renamenx", 3, changesFast, keys: .two,
            "Renames a key, unless one of the new name exists already.",
            .keys(TransferCommands.renameIfMissing)),
        ListedCommand(
            "copy", -3, writes, keys: .two, since: "6.2.0",
            "Copies the value and the time to live of a key to another key.",
            .keys(TransferCommands.copy)),
        ListedCommand(
            "keys", 2, walks, "Returns all keys of this node whose names match a pattern.",
            .keys(KeyCommands.keys)),
        ListedCommand(
            "scan", -2, walks, since: "2.8.0",
            "Walks the keys of this node a few at a time, by a cursor.", .keys(KeyCommands.scan)),
        ListedCommand(
            "dbsize", 1, walks.union(.fast), "Returns the number of keys that this node holds.",
            .keys(KeyCommands.size)),
        ListedCommand(
            "randomkey", 1, walks, "Returns the name of a key chosen at random.",
            .keys(KeyCommands.random)),
        ListedCommand(
            "flushall", -1, .write, "Deletes all keys of this node.", .keys(KeyCommands.flush)),
        ListedCommand(
            "flushdb", -1, .write,
            "Deletes all keys of this node; there is one database, so it is FLUSHALL.",
            .keys(KeyCommands.flush)),
        ListedCommand(
            "dump", 2, .readOnly, keys: .one, since: "2.6.0",
            "Returns the value of a key as bytes that RESTORE takes.", .keys(DumpCommands.dump)),
        ListedCommand(
            "restore", -4, writes, keys: .one, since: "2.6.0",
            "Creates a key from what DUMP returned, with a time to live if it is not 0.",
            .keys(DumpCommands.restore)),
        ListedCommand(
            "migrate", -6, [.write, .movableKeys, .migrate, .noMulti],
            keys: KeyPlaces(first: 3, last: 3, step: 1), since: "2.6.0",
            "Moves keys to another node, while everything else goes on.",
            .server(MigrateCommand.run)),
        ListedCommand(
            "move", 3, changesFast, keys: .one,
            "Moves a key to another database; refused in cluster mode.",
            .words { _ in .error("ERR MOVE is not allowed in cluster mode") }),
    ]

    private static let expiry: [ListedCommand] = [
        ListedCommand(
            "expire", -3, changesFast, keys: .one, "Sets the time to live of a key in seconds.",
            .keys(ExpiryCommands.expire)),
        ListedCommand(
            "pexpire", -3, changesFast, keys: .one, since: "2.6.0",
            "Sets the time to live of a key in milliseconds.",
            .keys(ExpiryCommands.expireMilliseconds)),
        ListedCommand(
            "expireat", -3, changesFast, keys: .one, since: "1.2.0",
            "Sets when a key expires, as a Unix time in seconds.",
            .keys(ExpiryCommands.expireAt)),
        ListedCommand(
            "pexpireat", -3, changesFast, keys: .one, since: "2.6.0",
            "Sets when a key expires, as a Unix time in milliseconds.",
            .keys(ExpiryCommands.expireAtMilliseconds)),
        ListedCommand(
            "ttl", 2, reads, keys: .one, "Returns the remaining time to live of a key in seconds.",
            .keys(ExpiryCommands.seconds)),
        ListedCommand(
            "pttl", 2, reads, keys: .one, since: "2.6.0",
            "Returns the remaining time to live of a key in milliseconds.",
            .keys(ExpiryCommands.milliseconds)),
        ListedCommand(
            "expiretime", 2, reads, keys: .one, since: "7.0.0",
            "Returns when a key expires, as a Unix time in seconds.",
            .keys(ExpiryCommands.endSeconds)),
        ListedCommand(
            "pexpiretime", 2, reads, keys: .one, since: "7.0.0",
            "Returns when a key expires, as a Unix time in milliseconds.",
            .keys(ExpiryCommands.endMilliseconds)),
        ListedCommand(
            "persist", 2, changesFast, keys: .one, since: "2.2.0",
            "Removes the time to live of a key, so that it does not expire.",
            .keys(ExpiryCommands.persist)),
    ]

    private static let connection: [ListedCommand] = [
        ListedCommand(
            "ping", -1, [.fast, .whileSubscribed], "Returns PONG, or the argument if there is one.",
            .connection(ConnectionCommands.ping)),
        ListedCommand(
            "echo", 2, alwaysFast, "Returns its argument.", .words(ConnectionCommands.echo)),
        ListedCommand(
            "select", 2, alwaysFast, "Selects a database; there is only database 0.",
            .words(ConnectionCommands.select)),
        ListedCommand(
            "quit", -1, greets.union([.inTransaction, .whileSubscribed]),
            "Closes the connection once pending replies have been sent.",
            .connection(ConnectionCommands.quit)),
        ListedCommand(
            "hello", -1, greets, since: "6.0.0",
            "Returns facts about the server, after selecting RESP 2 or 3 if that is asked for.",
            .server(Greeting.hello)),
        ListedCommand(
            "auth", -2, greets, "Authenticates the connection by the password of a user.",
            .server(Login.authenticate)),
        ListedCommand(
            "reset", 1, greets.union([.inTransaction, .whileSubscribed]), since: "6.2.0",
            "Resets the connection: its transaction, subscriptions, name, protocol and modes.",
            .server(ConnectionCommands.reset)),
    ]

    private static let transactions: [ListedCommand] = [
        ListedCommand(
            "multi", 1, chains, since: "1.2.0",
            "Starts a transaction: commands that follow are queued until EXEC.",
            .connection(Transactions.multi)),
        ListedCommand(
            "exec", 1, [.noScript, .loading, .stale, .skipSlowLog, .inTransaction, .exec],
            since: "1.2.0",
            "Executes the queued commands of a transaction, unless a watched key has changed.",
            .server(Transactions.exec)),
        ListedCommand(
            "discard", 1, chains, since: "2.0.0",
            "Discards the queued commands of a transaction and unwatches all keys.",
            .connection(Transactions.discard)),
        ListedCommand(
            "watch", -2, chains, keys: .all, since: "2.2.0",
            "Watches keys: the next EXEC executes nothing if one of them has changed.",
            .connection(Transactions.watch)),
        ListedCommand(
            "unwatch", 1, chains.subtracting(.inTransaction), since: "2.2.0",
            "Stops watching all keys that this connection watches.",
            .connection(Transactions.unwatch)),
    ]

    private static let cluster: [ListedCommand] = [
        ListedCommand(
            "asking", 1, [.fast, .asking], since: "3.0.0",
            "Lets the next command use a slot that is being imported, after an ASK redirection.",
            .connection(ConnectionCommands.asking)),
        ListedCommand(
            "restore-asking", -4, writes.union(.asking), keys: .one, since: "3.0.0",
            "The same as RESTORE, also in a slot that is being imported.",
            .keys(DumpCommands.restore)),
        ListedCommand(
            "readonly", 1, alwaysFast, since: "3.0.0",
            "Lets a replica answer reads of this connection for the slots of its master.",
            .connection(ConnectionCommands.readOnly)),
        ListedCommand(
            "readwrite", 1, alwaysFast, since: "3.0.0",
            "Ends READONLY: a replica redirects reads of this connection to its master again.",
            .connection(ConnectionCommands.readWrite)),
    ]

    private static let copies: CommandFlags = [.admin, .noScript, .noAsyncLoading, .noMulti]
    private static let steers: CommandFlags = [.admin, .noScript, .stale, .noAsyncLoading]

    private static let server: [ListedCommand] = [
        ListedCommand(
            "info", -1, always, "Returns information and statistics about the server, by section.",
            .server(ServerCommands.info)),
        ListedCommand(
            "role", 1, [.noScript, .loading, .stale, .fast],
            "Returns whether this node is a master or a replica, and its replication offset.",
            .server(ServerCommands.role)),
        ListedCommand(
            "time", 1, alwaysFast, "Returns the time of this node in seconds and microseconds.",
            .server(ServerCommands.time)),
        ListedCommand(
            "lastsave", 1, alwaysFast,
            "Returns when keys were last saved, as a Unix time; at first when the node started.",
            .server(SaveCommands.lastSave)),
        ListedCommand(
            "save", 1, copies, "Saves all keys to the file, and replies when it is in place.",
            .server(SaveCommands.save)),
        ListedCommand(
            "bgsave", -1, copies.subtracting(.noMulti),
            "Begins to save all keys to the file, and replies at once.",
            .server(SaveCommands.saveInBackground)),
        ListedCommand(
            "wait", 3, .noScript,
            "Waits until replicas have applied what this connection wrote; returns how many have.",
            .server(ReplicationCommands.wait)),
        ListedCommand(
            "shutdown", -1, [.admin, .noScript, .loading, .stale, .noMulti, .allowBusy],
            "Saves the cluster configuration and shuts down the node.",
            .server(ServerCommands.shutDown)),
        ListedCommand(
            "debug", -2, [.admin, .noScript, .loading, .stale],
            "Causes failures for tests, and tells of keys: digests, how a value is kept.",
            .server(DebugCommand.run)),
        ListedCommand(
            "replconf", -1,
            [.admin, .noScript, .loading, .stale, .allowBusy, .ofReplicas],
            "Tells a master what its replica is, and how far it has applied the stream.",
            .server(ReplicationCommands.configure)),
        ListedCommand(
            "psync", -3, copies,
            "Makes the connection a replica's: it goes on at an offset, or gets a whole copy.",
            .server(ReplicationCommands.psync)),
        ListedCommand(
            "sync", 1, copies,
            "The older form of PSYNC: the connection gets a whole copy, then the stream.",
            .server(ReplicationCommands.sync)),
        ListedCommand(
            "replicaof", 3, steers,
            "Makes a server a replica; refused in cluster mode, which has CLUSTER REPLICATE.",
            .words(ServerCommands.declineReplicaOf)),
        ListedCommand(
            "slaveof", 3, steers, "The older name of REPLICAOF; refused in cluster mode.",
            .words(ServerCommands.declineReplicaOf)),
        ListedCommand(
            "failover", -1, [.admin, .noScript, .stale],
            "Hands the role of master over; refused in cluster mode, which has CLUSTER FAILOVER.",
            .words { _ in
                .error(
                    "ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead."
                )
            }),
        ListedCommand(
            "swapdb", 3, changesFast, "Swaps two databases; refused in cluster mode.",
            .words { _ in .error("ERR SWAPDB is not allowed in cluster mode") }),
    ]
}
