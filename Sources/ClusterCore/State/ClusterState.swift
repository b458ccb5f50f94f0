// Everything one node believes: the table of nodes, who owns which slot, its epochs, and the memory of each
// rule. What changes several of them at once, or must be saved, judged or told when it changes, is a
// transition in Transitions.swift or Connections.swift.

package import ClusterWire

/// What one node believes. A value: copying it gives a snapshot.
package struct ClusterState: Sendable {
    package internal(set) var nodes: NodeTable
    package internal(set) var slots = SlotMap()
    package internal(set) var currentEpoch: Epoch = 0
    package internal(set) var health = Health()
    /// What the data store last said.
    package internal(set) var store = StoreReport()
    package internal(set) var forgotten = Blacklist()
    package internal(set) var statistics = Statistics()
    package internal(set) var connections = Connections()
    package internal(set) var membership = Membership()

    // The memory of one rule each.
    package internal(set) var election = ElectionMemory()
    package internal(set) var manualFailover: ManualFailoverState?
    package internal(set) var votes = VoteMemory()
    var durability: Durability
    var failures = FailureMemory()
    var heartbeats = HeartbeatMemory()
    var migration = MigrationMemory()
    var claims = ClaimMemory()
    var keptWords = KeptWords()
    var addresses = AddressMemory()

    package init(myself id: NodeID, shard: ShardID, address: NodeAddress) {
        var me = KnownNode(id: id, shard: shard, address: address, createdAt: 0)
        me.role = .master
        nodes = NodeTable(me)
        durability = Durability(
            SelfFacts(
                currentEpoch: 0, configEpoch: 0, role: .master, slots: SlotSet(), shard: shard))
    }

    package var me: KnownNode {
        // Lent in place: reading one field must not copy the row.
        _read { yield nodes[.myself] }
    }
    package var myID: NodeID { nodes[.myself].id }

    /// The epoch of our last vote; zero before the first.
    package var lastVoteEpoch: Epoch { votes.lastEpoch }

    /// Masters with at least one slot.
    package var size: Int { nodes.counts.voters }

    /// Masters that must agree before a node has failed or an election is won.
    package var quorum: Int { size / 2 + 1 }

    /// What we would say of ourselves if all of it were on disk.
    var selfFacts: SelfFacts {
        SelfFacts(
            currentEpoch: currentEpoch, configEpoch: me.configEpoch, role: me.role,
            slots: me.slots, shard: me.shard)
    }

    /// The node that serves our slots: ourselves, or our master if we know it.
    package var shardMaster: NodeHandle {
        guard let id = me.master, let master = nodes.find(id) else { return .myself }
        return master
    }

    /// Our master's row, when we are a replica and know it.
    var myMaster: NodeHandle? { me.master.flatMap { nodes.find($0) } }

    /// Whether we are a replica of this node.
    func follows(_ handle: NodeHandle) -> Bool {
        !nodes[.myself].isMaster && nodes[.myself].master == nodes[handle].id
    }

    /// Whether something that was claimed of a node waits for its answer.
    package func waits(forAnswerOf id: NodeID) -> Bool {
        guard !claims.isEmpty, let handle = nodes.find(id) else { return false }
        return claims.concerns(handle)
    }

    /// Replicas of a master, in the order of their ids.
    package func replicas(of master: NodeID) -> [NodeHandle] {
        guard let row = nodes.find(master), nodes[row].replicaCount > 0 else { return [] }
        return nodes.handles.filter { nodes[$0].master == master }
    }

    /// Follows masters of masters to a node that is one, at most as many steps as there are nodes.
    ///
    /// - Source: bus protocol §12 row 23.
    func topmostMaster(of handle: NodeHandle) -> NodeHandle {
        var at = handle
        var seen = [at]
        while let id = nodes[at].master, let next = nodes.find(id), !seen.contains(next) {
            at = next
            seen.append(next)
        }
        return at
    }
}
