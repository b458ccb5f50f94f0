// What happened in a capture, as text: an incident with its cause and outcome in the first two lines, its
// phases, and which node did what; an event as one line. What happened is found by Playback; here are only the
// texts.

import ClusterWire
import Playback
import Text

/// The names of nodes, and sentences about them.
struct TimelineText {
    /// Addresses by id, as they are known.
    private var addresses: [NodeID: String] = [:]
    /// The time from which the offsets of lines are counted, in nanoseconds.
    var origin: Int64 = 0

    /// All nodes share one host: ":7000" is enough.
    private var isOneHost = false

    /// Takes the present addresses of these nodes as their names.
    mutating func learn(_ ids: [NodeID], _ observed: ObservedCluster) {
        for id in ids {
            if let place = observed.find(id) { addresses[id] = observed.nodes[place].address }
        }
        origin = observed.counts.firstTime ?? 0
    }

    /// Takes the addresses of all nodes as their names; `isAll` when no more will come.
    mutating func learn(_ observed: ObservedCluster, isAll: Bool = false) {
        for node in observed.nodes where addresses[node.id] != node.address {
            addresses[node.id] = node.address
        }
        isOneHost = isAll && Set(observed.nodes.compactMap(\.host)).count == 1
        origin = observed.counts.firstTime ?? 0
    }

    /// The address, or the beginning of the id.
    func name(_ id: NodeID?) -> String {
        guard let id else { return "?" }
        guard let address = addresses[id] else { return id.short }
        guard isOneHost, let colon = address.lastIndex(of: ":") else { return address }
        return String(address[colon...])
    }

    /// Address and id, for the first mention.
    func fullName(_ id: NodeID?) -> String {
        guard let id else { return "an unknown node" }
        return addresses[id].map { "\($0) (\(id.short))" } ?? id.short
    }

    func names(_ ids: [NodeID]) -> String {
        let words = ids.map(name)
        guard words.count > 1 else { return words.first ?? "nobody" }
        return words.dropLast().joined(separator: ", ") + " and " + (words.last ?? "")
    }

    /// "5462 slots (0-5460 12182)".
    func slots(_ set: SlotSet) -> String {
        if set.isEmpty { return "no slots" }
        let ranges = set.ranges
        let shown = ranges.prefix(6).map(\.description).joined(separator: " ")
        let rest = ranges.count > 6 ? " and \(ranges.count - 6) more ranges" : ""
        return set.count == 1 ? "slot \(shown)" : "\(set.count) slots (\(shown)\(rest))"
    }

    /// Milliseconds below ten seconds, else seconds.
    func length(_ nanoseconds: Int64) -> String {
        let micros = max(0, nanoseconds) / 1000
        if micros < 1000 { return "\(micros) µs" }
        if micros < 10_000 { return "\(Decimals.text(micros, per: 1000, 1)) ms" }
        if micros < 1_000_000 { return "\(micros / 1000) ms" }
        return "\(Decimals.text(micros, per: 1_000_000, 2)) s"
    }

    /// The time of day in UTC, with milliseconds.
    func clock(_ time: Int64) -> String {
        let seconds = max(0, time) / 1_000_000_000
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let millis = String(1000 + max(0, time) / 1_000_000 % 1000).dropFirst()
        return
            "\(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60)).\(millis)"
    }

    /// "+3.404 s" from the beginning of the capture.
    func offset(_ time: Int64) -> String {
        let micros = (time - origin) / 1000
        let text = "\(micros < 0 ? "-" : "+")\(Decimals.text(abs(micros), per: 1_000_000, 4))"
        return String(repeating: " ", count: max(0, 10 - text.count)) + text
    }

    /// "3.40 s" or "340 ms" from the beginning of the capture, for an axis.
    func shortOffset(_ time: Int64) -> String {
        let millis = max(0, time - origin) / 1_000_000
        return millis < 10_000
            ? "\(Decimals.text(millis, per: 1000, 3))" : "\(Decimals.text(millis, per: 1000, 1))"
    }

    private func count(_ number: Int, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }
}

