// Connections: which there are, which node is at the other end, how many may be asked for until the next tick.
// When to connect and what follows from a lost link is for the rule Links.

package import ClusterWire

/// The memory of the rule Links: connections that others made, and what of ours may be asked for.
package struct Connections: Sendable {
    /// Inbound connections, by the shell's number.
    package private(set) var inbound: [InboundLink?] = []
    /// Those that speak in a known node's name and are not known to be its own, in the order in which they first
    /// spoke.
    private(set) var unproven: [UInt32] = []
    /// Those on which a PING waits to show that somebody is there.
    private(set) var tested: [UInt32] = []
    /// On how many of those an unknown node has sent its id.
    private(set) var claimCount = 0
    /// Connections that may be asked for until the next tick.
    private(set) var leftToAsk = ClusterConfig.connectsPerTick
    /// The serial number of our next link, which tells links to one node from each other.
    private var serial: UInt32 = 0

    /// A tick begins: some may be asked for anew.
    mutating func beginTick() { leftToAsk = ClusterConfig.connectsPerTick }

    /// The name of the connection to a node that is asked for now.
    mutating func takeName(for handle: NodeHandle) -> LinkID {
        leftToAsk -= 1
        serial &+= 1
        return .outbound(handle, serial: serial)
    }

    /// What is known of an inbound connection.
    subscript(link: LinkID) -> InboundLink? {
        guard case .inbound(let number) = link, Int(number) < inbound.count else { return nil }
        return inbound[Int(number)]
    }

    /// A connection was made to us.
    mutating func open(_ number: UInt32, local: IPText, peer: IPText) {
        while inbound.count <= Int(number) { inbound.append(nil) }
        inbound[Int(number)] = InboundLink(local: local, peer: peer)
    }

    /// It is gone.
    mutating func close(_ number: UInt32) {
        dropClaim(on: number)
        dropDoubt(on: number)
        if let place = tested.firstIndex(of: number) { tested.remove(at: place) }
        inbound[Int(number)] = nil
        while let last = inbound.last, last == nil { inbound.removeLast() }
    }

    /// An unknown node sends its id on a connection. Returns whether this id is new there.
    mutating func claim(_ number: UInt32, by id: NodeID) {
        dropClaim(on: number)
        inbound[Int(number)]?.claim = id
        claimCount += 1
    }

    /// The newest connection on which an unknown node sent this id.
    func claimed(by id: NodeID) -> LinkID? {
        guard claimCount > 0, let number = inbound.lastIndex(where: { $0?.claim == id }) else {
            return nil
        }
        return .inbound(UInt32(number))
    }

    private mutating func dropClaim(on number: UInt32) {
        guard inbound[Int(number)]?.claim != nil else { return }
        inbound[Int(number)]?.claim = nil
        claimCount -= 1
    }

    /// It speaks in this node's name, and is not known to be its own.
    mutating func doubt(_ number: UInt32, in handle: NodeHandle) {
        dropClaim(on: number)
        inbound[Int(number)]?.node = handle
        if !unproven.contains(number) { unproven.append(number) }
    }

    private mutating func dropDoubt(on number: UInt32) {
        guard !unproven.isEmpty, let place = unproven.firstIndex(of: number) else { return }
        unproven.remove(at: place)
    }

    /// The connections that speak in a node's name and are not known to be its own, the oldest first.
    func unproven(of handle: NodeHandle) -> [UInt32] {
        unproven.isEmpty ? [] : unproven.filter { inbound[Int($0)]?.node == handle }
    }

    /// Something came on a connection that is its node's own.
    mutating func heard(on number: UInt32, at now: Int64) {
        inbound[Int(number)]?.heardAt = Moment(now)
        guard !tested.isEmpty, let place = tested.firstIndex(of: number) else { return }
        tested.remove(at: place)
        inbound[Int(number)]?.testedAt = .never
    }

    /// A PING was sent on it, to see whether anybody is there.
    mutating func test(_ number: UInt32, at now: Int64) {
        inbound[Int(number)]?.testedAt = Moment(now)
        tested.append(number)
    }

    /// This node is at its other end.
    mutating func bind(_ number: UInt32, to handle: NodeHandle) {
        dropClaim(on: number)
        dropDoubt(on: number)
        inbound[Int(number)]?.node = handle
    }

    /// A node is deleted: no connection may point into a row that another node may reuse. One that was
    /// bound before a later one replaced it still does.
    mutating func unbind(_ handle: NodeHandle) {
        for index in inbound.indices where inbound[index]?.node == handle {
            inbound[index]?.node = nil
            dropDoubt(on: UInt32(index))
        }
    }

    /// A message showed that the peer takes extensions.
    mutating func noteExtensions(on link: LinkID) {
        guard case .inbound(let number) = link else { return }
        inbound[Int(number)]?.takesExtensions = true
    }

    /// An answer is to be sent on a connection. Returns whether one was before.
    mutating func noteAnswer(on link: LinkID) -> Bool {
        guard case .inbound(let number) = link, let known = self[link], !known.isAnswered else {
            return true
        }
        inbound[Int(number)]?.isAnswered = true
        return false
    }
}

