// What a header tells of its sender: who it is, at which address, in which role, with which slots and
// epochs, and what became different. Connections that begin and end belong here too, since they are
// how a node is present.

import Capture
import ClusterWire

extension ObservedCluster {
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
            nodes[before].history.leave(stream.mark)
            nodes[before].streams.remove(stream.stream.number)
            replace(before, by: sender, at: time)
        }
        stream.sender = sender
        stream.mark = SelfReportHistory.Position()
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
        refresh(former)
        refresh(sender)
        tell(
            .addressChanged(from: nodes[former].address, to: nil), by: sender, node: former,
            at: time)
    }

    /// Who is at the other end.
    private func receiver(of stream: StreamState) -> Index {
        let flow = Flow(source: stream.stream.destination, destination: stream.stream.source)
        if let reverse = flows[flow], let other = streams[reverse], other.sender >= 0 {
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
        if nodes[sender].firstHeader == nil {
            nodes[sender].firstHeader = header
            nodes[sender].firstHeard = time
        }
        nodes[sender].flags = header.flags
        nodes[sender].saysOK = header.saysOK
        nodes[sender].currentEpoch = max(nodes[sender].currentEpoch, header.currentEpoch)
        let selfReport = SelfReport(header)
        if selfReport.isReplica { hearMaster(header, sender) }
        let epoch = header.currentEpoch
        if nodes[sender].history.repeats(selfReport, epoch: epoch, &stream.mark) { return }
        let before = nodes[sender].selfReport
        let isNews = nodes[sender].history.hear(
            selfReport, epoch: epoch, &stream.mark)
        guard isNews else { return }
        refresh(sender)
        guard let before else {
            nodes[sender].first = selfReport
            return
        }
        changed(sender, from: before, to: selfReport, at: time)
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
        if !nodes[place].hasSpoken { refresh(place) }
    }

    private mutating func changed(
        _ place: Index, from before: SelfReport, to after: SelfReport, at time: Int64
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
        _ place: Index, _ before: SelfReport, _ after: SelfReport, at time: Int64
    ) {
        guard before.slots != after.slots else { return }
        let gained = after.slots.subtracting(before.slots)
        var served = gained
        for (from, slots) in formerOwners(of: gained, of: place, after.configEpoch) {
            if !nodes[from].lost.isEmpty { lose(nodes[from].lost.subtracting(slots), of: from) }
            served = served.subtracting(slots)
            tell(
                .slotsMoved(from: nodes[from].id, to: nodes[place].id, slots: slots), by: place,
                node: place, at: time)
        }
        if !served.isEmpty { tell(.slotsServed(served), by: place, node: place, at: time) }
        let orphaned = clusters[root(place)].claims.unclaimed(
            before.slots.subtracting(after.slots), besides: place)
        // Who took them is told when the taker speaks.
        lose(orphaned, of: place)
        if !orphaned.isEmpty { tell(.slotsUnserved(orphaned), node: place, at: time) }
    }

    /// From whom a master has slots that it claims now: who claimed them last, or let them go.
    private mutating func formerOwners(
        of gained: SlotSet, of place: Index, _ epoch: Epoch
    ) -> [(from: Index, slots: SlotSet)] {
        guard !gained.isEmpty else { return [] }
        let cluster = root(place)
        // Each is told with a set of slots of two kilobytes.
        let looks = 100
        let limit = budget.count(each: looks)
        let claimed = clusters[cluster].claims.holders(of: gained, below: epoch, limit: limit)
        let rest = claimed.reduce(gained) { $0.subtracting($1.slots) }
        let left = max(0, limit - claimed.count)
        let lost = clusters[cluster].lost.holders(of: rest, below: nil, limit: left)
        if lost.count == left { budget.refuse() }
        _ = budget.spend(looks * (claimed.count + lost.count))
        var all: [Index: SlotSet] = [:]
        for (from, slots) in claimed + lost where from != place {
            all[from] = (all[from] ?? SlotSet()).union(slots)
        }
        return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

extension ObservedCluster {
    /// One direction of a connection has ended.
    mutating func closed(_ stream: BusStream, at time: Int64, _ reason: TCPEvent.CloseReason) {
        guard let state = streams.removeValue(forKey: stream.number) else { return }
        let flow = Flow(source: stream.source, destination: stream.destination)
        if flows[flow] == stream.number { flows[flow] = nil }
        lastTime = max(lastTime, time)
        guard state.sender >= 0 else { return }
        let sender = state.sender
        nodes[sender].streams.remove(stream.number)
        nodes[sender].history.leave(state.mark)
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
    mutating func ended(_ flow: Flow, at time: Int64) {
        let back = Flow(source: flow.destination, destination: flow.source)
        if ends.count >= limits.nodes { ends.removeAll() }
        guard !ends.contains(back), ends.insert(flow).inserted else { return }
        let known = flows[flow].flatMap { streams[$0]?.sender }
        if known == nil && flows[back] != nil { return }
        if let sender = known.flatMap({ $0 >= 0 ? $0 : nil }) ?? listeners[flow.source] {
            if time - nodes[sender].endsSince > limits.disorder {
                nodes[sender].endsSince = time
                nodes[sender].ends = 0
            }
            nodes[sender].ends += 1
            return
        }
        // A connection that was refused is known from its SYN: its way back is.
        guard flows[flow] == nil, flows[back] == nil, endings.count < limits.nodes else { return }
        let (host, port) = (flow.source.host, Port(flow.source.port))
        let key = Self.endingKey(host, port)
        endings[key, default: (time, 0)].count += 1
        if let place = introduced[key], nodes[place].busPort == port, nodes[place].host == host {
            endedUnheard(place, at: time)
        }
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
}
