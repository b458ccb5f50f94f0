// COMMAND: the table of commands, told to clients that find keys and flags by it.

import ClusterCore
import DataPlane
import RESP

enum CommandReport {
    static func run(_ context: WordContext) -> CommandResult {
        switch context.count > 1 ? context.option(1) : "" {
        case "": return context.answer(.list(CommandTable.all.map(row)))
        case "count": return context.integer(Int64(CommandTable.all.count))
        case "info": return info(context)
        case "docs": return docs(context)
        case "list": return list(context)
        case "getkeys": return keys(context)
        case "help": return Help.reply(context)
        default: return context.unknownSubcommand(of: "command")
        }
    }

    /// A command by its name, or a part of one by both with "|" between.
    private static func find(_ name: String) -> CommandSpec? {
        let parts = name.lowercased().split(separator: "|", maxSplits: 1)
        guard let first = parts.first,
            let spec = CommandTable.index.find(Array(first.utf8).span)
        else { return nil }
        guard parts.count == 2 else { return spec }
        return spec.subcommandIndex?.find(Array(parts[1].utf8).span)
    }

    private static func info(_ context: WordContext) -> CommandResult {
        guard context.count > 2 else {
            return context.answer(.list(CommandTable.all.map(row)))
        }
        context.reply.arrayHeader(context.count - 2)
        for index in 2..<context.count {
            context.reply.write(find(context.text(index)).map(row) ?? .null)
        }
        return .replied
    }

    private static func row(_ spec: CommandSpec) -> AdminReply {
        // Keys behind their number have no place that could be told in three numbers.
        let keys = spec.flags.contains(.countedKeys) ? KeyPlaces.none : spec.keys
        return .list([
            .bulk(spec.fullName), .integer(Int64(spec.arity)),
            .list(spec.flags.names.map { .status($0) }), .integer(Int64(keys.first)),
            .integer(Int64(keys.last)), .integer(Int64(keys.step)),
            .list(categories(spec).map { .status($0) }), .list([]), .list(keySpecs(spec)),
            .list(spec.subcommands.map(row)),
        ])
    }

    static func categories(_ spec: CommandSpec) -> [String] {
        var names: [String] = []
        if spec.flags.contains(.write) { names.append("@write") }
        if spec.flags.contains(.readOnly) { names.append("@read") }
        if spec.flags.contains(.pubsub) { names.append("@pubsub") }
        if ["string", "bitmap", "connection"].contains(spec.group) {
            names.append("@\(spec.group)")
        }
        if spec.group == "generic" { names.append("@keyspace") }
        if spec.group == "transactions" { names.append("@transaction") }
        if spec.flags.contains(.admin) { names += ["@admin", "@dangerous"] }
        names.append(spec.flags.contains(.fast) ? "@fast" : "@slow")
        return names
    }

    private static func keySpecs(_ spec: CommandSpec) -> [AdminReply] {
        guard spec.keys.first > 0 else { return [] }
        let isCounted = spec.flags.contains(.countedKeys)
        let access =
            spec.namesShardChannels ? "not_key" : spec.flags.contains(.write) ? "RW" : "RO"
        return [
            .map([
                ("flags", .list([.status(access)])),
                (
                    "begin_search",
                    .map([
                        ("type", .bulk("index")),
                        (
                            "spec",
                            .map([("index", .integer(isCounted ? 1 : Int64(spec.keys.first)))])
                        ),
                    ])
                ), ("find_keys", isCounted ? countedKeys(spec) : keyRange(spec)),
            ])
        ]
    }

    private static func countedKeys(_ spec: CommandSpec) -> AdminReply {
        .map([
            ("type", .bulk("keynum")),
            (
                "spec",
                .map([
                    ("keynumidx", .integer(0)), ("firstkey", .integer(1)),
                    ("keystep", .integer(Int64(spec.keys.step))),
                ])
            ),
        ])
    }

