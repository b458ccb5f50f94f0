// Carrying out the plan of faults, and taking them back. Faults nest: two that block one way both
// have to end before it is free.

import ClusterCore
import ClusterWire
import Determinism

extension World {
    /// Arranges the plan, counted from now.
    mutating func arrangeFaults() {
        for (index, planned) in plan.faults.enumerated() {
            schedule.add(.fault, at: now + planned.start, index: index)
            if let end = planned.end { schedule.add(.repair, at: now + end, index: index) }
        }
    }

    mutating func begin(_ fault: Fault, index: Int = -1) {
        trace.record(now, "fault: \(fault)")
        tell(.faultBegan(fault))
        switch fault {
        case .crash(let node, let isSilent, let losesDisk):
            crash(node, isSilent: isSilent)
            if losesDisk { nodes[node].disk.erase() }
        case .move(let node, let isSilent): crash(node, isSilent: isSilent)
        case .swap(let one, let other):
            crash(one, isSilent: false)
            crash(other, isSilent: false)
        case .pause(let node): if nodes[node].isUp { nodes[node].pauses += 1 }
        case .partition(let side): divide(side) { $0.block(from: $1, to: $2) }
        case .cut(let from, let to, let mayNotKnowUs):
            network.block(from: from, to: to)
            if !mayNotKnowUs { network.block(from: to, to: from) }
        case .reset(let one, let other):
            for end in network.openEnds(of: one) where network.ends[end ^ 1].node == other {
                breakConnection(end)
            }
        case .slow(let node, let delay): nodes[node].slowness += delay
        case .slowDisk(let node, let delay): nodes[node].disk.slowness += delay
        case .refusingDisk(let node): nodes[node].disk.refusals += 1
        case .clockJump(let node, let milliseconds): nodes[node].jump(by: milliseconds)
        case .clockDrift(let node, let parts): nodes[node].setDrift(parts, at: now)
        case .garbage(let from, let to, let shape): inject(shape, from: from, to: to)
        case .forge(let forgery): beginForging(forgery, fault: index)
        case .operate(let act): perform(act)
        }
    }

    mutating func repair(_ fault: Fault, index: Int = -1) {
        trace.record(now, "repaired: \(fault)")
        tell(.faultEnded(fault))
        switch fault {
        case .crash(let node, _, _): start(node)
        case .move(let node, _):
            if !nodes[node].isUp { move(node, to: addresses.nextSpare()) }
            start(node)
        case .swap(let one, let other):
            if !nodes[one].isUp && !nodes[other].isUp { swapAddresses(one, other) }
            start(one)
            start(other)
        case .pause(let node): resume(node)
        case .partition(let side):
            divide(side) { $0.unblock(from: $1, to: $2) }
            releaseHeld()
        case .cut(let from, let to, let mayNotKnowUs):
            network.unblock(from: from, to: to)
            if !mayNotKnowUs { network.unblock(from: to, to: from) }
            releaseHeld()
        case .forge: endForging(fault: index)
        case .reset, .clockJump, .garbage, .operate: break
        case .slow(let node, let delay): nodes[node].slowness -= delay
        case .slowDisk(let node, let delay): nodes[node].disk.slowness -= delay
        case .refusingDisk(let node): nodes[node].disk.refusals -= 1
        case .clockDrift(let node, _): nodes[node].setDrift(0, at: now)
        }
    }

    /// The process ends, with the power or without.
    mutating func crash(_ node: Int, isSilent: Bool) {
        guard nodes[node].isUp else { return }
        nodes[node].isUp = false
        nodes[node].isSilent = isSilent
        // Nothing of what waited for the process reaches it any more.
        nodes[node].pauses = 0
        wake(node)
        loseMemory(node, withPower: isSilent)
        data?.servers[node] = nil
        for end in network.openEnds(of: node) {
            if isSilent { network.close(end) } else { closeEnd(end) }
        }
    }

    /// What a machine that is silent had not synced is lost, or not; a process that ends loses nothing
    /// that was acknowledged.
    private mutating func loseMemory(_ node: Int, withPower: Bool) {
        defer { nodes[node].acknowledged = Generation(0) }
        if withPower { return nodes[node].disk.losePower(&random) }
        nodes[node].disk.kill()
        tell(.ended(node))
    }

    // MARK: Addresses

    mutating func move(_ node: Int, to address: NodeAddress) {
        leaveAddress(node)
        addresses.set(nil, at: nodes[node].address)
        nodes[node].address = address
        addresses.set(node, at: address)
    }

    /// Who knocks at the address that a node leaves does not find the node elsewhere. Only where nodes ask who is at an
    /// address: runs without a stranger are kept as they were.
    private mutating func leaveAddress(_ node: Int) {
        guard config.confirms else { return }
        for end in network.ends.indices
        where network.ends[end].node == node && !network.ends[end].isForged
            && !network.ends[end].isOpen && network.ends[end ^ 1].isOpen
        {
            network.removeAll(on: end ^ 1)
            put(.fin, on: end)
        }
    }

    private mutating func swapAddresses(_ one: Int, _ other: Int) {
        leaveAddress(one)
        leaveAddress(other)
        let (first, second) = (nodes[one].address, nodes[other].address)
        (nodes[one].address, nodes[other].address) = (second, first)
        addresses.set(one, at: second)
        addresses.set(other, at: first)
    }

    // MARK: Ways and processes

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
        guard nodes[node].pauses > 0 else { return }
        nodes[node].pauses -= 1
        if !nodes[node].isPaused { wake(node) }
    }

    /// What waited for a process happens now.
    private mutating func wake(_ node: Int) {
        let waiting = nodes[node].deferred
        nodes[node].deferred = []
        for event in waiting {
            schedule.add(event.kind, at: now, node: Int(event.node), index: Int(event.index))
        }
    }

    // MARK: Garbage

    /// Bytes that nobody sent come out of a connection of two nodes, if they have one.
    private mutating func inject(_ shape: Garbage, from: Int, to: Int) {
        // TCP carries a stream of keys as it was sent; the bus has to bear whatever comes.
        let end = network.openEnds(of: from).first {
            network.ends[$0 ^ 1].node == to && !network.ends[$0].carriesData
        }
        guard let end, nodes[from].isUp else { return }
        network.lanes[end].hasGarbage = true
        put(.bytes(bytes(of: shape, from: from)), on: end)
    }

    private mutating func bytes(of shape: Garbage, from node: Int) -> [UInt8] {
        let header = Header(
            sender: machines[node].id, currentEpoch: machines[node].state.currentEpoch)
        let body = Body.unknown(MessageType(rawValue: 200), [1, 2, 3])
        var frame = Message.full(header, body).encode() ?? []
        switch shape {
        case .noise:
            frame = (0...random.below(64)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        case .cutMessage: frame.removeLast(1 + random.below(frame.count - 128))
        case .absurdLength: for place in 4..<8 { frame[place] = 0xFF }
        case .otherVersion: frame[9] = 2
        case .unknownType: break
        }
        return frame
    }
}
