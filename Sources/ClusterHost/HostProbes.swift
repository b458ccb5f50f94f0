// What observes a host, or makes it fail for tests: a recorder of inputs and traffic, and the filters that
// DEBUG sets. Nothing here changes what the rules decide.

package import ClusterCore
package import ClusterWire
package import SystemIO

/// Something that happened at a host, for a recorder.
package enum HostEvent: Sendable {
    /// The rules took a step, and this is what they asked for; none of it is done yet.
    case step(Input, at: Instant, [Effect])
    /// A connection stands, between these ends.
    case opened(LinkID, local: SocketAddress, peer: SocketAddress)
    /// The bytes of one message were queued to be written.
    case sent([UInt8], on: LinkID)
    /// The bytes of one message came.
    case received([UInt8], on: LinkID)
    /// A connection has ended, closed by the rules or lost.
    case closed(LinkID, byUs: Bool)
}

/// Messages that are counted and then dropped.
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

/// The recorder of a host, and the filters that disturb it.
package struct HostProbes {
    /// Called with each event, in order.
    package var observer: ((HostEvent) -> Void)?
    package var filter = MessageFilter.nothing
    /// A link on which a message was filtered is closed.
    package var closesFilteredLinks = false
    /// Each PING that leaves is noted.
    package var tellsPings = false
}
