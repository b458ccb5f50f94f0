// Who gets a slot when claims differ: the claim with the strictly greater epoch, or any claim on a
// slot that nobody owns or whose owner no longer claims it. A node that claims with an old epoch is sent
// UPDATE. A claim that changes nothing is found by comparing bitmaps, without a walk over slots.
// Follows bus protocol §4.8 with the rules of Valkey 8 for open slots; DECISIONS D10.

import ClusterWire

enum SlotOwnership {
    /// Reads which slots a header claims for its sender. Returns what a replica's header says of its master, if that is
    /// not what we know.
    static func learn(
        _ header: Header, from sender: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) -> SlotUpdate? {
        let subject =
            header.saysMaster ? sender : state.nodes.findMember(header.replicaOf) ?? sender
        let unchanged =
            header.slots == state.nodes[subject].slots
            && (state.slots.notClaimed.isEmpty
                || state.slots.notClaimed.isDisjoint(with: header.slots))
        guard !unchanged else { return nil }
        var claimOfMaster: SlotUpdate?
        if header.saysMaster {
            claim(header.slots, for: sender, at: header.configEpoch, &state, &context)
        } else if subject != sender && !header.slots.isEmpty {
            // A replica tells what its master claims, which may be out of reach for us.
            claimOfMaster = SlotUpdate(
                configEpoch: header.configEpoch, node: header.replicaOf, slots: header.slots)
        }
        if subject != sender && header.configEpoch < state.nodes[subject].configEpoch {
            // Its own master is the one to know first: it may have to take its place.
            tell(sender, about: subject, &state, &context)
        } else {
            tellNewerOwner(
                of: header.slots, claimedAt: header.configEpoch, by: sender, &state, &context)
        }
        return claimOfMaster
    }

    /// Whether an UPDATE about a node tells what is not known. Of an owner that is silent, a claim at an epoch that we
    /// know already counts, too, since it cannot send it itself any more.
    static func isNews(_ update: SlotUpdate, of node: NodeHandle, _ state: ClusterState) -> Bool {
        update.configEpoch > state.nodes[node].configEpoch
            || update.configEpoch == state.nodes[node].configEpoch
                && state.nodes[node].isUnhealthy
                && !update.slots.subtracting(state.nodes[node].slots).isEmpty
    }

    /// UPDATE: another node names the owner of slots at a newer epoch.
    ///
    /// - Source: bus protocol §4.8, "UPDATE reception"; DECISIONS D66.
    static func learn(
        _ update: SlotUpdate, from sender: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        resolveCollision(with: update, &state, &context)
        guard let node = state.nodes.findMember(update.node), node != .myself,
            isNews(update, of: node, state)
        else { return }
        guard Epochs.isBelievable(update.configEpoch, of: sender, &state, context) else {
            return Epochs.refuse(update.configEpoch, of: sender, &state, &context)
        }
        if !state.nodes[node].isMaster { state.setRole(.master, of: node, &context) }
        state.setConfigEpoch(update.configEpoch, of: node, &context)
        state.giveUpElection(at: update.configEpoch, &context)
        // The node may hold what it claims already: it was not a master before.
        context.pending.insert(.health)
        claim(update.slots, for: node, at: update.configEpoch, &state, &context)
    }

    /// An UPDATE names another owner of our slots at our own configEpoch, and that owner is silent. Nodes that
    /// know it would never accept our claim, so this node takes a greater epoch.
    ///
    /// - Source: bus protocol §4.11; DECISIONS D66.
    private static func resolveCollision(
        with update: SlotUpdate, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard state.me.isMaster, update.configEpoch == state.me.configEpoch,
            update.node != state.myID, !update.slots.intersection(state.me.slots).isEmpty
        else { return }
        if let node = state.nodes.findMember(update.node), !state.nodes[node].isUnhealthy { return }
        Epochs.raise(because: .collision(with: update.node), &state, &context)
    }

    /// What a claim took from this node or its master.
    private struct Losses {
        var lost = 0
        var dirty = SlotSet()
        var taken = 0
        var from: NodeID?
    }

    /// Applies a claim of a node on slots at an epoch.
    static func claim(
        _ claimed: SlotSet, for claimant: NodeHandle, at epoch: Epoch,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard claimant != .myself else { return }
        let current = state.shardMaster
        var losses = Losses()
        let owned = state.nodes[claimant].slots
        if !state.slots.notClaimed.isEmpty {
            state.slots.notClaimed = state.slots.notClaimed
                .subtracting(owned.intersection(claimed))
        }
        var taken = SlotSet()
        for slot in claimed.subtracting(owned)
        where isTaken(slot, at: epoch, from: current, &losses, state, context) {
            taken.insert(slot)
        }
        retarget(taken, to: claimant, &state, &context)
        state.assign(taken, to: claimant, &context)
        let released = owned.subtracting(claimed)
        if !released.isEmpty {
            // Or it still owns them, and this message was read late: its answer to a PING tells.
            let isNews = !released.subtracting(state.slots.notClaimed).isEmpty
            if claimed.isEmpty && isNews { Sending.ping(claimant, &state, &context) }
            state.slots.notClaimed = state.slots.notClaimed.union(released)
            finishImports(of: released, from: claimant, &state, &context)
            if context.has(.absentClaim) { state.assign(released, to: nil, &context) }
        }
        state.nodes[claimant].shareSlots(with: claimed)
        if losses.taken > 0 {
            let id = state.nodes[claimant].id
            context.note(.slotsTaken(by: id, count: losses.taken, from: losses.from))
            if losses.lost > 0 && state.me.isMaster {
                context.note(.slotsLost(count: losses.lost, to: id))
            }
            state.countReplaced(losses.from, &context)
        }
        settle(
            losses, with: claimant, claimedCount: claimed.count, at: epoch, of: current, &state,
            &context)
    }

