// What a header tells of its sender: who it is, at which address, in which role, with which slots and
// epochs, and what became different. Connections that begin and end belong here too, since they are
// how a node is present.

import Capture
package import ClusterWire

extension Census {
    /// A message on a stream.
    mutating func heard(_ message: Message, of number: Int, at time: Int64) {
        guard var stream = streams.removeValue(forKey: number) else { return }
        defer { streams[number] = stream }
        guard case .full(let header, let body) = message else {
            if stream.sender >= 0 { lives(stream.sender, at: time) }
            return
        }
        let sender = place(of: header.sender)
        guard sender >= 0 else { return }
        if stream.sender != sender { identify(&stream, as: sender, header, at: time) }
        lives(sender, at: time)
        if stream.receiver < 0 || nodes[stream.receiver].replacedBy != nil {
            stream.receiver = receiver(of: stream)
        }
        let receiver = stream.receiver >= 0 ? stream.receiver : nil
        if let receiver, body.type != .meet { join(sender, receiver) }
        learnAddress(header, sender, stream, at: time)
        speak(header, sender, &stream, at: time)
        if let receiver {
            deliver(header, from: sender, to: receiver, at: time)
        } else if !stream.isAnswering {
            keep(header, body, sender, stream, at: time)
        }
        switch body {
        case .ping(let beat), .pong(let beat):
            if body.type == .pong { answered(header, sender, stream, at: time) }
            hear(beat, from: sender, at: time)
        case .meet(let beat):
            stream.meets = true
            hear(beat, from: sender, at: time)
        case .fail(let id): heardFail(id, from: sender, to: receiver, at: time)
        case .voteRequest: requested(header, by: sender, to: receiver, at: time)
        case .vote: voted(header.currentEpoch, by: sender, for: receiver, at: time)
        case .update(let update): heard(update, from: sender)
        case .manualFailoverStart:
            tell(.manualFailoverStarted, by: sender, node: receiver ?? master(of: sender), at: time)
        case .publish, .publishShard, .module, .unknown: break
        }
        settleElections(at: time)
    }

    /// The first message of a stream, or the first of another sender on it.
    private mutating func identify(
        _ stream: inout StreamState, as sender: Index, _ header: Header, at time: Int64
    ) {
        let before = stream.sender
        if before >= 0 {
            nodes[before].streams.remove(stream.stream.number)
            replace(before, by: sender, at: time)
        }
        stream.sender = sender
        stream.mark = Testimony.Bookmark()
        nodes[sender].streams.insert(stream.stream.number)
        nodes[sender].isClosed = false
        stream.isAnswering =
            header.busPort.value == stream.stream.source.port && header.busPort != 0
        if !stream.isAnswering { listens(sender, header, stream, at: time) }
        if stream.isAnswering {
            if let former = listeners.updateValue(sender, forKey: stream.stream.source),
                former != sender
            {
                replace(former, by: sender, at: time)
            }
            open(stream.stream.source, of: sender)
        }
        stream.receiver = receiver(of: stream)
        guard !stream.isAnswering, stream.receiver >= 0 else { return }
        let pair = Pair(by: sender, node: stream.receiver)
        let isAgain = lostLinks.remove(pair) != nil
        if stream.fromStart || isAgain { tell(.linkMade, by: sender, node: pair.node, at: time) }
    }

    /// Who makes connections from an address is reached there too, at its bus port.
    private mutating func listens(
        _ sender: Index, _ header: Header, _ stream: StreamState, at time: Int64
    ) {
        let source = stream.stream.source
        guard header.busPort != 0, header.ip.isEmpty || header.ip.text == source.host else {
            return
        }
        let port = header.busPort.value
        let address =
            source.ipv4.map { CaptureAddress(ipv4: $0, port: port) }
            ?? CaptureAddress(ipv6High: source.ipv6.high, ipv6Low: source.ipv6.low, port: port)
        let former = listeners.updateValue(sender, forKey: address)
        if let former, former != sender { replace(former, by: sender, at: time) }
        if former == nil { open(address, of: sender) }
    }

    /// Another node speaks where this one spoke: a reset gives a node a new id.
    mutating func replace(_ former: Index, by sender: Index, at time: Int64) {
        guard nodes[former].replacedBy == nil, former != sender else { return }
        nodes[former].replacedBy = sender
        nodes[sender].replacedBy = nil
        tell(
            .addressChanged(from: nodes[former].address, to: nil), by: sender, node: former,
            at: time)
    }

    /// Who is at the other end.
    private func receiver(of stream: StreamState) -> Index {
        let way = Way(source: stream.stream.destination, destination: stream.stream.source)
        if let reverse = ways[way], let other = streams[reverse], other.sender >= 0 {
            return other.sender
        }
        return listeners[stream.stream.destination] ?? -1
    }

    /// A node showed that it lives.
    private mutating func lives(_ place: Index, at time: Int64) {
        nodes[place].lastHeard = time
        nodes[place].lastPacket = time
        nodes[place].isSilent = false
    }

