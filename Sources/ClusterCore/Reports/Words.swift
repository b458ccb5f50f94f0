// The one table of words that the protocol's texts fix. Code says master and replica; these texts say what tools read.

import ClusterWire

/// The protocol's own words for roles and states.
package enum Word {
    package static let master = "master"
    package static let replica = "slave"
    /// In CLUSTER SHARDS alone the newer word is used.
    package static let shardReplica = "replica"
    package static let myself = "myself"

    /// Flags in the order in which CLUSTER NODES prints them.
    static let flags: [(NodeFlags, String)] = [
        (.myself, myself), (.master, master), (.replica, replica), (.pfail, "fail?"),
        (.fail, "fail"), (.handshake, "handshake"), (.noAddress, "noaddr"),
        (.noFailover, "nofailover"),
    ]
    static let noFlags = "noflags"

    static func text(_ flags: NodeFlags) -> String {
        let words = Self.flags.filter { flags.contains($0.0) }.map(\.1)
        return words.isEmpty ? noFlags : words.joined(separator: ",")
    }
}
