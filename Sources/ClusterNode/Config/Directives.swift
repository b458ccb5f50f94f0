// The table of directives: what each is called, which values it takes, and what it sets. Names are
// those of redis.conf; those that concern only a data store are taken and do nothing. CONFIG GET
// and CONFIG SET read the same table.

import ClusterCore
import ClusterWire
import RESP
import SystemIO
import Text

/// One directive.
struct Directive: Sendable {
    let name: String
    /// May be changed while the node runs.
    let isMutable: Bool
    /// Takes the words after the name; throws what is wrong with them.
    let set: @Sendable (inout NodeOptions, [String]) throws(OptionError) -> Void
    /// The value in force, as CONFIG GET tells it.
    let get: @Sendable (NodeOptions) -> String
    /// The value may be several words.
    var takesManyWords: Bool { name == "bind" || name == "client-output-buffer-limit" }
}

enum Directives {
    /// The directive with this name, in any case and also by its older name.
    static func find(_ name: String) -> Directive? {
        let lower = name.lowercased()
        let current = aliases[lower] ?? lower
        return table.first { $0.name == current }
    }

    static let aliases = [
        "commandlog-execution-slower-than": "slowlog-log-slower-than",
        "commandlog-slow-execution-max-len": "slowlog-max-len",
        "cluster-slave-validity-factor": "cluster-replica-validity-factor",
        "cluster-slave-no-failover": "cluster-replica-no-failover",
        "repl-ping-slave-period": "repl-ping-replica-period",
        "slave-announce-ip": "replica-announce-ip",
        "slave-announce-port": "replica-announce-port",
        "slave-serve-stale-data": "replica-serve-stale-data",
        "min-slaves-to-write": "min-replicas-to-write",
        "min-slaves-max-lag": "min-replicas-max-lag",
        "primaryauth": "masterauth",
        "primaryuser": "masteruser",
    ]

    static let table: [Directive] =
        listening + announcing + clientAnnouncing + cluster + replication + process + clients
        + passwords + disk
        + stored

    private static let listening: [Directive] = [
        Directive(name: "port", isMutable: true) { options, words throws(OptionError) in
            let port = try integer(words, 0...65535)
            guard port > 0 else { throw OptionError("must not be 0") }
            options.port = port
        } get: {
            String($0.port)
        },
        number("cluster-port", isMutable: false, 0...65535, \.clusterPort),
        Directive(name: "bind", isMutable: true) { options, words throws(OptionError) in
            guard !words.isEmpty else { throw OptionError("needs an address") }
            for word in words where !isBindable(word) {
                throw OptionError("'\(word)' is not a literal address; names are not looked up")
            }
            options.bind = words
        } get: {
            $0.bind.joined(separator: " ")
        },
        flag("protected-mode", \.protectedMode),
        number("tcp-backlog", isMutable: false, 1...Int(Int32.max), \.backlog),
        number("tcp-keepalive", 0...Int(Int32.max), \.keepAliveSeconds),
        number("maxclients", 1...4_294_967_295, \.maxClients),
        Directive(name: "cluster-link-sendbuf-limit", isMutable: true) {
            options, words throws(OptionError) in
            let bytes = try memory(words)
            options.linkSendLimit = bytes == 0 ? Int.max : bytes
        } get: {
            String($0.linkSendLimit == Int.max ? 0 : $0.linkSendLimit)
        },
    ]

    private static let announcing: [Directive] = [
        Directive(name: "cluster-announce-ip", isMutable: true) {
            options, words throws(OptionError) in
            let word = try one(words)
            guard !word.isEmpty else {
                options.cluster.announceIP = nil
                return
            }
            guard EndpointName.isAnnounceable(word) else {
                throw OptionError("cluster-announce-ip contains invalid character")
            }
            guard let text = IPText(word) else {
                throw OptionError("cluster-announce-ip is too long")
            }
            options.cluster.announceIP = IPLiteral.normalised(text) ?? text
        } get: {
            PrintableText.decoded($0.cluster.announceIP?.bytes ?? [])
        },
        port("cluster-announce-port", \.cluster.announcePort),
        port("cluster-announce-tls-port", \.cluster.announceTLSPort),
        port("cluster-announce-bus-port", \.cluster.announceBusPort),
        value("cluster-announce-hostname", \.cluster.announceHostname, hostname) { $0 },
        Directive(name: "cluster-announce-human-nodename", isMutable: true) {
            options, words throws(OptionError) in
            let word = try one(words)
            guard AuxiliaryText.isAcceptable(word), word.utf8.count < 256 else {
                throw OptionError("Announced human node name contained invalid character")
            }
            options.cluster.announceNodeName = word
        } get: {
            $0.cluster.announceNodeName
        },
        Directive(name: "cluster-preferred-endpoint-type", isMutable: true) {
            options, words throws(OptionError) in
            let word = try one(words)
            guard let type = ClusterConfig.EndpointType(rawValue: word.lowercased()) else {
                throw OptionError(
                    "argument(s) must be one of the following: ip, hostname, unknown-endpoint")
            }
            options.cluster.preferredEndpoint = type
        } get: {
            $0.cluster.preferredEndpoint.rawValue
        },
    ]

