// CLUSTER SLOTS: ranges in the order of slots, each with its master and the replicas that can
// serve it. Follows bus protocol §9.2.

import ClusterWire

/// How clients are told of a node.
package enum Endpoint {
    /// What a client connects to: nil stands for "the host you are connected to".
    package static func text(
        _ node: KnownNode, _ config: ClusterConfig, _ family: AddressFamily
    ) -> String? {
        switch config.preferredEndpoint {
        case .ip: node.clientIP(family)
        case .hostname: node.hostname.isEmpty ? "?" : node.hostname
        case .unknown: nil
        }
    }
}

enum SlotsReport {
    static func reply(
        _ state: ClusterState, _ config: ClusterConfig, _ family: AddressFamily
    ) -> AdminReply {
        var ranges: [(SlotRange, NodeHandle)] = []
        for handle in state.nodes.handles where state.nodes[handle].slotCount > 0 {
            ranges += state.nodes[handle].slots.ranges.map { ($0, handle) }
        }
        ranges.sort { $0.0.first < $1.0.first }
        var served: [NodeHandle: [AdminReply]] = [:]
        return .list(
            ranges.map { range, owner in
                let nodes = served[owner] ?? servers(of: owner, state, config, family)
                served[owner] = nodes
                return .list(
                    [
                        .integer(Int64(range.first.value)), .integer(Int64(range.last.value)),
                    ] + nodes)
            })
    }

    /// The owner, then its replicas that have not failed and hold a copy.
    private static func servers(
        of owner: NodeHandle, _ state: ClusterState, _ config: ClusterConfig,
        _ family: AddressFamily
    ) -> [AdminReply] {
        let replicas = state.replicas(of: state.nodes[owner].id).filter {
            !state.nodes[$0].condition.isFailed && state.nodes[$0].offset != 0
        }
        return ([owner] + replicas).map { node(state.nodes[$0], config, family) }
    }

    private static func node(
        _ node: KnownNode, _ config: ClusterConfig, _ family: AddressFamily
    ) -> AdminReply {
        var facts: [(key: String, value: AdminReply)] = []
        if config.preferredEndpoint != .ip {
            facts.append(("ip", .bulk(node.clientIP(family))))
        }
        if config.preferredEndpoint != .hostname && !node.hostname.isEmpty {
            facts.append(("hostname", .bulk(node.hostname)))
        }
        if !node.clients.zone.isEmpty {
            facts.append(("availability-zone", .bulk(node.clients.zone)))
        }
        return .list([
            Endpoint.text(node, config, family).map { .bulk($0) } ?? .null,
            .integer(Int64(node.clientPort.value)), .bulk(node.id.description), .map(facts),
        ])
    }
}