extension TimelineText {
    /// What happened, as one sentence.
    func sentence(_ event: TimelineEvent) -> String {
        let (by, node) = (name(event.by), name(event.node))
        switch event.kind {
        case .met: return "\(by) met \(node)"
        case .forgotten(let ttl):
            let time = ttl.map { " for \($0) s" } ?? ""
            return "\(by) tells the others to forget \(node)\(time)"
        case .silent(let since, let closed):
            return closed
                ? "\(node) closed all its connections: its process has ended"
                : "\(node) is silent: its last packet was \(length(event.time - since)) ago"
        case .suspected: return "\(by) marks \(node) PFAIL"
        case .cleared: return "\(by) clears PFAIL: \(node) answers again"
        case .failed(let agreeing):
            return "\(by) broadcasts FAIL of \(node), with failure reports of \(names(agreeing))"
        case .recovered: return "\(by) clears FAIL: \(node) answers again"
        case .epochCollision(let epoch):
            return "\(by) and \(node) are both masters with configEpoch \(epoch): a collision"
        case .epochRaised(let epoch): return "\(by) raised its configEpoch to \(epoch)"
        case .voteRequested(let epoch, let forced):
            return "\(by) asks for votes in epoch \(epoch) to replace \(node)"
                + (forced ? ", whether it has failed or not" : "")
        case .voteGranted(let epoch): return "\(by) votes for \(node) in epoch \(epoch)"
        case .voteWithheld(let epoch, let reason):
            return "\(by) did not vote for \(node) in epoch \(epoch): \(reason)"
        case .promoted(let epoch, let set):
            return "\(by) is promoted to master at epoch \(epoch), with \(slots(set))"
        case .promotionLearned: return "\(by) learned that \(node) is the new master"
        case .manualFailoverStarted:
            return "\(by) asks its master \(node) to hand over: CLUSTER FAILOVER"
        case .demoted(let master): return "\(node) is a replica of \(name(master)) now"
        case .slotsMoved(let from, let to, let set):
            return "\(slots(set)) moved from \(name(from)) to \(name(to))"
        case .slotsUnserved(let set): return "nobody serves \(slots(set)) of \(node) any more"
        case .slotsServed(let set): return "\(node) serves \(slots(set))"
        case .linkLost: return "the link of \(by) to \(node) ended"
        case .linkMade: return "\(by) connected to \(node)"
        case .addressChanged(let from, let to?):
            return "\(node) moved from \(from ?? "an unknown address") to \(to)"
        case .addressChanged(let from, nil): return replacement(event, at: from ?? node)
        }
    }

    private func replacement(_ event: TimelineEvent, at address: String) -> String {
        let id = event.by.map { $0.short } ?? "another"
        return "at \(address) another node answers now: \(event.node?.short ?? "?") was reset "
            + "or replaced, it is \(id)"
    }
}

extension TimelineText {
    /// An incident, its cause in the first line and its outcome in the second.
    func lines(_ incident: Incident) -> [String] {
        var lines = [cause(incident), outcome(incident)]
        let phases = incident.phases
        if phases.contains(where: { $0.name != .total && $0.nanoseconds != nil }) {
            lines += [""] + table(incident)
        }
        let details = details(incident)
        if !details.isEmpty { lines += [""] + details.map { "  \($0)" } }
        return lines
    }

    private func cause(_ incident: Incident) -> String {
        let role = incident.wasReplica.map { $0 ? "replica" : "master" } ?? "node"
        let held = incident.wasReplica == false ? " of \(slots(incident.slots))" : ""
        let who = "\(role) \(fullName(incident.master))\(held)"
        let successor = "replica \(fullName(incident.successor))"
        switch incident.cause {
        case .silence:
            guard let at = incident.times.silentAt else {
                let at =
                    incident.times.firstSuspectedAt ?? incident.times.failedAt ?? incident.startedAt
                return "\(clock(at)) UTC: \(who) no longer answered the others."
            }
            return incident.failure.closedConnections
                ? "\(clock(at)) UTC: \(who) ended: its process closed all connections."
                : "\(clock(at)) UTC: \(who) fell silent with its connections open: stopped, "
                    + "hanging or cut off."
        case .manual:
            return "\(clock(incident.startedAt)) UTC: an operator had \(successor) take over from "
                + "\(who) (CLUSTER FAILOVER)."
        case .forced:
            return "\(clock(incident.startedAt)) UTC: an operator had \(successor) take over from "
                + "\(who) without asking it (CLUSTER FAILOVER FORCE)."
        case .takeover:
            return "\(clock(incident.startedAt)) UTC: an operator had \(successor) take over from "
                + "\(who) without any vote (CLUSTER FAILOVER TAKEOVER)."
        }
    }

