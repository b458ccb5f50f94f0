// What must come true once faults stop: every group whose nodes can all talk, and which holds a
// majority of the masters that own slots, agrees on nodes, slots, roles and state; nobody suspects the
// living; and no slot is without service that has a living replica.

import ClusterCore
import ClusterWire

/// Looking at a whole world at one moment. While something is wrong it is looked at first the next
/// time: a large world is looked through once for each thing that has to come right, not for each look.
struct ConvergenceChecker: Sendable {
    /// Whether slots of a master that is gone must be served when it has a replica.
    var replicasMustServe: Bool
    /// The node that had something wrong the last time.
    private var place = 0

    init(replicasMustServe: Bool) { self.replicasMustServe = replicasMustServe }

    /// The first thing that the members of a group do not agree on, or that is wrong although they
    /// agree; nil when all is well.
    mutating func problem(_ group: [Int], _ machines: [Machine]) -> String? {
        guard let first = group.first else { return nil }
        let reference = machines[first].state
        let ids = group.map { machines[$0].id }
        var members = Members(ids, in: reference)
        var known = Identities()
        for id in ids { _ = known.add(id) }
        members.isDecidable = !group.contains { member in
            Self.hasUndecidedOwner(machines[member].state, group, known, machines)
        }
        if let unknown = members.unknown { return "n\(first) does not know \(unknown.short)" }
        for step in group.indices {
            let member = group[(place + step) % group.count]
            if let text = members.difference(machines[member].state, reference) {
                place = (place + step) % group.count
                return "n\(member) \(text) (beside n\(first))"
            }
        }
        return members.isDecidable ? unserved(reference, members.ids, known) : nil
    }

    /// Whether a node that is gone owns slots for this member, and too few voters of the group know it
    /// to find that it has failed or to elect a successor: one of them came back with nothing, was given
    /// slots and never heard it.
    private static func hasUndecidedOwner(
        _ state: ClusterState, _ group: [Int], _ ids: Identities, _ machines: [Machine]
    ) -> Bool {
        state.nodes.handles.contains { handle in
            guard state.nodes[handle].slotCount > 0 else { return false }
            let id = state.nodes[handle].id
            guard ids.find(id) == nil else { return false }
            let observers = group.count {
                machines[$0].isVotingMaster && machines[$0].hasHeard(of: id)
            }
            return observers < state.quorum
        }
    }

    /// All agree; is what they agree on right?
    private func unserved(
        _ state: ClusterState, _ members: [NodeID], _ known: Identities
    ) -> String? {
        var successors: Successors?
        var isServed =
            state.slots.assignedCount == Layout.slotCount && state.slots.notClaimed.isEmpty
        for handle in state.nodes.handles where state.nodes[handle].slotCount > 0 {
            let id = state.nodes[handle].id
            if known.find(id) != nil && state.nodes[handle].isMaster { continue }
            isServed = false
            guard replicasMustServe else { continue }
            let all = successors ?? Successors(of: members, in: state)
            successors = all
            if let replica = all.first(of: id) {
                return "slots of \(id.short) are not served, \(replica.short) could"
            }
        }
        guard state.health.isOK == isServed else {
            return "all say \(state.health.isOK ? "ok" : "fail") and "
                + (isServed ? "every slot is" : "some slots are not") + " served"
        }
        return nil
    }

    /// Masters that own slots by the newest word on each slot, wherever that word is kept.
    static func votingMasters(_ states: [ClusterState]) -> [NodeID] {
        var claims: [(id: NodeID, epoch: Epoch, slots: SlotSet)] = []
        for state in states {
            for handle in state.nodes.handles where state.nodes[handle].slotCount > 0 {
                let belief = state.nodes.belief(about: handle)
                claims.append((state.nodes[handle].id, belief.configEpoch, belief.slots))
            }
        }
        claims.sort { $0.epoch != $1.epoch ? $0.epoch > $1.epoch : $0.id < $1.id }
        var taken = SlotSet()
        var masters: [NodeID] = []
        for claim in claims where !claim.slots.subtracting(taken).isEmpty {
            taken = taken.union(claim.slots)
            if !masters.contains(claim.id) { masters.append(claim.id) }
        }
        return masters
    }
}

/// The first replica of each master, as one node believes.
private struct Successors {
    private var masters = Identities()
    private var replicas: [NodeID] = []

    init(of members: [NodeID], in state: ClusterState) {
        for member in members {
            guard let row = state.nodes.find(member), let master = state.nodes[row].master,
                masters.find(master) == nil, !state.nodes[row].peerFlags.contains(.noFailover)
            else { continue }
            _ = masters.add(master)
            replicas.append(member)
        }
    }

    func first(of master: NodeID) -> NodeID? { masters.find(master).map { replicas[$0] } }
}

/// Nodes that can all talk, and what one of them believes of each.
private struct Members {
    let ids: [NodeID]
    /// Whether it can be agreed on who has failed, and so on whether the cluster serves.
    var isDecidable = true
    private var beliefs: [Belief] = []
    /// The first that is not known.
    private(set) var unknown: NodeID?

    init(_ ids: [NodeID], in reference: ClusterState) {
        self.ids = ids
        beliefs.reserveCapacity(ids.count)
        for id in ids {
            guard let handle = reference.nodes.find(id) else {
                unknown = id
                return
            }
            beliefs.append(Self.claimed(reference.nodes.belief(about: handle), reference))
        }
    }

    /// A belief without the slots that their owner does not claim: those are whose they were until
    /// another is heard to have them, who may be gone.
    private static func claimed(_ belief: Belief, _ state: ClusterState) -> Belief {
        guard !state.slots.notClaimed.isEmpty else { return belief }
        var belief = belief
        belief.slots = belief.slots.subtracting(state.slots.notClaimed)
        return belief
    }

    /// Who is gone need not be known to all; slots of the gone are served by nobody anyway.
    func difference(_ state: ClusterState, _ reference: ClusterState) -> String? {
        if isDecidable && state.health.isOK != reference.health.isOK {
            return "says \(state.health.isOK ? "ok" : "fail")"
        }
        for (index, id) in ids.enumerated() {
            guard let handle = state.nodes.find(id) else { return "does not know \(id.short)" }
            let mine = state.nodes.belief(about: handle)
            if handle != .myself && mine.isUnhealthy { return "suspects \(id.short), which lives" }
            if let text = difference(Self.claimed(mine, state), beliefs[index]) {
                return "\(text) of \(id.short)"
            }
        }
        return nil
    }

    private func difference(_ mine: Belief, _ other: Belief) -> String? {
        if mine.slots != other.slots {
            return "knows of \(mine.slots.count) slots, not \(other.slots.count),"
        }
        if mine.role != other.role && !isOrphan(mine.role, other.role) {
            return "knows the role \(mine.role), not \(other.role),"
        }
        // What an empty master's epoch is decides nothing: after a RESET it may be less than it was.
        if mine.role.isMaster && !mine.slots.isEmpty && mine.configEpoch != other.configEpoch {
            return "knows epoch \(mine.configEpoch), not \(other.configEpoch),"
        }
        return nil
    }

    /// Which of those who are gone a replica followed need not be known.
    private func isOrphan(_ one: Role, _ other: Role) -> Bool {
        for role in [one, other] {
            guard case .replica(let master) = role else { return false }
            if let master, ids.contains(master) { return false }
        }
        return true
    }
}
