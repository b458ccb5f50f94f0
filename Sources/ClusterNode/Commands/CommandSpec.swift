// What is known of a command: its name, how many arguments it takes, where its keys are, how it may be
// used, and what runs it. One table of these drives dispatch, routing and COMMAND.

import ClusterCore

/// How a command may be used, by the flag names of the reference.
struct CommandFlags: OptionSet, Sendable {
    let rawValue: UInt32

    static let write = CommandFlags(rawValue: 1 << 0)
    static let readOnly = CommandFlags(rawValue: 1 << 1)
    /// Refused when memory is used up.
    static let denyOOM = CommandFlags(rawValue: 1 << 2)
    static let admin = CommandFlags(rawValue: 1 << 3)
    static let noScript = CommandFlags(rawValue: 1 << 4)
    static let loading = CommandFlags(rawValue: 1 << 5)
    static let stale = CommandFlags(rawValue: 1 << 6)
    static let asking = CommandFlags(rawValue: 1 << 7)
    static let fast = CommandFlags(rawValue: 1 << 8)
    static let noAuth = CommandFlags(rawValue: 1 << 9)
    /// Waits while writes are paused, though it is none; not listed by COMMAND.
    static let mayReplicate = CommandFlags(rawValue: 1 << 10)
    static let noAsyncLoading = CommandFlags(rawValue: 1 << 11)
    static let noMulti = CommandFlags(rawValue: 1 << 12)
    static let movableKeys = CommandFlags(rawValue: 1 << 13)
    static let allowBusy = CommandFlags(rawValue: 1 << 14)
    static let skipMonitor = CommandFlags(rawValue: 1 << 15)
    static let skipSlowLog = CommandFlags(rawValue: 1 << 16)
    static let pubsub = CommandFlags(rawValue: 1 << 17)
    static let blocking = CommandFlags(rawValue: 1 << 18)
    /// A replica may send it on its link; ours, and not listed by COMMAND.
    static let ofReplicas = CommandFlags(rawValue: 1 << 26)
    /// May be said by a subscriber that speaks version 2; ours, and not listed by COMMAND.
    static let whileSubscribed = CommandFlags(rawValue: 1 << 24)
    /// MSETEX, whose keys are found behind their number; ours, and not listed by COMMAND.
    static let countedKeys = CommandFlags(rawValue: 1 << 25)
    /// Reads the whole store, without naming a key; ours, and not listed by COMMAND.
    static let wholeStore = CommandFlags(rawValue: 1 << 27)
    /// EXEC and MIGRATE, whose keys are found in ways of their own; ours, and not listed by COMMAND.
    static let exec = CommandFlags(rawValue: 1 << 28)
    static let migrate = CommandFlags(rawValue: 1 << 29)
    /// Runs at once although MULTI is queuing commands; ours, and not listed by COMMAND.
    static let inTransaction = CommandFlags(rawValue: 1 << 30)

    /// Names in the order in which COMMAND lists them.
    static let names: [(CommandFlags, String)] = [
        (.write, "write"), (.readOnly, "readonly"), (.denyOOM, "denyoom"), (.admin, "admin"),
        (.pubsub, "pubsub"), (.noScript, "noscript"), (.blocking, "blocking"),
        (.loading, "loading"), (.stale, "stale"), (.skipMonitor, "skip_monitor"),
        (.skipSlowLog, "skip_slowlog"), (.asking, "asking"), (.fast, "fast"),
        (.noAuth, "no_auth"),
        (.noAsyncLoading, "no_async_loading"), (.noMulti, "no_multi"),
        (.movableKeys, "movablekeys"), (.allowBusy, "allow_busy"),
    ]

    var names: [String] { Self.names.filter { contains($0.0) }.map(\.1) }
}

extension CommandFlags {
    /// The flags of a subcommand of CLUSTER.
    init(_ flags: [CommandFlag]) {
        self = []
        for flag in flags {
            switch flag {
            case .admin: insert(.admin)
            case .stale: insert(.stale)
            case .noAsyncLoading: insert(.noAsyncLoading)
            case .noScript: insert(.noScript)
            case .loading: insert(.loading)
            case .write: insert(.write)
            }
        }
    }
}

