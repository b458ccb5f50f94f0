// The CLUSTER subcommands that the core answers, and reading them from words. Words are text; what
// is not a command or has the wrong count of words is an error with the reference's own wording.

import ClusterWire

/// One CLUSTER command.
///
/// - Source: bus protocol §9.1.
package enum AdminCommand: Equatable, Sendable {
    case meet(ip: String, port: String, busPort: String?)
    case myID, myShardID
    case nodes, info, slots, shards, links, help
    case keySlot([UInt8])
    case countFailureReports(String)
    case addSlots([String])
    case delSlots([String])
    case addSlotsRange([String])
    case delSlotsRange([String])
    case flushSlots
    case setSlot([String])
    case replicate(String)
    case replicas(String)
    case failover(String?)
    case forget(String)
    case reset(String?)
    case setConfigEpoch(String)
    case bumpEpoch
    case saveConfig
    case countKeysInSlot(String)
    case getKeysInSlot(String, String)
}

/// Why words are not a command.
package enum AdminError: Error, Equatable, Sendable {
    case wrongArity(String)
    case unknownSubcommand(String)
    /// More words than any form has, where the reference finds that out itself.
    case tooManyWords(String)

    /// The reply's text.
    package var text: String {
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
    /// Reads the words that follow CLUSTER; the first names the subcommand, in any case.
    package static func parse(_ words: [[UInt8]]) throws(AdminError) -> AdminCommand {
        guard let first = words.first else { throw .wrongArity("") }
        let name = latin1(first).lowercased()
        let rest = words.dropFirst().map { latin1($0) }
        func arity(_ allowed: ClosedRange<Int>) throws(AdminError) {
            guard allowed.contains(rest.count) else { throw .wrongArity(name) }
        }
        switch name {
        case "meet", "failover", "reset":
            let most = name == "meet" ? 3 : 1
            guard rest.count <= most else { throw .tooManyWords(latin1(first)) }
            if name == "failover" { return .failover(rest.first) }
            if name == "reset" { return .reset(rest.first) }
            try arity(2...3)
            return .meet(ip: rest[0], port: rest[1], busPort: rest.count == 3 ? rest[2] : nil)
        case "keyslot":
            try arity(1...1)
            return .keySlot(words[1])
        case "addslots", "delslots":
            try arity(1...Int.max - 1)
            return name == "addslots" ? .addSlots(rest) : .delSlots(rest)
        case "addslotsrange", "delslotsrange":
            guard rest.count >= 2, rest.count % 2 == 0 else { throw .wrongArity(name) }
            return name == "addslotsrange" ? .addSlotsRange(rest) : .delSlotsRange(rest)
        case "setslot":
            try arity(2...Int.max - 1)
            return .setSlot(rest)
        case "getkeysinslot":
            try arity(2...2)
            return .getKeysInSlot(rest[0], rest[1])
        default:
            return try oneWord(name, rest, original: latin1(first))
        }
    }

    /// Subcommands with no argument or exactly one.
    private static func oneWord(
        _ name: String, _ rest: [String], original: String
    ) throws(AdminError) -> AdminCommand {
        let plain: [String: AdminCommand] = [
            "myid": .myID, "myshardid": .myShardID, "nodes": .nodes, "info": .info,
            "slots": .slots, "shards": .shards, "links": .links, "help": .help,
            "flushslots": .flushSlots, "bumpepoch": .bumpEpoch, "saveconfig": .saveConfig,
        ]
        if let command = plain[name] {
            guard rest.isEmpty else { throw .wrongArity(name) }
            return command
        }
        let withWord: [String: (String) -> AdminCommand] = [
            "count-failure-reports": AdminCommand.countFailureReports,
            "replicate": AdminCommand.replicate, "replicas": AdminCommand.replicas,
            "slaves": AdminCommand.replicas, "forget": AdminCommand.forget,
            "set-config-epoch": AdminCommand.setConfigEpoch,
            "countkeysinslot": AdminCommand.countKeysInSlot,
        ]
        guard let make = withWord[name] else { throw .unknownSubcommand(original) }
        guard rest.count == 1 else { throw .wrongArity(name) }
        return make(rest[0])
    }
}
