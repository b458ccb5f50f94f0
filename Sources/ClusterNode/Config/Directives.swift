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
    ]

    static let table: [Directive] = listening + announcing + cluster + process + clients

    private static let listening: [Directive] = [
        Directive(name: "port", isMutable: true) { options, words throws(OptionError) in
            let port = try integer(words, 0...65535)
            guard port > 0 else { throw OptionError("must not be 0") }
            options.port = port
        } get: {
            String($0.port)
        },
        number("cluster-port", 0...65535, false, \.clusterPort),
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
        number("tcp-backlog", 1...Int(Int32.max), false, \.backlog),
        number("tcp-keepalive", 0...Int(Int32.max), true, \.keepAliveSeconds),
        number("maxclients", 1...4_294_967_295, true, \.maxClients),
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
                throw OptionError("an address or name that is announced has an invalid character")
            }
            guard let text = IPText(word) else {
                throw OptionError(
                    "an address or name that is announced is too long: 45 bytes at most")
            }
            options.cluster.announceIP = IPLiteral.normalised(text) ?? text
        } get: {
            PrintableText.decoded($0.cluster.announceIP?.bytes ?? [])
        },
        port("cluster-announce-port", \.cluster.announcePort),
        port("cluster-announce-bus-port", \.cluster.announceBusPort),
        Directive(name: "cluster-announce-hostname", isMutable: true) {
            options, words throws(OptionError) in
            options.cluster.announceHostname = try hostname(try one(words))
        } get: {
            $0.cluster.announceHostname
        },
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
        milliseconds("cluster-node-timeout", 1...Int64(Int32.max), \.cluster.nodeTimeout),
        milliseconds(
            "cluster-manual-failover-timeout", 1...Int64(Int32.max),
            \.cluster.manualFailoverTimeout),
        milliseconds(
            "cluster-replica-validity-factor", 0...Int64(Int32.max),
            \.cluster.replicaValidityFactor),
        milliseconds("cluster-blacklist-ttl", 0...86_400, \.cluster.blacklistTTL),
        Directive(name: "repl-ping-replica-period", isMutable: true) {
            options, words throws(OptionError) in
            options.cluster.replicaPingPeriod = Int64(try integer(words, 1...86_400)) * 1000
        } get: {
            String($0.cluster.replicaPingPeriod / 1000)
        },
        number("cluster-migration-barrier", 0...Int(Int32.max), true, \.cluster.migrationBarrier),
        flag("cluster-replica-no-failover", \.cluster.replicaNoFailover),
        flag("cluster-allow-replica-migration", \.cluster.allowReplicaMigration),
        flag("cluster-require-full-coverage", \.cluster.requireFullCoverage),
        flag("cluster-allow-reads-when-down", \.allowReadsWhenDown),
        flag("failover-without-copy", \.cluster.failoverWithoutCopy),
        flag("cluster-refuse-merge", \.cluster.refuseMerge),
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
        Directive(name: "logfile", isMutable: false) { options, words throws(OptionError) in
            options.logFile = try one(words)
        } get: {
            $0.logFile
        },
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
        Directive(name: "pidfile", isMutable: false) { options, words throws(OptionError) in
            options.pidFile = try one(words)
        } get: {
            $0.pidFile
        },
        Directive(name: "record", isMutable: false) { options, words throws(OptionError) in
            options.recordFile = try one(words)
        } get: {
            $0.recordFile
        },
        Directive(name: "pcap", isMutable: false) { options, words throws(OptionError) in
            options.pcapFile = try one(words)
        } get: {
            $0.pcapFile
        },
        Directive(name: "force", isMutable: false) { options, words throws(OptionError) in
            options.overwritesRecordings = words.isEmpty ? true : try yesOrNo(words)
        } get: {
            $0.overwritesRecordings ? "yes" : "no"
        },
        Directive(name: "daemonize", isMutable: false) { options, words throws(OptionError) in
            options.daemonizes = try yesOrNo(words)
        } get: {
            $0.daemonizes ? "yes" : "no"
        },
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

    static func hostname(_ word: String) throws(OptionError) -> String {
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

    static func flag(
        _ name: String, _ path: any WritableKeyPath<NodeOptions, Bool> & Sendable
    ) -> Directive {
        Directive(name: name, isMutable: true) { options, words throws(OptionError) in
            options[keyPath: path] = try yesOrNo(words)
        } get: {
            $0[keyPath: path] ? "yes" : "no"
        }
    }

    static func number<Value: FixedWidthInteger & SendableMetatype>(
        _ name: String, _ range: ClosedRange<Int>, _ isMutable: Bool,
        _ path: any WritableKeyPath<NodeOptions, Value> & Sendable
    ) -> Directive {
        Directive(name: name, isMutable: isMutable) { options, words throws(OptionError) in
            options[keyPath: path] = Value(clamping: try integer(words, range))
        } get: {
            String($0[keyPath: path])
        }
    }

    private static func milliseconds(
        _ name: String, _ range: ClosedRange<Int64>,
        _ path: any WritableKeyPath<NodeOptions, Int64> & Sendable
    ) -> Directive {
        number(name, Int(range.lowerBound)...Int(range.upperBound), true, path)
    }

    private static func port(
        _ name: String, _ path: any WritableKeyPath<NodeOptions, Port?> & Sendable
    ) -> Directive {
        Directive(name: name, isMutable: true) { options, words throws(OptionError) in
            let value = try integer(words, 0...65535)
            options[keyPath: path] = value == 0 ? nil : Port(UInt16(value))
        } get: {
            "\($0[keyPath: path]?.value ?? 0)"
        }
    }
}
