// What is said of a node's role, slots and epoch elsewhere than on our own link to it is a claim: the node is asked,
// and what it answers is taken. A claim whose node does not answer for a node timeout is believed if it came on a
// proven connection, since the dead cannot confirm who took their place. Until then slots of ours that it names are
// not served, and no vote is given to an older claim on them.
//
// - Source: DECISIONS D99.

import ClusterWire

enum Claims {
    /// Whether a header says of its sender what is not known of it.
    static func isNews(_ header: Header, of sender: NodeHandle, _ state: ClusterState) -> Bool {
        let node = state.nodes[sender]
        guard header.flags.contains(.noFailover) == node.peerFlags.contains(.noFailover) else {
            return true
        }
        if header.saysMaster {
            guard node.isMaster, header.configEpoch == node.configEpoch else { return true }
            return header.slots != node.slots
                || !state.slots.notClaimed.isEmpty
                    && !state.slots.notClaimed.isDisjoint(with: header.slots)
        }
        if node.isMaster { return true }
        return node.master != header.replicaOf
            && (node.master != nil || state.nodes.findMember(header.replicaOf) != nil)
    }

    /// A node's own header, on a connection that it made, says what is not known of it.
    static func heard(
        _ header: Header, of sender: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        keep(.own(header), of: sender, &state, &context)
    }

    /// A node tells of the slots of another.
    static func heard(
        _ update: SlotUpdate, from teller: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard context.config.confirms, !context.has(.believeUpdates),
            let subject = state.nodes.findMember(update.node), subject != .myself
        else { return SlotOwnership.learn(update, from: teller, &state, &context) }
        // On our own link it says so itself.
        guard SlotOwnership.isNews(update, of: subject, state) else { return }
        keep(.update(update, from: teller), of: subject, &state, &context)
    }

    private static func keep(
        _ word: Claim.Word, of subject: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        state.claims.keep(word, of: subject, at: context.now.monotonic)
        ask(subject, &state, &context)
        state.dispute()
    }

    /// Pings a node whose word is needed, unless it has been asked and has not answered: it is asked again then.
    static func ask(
        _ handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard state.nodes[handle].outbound.isOpen, !state.nodes[handle].isAsked else { return }
        Sending.ping(handle, amount: .least, &state, &context)
        state.nodes[handle].ask()
        state.claims.markAsked(handle)
        state.statistics.trust.asked &+= 1
    }

    /// An unproven connection says what is not known: its node is asked, a few times a tick at most.
    static func askForUnproven(
        _ handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard !state.nodes[handle].isAsked, state.nodes[handle].outbound.isOpen,
            state.claims.mayAsk(handle)
        else { return }
        ask(handle, &state, &context)
    }

    /// An answer on our own link was read: if it is the one to our question, what was claimed of the node before is
    /// settled. What has been claimed since is asked about.
    static func answered(
        by handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard state.nodes[handle].countAnswer(), !state.claims.isEmpty else { return }
        for claim in state.claims.take(where: { $0.subject == handle && $0.isAsked }) {
            if isKnown(claim, state) {
                state.statistics.trust.confirmed &+= 1
            } else {
                state.statistics.trust.denied &+= 1
                context.note(.claimDenied(of: state.nodes[handle].id, by: teller(claim, state)))
            }
        }
        if state.claims.concerns(handle) { ask(handle, &state, &context) }
        state.dispute()
    }

    /// Our link to a node stands, and its first message was a PING: claims that were heard before are settled by its
    /// answer.
    static func opened(_ handle: NodeHandle, _ state: inout ClusterState) {
        guard state.claims.concerns(handle) else { return }
        state.nodes[handle].ask()
        state.claims.markAsked(handle)
    }

    /// Tick: believes the claims whose nodes have not answered for a node timeout.
    static func expire(_ state: inout ClusterState, _ context: inout StepContext) {
        state.claims.beginTick()
        guard !state.claims.isEmpty else { return }
        let oldest = context.now.monotonic - context.config.nodeTimeout
        let overdue = state.claims.take { $0.heardAt < oldest }
        guard !overdue.isEmpty else { return }
        state.dispute()
        for claim in overdue where state.nodes.contains(claim.subject) {
            believe(claim, &state, &context)
        }
    }

    private static func believe(
        _ claim: Claim, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        state.statistics.trust.unanswered &+= 1
        let subject = claim.subject
        if !isKnown(claim, state) {
            context.note(.claimUnanswered(of: state.nodes[subject].id, by: teller(claim, state)))
        }
        switch claim.word {
        case .update(let update, let teller):
            SlotOwnership.learn(update, from: teller, &state, &context)
        case .own(let header):
            guard Epochs.isBelievable(header.configEpoch, of: subject, &state, context) else {
                return
            }
            Epochs.learn(header, of: subject, &state, &context)
            guard Roles.learn(header, of: subject, &state, &context) else { return }
            if let update = SlotOwnership.learn(header, from: subject, &state, &context) {
                heard(update, from: subject, &state, &context)
            }
            Epochs.resolveCollision(with: subject, header, &state, &context)
        }
    }

    private static func teller(_ claim: Claim, _ state: ClusterState) -> NodeID {
        guard case .update(_, let teller) = claim.word else { return state.nodes[claim.subject].id }
        return state.nodes[teller].id
    }

    /// Whether what is claimed is what is known by now.
    private static func isKnown(_ claim: Claim, _ state: ClusterState) -> Bool {
        switch claim.word {
        case .own(let header): !isNews(header, of: claim.subject, state)
        case .update(let update, _): !SlotOwnership.isNews(update, of: claim.subject, state)
        }
    }
}

extension ClusterState {
    /// Slots of ours that a claim names at a later epoch are not served until it is settled.
    mutating func dispute() {
        var disputed = SlotSet()
        if me.isMaster && me.slotCount > 0 {
            for claim in claims.claims where claim.word.epoch > me.configEpoch {
                disputed = disputed.union(claim.word.slots.intersection(me.slots))
            }
        }
        if slots.disputed != disputed { slots.disputed = disputed }
    }
}
