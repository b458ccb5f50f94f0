// What the core knows of connections: names, never descriptors. It names the outbound ones, the
// shell names the inbound ones, and the two cannot collide.

package import ClusterWire

/// The name of one bus connection.
public enum LinkID: Hashable, Sendable {
    /// A connection that this node makes, to the node in this row; the serial number tells it
    /// from earlier ones.
    case outbound(NodeHandle, serial: UInt32)
    /// A connection that another node made; numbered by the shell, and free again once closed.
    case inbound(UInt32)
}

/// Our connection to a node.
package enum OutboundLink: Equatable, Sendable {
    case none
    /// Asked for at this monotonic millisecond.
    case connecting(LinkID, since: Int64)
    /// Asked for at `since`, established at `opened`.
    case open(LinkID, since: Int64, opened: Int64)

    package var id: LinkID? {
        switch self {
        case .none: nil
        case .connecting(let id, _), .open(let id, _, _): id
        }
    }

    /// When it was asked for.
    var since: Int64? {
        switch self {
        case .none: nil
        case .connecting(_, let since), .open(_, let since, _): since
        }
    }

    /// Whether it was asked for, and has not been lost.
    @inline(__always) var isWanted: Bool {
        if case .none = self { return false }
        return true
    }

    /// Its name once it stands: what may be sent on.
    package var openID: LinkID? {
        if case .open(let id, _, _) = self { return id }
        return nil
    }

    package var isOpen: Bool { openID != nil }
}

/// A connection that another node made to us.
package struct InboundLink: Equatable, Sendable {
    /// Our address as the connection shows it.
    package var local: IPText
    /// The peer's address as the connection shows it.
    package var peer: IPText
    /// In whose name it speaks, once that is known. That it is this node's own is shown by
    /// `KnownNode.inbound` naming it.
    package var node: NodeHandle?
    /// The peer takes extensions, as a message on this connection showed.
    var takesExtensions = false
    /// Who it says it is, while no node of that name is known.
    var claim: NodeID?
    /// The greeting that a connection begins with was answered.
    var isAnswered = false
    /// When anything last came on it, while it is its node's own.
    var heardAt = Moment.never
    /// When a PING was sent on it to see whether anybody is there; never once something came.
    var testedAt = Moment.never
}
