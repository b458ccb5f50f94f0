// All that can happen to a node, and what comes with it. A new kind of event is a new case, which does not
// compile until Machine says which rules take it.

public import ClusterWire

/// Something that happened.
public enum Input: Equatable, Sendable {
    /// Every 100 ms.
    case tick
    /// The time that `Effect.timer` asked for has come.
    case timer
    /// A message, already decoded: malformed bytes never reach the core.
    case message(Message, on: LinkID)
    /// A frame that could not be decoded: it is counted, and nothing of it is used.
    case refused(WireError, MessageType?, on: LinkID)
    /// A frame longer than the limit: its bytes were skipped.
    case oversized(MessageType, length: UInt32, on: LinkID)
    /// A message that a filter of DEBUG dropped: it is counted, and shows that its sender is alive.
    case filtered(MessageType, from: NodeID?)
    /// A connection is open. `local` and `peer` are the addresses that the connection shows.
    case linkOpened(LinkID, local: IPText, peer: IPText)
    /// A connection ended, or could not be made. Not given for links that the core closed itself.
    case linkClosed(LinkID)
    /// An operator or a tool asks for something; `Effect.reply` answers.
    case command(AdminCommand, from: ClientID)
    /// A client publishes: to all subscribers in the cluster, or to those in this shard. Those of this node are
    /// told by the server itself.
    case publish(Publication, toShard: Bool)
    /// The present state of the data store.
    case store(StoreReport)
    /// A save, and all before it, is on disk.
    case persisted(Generation)
    /// A save failed, and with it what waits for it and for later ones.
    case persistFailed(Generation, SystemFault)
    /// CONFIG RESETSTAT: all counters start at 0 again.
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

/// What the rules need to know of the data store.
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
