// Which nodes to ping, and when: one drawn at random each second, each that has sent nothing for half a node
// timeout, and at once those that must learn of a new node. A node that pings us is not pinged back for that;
// our own link to it is tested more rarely. News spreads at the speed of the network, not of the timeout.
// Follows bus protocol §3.3; differs as DECISIONS D5 and D27 say.

import ClusterWire
import Determinism

enum Heartbeats {
    /// Tick: the pings that are due.
    static func schedule(
        among due: [NodeHandle], _ state: inout ClusterState, _ context: inout StepContext
    ) {
        if state.heartbeats.countTick() { pingOneByChance(&state, &context) }
        for handle in late(due, state, context) {
            let silentAt = state.nodes[handle].silentAt(context.config.nodeTimeout)
            Sending.ping(
                handle, amount: context.now.monotonic > silentAt ? .usual : .least, &state, &context
            )
        }
        if case .pausing(let replica, _) = state.manualFailover,
            let handle = state.nodes.find(replica), !state.nodes[handle].isHandshake
        {
            Sending.ping(handle, &state, &context)
        }
        tellNews(of: due, &state, &context)
    }

    /// Which nodes are to be pinged now. Nodes that met at the same moment would all be due at the same moment
    /// for ever after; when many are due, some are pinged at each tick, the longest silent first and all within
    /// an eighth of the node timeout. Most need no ping then: gossip of others tells that they have answered.
    private static func late(
        _ due: [NodeHandle], _ state: ClusterState, _ context: StepContext
    ) -> [NodeHandle] {
        let timeout = context.config.nodeTimeout
        let late = due.filter { handle in
            state.nodes.contains(handle)
                && context.now.monotonic >= state.nodes[handle].nextPing(timeout)
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

    /// Pings, of five nodes drawn at random, the one that has been silent for longest.
    private static func pingOneByChance(_ state: inout ClusterState, _ context: inout StepContext) {
        let all = state.nodes.handles
        var oldest: NodeHandle?
        for _ in 0..<5 {
            let handle = all[context.random.below(all.count)]
            guard handle != .myself, !state.nodes[handle].isHandshake,
                state.nodes[handle].outbound.isOpen, state.nodes[handle].pingSent.isNever
            else { continue }
            let heard = state.nodes[handle].heardAt
            if oldest.map({ heard < state.nodes[$0].heardAt }) ?? true { oldest = handle }
        }
        if let oldest { Sending.ping(oldest, &state, &context) }
    }

    /// Tick: a new node is told of all others; many nodes are told of a node that we met ourselves, a few of
    /// one that we know from gossip.
    private static func tellNews(
        of due: [NodeHandle], _ state: inout ClusterState, _ context: inout StepContext
    ) {
        var news: [NodeHandle] = []
        var metByUs = false
        for handle in due where state.nodes.contains(handle) {
            if state.nodes[handle].isToBeIntroduced, state.nodes[handle].outbound.isOpen {
                introduce(handle, &state, &context)
            }
            guard state.nodes[handle].news != .none else { continue }
            news.append(handle)
            if state.nodes[handle].news == .many { metByUs = true }
            state.nodes[handle].news = .none
        }
        guard !news.isEmpty else { return }
        let fanout = metByUs ? ClusterConfig.newsFanout : ClusterConfig.rumourFanout
        let told = Array(news.prefix(ClusterConfig.introductionLimit))
        for handle in context.sample(fanout, of: state.connectedPeers()) {
            Sending.ping(handle, telling: told, &state, &context)
        }
    }

    private static func introduce(
        _ newcomer: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        state.nodes[newcomer].isToBeIntroduced = false
        let others = state.nodes.handles.filter { $0 != .myself && $0 != newcomer }
        let told = context.sample(ClusterConfig.introductionLimit, of: others)
        Sending.ping(newcomer, telling: told, &state, &context)
    }
}

extension KnownNode {
    /// Milliseconds from the ping to the answer that comes now; nil when the ping waited for a connection.
    func roundTrip(at now: Int64) -> Int64? {
        guard let sent = pingSent.milliseconds, case .open(_, _, let opened) = outbound,
            sent >= opened
        else {
            return nil
        }
        return now - sent
    }

    /// When the node will have been silent for half a node timeout, and is to be pinged.
    @inline(__always)
    func silentAt(_ nodeTimeout: Int64) -> Int64 { heardAt + nodeTimeout / 2 }

    /// When the node is pinged if nothing happens before: when it has been silent for long, or our link to it
    /// idle. A replica whose master was unknown to us when its header named it is soon pinged again.
    @inline(__always)
    func nextPing(_ nodeTimeout: Int64) -> Int64 {
        guard pingSent.isNever, hasAddress, !isHandshake, outbound.isOpen else { return .max }
        let due =
            1 + min(silentAt(nodeTimeout), pingedAt + ClusterConfig.linkUse(at: nodeTimeout))
        guard role == .replica(of: nil) else { return due }
        return min(due, dataReceived + ClusterConfig.askMasterAfter)
    }

    /// When there is something to tell the node or about it.
    @inline(__always)
    var nextNews: Int64 {
        if news != .none { return DueSchedule.atOnce }
        return isToBeIntroduced && outbound.isOpen ? DueSchedule.atOnce : .max
    }
}
