// All that can happen to a node. Closed: a new kind of event is a new case.

package import ClusterWire

/// Something that happened.
package enum Input: Equatable, Sendable {
    /// Every 100 ms.
    case tick
    /// The time came for which `Effect.timer` asked.
    case timer
    /// A message, already decoded: malformed bytes never reach the core.
    case message(Message, on: LinkID)
    /// A frame that could not be decoded: counted, never believed.
    case refused(WireError, MessageType?, on: LinkID)
    /// A frame that was longer than is kept: its bytes were let go unread.
    case passedBy(MessageType, length: UInt32, on: LinkID)
    /// A message that an operator's filter lets nobody hear: counted, and its sender is there.
    case filtered(MessageType, from: NodeID?)
    /// A connection stands. `local` and `peer` are the addresses that the connection shows.
    case linkOpened(LinkID, local: IPText, peer: IPText)
    /// A connection ended, or could not be made. Not said of links that the core closed itself.
    case linkClosed(LinkID)
    case command(AdminCommand, from: ClientID)
    /// What the data store says of itself.
    case store(StoreReport)
    /// A save, and all before it, is on disk.
    case persisted(Generation)
    /// A save failed, and with it what waits for it and for later ones.
    case persistFailed(Generation, SystemFault)
    /// All counts begin anew.
    case resetStatistics
    /// Settings changed.
    case configure(ClusterConfig)
}

/// A client that waits for a reply; numbered by the shell.
package struct ClientID: Hashable, Sendable {
    package let number: UInt32
    package init(_ number: UInt32) { self.number = number }
}

/// Why the system refused something, in words.
package struct SystemFault: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// What the data store knows that the rules need.
package struct StoreReport: Equatable, Sendable {
    /// Our own replication offset.
    package var offset: ReplicationOffset
    /// Whether any key is held.
    package var isEmpty: Bool
    /// Slots that hold keys.
    package var occupied: SlotSet
    /// As a replica: milliseconds since the master was last heard on the replication link; nil
    /// when no copy was ever made.
    package var copyAge: Int64?

    package init(
        offset: ReplicationOffset = 0, isEmpty: Bool = true, occupied: SlotSet = SlotSet(),
        copyAge: Int64? = nil
    ) {
        self.offset = offset
        self.isEmpty = isEmpty
        self.occupied = occupied
        self.copyAge = copyAge
    }
}