    private static let cluster: [Directive] = [
        Directive(name: "cluster-enabled", isMutable: false) {
            _, words throws(OptionError) in
            guard try yesOrNo(words) else {
                throw OptionError("a node without a cluster is nothing here: it must be yes")
            }
        } get: { _ in
            "yes"
        },
        Directive(name: "cluster-config-file", isMutable: false) {
            options, words throws(OptionError) in
            let word = try one(words)
            guard !word.isEmpty else { throw OptionError("needs a name") }
            options.configFile = word
        } get: {
            $0.configFile
        },
        number("cluster-node-timeout", 0...Int(Int32.max), \.cluster.nodeTimeout),
        number(
            "cluster-manual-failover-timeout", 1...Int(Int32.max),
            \.cluster.manualFailoverTimeout),
        number(
            "cluster-replica-validity-factor", 0...Int(Int32.max),
            \.cluster.replicaValidityFactor),
        number("cluster-blacklist-ttl", 0...86_400, \.cluster.blacklistTTL),
        number("cluster-migration-barrier", 0...Int(Int32.max), \.cluster.migrationBarrier),
        number("cluster-message-gossip-perc", 1...100, \.cluster.gossipPercent),
        flag("cluster-replica-no-failover", \.cluster.replicaNoFailover),
        flag("cluster-allow-replica-migration", \.cluster.allowReplicaMigration),
        flag("cluster-require-full-coverage", \.cluster.requireFullCoverage),
        flag("cluster-allow-reads-when-down", \.allowReadsWhenDown),
        flag("cluster-allow-pubsubshard-when-down", \.allowShardChannelsWhenDown),
        flag("failover-without-copy", \.cluster.failoverWithoutCopy),
        flag("cluster-wait-for-failover", \.cluster.waitsForFailover),
        flag("cluster-refuse-merge", \.cluster.refuseMerge),
        flag("cluster-confirm", \.cluster.confirms),
        flag("cluster-light-publish", \.cluster.takesLightPublish),
    ]

    private static let process: [Directive] = [
        Directive(name: "dir", isMutable: false) { options, words throws(OptionError) in
            // From where the one before led to, as the reference changes into each.
            let folder = options.path(of: try one(words))
            guard File.isFolder(folder) else { throw OptionError("'\(words[0])' is not a folder") }
            options.directory = folder
        } get: {
            $0.directory
        },
        value("logfile", isMutable: false, \.logFile, one) { $0 },
        Directive(name: "loglevel", isMutable: true) { options, words throws(OptionError) in
            let word = try one(words).lowercased()
            guard let level = LogLevel.allCases.first(where: { "\($0)" == word }) else {
                throw OptionError(
                    "argument(s) must be one of the following: debug, verbose, notice, warning, "
                        + "nothing")
            }
            options.logLevel = level
        } get: {
            "\($0.logLevel)"
        },
        value("pidfile", isMutable: false, \.pidFile, one) { $0 },
        value("record", isMutable: false, \.recordFile, one) { $0 },
        value("pcap", isMutable: false, \.pcapFile, one) { $0 },
        Directive(name: "force", isMutable: false) { options, words throws(OptionError) in
            options.overwritesRecordings = words.isEmpty ? true : try yesOrNo(words)
        } get: {
            $0.overwritesRecordings ? "yes" : "no"
        },
        flag("daemonize", isMutable: false, \.daemonizes),
        Directive(name: "supervised", isMutable: false) { options, words throws(OptionError) in
            guard let supervision = Supervision(rawValue: try one(words).lowercased()) else {
                throw OptionError(
                    "argument(s) must be one of the following: upstart, systemd, auto, no")
            }
            options.supervision = supervision
        } get: {
            $0.supervision.rawValue
        },
    ]
}

