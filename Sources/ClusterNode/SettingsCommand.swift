// CONFIG GET and SET: the table of directives while the node runs. What is set takes effect at once.

import ClusterCore
import RESP

enum SettingsCommand {
    static func run(_ client: Client, _ node: Node, _ words: [[UInt8]]) {
        let rest = words.dropFirst(2).map { String(decoding: $0, as: UTF8.self) }
        switch String(decoding: words[1], as: UTF8.self).lowercased() {
        case "get" where !rest.isEmpty: get(client, node, rest)
        case "set" where !rest.isEmpty && rest.count % 2 == 0: set(client, node, rest)
        case "get": client.error("ERR wrong number of arguments for 'config|get' command")
        case "set": client.error("ERR wrong number of arguments for 'config|set' command")
        default:
            let word = String(decoding: words[1], as: UTF8.self)
            client.error("ERR unknown subcommand '\(word)'. Try CONFIG HELP.")
        }
    }

    /// What tools ask for of a store that is not here, with the values that are true of it.
    private static let fixed = [
        "databases": "1", "cluster-databases": "1", "save": "", "appendonly": "no",
        "maxmemory": "0", "requirepass": "", "masterauth": "", "timeout": "0",
        "io-threads": "1", "tls-cluster": "no", "tls-port": "0",
    ]

    private static func get(_ client: Client, _ node: Node, _ patterns: [String]) {
        var pairs: [(key: String, value: AdminReply)] = []
        var names = Directives.table.map(\.name)
        names += fixed.keys.sorted()
        for name in names where patterns.contains(where: { Glob.matches(name, $0.lowercased()) }) {
            let value = Directives.find(name)?.get(node.options) ?? fixed[name] ?? ""
            pairs.append((name, .bulk(value)))
        }
        client.reply(.map(pairs))
    }

    /// All or nothing: a wrong value leaves all others as they were.
    private static func set(_ client: Client, _ node: Node, _ words: [String]) {
        var changed = node.options
        for index in stride(from: 0, to: words.count, by: 2) {
            let (name, value) = (words[index], words[index + 1])
            guard let directive = Directives.find(name) else {
                if StoreDirectives.names.contains(name.lowercased()) { continue }
                return client.error(
                    "ERR Unknown option or number of arguments for CONFIG SET - '\(name)'")
            }
            guard directive.isMutable else {
                return client.error(
                    "ERR CONFIG SET failed (possibly related to argument '\(name)') - can't set "
                        + "immutable config")
            }
            do throws(OptionError) {
                try directive.set(&changed, [value])
            } catch {
                return client.error(
                    "ERR CONFIG SET failed (possibly related to argument '\(name)') - "
                        + error.text)
            }
        }
        node.options = changed
        node.log.level = changed.logLevel
        node.step(.configure(changed.cluster))
        client.ok()
    }
}

/// Patterns with "*" and "?".
enum Glob {
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let text = Array(text.utf8)
        let pattern = Array(pattern.utf8)
        var (at, of) = (0, 0)
        var star: (pattern: Int, text: Int)?
        while at < text.count {
            if of < pattern.count, pattern[of] == UInt8(ascii: "*") {
                star = (of, at)
                of += 1
            } else if of < pattern.count, pattern[of] == text[at] || pattern[of] == 0x3F {
                at += 1
                of += 1
            } else if let last = star {
                // The star takes one more character; linear steps back, never exponential.
                star = (last.pattern, last.text + 1)
                (of, at) = (last.pattern + 1, last.text + 1)
            } else {
                return false
            }
        }
        return pattern[of...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
