// CLUSTER SHARDS: groups of nodes with one shard id, each with the slots of its master.
// Follows bus protocol §9.2.

import ClusterWire

enum ShardsReport {
    static func reply(
        _ state: ClusterState, _ config: ClusterConfig, _ family: AddressFamily
    ) -> AdminReply {
        var shards: [(id: ShardID, members: [NodeHandle])] = []
        for handle in state.nodes.handles
        where !state.nodes[handle].isHandshake && !state.nodes[handle].isKnownFromGossip {
            let shard = state.nodes[handle].shard
            if let known = shards.firstIndex(where: { $0.id == shard }) {
                shards[known].members.append(handle)
            } else {
                shards.append((shard, [handle]))
            }
        }
        return .list(shards.map { self.shard($0.members, state, config, family) })
    }

    private static func shard(
        _ members: [NodeHandle], _ state: ClusterState, _ config: ClusterConfig,
        _ family: AddressFamily
    ) -> AdminReply {
        // The slots are the master's: of the first member that has not failed.
        let speaker = members.first { !state.nodes[$0].condition.isFailed } ?? members[0]
        let master = state.nodes[speaker].master.flatMap { state.nodes.find($0) } ?? speaker
        var bounds: [AdminReply] = []
        for range in state.nodes[master].slots.ranges {
            bounds.append(.integer(Int64(range.first.value)))
            bounds.append(.integer(Int64(range.last.value)))
        }
        return .map([
            ("slots", .list(bounds)),
            ("nodes", .list(members.map { node(state.nodes[$0], config, family) })),
        ])
    }

    private static func node(
        _ node: KnownNode, _ config: ClusterConfig, _ family: AddressFamily
    ) -> AdminReply {
        var facts: [(key: String, value: AdminReply)] = [
            ("id", .bulk(node.id.description))
        ]
        if node.address.port != 0 {
            facts.append(("port", .integer(Int64(node.clientPort.value))))
        }
        if node.address.secondaryPort != 0 {
            facts.append(("tls-port", .integer(Int64(node.clientTLSPort.value))))
        }
        facts.append(("ip", .bulk(node.clientIP(family))))
        // Unlike CLUSTER SLOTS, the servers of the reference say "" here, not NULL, for "the host that
        // you are connected to".
        facts.append(("endpoint", .bulk(Endpoint.text(node, config, family) ?? "")))
        if !node.hostname.isEmpty { facts.append(("hostname", .bulk(node.hostname))) }
        facts.append(("role", .bulk(node.isMaster ? Word.master : Word.shardReplica)))
        facts.append(("replication-offset", .integer(Int64(clamping: node.offset.value))))
        let health: String
        if node.condition.isFailed {
            health = "fail"
        } else if !node.isMaster && node.offset == 0 {
            health = "loading"
        } else {
            health = "online"
        }
        facts.append(("health", .bulk(health)))
        if !node.clients.zone.isEmpty {
            facts.append(("availability-zone", .bulk(node.clients.zone)))
        }
        return .map(facts)
    }
}
