// Counts of messages by type, as CLUSTER INFO prints them.

import ClusterWire

/// Messages sent and received, by type.
package struct Statistics: Equatable, Sendable {
    package private(set) var sent = [UInt64](repeating: 0, count: MessageType.knownCount)
    package private(set) var received = [UInt64](repeating: 0, count: MessageType.knownCount)

    init() {}

    mutating func countSent(_ type: MessageType) {
        if Int(type.rawValue) < sent.count { sent[Int(type.rawValue)] &+= 1 }
    }
    mutating func countReceived(_ type: MessageType) {
        if Int(type.rawValue) < received.count { received[Int(type.rawValue)] &+= 1 }
    }
    mutating func reset() { self = Statistics() }
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
