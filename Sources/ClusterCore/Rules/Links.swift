// When to connect, when to drop a link, and what an opened or lost link means. A lost link starts
// the clock of that node's next answer at once, and is made again at once: the reference waits for
// its next tick with the one and for its next ping with the other.
// Follows bus protocol §1.3 to §1.5; differs as DECISIONS D4 says.

import ClusterWire

enum Links {
    /// Tick: drops handshakes that took too long, connects to whom there is no link, and makes a
    /// link again on which a ping has waited for half a node timeout.
    static func maintain(_ state: inout ClusterState, _ turn: inout Turn) {
        let now = turn.now.monotonic
        var suspects = 0
        for handle in state.nodes.handles where handle != .myself {
            let node = state.nodes[handle]
            if node.condition.isSuspected { suspects += 1 }
            guard node.hasAddress else {
                // Nobody can ask it: until it speaks up it is silent.
                if node.pingSent == 0 { state.nodes[handle].pingSent = now }
                continue
            }
            if node.isHandshake {
                if now - node.createdAt > turn.config.handshakeTimeout {
                    turn.note(.handshakeTimedOut(node.address))
                    state.delete(handle, &turn)
                    continue
                }
            } else if isStuck(node, turn) {
                state.closeOutbound(of: handle, &turn)
            }
            if state.nodes[handle].outbound == .none { connect(to: handle, &state, &turn) }
        }
        state.suspectCount = suspects
    }

    /// A ping waits for more than half a node timeout on a link that is older than a whole one.
    private static func isStuck(_ node: KnownNode, _ turn: Turn) -> Bool {
        let now = turn.now.monotonic
        let half = turn.config.nodeTimeout / 2
        guard let since = node.outbound.since, node.pingSent != 0 else { return false }
        return now - since > turn.config.nodeTimeout && now - node.pingSent > half
            && now - node.dataReceived > half
    }

    /// Asks for a connection and starts the clock of the first answer: a node that cannot be
    /// reached must come to be suspected. A node being met is not timed this way.
    static func connect(
        to handle: NodeHandle, _ state: inout ClusterState, _ turn: inout Turn
    ) {
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
        if state.nodes[handle].traits.contains(.meet) {
            let beat = Compose.heartbeat(state, to: handle, &turn)
            state.nodes[handle].pingedAt = turn.now.monotonic
            state.send(.meet(beat), on: link, &turn)
        } else {
            state.ping(handle, &turn)
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
        guard !state.nodes[handle].isHandshake else { return }
        if state.nodes[handle].pingSent == 0 { state.nodes[handle].pingSent = now }
        if atOnce { state.connect(to: handle, &turn) }
    }
}
