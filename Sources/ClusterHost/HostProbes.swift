// What looks at a host from outside, or brings it into trouble: a recorder of inputs and traffic, and the
// filters that tests of failures set. Nothing here changes what the rules decide.

package import ClusterCore
package import ClusterWire
package import SystemIO

/// Something that happened at a host, for a recorder.
package enum HostEvent: Sendable {
    /// The rules took a step, and this is what they asked for; none of it is done yet.
    case step(Input, at: Instant, [Effect])
    /// A connection stands, between these ends.
    case opened(LinkID, local: SocketAddress, peer: SocketAddress)
    /// The bytes of one message were put in line to be written.
    case sent([UInt8], on: LinkID)
    /// The bytes of one message came.
    case received([UInt8], on: LinkID)
    /// A connection has ended, by the wish of the rules or not.
    case closed(LinkID, byUs: Bool)
}

/// Messages that are counted and then not heard.
package enum MessageFilter: Equatable, Sendable {
    case nothing, everything
    case type(MessageType)

    func drops(_ type: MessageType) -> Bool {
        switch self {
        case .nothing: false
        case .everything: true
        case .type(let dropped): type == dropped
        }
    }
}

/// All that looks at a host, or disturbs it.
package struct HostProbes {
    /// Is told of everything, in its order.
    package var observer: ((HostEvent) -> Void)?
    package var filter = MessageFilter.nothing
    /// A link on which a message was filtered is closed.
    package var closesFilteredLinks = false
    /// Each PING that leaves is noted.
    package var tellsPings = false
}
