// What checkers see: the occurrences of a run, in their order, and the state of the world beside them. Checkers
// know nothing of what a rule intends.

import ClusterCore
import ClusterWire
import DataPlane

/// Something that happened in the world. All checkers see each one.
enum Occurrence {
    /// The process of a node has started from its disk.
    case started(Int)
    /// A message has reached a node, whose rules have not seen it yet.
    case received(Header, Body, by: Int)
    /// The rules of a node have taken a message; none of their effects is carried out yet.
    case took(TakenMessage)
    /// The rules of a node have taken a message that a stranger sent in a node's name.
    case forged(ForgedStep)
    /// A node noted something.
    case noted(Note, by: Int)
    /// A message leaves a node for another.
    case said(Header, Body, by: Int, to: Int)
    /// All effects of a step have been carried out.
    case stepped(Int)
    /// A command was carried out by a node, with these effects.
    case answered(AdminCommand, [Effect], by: Int)
    /// What a node wrote is synced.
    case saved(Int)
    /// The process of a node has ended, but not its computer: files that are written but not synced stay.
    case ended(Int)
    case faultBegan(Fault)
    case faultEnded(Fault)
    /// Each 200 ms: all nodes can be compared, and what is on its way between them measured.
    case surveyed(VirtualNetwork)
    /// Something happened to keys.
    case data(DataOccurrence)
}

/// What happens where nodes hold keys.
enum DataOccurrence {
    /// A client was told that a replica has its write.
    case confirmed(ConfirmedWrite)
    /// A node has put a whole copy in the place of what it held: of which node, and what that held when the copy
    /// began, where that is still known.
    case copied(Int, from: Int, SHA1Digest?)
    /// A node, a replica until then, holds its keys as a master from now on.
    case promoted(Int)
    /// A node answered a read.
    case read(Int)
    /// An operator begins to move these slots without their keys.
    case moved([Slot])
    /// Faults are over, no client writes any more, and the nodes of these groups agree.
    case settled([[Int]])
}

/// A write of which a client was told that a replica has it.
struct ConfirmedWrite {
    /// The number of the key.
    let key: Int
    let number: Int
    /// Microseconds when it was confirmed.
    let at: Int64
    let master: ProcessName
    /// Who had acknowledged it by then.
    let replicas: [ProcessName]
}

/// A step in which a node took a message.
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
    /// Keys of each node's process; empty where nodes hold none.
    var servers: [DataServer?] = []
}
