// Directives about replication: how long the other end may be silent, how much of the stream is kept, what a
// replica says of itself, and what a master asks of its replicas before it takes a write.

import ClusterCore
import DataPlane

extension Directives {
    static let replication: [Directive] = [
        seconds("repl-ping-replica-period", 1...86_400, \.cluster.replicaPingPeriod),
        seconds("repl-timeout", 1...Int(Int32.max), \.replication.timeout),
        bytes("repl-backlog-size", 1...Int.max, \.replication.backlogBytes),
        seconds("repl-backlog-ttl", 0...Int(Int32.max), \.replication.backlogTime),
        Directive(name: "replica-announce-ip", isMutable: true) {
            options, words throws(OptionError) in
            let word = try one(words)
            // Said as one word of a command, and shown by INFO.
            guard word.utf8.count < 256, word.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
            else { throw OptionError("argument must be an address or a name without spaces") }
            options.replication.greeting.address = word
        } get: {
            $0.replication.greeting.address
        },
        number("replica-announce-port", 0...65535, \.replication.greeting.announcedPort),
        flag("replica-serve-stale-data", \.replication.servesStale),
        number(
            "min-replicas-to-write", 0...Int(Int32.max), \.replication.writeCondition.replicas),
        seconds(
            "min-replicas-max-lag", 0...Int(Int32.max),
            \.replication.writeCondition.longestSilence),
    ]

    /// A time that is written in seconds and kept in milliseconds.
    private static func seconds(
        _ name: String, _ range: ClosedRange<Int>,
        _ path: any WritableKeyPath<NodeOptions, Int64> & Sendable
    ) -> Directive {
        value(name, path) { words throws(OptionError) in
            Int64(try integer(words, range)) * 1000
        } _: {
            String($0 / 1000)
        }
    }
}
