// Whom to ping, and when: one node by chance each second, everybody not heard of for half a node
// timeout, and at once whoever has something to hear. Who has pinged us was heard; our own link to it
// is tried more rarely. News (a node just met, a suspicion just formed) travels in rounds of the
// network and not of the timeout. Follows bus protocol §3.3; differs as DECISIONS D5 and D27 say.

import ClusterWire

enum Heartbeats {
    /// Tick: the pings that are due.
    static func schedule(_ state: inout ClusterState, _ turn: inout Turn) {
        state.ticks &+= 1
        if state.ticks % 10 == 0 { pingOneByChance(&state, &turn) }
        let now = turn.now.monotonic
        let interval = turn.config.nodeTimeout / 2
        var failoverReplica: NodeID?
        if case .pausing(let replica, _) = state.manualFailover { failoverReplica = replica }
        for handle in state.nodes.handles where handle != .myself {
            let node = state.nodes[handle]
            guard node.hasAddress, !node.isHandshake, node.outbound.isOpen else { continue }
            let isDue =
                node.pingSent == 0
                && (now - node.heardAt > interval || now - node.pingedAt > turn.config.linkUse)
            if isDue || node.id == failoverReplica { state.ping(handle, &turn) }
        }
        tellNews(&state, &turn)
    }

    /// Of five nodes drawn, the one that was heard least recently.
    private static func pingOneByChance(_ state: inout ClusterState, _ turn: inout Turn) {
        let all = state.nodes.handles
        var oldest: NodeHandle?
        for _ in 0..<5 {
            let handle = all[turn.random.below(all.count)]
            let node = state.nodes[handle]
            guard handle != .myself, !node.isHandshake, node.outbound.isOpen, node.pingSent == 0
            else { continue }
            if oldest.map({ node.heardAt < state.nodes[$0].heardAt }) ?? true {
                oldest = handle
            }
        }
        if let oldest { state.ping(oldest, &turn) }
    }

    /// Tick: newcomers hear of everybody; many hear of those that we met, a few of those that we
    /// heard of.
    private static func tellNews(_ state: inout ClusterState, _ turn: inout Turn) {
        var news: [NodeHandle] = []
        var metByUs = false
        for handle in state.nodes.handles {
            let traits = state.nodes[handle].traits
            if traits.contains(.introduce), state.nodes[handle].outbound.isOpen {
                introduce(handle, &state, &turn)
            }
            guard traits.contains(.news) else { continue }
            news.append(handle)
            if traits.contains(.metByUs) { metByUs = true }
            state.nodes[handle].traits.subtract([.news, .metByUs])
        }
        guard !news.isEmpty else { return }
        let audience = state.audience()
        let fanout = metByUs ? ClusterConfig.newsFanout : ClusterConfig.rumourFanout
        for handle in choose(fanout, of: audience, &turn) {
            tell(handle, of: Array(news.prefix(ClusterConfig.introductionLimit)), &state, &turn)
        }
    }

    private static func introduce(
        _ newcomer: NodeHandle, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        state.nodes[newcomer].traits.remove(.introduce)
        let others = state.nodes.handles.filter { $0 != .myself && $0 != newcomer }
        tell(
            newcomer, of: choose(ClusterConfig.introductionLimit, of: others, &turn), &state,
            &turn)
    }

    /// Pings a node with gossip that includes these.
    static func tell(
        _ handle: NodeHandle, of news: [NodeHandle], _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        guard let link = state.nodes[handle].outbound.openID else { return }
        if state.nodes[handle].pingSent == 0 { state.nodes[handle].pingSent = turn.now.monotonic }
        state.nodes[handle].pingedAt = turn.now.monotonic
        let beat = Compose.heartbeat(state, to: handle, telling: news, &turn)
        state.send(.ping(beat), on: link, &turn)
    }

    /// Up to `count` of the nodes, by chance when there are more.
    static func choose(
        _ count: Int, of handles: [NodeHandle], _ turn: inout Turn
    ) -> [NodeHandle] {
        guard handles.count > count else { return handles }
        var rest = handles
        for index in 0..<count {
            rest.swapAt(index, index + turn.random.below(rest.count - index))
        }
        return Array(rest.prefix(count))
    }
}
