// Counts of messages by type, as CLUSTER INFO prints them.

import ClusterWire

/// Messages sent and received, by type.
package struct Statistics: Equatable, Sendable {
    package private(set) var sent = [UInt64](repeating: 0, count: MessageType.knownCount)
    package private(set) var received = [UInt64](repeating: 0, count: MessageType.knownCount)

    /// What was done about words that anybody could have said.
    package internal(set) var trust = TrustCounts()

    init() {}

    mutating func countSent(_ type: MessageType) {
        if Int(type.rawValue) < sent.count { sent[Int(type.rawValue)] &+= 1 }
    }
    mutating func countReceived(_ type: MessageType) {
        if Int(type.rawValue) < received.count { received[Int(type.rawValue)] &+= 1 }
    }
    mutating func reset() { self = Statistics() }
}

/// Claims and the connections on which they came.
package struct TrustCounts: Equatable, Sendable {
    /// Questions to nodes about which something was claimed.
    package var asked: UInt64 = 0
    /// Claims that the node's own answer confirmed.
    package var confirmed: UInt64 = 0
    /// Claims that it did not confirm.
    package var denied: UInt64 = 0
    /// Claims that were believed because the node did not answer.
    package var unanswered: UInt64 = 0
    /// Nodes that were found to answer, or to speak, at two places.
    package var identityConflicts: UInt64 = 0
    /// Epochs that no cluster can have reached.
    package var epochsRefused: UInt64 = 0
    /// Places that were asked who is there.
    package var probes: UInt64 = 0
    /// Messages of known nodes on connections that are not known to be theirs.
    package var unproven: UInt64 = 0
}

/// What is counted where the bytes are: connections of the bus and what goes over them.
package struct BusFigures: Sendable {
    package var sentBytes: UInt64 = 0
    package var receivedBytes: UInt64 = 0
    /// Of both, those of PUBLISH and PUBLISHSHARD.
    package var publishedBytes: (sent: UInt64, received: UInt64) = (0, 0)
    /// Links closed because what waited on them passed the limit.
    package var linksOverLimit: UInt64 = 0

    package init() {}
}
