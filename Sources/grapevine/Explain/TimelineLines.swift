// The events of a capture as lines in the order of time, with those that say the same of several
// nodes within a moment as one line; and in one sentence what they were when nothing failed.

import ClusterWire
import Playback

/// Lines about events.
struct TimelineLines {
    /// Events of one kind that are told together.
    struct Group {
        var first: TimelineEvent
        var others: [TimelineEvent] = []
        var last: Int64
        var count: Int { others.count + 1 }
    }

    private(set) var groups: [Group] = []
    private let words: TimelineText

    /// Events of one kind within so many nanoseconds are one line.
    private static let moment: Int64 = 150_000_000

    init(_ events: [TimelineEvent], _ words: TimelineText) {
        self.words = words
        var open: [String: Int] = [:]
        // A promotion says itself what it serves.
        let promotions = Set(
            events.compactMap { event -> Int64? in
                if case .promoted = event.kind { return event.time }
                return nil
            })
        // Some are found out late, with the time at which they happened.
        let ordered = events.enumerated().sorted {
            ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
        }
        for event in ordered.map(\.element) {
            if case .slotsServed = event.kind, promotions.contains(event.time) { continue }
            let key = Self.key(event)
            if let key, let place = open[key], event.time - groups[place].last < moment(event) {
                groups[place].others.append(event)
                groups[place].last = max(groups[place].last, event.time)
                continue
            }
            if let key { open[key] = groups.count }
            groups.append(Group(first: event, last: event.time))
        }
    }

    /// How far apart events of one kind may be: not all nodes clear PFAIL or FAIL at once.
    private func moment(_ event: TimelineEvent) -> Int64 {
        if case .recovered = event.kind { return 10 * Self.moment }
        return Self.moment
    }

    /// What events must have in common to be told together; nil for those that stand alone.
    private static func key(_ event: TimelineEvent) -> String? {
        switch event.kind {
        case .linkLost, .linkMade: event.kind.name
        case .suspected, .cleared, .recovered, .promotionLearned, .forgotten:
            "\(event.kind.name) \(event.node?.description ?? "")"
        case .met: "\(event.kind.name) \(event.by?.description ?? "")"
        case .silent, .failed, .voteRequested, .voteGranted, .voteWithheld, .promoted, .demoted,
            .slotsMoved, .slotsUnserved, .slotsServed, .epochCollision, .epochRaised,
            .manualFailoverStarted, .addressChanged:
            nil
        }
    }

    var lines: [String] {
        groups.map { "  \(words.offset($0.first.time))  \(text($0))" }
    }

    func text(_ group: Group) -> String {
        if group.others.isEmpty { return words.sentence(group.first) }
        let events = [group.first] + group.others
        let by = words.names(unique(events.compactMap(\.by)))
        let node = words.name(group.first.node)
        let span = words.length(group.last - group.first.time)
        switch group.first.kind {
        case .linkLost: return links(events, "ended") + " within \(span)"
        case .linkMade: return links(events, "were made") + " within \(span)"
        case .suspected: return "\(by) mark \(node) PFAIL, within \(span)"
        case .cleared: return "\(by) clear PFAIL: \(node) answers again"
        case .recovered: return "\(by) clear FAIL: \(node) answers again"
        case .promotionLearned: return "\(by) learned within \(span) that \(node) is the new master"
        case .forgotten: return "\(by) tell the others to forget \(node)"
        case .met: return "\(by) met \(words.names(unique(events.compactMap(\.node))))"
        case .silent, .failed, .voteRequested, .voteGranted, .voteWithheld, .promoted, .demoted,
            .slotsMoved, .slotsUnserved, .slotsServed, .epochCollision, .epochRaised,
            .manualFailoverStarted, .addressChanged:
            return words.sentence(group.first)
        }
    }

    private func unique(_ ids: [NodeID]) -> [NodeID] {
        var seen: Set<NodeID> = []
        return ids.filter { seen.insert($0).inserted }
    }

    /// Links, with the node that all of them have in common.
    private func links(_ events: [TimelineEvent], _ verb: String) -> String {
        let pairs = events.map { Set([$0.by, $0.node].compactMap { $0 }) }
        let common = pairs.dropFirst().reduce(pairs.first ?? []) { $0.intersection($1) }
        guard common.count == 1, let one = common.first else {
            return "\(events.count) links between nodes \(verb)"
        }
        return "\(events.count) links with \(words.name(one)) \(verb)"
    }

    /// What there was besides failures, in a sentence: what tells most first.
    var summary: String {
        let telling = groups.enumerated()
            .compactMap { place, group in
                Self.weight(group.first.kind).map { ($0, place, text(group)) }
            }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
        guard !telling.isEmpty else {
            return "No node was marked PFAIL; roles, slots and epochs stayed as they were."
        }
        let shown = telling.prefix(3).map(\.2).joined(separator: "; ")
        let rest = telling.count - 3
        return shown + (rest > 0 ? "; and \(rest) more." : ".")
    }

    /// Lower tells more; nil is not worth a word there.
    private static func weight(_ kind: TimelineEvent.Kind) -> Int? {
        switch kind {
        case .addressChanged(_, nil): 0
        case .recovered: 1
        case .slotsMoved: 2
        case .demoted: 3
        case .forgotten: 4
        case .addressChanged: 5
        case .epochCollision: 6
        case .met: 7
        case .epochRaised: 8
        case .suspected, .cleared, .failed, .voteRequested, .voteGranted, .voteWithheld,
            .promoted, .manualFailoverStarted:
            9
        case .silent, .slotsUnserved, .slotsServed, .promotionLearned, .linkLost, .linkMade: nil
        }
    }
}
