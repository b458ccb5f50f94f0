// All that can happen to a node. Closed: a new kind of event is a new case.

public import ClusterWire

/// Something that happened.
public enum Input: Equatable, Sendable {
    /// Every 100 ms.
    case tick
    /// The time came for which `Effect.timer` asked.
    case timer
    /// A message, already decoded: malformed bytes never reach the core.
    case message(Message, on: LinkID)
    /// A frame that could not be decoded: counted, never believed.
    case refused(WireError, MessageType?, on: LinkID)
    /// A frame that was longer than is kept: its bytes were let go unread.
    case oversized(MessageType, length: UInt32, on: LinkID)
    /// A message that an operator's filter lets nobody hear: counted, and its sender is there.
    case filtered(MessageType, from: NodeID?)
    /// A connection stands. `local` and `peer` are the addresses that the connection shows.
    case linkOpened(LinkID, local: IPText, peer: IPText)
    /// A connection ended, or could not be made. Not said of links that the core closed itself.
    case linkClosed(LinkID)
    /// An operator or a tool asks for something; `Effect.reply` answers.
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
public struct ClientID: Hashable, Sendable {
    /// Any number; it comes back with the reply.
    public let number: UInt32
    /// - Parameter number: one that no other client has that waits.
    public init(_ number: UInt32) { self.number = number }
}

/// Why the system refused something, in words.
public struct SystemFault: Hashable, Sendable, CustomStringConvertible {
    /// For people.
    public let description: String
    /// - Parameter description: for people, without a final stop.
    public init(_ description: String) { self.description = description }
}

/// What the data store knows that the rules need.
public struct StoreReport: Equatable, Sendable {
    /// Our own replication offset.
    public var offset: ReplicationOffset
    /// Whether any key is held.
    public var isEmpty: Bool
    /// Slots that hold keys.
    public var occupied: SlotSet
    /// As a replica: milliseconds since the master was last heard on the replication link; nil
    /// when no copy was ever made.
    public var copyAge: Int64?

    /// Without arguments: what a server says that holds nothing and copies nothing.
    public init(
        offset: ReplicationOffset = 0, isEmpty: Bool = true, occupied: SlotSet = SlotSet(),
        copyAge: Int64? = nil
    ) {
        self.offset = offset
        self.isEmpty = isEmpty
        self.occupied = occupied
        self.copyAge = copyAge
    }
}
