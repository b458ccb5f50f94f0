// What must come true once faults stop: every group whose nodes can all talk, and which holds a
// majority of the masters that own slots, agrees on nodes, slots, roles and state; nobody suspects the
// living; and no slot is without service that has a living heir.

import ClusterCore
import ClusterWire

/// Looking at a whole world at one moment.
enum Agreement {
    /// The first thing that the members of a group do not agree on, or that is wrong although they
    /// agree; nil when all is well.
    static func problem(_ group: [Int], _ nodes: [VirtualNode], heirsMustServe: Bool) -> String? {
        guard let first = group.first, let reference = nodes[first].machine?.state else {
            return nil
        }
        let members = group.compactMap { nodes[$0].machine?.state.myID }
        for member in group {
            guard let state = nodes[member].machine?.state else { return "n\(member) is down" }
            if let text = difference(state, reference, members) {
                return "n\(member) \(text) (beside n\(first))"
            }
        }
        return unserved(reference, members, heirsMustServe)
    }

    private static func difference(
        _ state: ClusterState, _ reference: ClusterState, _ members: [NodeID]
    ) -> String? {
        if state.health.isOK != reference.health.isOK {
            return "says \(state.health.isOK ? "ok" : "fail")"
        }
        if state.size != reference.size {
            return "counts \(state.size) masters with slots, not \(reference.size)"
        }
        // Nodes that died young need not be known to all; who owns slots or lives must be.
        for handle in state.nodes.handles {
            let id = state.nodes[handle].id
            let isMember = members.contains(id)
            guard isMember || state.nodes[handle].slotCount > 0 else { continue }
            guard let other = reference.nodes.find(id) else {
                return "knows \(id.short), which is not known"
            }
            if state.nodes[handle].slots != reference.nodes[other].slots {
                return "gives \(id.short) \(state.nodes[handle].slotCount) slots, not "
                    + "\(reference.nodes[other].slotCount)"
            }
            guard isMember else { continue }
            if let text = difference(state, handle, reference, other) { return text }
        }
        for id in members where state.nodes.find(id) == nil {
            return "does not know \(id.short)"
        }
        return nil
    }

    /// About one living node.
    private static func difference(
        _ state: ClusterState, _ handle: NodeHandle, _ reference: ClusterState, _ other: NodeHandle
    ) -> String? {
        let (node, known) = (state.nodes[handle], reference.nodes[other])
        if node.role != known.role {
            return "takes \(node.id.short) for \(node.role), not \(known.role)"
        }
        if handle != .myself && node.isSuspect { return "suspects \(node.id.short), which lives" }
        if node.isMaster && node.configEpoch != known.configEpoch {
            return "takes \(node.id.short) to be at \(node.configEpoch), not \(known.configEpoch)"
        }
        return nil
    }

    /// All agree; is what they agree on right?
    private static func unserved(
        _ state: ClusterState, _ members: [NodeID], _ heirsMustServe: Bool
    ) -> String? {
        var isServed = state.slots.assignedCount == Layout.slotCount
        for handle in state.nodes.handles where state.nodes[handle].slotCount > 0 {
            let id = state.nodes[handle].id
            if members.contains(id) && state.nodes[handle].isMaster { continue }
            isServed = false
            let heirs = members.filter { member in
                state.nodes.find(member).map { state.nodes[$0].master == id } ?? false
            }
            if heirsMustServe, let heir = heirs.first {
                return "slots of \(id.short) are not served, \(heir.short) could"
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
                let node = state.nodes[handle]
                claims.append((node.id, node.configEpoch, node.slots))
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