    private mutating func learnAddress(
        _ header: Header, _ sender: Index, _ stream: StreamState, at time: Int64
    ) {
        if nodes[sender].port == header.port, nodes[sender].busPort == header.busPort,
            nodes[sender].lastSource.map({ $0 == stream.stream.source.ipv6 }) ?? false,
            nodes[sender].lastIP == header.ip
        {
            return
        }
        let host = header.ip.isEmpty ? stream.stream.source.host : header.ip.text
        let before = nodes[sender].address
        let spoke = nodes[sender].hasSpoken
        nodes[sender].lastSource = stream.stream.source.ipv6
        nodes[sender].lastIP = header.ip
        guard
            nodes[sender].host != host || nodes[sender].port != header.port
                || nodes[sender].busPort != header.busPort
        else { return }
        nodes[sender].host = host
        nodes[sender].port = header.port
        nodes[sender].busPort = header.busPort
        let key = Self.endingKey(host, header.busPort)
        speakers[key] = sender
        if let other = introduced.removeValue(forKey: key), other != sender,
            !nodes[other].hasSpoken
        {
            replace(other, by: sender, at: time)
        }
        if spoke, let before {
            tell(
                .addressChanged(from: before, to: nodes[sender].address), by: sender, node: sender,
                at: time)
        }
    }

    /// What the header says of its sender, and what is news in it.
    private mutating func speak(
        _ header: Header, _ sender: Index, _ stream: inout StreamState, at time: Int64
    ) {
        nodes[sender].flags = header.flags
        nodes[sender].saysOK = header.saysOK
        nodes[sender].currentEpoch = max(nodes[sender].currentEpoch, header.currentEpoch)
        let statement = Statement(header)
        if statement.isReplica { hearMaster(header, sender) }
        let epoch = header.currentEpoch
        if nodes[sender].testimony.repeats(statement, epoch: epoch, &stream.mark) { return }
        let others = nodes[sender].streams.compactMap { streams[$0]?.mark }
        let before = nodes[sender].statement
        let isNews = nodes[sender].testimony.hear(
            statement, epoch: epoch, &stream.mark, others: others)
        guard isNews else { return }
        guard let before else {
            nodes[sender].first = statement
            return
        }
        changed(sender, from: before, to: statement, at: time)
    }

    /// A replica repeats its master's epoch and slots.
    private mutating func hearMaster(_ header: Header, _ sender: Index) {
        nodes[sender].repeatedEpoch = max(nodes[sender].repeatedEpoch, header.configEpoch)
        guard !header.replicaOf.isZero else { return }
        let master = place(of: header.replicaOf)
        guard master >= 0 else { return }
        join(sender, master)
        claim(header.configEpoch, header.slots, for: master)
    }

    /// What is said of a node's slots by another.
    mutating func claim(_ epoch: Epoch, _ slots: SlotSet, for place: Index) {
        if let known = nodes[place].hearsay, known.epoch >= epoch { return }
        nodes[place].hearsay = (epoch, slots)
        if nodes[place].firstHearsay == nil { nodes[place].firstHearsay = (epoch, slots) }
    }

    private mutating func changed(
        _ place: Index, from before: Statement, to after: Statement, at time: Int64
    ) {
        switch (before.isReplica, after.isReplica) {
        case (true, false):
            guard !after.slots.isEmpty else { return }
            promoted(place, before, after, at: time)
        case (false, true):
            nodes[place].learned = nil
            tell(
                .demoted(master: after.replicaOf.isZero ? nil : after.replicaOf), by: place,
                node: place, at: time)
        case (false, false):
            moved(place, before, after, at: time)
            if after.configEpoch > before.configEpoch {
                tell(.epochRaised(epoch: after.configEpoch), by: place, node: place, at: time)
            }
        case (true, true): break
        }
    }

    /// A master that stays one has other slots than before.
    private mutating func moved(
        _ place: Index, _ before: Statement, _ after: Statement, at time: Int64
    ) {
        guard before.slots != after.slots else { return }
        var gained = after.slots.subtracting(before.slots)
        for other in nodes.indices where other != place && !gained.isEmpty {
            guard let claim = nodes[other].statement, !claim.isReplica,
                root(other) == root(place)
            else { continue }
            let held = claim.configEpoch < after.configEpoch ? claim.slots : SlotSet()
            let taken = gained.intersection(held.union(nodes[other].lost))
            guard !taken.isEmpty else { continue }
            nodes[other].lost = nodes[other].lost.subtracting(taken)
            gained = gained.subtracting(taken)
            tell(
                .slotsMoved(from: nodes[other].id, to: nodes[place].id, slots: taken), by: place,
                node: place, at: time)
        }
        if !gained.isEmpty { tell(.slotsServed(gained), by: place, node: place, at: time) }
        let lost = before.slots.subtracting(after.slots)
        let claimed = nodes.indices.reduce(into: SlotSet()) { all, other in
            guard other != place, let claim = nodes[other].statement, !claim.isReplica else {
                return
            }
            all = all.union(claim.slots)
        }
        let orphaned = lost.subtracting(claimed)
        // Who took them is told when the taker speaks.
        nodes[place].lost = orphaned
        if !orphaned.isEmpty { tell(.slotsUnserved(orphaned), node: place, at: time) }
    }
}

