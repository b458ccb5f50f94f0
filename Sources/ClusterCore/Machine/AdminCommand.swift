// The CLUSTER subcommands that the core answers, as values. How many arguments each takes, and how they are
// parsed, is in ClusterCommandTable.

public import ClusterWire

/// One CLUSTER command.
///
/// - Source: bus protocol §9.1.
public enum AdminCommand: Equatable, Sendable {
    /// MEET: joins the node at this address.
    case meet(ip: String, port: Argument<Int>, busPort: Argument<Int>?)
    /// MYID and MYSHARDID: this node's id, and that of its shard.
    case myID, myShardID
    /// Reports: NODES, INFO, SLOTS, SHARDS, LINKS, and HELP.
    case nodes, info, slots, shards, links, help
    /// KEYSLOT: the slot of a key.
    case keySlot([UInt8])
    /// COUNT-FAILURE-REPORTS: how many masters report a node as failing.
    case countFailureReports(Argument<NodeID>)
    /// ADDSLOTS: assigns these slots to this node.
    case addSlots([Argument<Slot>])
    /// DELSLOTS: makes these slots unassigned, in this node's table.
    case delSlots([Argument<Slot>])
    /// ADDSLOTSRANGE.
    case addSlotsRange([SlotBounds])
    /// DELSLOTSRANGE.
    case delSlotsRange([SlotBounds])
    /// FLUSHSLOTS: makes all slots of this node unassigned.
    case flushSlots
    /// SETSLOT: a slot is migrating, being imported, has a new owner, or is stable.
    case setSlot(Argument<Slot>, SlotAction)
    /// REPLICATE: makes this node a replica of this master.
    case replicate(Argument<NodeID>)
    /// REPLICATE NO ONE: makes this replica a master of its own shard, without keys and slots.
    case replicateNoOne
    /// REPLICAS: the replicas of this master.
    case replicas(Argument<NodeID>)
    /// FAILOVER: promotes this replica in the place of its master.
    case failover(Argument<Note.FailoverKind>)
    /// FORGET: removes a node from the table of nodes.
    case forget(Argument<NodeID>)
    /// RESET: forgets all other nodes and all slots.
    case reset(Argument<ResetKind>)
    /// SET-CONFIG-EPOCH: gives a new node its first configEpoch.
    case setConfigEpoch(Argument<Int>)
    /// BUMPEPOCH: gives this node the greatest configEpoch, without votes.
    case bumpEpoch
    /// SAVECONFIG: saves nodes.conf.
    case saveConfig
    /// COUNTKEYSINSLOT: answered by the server, since the rules know no keys; see `SlotQuestion`.
    case countKeysInSlot(Argument<Int>)
    /// FLUSHSLOT: deletes the keys of a slot, which is the server's as well.
    case flushSlot(Argument<Int>, mode: String?)
    /// GETKEYSINSLOT: the same as COUNTKEYSINSLOT.
    case getKeysInSlot(Argument<Int>, limit: Argument<Int>)

    /// The first and the last slot of a range.
    public struct SlotBounds: Equatable, Sendable {
        /// The first slot.
        public var first: Argument<Slot>
        /// The last slot, which belongs to the range.
        public var last: Argument<Slot>
        /// - Parameters:
        ///   - first: the first slot.
        ///   - last: the last one.
        public init(_ first: Argument<Slot>, _ last: Argument<Slot>) {
            (self.first, self.last) = (first, last)
        }
    }

    /// The state that SETSLOT gives a slot.
    public enum SlotAction: Equatable, Sendable {
        /// STABLE: it is neither migrating nor being imported.
        case stable
        /// MIGRATING: it moves from here to this node.
        case migrating(to: Argument<NodeID>)
        /// IMPORTING: it moves from this node to here.
        case importing(from: Argument<NodeID>)
        /// NODE: this node owns it.
        case node(Argument<NodeID>)
        /// Arguments that are none of these.
        case unknown([String])
    }

    /// How much RESET forgets.
    public enum ResetKind: Equatable, Sendable {
        /// The id and the epochs stay.
        case soft
        /// A new id, and no epoch.
        case hard
    }
}

/// One argument of a command, as it was given and as it was parsed. Which error is answered first depends on
/// the node's state, so that an argument that could not be parsed is still a part of the command.
public struct Argument<Value: Equatable & Sendable>: Equatable, Sendable {
    /// The parsed value; nil when the argument could not be parsed.
    public let value: Value?
    /// As it was given; empty for an option that was left out.
    public let word: String

    /// - Parameters:
    ///   - word: as it was given.
    ///   - value: the parsed value, if there is one.
    public init(word: String, _ value: Value?) { (self.word, self.value) = (word, value) }
}

extension Argument where Value: CustomStringConvertible {
    /// The argument that is read as this value.
    public init(_ value: Value) { self.init(word: "\(value)", value) }
}

