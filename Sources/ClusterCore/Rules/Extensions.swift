// What the extensions of a heartbeat tell of its sender: names, its shard, and nodes that must be
// forgotten. What is absent is unset. Follows bus protocol §4.10; §12 row 13.

import ClusterWire

enum Extensions {
    /// Seconds for which hearsay may keep an id away, at most.
    static let longestForgetting: UInt64 = 86_400

    static func learn(
        _ extensions: [PingExtension], of sender: NodeHandle, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        var hostname = ""
        var nodeName = ""
        var shard: ShardID?
        var forgotten: [(id: NodeID, seconds: UInt64)] = []
        for item in extensions {
            switch item.value {
            case .hostname(let name): hostname = acceptable(name, of: sender, state, &turn)
            case .nodeName(let name): nodeName = acceptable(name, of: sender, state, &turn)
            case .shardID(let id): shard = id.flatMap { $0.name.isValid ? $0 : nil }
            case .forgottenNode(let id, let seconds): forgotten.append((id, seconds))
            case .clientIPv4, .clientIPv6, .clientPort, .clientTLSPort, .availabilityZone,
                .internalSecret, .unknown:
                break
            }
        }
        if state.nodes[sender].hostname != hostname || state.nodes[sender].nodeName != nodeName {
            state.nodes[sender].hostname = hostname
            state.nodes[sender].nodeName = nodeName
            turn.pending.insert(.save)
        }
        joinShard(sender, shard, &state, &turn)
        // Last, and by id: one of them may be the sender itself.
        let speaker = state.nodes[sender].id
        for (id, seconds) in forgotten {
            forget(id, for: seconds, toldBy: speaker, &state, &turn)
        }
    }

    /// A name that fits into nodes.conf, or nothing.
    private static func acceptable(
        _ name: String, of sender: NodeHandle, _ state: ClusterState, _ turn: inout Turn
    ) -> String {
        guard name.utf8.count < 256, AuxiliaryText.isAcceptable(name) else {
            turn.note(.ignored(.invalidExtension("name"), from: state.nodes[sender].id))
            return ""
        }
        return name
    }

    /// The shard as told; a replica's is its master's, and who tells none is in its master's.
    private static func joinShard(
        _ sender: NodeHandle, _ told: ShardID?, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        var shard = told
        if let id = state.nodes[sender].master, let master = state.nodes.find(id) {
            shard = state.nodes[state.topmostMaster(of: master)].shard
        }
        guard let shard, state.nodes[sender].shard != shard else { return }
        state.nodes[sender].shard = shard
        let id = state.nodes[sender].id
        if state.nodes[sender].isMaster {
            for replica in state.replicas(of: id) { state.nodes[replica].shard = shard }
        }
        turn.pending.insert(.save)
    }

    private static func forget(
        _ id: NodeID, for seconds: UInt64, toldBy speaker: NodeID,
        _ state: inout ClusterState, _ turn: inout Turn
    ) {
        guard id.isValid, id != state.myID, id != state.me.master else { return }
        let time = Int64(min(seconds, longestForgetting)) * 1000
        guard time > 0 else { return }
        let known = state.nodes.find(id)
        guard
            !state.forgotten.isOutlived(
                id, until: turn.now.wall + time, at: turn.now.wall,
                timeToLive: turn.config.blacklistTTL * 1000)
        else { return }
        let isNew = state.forgotten.hear(
            id, until: turn.now.wall + time, told: known != nil)
        guard let known else { return }
        if !isNew && !state.forgotten.contains(id, at: turn.now.wall) { return }
        turn.note(.nodeForgotten(id, by: speaker))
        state.delete(known, &turn)
        turn.pending.formUnion([.save, .health])
    }
}
