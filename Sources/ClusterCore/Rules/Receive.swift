// Which rules see a message, and in which order; nothing else. The order is the protocol's (§4):
// who speaks, what every header tells, the answer, then what the kind of message is about.

import ClusterWire

enum Receive {
    static func message(
        _ message: Message, on link: LinkID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        state.statistics.countReceived(message.type)
        switch message {
        case .light(let message): light(message.body, on: link, &state, &context)
        case .full(let header, let body): full(header, body, on: link, &state, &context)
        }
    }

    /// Light messages say nothing of their sender but that it is alive. From an unknown node they end the
    /// connection.
    ///
    /// - Source: bus protocol §2.10.
    private static func light(
        _ body: LightBody, on link: LinkID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        if let sender = state.boundNode(of: link) {
            guard
                ProvenConnections.standing(of: link, as: sender, &state, &context) != .unproven
            else {
                state.statistics.trust.unproven &+= 1
                return
            }
            state.nodes.noteData(of: sender, at: context.now.monotonic)
            // No header of it has been believed yet: it is no member.
            guard !state.nodes.isKnownFromGossip(sender) else { return }
            switch body {
            case .publish(let publication):
                Publishing.received(publication, toShard: false, &context)
            case .publishShard(let publication):
                Publishing.received(publication, toShard: true, &context)
            case .module: break  // there are no modules; the sender lives
            }
            return
        }
        context.note(.ignored(.lightFromUnknownNode, from: nil))
        switch link {
        case .inbound: state.closeInbound(link, &context)
        case .outbound:
            if let target = state.target(of: link) { state.closeOutbound(of: target, &context) }
        }
    }

    private static func full(
        _ header: Header, _ body: Body, on link: LinkID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        if let row = state.target(of: link), state.nodes[row].stage == .probe {
            return Addresses.answered(probe: row, by: header.sender, &state, &context)
        }
        switch Identity.speaker(of: header, body, on: link, &state, &context) {
        case .nobody: return
        case .stranger: stranger(header, body, on: link, &state, &context)
        case .myself:
            if let beat = body.heartbeat { answer(beat, body, header, on: link, &state, &context) }
        case .node(let sender):
            known(header, body, from: sender, on: link, &state, &context)
            // It may have been deleted: it may have told that it must be forgotten.
            if case .pong = body, state.target(of: link) == sender {
                answered(sender, &state, &context)
            }
        }
    }

    /// A message of a node that we know, or in its name.
    private static func known(
        _ header: Header, _ body: Body, from sender: NodeHandle, on link: LinkID,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        if context.config.confirms, case .outbound = link, state.target(of: link) != sender {
            // A node that is known already answers a handshake: of that no more is taken than where.
            if let beat = body.heartbeat { answer(beat, body, header, on: link, &state, &context) }
            return
        }
        let standing = ProvenConnections.standing(of: link, as: sender, &state, &context)
        if standing == .unproven {
            return unproven(header, body, from: sender, on: link, &state, &context)
        }
        guard Epochs.areBelievable(header, of: sender, on: link, &state, &context) else {
            state.nodes.noteData(of: sender, at: context.now.monotonic)
            if let beat = body.heartbeat {
                answer(beat, body, header, on: link, &state, &context)
            }
            return
        }
        prologue(header, sender, standing, &state, &context)
        if let beat = body.heartbeat {
            heartbeat(beat, header, body, from: sender, on: link, standing, &state, &context)
        } else {
            other(header, body, from: sender, on: link, &state, &context)
        }
    }

    /// A node answered on our own link. What was claimed of it is settled, and what was said on a connection that
    /// turns out to be its own is read now.
    private static func answered(
        _ sender: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        Claims.answered(by: sender, &state, &context)
        Addresses.answered(by: sender, &state, &context)
        guard let link = ProvenConnections.answered(by: sender, &state, &context) else { return }
        for word in state.keptWords.take(from: link) where state.nodes.contains(sender) {
            known(word.header, word.body, from: sender, on: link, &state, &context)
        }
    }

