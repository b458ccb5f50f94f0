// What nodes say of each other: suspicions and their end, FAIL, who is met and who is to be forgotten,
// and what an UPDATE claims for a third. An opinion is kept for each pair of nodes that has one;
// FAIL is told to all, so its delivery is an opinion of the receiver too.

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
        let subject = place(of: entry.node)
        guard subject >= 0, subject != sender else { return }
        join(sender, subject)
        if !nodes[subject].hasSpoken, !entry.flags.contains(.noAddress) {
            introduce(entry, subject, at: time)
        }
        let pair = Pair(by: sender, node: subject)
        if entry.flags.contains(.fail) {
            hearsFailed(pair, isOwn: true, at: time)
        } else if entry.flags.contains(.pfail) {
            suspects(pair, at: time)
        } else if !nodes[subject].opinions.isEmpty, !mayBeLate(pair, at: time) {
            clear(pair, at: time)
        }
    }

    /// A node that has not spoken is what others say of it.
    private mutating func introduce(_ entry: GossipEntry, _ subject: Index, at time: Int64) {
        guard nodes[subject].host == nil || nodes[subject].port != entry.address.port else {
            nodes[subject].flags = entry.flags
            return
        }
        nodes[subject].host = entry.address.ip.text
        nodes[subject].port = entry.address.port
        nodes[subject].busPort = entry.address.busPort
        nodes[subject].flags = entry.flags
        if !endings.isEmpty { endedUnheard(subject, at: time) }
        let key = Self.endingKey(entry.address.ip.text, entry.address.busPort)
        introduced[key] = subject
        if let other = speakers[key], other != subject { replace(subject, by: other, at: time) }
    }

    private mutating func hear(
        _ extensions: [PingExtension], from sender: Index, at time: Int64
    ) {
        var told: Set<NodeID> = []
        for item in extensions {
            guard case .forgottenNode(let id, let seconds) = item.value else { continue }
            told.insert(id)
            guard !nodes[sender].forgets.contains(id) else { continue }
            // What it told when it was first heard may be long ago.
            guard nodes[sender].sentHeartbeat else { continue }
            events.append(
                TimelineEvent(
                    time: time, by: nodes[sender].id, node: id, .forgotten(ttl: seconds)))
        }
        if !told.isEmpty || !nodes[sender].forgets.isEmpty { nodes[sender].forgets = told }
    }

    /// Whether what a node says of another may be older than what is known of its opinion.
    private func mayBeLate(_ pair: Pair, at time: Int64) -> Bool {
        switch nodes[pair.node].opinions[pair.by] {
        case .suspected(let since): time - since < limits.disorder
        case .failed(let since, let isOwn): !isOwn || time - since < limits.disorder
        case nil: false
        }
    }

    private mutating func suspects(_ pair: Pair, at time: Int64) {
        // Who was told of FAIL may have said this before.
        guard nodes[pair.node].opinions[pair.by] == nil, opinionCount < limits.opinions else {
            return
        }
        hold(.suspected(since: time), pair)
        fellSilent(pair.node, at: time)
        tell(.suspected, by: pair.by, node: pair.node, at: time)
    }

    /// The first suspicion of a node that nobody has heard for a while.
    private mutating func fellSilent(_ place: Index, at time: Int64) {
        guard !nodes[place].isSilent, let heard = nodes[place].lastHeard,
            time - heard > limits.silence
        else { return }
        nodes[place].isSilent = true
        tell(.silent(since: nodes[place].lastPacket, closed: false), node: place, at: time)
    }

    /// Holds it for failed: nothing new, since FAIL itself is told by a message.
    mutating func hearsFailed(_ pair: Pair, isOwn: Bool, at time: Int64) {
        switch nodes[pair.node].opinions[pair.by] {
        case .failed(let since, let wasOwn):
            if isOwn && !wasOwn { hold(.failed(since: since, isOwn: true), pair) }
            return
        case nil: guard opinionCount < limits.opinions else { return }
        case .suspected: break
        }
        hold(.failed(since: time, isOwn: isOwn), pair)
    }

    /// Sets what one thinks of another; nil for nothing.
    private mutating func hold(_ opinion: Opinion?, _ pair: Pair) {
        let former = nodes[pair.node].opinions[pair.by]
        nodes[pair.node].opinions[pair.by] = opinion
        opinionCount += (opinion == nil ? 0 : 1) - (former == nil ? 0 : 1)
        nodes[pair.node].failures +=
            (opinion?.isFailed == true ? 1 : 0) - (former?.isFailed == true ? 1 : 0)
    }

    /// Holds it for well again.
    private mutating func clear(_ pair: Pair, at time: Int64) {
        guard let opinion = nodes[pair.node].opinions[pair.by] else { return }
        hold(nil, pair)
        switch opinion {
        case .suspected: tell(.cleared, by: pair.by, node: pair.node, at: time)
        case .failed:
            tell(.recovered, by: pair.by, node: pair.node, at: time)
            guard nodes[pair.node].failures == 0 else { return }
            nodes[pair.node].announcers = []
            served(pair.node, at: time)
        }
    }

    /// Its slots have a server again.
    mutating func served(_ place: Index, at time: Int64) {
        guard nodes[place].isUnserved else { return }
        nodes[place].isUnserved = false
        let slots = ownSlots(of: place)
        if !slots.isEmpty { tell(.slotsServed(slots), by: place, node: place, at: time) }
    }

    /// A PONG on the asker's own connection ends suspicions of its sender, and FAIL where nothing
    /// depended on it; a master with slots must have been failed for two node timeouts.
    ///
    /// - Source: bus protocol §5.4.
    mutating func answered(
        _ header: Header, _ sender: Index, _ stream: StreamState, at time: Int64
    ) {
        guard stream.isAnswering, stream.receiver >= 0 else { return }
        meet(sender, stream, at: time)
        guard !nodes[sender].opinions.isEmpty else { return }
        let pair = Pair(by: stream.receiver, node: sender)
        switch nodes[sender].opinions[pair.by] {
        case .suspected: clear(pair, at: time)
        case .failed where !header.saysMaster || header.slots.isEmpty: clear(pair, at: time)
        case .failed, nil: break
        }
    }

    /// The answer to a MEET tells whom it met.
    private mutating func meet(_ sender: Index, _ stream: StreamState, at time: Int64) {
        let flow = Flow(source: stream.stream.destination, destination: stream.stream.source)
        guard let reverse = flows[flow], streams[reverse]?.meets == true else { return }
        streams[reverse]?.meets = false
        tell(.met, by: stream.receiver, node: sender, at: time)
        join(sender, stream.receiver)
    }

    /// FAIL: the word of a quorum, said by one and heard by each.
    mutating func heardFail(
        _ id: NodeID, from sender: Index, to receiver: Index?, at time: Int64
    ) {
        let subject = place(of: id)
        guard subject >= 0 else { return }
        join(sender, subject)
        if !nodes[subject].announcers.contains(sender) {
            fellSilent(subject, at: time)
            let agreeing = reporters(of: subject, besides: sender).map { nodes[$0].id }
            nodes[subject].announcers.insert(sender)
            tell(.failed(agreeing: agreeing), by: sender, node: subject, at: time)
            unserved(subject, at: time)
        }
        hearsFailed(Pair(by: sender, node: subject), isOwn: true, at: time)
        if let receiver, receiver != subject {
            hearsFailed(Pair(by: receiver, node: subject), isOwn: false, at: time)
        }
    }

    /// The voters that hold something against a node, and the one who says FAIL of it.
    private mutating func reporters(of subject: Index, besides sender: Index) -> [Index] {
        let voters = clusters[root(subject)].voters
        var found: [Index] = []
        if budget.spend(4 * nodes[subject].opinions.count) {
            found = nodes[subject].opinions.keys.filter { $0 != sender && voters.contains($0) }
        }
        if sender != subject, voters.contains(sender) { found.append(sender) }
        return found.sorted()
    }

    /// An UPDATE claims slots for a third node.
    mutating func heard(_ update: SlotUpdate, from sender: Index) {
        let subject = place(of: update.node)
        guard subject >= 0 else { return }
        join(sender, subject)
        claim(update.configEpoch, update.slots, for: subject)
    }

    /// A header reached another node.
    mutating func deliver(
        _ header: Header, from sender: Index, to receiver: Index, at time: Int64
    ) {
        if nodes[sender].learned != nil {
            if header.saysMaster { learns(of: sender, receiver, header.configEpoch, at: time) }
        }
        guard header.saysMaster, let mine = nodes[sender].selfReport, !mine.isReplica,
            let theirs = nodes[receiver].selfReport, !theirs.isReplica,
            mine.configEpoch == theirs.configEpoch, header.configEpoch == mine.configEpoch,
            sender != receiver, root(sender) == root(receiver)
        else { return }
        let key: [UInt64] = [
            UInt64(min(sender, receiver)), UInt64(max(sender, receiver)), header.configEpoch.value,
        ]
        guard collisions.count < limits.nodes, collisions.insert(key).inserted else { return }
        tell(.epochCollision(epoch: header.configEpoch), by: sender, node: receiver, at: time)
    }

    /// The claim of an successor reaches a node for the first time.
    mutating func learns(
        of successor: Index, _ receiver: Index, _ epoch: Epoch, at time: Int64
    ) {
        guard let selfReport = nodes[successor].selfReport,
            epoch == selfReport.configEpoch, receiver != successor,
            nodes[successor].learned?.insert(receiver).inserted == true
        else { return }
        tell(.promotionLearned, by: receiver, node: successor, at: time)
        if !isAwaited(successor) { nodes[successor].learned = nil }
    }
}
