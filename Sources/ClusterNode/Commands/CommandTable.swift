// The table of commands: what there is to know of each, and which function runs it. Names, arities,
// flags and places of keys are what clients of the reference expect of COMMAND.

enum CommandTable {
    /// All commands, and all in their containers, by number.
    static let all: [CommandSpec] = make()
    static let index = CommandIndex(all)
    /// How many numbers are given out, those of subcommands among them.
    static let numberCount = all.reduce(0) { $0 + 1 + $1.subcommands.count }

    private static func make() -> [CommandSpec] {
        var next = 0
        return strings(&next) + keys(&next) + expiry(&next) + connection(&next)
            + transactions(&next) + cluster(&next) + server(&next) + containers(&next)
    }

    private static let reads: CommandFlags = [.readOnly, .fast]
    private static let walks: CommandFlags = [.readOnly, .wholeStore]
    private static let writes: CommandFlags = [.write, .denyOOM]
    private static let writesFast: CommandFlags = [.write, .denyOOM, .fast]
    static let always: CommandFlags = [.loading, .stale]
    private static let greets: CommandFlags = [
        .noScript, .loading, .stale, .fast, .noAuth, .allowBusy,
    ]
    private static let chains: CommandFlags = [
        .noScript, .loading, .stale, .fast, .allowBusy, .inTransaction,
    ]

    private static func strings(_ next: inout Int) -> [CommandSpec] {
        var list: [CommandSpec] = []
        func add(
            _ name: String, _ arity: Int, _ flags: CommandFlags, _ keys: KeyPlaces,
            _ since: String, _ summary: String, _ handler: @escaping CommandSpec.Handler
        ) {
            list.append(
                CommandSpec(
                    name, arity, flags, keys: keys, group: "string", since: since, summary,
                    numbering: &next, handler))
        }
        add("get", 2, reads, .one, "1.0.0", "The value of a key.", StringCommands.get)
        add("set", -3, writes, .one, "1.0.0", "Sets a key to a value.", SetCommand.run)
        add("mget", -2, reads, .all, "1.0.0", "The values of keys.", StringCommands.getMany)
        add("mset", -3, writes, .pairs, "1.0.1", "Sets keys to values.", StringCommands.setMany)
        add(
            "setnx", 3, writesFast, .one, "1.0.0", "Sets a key that is not there.",
            StringCommands.setIfMissing)
        add(
            "getset", 3, writesFast, .one, "1.0.0", "Sets a key and tells its old value.",
            StringCommands.getAndSet)
        add(
            "getdel", 2, [.write, .fast], .one, "6.2.0", "Deletes a key and tells its value.",
            StringCommands.getAndDelete)
        add(
            "setex", 4, writes, .one, "2.0.0", "Sets a key that ends after seconds.",
            SetCommand.withSeconds)
        add(
            "psetex", 4, writes, .one, "2.6.0", "Sets a key that ends after milliseconds.",
            SetCommand.withMilliseconds)
        add(
            "append", 3, writesFast, .one, "2.0.0", "Adds to the end of a value.",
            StringCommands.append)
        add("strlen", 2, reads, .one, "2.2.0", "The length of a value.", StringCommands.length)
        add("incr", 2, writesFast, .one, "1.0.0", "Adds one.", StringCommands.increment)
        add("decr", 2, writesFast, .one, "1.0.0", "Takes one away.", StringCommands.decrement)
        add("incrby", 3, writesFast, .one, "1.0.0", "Adds.", StringCommands.incrementBy)
        add("decrby", 3, writesFast, .one, "1.0.0", "Takes away.", StringCommands.decrementBy)
        return list
    }

