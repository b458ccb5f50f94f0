// What a master streams, by name: the commands that change keys here, with the same functions that run for clients,
// and the few that are for the link itself. Anything that is not in this table cannot be followed.

/// What a command of a stream means to a replica.
enum StreamCommand {
    /// It changes keys, the first of which stands at this place.
    case change(key: Int, @Sendable (KeyContext) -> CommandResult)
    case ping
    /// The choice of a database; there is only database 0.
    case select
    /// REPLCONF: the master asks how far the replica is.
    case replconf
    case multi, exec
    /// CLUSTER: what a master tells its replicas of slots.
    case cluster
    /// Words about scripts, which are none of ours.
    case script
    /// Words about functions: that there are none is well, one that comes would be lost.
    case function
}

/// A name with what it means and how many words it takes.
struct StreamEntry {
    let name: [UInt8]
    /// The exact number of words with the name; if negative, the least number.
    let arity: Int
    let meaning: StreamCommand

    init(_ name: String, _ arity: Int, _ meaning: StreamCommand) {
        self.name = Array(name.utf8)
        self.arity = arity
        self.meaning = meaning
    }

    func takes(_ words: Int) -> Bool { arity >= 0 ? words == arity : words >= -arity }
}

package enum StreamCommands {
    private static let entries: [StreamEntry] =
        links
        + changes.map { StreamEntry($0.name, $0.arity, .change(key: $0.key, $0.run)) }

    private static let links: [StreamEntry] = [
        StreamEntry("ping", -1, .ping), StreamEntry("select", 2, .select),
        StreamEntry("replconf", -1, .replconf), StreamEntry("multi", 1, .multi),
        StreamEntry("exec", 1, .exec), StreamEntry("cluster", -2, .cluster),
        StreamEntry("script", -2, .script), StreamEntry("function", -2, .function),
    ]

    /// A command that changes keys.
    package struct Change: Sendable {
        package let name: String
        package let arity: Int
        /// The place of its first key.
        let key: Int
        let run: @Sendable (KeyContext) -> CommandResult

        init(
            _ name: String, _ arity: Int, key: Int = 1,
            _ run: @escaping @Sendable (KeyContext) -> CommandResult
        ) {
            self.name = name
            self.arity = arity
            self.key = key
            self.run = run
        }
    }

    /// All commands that may change keys: what the node offers to clients must be among them.
    package static let changes: [Change] = [
        Change("set", -3, SetCommand.run),
        Change("setex", 4, SetCommand.withSeconds),
        Change("psetex", 4, SetCommand.withMilliseconds),
        Change("setnx", 3, StringCommands.setIfMissing),
        Change("getset", 3, StringCommands.getAndSet),
        Change("getdel", 2, StringCommands.getAndDelete),
        Change("getex", -2, GetExpireCommand.run),
        Change("delifeq", 3, KeyCommands.deleteIfEqual),
        Change("mset", -3, SetManyCommands.set),
        Change("msetnx", -3, SetManyCommands.setIfMissing),
        Change("msetex", -4, key: 2, SetManyCommands.setWithTime),
        Change("append", 3, StringCommands.append),
        Change("setrange", 4, RangeCommands.set),
        Change("setbit", 4, BitCommands.set),
        Change("bitop", -4, key: 2, BitCommands.combine),
        Change("bitfield", -2, BitFieldCommand.run),
        Change("incr", 2, StringCommands.increment),
        Change("decr", 2, StringCommands.decrement),
        Change("incrby", 3, StringCommands.incrementBy),
        Change("decrby", 3, StringCommands.decrementBy),
        Change("incrbyfloat", 3, FloatCommand.increment),
        Change("del", -2, KeyCommands.delete),
        Change("unlink", -2, KeyCommands.delete),
        Change("rename", 3, TransferCommands.rename),
        Change("renamenx", 3, TransferCommands.renameIfMissing),
        Change("copy", -3, TransferCommands.copy),
        Change("flushall", -1, KeyCommands.flush),
        Change("flushdb", -1, KeyCommands.flush),
        Change("expire", -3, ExpiryCommands.expire),
        Change("pexpire", -3, ExpiryCommands.expireMilliseconds),
        Change("expireat", -3, ExpiryCommands.expireAt),
        Change("pexpireat", -3, ExpiryCommands.expireAtMilliseconds),
        Change("persist", 2, ExpiryCommands.persist),
        Change("restore", -4, DumpCommands.restore),
        Change("restore-asking", -4, DumpCommands.restore),
    ]

    private static let index: [[StreamEntry]] = {
        var index = [[StreamEntry]](repeating: [], count: buckets)
        for entry in entries { index[bucket(entry.name.span)].append(entry) }
        return index
    }()

    private static let buckets = 256

    /// By length and letters, whatever their case.
    private static func bucket(_ name: Span<UInt8>) -> Int {
        var sum = name.count
        for index in name.indices { sum = sum &* 31 &+ Int(name[index] | 0x20) }
        return sum & (buckets - 1)
    }

    /// - Returns: nil when no such command can be followed.
    static func find(_ name: Span<UInt8>) -> StreamEntry? {
        for entry in index[bucket(name)] where isEqual(entry.name.span, name) { return entry }
        return nil
    }

    private static func isEqual(_ small: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
        guard small.count == name.count else { return false }
        for index in small.indices where small[index] != name[index] | 0x20 { return false }
        return true
    }
}
