// Failovers as a whole, put together from single events: what began it, when it was suspected, agreed
// and decided, and when all knew. One incident a node at a time; what comes to nothing (PFAIL
// that is cleared before anybody broadcast FAIL) is none.

import ClusterWire

/// Gathers events into incidents.
package struct Incidents {
    private var open: [NodeID: Incident] = [:]
    /// The master that a candidate wants to replace, by its request or its manual failover.
    private var mastersOfCandidates: [NodeID: NodeID] = [:]
    /// Started by the operator and coordinated with the master.
    private var coordinated: Set<NodeID> = []
    /// Promoted, and not yet known to all; by successor.
    private var spreading: [NodeID: NodeID] = [:]
    /// Over, while votes for the successor may still be on their way; by successor, nil for none.
    private var awaitingVotes: [NodeID?: [Ended]] = [:]
    /// Heirs of those that may be passed on.
    private var due: Set<NodeID?> = []
    private var nextNumber = 0

    /// One that is over, and when it was among others.
    private struct Ended {
        var number: Int
        var incident: Incident
    }

    /// Those that are over and were not handed over yet.
    private var finished: [Incident] = []
    /// How many may be open at a time: each costs a few hundred bytes.
    private static let limit = 20_000

    package init() {}

    /// Takes an event, with what is known after it.
    package mutating func take(_ event: TimelineEvent, _ observed: ObservedCluster) {
        switch event.kind {
        case .silent(let since, let closed):
            change(event.node, at: since, observed) {
                $0.times.silentAt = since
                $0.failure.closedConnections = closed
            }
        case .suspected:
            change(event.node, at: event.time, observed) {
                $0.times.firstSuspectedAt = $0.times.firstSuspectedAt ?? event.time
                $0.failure.suspected(by: event.by)
            }
        case .failed(let agreeing):
            change(event.node, at: event.time, observed) {
                if $0.times.failedAt == nil {
                    $0.times.failedAt = event.time
                    $0.failure.agreeing = agreeing
                }
                $0.failure.announced(by: event.by)
            }
        case .cleared, .recovered: ended(event, observed)
        case .manualFailoverStarted: started(event, observed)
        case .voteRequested(let epoch, let forced): requested(event, epoch, forced, observed)
        case .voteGranted(let epoch):
            voted(event) { if $0.election.epoch == epoch { $0.election.votes.append($1) } }
        case .voteWithheld(_, let reason):
            voted(event) {
                $0.election.withheld.append(Incident.Election.Withheld(voter: $1, reason: reason))
            }
        case .promoted(let epoch, let slots): promoted(event, epoch, slots, observed)
        case .promotionLearned: learned(event, observed)
        case .forgotten:
            if let node = event.node, let by = event.by, open[node] != nil {
                open[node].mutate { $0.failure.forgottenBy.append(by) }
            }
        case .addressChanged(_, nil): replaced(event)
        case .met, .demoted, .slotsMoved, .slotsUnserved, .slotsServed,
            .epochCollision, .epochRaised, .linkLost, .addressChanged:
            break
        case .linkMade: returned(event)
        }
    }

    /// Ends the capture: what is still open is an incident too, with what is known of it.
    package mutating func finish(_ observed: ObservedCluster) {
        let ordered = open.sorted {
            ($0.value.startedAt, $0.key) < ($1.value.startedAt, $1.key)
        }
        for (master, incident) in ordered {
            open[master] = nil
            let failed = incident.times.failedAt != nil || incident.times.promotedAt != nil
            let isGone = incident.failure.closedConnections
            if failed || isGone || incident.cause != .silence { close(incident) }
        }
        release(observed)
    }

    /// Hands over those that are over.
    mutating func takeFinished() -> [Incident] {
        guard !finished.isEmpty else { return [] }
        defer { finished.removeAll(keepingCapacity: true) }
        return finished
    }

    /// No more is said of the votes for some candidates.
    mutating func electionsClosed(_ candidates: [NodeID]) {
        guard !awaitingVotes.isEmpty else { return }
        for id in candidates where awaitingVotes[id] != nil { due.insert(id) }
    }

    /// Passes on incidents whose elections are closed.
    package mutating func release(_ observed: ObservedCluster) {
        guard !due.isEmpty else { return }
        var done: [Ended] = []
        for successor in due {
            if let place = successor.flatMap(observed.find), observed.elections[place] != nil {
                continue
            }
            done += awaitingVotes.removeValue(forKey: successor) ?? []
        }
        due.removeAll(keepingCapacity: true)
        finished += done.sorted { $0.number < $1.number }.map(\.incident)
    }

    private mutating func change(
        _ master: NodeID?, at start: Int64, _ observed: ObservedCluster,
        _ body: (inout Incident) -> Void
    ) {
        guard let master else { return }
        // Taken out, so that its lists are not copied for each entry.
        let known = open.removeValue(forKey: master)
        guard var incident = known ?? make(master, at: start, observed) else { return }
        if incident.times.promotedAt == nil { body(&incident) }
        open[master] = incident
    }

    private func make(_ master: NodeID, at start: Int64, _ observed: ObservedCluster) -> Incident? {
        guard open.count < Self.limit else { return nil }
        var incident = Incident(master: master, startedAt: start)
        if let place = observed.find(master) {
            incident.slots = observed.ownSlots(of: place)
            let flags = observed.nodes[place].flags
            incident.wasReplica =
                observed.nodes[place].selfReport?.isReplica
                ?? (flags.isEmpty ? nil : flags.contains(.replica))
        }
        return incident
    }

    private mutating func close(_ incident: Incident) {
        let successor = incident.successor
        awaitingVotes[successor, default: []].append(Ended(number: nextNumber, incident: incident))
        due.insert(successor)
        nextNumber += 1
        if let successor { spreading[successor] = nil }
    }

    /// One node holds another for well again.
    private mutating func ended(_ event: TimelineEvent, _ observed: ObservedCluster) {
        guard let node = event.node, var incident = open[node], incident.times.promotedAt == nil,
            let place = observed.find(node), incident.cause == .silence
        else { return }
        if case .recovered = event.kind {
            incident.times.recoveredAt = incident.times.recoveredAt ?? event.time
        }
        open[node] = incident
        guard observed.opinions.areNone(about: place), !observed.nodes[place].isClosed else {
            return
        }
        open[node] = nil
        if incident.times.failedAt != nil { close(incident) }
    }

    /// A node that had ended all its connections is back before anybody missed it.
    private mutating func returned(_ event: TimelineEvent) {
        for node in [event.by, event.node].compactMap({ $0 }) {
            guard let incident = open[node], incident.failure.closedConnections,
                incident.times.firstSuspectedAt == nil, incident.cause == .silence
            else { continue }
            open[node] = nil
        }
    }

    /// A node answers under another id: what was open of it is over, and was no failure unless
    /// somebody said so.
    private mutating func replaced(_ event: TimelineEvent) {
        guard let node = event.node, var incident = open[node] else { return }
        incident.replacedBy = event.by
        open[node] = incident
        if incident.times.failedAt == nil && incident.times.promotedAt == nil { open[node] = nil }
    }

    private mutating func started(_ event: TimelineEvent, _ observed: ObservedCluster) {
        guard let replica = event.by, let master = event.node else { return }
        mastersOfCandidates[replica] = master
        coordinated.insert(replica)
        var incident = make(master, at: event.time, observed)
        incident?.cause = .manual
        open[master] = incident ?? open[master]
    }

    private mutating func requested(
        _ event: TimelineEvent, _ epoch: Epoch, _ forced: Bool, _ observed: ObservedCluster
    ) {
        guard let replica = event.by, let master = event.node else { return }
        mastersOfCandidates[replica] = master
        let isForced = forced && !coordinated.contains(replica)
        change(master, at: event.time, observed) {
            // One whose master has failed may force it all the same: Valkey 9.1 does so with what
            // is left of an earlier order.
            if isForced && $0.times.failedAt == nil { $0.cause = .forced }
            $0.times.voteRequestedAt = $0.times.voteRequestedAt ?? event.time
            $0.election.requests += 1
            $0.election.epoch = epoch
            $0.election.votes = []
        }
    }

    /// A vote, or none, for a candidate.
    private mutating func voted(_ event: TimelineEvent, _ body: (inout Incident, NodeID) -> Void) {
        guard let candidate = event.node, let voter = event.by,
            let master = mastersOfCandidates[candidate]
        else { return }
        if open[master] != nil {
            open[master].mutate { body(&$0, voter) }
        } else if let last = awaitingVotes[candidate]?.indices.last {
            awaitingVotes[candidate].mutate { body(&$0[last].incident, voter) }
        }
    }

    private mutating func promoted(
        _ event: TimelineEvent, _ epoch: Epoch, _ slots: SlotSet, _ observed: ObservedCluster
    ) {
        guard let successor = event.by else { return }
        // Whom it replaces: by its request, else by the slots that it has taken.
        guard let master = mastersOfCandidates[successor] ?? former(of: successor, slots, observed)
        else { return }
        guard var incident = open[master] ?? make(master, at: event.time, observed) else { return }
        if incident.times.voteRequestedAt == nil { incident.cause = .takeover }
        if incident.cause == .takeover && incident.times.failedAt == nil
            && incident.times.firstSuspectedAt == nil
        {
            incident.startedAt = event.time
        }
        coordinated.remove(successor)
        incident.successor = successor
        incident.election.epoch = epoch
        incident.times.promotedAt = event.time
        incident.slots = slots
        open[master] = incident
        spreading[successor] = master
    }

    private func former(of successor: NodeID, _ slots: SlotSet, _ observed: ObservedCluster)
        -> NodeID?
    {
        guard let place = observed.find(successor) else { return nil }
        return observed.latestOwner(of: slots, near: place, besides: [place]).map {
            observed.nodes[$0].id
        }
    }

    private mutating func learned(_ event: TimelineEvent, _ observed: ObservedCluster) {
        guard let successor = event.node, let master = spreading[successor], let by = event.by,
            let place = observed.find(successor)
        else { return }
        open[master].mutate {
            $0.spread.learned(by: by, at: event.time)
        }
        guard observed.nodes[place].isKnownToAll else { return }
        open[master].mutate {
            $0.times.agreedAt = max($0.spread.lastLearned ?? 0, event.time)
        }
        if let incident = open.removeValue(forKey: master) { close(incident) }
    }
}

extension ObservedNode {
    /// Nobody who lives has still to hear of its promotion.
    var isKnownToAll: Bool { !promotion.isOpen }
}

extension Optional {
    /// Changes what is there, if anything is.
    fileprivate mutating func mutate(_ body: (inout Wrapped) -> Void) {
        guard var value = self else { return }
        // Not held twice, so that its lists are not copied for each entry.
        self = nil
        body(&value)
        self = value
    }
}
