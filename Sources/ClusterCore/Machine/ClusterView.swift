// What a node believes, to be read: who is known, who owns which slot, whether the cluster serves. It is a
// snapshot; what is only of use to rules is not in it.

public import ClusterWire

/// What one node believed at a moment.
public struct ClusterView: Sendable {
    private let state: ClusterState

    init(_ state: ClusterState) { self.state = state }

    /// One known node.
    public struct Node: Equatable, Sendable, Identifiable {
        /// Its id.
        public let id: NodeID
        /// Whether it is the node whose view this is.
        public let isMyself: Bool
        /// What it is.
        public let role: Role
        /// Whether it is healthy, PFAIL or FAIL.
        public let condition: Condition
        /// In handshake: its real id is not known yet, and `id` is a temporary one that this node gave it.
        public let isHandshake: Bool
        /// The address that it announces.
        public let address: NodeAddress
        /// Empty when it announces none.
        public let hostname: String
        /// Its shard id, which for a replica is that of its master.
        public let shard: ShardID
        /// Its own configEpoch; reports and headers show for a replica the one of its master.
        public let configEpoch: Epoch
        /// The slots that it owns: a replica owns none.
        public let slots: SlotSet
        /// Its replication offset, from its last header.
        public let offset: ReplicationOffset
        /// Whether our connection to it stands.
        public let isConnected: Bool

        init(_ row: KnownNode, isMyself: Bool) {
            id = row.id
            self.isMyself = isMyself
            role = row.role
            condition = row.condition
            isHandshake = row.isHandshake
            address = row.address
            hostname = row.hostname
            shard = row.shard
            configEpoch = row.configEpoch
            slots = row.slots
            offset = row.offset
            isConnected = isMyself || row.outbound.isOpen
        }
    }

    /// The node whose view this is.
    public var me: Node { Node(state.me, isMyself: true) }

    /// All nodes whose own header has come or that are being met, this one among them, in the order of their ids.
    public var nodes: [Node] {
        state.nodes.handles.filter { state.nodes[$0].isShown }.map(node)
    }

    /// The node with this id, if it is a member: its own header has come.
    public func node(_ id: NodeID) -> Node? { state.nodes.findMember(id).map(node) }

    private func node(_ handle: NodeHandle) -> Node {
        Node(state.nodes[handle], isMyself: handle == .myself)
    }

    /// The master that owns a slot; nil: nobody.
    public func owner(of slot: Slot) -> NodeID? {
        state.slots.owner(of: slot).map { state.nodes[$0].id }
    }

    /// The slots that have an owner.
    public var assignedSlotCount: Int { state.slots.assignedCount }

    /// Whether the cluster serves, and why or why not.
    public var isOK: Bool { state.health.isOK }
    /// Why the cluster serves or does not.
    public var reason: Note.HealthReason { state.health.reason }

    /// The currentEpoch of this node: the greatest epoch that it has seen.
    public var currentEpoch: Epoch { state.currentEpoch }
    /// The epoch of this node's last vote; zero before the first.
    public var lastVoteEpoch: Epoch { state.lastVoteEpoch }

    /// Masters with at least one slot.
    public var size: Int { state.size }
    /// Masters that must agree before a node has failed or an election is won.
    public var quorum: Int { state.quorum }
}
