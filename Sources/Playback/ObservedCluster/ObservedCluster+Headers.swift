// What a message tells of its sender and to its receiver: in which role, with which slots and epochs, at
// which address, and what became different. The messages of each kind are passed on to the files that
// know what they mean.

import Capture
import ClusterWire

extension ObservedCluster {
    /// A message on a stream.
    mutating func receive(_ message: Message, on number: Int, at time: Int64) {
        guard var stream = connections.take(number) else { return }
        defer { connections.putBack(stream) }
        guard case .full(let header, let body) = message else {
            if let sender = stream.sender { nodes[sender].presence.heard(at: time) }
            return
        }
        guard let sender = place(of: header.sender) else { return }
        if stream.sender != sender { identify(&stream, as: sender, header, at: time) }
        nodes[sender].presence.heard(at: time)
        if stream.receiver.map({ nodes[$0].replacedBy != nil }) ?? true {
            stream.receiver = receiver(of: stream)
        }
        let receiver = stream.receiver
        if let receiver, body.type != .meet { groups.join(sender, receiver) }
        learnAddress(header, sender, stream, at: time)
        learnSender(header, sender, &stream, at: time)
        if let receiver {
            deliver(header, from: sender, to: receiver, at: time)
        } else if !stream.isAnswering {
            keep(header, body, sender, to: stream.stream.destination, at: time)
        }
        if body.type == .meet { stream.isMeeting = true }
        if body.type == .pong { answered(header, sender, stream, at: time) }
        hear(header, body, from: sender, to: receiver, at: time)
        closeDueElections(at: time)
    }

    private mutating func hear(
        _ header: Header, _ body: Body, from sender: Index, to receiver: Index?, at time: Int64
    ) {
        switch body {
        case .ping(let beat), .pong(let beat), .meet(let beat):
            hear(beat, from: sender, at: time)
        case .fail(let id): heardFail(id, from: sender, to: receiver, at: time)
        case .voteRequest: requested(header, by: sender, to: receiver, at: time)
        case .vote: voted(header.currentEpoch, by: sender, for: receiver, at: time)
        case .update(let update): heard(update, from: sender)
        case .manualFailoverStart:
            emit(
                .manualFailoverStarted, by: sender, node: receiver ?? master(of: sender),
                at: time)
        case .publish, .publishShard, .module, .unknown: break
        }
    }

    private mutating func learnAddress(
        _ header: Header, _ sender: Index, _ stream: ObservedStream, at time: Int64
    ) {
        let source = stream.stream.source
        guard !nodes[sender].location.repeats(header, from: source) else { return }
        let before = nodes[sender].address
        let spoke = nodes[sender].hasSpoken
        guard nodes[sender].location.hear(header, from: source),
            let host = nodes[sender].host
        else { return }
        let place = BusPlace(host: host, port: header.busPort)
        if let other = addresses.speak(sender, at: place), other != sender,
            !nodes[other].hasSpoken
        {
            replace(other, by: sender, at: time)
        }
        if spoke, let before {
            emit(
                .addressChanged(from: before, to: nodes[sender].address), by: sender, node: sender,
                at: time)
        }
    }

    /// What the header says of its sender, and what is news in it.
    private mutating func learnSender(
        _ header: Header, _ sender: Index, _ stream: inout ObservedStream, at time: Int64
    ) {
        if nodes[sender].first == nil {
            nodes[sender].first = FirstMessage(time: time, header: header)
        }
        let report = SelfReport(header)
        nodes[sender].headers.hear(header, isReplica: report.isReplica)
        if report.isReplica { learnMaster(header, sender) }
        let epoch = header.currentEpoch
        if nodes[sender].history.repeats(report, epoch: epoch, &stream.position) { return }
        let before = nodes[sender].selfReport
        guard nodes[sender].history.hear(report, epoch: epoch, &stream.position) else { return }
        refresh(sender)
        if let before { changed(sender, from: before, to: report, at: time) }
    }

    /// A replica repeats its master's epoch and slots.
    private mutating func learnMaster(_ header: Header, _ sender: Index) {
        guard !header.replicaOf.isZero, let master = place(of: header.replicaOf) else { return }
        groups.join(sender, master)
        heardClaim(SlotClaim(epoch: header.configEpoch, slots: header.slots), for: master)
    }

