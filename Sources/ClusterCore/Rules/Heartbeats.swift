// Whom to ping, and when: one node by chance each second, everybody not heard of for half a node
// timeout, and at once whoever has something to hear. Who has pinged us was heard; our own link to it
// is tried more rarely. News (a node just met, a suspicion just formed) travels in rounds of the
// network and not of the timeout. Follows bus protocol §3.3; differs as DECISIONS D5 and D27 say.

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

    /// Who is to be pinged now. Nodes that got to know each other at once would all be due at once, for
    /// ever after; of a crowd some are pinged at each tick, the longest silent first and all within an
    /// eighth of the node timeout. Gossip about those that answer spares the others most of it.
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

    /// Of five nodes drawn, the one that was heard least recently.
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

    /// Tick: newcomers hear of everybody; many hear of those that we met, a few of those that we
    /// heard of.
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
    /// Milliseconds that the answer which comes now took; nil when the ping waited for a connection.
    func roundTrip(at now: Int64) -> Int64? {
        guard let sent = pingSent.milliseconds, case .open(_, _, let opened) = outbound,
            sent >= opened
        else {
            return nil
        }
        return now - sent
    }

    /// When the node has been silent for as long as it may be before it is asked.
    @inline(__always)
    func silentAt(_ nodeTimeout: Int64) -> Int64 { heardAt + nodeTimeout / 2 }

    /// When the node is pinged if nothing happens before: when its silence is long, or our link to it
    /// idle. A replica whose master we did not know when it named it is soon asked again.
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