    /// A message in a known node's name, on a connection that is not known to be that node's. It is answered; if it
    /// tells something new, the node is asked; and words that cannot be asked for again wait for a proof.
    ///
    /// - Source: DECISIONS D98.
    private static func unproven(
        _ header: Header, _ body: Body, from sender: NodeHandle, on link: LinkID,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        state.statistics.trust.unproven &+= 1
        if believesAllTheSame(body, context) {
            if let beat = body.heartbeat {
                let standing: ProvenConnections.Standing =
                    context.has(.believeRoles) ? .own : .proven
                heartbeat(beat, header, body, from: sender, on: link, standing, &state, &context)
            } else {
                other(header, body, from: sender, on: link, &state, &context)
            }
            return
        }
        if let beat = body.heartbeat { answer(beat, body, header, on: link, &state, &context) }
        if state.nodes[sender].isLeftUntried(at: context.now.monotonic), state.claims.mayAsk(sender)
        {
            state.nodes[sender].retryAt = DueSchedule.atOnce
        }
        ProvenConnections.contested(by: sender, &state, &context)
        switch body {
        case .ping(let beat), .pong(let beat), .meet(let beat):
            if Claims.isNews(header, of: sender, state)
                || Extensions.areNews(beat.extensions, of: sender, state, context)
            {
                Claims.askForUnproven(sender, &state, &context)
            }
            if case .pong = body { return }
            Addresses.heard(of: sender, from: header, on: link, &state, &context)
        case .update(let update):
            if let subject = state.nodes.findMember(update.node), subject != .myself,
                SlotOwnership.isNews(update, of: subject, state)
            {
                Claims.askForUnproven(subject, &state, &context)
            }
        case .fail, .voteRequest, .vote:
            state.keptWords.keep(
                KeptWord(
                    speaker: sender, link: link, header: header, body: body,
                    heardAt: context.now.monotonic))
        case .manualFailoverStart, .publish, .publishShard, .module, .unknown: break
        }
    }

    /// Whether a bug on purpose takes this message for one on a proven connection.
    private static func believesAllTheSame(_ body: Body, _ context: StepContext) -> Bool {
        switch body {
        case .ping, .pong, .meet: context.has(.believeRoles) || context.has(.believeGossip)
        case .fail: context.has(.believeFail)
        case .vote: context.has(.believeVotes)
        case .voteRequest: context.has(.believeRequests)
        case .update: context.has(.believeUpdates)
        case .manualFailoverStart, .publish, .publishShard, .module, .unknown: false
        }
    }

    /// What every full header of a known node tells.
    ///
    /// - Source: bus protocol §4.2.
    private static func prologue(
        _ header: Header, _ sender: NodeHandle, _ standing: ProvenConnections.Standing,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        if standing == .own { understand(header, sender, &state) }
        if state.nodes.isKnownFromGossip(sender) { state.confirm(sender, &context) }
        if !context.config.confirms && state.nodes[sender].inbound == nil {
            state.bindClaimed(sender, &context)
        }
        state.nodes.noteData(of: sender, at: context.now.monotonic)
        // A node that sends can be reached: the next tick connects to it.
        if state.nodes[sender].isLeftUntried(at: context.now.monotonic) {
            state.nodes[sender].retryAt = DueSchedule.atOnce
        }
        if standing == .own {
            Epochs.learn(header, of: sender, &state, &context)
        } else {
            Epochs.learnCurrent(header, &state)
        }
        state.nodes.noteOffset(header.offset, of: sender, at: context.now.monotonic)
        if state.follows(sender) { ManualFailover.learnOffset(header, &state, &context) }
    }

