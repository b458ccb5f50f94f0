// The CLUSTER subcommands that the core answers, as values. What each takes, and how it is read from words,
// is in ClusterCommandTable.

package import ClusterWire

/// One CLUSTER command.
///
/// - Source: bus protocol §9.1.
package enum AdminCommand: Equatable, Sendable {
    case meet(ip: String, port: Argument<Int>, busPort: Argument<Int>?)
    case myID, myShardID
    case nodes, info, slots, shards, links, help
    case keySlot([UInt8])
    case countFailureReports(Argument<NodeID>)
    case addSlots([Argument<Slot>])
    case delSlots([Argument<Slot>])
    case addSlotsRange([SlotBounds])
    case delSlotsRange([SlotBounds])
    case flushSlots
    case setSlot(Argument<Slot>, SlotAction)
    case replicate(Argument<NodeID>)
    case replicas(Argument<NodeID>)
    case failover(Argument<Note.FailoverKind>)
    case forget(Argument<NodeID>)
    case reset(Argument<ResetKind>)
    case setConfigEpoch(Argument<Int>)
    case bumpEpoch
    case saveConfig
    case countKeysInSlot(Argument<Int>)
    case getKeysInSlot(Argument<Int>, limit: Argument<Int>)

    /// The first and the last slot of a range.
    package struct SlotBounds: Equatable, Sendable {
        package var first: Argument<Slot>
        package var last: Argument<Slot>
        package init(_ first: Argument<Slot>, _ last: Argument<Slot>) {
            (self.first, self.last) = (first, last)
        }
    }

    /// What SETSLOT makes of a slot.
    package enum SlotAction: Equatable, Sendable {
        case stable
        case migrating(to: Argument<NodeID>)
        case importing(from: Argument<NodeID>)
        case node(Argument<NodeID>)
        /// Words that are none of these.
        case unknown([String])
    }

    package enum ResetKind: Equatable, Sendable { case soft, hard }
}

/// One word of a command and the value that it stands for. Which error comes first depends on what the node
/// believes, so that a word without a value is still a part of the command.
package struct Argument<Value: Equatable & Sendable>: Equatable, Sendable {
    /// nil when the word stands for none.
    package let value: Value?
    /// As it was given; empty for an option that was left out.
    package let word: String

    package init(word: String, _ value: Value?) { (self.word, self.value) = (word, value) }
}

extension Argument where Value: CustomStringConvertible {
    /// The argument that is read as this value.
    package init(_ value: Value) { self.init(word: "\(value)", value) }
}

extension Argument<Slot> {
    package init(reading word: String) { self.init(word: word, SlotText.slot(word)) }
}

extension Argument<NodeID> {
    package init(reading word: String) { self.init(word: word, NodeID(word)) }
}

extension Argument<Int> {
    package init(reading word: String) { self.init(word: word, SlotText.number(word)) }
}

extension Argument<Note.FailoverKind> {
    package init(_ kind: Note.FailoverKind) {
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
    package init(_ kind: AdminCommand.ResetKind) {
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

    /// The words from which it is read.
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
    package static func addSlotsRange(from first: Int, to last: Int) -> AdminCommand {
        .addSlotsRange([
            SlotBounds(Argument(reading: "\(first)"), Argument(reading: "\(last)"))
        ])
    }

    /// The words that follow CLUSTER, from which the command is read: text with one byte a character.
    package var words: [String] {
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
        case .replicas(let id): ["replicas", id.word]
        case .failover(let kind): ["failover"] + (kind.word.isEmpty ? [] : [kind.word])
        case .forget(let id): ["forget", id.word]
        case .reset(let kind): ["reset"] + (kind.word.isEmpty ? [] : [kind.word])
        case .setConfigEpoch(let epoch): ["set-config-epoch", epoch.word]
        case .bumpEpoch: ["bumpepoch"]
        case .saveConfig: ["saveconfig"]
        case .countKeysInSlot(let slot): ["countkeysinslot", slot.word]
        case .getKeysInSlot(let slot, let limit): ["getkeysinslot", slot.word, limit.word]
        }
    }

    private static func words(_ ranges: [SlotBounds]) -> [String] {
        ranges.flatMap { [$0.first.word, $0.last.word] }
    }
}
