// How two nodes meet: MEET, a temporary id, and the real id with the first PONG; and what follows when another
// id answers at an address, or a known id sends from another address. Follows bus protocol §4.3 to §4.7.

import ClusterWire

enum Handshake {
    /// Starts a handshake with the node at an address, unless one is under way already.
    @discardableResult
    static func start(
        with address: NodeAddress, seenAt: IPText = IPText(), greeting: Bool,
        _ state: inout ClusterState, _ context: inout StepContext
    ) -> NodeHandle? {
        var going = 0
        for handle in state.nodes.handles where state.nodes[handle].stage == .handshake {
            let known = state.nodes[handle].address
            if known.ip == address.ip && known.port == address.port
                && known.busPort == address.busPort
            {
                return nil
            }
            going += 1
        }
        guard going < ClusterConfig.handshakeLimit else {
            context.note(.ignored(.handshakeLimit, from: nil))
            return nil
        }
        let temporary = NodeID(using: &context.random)
        guard state.nodes.find(temporary) == nil,
            let handle = state.add(
                temporary, at: address, seenAt: seenAt, as: .handshake, &context)
        else { return nil }
        state.nodes[handle].needsMeet = greeting
        context.note(.handshakeStarted(address))
        Links.connect(to: handle, &state, &context)
        return handle
    }

    /// A MEET from an unknown node: adds it in handshake, under a temporary id, and has it answered on the same
    /// connection. Returns false when it must not be answered.
    ///
    /// - Source: bus protocol §4.4.
    static func metByStranger(
        _ header: Header, _ gossip: GossipSection, on link: LinkID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) -> Bool {
        guard let inbound = state.connections[link], inbound.node == nil else { return true }
        if mergeIsRefused(header, gossip, state, context) {
            // With an answer the other cluster would take this node as a member, with the slots that it claims.
            context.note(.ignored(.mergeRefused, from: header.sender))
            state.closeInbound(link, &context)
            return false
        }
        greeted(by: header, seenAt: inbound.peer, on: link, &state, &context)
        return true
    }

    /// Whether the MEET would merge two clusters, and `refuseMerge` is set: the other node claims slots that
    /// have another owner here, or both nodes know others and have none of them in common. A node that knows
    /// nobody is let in, with slots that are free here or none, so that clusters can be formed.
    ///
    /// - Source: bus protocol §12 row 11; DECISIONS D46.
    private static func mergeIsRefused(
        _ header: Header, _ gossip: GossipSection, _ state: ClusterState, _ context: StepContext
    ) -> Bool {
        guard context.config.refuseMerge else { return false }
        for slot in header.slots {
            guard let owner = state.slots.owner(of: slot) else { continue }
            let id = state.nodes[owner].id
            if id != header.sender && id != header.replicaOf { return true }
        }
        guard state.nodes.memberCount > 1 else { return false }
        var tellsOfOthers = false
        for position in 0..<gossip.count {
            let entry = gossip[position]
            guard entry.node != header.sender, !entry.flags.contains(.handshake) else { continue }
            if state.nodes.findMember(entry.node) != nil { return false }
            tellsOfOthers = true
        }
        return tellsOfOthers
    }

    private static func greeted(
        by header: Header, seenAt peer: IPText, on link: LinkID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        let address = Addresses.address(in: header, seenAt: peer)
        guard Addresses.isUsable(address) else {
            return context.note(.ignored(.badAddress(address), from: header.sender))
        }
        guard
            let handle = start(
                with: address, seenAt: peer, greeting: false, &state, &context)
        else { return }
        if header.messageFlags.contains(.extensions) {
            state.nodes[handle].peerFlags.insert(.takesExtensions)
        }
        state.bind(link, to: handle, &context)
        context.pending.insert(.save)
    }