    /// A header reached another node: it may learn of a promotion, or of a master with its own epoch.
    private mutating func deliver(
        _ header: Header, from sender: Index, to receiver: Index, at time: Int64
    ) {
        guard header.saysMaster else { return }
        learnsPromotion(of: sender, receiver, header.configEpoch, at: time)
        guard let mine = nodes[sender].selfReport, !mine.isReplica,
            let theirs = nodes[receiver].selfReport, !theirs.isReplica,
            mine.configEpoch == theirs.configEpoch, header.configEpoch == mine.configEpoch,
            sender != receiver, groups.areTogether(sender, receiver)
        else { return }
        let pair = NodePair(by: min(sender, receiver), node: max(sender, receiver))
        guard collisions.add(pair, at: header.configEpoch) else { return }
        emit(.epochCollision(epoch: header.configEpoch), by: sender, node: receiver, at: time)
    }
}

extension ObservedCluster {
    /// A node says something else of itself than before.
    private mutating func changed(
        _ place: Index, from before: SelfReport, to after: SelfReport, at time: Int64
    ) {
        switch (before.isReplica, after.isReplica) {
        case (true, false):
            guard !after.slots.isEmpty else { return }
            promoted(place, before, after, at: time)
        case (false, true):
            nodes[place].promotion.end()
            emit(
                .demoted(master: after.replicaOf.isZero ? nil : after.replicaOf), by: place,
                node: place, at: time)
        case (false, false):
            slotsChanged(place, before, after, at: time)
            if after.configEpoch > before.configEpoch {
                emit(.epochRaised(epoch: after.configEpoch), by: place, node: place, at: time)
            }
        case (true, true): break
        }
    }

    /// A master that stays one has other slots than before.
    private mutating func slotsChanged(
        _ place: Index, _ before: SelfReport, _ after: SelfReport, at time: Int64
    ) {
        guard before.slots != after.slots else { return }
        let gained = after.slots.subtracting(before.slots)
        var served = gained
        for (from, slots) in formerOwners(of: gained, of: place, after.configEpoch) {
            let lost = groups[from].lost.slots(of: from)
            if !lost.isEmpty { groups.setLost(lost.subtracting(slots), of: from) }
            served = served.subtracting(slots)
            emit(
                .slotsMoved(from: nodes[from].id, to: nodes[place].id, slots: slots), by: place,
                node: place, at: time)
        }
        if !served.isEmpty { emit(.slotsServed(served), by: place, node: place, at: time) }
        let orphaned = groups[place].claims.unclaimed(
            before.slots.subtracting(after.slots), besides: place)
        // Who took them is told when the taker speaks.
        groups.setLost(orphaned, of: place)
        if !orphaned.isEmpty { emit(.slotsUnserved(orphaned), node: place, at: time) }
    }

    /// From whom a master has slots that it claims now: who claimed them last, or let them go.
    private mutating func formerOwners(
        of gained: SlotSet, of place: Index, _ epoch: Epoch
    ) -> [(from: Index, slots: SlotSet)] {
        guard !gained.isEmpty else { return [] }
        // Each is told with a set of slots of two kilobytes.
        let looks = 100
        let limit = budget.count(each: looks)
        let claimed = groups[place].claims.holders(of: gained, below: epoch, limit: limit)
        let rest = claimed.reduce(gained) { $0.subtracting($1.slots) }
        let left = max(0, limit - claimed.count)
        let lost = groups[place].lost.holders(of: rest, below: nil, limit: left)
        if lost.count == left { budget.refuse() }
        _ = budget.spend(looks * (claimed.count + lost.count))
        var all: [Index: SlotSet] = [:]
        for (from, slots) in claimed + lost where from != place {
            all[from] = (all[from] ?? SlotSet()).union(slots)
        }
        return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

/// Masters that were seen to meet with one configEpoch.
struct EpochCollisions: Sendable {
    private struct Collision: Hashable, Sendable {
        var pair: NodePair
        var epoch: Epoch
    }

    private var seen: Set<Collision> = []
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// - Returns: whether these two were not seen to collide at this epoch before.
    mutating func add(_ pair: NodePair, at epoch: Epoch) -> Bool {
        seen.count < limit && seen.insert(Collision(pair: pair, epoch: epoch)).inserted
    }
}
