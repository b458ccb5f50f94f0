// When to connect, when to drop a link, and what an opened or lost link means. A lost link starts
// the clock of that node's next answer at once, and is made again at once: the reference waits for
// its next tick with the one and for its next ping with the other.
// Follows bus protocol §1.3 to §1.5; differs as DECISIONS D4 says.

import ClusterWire
import Determinism

enum Links {
    /// Tick: drops handshakes that took too long and nodes that never said their name, makes a link
    /// again on which a ping has waited for half a node timeout, and connects to whom there is none.
    static func maintain(
        among due: [NodeHandle], _ state: inout ClusterState, _ context: inout StepContext
    ) {
        let now = context.now.monotonic
        state.connections.beginTick()
        var unconnected: [NodeHandle] = []
        for handle in due
        where now >= state.nodes[handle].nextLinkWork(context.config.nodeTimeout) {
            if now >= state.nodes[handle].expiresUnknown(context.config.nodeTimeout) {
                if state.nodes[handle].isHandshake {
                    context.note(.handshakeTimedOut(state.nodes[handle].address))
                }
                state.delete(handle, &context)
                continue
            }
            if now >= state.nodes[handle].nextGreeting(context.config.nodeTimeout) {
                guard state.nodes[handle].inbound == nil else {
                    state.nodes[handle].isOneWay = false
                    continue
                }
                state.nodes[handle].isToBeMet = true
            }
            guard state.nodes[handle].canBeReached else {
                // Nobody can ask it: until it speaks up it is silent.
                state.nodes[handle].startAnswerClock(at: now)
                continue
            }
            if !state.nodes[handle].isHandshake { state.closeOutbound(of: handle, &context) }
            if state.nodes[handle].outbound == .none { unconnected.append(handle) }
        }
        connect(toThose: unconnected, &state, &context)
    }

    /// Connects to several nodes, in turns where there are more than can be at one tick: those whom
    /// an operator asked for, known voters and others, strangers, and those who were tried in vain.
    /// A zone that is gone, or ids that somebody made up, are hundreds, and each is due again and
    /// again: they do not keep the living waiting, nor whoever is named before the next tick.
    ///
    /// - Source: DECISIONS D28, D44.
    private static func connect(
        toThose handles: [NodeHandle], _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard handles.count > ClusterConfig.connectsPerTick - ClusterConfig.connectsKept else {
            for handle in handles { connect(to: handle, &state, &context) }
            return
        }
        // Not all nodes begin with the same ones.
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

    /// Asks for a connection to a node that has none, and starts the clock of its first answer: a node that
    /// cannot be reached must come to be suspected. A node in handshake is not timed this way. When many
    /// connections were asked for since the last tick, a later tick asks for this one: that the node was not
    /// tried yet does not count against it.
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

    /// A connection stands: greet the node. A MEET is repeated on each new link until it is
    /// answered, never twice on one.
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
        if state.nodes[handle].isToBeMet {
            Sending.meet(handle, on: link, &state, &context)
            if !state.nodes[handle].isHandshake { state.nodes[handle].isToBeMet = false }
        } else {
            Sending.ping(handle, amount: .least, &state, &context)
            // Jitter: links that were made at one moment would else be tried at one moment ever after.
            let use = ClusterConfig.linkUse(at: context.config.nodeTimeout)
            let earlier = Int64(context.random.below(Int(use / 2) + 1))
            state.nodes[handle].pingedAt = Moment(context.now.monotonic - earlier)
        }
    }

    /// A connection ended. Ours is made again at once if it had lived for a while; else the next
    /// tick tries, so that a peer that accepts and closes is not hammered.
    static func closed(_ link: LinkID, _ state: inout ClusterState, _ context: inout StepContext) {
        guard case .outbound = link else { return state.forgetInbound(link) }
        guard let handle = state.target(of: link) else { return }
        let now = context.now.monotonic
        var atOnce = false
        if case .open(_, _, let opened) = state.nodes[handle].outbound {
            atOnce = now - opened >= ClusterConfig.reconnectAtOnceAfter
        }
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
    /// When a node that is tried now is tried again if nothing comes of it: at first with each tick, then
    /// the less often the longer it has been silent. Where hundreds are dead, hundreds would each try
    /// hundreds ten times a second.
    ///
    /// - Source: DECISIONS D31.
    func nextTry(after now: Int64, nodeTimeout: Int64) -> Int64 {
        let silence = max(0, now - max(heardAt, Moment(createdAt)))
        return now + min(silence, nodeTimeout) / 8
    }

    /// Whether there is no link to the node, and none is tried yet.
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

    /// When a node that was met and has made no connection to us is greeted with MEET on a new one of
    /// ours: the handshake may have succeeded on one side alone.
    ///
    /// - Source: DECISIONS D60.
    @inline(__always)
    func nextGreeting(_ nodeTimeout: Int64) -> Int64 {
        guard isOneWay, !isHandshake, !isHearsay,
            case .open(_, _, let opened) = outbound
        else { return .max }
        let wait = ClusterConfig.handshakeTimeout(at: nodeTimeout)
        return inbound == nil ? opened + wait + 1 : inboundAt + 2 * wait + 1
    }

    /// When a node that never said its name itself is not known any more.
    @inline(__always)
    func expiresUnknown(_ nodeTimeout: Int64) -> Int64 {
        if isHandshake { return createdAt + ClusterConfig.handshakeTimeout(at: nodeTimeout) + 1 }
        return isHearsay ? createdAt + ClusterConfig.hearsayTime(at: nodeTimeout) : .max
    }

    /// Whether the node refused our last connection to it, or has let one wait for a node timeout, and
    /// nothing came from it since.
    func wasTriedInVain(_ context: StepContext) -> Bool {
        !unreachableSince.isNever && dataReceived <= unreachableSince
            || !pingSent.isNever
                && context.now.monotonic - max(pingSent, dataReceived)
                    > context.config.nodeTimeout
    }

    /// Whose turn it is to be connected to, where many wait for it.
    func connectTurn(_ context: StepContext) -> ConnectTurn {
        if isHandshake && isToBeMet { return .askedFor }
        if wasTriedInVain(context) { return .silent }
        if isHandshake || isHearsay { return .stranger }
        return isVotingMaster ? .voter : .known
    }
}

/// Why a node is to be connected to.
enum ConnectTurn: Equatable {
    /// An operator asked for it.
    case askedFor
    case voter, known
    /// It wants to join, or only others have told of it.
    case stranger
    /// It was tried in vain since it was last heard.
    case silent
}