    private static func keyRange(_ spec: CommandSpec) -> AdminReply {
        let last = spec.keys.last > 0 ? spec.keys.last - spec.keys.first : spec.keys.last
        return .map([
            ("type", .bulk("range")),
            (
                "spec",
                .map([
                    ("lastkey", .integer(Int64(last))),
                    ("keystep", .integer(Int64(spec.keys.step))), ("limit", .integer(0)),
                ])
            ),
        ])
    }

    // MARK: - DOCS, LIST and GETKEYS

    private static func docs(_ context: WordContext) -> CommandResult {
        let specs: [CommandSpec]
        if context.count > 2 {
            specs = (2..<context.count).compactMap { find(context.text($0)) }
        } else {
            specs = CommandTable.all
        }
        return context.answer(.map(specs.map { ($0.fullName, docs(of: $0)) }))
    }

    private static func docs(of spec: CommandSpec) -> AdminReply {
        var facts: [(key: String, value: AdminReply)] = [
            ("summary", .bulk(spec.summary)), ("since", .bulk(spec.since)),
            ("group", .bulk(spec.group)),
        ]
        if !spec.subcommands.isEmpty {
            facts.append(
                ("subcommands", .map(spec.subcommands.map { ($0.fullName, docs(of: $0)) })))
        }
        return .map(facts)
    }

    private static func list(_ context: WordContext) -> CommandResult {
        var names = CommandTable.all.flatMap { [$0.name] + $0.subcommands.map(\.fullName) }
        switch context.count {
        case 2: break
        case 5 where context.option(2) == "filterby":
            let value = context.text(4)
            switch context.option(3) {
            case "pattern": names.removeAll { !Glob.matches($0, value) }
            case "aclcat":
                let category = "@\(value.lowercased())"
                names.removeAll { name in
                    guard let spec = find(name) else { return true }
                    return !categories(spec).contains(category)
                }
            case "module": names = []
            default: return .syntaxError
            }
        default: return .syntaxError
        }
        return context.answer(.list(names.map { .bulk($0) }))
    }

    private static func keys(_ context: WordContext) -> CommandResult {
        guard var spec = find(context.text(2)) else {
            return .error("ERR Invalid command specified")
        }
        if let parts = spec.subcommandIndex, context.count > 3,
            let part = context.withWord(3, { parts.find($0) })
        {
            spec = part
        }
        guard spec.keys.first > 0, !spec.namesShardChannels else {
            return .error("ERR The command has no key arguments")
        }
        guard spec.takes(context.count - 2) else {
            return .error("ERR Invalid number of arguments specified for command")
        }
        let places: [Int]
        if spec.flags.contains(.movableKeys) {
            var request = RequestParser()
            var bytes: [UInt8] = []
            RESPWriter.command(Array(context.request.words.dropFirst(2)), to: &bytes)
            request.feed(bytes)
            guard (try? request.next()) == true else { return .syntaxError }
            places = KeyFinder.places(of: spec, in: request)
        } else {
            places = Array(spec.keys.places(in: context.count - 2))
        }
        guard !places.isEmpty else {
            return .error("ERR Invalid arguments specified for command")
        }
        context.reply.arrayHeader(places.count)
        for place in places { context.reply.bulk(context.bytes(place + 2)) }
        return .replied
    }
}

/// HELP of a container: its parts with what they do.
enum Help {
    static func reply(_ context: some CommandContext) -> CommandResult {
        guard let spec = context.withWord(0, { CommandTable.index.find($0) }) else {
            return context.answer(.list([]))
        }
        let name = spec.name.uppercased()
        var lines = ["\(name) <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
        for part in spec.subcommands where part.name != "help" {
            lines += [part.name.uppercased(), "    \(part.summary)"]
        }
        lines += ["HELP", "    Print this help."]
        return context.answer(.list(lines.map { .status($0) }))
    }
}
