// Saying something on the bus: one message on one link, or one to everybody. Counting happens
// here, and the one thing that saying a PING changes: it starts the clock of its answer.

import ClusterWire

extension ClusterState {
    /// Sends a message on a link; with `epoch`, as of that epoch and not of the present one.
    mutating func send(
        _ body: Body, on link: LinkID, flags: MessageFlags = [], as epoch: Epoch? = nil,
        _ turn: inout Turn
    ) {
        var header = Compose.header(self, turn.config)
        if let epoch { header.currentEpoch = epoch }
        header.messageFlags.formUnion(flags)
        if body.heartbeat != nil { header.messageFlags.insert(.extensions) }
        statistics.countSent(body.type)
        turn.emit(.send(.full(header, body), on: link))
    }

    /// Sends a message to a node on our own link to it, if there is one: nothing on this bus is
    /// ever sent again.
    mutating func send(
        _ body: Body, to handle: NodeHandle, flags: MessageFlags = [],
        as epoch: Epoch? = nil, _ turn: inout Turn
    ) {
        guard let link = nodes[handle].outbound.openID else { return }
        send(body, on: link, flags: flags, as: epoch, &turn)
    }

    /// Pings a node on our link to it; an older ping that waits for its answer keeps its time.
    /// - Parameter amount: of gossip about nodes drawn by chance.
    mutating func ping(
        _ handle: NodeHandle, amount: Compose.Amount = .usual, _ turn: inout Turn
    ) {
        guard let link = nodes[handle].outbound.openID else { return }
        if nodes[handle].pingSent == 0 { nodes[handle].pingSent = turn.now.monotonic }
        nodes[handle].pingedAt = turn.now.monotonic
        let beat = Compose.heartbeat(self, to: handle, amount: amount, &turn)
        send(.ping(beat), on: link, &turn)
    }

    /// Says PONG to a node without being asked: what is told is in its header.
    mutating func pong(_ handle: NodeHandle, _ turn: inout Turn) {
        guard nodes[handle].outbound.isOpen else { return }
        let beat = Compose.heartbeat(self, to: handle, amount: .least, &turn)
        send(.pong(beat), to: handle, &turn)
    }

    /// Every other node whose name we know and to which there is a link.
    func audience() -> [NodeHandle] {
        nodes.handles.filter {
            $0 != .myself && !nodes[$0].isHandshake && nodes[$0].outbound.isOpen
        }
    }

    /// Sends the same to everybody.
    mutating func broadcast(_ body: Body, flags: MessageFlags = [], _ turn: inout Turn) {
        for handle in audience() { send(body, to: handle, flags: flags, &turn) }
    }

    /// Says PONG to everybody: our role, slots and epochs are news.
    mutating func broadcastPong(_ turn: inout Turn) {
        for handle in audience() { pong(handle, &turn) }
    }
}
