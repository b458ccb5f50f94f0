// How two nodes come to know each other: MEET, a temporary name, and the real id with the first
// PONG; and what it means when an address answers with another id, or an id speaks from another
// address. Follows bus protocol §4.3 to §4.7.

import ClusterWire

enum Handshake {
    /// Starts to meet the node at an address; nothing happens when that is going on already.
    @discardableResult
    static func start(
        with address: NodeAddress, seenAt: IPText = IPText(), greeting: Bool,
        _ state: inout ClusterState, _ turn: inout Turn
    ) -> NodeHandle? {
        var going = 0
        for handle in state.nodes.handles where state.nodes[handle].isHandshake {
            let known = state.nodes[handle].address
            if known.ip == address.ip && known.port == address.port
                && known.busPort == address.busPort
            {
                return nil
            }
            going += 1
        }
        guard going < ClusterConfig.handshakeLimit else {
            turn.note(.ignored(.handshakeLimit, from: nil))
            return nil
        }
        var traits: Traits = .handshake
        if greeting { traits.insert(.meet) }
        let temporary = NodeID(using: &turn.random)
        guard state.nodes.find(temporary) == nil,
            let handle = state.add(temporary, at: address, seenAt: seenAt, traits: traits, &turn)
        else { return nil }
        turn.note(.handshakeStarted(address))
        Links.connect(to: handle, &state, &turn)
        return handle
    }

    /// A MEET from a stranger: know it by its address until it tells its name, and say so on the
    /// same connection. Returns false when it must not be answered.
    ///
    /// - Source: bus protocol §4.4.
    static func metByStranger(
        _ header: Header, _ gossip: GossipSection, on link: LinkID, _ state: inout ClusterState,
        _ turn: inout Turn
    ) -> Bool {
        guard let inbound = state.inboundLink(link), inbound.node == nil else { return true }
        if mergeIsRefused(header, gossip, state, turn) {
            // An answer would make us known to the other side, and its slots ours.
            turn.note(.ignored(.mergeRefused, from: header.sender))
            state.closeInbound(link, &turn)
            return false
        }
        greeted(by: header, seenAt: inbound.peer, on: link, &state, &turn)
        return true
    }

    /// Whether two clusters would become one, and an option forbids it: the other node claims slots
    /// that somebody else owns here, or both of us know others and neither's others are known to the
    /// other. Who is alone is let in, with slots that are free here or none: so clusters are made.
    ///
    /// - Source: bus protocol §12 row 11; DECISIONS D46.
    private static func mergeIsRefused(
        _ header: Header, _ gossip: GossipSection, _ state: ClusterState, _ turn: Turn
    ) -> Bool {
        guard turn.config.refuseMerge else { return false }
        for slot in header.slots {
            guard let owner = state.slots.owner(of: slot) else { continue }
            let id = state.nodes[owner].id
            if id != header.sender && id != header.replicaOf { return true }
        }
        guard state.nodes.heardCount > 1 else { return false }
        var tellsOfOthers = false
        for position in 0..<gossip.count {
            let entry = gossip[position]
            guard entry.node != header.sender, !entry.flags.contains(.handshake) else { continue }
            if state.nodes.findHeard(entry.node) != nil { return false }
            tellsOfOthers = true
        }
        return tellsOfOthers
    }

    private static func greeted(
        by header: Header, seenAt peer: IPText, on link: LinkID, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        let address = address(in: header, seenAt: peer)
        guard isUsable(address) else {
            return turn.note(.ignored(.badAddress(address), from: header.sender))
        }
        guard
            let handle = start(
                with: address, seenAt: peer, greeting: false, &state, &turn)
        else { return }
        if header.messageFlags.contains(.extensions) {
            state.nodes[handle].traits.insert(.takesExtensions)
        }
        state.bind(link, to: handle, &turn)
        turn.pending.insert(.save)
    }

