// What nodes say of each other: PFAIL and its end, FAIL, who is met and who is to be forgotten, and
// what an UPDATE claims for a third. FAIL is told to all, so its delivery is an opinion of the receiver
// too. The opinions themselves are in FailureOpinions.

import ClusterWire

extension ObservedCluster {
    /// Gossip and extensions of a heartbeat.
    mutating func hear(_ beat: Heartbeat, from sender: Index, at time: Int64) {
        for entry in beat.gossip { hear(entry, from: sender, at: time) }
        if !beat.extensions.isEmpty { hear(beat.extensions, from: sender, at: time) }
        nodes[sender].sentHeartbeat = true
    }

    private mutating func hear(_ entry: GossipEntry, from sender: Index, at time: Int64) {
        guard !entry.flags.contains(.handshake) else { return }
        guard let subject = place(of: entry.node), subject != sender else { return }
        groups.join(sender, subject)
        if !nodes[subject].hasSpoken, !entry.flags.contains(.noAddress) {
            introduce(entry, subject, at: time)
        }
        let pair = NodePair(by: sender, node: subject)
        if entry.flags.contains(.fail) {
            holdsFail(pair, isOwn: true, at: time)
        } else if entry.flags.contains(.pfail) {
            holdsPFail(pair, at: time)
        } else if !opinions.areNone(about: subject), !mayBeLate(pair, at: time) {
            clear(pair, at: time)
        }
    }

    /// A node that has not spoken is what others say of it.
    private mutating func introduce(_ entry: GossipEntry, _ subject: Index, at time: Int64) {
        nodes[subject].headers.flags = entry.flags
        guard nodes[subject].location.hear(entry.address) else { return }
        endedUnheard(subject, at: time)
        let place = BusPlace(host: entry.address.ip.text, port: entry.address.busPort)
        if let other = addresses.introduce(subject, at: place), other != subject {
            replace(subject, by: other, at: time)
        }
    }

    private mutating func hear(
        _ extensions: [PingExtension], from sender: Index, at time: Int64
    ) {
        var forgets: Set<NodeID> = []
        for item in extensions {
            guard case .forgottenNode(let id, let seconds) = item.value else { continue }
            forgets.insert(id)
            guard !nodes[sender].forgets.contains(id) else { continue }
            // What it told when it was first heard may be long ago.
            guard nodes[sender].sentHeartbeat else { continue }
            news.events.append(
                TimelineEvent(
                    time: time, by: nodes[sender].id, node: id, .forgotten(ttl: seconds)))
        }
        if !forgets.isEmpty || !nodes[sender].forgets.isEmpty { nodes[sender].forgets = forgets }
    }

    /// Whether what a node says of another may be older than what is known of its opinion.
    private func mayBeLate(_ pair: NodePair, at time: Int64) -> Bool {
        switch opinions[pair] {
        case .pfail(let since): time - since < limits.disorder
        case .fail(let since, let isOwn): !isOwn || time - since < limits.disorder
        case nil: false
        }
    }

    private mutating func holdsPFail(_ pair: NodePair, at time: Int64) {
        // Who was told of FAIL may have said this before.
        guard opinions[pair] == nil, !opinions.isFull else { return }
        opinions.set(.pfail(since: time), pair)
        fellSilent(pair.node, at: time)
        emit(.suspected, by: pair.by, node: pair.node, at: time)
    }

    /// The first PFAIL of a node that nobody has heard for a while.
    private mutating func fellSilent(_ place: Index, at time: Int64) {
        guard nodes[place].presence.fellSilent(at: time, after: limits.silence) else { return }
        let since = nodes[place].presence.lastPacket
        emit(.silent(since: since, closed: false), node: place, at: time)
    }