    /// The first answer on our link to a node in handshake: its real id. Returns false when no other rule may
    /// use the message.
    ///
    /// - Source: bus protocol §4.5 rule 1.
    static func answered(
        by header: Header, _ gossip: GossipSection, at handle: NodeHandle,
        _ state: inout ClusterState, _ context: inout StepContext
    ) -> Bool {
        if let known = state.nodes.find(header.sender) {
            if known != .myself {
                meetAgain(header.sender, &state, &context)
                // The address that it announces comes with its headers; here is the one that was connected to.
                if state.nodes[known].place != state.nodes[handle].place {
                    Addresses.answeredElsewhere(
                        known, at: state.nodes[handle].address,
                        seenAt: state.nodes[handle].seenAt, &state, &context)
                }
            }
            state.delete(handle, &context)
            return false
        }
        guard header.sender.isValid else { return false }
        if mergeIsRefused(header, gossip, state, context) {
            context.note(.ignored(.mergeRefused, from: header.sender))
            state.delete(handle, &context)
            return false
        }
        meetAgain(header.sender, &state, &context)
        Epochs.learnAlone(header, &state, &context)
        state.admit(handle, as: header.sender, &context)
        if header.flags.contains(.replica) && !header.saysMaster {
            state.setRole(.replica(of: nil), of: handle, &context)
        }
        return true
    }

    /// An operator has us meet a node, or it us: FORGETs of it that are older do not count any more.
    ///
    /// - Source: DECISIONS D45.
    static func meetAgain(_ id: NodeID, _ state: inout ClusterState, _ context: inout StepContext) {
        let wasForgotten = state.forgotten.meet(
            id, at: context.now.wall, timeToLive: context.config.blacklistTTL * 1000)
        if wasForgotten { context.pending.insert(.save) }
    }

    /// A known node sends on a connection that it made. When it does so again, our answer has arrived: it knows
    /// us. If we did not meet it ourselves, it learned of us from a node that knows us: then no MEET is
    /// repeated to the nodes that we met, since one that does not connect to us may have been told to forget
    /// us.
    ///
    /// - Source: DECISIONS D60.
    static func knowsUs(_ sender: NodeHandle, by link: LinkID, _ state: inout ClusterState) {
        guard let inbound = state.connections[link] else { return }
        if state.nodes[sender].mayNotKnowUs {
            if inbound.isAnswered { state.nodes[sender].mayNotKnowUs = false }
        } else if !inbound.isAnswered {
            for handle in state.nodes.handles
            where state.nodes[handle].mayNotKnowUs {
                state.nodes[handle].mayNotKnowUs = false
            }
        }
    }

    /// Another node answers on our link: the node is not at its address any more. If this node itself
    /// answers there, the two may have swapped addresses: it is looked for at our former one.
    ///
    /// - Source: bus protocol §4.5 rule 2; DECISIONS D62.
    static func answeredByOther(
        _ header: Header, at handle: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        context.note(.addressLost(state.nodes[handle].id, answeredBy: header.sender))
        let found = state.nodes[handle].place
        let former =
            state.me.address.ip == found.ip ? state.membership.formerIP : state.me.address.ip
        if header.sender == state.myID, former != found.ip, IPLiteral.isLiteral(former),
            state.nodes[handle].whereabouts != .guessed
        {
            if context.config.announceIP == nil { state.announce(ip: found.ip, &context) }
            var guess = found
            guess.ip = former
            Addresses.move(handle, to: guess, &state, &context)
            return state.nodes[handle].guess(state.nodes[handle].address)
        }
        state.loseAddress(of: handle, &context)
    }

    /// Our own address is the one at which a MEET arrived. A process may have been started at another address
    /// than the one before it: then the first PING of a known node shows it, too.
    ///
    /// - Source: bus protocol §4.3; DECISIONS D62.
    static func learnOwnAddress(
        from link: LinkID, isMeet: Bool, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard context.config.announceIP == nil, let inbound = state.connections[link] else {
            return
        }
        let isFirst = !state.membership.wasReached && inbound.node != nil
        guard isMeet || isFirst || state.me.address.ip.isEmpty, !inbound.local.isEmpty else {
            return
        }
        state.membership.noteReached()
        guard state.me.address.ip != inbound.local else { return }
        state.announce(ip: inbound.local, &context)
        context.note(.ownAddressLearned(inbound.local))
    }
}