    /// What the node at the other end takes.
    private static func understand(
        _ header: Header, _ sender: NodeHandle, _ state: inout ClusterState
    ) {
        var flags = state.nodes[sender].peerFlags
        // Redis 7.0 says so only while it has a hostname of its own, and takes them ever after.
        if header.messageFlags.contains(.extensions) { flags.insert(.takesExtensions) }
        set(.lightPublish, header.flags.contains(.lightPublish), in: &flags)
        set(.lightModule, header.flags.contains(.lightModule), in: &flags)
        if flags != state.nodes[sender].peerFlags { state.nodes[sender].peerFlags = flags }
    }

    private static func set(_ flag: PeerFlags, _ isSet: Bool, in flags: inout PeerFlags) {
        if isSet { flags.insert(flag) } else { flags.remove(flag) }
    }

    /// From an unknown node PING, PONG and MEET are taken and answered; everything else is ignored.
    ///
    /// - Source: bus protocol §4.1.
    private static func stranger(
        _ header: Header, _ body: Body, on link: LinkID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard let beat = body.heartbeat else {
            return context.note(.ignored(.unknownNodeSent(body.type), from: header.sender))
        }
        if header.messageFlags.contains(.extensions) {
            state.connections.noteExtensions(on: link)
        }
        state.claim(link, by: header.sender)
        if body.type == .meet {
            // A node that knows others reads the gossip of a new one only after the handshake: until then
            // it may be made up.
            guard Handshake.metByStranger(header, beat.gossip, on: link, &state, &context) else {
                return
            }
            Gossip.learnAlone(beat.gossip, from: header.sender, &state, &context)
        }
        answer(beat, body, header, on: link, &state, &context)
    }

    /// Answers PING and MEET with PONG on the same connection, and for a message on our own link checks which
    /// node sent it. Returns false when no other rule may use the message.
    @discardableResult
    private static func answer(
        _ beat: Heartbeat, _ body: Body, _ header: Header, on link: LinkID,
        _ state: inout ClusterState, _ context: inout StepContext
    ) -> Bool {
        if body.type != .pong {
            Handshake.learnOwnAddress(
                from: link, isMeet: body.type == .meet, &state, &context)
            let peer = state.connections[link]?.node ?? state.target(of: link)
            let takes =
                state.connections[link]?.takesExtensions == true
                || peer.map { state.nodes[$0].peerFlags.contains(.takesExtensions) } ?? false
            let amount = amount(ofAnswerTo: beat, from: peer, on: link, &state, context)
            let reply = Compose.heartbeat(
                state, to: peer, takesExtensions: takes, amount: amount, &context)
            Sending.send(.pong(reply), on: link, &state, &context)
        }
        guard let target = state.target(of: link) else { return true }
        if state.nodes[target].isHandshake {
            guard Handshake.answered(by: header, beat.gossip, at: target, &state, &context)
            else { return false }
        }
        if body.type == .pong {
            if let took = state.nodes[target].roundTrip(at: context.now.monotonic) {
                state.heartbeats.answered(after: took)
            }
            state.nodes[target].stopAnswerClock(at: context.now.monotonic)
            FailureDetection.answered(target, &state, &context)
        }
        return true
    }

    /// How much gossip an answer has: little for the first PING on a link and for later ones with little
    /// gossip, which only test a link. A new node may know few others, and is told of more.
    private static func amount(
        ofAnswerTo beat: Heartbeat, from peer: NodeHandle?, on link: LinkID,
        _ state: inout ClusterState, _ context: borrowing StepContext
    ) -> Compose.Amount {
        guard state.connections.noteAnswer(on: link) else { return .least }
        guard let peer, beat.gossip.count <= Compose.leastCount else { return .usual }
        let age = context.now.monotonic - state.nodes[peer].createdAt
        return age > context.config.nodeTimeout ? .least : .usual
    }