    private func outcome(_ incident: Incident) -> String {
        let unserved = incident.unservedNanoseconds.map {
            " Nobody served its slots for \(length($0))."
        }
        if let successor = incident.successor, let promoted = incident.times.promotedAt {
            let from = incident.total.from ?? promoted
            let votes =
                incident.cause == .takeover
                ? "without votes"
                : "elected with \(incident.election.votes.count) of "
                    + count(
                        incident.election.votes.count + incident.election.withheld.count, "vote")
            let epoch = incident.election.epoch.map { " at epoch \($0)" } ?? ""
            let all =
                incident.times.agreedAt.map { "all nodes knew \(length($0 - promoted)) later" }
                ?? "not all nodes knew it when the capture ended"
            let after = promoted > from ? "after \(length(promoted - from))" : "at once"
            return "Its replica \(fullName(successor)) is the new master \(after), "
                + "\(votes)\(epoch); \(all).\(unserved ?? "")"
        }
        if let back = incident.times.recoveredAt {
            let from = incident.total.from ?? incident.startedAt
            let promotion = incident.wasReplica == true ? "" : ", before a replica was promoted"
            return "It came back after \(length(back - from))\(promotion).\(unserved ?? "")"
        }
        if let other = incident.replacedBy {
            return "Its address answers under the id \(other.short) now: it was reset, or replaced."
        }
        if !incident.failure.forgottenBy.isEmpty {
            return "\(names(incident.failure.forgottenBy)) were told to forget it."
        }
        if incident.slots.isEmpty { return "No slots were affected; it has not come back." }
        return incident.election.requests > 0
            ? "\(count(incident.election.requests, "election")) held, none won when the capture ends."
            : "No replica has asked for votes when the capture ends."
    }

    /// What a phase lasts until.
    func meaning(_ phase: Incident.PhaseName) -> String {
        switch phase {
        case .detection: "silence until a node marked it PFAIL"
        case .agreement: "until a quorum of failure reports made it FAIL"
        case .election: "until a replica was elected and promoted"
        case .spread: "until every living node knew the new master"
        case .total: ""
        }
    }

    private func table(_ incident: Incident) -> [String] {
        let whole = incident.total.nanoseconds ?? 0
        return incident.phases.compactMap { phase in
            if incident.cause == .takeover && phase.name == .election { return nil }
            let word = phase.name.rawValue
            let name = word + String(repeating: " ", count: 11 - word.count)
            guard let length = phase.nanoseconds else { return nil }
            let millis = Decimals.text(length / 1000, per: 1000, 2)
            let share = whole > 0 ? "\(percent(length, of: whole))" : "?"
            let pad = { (text: String, width: Int) in
                String(repeating: " ", count: max(0, width - text.count)) + text
            }
            let meaning = meaning(phase.name)
            return "  \(name)\(pad(millis, 9)) ms \(pad(share, 3)) %"
                + (meaning.isEmpty ? "" : "   \(meaning)")
        }
    }

    /// A part of a whole, rounded. By way of floating point: damaged times may be centuries apart.
    func percent(_ part: Int64, of whole: Int64) -> Int {
        Int((Double(part) * 100 / Double(whole)).rounded())
    }

    func details(_ incident: Incident) -> [String] {
        var lines: [String] = []
        if !incident.failure.suspects.isEmpty {
            lines.append(
                "marked PFAIL by \(names(incident.failure.suspects))"
                    + (incident.failure.suspects.count > 1 ? ", in that order" : ""))
        }
        if !incident.failure.announcers.isEmpty {
            lines.append(
                "FAIL broadcast by \(names(incident.failure.announcers)), with failure reports of "
                    + names(incident.failure.agreeing))
        }
        if incident.election.requests > 1 {
            lines.append("\(incident.election.requests) elections were needed")
        }
        if !incident.election.votes.isEmpty {
            lines.append("voted: \(names(incident.election.votes))")
        }
        for vote in incident.election.withheld {
            lines.append("no vote from \(name(vote.voter)): \(vote.reason)")
        }
        return lines
    }
}