    private static func keys(_ next: inout Int) -> [CommandSpec] {
        var list: [CommandSpec] = []
        func add(
            _ name: String, _ arity: Int, _ flags: CommandFlags, _ keys: KeyPlaces,
            _ since: String, _ summary: String, _ handler: @escaping CommandSpec.Handler
        ) {
            list.append(
                CommandSpec(
                    name, arity, flags, keys: keys, group: "generic", since: since, summary,
                    numbering: &next, handler))
        }
        add("del", -2, .write, .all, "1.0.0", "Deletes keys.", KeyCommands.delete)
        add("unlink", -2, [.write, .fast], .all, "4.0.0", "Deletes keys.", KeyCommands.delete)
        add("exists", -2, reads, .all, "1.0.0", "How many are there.", KeyCommands.exists)
        add("touch", -2, reads, .all, "3.2.1", "How many are there.", KeyCommands.exists)
        add("type", 2, reads, .one, "1.0.0", "The type of a value.", KeyCommands.type)
        add("keys", 2, walks, .none, "1.0.0", "Keys like a pattern.", KeyCommands.keys)
        add("scan", -2, walks, .none, "2.8.0", "Keys, some at a time.", KeyCommands.scan)
        add(
            "dbsize", 1, walks.union(.fast), .none, "1.0.0", "How many keys there are.",
            KeyCommands.size)
        add("randomkey", 1, walks, .none, "1.0.0", "Any key.", KeyCommands.random)
        add("flushall", -1, .write, .none, "1.0.0", "Deletes all keys.", KeyCommands.flush)
        add("flushdb", -1, .write, .none, "1.0.0", "Deletes all keys.", KeyCommands.flush)
        add(
            "migrate", -6, [.write, .movableKeys, .migrate],
            KeyPlaces(first: 3, last: 3, step: 1), "2.6.0", "Moves keys to another node.",
            ServerCommands.migrate)
        add(
            "move", 3, [.write, .fast], .one, "1.0.0", "Not with a cluster."
        ) { client, _ in client.error("ERR MOVE is not allowed in cluster mode") }
        return list
    }

    private static func expiry(_ next: inout Int) -> [CommandSpec] {
        var list: [CommandSpec] = []
        func add(
            _ name: String, _ arity: Int, _ flags: CommandFlags, _ since: String,
            _ summary: String, _ handler: @escaping CommandSpec.Handler
        ) {
            list.append(
                CommandSpec(
                    name, arity, flags, keys: .one, group: "generic", since: since, summary,
                    numbering: &next, handler))
        }
        let sets: CommandFlags = [.write, .fast]
        add("expire", -3, sets, "1.0.0", "Lets a key end.", ExpiryCommands.expire)
        add(
            "pexpire", -3, sets, "2.6.0", "Lets a key end.",
            ExpiryCommands.expireMilliseconds)
        add("expireat", -3, sets, "1.2.0", "Lets a key end.", ExpiryCommands.expireAt)
        add(
            "pexpireat", -3, sets, "2.6.0", "Lets a key end.",
            ExpiryCommands.expireAtMilliseconds)
        add("ttl", 2, reads, "1.0.0", "Seconds that are left.", ExpiryCommands.seconds)
        add("pttl", 2, reads, "2.6.0", "Milliseconds left.", ExpiryCommands.milliseconds)
        add("expiretime", 2, reads, "7.0.0", "When a key ends.", ExpiryCommands.endSeconds)
        add(
            "pexpiretime", 2, reads, "7.0.0", "When a key ends.",
            ExpiryCommands.endMilliseconds)
        add("persist", 2, sets, "2.2.0", "Lets a key stay.", ExpiryCommands.persist)
        return list
    }

    private static func connection(_ next: inout Int) -> [CommandSpec] {
        var list: [CommandSpec] = []
        func add(
            _ name: String, _ arity: Int, _ flags: CommandFlags, _ since: String,
            _ summary: String, _ handler: @escaping CommandSpec.Handler
        ) {
            list.append(
                CommandSpec(
                    name, arity, flags, group: "connection", since: since, summary,
                    numbering: &next, handler))
        }
        let plain: CommandFlags = [.loading, .stale, .fast]
        add("ping", -1, .fast, "1.0.0", "Answers PONG.", ServerCommands.ping)
        add("echo", 2, plain, "1.0.0", "Answers the same.", ServerCommands.echo)
        add("select", 2, plain, "1.0.0", "Chooses database 0.", ServerCommands.select)
        add(
            "quit", -1, greets.union(.inTransaction), "1.0.0", "Ends the connection.",
            ServerCommands.quit)
        add("hello", -1, greets, "6.0.0", "Chooses the protocol.", Greeting.hello)
        add("auth", -2, greets, "1.0.0", "Names a user.", Greeting.authenticate)
        add(
            "reset", 1, greets.union(.inTransaction), "6.2.0", "Begins anew.",
            ServerCommands.reset)
        return list
    }