    /// PING, PONG and MEET of a node that we know.
    ///
    /// - Source: bus protocol §4.6.
    private static func heartbeat(
        _ beat: Heartbeat, _ header: Header, _ body: Body, from sender: NodeHandle,
        on link: LinkID, _ standing: ProvenConnections.Standing, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        if body.type != .pong { Handshake.knowsUs(sender, by: link, &state) }
        guard answer(beat, body, header, on: link, &state, &context) else {
            // Spent on a handshake with a node that is known already; two of one epoch part all the same.
            return Epochs.resolveCollision(with: sender, header, &state, &context)
        }
        if body.type == .meet { Handshake.meetAgain(state.nodes[sender].id, &state, &context) }
        // A MEET may come from where nobody listens; of a name it is all that is known.
        if body.type == .ping
            || body.type == .meet && state.nodes[sender].whereabouts == .unseenName
        {
            Addresses.heard(of: sender, from: header, on: link, &state, &context)
        }
        guard standing == .own else {
            return claimed(beat, header, by: sender, &state, &context)
        }
        let mayNotStand = header.flags.contains(.noFailover)
        if mayNotStand != state.nodes[sender].peerFlags.contains(.noFailover) {
            set(.noFailover, mayNotStand, in: &state.nodes[sender].peerFlags)
        }
        guard Roles.learn(header, of: sender, &state, &context) else { return }
        // After the role: whose slots a header claims depends on it.
        if let update = SlotOwnership.learn(header, from: sender, &state, &context) {
            Claims.heard(update, from: sender, &state, &context)
        }
        Epochs.resolveCollision(with: sender, header, &state, &context)
        Gossip.learn(beat.gossip, from: sender, &state, &context)
        // Last: a forgotten node may be the one that was just told of.
        Extensions.learn(beat.extensions, of: sender, &state, &context)
    }

    /// The heartbeat of a node on the connection that it made: what it says of itself that is not known is asked for,
    /// what it says of others is read.
    private static func claimed(
        _ beat: Heartbeat, _ header: Header, by sender: NodeHandle,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        if Claims.isNews(header, of: sender, state) {
            Claims.heard(header, of: sender, &state, &context)
            // Its answer will be told of the newer owner; without a link there is no answer.
            if !state.nodes[sender].outbound.isOpen, header.saysMaster {
                SlotOwnership.tellNewerOwner(
                    of: header.slots, claimedAt: header.configEpoch, by: sender, &state, &context)
            }
        } else {
            _ = Roles.learn(header, of: sender, &state, &context)
            if let update = SlotOwnership.learn(header, from: sender, &state, &context) {
                Claims.heard(update, from: sender, &state, &context)
            }
            Epochs.resolveCollision(with: sender, header, &state, &context)
        }
        Gossip.learn(beat.gossip, from: sender, &state, &context)
        if state.nodes.contains(sender),
            Extensions.areNews(beat.extensions, of: sender, state, context)
        {
            Claims.ask(sender, &state, &context)
        }
    }

    private static func other(
        _ header: Header, _ body: Body, from sender: NodeHandle, on link: LinkID,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        switch body {
        case .fail(let id): FailureDetection.received(id, from: sender, &state, &context)
        case .voteRequest:
            // First: our own vote may wait until it is decided whether the master has failed.
            Election.receivedRequest(header, from: sender, &state, &context)
            Voting.consider(header, from: sender, &state, &context)
        case .vote: Election.voted(sender, header, &state, &context)
        case .update(let update): Claims.heard(update, from: sender, &state, &context)
        case .manualFailoverStart:
            ManualFailover.started(by: sender, on: link, &state, &context)
        case .unknown(.voteRefusal, let bytes):
            if let nack = VoteNack(bytes) { Election.refused(by: sender, nack, &state, &context) }
        case .unknown(let type, _):
            context.note(.ignored(.unknownType(type), from: state.nodes[sender].id))
        case .publish(let publication):
            Publishing.received(publication, toShard: false, &context)
        case .publishShard(let publication):
            Publishing.received(publication, toShard: true, &context)
        case .module: break  // there are no modules; the sender lives
        case .ping, .pong, .meet: break  // heartbeats went another way
        }
    }
}
