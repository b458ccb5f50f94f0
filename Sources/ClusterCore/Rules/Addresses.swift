// Where a node is. A connection in its name may show another place than the one where it answers: that place is
// probed, by a PING under an id of nobody, and taken if it answers under the node's id while the node's own place
// refuses connections, answers under another id, or has been silent for a node timeout. The place that it left stays its
// home for a while: if it answers there again, it is there.
// Follows bus protocol §4.7; differs as DECISIONS D24, D48 and D100 say.

import ClusterWire

enum Addresses {
    /// A PING in a node's name shows an address. If it is not the one that is known, it is probed.
    ///
    /// - Source: bus protocol §4.7.
    static func heard(
        of handle: NodeHandle, from header: Header, on link: LinkID,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard let inbound = state.connections[link] else { return }
        let address = address(in: header, seenAt: inbound.peer)
        // Nearly always its address has not changed.
        guard
            address != state.nodes[handle].address || !state.nodes[handle].isSeen(at: inbound.peer)
        else { return }
        guard isUsable(address) else {
            return context.note(.ignored(.badAddress(address), from: header.sender))
        }
        guard context.config.confirms else {
            return move(handle, to: address, seenAt: inbound.peer, &state, &context)
        }
        see(
            Sighting(
                node: handle, address: address, seenAt: inbound.peer,
                heardAt: context.now.monotonic), &state, &context)
    }

    /// A known node, or somebody in its name, answered where we looked for another.
    static func answeredElsewhere(
        _ handle: NodeHandle, at address: NodeAddress, seenAt: IPText,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard context.config.confirms else {
            return move(handle, to: address, seenAt: seenAt, &state, &context)
        }
        see(
            Sighting(
                node: handle, address: address, seenAt: seenAt, heardAt: context.now.monotonic,
                isAnswered: true), &state, &context)
    }

    /// Others say where a node is that does not answer.
    static func told(
        of handle: NodeHandle, at address: NodeAddress, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard address != state.nodes[handle].address || !state.nodes[handle].canBeReached else {
            return
        }
        // Who is known from gossip alone was never anywhere.
        guard context.config.confirms, state.nodes[handle].isMember else {
            return move(handle, to: address, &state, &context)
        }
        see(
            Sighting(
                node: handle, address: address, seenAt: IPText(),
                heardAt: context.now.monotonic), &state, &context)
    }

    private static func see(
        _ sighting: Sighting, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        let handle = sighting.node
        // The port or the name that it announces has changed, and what is connected to has not.
        if sighting.place == state.nodes[handle].place && state.nodes[handle].canBeReached {
            return move(
                handle, to: sighting.address, seenAt: sighting.seenAt, &state, &context)
        }
        _ = state.addresses.see(sighting)
        if let known = state.addresses.sighting(of: handle), known.isAnswered {
            return decide(handle, &state, &context)
        }
        probe(sighting.place, for: handle, &state, &context)
    }

    // MARK: Probes

    /// Asks who is at a place, unless a probe for the node is under way or too many were sent.
    private static func probe(
        _ place: NodeAddress, for handle: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        let id = state.nodes[handle].id
        guard !state.addresses.probes.contains(where: { $0.target == id }),
            IPLiteral.isLiteral(place.ip), state.addresses.mayProbe(at: context.now.monotonic),
            let row = state.add(NodeID(using: &context.random), at: place, as: .probe, &context)
        else { return }
        state.statistics.trust.probes &+= 1
        state.addresses.begin(Probe(row: row, target: id))
        Links.connect(to: row, &state, &context)
    }

    /// An answer on a probe's link: it shows who is there, and nothing else of it is read.
    static func answered(
        probe row: NodeHandle, by sender: NodeID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        let place = state.nodes[row].place
        let target = state.addresses.endProbe(row)
        state.delete(row, &context)
        guard let id = target, let handle = state.nodes.findMember(id) else { return }
        if let home = state.addresses.home(of: handle), place == home.place {
            guard sender == id else { return }
            return goHome(handle, home, &state, &context)
        }
        guard let sighting = state.addresses.sighting(of: handle), sighting.place == place else {
            return
        }
        guard sender == id else {
            state.addresses.dropSighting(of: handle)
            return
        }
        var answered = sighting
        answered.isAnswered = true
        _ = state.addresses.see(answered)
        decide(handle, &state, &context)
    }

    /// A connection has ended: of a probe, or of our link to a node that was seen elsewhere.
    static func linkEnded(
        of handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard state.nodes.contains(handle) else { return }
        if state.nodes[handle].stage == .probe { return state.delete(handle, &context) }
        guard !state.addresses.isEmpty else { return }
        decide(handle, &state, &context)
    }

    // MARK: What is taken

