// Whether a command on a slot is served here, redirected to another node, or refused for now. A pure function
// of the node's state and of what is known of the command; the checks come in the order of bus protocol §9.8.
// Finding the keys of a command, and the text of the reply, are for the server.

public import ClusterWire

/// What has to be known of a command on the keys of one slot.
public struct SlotQuery: Equatable, Sendable {
    /// The slot of all its keys.
    public var slot: Slot
    /// It may change a key.
    public var writes = false
    /// The client sent ASKING just before, or the command itself has the flag ASKING.
    public var isAsking = false
    /// The client sent READONLY: a replica may answer its reads.
    public var allowsReplica = false
    /// It moves keys to another node (MIGRATE): it is served at the source and at the target of a migrating
    /// slot.
    public var movesKeys = false
    /// It names two keys that differ.
    public var hasSeveralKeys = false
    /// How many of its keys exist here. Needed, as is `missing`, only for slots of which
    /// ``Machine/isMigratingOrImporting(_:)`` is true; else both may stay 0.
    public var present = 0
    /// How many of its keys do not exist here.
    public var missing = 0
    /// It is about a shard channel and not a key: a channel does not move with the keys of its slot, and a replica
    /// serves those of its master.
    public var isShardChannel = false
    /// The server serves shard channels while the cluster is down.
    public var channelsWhenDown = true
    /// The server answers reads while the cluster is down.
    public var readsWhenDown = false
    /// As a replica, the server holds a copy of its master's keys.
    public var holdsCopy = false

    /// A command that reads one key.
    public init(_ slot: Slot) { self.slot = slot }
}

/// What to do with a command.
public enum SlotRoute: Equatable, Sendable {
    /// Serve it here and now.
    case serve
    /// Redirect to this node, the owner of the slot: MOVED.
    case moved(to: NodeID)
    /// Redirect this one command to this node, to which the slot is moving: ASK.
    case ask(NodeID)
    /// Some keys of the command are at the source of the moving slot and some at the target: TRYAGAIN.
    case tryAgain
    /// Refuse it for now: CLUSTERDOWN.
    case down(Reason)

    /// Why a command is refused with CLUSTERDOWN.
    public enum Reason: Hashable, Sendable {
        /// Nobody owns the slot.
        case unowned
        /// The cluster does not serve.
        case cluster
        /// The cluster does not serve; this node answers reads all the same, but this is a write.
        case writesOnly
    }
}

extension ClusterState {
    /// Whether a slot is moving from here or to here, so that its keys may be at either end.
    package func isMigratingOrImporting(_ slot: Slot) -> Bool {
        slots.migrating[slot] != nil || slots.importing[slot] != nil
    }

    /// Where a command belongs.
    ///
    /// - Source: bus protocol §9.8.
    package func route(_ query: SlotQuery) -> SlotRoute {
        let slot = query.slot
        guard let owner = slots.owner(of: slot) else { return .down(.unowned) }
        let target = owner == .myself ? slots.migrating[slot] : nil
        let isImporting = target == nil && slots.importing[slot] != nil
        if !health.isOK && query.isShardChannel {
            guard query.channelsWhenDown else { return .down(.cluster) }
        } else if !health.isOK {
            guard query.readsWhenDown else { return .down(.cluster) }
            if query.writes { return .down(.writesOnly) }
        }
        if (target != nil || isImporting) && query.movesKeys { return .serve }
        if let target, query.missing > 0 {
            if query.present > 0 { return .tryAgain }
            if nodes.find(target) != nil { return .ask(target) }
        }
        if isImporting && query.isAsking {
            return query.hasSeveralKeys && query.missing > 0 ? .tryAgain : .serve
        }
        let isReadable = query.isShardChannel || query.allowsReplica && query.holdsCopy
        if isReadable, !query.writes, let master = me.master, nodes.find(master) == owner {
            return .serve
        }
        guard owner == .myself else { return .moved(to: nodes[owner].id) }
        return slots.disputed.contains(slot) ? .down(.cluster) : .serve
    }
}