    private static func transactions(_ next: inout Int) -> [CommandSpec] {
        var list: [CommandSpec] = []
        func add(
            _ name: String, _ arity: Int, _ flags: CommandFlags, _ keys: KeyPlaces,
            _ since: String, _ summary: String, _ handler: @escaping CommandSpec.Handler
        ) {
            list.append(
                CommandSpec(
                    name, arity, flags, keys: keys, group: "transactions", since: since, summary,
                    numbering: &next, handler))
        }
        add("multi", 1, chains, .none, "1.2.0", "Begins to queue.", Transactions.multi)
        add(
            "exec", 1,
            [.noScript, .loading, .stale, .skipSlowLog, .inTransaction, .exec], .none, "1.2.0",
            "Runs what is queued.", Transactions.exec)
        add("discard", 1, chains, .none, "2.0.0", "Drops the queue.", Transactions.discard)
        add("watch", -2, chains, .all, "2.2.0", "Guards keys.", Transactions.watch)
        add(
            "unwatch", 1, chains.subtracting(.inTransaction), .none, "2.2.0",
            "Guards no keys.", Transactions.unwatch)
        return list
    }

    private static func cluster(_ next: inout Int) -> [CommandSpec] {
        var list: [CommandSpec] = []
        func add(
            _ name: String, _ arity: Int, _ flags: CommandFlags, _ summary: String,
            _ handler: @escaping CommandSpec.Handler
        ) {
            list.append(
                CommandSpec(
                    name, arity, flags, group: "cluster", since: "3.0.0", summary,
                    numbering: &next, handler))
        }
        let plain: CommandFlags = [.loading, .stale, .fast]
        add("asking", 1, [.fast, .asking], "Lets the next command in.", ServerCommands.asking)
        add("readonly", 1, plain, "Reads from replicas.", ServerCommands.readOnly)
        add("readwrite", 1, plain, "Reads from masters alone.", ServerCommands.readWrite)
        return list
    }

    private static func server(_ next: inout Int) -> [CommandSpec] {
        var list: [CommandSpec] = []
        func add(
            _ name: String, _ arity: Int, _ flags: CommandFlags, _ summary: String,
            _ handler: @escaping CommandSpec.Handler
        ) {
            list.append(
                CommandSpec(
                    name, arity, flags, group: "server", since: "1.0.0", summary,
                    numbering: &next, handler))
        }
        let copies: CommandFlags = [.admin, .noScript, .noAsyncLoading, .noMulti]
        let role: CommandFlags = [.noScript, .loading, .stale, .fast]
        let steers: CommandFlags = [.admin, .noScript, .stale, .noAsyncLoading]
        add("info", -1, always, "The state of the server.", ServerCommands.info)
        add("role", 1, role, "Master or replica.", ServerCommands.role)
        add("time", 1, [.loading, .stale, .fast], "The time.", ServerCommands.time)
        add("lastsave", 1, [.loading, .stale, .fast], "The start.", ServerCommands.lastSave)
        add("wait", 3, .noScript, "Replicas that follow.", ServerCommands.wait)
        add(
            "shutdown", -1, [.admin, .noScript, .loading, .stale, .noMulti, .allowBusy],
            "Ends the server.", ServerCommands.shutDown)
        add(
            "debug", -2, [.admin, .noScript, .loading, .stale], "For tests.",
            DebugCommand.run)
        add(
            "replconf", -1, [.admin, .noScript, .loading, .stale, .allowBusy],
            "Between replicas."
        ) { client, _ in client.ok() }
        add("psync", -3, copies, "Between replicas.", ServerCommands.declineReplication)
        add("sync", 1, copies, "Between replicas.", ServerCommands.declineReplication)
        for name in ["replicaof", "slaveof"] {
            add(name, 3, steers, "Not with a cluster.") { client, _ in
                client.error("ERR REPLICAOF not allowed in cluster mode.")
            }
        }
        add("failover", -1, [.admin, .noScript, .stale], "Not with a cluster.") { client, _ in
            client.error(
                "ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead.")
        }
        add("swapdb", 3, [.write, .fast], "Not with a cluster.") { client, _ in
            client.error("ERR SWAPDB is not allowed in cluster mode")
        }
        return list
    }
}
