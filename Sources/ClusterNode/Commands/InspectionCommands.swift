// What monitors and tools ask a node about keys, memory, latencies and modules. Each answer is true of
// this node, also where that is little; what is not recorded is refused as the reference refuses what
// it does not record, or is no subcommand.

import ClusterCore
import ClusterHost
import DataPlane
import RESP
import SystemIO

/// OBJECT: how a value is held.
enum ObjectCommand {
    static func run(_ context: KeyContext) -> CommandResult {
        let word = context.option(1)
        if word == "help" { return Help.reply(context) }
        guard let number = context.withWord(2, { context.store.find($0) }) else {
            return context.null()
        }
        switch word {
        case "encoding":
            return context.bulk(context.store.withValue(number) { encoding(of: $0) })
        case "refcount": return context.integer(1)
        case "freq":
            return .error(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please "
                    + "note that when switching between policies at runtime LRU and LFU data will "
                    + "take some time to adjust.")
        default: return context.unknownSubcommand(of: "object")
        }
    }

    /// Bytes that the reference holds in one piece with what describes them.
    private static let longestEmbedded = 44

    /// How the reference would hold a value that was set as a whole; here all are bytes.
    private static func encoding(of value: Span<UInt8>) -> String {
        if strictInteger(value) != nil { return "int" }
        return value.count <= longestEmbedded ? "embstr" : "raw"
    }
}

/// MEMORY: what keys and the process take.
enum MemoryCommand {
    static func run(_ context: ServerContext) -> CommandResult {
        switch context.option(1) {
        case "usage": return usage(context)
        case "stats": return stats(context)
        case "doctor":
            return context.verbatim(
                "Nothing is examined here. INFO memory and MEMORY STATS have the figures.")
        case "malloc-stats":
            return context.verbatim("Stats not supported for the current allocator")
        // Nothing is kept that could be given back at once.
        case "purge": return context.ok()
        case "help": return Help.reply(context)
        default: return context.unknownSubcommand(of: "memory")
        }
    }

    private static func usage(_ context: ServerContext) -> CommandResult {
        // Of a value of one piece there is nothing to take samples of.
        if context.count > 3 {
            guard context.count == 5, context.option(3) == "samples" else {
                return .syntaxError
            }
            guard let samples = context.number(4) else { return .notANumber }
            guard samples >= 0 else { return .syntaxError }
        }
        guard let number = context.withWord(2, { context.store.find($0) }) else {
            return context.null()
        }
        return context.integer(Int64(context.store.heldBytes(of: number)))
    }

    private static func stats(_ context: ServerContext) -> CommandResult {
        let usage = ProcessInformation.memoryBytes()
        let keys = context.store.count
        let bytes = context.store.heldBytes
        return context.answer(
            .map([
                ("peak.allocated", .integer(Int64(usage.peak))),
                ("total.allocated", .integer(Int64(usage.resident))),
                ("clients.normal", .integer(Int64(context.node.clients.heldBytes))),
                ("cluster.links", .integer(Int64(context.node.host.queuedBytes))),
                ("keys.count", .integer(Int64(keys))),
                ("keys.bytes-per-key", .integer(Int64(keys == 0 ? 0 : bytes / keys))),
                ("dataset.bytes", .integer(Int64(bytes))),
            ]))
    }
}

/// LATENCY of a node that records none: as the reference answers with `latency-monitor-threshold 0` and
/// `latency-tracking no`, which is what CONFIG GET tells here.
enum LatencyCommand {
    static func run(_ context: WordContext) -> CommandResult {
        switch context.option(1) {
        case "latest", "history": return context.answer(.list([]))
        case "reset": return context.integer(0)
        case "histogram": return context.answer(.map([]))
        case "graph":
            return .error("ERR No samples available for event '\(context.text(2))'")
        case "doctor": return context.verbatim("Latencies are not recorded here.")
        case "help": return Help.reply(context)
        default: return context.unknownSubcommand(of: "latency")
        }
    }
}

/// MODULE of a node without modules.
enum ModuleCommand {
    static func run(_ context: WordContext) -> CommandResult {
        switch context.option(1) {
        case "list": return context.answer(.list([]))
        case "load", "loadex", "unload":
            return .error(
                "ERR MODULE command not allowed. If the enable-module-command option is set to "
                    + "\"local\", you can run it from a local connection, otherwise you need to set "
                    + "this option in the configuration file, and then restart the server.")
        case "help": return Help.reply(context)
        default: return context.unknownSubcommand(of: "module")
        }
    }
}