    /// The first answer on our link to a node whose name we do not know. Returns false when the
    /// message is spent.
    ///
    /// - Source: bus protocol §4.5 rule 1.
    static func answered(
        by header: Header, _ gossip: GossipSection, at handle: NodeHandle,
        _ state: inout ClusterState, _ turn: inout Turn
    ) -> Bool {
        if let known = state.nodes.find(header.sender) {
            if known != .myself {
                meetAgain(header.sender, &state, &turn)
                // What it announces it says itself; here only where it is was seen.
                if state.nodes[known].place != state.nodes[handle].place {
                    moveAddress(
                        of: known, to: state.nodes[handle].address,
                        seenAt: state.nodes[handle].seenAt, &state, &turn)
                }
            }
            state.delete(handle, &turn)
            return false
        }
        guard header.sender.isValid else { return false }
        if mergeIsRefused(header, gossip, state, turn) {
            turn.note(.ignored(.mergeRefused, from: header.sender))
            state.delete(handle, &turn)
            return false
        }
        meetAgain(header.sender, &state, &turn)
        Epochs.learnAlone(header, &state, &turn)
        state.nodes.rename(handle, to: header.sender)
        state.nodes[handle].traits.subtract([.handshake, .meet])
        state.nodes[handle].traits.formUnion([.introduce, .news, .metByUs, .oneWay])
        if header.flags.contains(.replica) && !header.saysMaster {
            state.setRole(.replica(of: nil), of: handle)
        }
        turn.note(.nodeMet(header.sender, state.nodes[handle].address))
        turn.pending.formUnion([.save, .health])
        return true
    }

    /// An operator has us meet a node, or it us: nobody's older word to forget it counts any more.
    ///
    /// - Source: DECISIONS D45.
    static func meetAgain(_ id: NodeID, _ state: inout ClusterState, _ turn: inout Turn) {
        let wasForgotten = state.forgotten.meet(
            id, at: turn.now.wall, timeToLive: turn.config.blacklistTTL * 1000)
        if wasForgotten { turn.pending.insert(.save) }
    }

    /// A known node speaks on a connection of its own. When it does so again, our answer has arrived: it
    /// knows us. When it is one that we only heard of, it was told of us, by a node that knows us: whoever
    /// we met is not to be greeted again, for it may be that somebody had it forget us.
    ///
    /// - Source: DECISIONS D60.
    static func knowsUs(_ sender: NodeHandle, by link: LinkID, _ state: inout ClusterState) {
        guard let inbound = state.inboundLink(link) else { return }
        if state.nodes[sender].traits.contains(.oneWay) {
            if inbound.isAnswered { state.nodes[sender].traits.remove(.oneWay) }
        } else if !inbound.isAnswered {
            for handle in state.nodes.handles
            where state.nodes[handle].traits.contains(.oneWay) {
                state.nodes[handle].traits.remove(.oneWay)
            }
        }
    }

    /// Another node answers on our link: the address is not that node's any more. If it is we
    /// ourselves who answer, the two of us may have changed places: it is looked for where we were.
    ///
    /// - Source: bus protocol §4.5 rule 2; DECISIONS D62.
    static func answeredByOther(
        _ header: Header, at handle: NodeHandle, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        turn.note(.addressLost(state.nodes[handle].id, answeredBy: header.sender))
        let found = state.nodes[handle].place
        let former = state.me.address.ip == found.ip ? state.formerIP : state.me.address.ip
        if header.sender == state.myID, former != found.ip, IPLiteral.isLiteral(former),
            !state.nodes[handle].traits.contains(.guessed)
        {
            if turn.config.announceIP == nil { state.announce(ip: found.ip) }
            var guess = found
            guess.ip = former
            moveAddress(of: handle, to: guess, &state, &turn)
            state.nodes[handle].traits.insert(.guessed)
            return
        }
        state.nodes[handle].traits.insert(.noAddress)
        state.nodes[handle].locate(at: .none)
        state.closeOutbound(of: handle, &turn)
        turn.pending.formUnion([.save, .health])
    }

