// When to connect, when to drop a link, and what follows when a link opens or is lost. When a link is lost, the
// time towards PFAIL starts at once and the node is connected to again at once: the reference starts that time
// with its next ping, and connects again at its next tick.
// Follows bus protocol §1.3 to §1.5; differs as DECISIONS D4 says.

import ClusterWire
import Determinism

enum Links {
    /// Tick: drops handshakes that took too long and nodes known from gossip alone whose own header never came,
    /// replaces a link on which a ping has waited for half a node timeout, and connects to nodes without a
    /// link.
    static func maintain(
        among due: [NodeHandle], _ state: inout ClusterState, _ context: inout StepContext
    ) {
        let now = context.now.monotonic
        state.connections.beginTick()
        var unconnected: [NodeHandle] = []
        for handle in due
        where now >= state.nodes[handle].nextLinkWork(context.config.nodeTimeout) {
            if now >= state.nodes[handle].expiresUnknown(context.config.nodeTimeout) {
                if state.nodes[handle].stage == .handshake {
                    context.note(.handshakeTimedOut(state.nodes[handle].address))
                }
                state.delete(handle, &context)
                continue
            }
            if now >= state.nodes[handle].nextGreeting(context.config.nodeTimeout) {
                guard state.nodes[handle].inbound == nil else {
                    state.nodes[handle].mayNotKnowUs = false
                    continue
                }
                state.nodes[handle].needsMeet = true
            }
            guard state.nodes[handle].canBeReached else {
                // It has no address to connect to: it becomes PFAIL unless it connects to us.
                state.nodes[handle].startAnswerClock(at: now)
                continue
            }
            if !state.nodes[handle].isHandshake { state.closeOutbound(of: handle, &context) }
            if state.nodes[handle].outbound == .none { unconnected.append(handle) }
        }
        connect(toThose: unconnected, &state, &context)
    }

    /// Connects to several nodes. When there are more than one tick allows, they come in this order: nodes that
    /// an operator asked to meet, masters with slots, other members, unknown nodes, and nodes that did not
    /// answer before. When a data centre is lost, or somebody makes up ids, there are hundreds of the last two
    /// kinds, due again and again: some connections of each tick are kept for others.
    ///
    /// - Source: DECISIONS D28, D44.
    private static func connect(
        toThose handles: [NodeHandle], _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard handles.count > ClusterConfig.connectsPerTick - ClusterConfig.connectsKept else {
            for handle in handles { connect(to: handle, &state, &context) }
            return
        }
        // Each node begins at a random place, so that not all connect to the same nodes first.
        let first = context.random.below(handles.count)
        let fairly = Array(handles[first...] + handles[..<first])
        let turns = fairly.map { state.nodes[$0].connectTurn(context) }
        func those(_ kind: ConnectTurn) -> [NodeHandle] {
            fairly.indices.filter { turns[$0] == kind }.map { fairly[$0] }
        }
        for handle in those(.askedFor) + those(.voter) + those(.known) {
            connect(to: handle, &state, &context)
        }
        for handle in those(.stranger) + those(.silent)
        where state.connections.leftToAsk > ClusterConfig.connectsKept {
            connect(to: handle, &state, &context)
        }
    }

    /// Asks for a connection to a node that has none, and starts the time towards PFAIL: a node that cannot be
    /// reached must become PFAIL. For a node in handshake no such time runs. When too many connections were
    /// asked for since the last tick, a later tick asks for this one, and the time starts only then.
    static func connect(
        to handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard state.connections.leftToAsk > 0 else { return }
        ask(for: handle, &state, &context)
        if !state.nodes[handle].isHandshake {
            state.nodes[handle].startAnswerClock(at: context.now.monotonic)
        }
    }

    private static func ask(
        for handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        let node = state.nodes[handle]
        guard node.outbound == .none, node.canBeReached, !node.address.ip.isEmpty,
            node.address.busPort != 0
        else { return }
        let now = context.now.monotonic
        let link = state.connections.takeName(for: handle)
        state.nodes[handle].outbound = .connecting(link, since: now)
        state.nodes[handle].retryAt = node.nextTry(
            after: now, nodeTimeout: context.config.nodeTimeout)
        context.emit(.connect(link, to: node.place))
    }

    /// A connection stands: sends MEET or PING. A MEET is repeated on each new link until it is
    /// answered, never twice on one link.
    static func opened(
        _ link: LinkID, local: IPText, peer: IPText, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        if case .inbound(let number) = link {
            return state.connections.open(number, local: local, peer: peer)
        }
        guard let handle = state.target(of: link),
            case .connecting(_, let since) = state.nodes[handle].outbound
        else { return context.emit(.close(link)) }
        state.nodes[handle].outbound = .open(link, since: since, opened: context.now.monotonic)
        state.nodes[handle].unreachableSince = .never
        state.nodes[handle].isRefused = false
        state.nodes[handle].beginAnswers()
        if state.nodes[handle].stage == .probe {
            return Sending.probe(handle, on: link, &state, &context)
        }
        if state.nodes[handle].needsMeet {
            Sending.meet(handle, on: link, &state, &context)
            if !state.nodes[handle].isHandshake { state.nodes[handle].needsMeet = false }
        } else {
            understandAnew(handle, &state, context)
            Sending.ping(handle, amount: .least, &state, &context)
            Claims.opened(handle, &state)
            // Jitter: links made at the same moment would otherwise be tested at the same moment ever after.
            let use = ClusterConfig.linkUse(at: context.config.nodeTimeout)
            let earlier = Int64(context.random.below(Int(use / 2) + 1))
            state.nodes[handle].pingedAt = Moment(context.now.monotonic - earlier)
        }
    }

