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
        among due: [NodeHandle], _ state: inout ClusterState, _ turn: inout Turn
    ) {
        let now = turn.now.monotonic
        state.connectsLeft = ClusterConfig.connectsPerTick
        var unconnected: [NodeHandle] = []
        for handle in due
        where now >= state.nodes[handle].nextLinkWork(turn.config.nodeTimeout) {
            if now >= state.nodes[handle].endsUnheard(turn.config.nodeTimeout) {
                if state.nodes[handle].isHandshake {
                    turn.note(.handshakeTimedOut(state.nodes[handle].address))
                }
                state.delete(handle, &turn)
                continue
            }
            if now >= state.nodes[handle].nextGreeting(turn.config.nodeTimeout) {
                guard state.nodes[handle].inbound == nil else {
                    state.nodes[handle].traits.remove(.oneWay)
                    continue
                }
                state.nodes[handle].traits.insert(.meet)
            }
            guard state.nodes[handle].canBeReached else {
                // Nobody can ask it: until it speaks up it is silent.
                state.nodes[handle].pingSent = now
                continue
            }
            if !state.nodes[handle].isHandshake { state.closeOutbound(of: handle, &turn) }
            if state.nodes[handle].outbound == .none { unconnected.append(handle) }
        }
        connect(toThose: unconnected, &state, &turn)
    }

    /// Connects to several nodes, in turns where there are more than can be at one tick: those whom
    /// an operator asked for, known voters and others, strangers, and those who were tried in vain.
    /// A zone that is gone, or ids that somebody made up, are hundreds, and each is due again and
    /// again: they do not keep the living waiting, nor whoever is named before the next tick.
    ///
    /// - Source: DECISIONS D28, D44.
    private static func connect(
        toThose handles: [NodeHandle], _ state: inout ClusterState, _ turn: inout Turn
    ) {
        guard handles.count > ClusterConfig.connectsPerTick - ClusterConfig.connectsKept else {
            for handle in handles { connect(to: handle, &state, &turn) }
            return
        }
        // Not all nodes begin with the same ones.
        let first = turn.random.below(handles.count)
        let fairly = Array(handles[first...] + handles[..<first])
        let turns = fairly.map { state.nodes[$0].connectTurn(turn) }
        func those(_ kind: ConnectTurn) -> [NodeHandle] {
            fairly.indices.filter { turns[$0] == kind }.map { fairly[$0] }
        }
        for handle in those(.askedFor) + those(.voter) + those(.known) {
            connect(to: handle, &state, &turn)
        }
        for handle in those(.stranger) + those(.silent)
        where state.connectsLeft > ClusterConfig.connectsKept {
            connect(to: handle, &state, &turn)
        }
    }

    /// Asks for a connection and starts the clock of the first answer: a node that cannot be
    /// reached must come to be suspected. A node being met is not timed this way.
    static func connect(
        to handle: NodeHandle, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        // One for which there was no turn yet has not failed to answer.
        guard state.connectsLeft > 0 else { return }
        state.connect(to: handle, &turn)
        if !state.nodes[handle].isHandshake && state.nodes[handle].pingSent == 0 {
            state.nodes[handle].pingSent = turn.now.monotonic
        }
    }

    /// A connection stands: greet the node. A MEET is repeated on each new link until it is
    /// answered, never twice on one.
    static func opened(
        _ link: LinkID, local: IPText, peer: IPText, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        if case .inbound(let number) = link {
            while state.inbound.count <= Int(number) { state.inbound.append(nil) }
            state.inbound[Int(number)] = InboundLink(local: local, peer: peer)
            return
        }
        guard let handle = state.target(of: link),
            case .connecting(_, let since) = state.nodes[handle].outbound
        else { return turn.emit(.close(link)) }
        state.nodes[handle].outbound = .open(link, since: since, opened: turn.now.monotonic)
        state.nodes[handle].unreachableSince = 0
        if state.nodes[handle].traits.contains(.meet) {
            let beat = Compose.heartbeat(state, to: handle, &turn)
            state.nodes[handle].pingedAt = turn.now.monotonic
            state.send(.meet(beat), on: link, &turn)
            if !state.nodes[handle].isHandshake { state.nodes[handle].traits.remove(.meet) }
        } else {
            state.ping(handle, amount: .least, &turn)
            // Links that were made together are not tried together ever after.
            let use = ClusterConfig.linkUse(at: turn.config.nodeTimeout)
            state.nodes[handle].pingedAt -= Int64(turn.random.below(Int(use / 2) + 1))
        }
    }

    /// A connection ended. Ours is made again at once if it had lived for a while; else the next
    /// tick tries, so that a peer that accepts and closes is not hammered.
    static func closed(_ link: LinkID, _ state: inout ClusterState, _ turn: inout Turn) {
        guard case .outbound = link else { return state.forgetInbound(link) }
        guard let handle = state.target(of: link) else { return }
        let now = turn.now.monotonic
        var atOnce = false
        if case .open(_, _, let opened) = state.nodes[handle].outbound {
            atOnce = now - opened >= ClusterConfig.reconnectAtOnceAfter
        }
        state.nodes[handle].outbound = .none
        if state.nodes[handle].unreachableSince == 0 { state.nodes[handle].unreachableSince = now }
        guard !state.nodes[handle].isHandshake else { return }
        if state.nodes[handle].pingSent == 0 { state.nodes[handle].pingSent = now }
        if atOnce { state.connect(to: handle, &turn) }
    }
}

