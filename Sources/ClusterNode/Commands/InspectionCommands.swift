// What monitors and tools ask a node about keys, memory, latencies and modules. Each answer is true of
// this node, also where that is little; what is not recorded is refused as the reference refuses what
// it does not record, or is no subcommand.

import ClusterCore
import ClusterHost
import RESP
import SystemIO

/// OBJECT: how a value is held.
enum ObjectCommand {
    static func run(_ client: Client, _ node: Node) {
        let word = client.option(1)
        if word == "help" { return Help.reply(client) }
        guard client.parser.lendArgument(2, { node.store.find($0) }) != nil else {
            return client.null()
        }
        switch word {
        // Every value is held as the bytes that came.
        case "encoding": client.bulk("raw")
        case "refcount": client.integer(1)
        case "freq":
            client.error(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please "
                    + "note that when switching between policies at runtime LRU and LFU data will "
                    + "take some time to adjust.")
        default: client.unknownSubcommand(of: "object")
        }
    }
}

/// MEMORY: what keys and the process take.
enum MemoryCommand {
    static func run(_ client: Client, _ node: Node) {
        switch client.option(1) {
        case "usage": usage(client, node)
        case "stats": stats(client, node)
        case "doctor":
            client.text("Nothing is examined here. INFO memory and MEMORY STATS have the figures.")
        case "malloc-stats": client.text("Stats not supported for the current allocator")
        // Nothing is kept that could be given back at once.
        case "purge": client.ok()
        case "help": Help.reply(client)
        default: client.unknownSubcommand(of: "memory")
        }
    }

    private static func usage(_ client: Client, _ node: Node) {
        // Of a value of one piece there is nothing to take samples of.
        if client.count > 3 {
            guard client.count == 5, client.option(3) == "samples" else {
                return client.syntaxError()
            }
            guard let samples = client.number(4) else { return client.noNumber() }
            guard samples >= 0 else { return client.syntaxError() }
        }
        guard let number = client.parser.lendArgument(2, { node.store.find($0) }) else {
            return client.null()
        }
        client.integer(Int64(node.store.heldBytes(of: number)))
    }

    private static func stats(_ client: Client, _ node: Node) {
        let usage = ProcessInformation.memoryBytes()
        let keys = node.store.count
        let bytes = node.store.heldBytes
        client.reply(
            .map([
                ("peak.allocated", .integer(Int64(usage.peak))),
                ("total.allocated", .integer(Int64(usage.resident))),
                ("clients.normal", .integer(Int64(node.clients.heldBytes))),
                ("cluster.links", .integer(Int64(node.host.queuedBytes))),
                ("keys.count", .integer(Int64(keys))),
                ("keys.bytes-per-key", .integer(Int64(keys == 0 ? 0 : bytes / keys))),
                ("dataset.bytes", .integer(Int64(bytes))),
            ]))
    }
}

/// LATENCY of a node that records none: as the reference answers with `latency-monitor-threshold 0` and
/// `latency-tracking no`, which is what CONFIG GET tells here.
enum LatencyCommand {
    static func run(_ client: Client, _ node: Node) {
        switch client.option(1) {
        case "latest", "history": client.reply(.list([]))
        case "reset": client.integer(0)
        case "histogram": client.reply(.map([]))
        case "graph":
            client.error("ERR No samples available for event '\(client.text(2))'")
        case "doctor": client.text("Latencies are not recorded here.")
        case "help": Help.reply(client)
        default: client.unknownSubcommand(of: "latency")
        }
    }
}

/// MODULE of a node without modules.
enum ModuleCommand {
    static func run(_ client: Client, _ node: Node) {
        switch client.option(1) {
        case "list": client.reply(.list([]))
        case "load", "loadex", "unload":
            client.error(
                "ERR MODULE command not allowed. If the enable-module-command option is set to "
                    + "\"local\", you can run it from a local connection, otherwise you need to set "
                    + "this option in the configuration file, and then restart the server.")
        case "help": Help.reply(client)
        default: client.unknownSubcommand(of: "module")
        }
    }
}