/// Which arguments of a command are keys; the name of the command is argument 0.
struct KeyPlaces: Equatable, Sendable {
    /// The first, the last (below 0: counted from the end) and the step from one to the next.
    var first: Int
    var last: Int
    var step: Int

    static let none = KeyPlaces(first: 0, last: 0, step: 0)
    static let one = KeyPlaces(first: 1, last: 1, step: 1)
    static let two = KeyPlaces(first: 1, last: 2, step: 1)
    static let all = KeyPlaces(first: 1, last: -1, step: 1)
    /// The argument after the subcommand.
    static let second = KeyPlaces(first: 2, last: 2, step: 1)
    static let pairs = KeyPlaces(first: 1, last: -1, step: 2)

    /// The places in a request of so many arguments, its name among them.
    func places(in count: Int) -> StrideThrough<Int> {
        stride(from: first, through: last >= 0 ? min(last, count - 1) : count + last, by: step)
    }
}

extension CommandSpec {
    /// What stands where others have keys are shard channels.
    var namesShardChannels: Bool { flags.contains(.pubsub) && keys.first > 0 }
}

/// One command, or one subcommand.
final class CommandSpec: Sendable {
    /// In lower case.
    let name: String
    /// The exact number of arguments with the name; if negative, the least number.
    let arity: Int
    let flags: CommandFlags
    let keys: KeyPlaces
    let group: String
    let since: String
    let summary: String
    let handler: CommandHandler
    let subcommands: [CommandSpec]
    let subcommandIndex: CommandIndex?
    /// Its own name with that of its container: "cluster|info".
    let fullName: String
    /// Its place in each node's table of call counts and times; the same in all nodes of a process.
    let number: Int

    fileprivate init(
        _ entry: CommandEntry, _ handler: CommandHandler, group: String, container: String? = nil,
        subcommands: [CommandSpec] = [], number: Int
    ) {
        name = entry.name
        arity = entry.arity
        flags = entry.flags
        keys = entry.keys
        self.group = group
        since = entry.since
        summary = entry.summary
        self.handler = handler
        self.subcommands = subcommands
        subcommandIndex = subcommands.isEmpty ? nil : CommandIndex(subcommands)
        fullName = container.map { "\($0)|\(entry.name)" } ?? entry.name
        self.number = number
    }

    func takes(_ words: Int) -> Bool { arity >= 0 ? words == arity : words >= -arity }
}

// MARK: - On the way into the table

/// A line of the table: a command, or a subcommand of a container.
struct CommandEntry: Sendable {
    var name: String
    var arity: Int
    var flags: CommandFlags
    var keys: KeyPlaces
    /// The version of Redis that had it first.
    var since: String
    var summary: String

    init(
        _ name: String, _ arity: Int, _ flags: CommandFlags = [], keys: KeyPlaces = .none,
        since: String, _ summary: String
    ) {
        self.name = name
        self.arity = arity
        self.flags = flags
        self.keys = keys
        self.since = since
        self.summary = summary
    }
}

/// A command as the table lists it: what is known of it, what runs it, and its subcommands.
struct ListedCommand: Sendable {
    var entry: CommandEntry
    var handler: CommandHandler
    var parts: [CommandEntry] = []

    init(
        _ name: String, _ arity: Int, _ flags: CommandFlags = [], keys: KeyPlaces = .none,
        since: String = "1.0.0", _ summary: String, _ handler: CommandHandler,
        parts: [CommandEntry] = []
    ) {
        entry = CommandEntry(name, arity, flags, keys: keys, since: since, summary)
        self.handler = handler
        self.parts = parts
    }
}

/// Makes commands of what is listed, and numbers them and their subcommands.
struct CommandTableBuilder {
    private(set) var commands: [CommandSpec] = []
    /// How many commands and subcommands are numbered so far.
    private(set) var count = 0

    /// Adds the commands of a group, as COMMAND DOCS names it.
    mutating func add(_ group: String, _ list: [ListedCommand]) {
        for listed in list {
            let number = takeNumber()
            let parts = listed.parts.map { part in
                CommandSpec(
                    part, listed.handler, group: group, container: listed.entry.name,
                    number: takeNumber())
            }
            commands.append(
                CommandSpec(
                    listed.entry, listed.handler, group: group, subcommands: parts, number: number))
        }
    }

    private mutating func takeNumber() -> Int {
        defer { count += 1 }
        return count
    }
}
