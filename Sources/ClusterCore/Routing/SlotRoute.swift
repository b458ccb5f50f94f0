// Where a command on a slot belongs: here, to another node, or nowhere for now. A pure function of what
// the node believes and of what the command asks; the questions come in the order of bus protocol §9.8.
// Finding the keys of a command, and the words of the reply, are for the server.

public import ClusterWire

/// What has to be known of a command on the keys of one slot.
public struct SlotQuery: Equatable, Sendable {
    /// The slot of all its keys.
    public var slot: Slot
    /// It may change a key.
    public var writes = false
    /// The client said ASKING just before, or the command stands for itself in that.
    public var isAsking = false
    /// The client said READONLY: a replica may answer what it reads.
    public var takesReplica = false
    /// It moves keys to another node, so that it is served on either end of a slot's way.
    public var movesKeys = false
    /// It names two keys that differ.
    public var hasSeveralKeys = false
    /// How many of its keys are held here, and how many are not. Asked only of slots that
    /// `ClusterState.isOnItsWay` names; else both may stay 0.
    public var present = 0
    /// Keys that are not held here.
    public var missing = 0
    /// The server answers reads while the cluster is down.
    public var readsWhenDown = false
    /// As a replica, the server holds a copy of its master's keys.
    public var holdsCopy = false

    /// A command that reads one key.
    public init(_ slot: Slot) { self.slot = slot }
}

/// Where a command belongs.
public enum SlotRoute: Equatable, Sendable {
    /// Here and now.
    case serve
    /// To this node, the owner of the slot: MOVED.
    case moved(to: NodeID)
    /// This time to this node, to which the slot is moving: ASK.
    case ask(NodeID)
    /// Keys of the command are on both ends of the slot's way: TRYAGAIN.
    case tryAgain
    /// Nowhere for now: CLUSTERDOWN.
    case down(Reason)

    /// Why a command belongs nowhere.
    public enum Reason: Hashable, Sendable {
        /// Nobody owns the slot.
        case unowned
        /// The cluster does not serve.
        case cluster
        /// The cluster does not serve; this node answers reads all the same, and this is none.
        case writesOnly
    }
}

extension ClusterState {
    /// Whether a slot is moving from here or to here, so that its keys may be at either end.
    package func isOnItsWay(_ slot: Slot) -> Bool {
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
        if !health.isOK {
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
        if query.takesReplica, !query.writes, query.holdsCopy, let master = me.master,
            nodes.find(master) == owner
        {
            return .serve
        }
        return owner == .myself ? .serve : .moved(to: nodes[owner].id)
    }
}
