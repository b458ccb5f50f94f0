// The one table of CLUSTER subcommands: name, arity, flags, a one-line summary, and how the arguments are
// parsed. COMMAND, HELP, dispatch and parsing all go by it. An unknown subcommand or a wrong number of
// arguments is an error with the text of the reference. What a subcommand does is in the folder Commands.

import ClusterWire

/// How a command may be used, by the flag names of the reference.
public enum CommandFlag: Sendable {
    /// As COMMAND names them: needs rights of an administrator, is allowed on a stale replica, is refused
    /// during an asynchronous load, is refused in scripts, is allowed while loading.
    case admin, stale, noAsyncLoading, noScript, loading
    /// It changes keys.
    case write
}

/// One subcommand of CLUSTER, as COMMAND and HELP describe it.
///
/// - Source: bus protocol §9.1.
public struct ClusterCommand: Sendable {
    /// In lower case.
    public let name: String
    /// The exact number of arguments with CLUSTER and the name; if negative, the least number, as in COMMAND.
    public let arity: Int
    /// How it may be used.
    public let flags: [CommandFlag]
    /// The version of Redis that had it first.
    public let since: String
    /// A sentence for COMMAND DOCS.
    public let summary: String
    /// The arguments that follow the name, as HELP writes them; nil where HELP does not list it.
    public let syntax: String?
    /// Parses what follows the name; the number of arguments is right.
    fileprivate let read: @Sendable (Words) throws(AdminError) -> AdminCommand

    /// Whether so many arguments may follow its name.
    fileprivate func takes(_ count: Int) -> Bool {
        arity >= 0 ? count + 2 == arity : count + 2 >= -arity
    }
}

/// The arguments that follow the name of a subcommand.
private struct Words {
    let name: String
    let bytes: ArraySlice<[UInt8]>
    let texts: [String]

    var first: String { texts.first ?? "" }
    var second: String { texts.count > 1 ? texts[1] : "" }

    /// The arguments as pairs: the bounds of each range.
    func pairs() throws(AdminError) -> [AdminCommand.SlotBounds] {
        guard texts.count.isMultiple(of: 2) else { throw .wrongArity(name) }
        return stride(from: 0, to: texts.count, by: 2).map {
            .init(Argument(reading: texts[$0]), Argument(reading: texts[$0 + 1]))
        }
    }
}

/// Why the arguments of CLUSTER are not a command.
public enum AdminError: Error, Equatable, Sendable {
    /// Too few or too many arguments for the subcommand of this name.
    case wrongArity(String)
    /// There is no subcommand of this name.
    case unknownSubcommand(String)
    /// Too many arguments for a subcommand that checks this itself in the reference, with an error of its own.
    case tooManyWords(String)

    /// The reply's text.
    public var text: String {
        switch self {
        case .wrongArity(let name):
            "ERR wrong number of arguments for 'cluster|\(name)' command"
        case .unknownSubcommand(let word):
            "ERR unknown subcommand '\(word)'. Try CLUSTER HELP."
        case .tooManyWords(let word):
            "ERR unknown subcommand or wrong number of arguments for '\(word)'. "
                + "Try CLUSTER HELP."
        }
    }
}

extension AdminCommand {
    /// Parses the arguments that follow CLUSTER; the first names the subcommand, in upper or lower case.
    ///
    /// - Throws: that there is no such subcommand, or that it does not take so many arguments. An argument
    ///   without a meaning is no error here: which error is answered then depends on the node's state.
    public static func parse(_ words: [[UInt8]]) throws(AdminError) -> AdminCommand {
        guard let first = words.first else { throw .wrongArity("") }
        let name = latin1(first).lowercased()
        guard let command = ClusterCommandTable.all.first(where: { $0.name == name }) else {
            throw .unknownSubcommand(latin1(first))
        }
        let rest = words.dropFirst()
        if let most = ClusterCommandTable.most(of: name), rest.count > most {
            throw .tooManyWords(latin1(first))
        }
        guard command.takes(rest.count) else { throw .wrongArity(name) }
        return try command.read(Words(name: name, bytes: rest, texts: rest.map { latin1($0) }))
    }
}

/// The subcommands of CLUSTER.
public enum ClusterCommandTable {
    /// The most arguments of a subcommand for which the reference answers `AdminError.tooManyWords`.
    fileprivate static func most(of name: String) -> Int? {
        switch name {
        case "meet": 3
        case "flushslot": 2
        case "failover", "reset": 1
        default: nil
        }
    }

    private static let changes: [CommandFlag] = [.admin, .stale, .noAsyncLoading]

    private static func entry(
        _ name: String, _ arity: Int, _ flags: [CommandFlag], since: String = "3.0.0",
        _ syntax: String?, _ summary: String,
        _ read: @escaping @Sendable (Words) throws(AdminError) -> AdminCommand
    ) -> ClusterCommand {
        ClusterCommand(
            name: name, arity: arity, flags: flags, since: since, summary: summary, syntax: syntax,
            read: read)
    }

    /// In the order of their names.
    public static let all: [ClusterCommand] = addToForget + getToReplicas + replicateToSlots

