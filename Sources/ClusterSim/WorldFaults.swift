// Carrying out the plan of faults, and taking them back. Faults nest: two that block one way both
// have to end before it is free.

import ClusterCore
import ClusterWire

extension World {
    /// Arranges the plan, counted from now.
    mutating func arrangeFaults() {
        for (index, planned) in plan.faults.enumerated() {
            queue.add(.fault, at: now + planned.start, index: index)
            if let end = planned.end { queue.add(.repair, at: now + end, index: index) }
        }
    }

    mutating func begin(_ fault: Fault) {
        trace.tell(now, "fault: \(fault)")
        switch fault {
        case .crash(let node, let isSilent, let losesDisk):
            crash(node, isSilent: isSilent)
            if losesDisk { nodes[node].disk.erase() }
        case .pause(let node): if nodes[node].isUp { nodes[node].isPaused = true }
        case .partition(let side): divide(side) { $0.block(from: $1, to: $2) }
        case .cut(let from, let to, let isOneWay):
            network.block(from: from, to: to)
            if !isOneWay { network.block(from: to, to: from) }
        case .reset(let one, let other):
            for end in network.openEnds(of: one) where network.ends[end ^ 1].node == other {
                breakConnection(end)
            }
        case .slow(let node, let delay): nodes[node].slowness = delay
        case .slowDisk(let node, let delay): nodes[node].disk.slowness = delay
        case .refusingDisk(let node): nodes[node].disk.refusals += 1
        case .clockJump(let node, let milliseconds): nodes[node].wallOffset += milliseconds
        }
    }

    mutating func repair(_ fault: Fault) {
        trace.tell(now, "repaired: \(fault)")
        switch fault {
        case .crash(let node, _, _): start(node)
        case .pause(let node): resume(node)
        case .partition(let side):
            divide(side) { $0.unblock(from: $1, to: $2) }
            releaseHeld()
        case .cut(let from, let to, let isOneWay):
            network.unblock(from: from, to: to)
            if !isOneWay { network.unblock(from: to, to: from) }
            releaseHeld()
        case .reset, .clockJump: break
        case .slow(let node, _): nodes[node].slowness = 0
        case .slowDisk(let node, _): nodes[node].disk.slowness = 0
        case .refusingDisk(let node): nodes[node].disk.refusals -= 1
        }
    }

    /// The process ends, with the power or without.
    mutating func crash(_ node: Int, isSilent: Bool) {
        guard nodes[node].isUp else { return }
        nodes[node].isUp = false
        nodes[node].isSilent = isSilent
        resume(node)
        nodes[node].disk.crash(&random)
        for end in network.openEnds(of: node) {
            if isSilent { network.close(end) } else { closeEnd(end) }
        }
    }

    private mutating func divide(
        _ side: [Int], _ change: (inout VirtualNetwork, Int, Int) -> Void
    ) {
        for one in side {
            for other in nodes.indices where !side.contains(other) {
                change(&network, one, other)
                change(&network, other, one)
            }
        }
    }

    private mutating func resume(_ node: Int) {
        nodes[node].isPaused = false
        let waiting = nodes[node].deferred
        nodes[node].deferred = []
        for event in waiting {
            queue.add(event.kind, at: now, node: Int(event.node), index: Int(event.index))
        }
    }
}
