// The transitions that several rules need: who owns a slot, what role, condition, epoch or address a node
// has, how one is added and deleted. They keep the counts in step, so that the quorum is never computed from
// a stale size, and each marks for itself what must be saved, judged or told because of it.

import ClusterWire

// MARK: Slots and roles

extension ClusterState {
    /// Makes `owner` the owner of each of these slots; nil: nobody's.
    mutating func assign(_ set: SlotSet, to owner: NodeHandle?, _ context: inout StepContext) {
        guard !set.isEmpty else { return }
        context.pending.formUnion([.save, .health])
        if !slots.notClaimed.isEmpty { slots.notClaimed = slots.notClaimed.subtracting(set) }
        for former in slots.setOwner(owner, of: set) where former != owner {
            nodes[former].own(nodes[former].slots.subtracting(set))
        }
        guard let owner else { return }
        let hadNone = nodes[owner].slotCount == 0
        nodes[owner].own(nodes[owner].slots.union(set))
        // Where masters have replicas, one that gets its first slot may have some, too (§6.6).
        if hadNone && nodes[owner].isMaster && nodes.counts.leaders > 0 {
            nodes[owner].peerFlags.insert(.migrateTo)
        }
    }

    /// Makes `owner` the owner of a slot; nil: nobody's.
    mutating func assign(_ slot: Slot, to owner: NodeHandle?, _ context: inout StepContext) {
        var set = SlotSet()
        set.insert(slot)
        assign(set, to: owner, &context)
    }

    /// Changes a node's role and nothing else; the slots stay with their owner.
    mutating func setRole(_ role: Role, of node: NodeHandle, _ context: inout StepContext) {
        nodes.setRole(role, of: node)
        // A node that is no member yet is neither saved nor counted.
        if nodes[node].isMember { context.pending.formUnion([.save, .health]) }
    }

    /// A slot is on its way to another node, or is not any more.
    mutating func setMigrating(_ slot: Slot, to node: NodeID?, _ context: inout StepContext) {
        slots.migrating[slot] = node
        context.pending.formUnion([.save, .health])
    }

    /// A slot is on its way here from another node, or is not any more.
    mutating func setImporting(_ slot: Slot, from node: NodeID?, _ context: inout StepContext) {
        slots.importing[slot] = node
        context.pending.formUnion([.save, .health])
    }
}

// MARK: Epochs

extension ClusterState {
    /// A later epoch came up. It needs no mark: what we say of ourselves has changed, and that is saved.
    mutating func reach(_ epoch: Epoch) { currentEpoch = max(currentEpoch, epoch) }

    /// A node has this configEpoch; no configEpoch is beyond the current one.
    mutating func setConfigEpoch(
        _ epoch: Epoch, of handle: NodeHandle, _ context: inout StepContext
    ) {
        nodes[handle].configEpoch = epoch
        reach(epoch)
        context.pending.insert(.save)
    }

    /// Another node has taken the epoch of our election as its configEpoch without votes: our claim at it would
    /// be no newer. Votes are asked for anew at the next epoch, but only with the next tick: a node that makes
    /// up such claims must not have us use up epochs at the speed of the network.
    ///
    /// - Source: DECISIONS D39; compare bus protocol §4.2, step 3b.
    mutating func giveUpElection(at epoch: Epoch, _ context: inout StepContext) {
        if election.giveUp(at: epoch) { context.note(.electionExpired(epoch)) }
    }

    /// Somebody took over from a master: an election of ours may wait for that.
    mutating func countReplaced(_ former: NodeID?, _ context: inout StepContext) {
        guard let row = former.flatMap({ nodes.find($0) }), nodes[row].isUnhealthy else { return }
        let waits = election.replaced(
            in: nodes[row].shard, mine: me.shard, at: context.now.monotonic)
        if waits { context.pending.insert(.election) }
    }
}

// MARK: Conditions

extension ClusterState {
    /// We suspect a node: PFAIL.
    mutating func markPFail(_ handle: NodeHandle, _ context: inout StepContext) {
        nodes[handle].condition = .pfail(since: context.now.monotonic)
        context.note(.markedPFail(nodes[handle].id))
        context.pending.formUnion([.health, .suspicions])
    }

    /// Marks a node FAIL. FAIL messages about it are decided by that, and vote requests that waited are looked
    /// at.
    mutating func markFail(_ handle: NodeHandle, _ context: inout StepContext) {
        nodes[handle].condition = .fail(since: context.now.monotonic)
        failures.open.close(handle)
        context.pending.formUnion([.save, .health])
        if !failures.open.requests.isEmpty { context.pending.insert(.votes) }
        if myMaster == handle { context.pending.insert(.election) }
    }

