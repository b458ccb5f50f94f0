// CONFIG: the table of directives while the node runs. What is set takes effect at once, and REWRITE
// puts it into the file that the node was started from.

import ClusterCore
import ClusterHost
import RESP
import SystemIO

enum SettingsCommand {
    static func run(_ client: Client, _ node: Node) {
        let rest = (2..<max(2, client.count)).map { client.text($0) }
        switch client.option(1) {
        case "get": get(client, node, rest)
        case "set": set(client, node, rest)
        case "resetstat":
            node.statistics.reset()
            node.store.resetFigures()
            node.host.resetStatistics()
            client.ok()
        case "rewrite": rewrite(client, node)
        case "help": Help.reply(client)
        default: client.unknownSubcommand(of: "config")
        }
    }

    private static func get(_ client: Client, _ node: Node, _ patterns: [String]) {
        var pairs: [(key: String, value: AdminReply)] = []
        let unbuilt = UnbuiltDirectives.all.filter { $0.holds != nil }.map(\.name)
        let given = node.options.given.keys.filter { UnbuiltDirectives.find($0) == nil }
        var names = Directives.table.map(\.name) + Directives.aliases.keys.sorted()
        names += (unbuilt + given).sorted()
        for name in names where patterns.contains(where: { Glob.matches(name, $0.lowercased()) }) {
            pairs.append((name, .bulk(value(of: name, node))))
        }
        client.reply(.map(pairs))
    }

    /// What is in force, whatever was asked for.
    private static func value(of name: String, _ node: Node) -> String {
        // Fewer clients fit when more nodes are known.
        if name == "maxclients" { return String(node.clientLimit) }
        return Directives.find(name)?.get(node.options) ?? UnbuiltDirectives.find(name)?.holds
            ?? node.options.given[name] ?? ""
    }

    /// All or nothing: a wrong value leaves all others as they were.
    private static func set(_ client: Client, _ node: Node, _ words: [String]) {
        guard words.count % 2 == 0 else { return client.syntaxError() }
        var changed = node.options
        var seen = Set<String>()
        for index in stride(from: 0, to: words.count, by: 2) {
            do throws(OptionError) {
                let problem = try set(words[index], words[index + 1], &changed, &seen)
                if let problem { return client.error("ERR \(problem)") }
            } catch {
                return client.error(
                    "ERR CONFIG SET failed (possibly related to argument '\(words[index])') - "
                        + error.text)
            }
        }
        do throws(OptionError) {
            try apply(&changed, node)
        } catch {
            return client.error(
                "ERR CONFIG SET failed (possibly related to argument '\(error.place)') - "
                    + error.text)
        }
        let linkLimit = changed.linkSendLimit != node.options.linkSendLimit
        node.options = changed
        node.log.level = changed.logLevel
        node.slowLog.configure(changed)
        node.clients.limitsChanged(node)
        node.host.probes.tellsPings = changed.logLevel == .debug
        if linkLimit {
            node.host.setLimits(changed.hostLimits(node.descriptors))
            node.host.checkLinks()
        }
        let place = client.output.count
        let save = node.host.configure(changed.cluster)
        client.ok()
        // Something of it is in nodes.conf.
        if let save { node.clients.hold(client, from: place, until: save) }
    }

    /// What can fail though each value is well: all such, or none.
    private static func apply(
        _ changed: inout NodeOptions, _ node: Node
    ) throws(OptionError) {
        if changed.maxClients != node.options.maxClients,
            let refusal = node.refusal(ofClients: changed.maxClients)
        {
            throw OptionError(refusal, at: "maxclients")
        }
        let movesPort = changed.port != node.options.port
        guard movesPort || changed.bind != node.options.bind else { return }
        do throws(OptionError) {
            if movesPort { try changed.movePort() }
        } catch {
            throw OptionError(error.text, at: "port")
        }
        do throws(StartError) {
            try node.moveClientListeners(to: changed)
        } catch {
            node.log.write(.warning, "The addresses of clients stay: \(error)")
            throw OptionError(
                movesPort
                    ? "Unable to listen on this port. Check server logs."
                    : "Failed to bind to specified addresses.", at: movesPort ? "port" : "bind")
        }
        node.log.write(
            .notice,
            "Listening for clients on "
                + node.listeners.open.map { "\($0.address)" }.joined(separator: " ")
                + "; the bus stays on "
                + node.host.listenerAddresses.map { "\($0)" }.joined(separator: " "))
    }

