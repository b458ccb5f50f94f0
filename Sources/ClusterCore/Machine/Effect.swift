// All that the rules can ask for; a step returns its effects in the order in which they must be carried out.
// The host and the simulator each switch over it exhaustively: a new effect does not compile until both know
// it.

public import ClusterWire

/// Something to be done.
public enum Effect: Equatable, Sendable {
    /// Save the state as it is after this step. With `sync`, `Input.persisted` may follow only when it is
    /// synced to disk. Always the first effect of a step.
    case persist(Generation, sync: Bool)
    /// Connect to the bus of this node; answer with `linkOpened` or `linkClosed`.
    case connect(LinkID, to: NodeAddress)
    /// Close a connection once what was sent on it is written; the core has forgotten it already.
    case close(LinkID)
    /// Send a message on a connection; what cannot be sent is lost: nothing on this bus is sent again.
    case send(Message, on: LinkID)
    /// Send one message on each of these connections, in this order: it is encoded once.
    case broadcast(Message, on: [LinkID])
    /// Give `Input.timer` at this monotonic millisecond or before: of several such times only the earliest need
    /// be kept, since the rules ask for the others again.
    case timer(at: Int64)
    /// Pause writes of clients until this monotonic millisecond; 0 ends the pause.
    case pauseWrites(until: Int64)
    /// Replicate from this master; nil: stop, since this node is a master.
    case replicate(from: NodeAddress?)
    /// Delete the keys of these slots: this node does not own them any more.
    case dropKeys(in: SlotSet)
    /// Hand a publication that came from another node to the subscribers of this node: to those of its channel
    /// and of patterns that match it, or, with `toShard`, to those of the shard channel.
    case deliver(Publication, toShard: Bool)
    /// Answer a client: at once, or when this save is written in the place of nodes.conf, so that no crash
    /// undoes what was answered. If that save fails, answer an error instead.
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
