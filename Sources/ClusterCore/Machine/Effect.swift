// All that a node can ask of the world, in the order in which it must be done. The shell and the
// simulator each switch over it exhaustively: a new effect does not compile until both know it.

public import ClusterWire

/// Something to be done.
public enum Effect: Equatable, Sendable {
    /// Save the state as it is after this step. With `sync` it must be on disk before `persisted`
    /// is said. Stands first.
    case persist(Generation, sync: Bool)
    /// Connect to the bus of this node; answer with `linkOpened` or `linkClosed`.
    case connect(LinkID, to: NodeAddress)
    /// Close a connection, after what was sent on it; the core has forgotten it already.
    case close(LinkID)
    /// Send a message on a connection; what cannot be sent is lost: nothing on this bus is sent again.
    case send(Message, on: LinkID)
    /// Send one message on each of these connections, in this order: it is encoded once.
    case broadcast(Message, on: [LinkID])
    /// Say `timer` at this monotonic millisecond, if not before: of several that are asked for only the
    /// earliest need be kept, since the others are asked for again.
    case timer(at: Int64)
    /// Hold writes of clients until this monotonic millisecond; 0 releases them.
    case pauseWrites(until: Int64)
    /// Follow this master; nil: be one.
    case replicate(from: NodeAddress?)
    /// Keys of these slots are not ours any more.
    case dropKeys(in: SlotSet)
    /// Answer a client: at once, or when this save is in the place of the file, so that no end of the
    /// process takes back what was said. If that save fails, say so instead.
    case reply(AdminReply, to: ClientID, after: Generation? = nil)
    /// A typed fact for logs, traces and tests: the core has no logger.
    case note(Note)
}

extension Effect {
    /// The same as effects that concern one connection each: for whoever looks at each message alone.
    public var parts: [Effect] {
        guard case .broadcast(let message, let links) = self else { return [self] }
        return links.map { .send(message, on: $0) }
    }
}