    /// Another program may be at the other end by now, an older one that drops every packet with extensions: each
    /// link of ours shows anew whether they are taken.
    private static func understandAnew(
        _ handle: NodeHandle, _ state: inout ClusterState, _ context: StepContext
    ) {
        guard context.config.confirms, !state.nodes[handle].isHandshake else { return }
        state.nodes[handle].peerFlags.remove(.takesExtensions)
    }

    /// A connection ended. Our own is made again at once if it was open for a while, else with the next
    /// tick, so that a peer that accepts and closes is not connected to in a tight loop.
    static func closed(_ link: LinkID, _ state: inout ClusterState, _ context: inout StepContext) {
        guard case .outbound = link else { return state.forgetInbound(link) }
        guard let handle = state.target(of: link) else { return }
        let now = context.now.monotonic
        var atOnce = false
        if case .open(_, _, let opened) = state.nodes[handle].outbound {
            atOnce = now - opened >= ClusterConfig.reconnectAtOnceAfter
        }
        if case .connecting = state.nodes[handle].outbound { state.nodes[handle].isRefused = true }
        state.nodes[handle].outbound = .none
        if state.nodes[handle].unreachableSince.isNever {
            state.nodes[handle].unreachableSince = Moment(now)
        }
        guard !state.nodes[handle].isHandshake else { return }
        state.nodes[handle].startAnswerClock(at: now)
        if atOnce { connect(to: handle, &state, &context) }
    }
}

extension KnownNode {
    /// When to connect to a node again if the attempt that starts now fails: at first with each tick, then
    /// the less often the longer it has been silent. Otherwise, with hundreds of nodes down, each of hundreds
    /// of others would connect to all of them ten times a second.
    ///
    /// - Source: DECISIONS D31.
    func nextTry(after now: Int64, nodeTimeout: Int64) -> Int64 {
        let silence = max(0, now - max(heardAt, Moment(createdAt)))
        return now + min(silence, nodeTimeout) / 8
    }

    /// Whether there is no link to the node, and the next attempt is still to come.
    @inline(__always)
    func isLeftUntried(at now: Int64) -> Bool { retryAt > now && !outbound.isWanted }

    /// When there is something to do about our link to the node: none stands, a handshake takes too
    /// long, or a ping waits for half a node timeout on a link that is older than a whole one.
    @inline(__always)
    func nextLinkWork(_ nodeTimeout: Int64) -> Int64 {
        let end = min(expiresUnknown(nodeTimeout), nextGreeting(nodeTimeout))
        guard canBeReached else { return pingSent.isNever ? DueSchedule.atOnce : end }
        guard let since = outbound.since else { return min(retryAt, end) }
        if isHandshake { return end }
        guard !pingSent.isNever else { return end }
        let half = nodeTimeout / 2
        return min(end, max(since + nodeTimeout, pingSent + half, dataReceived + half) + 1)
    }

    /// When to send MEET on a new link to a node that was met but has not connected to us: the handshake may
    /// have succeeded on our side alone.
    ///
    /// - Source: DECISIONS D60.
    @inline(__always)
    func nextGreeting(_ nodeTimeout: Int64) -> Int64 {
        guard mayNotKnowUs, !isHandshake, !isKnownFromGossip,
            case .open(_, _, let opened) = outbound
        else { return .max }
        let wait = ClusterConfig.handshakeTimeout(at: nodeTimeout)
        return inbound == nil ? opened + wait + 1 : inboundAt + 2 * wait + 1
    }

    /// When a node in handshake, or one known from gossip alone, is deleted if its own header has not come.
    @inline(__always)
    func expiresUnknown(_ nodeTimeout: Int64) -> Int64 {
        if isHandshake { return createdAt + ClusterConfig.handshakeTimeout(at: nodeTimeout) + 1 }
        return isKnownFromGossip ? createdAt + ClusterConfig.gossipNodeTime(at: nodeTimeout) : .max
    }

    /// Whether our last connection to the node failed, or a ping to it has waited for a node timeout, and
    /// nothing has come from it since.
    func isUnanswering(_ context: StepContext) -> Bool {
        !unreachableSince.isNever && dataReceived <= unreachableSince
            || !pingSent.isNever
                && context.now.monotonic - max(pingSent, dataReceived)
                    > context.config.nodeTimeout
    }

    /// In which group the node is connected to, when many wait to be.
    func connectTurn(_ context: StepContext) -> ConnectTurn {
        if isHandshake && needsMeet { return .askedFor }
        if isUnanswering(context) { return .silent }
        if isHandshake || isKnownFromGossip { return .stranger }
        return isVotingMaster ? .voter : .known
    }
}

/// The groups in which nodes are connected to when there are many, first to last.
enum ConnectTurn: Equatable {
    /// An operator asked for it.
    case askedFor
    case voter, known
    /// It is in handshake, or known from gossip alone.
    case stranger
    /// It did not answer the last attempt, and nothing has come from it since.
    case silent
}