    /// A node is well again.
    mutating func markHealthy(_ handle: NodeHandle, _ context: inout StepContext) {
        nodes[handle].condition = .healthy
        context.pending.formUnion([.save, .health])
    }
}

// MARK: Who is known, and where

extension ClusterState {
    /// Adds a node with a random shard id; nil when the table is full.
    mutating func add(
        _ id: NodeID, at address: NodeAddress, seenAt: IPText = IPText(), as stage: Stage,
        _ context: inout StepContext
    ) -> NodeHandle? {
        var node = KnownNode(
            id: id, shard: ShardID(NodeID(using: &context.random)), address: address,
            createdAt: context.now.monotonic)
        node.stage = stage
        node.locate(at: address, seenAt: seenAt)
        guard let handle = nodes.add(node) else {
            context.note(.ignored(.nodeLimit, from: nil))
            return nil
        }
        return handle
    }

    /// A node sends its id with its first answer: the handshake is done.
    mutating func admit(_ handle: NodeHandle, as id: NodeID, _ context: inout StepContext) {
        nodes.rename(handle, to: id)
        nodes[handle].stage = .member
        nodes[handle].needsMeet = false
        nodes[handle].isToBeIntroduced = true
        nodes[handle].mayNotKnowUs = true
        nodes[handle].news = .many
        context.note(.nodeMet(id, nodes[handle].address))
        context.pending.formUnion([.save, .health])
    }

    /// The header of a node known from gossip alone has come: it is a member, is saved, and others are told of
    /// it.
    mutating func confirm(_ handle: NodeHandle, _ context: inout StepContext) {
        nodes[handle].stage = .member
        nodes[handle].isFiltered = false
        if nodes[handle].news == .none { nodes[handle].news = .few }
        context.pending.formUnion([.save, .health])
    }

    /// Deletes a node: its slots become nobody's, its replicas lose their master, what it reported
    /// is gone, its links are closed.
    ///
    /// - Source: bus protocol §4.14.
    mutating func delete(_ handle: NodeHandle, _ context: inout StepContext) {
        let id = nodes[handle].id
        if nodes[handle].isMember { context.pending.formUnion([.save, .health]) }
        slots.migrating.removeAll(of: id)
        slots.importing.removeAll(of: id)
        assign(nodes[handle].slots, to: nil, &context)
        closeOutbound(of: handle, &context)
        if let link = nodes[handle].inbound { closeInbound(link, &context) }
        connections.unbind(handle)
        for other in nodes.handles where other != handle {
            nodes.forgetReports(of: other, by: handle)
            if nodes[other].master == id { setRole(.replica(of: nil), of: other, &context) }
        }
        failures.open.close(handle)
        claims.forget(handle)
        keptWords.drop(of: handle)
        addresses.forget(handle)
        nodes.remove(handle)
    }

    /// A node is at this address now, as it announces it and as a connection of it showed.
    mutating func move(
        _ handle: NodeHandle, to address: NodeAddress, seenAt: IPText,
        _ context: inout StepContext
    ) {
        nodes[handle].hasAddress = true
        nodes[handle].locate(at: address, seenAt: seenAt)
        context.pending.formUnion([.save, .health])
    }

    /// The address of a node is not known any more.
    mutating func loseAddress(of handle: NodeHandle, _ context: inout StepContext) {
        nodes[handle].hasAddress = false
        nodes[handle].locate(at: .none)
        closeOutbound(of: handle, &context)
        context.pending.formUnion([.save, .health])
    }

    /// This node is at this address now.
    mutating func announce(ip: IPText, _ context: inout StepContext) {
        membership.leave(me.address.ip)
        nodes[.myself].announce(ip: ip)
        context.pending.insert(.save)
    }

    /// A node says these names of itself.
    mutating func setNames(
        of handle: NodeHandle, hostname: String, nodeName: String, _ context: inout StepContext
    ) {
        guard nodes[handle].hostname != hostname || nodes[handle].nodeName != nodeName else {
            return
        }
        nodes[handle].name(hostname: hostname, nodeName: nodeName)
        context.pending.insert(.save)
    }

    /// A node announces this for clients.
    mutating func setAnnouncement(
        _ clients: ClientAnnouncement, of handle: NodeHandle, _ context: inout StepContext
    ) {
        guard nodes[handle].clients != clients else { return }
        nodes[handle].clients = clients
        context.pending.insert(.save)
    }

    /// A node is in this shard, and so are the replicas of a master.
    mutating func setShard(
        _ shard: ShardID, of handle: NodeHandle, _ context: inout StepContext
    ) {
        guard nodes[handle].shard != shard else { return }
        nodes[handle].shard = shard
        if nodes[handle].isMaster {
            for replica in replicas(of: nodes[handle].id) { nodes[replica].shard = shard }
        }
        context.pending.insert(.save)
    }
}