// MARK: - Kinds of values

extension Directives {
    static func isBindable(_ word: String) -> Bool {
        BindAddress(word) != nil
    }

    static func one(_ words: [String]) throws(OptionError) -> String {
        guard words.count == 1 else { throw OptionError("wrong number of arguments") }
        return words[0]
    }

    static func yesOrNo(_ words: [String]) throws(OptionError) -> Bool {
        switch try one(words).lowercased() {
        case "yes": return true
        case "no": return false
        default: throw OptionError("argument must be 'yes' or 'no'")
        }
    }

    static func integer(_ words: [String], _ range: ClosedRange<Int>) throws(OptionError) -> Int {
        let word = try one(words)
        guard let value = Int(word) else {
            throw OptionError("argument couldn't be parsed into an integer")
        }
        return try checked(value, range)
    }

    private static func checked(
        _ value: Int, _ range: ClosedRange<Int>
    ) throws(OptionError) -> Int {
        guard range.contains(value) else {
            throw OptionError(
                "argument must be between \(range.lowerBound) and \(range.upperBound) inclusive")
        }
        return value
    }

    /// Bytes, with a unit as redis.conf takes it: 1k is 1000, 1kb is 1024.
    static func memory(_ words: [String]) throws(OptionError) -> Int {
        let word = try one(words).lowercased()
        let digits = word.prefix { $0.isASCII && $0.isNumber }
        let units = [
            "": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 1_000_000, "mb": 1 << 20,
            "g": 1_000_000_000, "gb": 1 << 30,
        ]
        guard let value = Int(digits), let unit = units[String(word.dropFirst(digits.count))],
            value <= Int.max / unit
        else { throw OptionError("argument must be a memory value") }
        return value * unit
    }

    static func hostname(_ words: [String]) throws(OptionError) -> String {
        let word = try one(words)
        guard word.utf8.count < 256 else {
            throw OptionError("Hostnames must be less than 256 characters")
        }
        let isWell = word.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E: true
            default: false
            }
        }
        guard isWell else {
            throw OptionError(
                "Hostnames may only contain alphanumeric characters, hyphens or dots")
        }
        return word
    }

    /// A directive that is one value of the settings.
    static func value<Value>(
        _ name: String, isMutable: Bool = true,
        _ path: any WritableKeyPath<NodeOptions, Value> & Sendable,
        _ read: @escaping @Sendable ([String]) throws(OptionError) -> Value,
        _ write: @escaping @Sendable (Value) -> String
    ) -> Directive {
        Directive(name: name, isMutable: isMutable) { options, words throws(OptionError) in
            options[keyPath: path] = try read(words)
        } get: {
            write($0[keyPath: path])
        }
    }

    static func flag(
        _ name: String, isMutable: Bool = true,
        _ path: any WritableKeyPath<NodeOptions, Bool> & Sendable
    ) -> Directive {
        value(name, isMutable: isMutable, path, yesOrNo) { $0 ? "yes" : "no" }
    }

    static func number<Value: FixedWidthInteger & SendableMetatype>(
        _ name: String, isMutable: Bool = true, _ range: ClosedRange<Int>,
        _ path: any WritableKeyPath<NodeOptions, Value> & Sendable
    ) -> Directive {
        value(name, isMutable: isMutable, path) { words throws(OptionError) in
            Value(clamping: try integer(words, range))
        } _: {
            String($0)
        }
    }

    /// A number of bytes, which may be written with a unit.
    static func bytes(
        _ name: String, _ range: ClosedRange<Int>,
        _ path: any WritableKeyPath<NodeOptions, Int> & Sendable
    ) -> Directive {
        value(name, path) { words throws(OptionError) in
            try checked(try memory(words), range)
        } _: {
            String($0)
        }
    }

    private static func port(
        _ name: String, _ path: any WritableKeyPath<NodeOptions, Port?> & Sendable
    ) -> Directive {
        value(name, path) { words throws(OptionError) in
            let value = try integer(words, 0...65535)
            return value == 0 ? nil : Port(UInt16(value))
        } _: {
            "\($0?.value ?? 0)"
        }
    }
}
