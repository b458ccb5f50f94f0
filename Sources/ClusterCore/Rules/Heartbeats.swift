// Whom to ping, and when: one node by chance each second, everybody not heard of for half a node
// timeout, and at once whoever has something to hear. Who has pinged us was heard; our own link to it
// is tried more rarely. News (a node just met, a suspicion just formed) travels in rounds of the
// network and not of the timeout. Follows bus protocol §3.3; differs as DECISIONS D5 and D27 say.

import ClusterWire
import Determinism

enum Heartbeats {
    /// Tick: the pings that are due.
    static func schedule(
        among due: [NodeHandle], _ state: inout ClusterState, _ turn: inout Turn
    ) {
        state.ticks &+= 1
        if state.ticks % 10 == 0 { pingOneByChance(&state, &turn) }
        for handle in late(due, state, turn) {
            let silentAt = state.nodes[handle].silentAt(turn.config.nodeTimeout)
            state.ping(handle, amount: turn.now.monotonic > silentAt ? .usual : .least, &turn)
        }
        if case .pausing(let replica, _) = state.manualFailover,
            let handle = state.nodes.find(replica), !state.nodes[handle].isHandshake
        {
            state.ping(handle, &turn)
        }
        tellNews(of: due, &state, &turn)
    }

    /// Who is to be pinged now. Nodes that got to know each other at once would all be due at once, for
    /// ever after; of a crowd some are pinged at each tick, the longest silent first and all within an
    /// eighth of the node timeout. Gossip about those that answer spares the others most of it.
    private static func late(
        _ due: [NodeHandle], _ state: ClusterState, _ turn: Turn
    ) -> [NodeHandle] {
        let timeout = turn.config.nodeTimeout
        let late = due.filter { handle in
            state.nodes.contains(handle)
                && turn.now.monotonic >= state.nodes[handle].nextPing(timeout)
        }
        let most = max(
            ClusterConfig.pingsPerTick,
            state.nodes.count * Int(ClusterConfig.tick) / max(1, Int(timeout / 8)))
        guard late.count > most else { return late }
        let longest = late.sorted {
            state.nodes[$0].heardAt < state.nodes[$1].heardAt
        }
        return Array(longest.prefix(most))
    }

    /// Of five nodes drawn, the one that was heard least recently.
    private static func pingOneByChance(_ state: inout ClusterState, _ turn: inout Turn) {
        let all = state.nodes.handles
        var oldest: NodeHandle?
        for _ in 0..<5 {
            let handle = all[turn.random.below(all.count)]
            guard handle != .myself, !state.nodes[handle].isHandshake,
                state.nodes[handle].outbound.isOpen, state.nodes[handle].pingSent == 0
            else { continue }
            let heard = state.nodes[handle].heardAt
            if oldest.map({ heard < state.nodes[$0].heardAt }) ?? true { oldest = handle }
        }
        if let oldest { state.ping(oldest, &turn) }
    }

    /// Tick: newcomers hear of everybody; many hear of those that we met, a few of those that we
    /// heard of.
    private static func tellNews(
        of due: [NodeHandle], _ state: inout ClusterState, _ turn: inout Turn
    ) {
        var news: [NodeHandle] = []
        var metByUs = false
        for handle in due where state.nodes.contains(handle) {
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

extension KnownNode {
    /// Milliseconds that the answer which comes now took; nil when the ping waited for a connection.
    func roundTrip(at now: Int64) -> Int64? {
        guard pingSent != 0, case .open(_, _, let opened) = outbound, pingSent >= opened else {
            return nil
        }
        return now - pingSent
    }

    /// When the node has been silent for as long as it may be before it is asked.
    @inline(__always)
    func silentAt(_ nodeTimeout: Int64) -> Int64 { heardAt + nodeTimeout / 2 }

    /// When the node is pinged if nothing happens before: when its silence is long, or our link to it
    /// idle. A replica whose master we did not know when it named it is soon asked again.
    @inline(__always)
    func nextPing(_ nodeTimeout: Int64) -> Int64 {
        guard pingSent == 0, hasAddress, !isHandshake, outbound.isOpen else { return .max }
        let due =
            1 + min(silentAt(nodeTimeout), pingedAt + ClusterConfig.linkUse(at: nodeTimeout))
        guard role == .replica(of: nil) else { return due }
        return min(due, dataReceived + ClusterConfig.askMasterAfter)
    }

    /// When there is something to tell the node or about it.
    @inline(__always)
    var nextNews: Int64 {
        if traits.contains(.news) { return 0 }
        return traits.contains(.introduce) && outbound.isOpen ? 0 : .max
    }
}
