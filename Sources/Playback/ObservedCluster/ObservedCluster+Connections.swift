// Which node is at which end of a connection, and what connections that begin and end tell: links, a
// node whose process has ended, another that answers at its address.

import Capture
import ClusterWire

extension ObservedCluster {
    /// The first message of a stream, or the first of another sender on it.
    mutating func identify(
        _ stream: inout ObservedStream, as sender: Index, _ header: Header, at time: Int64
    ) {
        if let before = stream.sender {
            nodes[before].history.leave(stream.position)
            nodes[before].presence.leaves(stream.stream.number)
            replace(before, by: sender, at: time)
        }
        stream.sender = sender
        stream.position = SelfReportHistory.Position()
        nodes[sender].presence.speaks(on: stream.stream.number)
        let source = stream.stream.source
        stream.isAnswering = header.busPort.value == source.port && header.busPort != 0
        if stream.isAnswering {
            if let former = addresses.listen(sender, at: source), former != sender {
                replace(former, by: sender, at: time)
            }
            deliver(to: source, of: sender)
        } else {
            listens(sender, header, stream, at: time)
        }
        stream.receiver = receiver(of: stream)
        guard !stream.isAnswering, let receiver = stream.receiver else { return }
        let link = NodePair(by: sender, node: receiver)
        let isAgain = connections.remake(link)
        if stream.fromStart || isAgain { emit(.linkMade, by: sender, node: receiver, at: time) }
    }

    /// Who makes connections from an address is reached there too, at its bus port.
    private mutating func listens(
        _ sender: Index, _ header: Header, _ stream: ObservedStream, at time: Int64
    ) {
        let source = stream.stream.source
        guard header.busPort != 0, header.ip.isEmpty || header.ip.text == source.host else {
            return
        }
        let port = header.busPort.value
        let address =
            source.ipv4.map { CaptureAddress(ipv4: $0, port: port) }
            ?? CaptureAddress(ipv6High: source.ipv6.high, ipv6Low: source.ipv6.low, port: port)
        let former = addresses.listen(sender, at: address)
        if let former, former != sender { replace(former, by: sender, at: time) }
        if former == nil { deliver(to: address, of: sender) }
    }

    /// Another node speaks where this one spoke: a reset gives a node a new id.
    mutating func replace(_ former: Index, by sender: Index, at time: Int64) {
        guard nodes[former].replacedBy == nil, former != sender else { return }
        nodes[former].presence.replacedBy = sender
        nodes[sender].presence.replacedBy = nil
        refresh(former)
        refresh(sender)
        emit(
            .addressChanged(from: nodes[former].address, to: nil), by: sender, node: former,
            at: time)
    }

    /// Who is at the other end.
    func receiver(of stream: ObservedStream) -> Index? {
        connections.stream(stream.flow.reversed)?.sender
            ?? addresses.listener(at: stream.stream.destination)
    }
}

extension ObservedCluster {
    /// One direction of a connection has ended.
    mutating func closed(_ stream: BusStream, at time: Int64, _ reason: TCPEvent.CloseReason) {
        guard let state = connections.close(stream) else { return }
        reached(time)
        guard let sender = state.sender else { return }
        nodes[sender].presence.leaves(stream.number)
        nodes[sender].history.leave(state.position)
        let isEnded = reason == .finished || reason == .reset
        if isEnded { nodes[sender].presence.seen(at: time) }
        if !state.isAnswering, let receiver = state.receiver, nodes[receiver].replacedBy == nil,
            connections.lose(NodePair(by: sender, node: receiver))
        {
            emit(.linkLost, by: sender, node: receiver, at: time)
        }
        let presence = nodes[sender].presence
        guard presence.streams.isEmpty, presence.replacedBy == nil, isEnded, presence.ends > 1,
            time - presence.endsSince < limits.disorder
        else { return }
        guard nodes[sender].presence.close() else { return }
        emit(.silent(since: presence.lastPacket, closed: true), node: sender, at: time)
        slotsAreUnserved(sender, at: time)
    }

    /// A FIN or RST. Who begins to end several connections at one moment has gone; who only answers
    /// the end of another has not. That holds for a node too that others speak of, now or later,
    /// and that was never heard itself.
    mutating func connectionEnds(_ flow: Flow, at time: Int64) {
        guard connections.ends.begin(flow) else { return }
        let known = connections.stream(flow)
        if known == nil && connections.isOpen(flow.reversed) { return }
        if let sender = known?.sender ?? addresses.listener(at: flow.source) {
            nodes[sender].presence.beganToEnd(at: time, within: limits.disorder)
            return
        }
        // A connection that was refused is known from its SYN: the other direction is.
        guard !connections.isOpen(flow), !connections.isOpen(flow.reversed) else { return }
        let place = BusPlace(host: flow.source.host, port: Port(flow.source.port))
        guard connections.ends.addUnheard(place, at: time) else { return }
        if let node = addresses.introduced(at: place), nodes[node].busPort == place.port,
            nodes[node].host == place.host
        {
            endedUnheard(node, at: time)
        }
    }

    /// A node of which only the end of its connections was seen.
    mutating func endedUnheard(_ node: Index, at time: Int64) {
        guard let host = nodes[node].host, !nodes[node].presence.isSilent,
            !nodes[node].hasSpoken,
            let since = connections.ends.several(
                at: BusPlace(host: host, port: nodes[node].busPort))
        else { return }
        nodes[node].presence.closeUnheard(at: since)
        emit(.silent(since: since, closed: true), node: node, at: time)
        slotsAreUnserved(node, at: time)
    }

    /// Nobody serves the slots of this node any more.
    mutating func slotsAreUnserved(_ place: Index, at time: Int64) {
        guard !nodes[place].presence.isUnserved else { return }
        let slots = ownSlots(of: place)
        guard !slots.isEmpty else { return }
        nodes[place].presence.isUnserved = true
        emit(.slotsUnserved(slots), node: place, at: time)
    }
}