extension Census {
    /// One direction of a connection has ended.
    mutating func closed(_ stream: BusStream, at time: Int64, _ reason: TCPEvent.CloseReason) {
        guard let state = streams.removeValue(forKey: stream.number) else { return }
        let way = Way(source: stream.source, destination: stream.destination)
        if ways[way] == stream.number { ways[way] = nil }
        lastTime = max(lastTime, time)
        guard state.sender >= 0 else { return }
        let sender = state.sender
        nodes[sender].streams.remove(stream.number)
        if reason == .finished || reason == .reset {
            nodes[sender].lastPacket = max(nodes[sender].lastPacket, time)
        }
        if !state.isAnswering, state.receiver >= 0, nodes[state.receiver].replacedBy == nil {
            let pair = Pair(by: sender, node: state.receiver)
            if lostLinks.count < limits.opinions, lostLinks.insert(pair).inserted {
                tell(.linkLost, by: sender, node: state.receiver, at: time)
            }
        }
        guard nodes[sender].streams.isEmpty, nodes[sender].replacedBy == nil,
            reason == .finished || reason == .reset, nodes[sender].ends > 1,
            time - nodes[sender].endsSince < limits.disorder
        else { return }
        nodes[sender].isClosed = true
        guard !nodes[sender].isSilent else { return }
        nodes[sender].isSilent = true
        tell(
            .silent(since: nodes[sender].lastPacket, closed: true), node: sender, at: time)
        unserved(sender, at: time)
    }

    /// A FIN or RST. Who begins to end several connections at one moment has gone; who only answers
    /// the end of another has not. That holds for a node too that others speak of, now or later,
    /// and that was never heard itself.
    mutating func ended(_ way: Way, at time: Int64) {
        let back = Way(source: way.destination, destination: way.source)
        if ends.count >= limits.nodes { ends.removeAll() }
        guard !ends.contains(back), ends.insert(way).inserted else { return }
        let known = ways[way].flatMap { streams[$0]?.sender }
        if known == nil && ways[back] != nil { return }
        if let sender = known.flatMap({ $0 >= 0 ? $0 : nil }) ?? listeners[way.source] {
            if time - nodes[sender].endsSince > limits.disorder {
                nodes[sender].endsSince = time
                nodes[sender].ends = 0
            }
            nodes[sender].ends += 1
            return
        }
        // A connection that was refused is known from its SYN: its way back is.
        guard ways[way] == nil, ways[back] == nil, endings.count < limits.nodes else { return }
        let (host, port) = (way.source.host, Port(way.source.port))
        endings[Self.endingKey(host, port), default: (time, 0)].count += 1
        let silent = nodes.firstIndex {
            !$0.hasSpoken && $0.busPort == port && $0.host == host
        }
        if let silent { endedUnheard(silent, at: time) }
    }

    static func endingKey(_ host: String, _ port: Port) -> String { "\(host) \(port)" }

    /// A node of which only the end of its connections was seen.
    mutating func endedUnheard(_ place: Index, at time: Int64) {
        guard let host = nodes[place].host, !nodes[place].isSilent, !nodes[place].hasSpoken,
            let ending = endings[Self.endingKey(host, nodes[place].busPort)], ending.count > 1
        else { return }
        nodes[place].lastPacket = ending.first
        nodes[place].isClosed = true
        nodes[place].isSilent = true
        tell(.silent(since: ending.first, closed: true), node: place, at: time)
        unserved(place, at: time)
    }

    /// Nobody serves the slots of this node any more.
    mutating func unserved(_ place: Index, at time: Int64) {
        guard !nodes[place].isUnserved else { return }
        let slots = ownSlots(of: place)
        guard !slots.isEmpty else { return }
        nodes[place].isUnserved = true
        tell(.slotsUnserved(slots), node: place, at: time)
    }

    /// The slots of a node that no other master claims at a newer epoch.
    package func ownSlots(of place: Index) -> SlotSet {
        let (epoch, slots, _) = claim(of: place)
        guard !slots.isEmpty else { return slots }
        var own = slots
        let mine = root(place)
        for other in nodes.indices where other != place && root(other) == mine {
            let theirs = claim(of: other)
            guard !theirs.slots.isEmpty, nodes[other].replacedBy == nil else { continue }
            if theirs.epoch > epoch { own = own.subtracting(theirs.slots) }
        }
        return own
    }

    /// What a node claims, by its own word or, when it never spoke, by that of others.
    func claim(of place: Index) -> (epoch: Epoch, slots: SlotSet, isOwn: Bool) {
        if let own = nodes[place].statement {
            return (own.configEpoch, own.isReplica ? SlotSet() : own.slots, true)
        }
        return (nodes[place].hearsay?.epoch ?? 0, nodes[place].hearsay?.slots ?? SlotSet(), false)
    }
}
