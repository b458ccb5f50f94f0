// Directives that ask for what is not built. Those that protect (who may come in and do what, what is on
// disk, how much memory may be used) are refused, at the start and by CONFIG SET, unless the value asks
// for nothing: whoever set one would rely on it. The others are taken from files, since stock files have
// them, and named in the log. CONFIG GET tells of all what holds. See DECISIONS D53.

/// A directive that asks for what is not built.
struct UnbuiltDirective: Sendable {
    let name: String
    /// The value in force, as CONFIG GET tells it; nil for a word that it does not know.
    let holds: String?
    /// Whether a node that ignored it would be less safe than it was told to be.
    let isProtection: Bool
    /// How it is here, for people.
    let reason: String
    let asksForNothing: @Sendable ([String]) -> Bool
}

enum UnbuiltDirectives {
    static func find(_ name: String) -> UnbuiltDirective? { byName[name.lowercased()] }

    static let all: [UnbuiltDirective] = access + encryption + limits + behaviour

    private static let byName = Dictionary(
        all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

    /// Directives of one kind, each with the value that holds.
    private static func kind(
        _ reason: String, isProtection: Bool, _ names: [(name: String, holds: String?)],
        also harmless: Set<String> = [], matching: (@Sendable ([String]) -> Bool)? = nil
    ) -> [UnbuiltDirective] {
        names.map { name, holds in
            UnbuiltDirective(
                name: name, holds: holds, isProtection: isProtection, reason: reason,
                asksForNothing: matching ?? { words in
                    let value = words.joined(separator: " ").lowercased()
                    return value == holds || harmless.contains(value)
                })
        }
    }

    private static func protections(
        _ names: [(name: String, holds: String?)], _ reason: String,
        also harmless: Set<String> = [], matching: (@Sendable ([String]) -> Bool)? = nil
    ) -> [UnbuiltDirective] {
        kind(reason, isProtection: true, names, also: harmless, matching: matching)
    }

    private static func wishes(
        _ names: [(name: String, holds: String?)], _ reason: String,
        also harmless: Set<String> = [], matching: (@Sendable ([String]) -> Bool)? = nil
    ) -> [UnbuiltDirective] {
        kind(reason, isProtection: false, names, also: harmless, matching: matching)
    }

    // MARK: - Who may come in, and do what

    private static let access: [UnbuiltDirective] =
        protections(
            [("aclfile", "")], "there are no users yet but the default one: it would not be read")
        + protections(
            [("user", nil)],
            "there are no users yet but the default one, who may do all: its password is "
                + "requirepass", matching: isFreeUser)
        + protections(
            [("rename-command", nil)], "commands keep their names: it could be called all the same")
        + protections(
            [("bind-source-addr", ""), ("socket-mark-id", "0")],
            "connections to other nodes are not marked, and come from the address that the system "
                + "chooses")
        + protections(
            [("unixsocketgroup", ""), ("unixsocket-group", "")], "there is no Unix socket")
        + protections([("unixsocketperm", "0")], "there is no Unix socket") { words in
            words.count == 1 && !words[0].isEmpty && words[0].utf8.allSatisfy { $0 == 0x30 }
        }
        + protections(
            [("enable-protected-configs", "no"), ("enable-module-command", "no")],
            "what it would allow is not there: it must be no")

    /// The user that everybody is: what CONFIG REWRITE of a server without users writes.
    private static let isFreeUser: @Sendable ([String]) -> Bool = {
        wayIn(ofFreeUser: $0) == "nopass"
    }

    /// How that user comes in: "nopass", or "#" and the hash of a password; nil where somebody may do less
    /// than all, or comes in by something else.
    static func wayIn(ofFreeUser words: [String]) -> String? {
        var rules = Set(words.dropFirst().map { $0.lowercased() })
        let needed: [Set<String>] = [["on"], ["~*", "allkeys"], ["+@all", "allcommands"]]
        guard words.first == "default", needed.allSatisfy({ !$0.isDisjoint(with: rules) }) else {
            return nil
        }
        for names in needed { rules.subtract(names) }
        rules.subtract([
            "&*", "allchannels", "sanitize-payload", "skip-sanitize-payload", "alldbs",
        ])
        guard rules.count == 1, let way = rules.first, way == "nopass" || way.hasPrefix("#")
        else { return nil }
        return way
    }

    // MARK: - TLS

    private static let noTLS = "there is no TLS: all that is said can be read on its way"

    private static let encryption: [UnbuiltDirective] =
        protections(
            [
                ("tls-port", "0"), ("tls-cluster", "no"), ("tls-replication", "no"),
                ("tls-cert-file", ""), ("tls-key-file", ""), ("tls-key-file-pass", ""),
                ("tls-client-cert-file", ""), ("tls-client-key-file", ""),
                ("tls-client-key-file-pass", ""), ("tls-dh-params-file", ""),
                ("tls-ca-cert-file", ""), ("tls-ca-cert-dir", ""), ("tls-protocols", ""),
                ("tls-ciphers", ""), ("tls-ciphersuites", ""), ("tls-auth-clients-user", "off"),
            ], noTLS)
        // How TLS would be spoken asks for nothing where it is not.
        + protections([("tls-auth-clients", "yes")], noTLS, also: ["no", "optional"])
        + protections(
            [("tls-prefer-server-ciphers", "no"), ("tls-session-caching", "yes")], noTLS,
            also: ["no", "yes"])
        + protections(
            [
                ("tls-session-cache-size", "20480"), ("tls-session-cache-timeout", "300"),
                ("tls-auto-reload-interval", "0"), ("max-new-tls-connections-per-cycle", "1"),
            ], noTLS, matching: isNumber)

    private static let isNumber: @Sendable ([String]) -> Bool = { words in
        words.count == 1 && Int(words[0]).map { $0 >= 0 } == true
    }

    // MARK: - What is kept, and how much

    private static let limits: [UnbuiltDirective] =
        protections(
            [("appendonly", "no")],
            "there is no append-only file, keys are saved as dump.rdb: it must be no")
        + protections(
            [("maxmemory-clients", "0")],
            "what all clients hold together is not limited: it must be 0", also: ["0%", "0b"])

    // MARK: - What else a server would do

    private static let behaviour: [UnbuiltDirective] =
        wishes(
            [("maxmemory-policy", nil)],
            "when and how often a key is used is not recorded: of the policies there are noeviction, "
                + "allkeys-random, volatile-random and volatile-ttl"
        ) { words in
            let known = ["allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu"]
            return !known.contains(words.joined(separator: " ").lowercased())
        }
        + wishes([("notify-keyspace-events", "")], "what happens to keys is not published")
        + wishes(
            [("latency-monitor-threshold", "0"), ("latency-tracking", "no")],
            "latencies are not recorded")
        + wishes(
            [("commandlog-request-larger-than", "-1"), ("commandlog-reply-larger-than", "-1")],
            "large requests and replies are not recorded", matching: isAnything)
        + wishes(
            [("replica-read-only", "yes"), ("slave-read-only", "yes")], "a replica takes no writes")
        + wishes(
            [("databases", "1"), ("cluster-databases", "1")], "there is one", matching: isNumber)
        + wishes([("io-threads", "1")], "one thread does all", matching: isNumber)
        + wishes(
            [("cluster-ping-interval", "1000")],
            "a node that was chosen at random is pinged each second")
        + wishes([("import-mode", "no")], "keys whose time is over go")
        + wishes([("unixsocket", "")], "there is no Unix socket")
        + wishes([("rdma-port", "0"), ("rdma-bind", "")], "there is no RDMA")
        + wishes([("syslog-enabled", "no")], "the log is a file or standard output")
        + wishes(
            [("log-format", "legacy"), ("log-timestamp-format", "legacy")],
            "lines of the log have one form")
        + wishes([("oom-score-adj", "no")], "it is left to whoever starts the node")
        + wishes([("loadmodule", nil)], "there are no modules")

    private static let isAnything: @Sendable ([String]) -> Bool = { _ in true }
}
