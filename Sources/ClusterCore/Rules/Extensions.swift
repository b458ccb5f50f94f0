// What the extensions of a heartbeat tell of its sender: names, its shard, and nodes that must be
// forgotten. What is absent is unset. Follows bus protocol §4.10; §12 row 13.

import ClusterWire

enum Extensions {
    /// Seconds for which hearsay may keep an id away, at most.
    static let longestForgetting: UInt64 = 86_400

    static func learn(
        _ extensions: [PingExtension], of sender: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        var hostname = ""
        var nodeName = ""
        var clients = ClientAnnouncement()
        var shard: ShardID?
        var forgotten: [(id: NodeID, seconds: UInt64)] = []
        for item in extensions {
            switch item.value {
            case .hostname(let name): hostname = acceptable(name, of: sender, state, &context)
            case .nodeName(let name): nodeName = acceptable(name, of: sender, state, &context)
            case .shardID(let id): shard = id.flatMap { $0.name.isValid ? $0 : nil }
            case .forgottenNode(let id, let seconds): forgotten.append((id, seconds))
            case .clientIPv4, .clientIPv6, .clientPort, .clientTLSPort, .availabilityZone,
                .internalSecret, .unknown:
                if !clients.take(item.value) {
                    let id = state.nodes[sender].id
                    context.note(.ignored(.invalidExtension("address or zone"), from: id))
                }
            }
        }
        state.setNames(of: sender, hostname: hostname, nodeName: nodeName, &context)
        state.setAnnouncement(clients, of: sender, &context)
        joinShard(sender, shard, &state, &context)
        // Last, since a forgotten node may be the sender itself, and is deleted then.
        let speaker = state.nodes[sender].id
        for (id, seconds) in forgotten {
            forget(id, for: seconds, toldBy: speaker, &state, &context)
        }
    }

    /// Whether extensions say of their sender, or of a node that must be forgotten, what is not known. What is absent is
    /// no news: not every version says everything on every link.
    static func areNews(
        _ extensions: [PingExtension], of sender: NodeHandle, _ state: ClusterState,
        _ context: StepContext
    ) -> Bool {
        guard !extensions.isEmpty else { return false }
        let node = state.nodes[sender]
        var clients = ClientAnnouncement()
        for item in extensions {
            switch item.value {
            case .hostname(let name): if name != node.hostname { return true }
            case .nodeName(let name): if name != node.nodeName { return true }
            case .shardID(let id): if node.isMaster, let id, id != node.shard { return true }
            case .forgottenNode(let id, _):
                if let known = state.nodes.findMember(id), known != .myself,
                    !state.forgotten.contains(id, at: context.now.wall)
                {
                    return true
                }
            case .clientIPv4, .clientIPv6, .clientPort, .clientTLSPort, .availabilityZone,
                .internalSecret, .unknown:
                _ = clients.take(item.value)
            }
        }
        return clients != ClientAnnouncement() && clients != node.clients
    }

    /// A name that fits into nodes.conf, or nothing.
    private static func acceptable(
        _ name: String, of sender: NodeHandle, _ state: ClusterState, _ context: inout StepContext
    ) -> String {
        guard name.utf8.count < 256, AuxiliaryText.isAcceptable(name) else {
            context.note(.ignored(.invalidExtension("name"), from: state.nodes[sender].id))
            return ""
        }
        return name
    }

    /// The shard as told; a replica's is its master's, and who tells none is in its master's.
    private static func joinShard(
        _ sender: NodeHandle, _ told: ShardID?, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        var shard = told
        if let id = state.nodes[sender].master, let master = state.nodes.find(id) {
            shard = state.nodes[state.topmostMaster(of: master)].shard
        }
        if let shard { state.setShard(shard, of: sender, &context) }
    }

    private static func forget(
        _ id: NodeID, for seconds: UInt64, toldBy speaker: NodeID,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard id.isValid, id != state.myID, id != state.me.master else { return }
        let time = Int64(min(seconds, longestForgetting)) * 1000
        guard time > 0 else { return }
        let known = state.nodes.find(id)
        guard
            !state.forgotten.isOutlived(
                id, until: context.now.wall + time, at: context.now.wall,
                timeToLive: context.config.blacklistTTL * 1000)
        else { return }
        let isNew = state.forgotten.hear(
            id, until: context.now.wall + time, told: known != nil)
        guard let known else { return }
        if !isNew && !state.forgotten.contains(id, at: context.now.wall) { return }
        context.note(.nodeForgotten(id, by: speaker))
        state.delete(known, &context)
        // Whether or not the node was saved, the forgotten id is.
        context.pending.formUnion([.save, .health])
    }
}
