// What must come true once faults stop: every group whose nodes can all talk, and which holds a
// majority of the masters that own slots, agrees on nodes, slots, roles and state; nobody suspects the
// living; and no slot is without service that has a living heir.

import ClusterCore
import ClusterWire

/// Looking at a whole world at one moment.
enum Agreement {
    /// The first thing that the members of a group do not agree on, or that is wrong although they
    /// agree; nil when all is well.
    static func problem(_ group: [Int], _ machines: [Machine], heirsMustServe: Bool) -> String? {
        guard let first = group.first else { return nil }
        let reference = machines[first].state
        let members = group.map { machines[$0].state.myID }
        for member in group {
            if let text = difference(machines[member].state, reference, members) {
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
        // Who is gone need not be known to all; slots of the gone are served by nobody anyway.
        for id in members {
            guard let mine = state.nodes.find(id) else { return "does not know \(id.short)" }
            guard let other = reference.nodes.find(id) else { return "knows \(id.short)" }
            if let text = difference(state, mine, reference, other, members) { return text }
        }
        return nil
    }

    /// About one living node.
    private static func difference(
        _ state: ClusterState, _ handle: NodeHandle, _ reference: ClusterState, _ other: NodeHandle,
        _ members: [NodeID]
    ) -> String? {
        let (node, known) = (state.nodes[handle], reference.nodes[other])
        if node.slots != known.slots {
            return "gives \(node.id.short) \(node.slotCount) slots, not \(known.slotCount)"
        }
        // Which of those who are gone a replica followed need not be known.
        let masters = [node.master, known.master].compactMap { $0 }
        let isOrphan =
            !node.isMaster && !known.isMaster && !masters.contains { members.contains($0) }
        if node.role != known.role && !isOrphan {
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
