// Directives of what a node announces for clients alone (Valkey 8 and 9): addresses and ports by which they
// reach it, and the availability zone it stands in. What nodes are told is in Directives.

import ClusterCore
import ClusterWire

extension Directives {
    static let clientAnnouncing: [Directive] = [
        address("cluster-announce-client-ipv4", .ipv4, \.cluster.clients.ipv4),
        address("cluster-announce-client-ipv6", .ipv6, \.cluster.clients.ipv6),
        clientPort("cluster-announce-client-port", \.cluster.clients.port),
        clientPort("cluster-announce-client-tls-port", \.cluster.clients.tlsPort),
        Directive(name: "availability-zone", isMutable: true) {
            options, words throws(OptionError) in
            // It stands in nodes.conf, between commas.
            guard options.cluster.clients.setZone(try one(words)) else {
                throw OptionError("availability-zone contains invalid character")
            }
        } get: {
            $0.cluster.clients.zone
        },
    ]

    private static func address(
        _ name: String, _ family: AddressFamily,
        _ path: any KeyPath<NodeOptions, String> & Sendable
    ) -> Directive {
        Directive(name: name, isMutable: true) { options, words throws(OptionError) in
            guard options.cluster.clients.setAddress(try one(words), family) else {
                throw OptionError("Invalid \(family == .ipv6 ? "IPv6" : "IPv4") address")
            }
        } get: {
            $0[keyPath: path]
        }
    }

    /// 0 for the port that nodes are told.
    private static func clientPort(
        _ name: String, _ path: any WritableKeyPath<NodeOptions, Port> & Sendable
    ) -> Directive {
        value(name, path) { words throws(OptionError) in
            Port(UInt16(truncatingIfNeeded: try integer(words, 0...65535)))
        } _: {
            "\($0)"
        }
    }
}
