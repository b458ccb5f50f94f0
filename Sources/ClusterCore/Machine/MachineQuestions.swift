// What can be asked of a machine between two steps. A machine that is a property of an object is copied by each
// question, which is cheap and not for every message.

public import ClusterWire

extension Machine {
    /// A snapshot of this node's view of the cluster.
    public var view: ClusterView { ClusterView(state) }

    /// The id of this node.
    public var id: NodeID { state.myID }

    /// Whether this node is a master or a replica, and of which master.
    public var role: Role { state.me.role }

    /// The text of nodes.conf if it is saved now.
    public func nodesFile(at now: Instant) -> [UInt8] { Array(NodesFile.text(state, now).utf8) }

    /// Whether a command on a slot is served here, and else where the client is redirected.
    public func route(_ query: SlotQuery) -> SlotRoute { state.route(query) }

    /// Whether a slot is moving from here or to here, so that its keys may be at either end: then
    /// `SlotQuery.present` and `missing` count.
    public func isMigratingOrImporting(_ slot: Slot) -> Bool { state.isMigratingOrImporting(slot) }

    /// What a node announces as its address; nil when it is not known.
    public func address(of id: NodeID) -> NodeAddress? {
        state.nodes.find(id).map { state.nodes[$0].address }
    }

    /// As a replica: where its master is, if that is known.
    public var masterAddress: NodeAddress? {
        guard let master = state.myMaster, state.nodes[master].canBeReached else { return nil }
        return state.nodes[master].place
    }

    /// Whether this node knows another, be it a member or known from gossip alone.
    public func knows(_ id: NodeID) -> Bool { state.nodes.find(id) != nil }

    /// Whether this node, a master that came back without keys, waits for a replica to take its place: nobody may
    /// copy from it meanwhile.
    public func awaitsFailover(at now: Instant) -> Bool {
        Returning.waits(state, context.config, at: now.monotonic)
    }

    /// Whether a connection belongs to a known node: it may send longer messages than others.
    public func isKnownPeer(on link: LinkID) -> Bool { state.isKnownPeer(on: link) }

    /// Whether an inbound connection is that of a handshake: it is not closed as unknown yet.
    public func isMeeting(on link: LinkID) -> Bool { state.isMeeting(on: link) }

    /// The slots that the next header on this connection most likely claims, for
    /// `Message.decode(_:expecting:)`: a bitmap that is the same is not decoded anew.
    public func slotsExpected(on link: LinkID) -> SlotSet { state.slotsExpected(on: link) }

    /// Whether a vote, a request for votes or a claim waits for the disk: the save is urgent.
    public var awaitsSave: Bool { !state.durability.waiting.isEmpty }
}

// MARK: Asked of many machines at once by a simulation, without a copy of each.

extension Machine {
    package var isVotingMaster: Bool { state.me.isVotingMaster }
    package func hasHeard(of id: NodeID) -> Bool { state.nodes.findMember(id) != nil }

    package func holdsFailed(_ id: NodeID) -> Bool {
        state.nodes.find(id).map { state.nodes[$0].condition.isFailed } ?? false
    }
    /// Whether it has met it.
    package func hasMet(_ id: NodeID) -> Bool {
        state.nodes.find(id).map { !state.nodes[$0].isHandshake } ?? false
    }
    package func slots(of id: NodeID) -> SlotSet? {
        state.nodes.find(id).map { state.nodes[$0].slots }
    }

    /// Where it believes a node to be.
    package func place(of id: NodeID) -> NodeAddress? {
        state.nodes.find(id).map { state.nodes[$0].place }
    }
}
