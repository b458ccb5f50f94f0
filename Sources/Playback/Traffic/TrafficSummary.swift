// What a whole capture holds, counted: packets, messages by kind, and what could not be read.

package import Capture
import ClusterWire

/// The contents of a capture in numbers.
package struct TrafficSummary: Equatable, Sendable {
    /// Messages of one kind.
    package struct Kind: Equatable, Sendable {
        /// As the protocol calls it.
        package var name: String
        /// Those with the full header, and those with the light one.
        package var full = 0
        package var light = 0
        package var count: Int { full + light }

        package init(name: String) { self.name = name }
    }

    package private(set) var packets = 0
    /// In the order of their names.
    package private(set) var kinds: [Kind] = []
    /// Pieces that are missing or cannot be read.
    package private(set) var problems = 0

    package var messages: Int { kinds.reduce(0) { $0 + $1.count } }

    /// The messages of a kind.
    package subscript(name: String) -> Kind {
        kinds.first { $0.name == name } ?? Kind(name: name)
    }

    /// Reads a capture to its end.
    package init(of bytes: [UInt8]) throws(CaptureError) {
        var traffic = BusTraffic()
        var events: [BusEvent] = []
        try traffic.feed(bytes.span, into: &events)
        try traffic.finish(into: &events)
        packets = traffic.tally.packets
        for event in events {
            guard case .item(let item) = event else { continue }
            guard case .message(let message) = item.content else {
                problems += 1
                continue
            }
            count(message)
        }
        kinds.sort { $0.name < $1.name }
    }

    private mutating func count(_ message: Message) {
        let name = message.type.description
        let place = kinds.firstIndex { $0.name == name } ?? kinds.count
        if place == kinds.count { kinds.append(Kind(name: name)) }
        if case .light = message { kinds[place].light += 1 } else { kinds[place].full += 1 }
    }
}
