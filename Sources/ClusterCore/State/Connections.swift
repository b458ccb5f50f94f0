// Connections as the state sees them: asked for, bound to a node, dropped. These transitions are
// what several rules share; when to connect and what a lost link means is for the rule Links.

package import ClusterWire

extension ClusterState {
    /// Asks for a connection to a node that has none, at once; when many were asked for since the last
    /// tick, a later tick does.
    mutating func connect(to handle: NodeHandle, _ turn: inout Turn) {
        guard nodes[handle].outbound == .none, nodes[handle].canBeReached, connectsLeft > 0 else {
            return
        }
        guard !nodes[handle].address.ip.isEmpty, nodes[handle].address.busPort != 0 else { return }
        connectsLeft -= 1
        linkSerial &+= 1
        let link = LinkID.outbound(handle, serial: linkSerial)
        nodes[handle].outbound = .connecting(link, since: turn.now.monotonic)
        nodes[handle].retryAt = nodes[handle].nextTry(
            after: turn.now.monotonic, nodeTimeout: turn.config.nodeTimeout)
        turn.emit(.connect(link, to: nodes[handle].place))
    }

    /// Closes our connection to a node, if there is one.
    mutating func closeOutbound(of handle: NodeHandle, _ turn: inout Turn) {
        guard let link = nodes[handle].outbound.id else { return }
        nodes[handle].outbound = .none
        turn.emit(.close(link))
    }

    /// Closes a connection that another node made.
    mutating func closeInbound(_ link: LinkID, _ turn: inout Turn) {
        forgetInbound(link)
        turn.emit(.close(link))
    }

    /// A stranger says its name on a connection that it made: what is known by that name later may be
    /// at its other end.
    mutating func claim(_ link: LinkID, by id: NodeID) {
        guard case .inbound(let number) = link, let known = inboundLink(link), known.node == nil,
            known.claim != id
        else { return }
        dropClaim(number)
        inbound[Int(number)]?.claim = id
        claimCount += 1
    }

    /// Binds the connection on which a node said its name before it was known: it may say nothing more
    /// there for ten node timeouts.
    mutating func bindClaimed(_ handle: NodeHandle, _ turn: inout Turn) {
        let id = nodes[handle].id
        guard claimCount > 0, nodes[handle].inbound == nil,
            let number = inbound.lastIndex(where: { $0?.claim == id })
        else { return }
        bind(.inbound(UInt32(number)), to: handle, &turn)
    }

    private mutating func dropClaim(_ number: UInt32) {
        guard inbound[Int(number)]?.claim != nil else { return }
        inbound[Int(number)]?.claim = nil
        claimCount -= 1
    }

    /// Drops all memory of an inbound connection.
    mutating func forgetInbound(_ link: LinkID) {
        guard case .inbound(let number) = link, Int(number) < inbound.count else { return }
        if let node = inbound[Int(number)]?.node, nodes.contains(node),
            nodes[node].inbound == link
        {
            nodes[node].inbound = nil
        }
        dropClaim(number)
        inbound[Int(number)] = nil
        while let last = inbound.last, last == nil { inbound.removeLast() }
    }

    /// What is known of an inbound connection.
    func inboundLink(_ link: LinkID) -> InboundLink? {
        guard case .inbound(let number) = link, Int(number) < inbound.count else { return nil }
        return inbound[Int(number)]
    }

    /// An answer is to be sent on a connection. Returns whether one was before.
    mutating func answers(on link: LinkID) -> Bool {
        guard case .inbound(let number) = link, let known = inboundLink(link), !known.isAnswered
        else { return true }
        inbound[Int(number)]?.isAnswered = true
        return false
    }

    /// Says who speaks on an inbound connection; an earlier one of the same node is closed.
    mutating func bind(_ link: LinkID, to handle: NodeHandle, _ turn: inout Turn) {
        guard case .inbound(let number) = link, Int(number) < inbound.count else { return }
        if let former = inbound[Int(number)]?.node, former != handle,
            nodes[former].inbound == link
        {
            nodes[former].inbound = nil
        }
        if let earlier = nodes[handle].inbound, earlier != link { closeInbound(earlier, &turn) }
        dropClaim(number)
        inbound[Int(number)]?.node = handle
        nodes[handle].inbound = link
        nodes[handle].inboundAt = turn.now.monotonic
    }

    /// The node at the other end of an outbound link, if the link is still its own.
    package func target(of link: LinkID) -> NodeHandle? {
        guard case .outbound(let handle, _) = link, nodes.contains(handle),
            nodes[handle].outbound.id == link
        else { return nil }
        return handle
    }

    /// Whether a connection belongs to a node whose name is known: it may send more.
    func isKnownPeer(on link: LinkID) -> Bool { Identity.bound(to: link, self) != nil }

    /// What a header on this connection most likely claims: what it claimed before.
    package func slotsExpected(on link: LinkID) -> SlotSet {
        guard let node = Identity.bound(to: link, self) else { return SlotSet() }
        guard let id = nodes[node].master else { return nodes[node].slots }
        return nodes.find(id).map { nodes[$0].slots } ?? SlotSet()
    }

    /// Whether an inbound connection is that of a handshake.
    func isMeeting(on link: LinkID) -> Bool { inboundLink(link)?.node != nil }
}