extension KnownNode {
    /// When a node that is tried now is tried again if nothing comes of it: at first with each tick, then
    /// the less often the longer it has been silent. Where hundreds are dead, hundreds would each try
    /// hundreds ten times a second.
    ///
    /// - Source: DECISIONS D31.
    func nextTry(after now: Int64, nodeTimeout: Int64) -> Int64 {
        let silence = max(0, now - max(heardAt, createdAt))
        return now + min(silence, nodeTimeout) / 8
    }

    /// Whether there is no link to the node, and none is tried yet.
    @inline(__always)
    func isLeftAlone(at now: Int64) -> Bool { retryAt > now && !outbound.isWanted }

    /// When there is something to do about our link to the node: none stands, a handshake takes too
    /// long, or a ping waits for half a node timeout on a link that is older than a whole one.
    @inline(__always)
    func nextLinkWork(_ nodeTimeout: Int64) -> Int64 {
        let end = min(endsUnheard(nodeTimeout), nextGreeting(nodeTimeout))
        guard canBeReached else { return pingSent == 0 ? 0 : end }
        guard let since = outbound.since else { return min(retryAt, end) }
        if isHandshake { return end }
        guard pingSent != 0 else { return end }
        let half = nodeTimeout / 2
        return min(end, max(since + nodeTimeout, pingSent + half, dataReceived + half) + 1)
    }

    /// When a node that was met and has made no connection to us is greeted with MEET on a new one of
    /// ours: the handshake may have succeeded on one side alone.
    ///
    /// - Source: DECISIONS D60.
    @inline(__always)
    func nextGreeting(_ nodeTimeout: Int64) -> Int64 {
        guard traits.contains(.oneWay), !isHandshake, !isUnheard,
            case .open(_, _, let opened) = outbound
        else { return .max }
        let wait = ClusterConfig.handshakeTimeout(at: nodeTimeout)
        return inbound == nil ? opened + wait + 1 : inboundAt + 2 * wait + 1
    }

    /// When a node that never said its name itself is not known any more.
    @inline(__always)
    func endsUnheard(_ nodeTimeout: Int64) -> Int64 {
        if isHandshake { return createdAt + ClusterConfig.handshakeTimeout(at: nodeTimeout) + 1 }
        return isUnheard ? createdAt + ClusterConfig.unheardTime(at: nodeTimeout) : .max
    }

    /// Whether the node refused our last connection to it, or has let one wait for a node timeout, and
    /// nothing came from it since.
    func wasTriedInVain(_ turn: Turn) -> Bool {
        unreachableSince != 0 && dataReceived <= unreachableSince
            || pingSent != 0
                && turn.now.monotonic - max(pingSent, dataReceived)
                    > turn.config.nodeTimeout
    }

    /// Whose turn it is to be connected to, where many wait for it.
    func connectTurn(_ turn: Turn) -> ConnectTurn {
        if isHandshake && traits.contains(.meet) { return .askedFor }
        if wasTriedInVain(turn) { return .silent }
        if isHandshake || isUnheard { return .stranger }
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
