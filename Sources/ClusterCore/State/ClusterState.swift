// Everything one node believes, and the few transitions that several rules need: who owns a slot,
// what role a node has, how one is added and deleted. They keep the counts in step, so that the
// quorum is never computed from a stale size.

package import ClusterWire

/// What one node believes. A value: copy it, compare it, print it.
package struct ClusterState: Equatable, Sendable {
    package internal(set) var nodes: NodeTable
    package internal(set) var slots = SlotMap()
    package internal(set) var currentEpoch: Epoch = 0
    package internal(set) var lastVoteEpoch: Epoch = 0
    package internal(set) var health = Health()
    package internal(set) var candidacy: Candidacy?
    package internal(set) var manualFailover: ManualFailoverState?
    package internal(set) var forgotten = Blacklist()
    package internal(set) var statistics = Statistics()
    /// Inbound connections, by the shell's number.
    package internal(set) var inbound: [InboundLink?] = []
    /// On how many of those a stranger has said a name.
    var claimCount = 0
    /// What the data store last said.
    package internal(set) var store = StoreReport()

    /// What headers may say: the last facts known to be on disk.
    var durable: SelfFacts
    var saves = Saves()
    var promises: [Promise] = []
    /// Nodes that we found out have failed, of which others tell first.
    var untoldFailures: [NodeID] = []
    /// What was heard of failures and is not decided.
    var openFailures = OpenFailures()
    var votesGiven = VotesGiven()
    /// Whom our last vote was for, as long as the process lives.
    var lastVoteFor: NodeID?
    /// The newest request for votes for a replica of another master.
    var requestHeard = RequestHeard()
    var roundTrips = RoundTrips()
    /// Never part of a cluster: it has nobody to wait for.
    package internal(set) var isNewborn = true
    /// Where this node was before it was where it is; empty when that is not known.
    private(set) var formerIP = IPText()
    /// Somebody has reached this process at its address.
    var isReached = false
    /// Started as a master from its file, and a master ever since.
    var returnedAsMaster = false
    /// Everybody is to be told what we are once the save under way is confirmed.
    var owesNews = false
    /// The replica said that it will not stand, and why need not be said at each tick.
    var stoodAside = false
    /// Tells our links to one node from each other.
    var linkSerial: UInt32 = 0
    var ticks: UInt64 = 0
    /// Connections that may be asked for until the next tick.
    var connectsLeft = ClusterConfig.connectsPerTick
    /// Some master has been without replicas for a while.
    var hasOrphans = false

    package init(myself id: NodeID, shard: ShardID, address: NodeAddress) {
        var me = KnownNode(id: id, shard: shard, address: address, createdAt: 0)
        me.role = .master
        nodes = NodeTable(me)
        durable = SelfFacts(
            currentEpoch: 0, configEpoch: 0, role: .master, slots: SlotSet(), shard: shard)
    }

    package var me: KnownNode {
        // Lent in place: reading one field must not copy the row.
        _read { yield nodes[.myself] }
    }
    package var myID: NodeID { nodes[.myself].id }

    /// Masters with at least one slot.
    package var size: Int { nodes.tally.voters }

    /// Masters that must agree before a node has failed or an election is won.
    package var quorum: Int { size / 2 + 1 }

    /// The node that serves our slots: ourselves, or our master if we know it.
    package var shardMaster: NodeHandle {
        guard let id = me.master, let master = nodes.find(id) else { return .myself }
        return master
    }

    /// Somebody has taken the epoch of our election for its own configuration without asking: a claim
    /// at it would be no newer than that one. Votes are asked for anew, at the next
    /// epoch and with the next tick: who makes up such claims must not have us spend epochs at the speed
    /// of the network.
    ///
    /// - Source: DECISIONS D39; compare bus protocol §4.2, step 3b.
    mutating func giveUpElection(at epoch: Epoch, _ turn: inout Turn) {
        guard candidacy?.epoch == epoch else { return }
        turn.note(.electionExpired(epoch))
        candidacy?.giveUpEpoch()
    }

    /// Somebody took over from a master. Returns whether an election of ours waits for its turn and has
    /// to look whether that has come.
    mutating func countReplaced(_ former: NodeID?, at now: Int64) -> Bool {
        guard let row = former.flatMap({ nodes.find($0) }), nodes[row].isSuspect else {
            return false
        }
        let shard = nodes[row].shard
        if requestHeard.shard == shard { requestHeard.isOver = true }
        guard let waiting = candidacy, waiting.isWaiting else { return false }
        if !waiting.isLate && shard < me.shard { candidacy?.pass(shard, at: now) }
        return true
    }

    /// This node is at this address now.
    mutating func announce(ip: IPText) {
        if !nodes[.myself].address.ip.isEmpty { formerIP = nodes[.myself].address.ip }
        nodes[.myself].announce(ip: ip)
    }

    /// Whether we are a replica of this node.
    func follows(_ handle: NodeHandle) -> Bool {
        !nodes[.myself].isMaster && nodes[.myself].master == nodes[handle].id
    }

    /// Our master's row, when we are a replica and know it.
    var myMaster: NodeHandle? { me.master.flatMap { nodes.find($0) } }

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

/// Whether the cluster serves.
///
/// - Source: bus protocol §5.5.
package struct Health: Equatable, Sendable {
    package internal(set) var isOK = false
    /// When it was first judged; 0 for never.
    var firstJudged: Int64 = 0
    /// When a minority was last seen.
    var minorityAt: Int64 = 0
    /// Slots that their owners do not claim, all of them since `unclaimedSince`.
    var unclaimed = SlotSet()
    var unclaimedSince: Int64 = 0
    package internal(set) var reason = Note.HealthReason.slotUncovered
}

extension ClusterState {
    /// Makes `owner` the owner of each of these slots; nil: nobody's.
    mutating func assign(_ set: SlotSet, to owner: NodeHandle?) {
        guard !set.isEmpty else { return }
        if !slots.notClaimed.isEmpty { slots.notClaimed = slots.notClaimed.subtracting(set) }
        for former in slots.setOwner(owner, of: set) where former != owner {
            let kept = nodes[former].slots.subtracting(set)
            nodes[former].slots = kept
            nodes[former].slotCount = kept.count
        }
        guard let owner else { return }
        let hadNone = nodes[owner].slotCount == 0
        let all = nodes[owner].slots.union(set)
        nodes[owner].slots = all
        nodes[owner].slotCount = all.count
        // Where masters have replicas, one that gets its first slot may have some, too (§6.6).
        if hadNone && nodes[owner].isMaster && nodes.tally.leaders > 0 {
            nodes[owner].traits.insert(.migrateTo)
        }
    }

    /// Makes `owner` the owner of a slot; nil: nobody's.
    mutating func assign(_ slot: Slot, to owner: NodeHandle?) {
        var set = SlotSet()
        set.insert(slot)
        assign(set, to: owner)
    }

    /// Changes a node's role and nothing else; the slots stay with their owner.
    mutating func setRole(_ role: Role, of node: NodeHandle) {
        nodes.setRole(role, of: node)
    }

    /// Adds a node with a random shard id; nil when the table is full.
    mutating func add(
        _ id: NodeID, at address: NodeAddress, seenAt: IPText = IPText(), traits: Traits,
        _ turn: inout Turn
    ) -> NodeHandle? {
        var node = KnownNode(
            id: id, shard: ShardID(NodeID(using: &turn.random)), address: address,
            createdAt: turn.now.monotonic)
        node.traits = traits
        node.locate(at: address, seenAt: seenAt)
        guard let handle = nodes.add(node) else {
            turn.note(.ignored(.nodeLimit, from: nil))
            return nil
        }
        return handle
    }

    /// Deletes a node: its slots become nobody's, its replicas lose their master, what it reported
    /// is gone, its links are closed.
    ///
    /// - Source: bus protocol §4.14.
    mutating func delete(_ handle: NodeHandle, _ turn: inout Turn) {
        let id = nodes[handle].id
        slots.migrating.removeAll(of: id)
        slots.importing.removeAll(of: id)
        assign(nodes[handle].slots, to: nil)
        closeOutbound(of: handle, &turn)
        if let link = nodes[handle].inbound { closeInbound(link, &turn) }
        // An inbound connection that was bound before a later one replaced it must not point
        // into a row that another node may reuse.
        for index in inbound.indices where inbound[index]?.node == handle {
            inbound[index]?.node = nil
        }
        for other in nodes.handles where other != handle {
            if !nodes[other].reports.isEmpty {
                nodes[other].reports.removeAll { $0.reporter == handle }
            }
            if nodes[other].master == id { setRole(.replica(of: nil), of: other) }
        }
        openFailures.close(handle)
        nodes.remove(handle)
    }
}

extension ClusterState {
    package static func == (left: ClusterState, right: ClusterState) -> Bool {
        left.nodes == right.nodes && left.slots == right.slots
            && left.currentEpoch == right.currentEpoch
            && left.lastVoteEpoch == right.lastVoteEpoch && left.health == right.health
            && left.candidacy == right.candidacy && left.manualFailover == right.manualFailover
            && left.forgotten == right.forgotten && left.durable == right.durable
            && left.saves == right.saves && left.promises == right.promises
    }
}