extension ClusterState {
    /// Closes our connection to a node, if there is one.
    mutating func closeOutbound(of handle: NodeHandle, _ context: inout StepContext) {
        guard let link = nodes[handle].outbound.id else { return }
        nodes[handle].outbound = .none
        context.emit(.close(link))
    }

    /// Closes a connection that another node made.
    mutating func closeInbound(_ link: LinkID, _ context: inout StepContext) {
        forgetInbound(link)
        context.emit(.close(link))
    }

    /// An unknown node sends its id on a connection that it made: if that id becomes known later, the
    /// connection may be that node's.
    mutating func claim(_ link: LinkID, by id: NodeID) {
        guard case .inbound(let number) = link, let known = connections[link], known.node == nil,
            known.claim != id
        else { return }
        connections.claim(number, by: id)
    }

    /// Binds the connection on which a node sent its id before it was known. Without this, ten node timeouts
    /// might pass until its next message there binds it.
    mutating func bindClaimed(_ handle: NodeHandle, _ context: inout StepContext) {
        guard nodes[handle].inbound == nil, let link = connections.claimed(by: nodes[handle].id)
        else { return }
        bind(link, to: handle, &context)
    }

    /// Drops all memory of an inbound connection.
    mutating func forgetInbound(_ link: LinkID) {
        guard case .inbound(let number) = link, Int(number) < connections.inbound.count else {
            return
        }
        if let node = connections[link]?.node, nodes.contains(node), nodes[node].inbound == link {
            nodes[node].inbound = nil
        }
        keptWords.drop(from: link)
        connections.close(number)
    }

    /// Binds an inbound connection to a node; an earlier one of the same node is closed.
    mutating func bind(_ link: LinkID, to handle: NodeHandle, _ context: inout StepContext) {
        guard case .inbound(let number) = link, Int(number) < connections.inbound.count else {
            return
        }
        if let former = connections[link]?.node, former != handle, nodes[former].inbound == link {
            nodes[former].inbound = nil
        }
        if let earlier = nodes[handle].inbound, earlier != link { closeInbound(earlier, &context) }
        connections.bind(number, to: handle)
        nodes[handle].inbound = link
        nodes[handle].inboundAt = Moment(context.now.monotonic)
    }

    /// The node at the other end of an outbound link, if the link is still its own.
    package func target(of link: LinkID) -> NodeHandle? {
        guard case .outbound(let handle, _) = link, nodes.contains(handle),
            nodes[handle].outbound.id == link
        else { return nil }
        return handle
    }

    /// The node, not in handshake, to which a connection belongs.
    func boundNode(of link: LinkID) -> NodeHandle? {
        let handle = target(of: link) ?? connections[link]?.node
        return handle.flatMap { nodes[$0].isHandshake ? nil : $0 }
    }

    /// Every other node, not in handshake, to which our link is open.
    func connectedPeers() -> [NodeHandle] {
        nodes.handles.filter {
            $0 != .myself && !nodes[$0].isHandshake && nodes[$0].outbound.isOpen
        }
    }

    /// Whether a connection belongs to a known node: it may send longer messages than others.
    func isKnownPeer(on link: LinkID) -> Bool { boundNode(of: link) != nil }

    /// The slots that the next header on this connection most likely claims: those of the last one.
    package func slotsExpected(on link: LinkID) -> SlotSet {
        guard let node = boundNode(of: link) else { return SlotSet() }
        guard let id = nodes[node].master else { return nodes[node].slots }
        return nodes.find(id).map { nodes[$0].slots } ?? SlotSet()
    }

    /// Whether an inbound connection is that of a handshake.
    func isMeeting(on link: LinkID) -> Bool { connections[link]?.node != nil }
}
