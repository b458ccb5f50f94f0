// What a stranger's word alone may do: nothing. Each step in which a node takes a message that no node sent is looked
// at: nobody's role, slots, epoch, place or membership is another afterwards, and where the connection was not taken for
// that of the node in whose name he speaks, nobody has failed or got a vote either.

import ClusterCore
import ClusterWire

/// A step in which a node took a message that a stranger sent in another's name.
struct ForgedStep {
    let node: Int
    let header: Header
    let link: LinkID
    let before: ClusterState
}

/// Checks each step in which a forged message was taken.
struct StrangerChecker: Checker {
    init(_ setup: WorldSetup) {}

    @inline(__always)
    mutating func see(_ occurrence: Occurrence, _ world: WorldView) -> Violation? {
        switch occurrence {
        case .forged(let step): look(at: step, world.machines[step.node].state)
        case .started, .received, .took, .noted, .said, .stepped, .answered, .saved, .ended,
            .faultBegan, .faultEnded, .surveyed, .data:
            nil
        }
    }

    private func look(at step: ForgedStep, _ after: ClusterState) -> Violation? {
        // Who answers at the place of a node that left it is taken for that node.
        guard case .inbound = step.link else { return nil }
        let before = step.before
        let name = before.nodes.findMember(step.header.sender)
        let isProven = name.map { after.nodes[$0].inbound == step.link } ?? false
        func broken(_ what: String) -> Violation {
            Violation(
                .strangersWord,
                "n\(step.node) hears somebody as \(step.header.sender.short), and \(what)")
        }
        for handle in before.nodes.handles where before.nodes[handle].isMember {
            let id = before.nodes[handle].id
            guard after.nodes.findMember(id) == handle else { return broken("forgets \(id.short)") }
            let (was, now) = (before.nodes[handle], after.nodes[handle])
            if was.role != now.role { return broken("\(id.short) has another role") }
            if was.slots != now.slots { return broken("\(id.short) has other slots") }
            if was.configEpoch != now.configEpoch { return broken("\(id.short) another epoch") }
            // Its own address it learns from any connection: somebody has reached it there.
            // And who does not answer may be elsewhere.
            if was.place != now.place && handle != .myself && was.pingSent.isNever {
                return broken("\(id.short) is elsewhere")
            }
            guard !isProven else { continue }
            if was.condition != now.condition { return broken("\(id.short) another condition") }
            if was.dataReceived != now.dataReceived || was.pongReceived != now.pongReceived {
                return broken("\(id.short) is taken to live")
            }
        }
        if after.currentEpoch.value > before.currentEpoch.value + (isProven ? 1 << 20 : 0) {
            return broken("its epoch is \(after.currentEpoch)")
        }
        if !isProven && after.lastVoteEpoch != before.lastVoteEpoch { return broken("it votes") }
        return nil
    }
}
