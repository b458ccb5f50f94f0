// What the operator does at bad moments: orders to single nodes, reshardings that go step by step as
// redis-cli takes them and stop where a step is refused, and acts after which no rule can bring all to
// agree. Those are written down: what was expected of the end is not expected then.

import ClusterCore
import ClusterWire

/// Slots on their way from one node to another, by the operator's hand.
struct Reshard: Sendable {
    enum Stage: Sendable { case open, give, letGo }
    var from: Int
    var to: Int
    var slots: [Slot]
    var stage = Stage.open
}

extension World {
    mutating func perform(_ act: OperatorAct) {
        switch act {
        case .failover(let node, let kind): failOver(node, kind)
        case .reshard(let from, let to, let count): beginReshard(from, to, count)
        case .replicate(let node, let master):
            guard let id = id(ofShard: master) else { return }
            order(.replicate(Argument(id)), to: node)
        case .resetEmpty(let node, let isHard):
            if machines[node].state.nodes[.myself].slotCount == 0 { reset(node, isHard) }
        case .resetOwner(let node, let isHard):
            guard nodes[node].isUp, machines[node].state.nodes[.myself].slotCount > 0 else {
                return
            }
            exempt("n\(node), which owns slots, is reset")
            reset(node, isHard)
        case .forget(let node, let byHalf): forget(node, byHalf)
        }
    }

    /// From now on nothing is expected of the end, for this reason.
    private mutating func exempt(_ reason: String) {
        trace.record(now, "exempt: \(reason)")
        checking.exempt(Exemption(time: now, reason: reason))
    }

    /// Gives a command to a node that is up. Returns whether it was taken.
    @discardableResult
    private mutating func order(_ order: AdminCommand, to node: Int) -> Bool {
        guard nodes[node].isUp, !nodes[node].isPaused else { return false }
        operators.lastReply = nil
        command(order, to: node)
        return operators.lastReply == .ok
    }

    private mutating func failOver(_ node: Int, _ kind: OperatorAct.FailoverKind) {
        switch kind {
        case .asked: order(.failover(Argument(.asked)), to: node)
        case .forced: order(.failover(Argument(.forced)), to: node)
        case .takeover: order(.failover(Argument(.takeover)), to: node)
        }
    }

    private mutating func reset(_ node: Int, _ isHard: Bool) {
        guard order(.reset(Argument(isHard ? .hard : .soft)), to: node) else { return }
        nodes[node].data = VirtualData()
        returned(node, isNew: true)
    }

    private mutating func forget(_ node: Int, _ byHalf: Bool) {
        guard nodes[node].isUp else { return }
        let id = machines[node].id
        var done = 0
        for (place, other) in nodes.indices.filter({ $0 != node }).enumerated()
        where !byHalf || place % 2 == 0 {
            if order(.forget(Argument(id)), to: other) { done += 1 }
        }
        if done > 0 { exempt("n\(node), which lives, is forgotten by \(done) others") }
    }

    // MARK: Resharding

    /// The node itself when it is a master, or its master.
    private func id(ofShard node: Int) -> NodeID? {
        let state = machines[node].state
        return state.nodes[.myself].isMaster ? state.myID : state.nodes[.myself].master
    }

    private mutating func beginReshard(_ one: Int, _ other: Int, _ count: Int) {
        guard let from = id(ofShard: one).flatMap({ node(named: $0) }),
            let to = id(ofShard: other).flatMap({ node(named: $0) }), from != to
        else { return }
        let slots = Array(machines[from].state.nodes[.myself].slots.prefix(count))
        guard !slots.isEmpty else { return }
        tell(.data(.moved(slots)))
        operators.reshards.append(Reshard(from: from, to: to, slots: slots))
        advanceReshards()
    }

    /// Each resharding goes one stage further, or ends where a node refuses.
    mutating func advanceReshards() {
        let going = operators.reshards
        operators.reshards = []
        for var reshard in going {
            let isTaken = reshard.slots.allSatisfy { advance(reshard, $0) }
            guard isTaken else { continue }
            switch reshard.stage {
            case .open: reshard.stage = .give
            case .give: reshard.stage = .letGo
            case .letGo: continue
            }
            operators.reshards.append(reshard)
        }
    }

    private mutating func advance(_ reshard: Reshard, _ slot: Slot) -> Bool {
        let from = Argument(machines[reshard.from].id)
        let to = Argument(machines[reshard.to].id)
        let slot = Argument(slot)
        switch reshard.stage {
        case .open:
            return order(.setSlot(slot, .importing(from: from)), to: reshard.to)
                && order(.setSlot(slot, .migrating(to: to)), to: reshard.from)
        case .give: return order(.setSlot(slot, .node(to)), to: reshard.to)
        case .letGo: return order(.setSlot(slot, .node(to)), to: reshard.from)
        }
    }
}

/// Why what is expected of the end was not expected of a run.
package struct Exemption: Equatable, Sendable {
    /// Microseconds since the world began.
    package var time: Int64
    package var reason: String
}
