// What checkers are told of: the moments of a run, in the order in which they come, and what they
// may look at. They know nothing of what a rule intends.

import ClusterCore
import ClusterWire

/// Something that happened in the world. All checkers are told of each.
enum Occurrence {
    /// The process of a node has started from its disk.
    case started(Int)
    /// A message has reached a node, which has not taken it yet.
    case received(Header, Body, by: Int)
    /// A node took a message; nothing of what it wants done is done yet.
    case took(TakenMessage)
    /// A node noted something.
    case noted(Note, by: Int)
    /// A message leaves a node for another.
    case said(Header, Body, by: Int, to: Int)
    /// All is done that a node wanted done in a step.
    case stepped(Int)
    /// A command was carried out by a node, with these effects.
    case answered(AdminCommand, [Effect], by: Int)
    /// What a node wrote is synced.
    case saved(Int)
    /// The process of a node has ended, and its machine did not: what is in place stays in place.
    case ended(Int)
    case faultBegan(Fault)
    case faultEnded(Fault)
    /// It is time to look at all nodes together, and at what waits between them.
    case surveyed(VirtualNetwork)
}

/// A step in which a node heard a message.
struct TakenMessage {
    let node: Int
    let header: Header
    let body: Body
    /// Who owned what for this node before.
    let before: SlotMap
    let effects: [Effect]
}

/// What checkers may look at beside the moment.
struct WorldView {
    /// Microseconds since the world began.
    let now: Int64
    let nodes: [VirtualNode]
    /// The machine of each node's process, the last one while it is down.
    let machines: [Machine]
}
