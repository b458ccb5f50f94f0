// Sending on the bus: one message on one connection, or one to every connected peer. Here messages are
// counted, and a PING starts the time within which its answer must come. What a message contains is composed
// in Compose; which messages are sent, and when, is for the rules that call this one.

import ClusterWire

enum Sending {
    /// Sends a message on a link; with `epoch`, its header carries that currentEpoch and not the present one.
    static func send(
        _ body: Body, on link: LinkID, flags: MessageFlags = [], as epoch: Epoch? = nil,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        var header = Compose.header(state, context.config)
        if let epoch { header.currentEpoch = epoch }
        header.messageFlags.formUnion(flags)
        if body.heartbeat != nil { header.messageFlags.insert(.extensions) }
        state.statistics.countSent(body.type)
        context.emit(.send(.full(header, body), on: link))
    }

    /// Sends a message to a node on our own link to it, if there is one; without a link the
    /// message is dropped, since nothing on this bus is ever sent again.
    static func send(
        _ body: Body, to handle: NodeHandle, flags: MessageFlags = [], as epoch: Epoch? = nil,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard let link = state.nodes[handle].outbound.openID else { return }
        send(body, on: link, flags: flags, as: epoch, &state, &context)
    }

    /// Pings a node on our link to it; an older ping without an answer keeps its own time.
    /// - Parameters:
    ///   - news: nodes that the gossip section must contain, besides those drawn at random.
    ///   - amount: how many nodes the gossip section draws at random.
    static func ping(
        _ handle: NodeHandle, telling news: [NodeHandle] = [], amount: Compose.Amount = .usual,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard let link = state.nodes[handle].outbound.openID else { return }
        state.nodes[handle].startAnswerClock(at: context.now.monotonic)
        state.nodes[handle].pingedAt = Moment(context.now.monotonic)
        state.nodes[handle].countPing()
        let beat = Compose.heartbeat(state, to: handle, telling: news, amount: amount, &context)
        send(.ping(beat), on: link, &state, &context)
    }

    /// Greets a node with MEET on a link that has just been made. No time runs for its answer: a
    /// node that never answers a MEET was never a member, and cannot become PFAIL.
    static func meet(
        _ handle: NodeHandle, on link: LinkID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        let beat = Compose.heartbeat(state, to: handle, &context)
        state.nodes[handle].pingedAt = Moment(context.now.monotonic)
        state.nodes[handle].countPing()
        send(.meet(beat), on: link, &state, &context)
    }

    /// Asks who is at the other end of a probe's link: a PING under an id of nobody, since a real server closes its
    /// good connection to us when we come with our own id by another address.
    ///
    /// - Source: DECISIONS D100.
    static func probe(
        _ handle: NodeHandle, on link: LinkID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        var header = Header(sender: state.nodes[handle].id, currentEpoch: 0)
        header.flags = [.master, .myself]
        header.port = context.config.announcedPort
        header.busPort = context.config.announcedBusPort
        state.statistics.countSent(.ping)
        context.emit(.send(.full(header, .ping(Heartbeat())), on: link))
    }

    /// Sends a node a PONG that answers no PING: its header carries our new role, slots or epochs.
    static func pong(
        _ handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard state.nodes[handle].outbound.isOpen else { return }
        let beat = Compose.heartbeat(state, to: handle, amount: .least, &context)
        send(.pong(beat), to: handle, &state, &context)
    }

    /// Sends the same message to every connected peer: it is composed and encoded once.
    static func broadcast(
        _ body: Body, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        let links = state.connectedPeers().compactMap { state.nodes[$0].outbound.openID }
        let header = Compose.header(state, context.config)
        broadcast(.full(header, body), on: links, &state, &context)
    }

    /// Sends one message on each of these connections, as it is.
    static func broadcast(
        _ message: Message, on links: [LinkID], _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard !links.isEmpty else { return }
        for _ in links { state.statistics.countSent(message.type) }
        context.emit(.broadcast(message, on: links))
    }

    /// Sends a PONG to every connected peer, because our role, slots or epochs have changed.
    static func broadcastPong(_ state: inout ClusterState, _ context: inout StepContext) {
        for handle in state.connectedPeers() { pong(handle, &state, &context) }
    }
}
