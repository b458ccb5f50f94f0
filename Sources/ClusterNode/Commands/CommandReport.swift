// COMMAND: the table of commands, told to clients that find keys and flags by it.

import ClusterCore
import RESP

enum CommandReport {
    static func run(_ client: Client, _ node: Node) {
        switch client.count > 1 ? client.option(1) : "" {
        case "": client.reply(.list(CommandTable.all.map(row)))
        case "count": client.integer(Int64(CommandTable.all.count))
        case "info": info(client)
        case "docs": docs(client)
        case "list": list(client)
        case "getkeys": keys(client)
        case "help": Help.reply(client)
        default: client.unknownSubcommand(of: "command")
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

    private static func info(_ client: Client) {
        guard client.count > 2 else {
            return client.reply(.list(CommandTable.all.map(row)))
        }
        RESPWriter.arrayHeader(client.count - 2, to: &client.output)
        for index in 2..<client.count {
            if let spec = find(client.text(index)) {
                client.reply(row(spec))
            } else {
                client.null()
            }
        }
    }

    private static func row(_ spec: CommandSpec) -> AdminReply {
        .list([
            .bulk(spec.fullName), .integer(Int64(spec.arity)),
            .list(spec.flags.names.map { .status($0) }), .integer(Int64(spec.keys.first)),
            .integer(Int64(spec.keys.last)), .integer(Int64(spec.keys.step)),
            .list(categories(spec).map { .status($0) }), .list([]), .list(keySpecs(spec)),
            .list(spec.subcommands.map(row)),
        ])
    }

    static func categories(_ spec: CommandSpec) -> [String] {
        var names: [String] = []
        if spec.flags.contains(.write) { names.append("@write") }
        if spec.flags.contains(.readOnly) { names.append("@read") }
        if ["string", "connection"].contains(spec.group) { names.append("@\(spec.group)") }
        if spec.group == "generic" { names.append("@keyspace") }
        if spec.group == "transactions" { names.append("@transaction") }
        if spec.flags.contains(.admin) { names += ["@admin", "@dangerous"] }
        names.append(spec.flags.contains(.fast) ? "@fast" : "@slow")
        return names
    }

    private static func keySpecs(_ spec: CommandSpec) -> [AdminReply] {
        guard spec.keys.first > 0 else { return [] }
        let last = spec.keys.last > 0 ? spec.keys.last - spec.keys.first : spec.keys.last
        let access = spec.flags.contains(.write) ? "RW" : "RO"
        return [
            .map([
                ("flags", .list([.status(access)])),
                (
                    "begin_search",
                    .map([
                        ("type", .bulk("index")),
                        ("spec", .map([("index", .integer(Int64(spec.keys.first)))])),
                    ])
                ),
                (
                    "find_keys",
                    .map([
                        ("type", .bulk("range")),
                        (
                            "spec",
                            .map([
                                ("lastkey", .integer(Int64(last))),
                                ("keystep", .integer(Int64(spec.keys.step))),
                                ("limit", .integer(0)),
                            ])
                        ),
                    ])
                ),
            ])
        ]
    }

    // MARK: - DOCS, LIST and GETKEYS

    private static func docs(_ client: Client) {
        let specs: [CommandSpec]
        if client.count > 2 {
            specs = (2..<client.count).compactMap { find(client.text($0)) }
        } else {
            specs = CommandTable.all
        }
        client.reply(.map(specs.map { ($0.fullName, docs(of: $0)) }))
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

    private static func list(_ client: Client) {
        var names = CommandTable.all.flatMap { [$0.name] + $0.subcommands.map(\.fullName) }
        switch client.count {
        case 2: break
        case 5 where client.option(2) == "filterby":
            let value = client.text(4)
            switch client.option(3) {
            case "pattern": names.removeAll { !Glob.matches($0, value) }
            case "aclcat":
                let category = "@\(value.lowercased())"
                names.removeAll { name in
                    guard let spec = find(name) else { return true }
                    return !categories(spec).contains(category)
                }
            case "module": names = []
            default: return client.syntaxError()
            }
        default: return client.syntaxError()
        }
        client.reply(.list(names.map { .bulk($0) }))
    }

    private static func keys(_ client: Client) {
        guard var spec = find(client.text(2)) else {
            return client.error("ERR Invalid command specified")
        }
        if let parts = spec.subcommandIndex, client.count > 3,
            let part = client.parser.lendArgument(3, { parts.find($0) })
        {
            spec = part
        }
        guard spec.keys.first > 0 else {
            return client.error("ERR The command has no key arguments")
        }
        guard spec.takes(client.count - 2) else {
            return client.error("ERR Invalid number of arguments specified for command")
        }
        let places: [Int]
        if spec.flags.contains(.migrate) {
            var request = RequestParser()
            var bytes: [UInt8] = []
            RESPWriter.command(Array(client.parser.arguments.dropFirst(2)), to: &bytes)
            request.feed(bytes)
            guard (try? request.next()) == true else { return client.syntaxError() }
            places = KeyFinder.places(of: spec, in: request)
        } else {
            places = Array(spec.keys.places(in: client.count - 2))
        }
        guard !places.isEmpty else {
            return client.error("ERR Invalid arguments specified for command")
        }
        RESPWriter.arrayHeader(places.count, to: &client.output)
        for place in places { RESPWriter.bulk(client.bytes(place + 2), to: &client.output) }
    }
}

/// HELP of a container: its parts with what they do.
enum Help {
    static func reply(_ client: Client) {
        guard let spec = client.parser.lendArgument(0, { CommandTable.index.find($0) }) else {
            return client.reply(.list([]))
        }
        let name = spec.name.uppercased()
        var lines = ["\(name) <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
        for part in spec.subcommands where part.name != "help" {
            lines += [part.name.uppercased(), "    \(part.summary)"]
        }
        lines += ["HELP", "    Print this help."]
        client.reply(.list(lines.map { .status($0) }))
    }
}
