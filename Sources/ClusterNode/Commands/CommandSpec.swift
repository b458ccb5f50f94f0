// What there is to know of a command: its name, how many words it takes, where its keys are, how it
// may be used, and what runs it. One table of these drives dispatch, routing and COMMAND.

import ClusterCore

/// How a command may be used, in the reference's words.
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
    static let mayReplicate = CommandFlags(rawValue: 1 << 10)
    static let noAsyncLoading = CommandFlags(rawValue: 1 << 11)
    static let noMulti = CommandFlags(rawValue: 1 << 12)
    static let movableKeys = CommandFlags(rawValue: 1 << 13)
    static let allowBusy = CommandFlags(rawValue: 1 << 14)
    static let skipMonitor = CommandFlags(rawValue: 1 << 15)
    static let skipSlowLog = CommandFlags(rawValue: 1 << 16)
    static let pubsub = CommandFlags(rawValue: 1 << 17)
    static let blocking = CommandFlags(rawValue: 1 << 18)
    /// Reads what the whole store holds, without naming a key; not told.
    static let wholeStore = CommandFlags(rawValue: 1 << 27)
    /// EXEC and MIGRATE, whose keys are found in ways of their own; not told.
    static let exec = CommandFlags(rawValue: 1 << 28)
    static let migrate = CommandFlags(rawValue: 1 << 29)
    /// Runs at once although a transaction is being put together; not told.
    static let inTransaction = CommandFlags(rawValue: 1 << 30)

    /// Names in the order in which COMMAND tells them.
    static let names: [(CommandFlags, String)] = [
        (.write, "write"), (.readOnly, "readonly"), (.denyOOM, "denyoom"), (.admin, "admin"),
        (.pubsub, "pubsub"), (.noScript, "noscript"), (.blocking, "blocking"),
        (.loading, "loading"), (.stale, "stale"), (.skipMonitor, "skip_monitor"),
        (.skipSlowLog, "skip_slowlog"), (.asking, "asking"), (.fast, "fast"),
        (.noAuth, "no_auth"), (.mayReplicate, "may_replicate"),
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
            }
        }
    }
}

/// Which words of a command are keys.
struct KeyPlaces: Equatable, Sendable {
    /// The first, the last (below 0: counted from the end) and the step from one to the next.
    var first: Int
    var last: Int
    var step: Int

    static let none = KeyPlaces(first: 0, last: 0, step: 0)
    static let one = KeyPlaces(first: 1, last: 1, step: 1)
    static let all = KeyPlaces(first: 1, last: -1, step: 1)
    /// The word behind a subcommand.
    static let second = KeyPlaces(first: 2, last: 2, step: 1)
    static let pairs = KeyPlaces(first: 1, last: -1, step: 2)

    /// The places in a request of so many words.
    func places(in count: Int) -> StrideThrough<Int> {
        stride(from: first, through: last >= 0 ? min(last, count - 1) : count + last, by: step)
    }
}

/// One command, or one subcommand.
final class CommandSpec: Sendable {
    typealias Handler = @Sendable (Client, Node) -> Void

    /// In small letters.
    let name: String
    /// The exact count of words with the name, or below 0 the least.
    let arity: Int
    let flags: CommandFlags
    let keys: KeyPlaces
    let group: String
    let since: String
    let summary: String
    let handler: Handler
    let subcommands: [CommandSpec]
    let subcommandIndex: CommandIndex?
    /// Its own name with that of its container: "cluster|info".
    let fullName: String
    /// Where its figures are; the same in all nodes of a process.
    let number: Int

    init(
        _ name: String, _ arity: Int, _ flags: CommandFlags, keys: KeyPlaces = .none,
        group: String, since: String = "1.0.0", _ summary: String,
        subcommands: [Subcommand] = [], numbering: inout Int, _ handler: @escaping Handler
    ) {
        self.name = name
        self.arity = arity
        self.flags = flags
        self.keys = keys
        self.group = group
        self.since = since
        self.summary = summary
        self.handler = handler
        fullName = name
        number = numbering
        numbering += 1
        var list: [CommandSpec] = []
        for part in subcommands {
            list.append(CommandSpec(part, of: name, group: group, number: numbering, handler))
            numbering += 1
        }
        self.subcommands = list
        subcommandIndex = list.isEmpty ? nil : CommandIndex(list)
    }

    private init(
        _ part: Subcommand, of container: String, group: String, number: Int,
        _ handler: @escaping Handler
    ) {
        name = part.name
        arity = part.arity
        flags = part.flags
        keys = part.keys
        self.group = group
        since = part.since
        summary = part.summary
        self.handler = handler
        subcommands = []
        subcommandIndex = nil
        fullName = "\(container)|\(part.name)"
        self.number = number
    }

    func takes(_ words: Int) -> Bool { arity >= 0 ? words == arity : words >= -arity }
}

/// A subcommand on its way into the table.
struct Subcommand {
    var name: String
    var arity: Int
    var flags: CommandFlags
    var keys: KeyPlaces
    var since: String
    var summary: String

    init(
        _ name: String, _ arity: Int, _ flags: CommandFlags = [], keys: KeyPlaces = .none,
        since: String = "3.0.0", _ summary: String
    ) {
        self.name = name
        self.arity = arity
        self.flags = flags
        self.keys = keys
        self.since = since
        self.summary = summary
    }
}

/// A name in small letters and its length as three words, so that it is compared at once; nil beyond
/// 23 bytes.
struct PackedName: Equatable, Sendable {
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0

    @inline(__always)
    init?(_ bytes: Span<UInt8>) {
        guard bytes.count <= 23, !bytes.isEmpty else { return nil }
        third = UInt64(bytes.count) << 56
        for index in bytes.indices {
            var byte = bytes[index]
            if byte &- UInt8(ascii: "A") < 26 { byte |= 0x20 }
            let shift = UInt64(index & 7) &* 8
            if index < 8 {
                first |= UInt64(byte) << shift
            } else if index < 16 {
                second |= UInt64(byte) << shift
            } else {
                third |= UInt64(byte) << shift
            }
        }
    }

    @inline(__always)
    var hash: Int {
        let mixed = (first ^ second &* 31 ^ third &* 17) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 48)
    }
}

/// Commands by their names.
final class CommandIndex: Sendable {
    private let names: [PackedName?]
    private let commands: [CommandSpec?]
    private let mask: Int

    init(_ list: [CommandSpec]) {
        var size = 16
        // A quarter full: a name is nearly always where its hash says.
        while size < list.count * 4 { size *= 2 }
        mask = size - 1
        var names = [PackedName?](repeating: nil, count: size)
        var commands = [CommandSpec?](repeating: nil, count: size)
        for command in list {
            let bytes = Array(command.name.utf8)
            guard let name = PackedName(bytes.span) else {
                preconditionFailure("a name of no or too many letters: \(command.name)")
            }
            var place = name.hash & (size - 1)
            while names[place] != nil { place = (place + 1) & (size - 1) }
            names[place] = name
            commands[place] = command
        }
        self.names = names
        self.commands = commands
    }

    func find(_ bytes: Span<UInt8>) -> CommandSpec? {
        guard let name = PackedName(bytes) else { return nil }
        var place = name.hash & mask
        while let candidate = names[place] {
            if candidate == name { return commands[place] }
            place = (place &+ 1) & mask
        }
        return nil
    }
}
