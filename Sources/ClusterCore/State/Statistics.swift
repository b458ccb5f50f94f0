// Counts of messages by type, as CLUSTER INFO prints them.

import ClusterWire

/// Messages sent and received, by type.
package struct Statistics: Equatable, Sendable {
    package private(set) var sent = [UInt64](repeating: 0, count: MessageType.knownCount)
    package private(set) var received = [UInt64](repeating: 0, count: MessageType.knownCount)
    /// Links closed because what waited on them passed the limit.
    package internal(set) var linksOverLimit: UInt64 = 0

    init() {}

    mutating func countSent(_ type: MessageType) {
        if Int(type.rawValue) < sent.count { sent[Int(type.rawValue)] &+= 1 }
    }
    mutating func countReceived(_ type: MessageType) {
        if Int(type.rawValue) < received.count { received[Int(type.rawValue)] &+= 1 }
    }
    mutating func reset() { self = Statistics() }
}