    /// Takes the other place if the node answers there and not where it was.
    private static func decide(
        _ handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard let sighting = state.addresses.sighting(of: handle), sighting.isAnswered else {
            return
        }
        guard isGone(handle, state, context) else {
            return FailureDetection.ask(handle, &state, &context)
        }
        state.addresses.dropSighting(of: handle)
        let old = state.nodes[handle]
        move(handle, to: sighting.address, seenAt: sighting.seenAt, &state, &context)
        guard old.canBeReached, state.nodes[handle].place != old.place else { return }
        let now = context.now.monotonic
        state.addresses.leave(
            Home(
                node: handle, address: old.address, seenAt: old.seenAt,
                until: now + 10 * context.config.nodeTimeout,
                triedNext: now + context.config.nodeTimeout / 8))
    }

    /// Whether a node is not where it was: nobody listens there, it is not known where that is, or it has been silent
    /// for a node timeout.
    private static func isGone(
        _ handle: NodeHandle, _ state: ClusterState, _ context: StepContext
    ) -> Bool {
        let node = state.nodes[handle]
        if !node.canBeReached || node.whereabouts == .guessed || node.isRefused { return true }
        return !node.pingSent.isNever
            && context.now.monotonic - max(node.pingSent, node.dataReceived)
                > context.config.nodeTimeout
    }

    /// An answer on our own link: the node is where it was. If somebody answers under its id elsewhere, there are two.
    static func answered(
        by handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard !state.addresses.isEmpty, let other = state.addresses.dropSighting(of: handle),
            other.isAnswered
        else { return }
        tell(of: handle, at: other.place, &state, &context)
    }

    /// Two answer under a node's id: it is counted, and told once in ten node timeouts.
    private static func tell(
        of handle: NodeHandle, at other: NodeAddress, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        state.statistics.trust.identityConflicts &+= 1
        let now = context.now.monotonic
        guard
            state.addresses.tellsConflict(
                of: handle, at: now, until: now + 10 * context.config.nodeTimeout)
        else { return }
        context.note(.identityConflict(state.nodes[handle].id, at: other))
    }

    private static func goHome(
        _ handle: NodeHandle, _ home: Home, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        let other = state.nodes[handle].place
        state.addresses.dropSighting(of: handle)
        state.addresses.dropHome(of: handle)
        tell(of: handle, at: other, &state, &context)
        move(handle, to: home.address, seenAt: home.seenAt, &state, &context)
    }

    /// Tick: probes what was seen, tries homes, and drops what is too old.
    static func maintain(_ state: inout ClusterState, _ context: inout StepContext) {
        guard !state.addresses.isEmpty else { return }
        let (now, timeout) = (context.now.monotonic, context.config.nodeTimeout)
        state.addresses.expire(at: now, sightingsBefore: now - 2 * timeout)
        for sighting in state.addresses.sightings {
            if sighting.isAnswered {
                decide(sighting.node, &state, &context)
            } else {
                probe(sighting.place, for: sighting.node, &state, &context)
            }
        }
        for home in state.addresses.homes where home.triedNext <= now {
            state.addresses.triedHome(of: home.node, next: now + timeout / 8)
            probe(home.place, for: home.node, &state, &context)
        }
    }

    /// Stores a node's new address and, if our link goes elsewhere, closes that link. One new address is
    /// accepted; address changes without end are limited, since anybody who can connect can send them.
    ///
    /// - Source: bus protocol §4.7, §12 row 9; DECISIONS D24, D48.
    static func move(
        _ handle: NodeHandle, to address: NodeAddress, seenAt: IPText = IPText(),
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        let old = state.nodes[handle]
        guard
            old.address != address || !old.canBeReached
                || !seenAt.isEmpty && !old.isSeen(at: seenAt)
        else { return }
        guard mayMove(handle, &state, context) else {
            return context.note(.ignored(.movesTooOften(to: address), from: old.id))
        }
        state.move(handle, to: address, seenAt: seenAt, &context)
        let new = state.nodes[handle].place
        let isNameAlone = old.address == address
        context.note(
            .addressChanged(
                old.id, from: isNameAlone ? old.place : old.address,
                to: isNameAlone ? new : address))
        guard new != old.place || !old.canBeReached else { return }
        state.nodes[handle].peerFlags.remove(.connectsFromHome)
        state.nodes[handle].isRefused = false
        state.closeOutbound(of: handle, &context)
        state.nodes[handle].retryAt = DueSchedule.atOnce
        Links.connect(to: handle, &state, &context)
        if state.myMaster == handle { context.emit(.replicate(from: new)) }
    }

    /// Limits changes of an address: `moveBurst` at once, then one each `moveInterval`.
    private static func mayMove(
        _ handle: NodeHandle, _ state: inout ClusterState, _ context: StepContext
    ) -> Bool {
        let now = context.now.monotonic
        let spent = max(state.nodes[handle].movesSpentUntil, now)
        guard spent - now <= (ClusterConfig.moveBurst - 1) * ClusterConfig.moveInterval else {
            return false
        }
        state.nodes[handle].movesSpentUntil = spent + ClusterConfig.moveInterval
        return true
    }

    /// What a header announces: a name stays one.
    static func address(in header: Header, seenAt peer: IPText) -> NodeAddress {
        NodeAddress(
            ip: header.ip.isEmpty ? peer : normalised(header.ip), port: header.port,
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
