// What can happen in the virtual world of clusters.

/// Something that will happen to a node, a lane or the whole world.
struct Event: Sendable {
    enum Kind: UInt8, Sendable {
        /// A node's 100 ms are over; `index` is the incarnation of its process.
        case tick
        /// The time came for which a machine asked; `index` is the incarnation of its process.
        case timer
        /// The head of lane `index` arrives.
        case arrival
        /// A node's disk has done what it was asked; `index` is the number of the write.
        case written
        /// Entry `index` of the plan of faults begins.
        case fault
        /// Entry `index` of the plan of faults ends.
        case repair
        /// The operator looks whether there is something to do.
        case operate
        /// The checkers that look at several nodes at once run.
        case survey
        /// Some client asks something of a node.
        case ask
        /// A request of a client reaches a node; `index` is its number.
        case request
        /// A stranger tells a lie, entry `index` of the plan of faults, once more.
        case forge
    }

    var kind: Kind
    var node: UInt16
    var index: UInt32
}