    /// One node holds another for failed. That is no event: FAIL itself is told by a message.
    mutating func holdsFail(_ pair: NodePair, isOwn: Bool, at time: Int64) {
        switch opinions[pair] {
        case .fail(let since, let wasOwn):
            if isOwn && !wasOwn { opinions.set(.fail(since: since, isOwn: true), pair) }
            return
        case nil: guard !opinions.isFull else { return }
        case .pfail: break
        }
        opinions.set(.fail(since: time, isOwn: isOwn), pair)
    }

    /// One node holds another for well again.
    private mutating func clear(_ pair: NodePair, at time: Int64) {
        guard let opinion = opinions[pair] else { return }
        opinions.set(nil, pair)
        switch opinion {
        case .pfail: emit(.cleared, by: pair.by, node: pair.node, at: time)
        case .fail:
            emit(.recovered, by: pair.by, node: pair.node, at: time)
            guard !opinions.hasFail(of: pair.node) else { return }
            opinions.forgetAnnouncers(of: pair.node)
            slotsAreServed(pair.node, at: time)
        }
    }

    /// A node's slots have a server again.
    private mutating func slotsAreServed(_ place: Index, at time: Int64) {
        guard nodes[place].presence.isUnserved else { return }
        nodes[place].presence.isUnserved = false
        let slots = ownSlots(of: place)
        if !slots.isEmpty { emit(.slotsServed(slots), by: place, node: place, at: time) }
    }

    /// A PONG on the asker's own connection clears PFAIL of its sender, and FAIL where nothing
    /// depended on it; a master with slots must have been FAIL for two node timeouts.
    ///
    /// - Source: bus protocol §5.4.
    mutating func answered(
        _ header: Header, _ sender: Index, _ stream: ObservedStream, at time: Int64
    ) {
        guard stream.isAnswering, let asker = stream.receiver else { return }
        if connections.answerMeet(stream.flow.reversed) {
            emit(.met, by: asker, node: sender, at: time)
            groups.join(sender, asker)
        }
        let pair = NodePair(by: asker, node: sender)
        switch opinions[pair] {
        case .pfail: clear(pair, at: time)
        case .fail where !header.saysMaster || header.slots.isEmpty: clear(pair, at: time)
        case .fail, nil: break
        }
    }

    /// FAIL: the word of a quorum, said by one and heard by each.
    mutating func heardFail(
        _ id: NodeID, from sender: Index, to receiver: Index?, at time: Int64
    ) {
        guard let subject = place(of: id) else { return }
        groups.join(sender, subject)
        let pair = NodePair(by: sender, node: subject)
        if !opinions.hasAnnounced(pair) {
            fellSilent(subject, at: time)
            let agreeing = reporters(of: subject, besides: sender).map { nodes[$0].id }
            opinions.announce(pair)
            emit(.failed(agreeing: agreeing), by: sender, node: subject, at: time)
            slotsAreUnserved(subject, at: time)
        }
        holdsFail(pair, isOwn: true, at: time)
        if let receiver, receiver != subject {
            holdsFail(NodePair(by: receiver, node: subject), isOwn: false, at: time)
        }
    }

    /// The voters that hold something against a node, and the one who broadcasts FAIL of it.
    private mutating func reporters(of subject: Index, besides sender: Index) -> [Index] {
        let voters = groups[subject].voters
        let held = opinions.about(subject)
        var found: [Index] = []
        if budget.spend(4 * held.count) {
            found = held.keys.filter { $0 != sender && voters.contains($0) }
        }
        if sender != subject, voters.contains(sender) { found.append(sender) }
        return found.sorted()
    }

    /// An UPDATE claims slots for a third node.
    mutating func heard(_ update: SlotUpdate, from sender: Index) {
        guard let subject = place(of: update.node) else { return }
        groups.join(sender, subject)
        heardClaim(SlotClaim(epoch: update.configEpoch, slots: update.slots), for: subject)
    }

    /// Another says what a node claims.
    mutating func heardClaim(_ claim: SlotClaim, for place: Index) {
        guard nodes[place].hearsay.hear(claim), !nodes[place].hasSpoken else { return }
        refresh(place)
    }
}