    /// A PING or MEET tells us our own address: the one it came to. A process may have been started
    /// elsewhere than the one before: the first PING of a known node tells, too.
    ///
    /// - Source: bus protocol §4.3; DECISIONS D62.
    static func learnOwnAddress(
        from link: LinkID, isMeet: Bool, _ state: inout ClusterState, _ turn: inout Turn
    ) {
        guard turn.config.announceIP == nil, let inbound = state.inboundLink(link) else { return }
        let isFirst = !state.isReached && inbound.node != nil
        guard isMeet || isFirst || state.me.address.ip.isEmpty, !inbound.local.isEmpty else {
            return
        }
        state.isReached = true
        guard state.me.address.ip != inbound.local else { return }
        state.announce(ip: inbound.local)
        turn.note(.ownAddressLearned(inbound.local))
        turn.pending.insert(.save)
    }

    /// A PING on a connection that the node made tells where the node is now.
    ///
    /// - Source: bus protocol §4.7.
    static func updateAddress(
        of handle: NodeHandle, from header: Header, on link: LinkID,
        _ state: inout ClusterState, _ turn: inout Turn
    ) {
        guard let inbound = state.inboundLink(link) else { return }
        let address = address(in: header, seenAt: inbound.peer)
        // Nearly always it is where it was.
        guard
            address != state.nodes[handle].address || !state.nodes[handle].isSeen(at: inbound.peer)
        else { return }
        guard isUsable(address) else {
            return turn.note(.ignored(.badAddress(address), from: header.sender))
        }
        moveAddress(of: handle, to: address, seenAt: inbound.peer, &state, &turn)
    }

    /// Stores a node's new address and, where it is another place, drops our link to the old one. An
    /// address that is new is no reason for doubt, one that changes without end is: anybody who can
    /// connect can say it.
    ///
    /// - Source: bus protocol §4.7, §12 row 9; DECISIONS D24, D48.
    static func moveAddress(
        of handle: NodeHandle, to address: NodeAddress, seenAt: IPText = IPText(),
        _ state: inout ClusterState, _ turn: inout Turn
    ) {
        let old = state.nodes[handle]
        guard
            old.address != address || !old.canBeReached
                || !seenAt.isEmpty && !old.isSeen(at: seenAt)
        else { return }
        guard mayMove(handle, &state, turn) else {
            return turn.note(.ignored(.movesTooOften(to: address), from: old.id))
        }
        state.nodes[handle].traits.remove(.noAddress)
        state.nodes[handle].locate(at: address, seenAt: seenAt)
        let new = state.nodes[handle].place
        let isNameAlone = old.address == address
        turn.note(
            .addressChanged(
                old.id, from: isNameAlone ? old.place : old.address,
                to: isNameAlone ? new : address))
        turn.pending.formUnion([.save, .health])
        guard new != old.place || !old.canBeReached else { return }
        state.closeOutbound(of: handle, &turn)
        state.nodes[handle].retryAt = 0
        Links.connect(to: handle, &state, &turn)
        if state.myMaster == handle { turn.emit(.replicate(from: new)) }
    }

    /// A few changes at once, then one an interval.
    private static func mayMove(
        _ handle: NodeHandle, _ state: inout ClusterState, _ turn: Turn
    ) -> Bool {
        let now = turn.now.monotonic
        let spent = max(state.nodes[handle].movesSpentUntil, now)
        guard spent - now <= (ClusterConfig.moveBurst - 1) * ClusterConfig.moveInterval else {
            return false
        }
        state.nodes[handle].movesSpentUntil = spent + ClusterConfig.moveInterval
        return true
    }

    /// What a header announces: a name stays one.
    private static func address(in header: Header, seenAt peer: IPText) -> NodeAddress {
        NodeAddress(
            ip: header.ip.isEmpty ? peer : Handshake.normalised(header.ip), port: header.port,
            secondaryPort: header.secondaryPort, busPort: header.busPort)
    }

    /// A literal address or a name, and ports that can be connected to.
    static func isUsable(_ address: NodeAddress) -> Bool {
        EndpointName.isAddressOrName(address.ip) && address.busPort != 0
            && (address.port != 0 || address.secondaryPort != 0)
    }

    /// Equal addresses as equal text: a peer may write IPv6 in upper case, and anything behind a name.
    ///
    /// - Source: bus protocol §12 row 34.
    static func normalised(_ ip: IPText) -> IPText {
        IPLiteral.normalised(ip) ?? IPText(latin1(ip.bytes)) ?? ip
    }
}
