// CONFIG: the table of directives while the node runs. What is set takes effect at once, and REWRITE
// puts it into the file that the node was started from.

import ClusterCore
import ClusterHost
import DataPlane
import RESP
import SystemIO

enum SettingsCommand {
    static func run(_ context: ServerContext) -> CommandResult {
        let rest = (2..<max(2, context.count)).map { context.text($0) }
        switch context.option(1) {
        case "get": return get(context, rest)
        case "set": return set(context, rest)
        case "resetstat":
            context.node.statistics.reset()
            context.store.resetFigures()
            context.node.host.resetStatistics()
            return context.ok()
        case "rewrite": return rewrite(context)
        case "help": return Help.reply(context)
        default: return context.unknownSubcommand(of: "config")
        }
    }

    private static func get(_ context: ServerContext, _ patterns: [String]) -> CommandResult {
        let node = context.node
        var pairs: [(key: String, value: AdminReply)] = []
        let unbuilt = UnbuiltDirectives.all.filter { $0.holds != nil }.map(\.name)
        let given = node.options.given.keys.filter { UnbuiltDirectives.find($0) == nil }
        var names = Directives.table.map(\.name) + Directives.aliases.keys.sorted()
        names += (unbuilt + given).sorted()
        for name in names where patterns.contains(where: { Glob.matches(name, $0.lowercased()) }) {
            pairs.append((name, .bulk(value(of: name, node))))
        }
        return context.answer(.map(pairs))
    }

    /// What is in force, whatever was asked for.
    private static func value(of name: String, _ node: Node) -> String {
        // Fewer clients fit when more nodes are known.
        if name == "maxclients" { return String(node.clientLimit) }
        return Directives.find(name)?.get(node.options) ?? UnbuiltDirectives.find(name)?.holds
            ?? node.options.given[name] ?? ""
    }

    /// All or nothing: a wrong value leaves all others as they were.
    private static func set(_ context: ServerContext, _ words: [String]) -> CommandResult {
        guard words.count % 2 == 0 else { return .syntaxError }
        var change = SettingsChange(of: context.node.options)
        for index in stride(from: 0, to: words.count, by: 2) {
            do throws(OptionError) {
                let problem = try change.set(words[index], words[index + 1])
                if let problem { return .error("ERR \(problem)") }
            } catch {
                return failed(at: words[index], error)
            }
        }
        do throws(OptionError) {
            try take(&change.options, context.node)
        } catch {
            return failed(at: error.place, error)
        }
        let place = context.reply.count
        let save = context.node.putInForce(change.options)
        context.reply.ok()
        // Something of it is in nodes.conf.
        if let save { context.node.clients.hold(context.client, from: place, until: save) }
        return .replied
    }

    private static func failed(at word: String, _ error: OptionError) -> CommandResult {
        .error(
            "ERR CONFIG SET failed (possibly related to argument '\(word)') - " + error.text)
    }

    /// What can fail though each value is well: all such, or none.
    private static func take(
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
            node.log.write(.warning, "The client listeners stay as they were: \(error)")
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

    private static func rewrite(_ context: ServerContext) -> CommandResult {
        let path = context.node.options.sourceFile
        guard !path.isEmpty else {
            return .error("ERR The server is running without a config file")
        }
        do throws(SystemError) {
            let old = try File.read(path, limitBytes: NodeOptions.largestFile)
            let new = SettingsFile.rewritten(old, context.node.options)
            try File.replace(path, with: new, sync: true)
        } catch {
            context.node.log.write(.warning, "CONFIG REWRITE failed: \(error)")
            return .error("ERR Rewriting config file: \(error.reason)")
        }
        context.node.log.write(.notice, "CONFIG REWRITE executed with success.")
        return context.ok()
    }
}

extension Node {
    /// Changed settings take effect.
    /// - Returns: the save to wait for, if some of them are in nodes.conf.
    fileprivate func putInForce(_ changed: NodeOptions) -> Generation? {
        let linkLimit = changed.linkSendLimit != options.linkSendLimit
        options = changed
        log.level = changed.logLevel
        slowLog.configure(changed)
        store.valueLimit = changed.largestBulk
        replication.settings = Self.replicationSettings(changed)
        clients.limitsChanged(self)
        host.probes.tellsPings = changed.logLevel == .debug
        if linkLimit {
            host.setLimits(changed.hostLimits(descriptors))
            host.checkLinks()
        }
        return host.configure(changed.cluster)
    }
}