extension Argument<Slot> {
    /// - Parameter word: a decimal number from 0 to 16383, else the argument has no value.
    public init(reading word: String) { self.init(word: word, SlotText.slot(word)) }
}

extension Argument<NodeID> {
    /// - Parameter word: 40 hexadecimal digits, else the argument has no value.
    public init(reading word: String) { self.init(word: word, NodeID(word)) }
}

extension Argument<Int> {
    /// - Parameter word: a decimal number, else the argument has no value.
    public init(reading word: String) { self.init(word: word, SlotText.number(word)) }
}

extension Argument<Note.FailoverKind> {
    /// The option that asks for this kind of failover.
    public init(_ kind: Note.FailoverKind) {
        switch kind {
        case .asked: self.init(word: "", kind)
        case .forced: self.init(word: "force", kind)
        case .takeover: self.init(word: "takeover", kind)
        }
    }

    /// - Parameter word: nil when the option was left out.
    init(reading word: String?) {
        switch word?.lowercased() {
        case nil: self.init(.asked)
        case "force": self.init(.forced)
        case "takeover": self.init(.takeover)
        default: self.init(word: word ?? "", nil)
        }
    }
}

extension Argument<AdminCommand.ResetKind> {
    /// The option that asks for this kind of reset.
    public init(_ kind: AdminCommand.ResetKind) {
        self.init(word: kind == .hard ? "hard" : "soft", kind)
    }

    /// - Parameter word: nil when the option was left out.
    init(reading word: String?) {
        switch word?.lowercased() {
        case nil: self.init(word: "", .soft)
        case "soft": self.init(.soft)
        case "hard": self.init(.hard)
        default: self.init(word: word ?? "", nil)
        }
    }
}

extension AdminCommand.SlotAction {
    /// - Parameter words: what follows the slot.
    init(reading words: [String]) {
        switch (words.first?.lowercased(), words.count) {
        case ("stable", 1): self = .stable
        case ("migrating", 2): self = .migrating(to: Argument(reading: words[1]))
        case ("importing", 2): self = .importing(from: Argument(reading: words[1]))
        case ("node", 2): self = .node(Argument(reading: words[1]))
        default: self = .unknown(words)
        }
    }

    /// The arguments from which it is parsed.
    var words: [String] {
        switch self {
        case .stable: ["stable"]
        case .migrating(let to): ["migrating", to.word]
        case .importing(let from): ["importing", from.word]
        case .node(let id): ["node", id.word]
        case .unknown(let words): words
        }
    }
}

extension AdminCommand {
    /// ADDSLOTSRANGE of one range.
    public static func addSlotsRange(from first: Int, to last: Int) -> AdminCommand {
        .addSlotsRange([
            SlotBounds(Argument(reading: "\(first)"), Argument(reading: "\(last)"))
        ])
    }

    /// The arguments that follow CLUSTER, from which the command is parsed: text with one byte a character.
    public var words: [String] {
        switch self {
        case .meet(let ip, let port, let busPort):
            ["meet", ip, port.word] + (busPort.map { [$0.word] } ?? [])
        case .myID: ["myid"]
        case .myShardID: ["myshardid"]
        case .nodes: ["nodes"]
        case .info: ["info"]
        case .slots: ["slots"]
        case .shards: ["shards"]
        case .links: ["links"]
        case .help: ["help"]
        case .keySlot(let key): ["keyslot", latin1(key)]
        case .countFailureReports(let id): ["count-failure-reports", id.word]
        case .addSlots(let list): ["addslots"] + list.map(\.word)
        case .delSlots(let list): ["delslots"] + list.map(\.word)
        case .addSlotsRange(let list): ["addslotsrange"] + Self.words(list)
        case .delSlotsRange(let list): ["delslotsrange"] + Self.words(list)
        case .flushSlots: ["flushslots"]
        case .setSlot(let slot, let action): ["setslot", slot.word] + action.words
        case .replicate(let id): ["replicate", id.word]
        case .replicateNoOne: ["replicate", "no", "one"]
        case .replicas(let id): ["replicas", id.word]
        case .failover(let kind): ["failover"] + (kind.word.isEmpty ? [] : [kind.word])
        case .forget(let id): ["forget", id.word]
        case .reset(let kind): ["reset"] + (kind.word.isEmpty ? [] : [kind.word])
        case .setConfigEpoch(let epoch): ["set-config-epoch", epoch.word]
        case .bumpEpoch: ["bumpepoch"]
        case .saveConfig: ["saveconfig"]
        case .countKeysInSlot(let slot): ["countkeysinslot", slot.word]
        case .flushSlot(let slot, let mode): ["flushslot", slot.word] + (mode.map { [$0] } ?? [])
        case .getKeysInSlot(let slot, let limit): ["getkeysinslot", slot.word, limit.word]
        }
    }

    private static func words(_ ranges: [SlotBounds]) -> [String] {
        ranges.flatMap { [$0.first.word, $0.last.word] }
    }
}