    /// Whether a claim at an epoch takes a slot from whoever has it.
    private static func isTaken(
        _ slot: Slot, at epoch: Epoch, from current: NodeHandle, _ losses: inout Losses,
        _ state: ClusterState, _ context: StepContext
    ) -> Bool {
        let owner = state.slots.owner(of: slot)
        let isFree = owner == nil || state.slots.notClaimed.contains(slot)
        if let owner, !isFree, state.nodes[owner].configEpoch >= epoch {
            guard context.has(.equalClaim), state.nodes[owner].configEpoch == epoch else {
                return false
            }
        }
        if context.has(.demotedOwner), let owner, !state.nodes[owner].isMaster { return false }
        if owner == .myself && state.store.occupied.contains(slot) { losses.dirty.insert(slot) }
        if owner == current { losses.lost += 1 }
        losses.taken += 1
        if let owner { losses.from = state.nodes[owner].id }
        return true
    }

    /// A migrating or importing slot stays open if the claim is of the same shard, and becomes stable
    /// otherwise.
    private static func retarget(
        _ taken: SlotSet, to claimant: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        let (id, shard) = (state.nodes[claimant].id, state.nodes[claimant].shard)
        if shard != state.me.shard {
            for move in state.slots.migrating.list where taken.contains(move.slot) {
                state.setMigrating(move.slot, to: nil, &context)
            }
        }
        for move in state.slots.importing.list where taken.contains(move.slot) && move.node != id {
            let sourceShard = state.nodes.find(move.node).map { state.nodes[$0].shard }
            state.setImporting(move.slot, from: sourceShard == shard ? id : nil, &context)
        }
    }

    /// The source of an import no longer claims the slot: this node finishes the import by claiming it.
    private static func finishImports(
        of released: SlotSet, from claimant: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard state.me.isMaster, !state.slots.importing.isEmpty else { return }
        let source = state.nodes[claimant].id
        var finished = false
        for move in state.slots.importing.list
        where move.node == source && released.contains(move.slot) {
            state.setImporting(move.slot, from: nil, &context)
            guard state.slots.owner(of: move.slot) != .myself else { continue }
            state.assign(move.slot, to: .myself, &context)
            finished = true
        }
        if finished {
            Epochs.raiseToGreatest(because: .importFinished, &state, &context)
        }
    }

    /// A master that lost its last slot to the claimant becomes its replica.
    ///
    /// - Source: bus protocol §4.8, "Afterwards".
    private static func settle(
        _ losses: Losses, with claimant: NodeHandle, claimedCount: Int, at epoch: Epoch,
        of current: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        let sameShard = state.nodes[claimant].shard == state.me.shard
        let currentIsEmpty = state.nodes[current].slotCount == 0
        var followsClaimant = losses.lost > 0
        if !followsClaimant && claimedCount == 0 && currentIsEmpty && sameShard
            && state.me.master != state.nodes[claimant].id
            && state.nodes[current].configEpoch < epoch
        {
            followsClaimant = true
        }
        let mayFollow =
            context.config.allowReplicaMigration || claimedCount == losses.lost || sameShard
        if followsClaimant && currentIsEmpty && mayFollow && state.nodes[claimant].isMaster {
            Roles.becomeReplica(of: claimant, &state, &context)
        } else if !losses.dirty.isEmpty {
            context.emit(.dropKeys(in: losses.dirty))
        }
    }

    /// Tells a node that claims slots with an old epoch of the first newer owner, or of one of the same
    /// epoch that cannot say so itself.
    ///
    /// - Source: bus protocol §4.8, "UPDATE emission"; DECISIONS D66.
    static func tellNewerOwner(
        of claimed: SlotSet, claimedAt epoch: Epoch, by sender: NodeHandle,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        let newer =
            newerOwner(of: claimed, than: epoch, besides: sender, state)
            ?? newerOwner(of: claimed, than: epoch, besides: sender, state, orSilentAtIt: true)
        if let newer { tell(sender, about: newer.owner, &state, &context) }
    }

    private static func tell(
        _ sender: NodeHandle, about owner: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard let update = Compose.update(state, about: owner) else { return }
        context.note(.updateSent(to: state.nodes[sender].id, about: update.node))
        Sending.send(.update(update), to: sender, &state, &context)
    }

    /// The first of the slots that another node owns at a greater epoch; or, if asked, a suspect at the
    /// same.
    static func newerOwner(
        of claimed: SlotSet, than epoch: Epoch, besides sender: NodeHandle, _ state: ClusterState,
        orSilentAtIt: Bool = false
    ) -> (slot: Slot, owner: NodeHandle)? {
        // Mostly the sender owns all that it claims, and nothing is walked.
        for slot in claimed.subtracting(state.nodes[sender].slots) {
            guard let owner = state.slots.owner(of: slot), owner != sender,
                state.nodes[owner].configEpoch > epoch
                    || orSilentAtIt && state.nodes[owner].configEpoch == epoch
                        && state.nodes.isUnhealthy(owner),
                !state.slots.notClaimed.contains(slot)
            else { continue }
            return (slot, owner)
        }
        return nil
    }
}
