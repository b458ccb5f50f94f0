// Directives about clients and the store: how much memory may be used, by whom, and who may use DEBUG.

import ClusterCore
import DataPlane

extension Directives {
    static let clients: [Directive] = [
        bytes("maxmemory", 0...Int.max, \.maxMemory),
        Directive(name: "maxmemory-policy", isMutable: true) {
            options, words throws(OptionError) in
            guard let policy = EvictionPolicy(rawValue: try one(words).lowercased()) else {
                throw OptionError(
                    "argument(s) must be one of the following: volatile-lru, volatile-lfu, "
                        + "volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, "
                        + "allkeys-random, noeviction")
            }
            options.eviction = policy
        } get: {
            $0.eviction.rawValue
        },
        bytes("proto-max-bulk-len", (1 << 20)...Int.max, \.largestBulk),
        bytes("client-query-buffer-limit", (1 << 20)...Int.max, \.queryBufferLimit),
        time("timeout", 0...Int(Int32.max), never: 0, \.clientTimeout),
        time("slowlog-log-slower-than", -1...Int.max, never: -1, \.slowLogThreshold),
        number("slowlog-max-len", 0...Int.max, \.slowLogLength),
        Directive(name: "client-output-buffer-limit", isMutable: true) {
            options, words throws(OptionError) in
            try setOutputLimit(&options, words)
        } get: {
            let (limit, replicas) = ($0.subscriberLimit, $0.replication)
            return "normal 0 \($0.outputLimitBytes) \($0.outputPatience / 1000) "
                + "slave \(replicas.hardLimitBytes) \(replicas.softLimitBytes) "
                + "\(replicas.softTime / 1000) pubsub "
                + "\(limit.hardBytes) \(limit.softBytes) \(limit.softTime / 1000)"
        },
        Directive(name: "enable-debug-command", isMutable: false) {
            options, words throws(OptionError) in
            guard let permission = DebugPermission(rawValue: try one(words).lowercased()) else {
                throw OptionError("argument(s) must be one of the following: no, yes, local")
            }
            options.debugCommand = permission
        } get: {
            $0.debugCommand.rawValue
        },
    ]

    /// A time for which one number stands for never.
    private static func time(
        _ name: String, _ range: ClosedRange<Int>, never: Int,
        _ path: any WritableKeyPath<NodeOptions, Int64?> & Sendable
    ) -> Directive {
        value(name, path) { words throws(OptionError) in
            let number = try integer(words, range)
            return number == never ? nil : Int64(number)
        } _: {
            String($0 ?? Int64(never))
        }
    }

    /// Classes with a hard limit, a soft one and its seconds. Of normal clients the soft limit is
    /// meant, for one that takes nothing for so long; of replicas and subscribers both are.
    private static func setOutputLimit(
        _ options: inout NodeOptions, _ words: [String]
    ) throws(OptionError) {
        guard !words.isEmpty, words.count % 4 == 0 else {
            throw OptionError("Wrong number of arguments in buffer limit configuration.")
        }
        for index in stride(from: 0, to: words.count, by: 4) {
            let name = words[index].lowercased()
            guard ["normal", "slave", "replica", "pubsub"].contains(name) else {
                throw OptionError("Invalid client class specified in buffer limit configuration.")
            }
            guard let hard = try? memory([words[index + 1]]),
                let soft = try? memory([words[index + 2]]),
                let seconds = Int32(words[index + 3]), seconds >= 0
            else {
                throw OptionError(
                    "Error in hard, soft or soft_seconds setting in buffer limit configuration.")
            }
            if name == "slave" || name == "replica" {
                options.replication.hardLimitBytes = hard
                options.replication.softLimitBytes = soft
                options.replication.softTime = Int64(seconds) * 1000
            }
            if name == "pubsub" {
                options.subscriberLimit = OutputLimit(
                    hardBytes: hard, softBytes: soft, softTime: Int64(seconds) * 1000)
            }
            // 0 stands for no limit, and leaves ours.
            guard name == "normal", soft > 0 else { continue }
            options.outputLimitBytes = soft
            options.outputPatience = Int64(seconds) * 1000
        }
    }
}