    private static let addToForget: [ClusterCommand] = [
        entry(
            "addslots", -3, changes, "<slot> [<slot> ...]",
            "Assigns slots to this node."
        ) { .addSlots($0.texts.map { Argument(reading: $0) }) },
        entry(
            "addslotsrange", -4, changes, since: "7.0.0",
            "<start slot> <end slot> [<start slot> <end slot> ...]",
            "Assigns ranges of slots to this node."
        ) { words throws(AdminError) in .addSlotsRange(try words.pairs()) },
        entry(
            "bumpepoch", 2, changes, "",
            "Gives this node the greatest config epoch without votes of the other nodes."
        ) { _ in .bumpEpoch },
        entry(
            "count-failure-reports", 3, [.admin, .stale], "<node-id>",
            "Returns the number of active failure reports for a node."
        ) { .countFailureReports(Argument(reading: $0.first)) },
        entry(
            "countkeysinslot", 3, [.stale], "<slot>",
            "Returns the number of keys in a slot."
        ) { .countKeysInSlot(Argument(reading: $0.first)) },
        entry(
            "delslots", -3, changes, "<slot> [<slot> ...]",
            "Makes slots unassigned in this node's table."
        ) { .delSlots($0.texts.map { Argument(reading: $0) }) },
        entry(
            "delslotsrange", -4, changes, since: "7.0.0",
            "<start slot> <end slot> [<start slot> <end slot> ...]",
            "Makes ranges of slots unassigned in this node's table."
        ) { words throws(AdminError) in .delSlotsRange(try words.pairs()) },
        entry(
            "failover", -2, changes, "[FORCE|TAKEOVER]",
            "Promotes this replica in the place of its master."
        ) { .failover(Argument(reading: $0.texts.first)) },
        entry(
            "flushslot", -3, [.write, .admin, .noAsyncLoading], since: "9.0.0",
            "<slot> [ASYNC|SYNC]",
            "Deletes all keys of a slot."
        ) { .flushSlot(Argument(reading: $0.first), mode: $0.texts.dropFirst().first) },
        entry(
            "flushslots", 2, changes, "",
            "Makes all slots of this node unassigned."
        ) { _ in .flushSlots },
        entry(
            "forget", 3, changes, "<node-id>",
            "Removes a node from the table of nodes."
        ) { .forget(Argument(reading: $0.first)) },
    ]

    private static let getToReplicas: [ClusterCommand] = [
        entry(
            "getkeysinslot", 4, [.stale], "<slot> <count>",
            "Returns names of keys in a slot."
        ) { .getKeysInSlot(Argument(reading: $0.first), limit: Argument(reading: $0.second)) },
        entry(
            "help", 2, [.loading, .stale], since: "5.0.0", "",
            "Prints this help."
        ) { _ in .help },
        entry(
            "info", 2, [.stale], "",
            "Returns the state of the cluster as this node sees it."
        ) { _ in .info },
        entry(
            "keyslot", 3, [.stale], "<key>",
            "Returns the slot of a key."
        ) { .keySlot($0.bytes.first ?? []) },
        entry(
            "links", 2, [.stale], since: "7.0.0", "",
            "Lists the connections of the cluster bus to and from other nodes."
        ) { _ in .links },
        entry(
            "meet", -4, changes, "<ip> <port> [<bus-port>]",
            "Joins the node at an address to the cluster."
        ) { words in
            .meet(
                ip: words.first, port: Argument(reading: words.second),
                busPort: words.texts.count > 2 ? Argument(reading: words.texts[2]) : nil)
        },
        entry(
            "myid", 2, [.stale], "",
            "Returns the id of this node."
        ) { _ in .myID },
        entry(
            "myshardid", 2, [.stale], since: "7.2.0", "",
            "Returns the id of the shard of this node."
        ) { _ in .myShardID },
        entry(
            "nodes", 2, [.stale], "",
            "Lists all known nodes, a line each."
        ) { _ in .nodes },
        entry(
            "replicas", 3, [.admin, .stale], since: "5.0.0", "<node-id>",
            "Lists the replicas of a master, a line each."
        ) { .replicas(Argument(reading: $0.first)) },
    ]

    private static let replicateToSlots: [ClusterCommand] = [
        entry(
            "replicate", -3, changes, "(<node-id>|NO ONE)",
            "Makes this node a replica of a master, or a master without slots."
        ) { words throws(AdminError) in
            if words.texts.count == 1 { return .replicate(Argument(reading: words.first)) }
            guard words.texts.map({ $0.lowercased() }) == ["no", "one"] else {
                throw .wrongArity(words.name)
            }
            return .replicateNoOne
        },
        entry(
            "reset", -2, [.admin, .noScript, .stale], "[HARD|SOFT]",
            "Forgets all other nodes and slots."
        ) { .reset(Argument(reading: $0.texts.first)) },
        entry(
            "saveconfig", 2, changes, "",
            "Saves the configuration of the cluster."
        ) { _ in .saveConfig },
        entry(
            "set-config-epoch", 3, changes, "<epoch>",
            "Sets the config epoch of a new node."
        ) { .setConfigEpoch(Argument(reading: $0.first)) },
        entry(
            "setslot", -4, changes,
            "<slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)",
            "Sets the state of a slot."
        ) { words in
            .setSlot(
                Argument(reading: words.first),
                AdminCommand.SlotAction(reading: Array(words.texts.dropFirst())))
        },
        entry(
            "shards", 2, [.stale], since: "7.0.0", "",
            "Lists the shards with their slots and nodes."
        ) { _ in .shards },
        entry(
            "slaves", 3, [.admin, .stale], nil,
            "Lists the replicas of a master, a line each."
        ) { .replicas(Argument(reading: $0.first)) },
        entry(
            "slots", 2, [.stale], "",
            "Lists the slots with the nodes that serve them."
        ) { _ in .slots },
    ]

    /// The lines of CLUSTER HELP; HELP itself is last, as in all containers.
    public static var help: [String] {
        ["CLUSTER <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
            + (all.filter { $0.name != "help" } + all.filter { $0.name == "help" })
            .flatMap { command in
                command.syntax.map { syntax in
                    let name = command.name.uppercased()
                    return [syntax.isEmpty ? name : "\(name) \(syntax)", "    \(command.summary)"]
                } ?? []
            }
    }
}