    /// - Returns: what is wrong with the name; what is wrong with the value is thrown.
    private static func set(
        _ name: String, _ value: String, _ options: inout NodeOptions, _ seen: inout Set<String>
    ) throws(OptionError) -> String? {
        let lower = name.lowercased()
        guard let directive = Directives.find(name) else {
            let unbuilt = UnbuiltDirectives.find(name)
            guard unbuilt?.holds != nil || StoreDirectives.names.contains(lower) else {
                return "Unknown option or number of arguments for CONFIG SET - '\(name)'"
            }
            let words = value.split(separator: " ").map(String.init)
            if let unbuilt, !unbuilt.asksForNothing(words.isEmpty ? [""] : words) {
                throw OptionError(unbuilt.reason)
            }
            guard seen.insert(lower).inserted else { throw OptionError("duplicate parameter") }
            options.given[lower] = value
            options.givenLater.insert(lower)
            return nil
        }
        guard directive.isMutable else { throw OptionError("can't set immutable config") }
        guard seen.insert(directive.name).inserted else {
            throw OptionError("duplicate parameter")
        }
        let takesMany = directive.takesManyWords
        let values = takesMany ? value.split(separator: " ").map(String.init) : [value]
        try directive.set(&options, values)
        return nil
    }

    private static func rewrite(_ client: Client, _ node: Node) {
        let path = node.options.sourceFile
        guard !path.isEmpty else {
            return client.error("ERR The server is running without a config file")
        }
        do throws(SystemError) {
            let old = try File.read(path, limitBytes: NodeOptions.largestFile)
            let new = SettingsFile.rewritten(old, node.options)
            try File.replace(path, with: new, sync: true)
        } catch {
            node.log.write(.warning, "CONFIG REWRITE failed: \(error)")
            return client.error("ERR Rewriting config file: \(error.reason)")
        }
        node.log.write(.notice, "CONFIG REWRITE executed with success.")
        client.ok()
    }
}

/// The text of a file of directives, brought up to the settings in force.
enum SettingsFile {
    private static let mark = "# Generated by CONFIG REWRITE"

    /// Each directive of the table gets its value where it stood first, and goes where it stood
    /// again; those that are not there and differ from the default come last. All else stays.
    static func rewritten(_ old: [UInt8], _ options: NodeOptions) -> [UInt8] {
        var lines = old.split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if lines.last == "" { lines.removeLast() }
        var written = Set<String>()
        var kept: [String] = []
        for line in lines {
            guard let words = OptionWords.split(Array(line.utf8)[...]), let word = words.first,
                let name = current(word, options)
            else {
                kept.append(line)
                continue
            }
            guard written.insert(name).inserted else { continue }
            kept.append(value(of: name, options).map { "\(word.lowercased()) \($0)" } ?? line)
        }
        var added: [String] = []
        let plain = NodeOptions()
        for directive in Directives.table where !written.contains(directive.name) {
            guard directive.get(options) != directive.get(plain),
                let value = value(of: directive.name, options)
            else { continue }
            added.append("\(directive.name) \(value)")
        }
        for name in options.givenLater.sorted() where !written.contains(name) {
            if let value = value(of: name, options) { added.append("\(name) \(value)") }
        }
        if !added.isEmpty && !kept.contains(mark) { kept.append(mark) }
        return Array(((kept + added).joined(separator: "\n") + "\n").utf8)
    }

    /// The name under which a directive is written once; nil for those that stay as they are.
    private static func current(_ word: String, _ options: NodeOptions) -> String? {
        if let directive = Directives.find(word) { return directive.name }
        let lower = word.lowercased()
        return options.givenLater.contains(lower) ? lower : nil
    }

    private static func value(of name: String, _ options: NodeOptions) -> String? {
        guard let directive = Directives.find(name) else {
            return options.given[name].map(quoted)
        }
        let value = directive.get(options)
        return directive.takesManyWords ? value : quoted(value)
    }

    /// As it stands, or in quotes where it would not be one word.
    private static func quoted(_ value: String) -> String {
        let isPlain =
            !value.isEmpty
            && value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x27 && $0 != 0x23 }
        if isPlain { return value }
        var text = "\""
        for character in value.unicodeScalars {
            switch character {
            case "\"", "\\": text += "\\\(character)"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            default: text.unicodeScalars.append(character)
            }
        }
        return text + "\""
    }
}
