// The two drawings of the page: lanes with marks over time, and slots with their owners before and
// after. Quiet stretches are drawn shorter than they were, or a failover of microseconds after seconds
// of silence would be one dot; the axis says so. Everything is SVG with hover text.

import ClusterWire
import Playback
import Text

struct TimelineDrawing {
    let observed: ObservedCluster
    let timeline: TimelineLines
    let incidents: [Incident]
    let words: TimelineText
    private let lanes: [NodeID]
    private let axis: TimelineAxis

    /// At most so many lanes and marks are drawn: nobody would read more.
    private static let laneLimit = 60
    private static let markLimit = 3_000
    private static let width = 1000.0
    /// Room for the names.
    private let left: Double
    private static let laneHeight = 34.0

    init(
        observed: ObservedCluster, timeline: TimelineLines, incidents: [Incident],
        words: TimelineText
    ) {
        self.observed = observed
        self.timeline = timeline
        self.incidents = incidents
        self.words = words
        var busy: [NodeID: Int] = [:]
        let told = timeline.groups.flatMap { [$0.first] + $0.others }
        for event in told {
            for id in [event.by, event.node].compactMap({ $0 }) { busy[id, default: 0] += 1 }
        }
        let nodes = observed.nodes.filter { $0.hasSpoken || busy[$0.id] != nil }
        let chosen = nodes.sorted { (busy[$0.id] ?? 0, $1.id) > (busy[$1.id] ?? 0, $0.id) }
            .prefix(Self.laneLimit)
        lanes = chosen.sorted { (words.name($0.id), $0.id) < (words.name($1.id), $1.id) }.map(\.id)
        left = Double(lanes.map { words.name($0).count }.max() ?? 0) * 7 + 30
        axis = TimelineAxis(
            from: observed.counts.firstTime ?? 0, to: observed.counts.lastTime,
            events: told.filter { Self.isDrawn($0.kind) }.map(\.time)
                + incidents.compactMap(\.times.silentAt),
            left: left, right: Self.width - 20)
    }

    /// The colour of a kind of event.
    static func style(_ kind: TimelineEvent.Kind) -> String {
        switch kind {
        case .silent, .failed, .slotsUnserved: "bad"
        case .suspected, .epochCollision, .voteWithheld, .linkLost: "warn"
        case .voteRequested, .voteGranted, .manualFailoverStarted: "vote"
        case .promoted, .recovered, .cleared, .slotsServed: "good"
        case .demoted, .slotsMoved, .addressChanged, .epochRaised: "move"
        case .met, .forgotten, .linkMade, .promotionLearned: "quiet"
        }
    }

    private static func isDrawn(_ kind: TimelineEvent.Kind) -> Bool {
        switch kind {
        case .slotsServed, .slotsUnserved, .linkMade, .linkLost: false
        case .met, .forgotten, .silent, .suspected, .cleared, .failed, .recovered,
            .voteRequested, .voteGranted, .voteWithheld, .promoted, .demoted, .slotsMoved,
            .promotionLearned, .epochCollision, .epochRaised, .manualFailoverStarted,
            .addressChanged:
            true
        }
    }

    /// The mark of a kind, around a point.
    /// - Parameter title: shown when it is pointed at.
    private static func mark(
        _ kind: TimelineEvent.Kind, _ x: Double, _ y: Double, title: String? = nil
    ) -> String {
        let style = "mark \(style(kind))"
        func polygon(_ places: [(Double, Double)]) -> String {
            SVG.polygon(style, places.map { (x + $0.0, y + $0.1) }, title: title)
        }
        switch kind {
        case .failed, .silent:
            return polygon([
                (-7, -4), (-4, -7), (0, -3), (4, -7), (7, -4), (3, 0), (7, 4), (4, 7), (0, 3),
                (-4, 7), (-7, 4), (-3, 0),
            ])
        case .promoted:
            return polygon([
                (0, -10), (2.6, -3.4), (9.6, -3.2), (4.2, 1.2), (6, 8), (0, 4.2), (-6, 8),
                (-4.2, 1.2), (-9.6, -3.2), (-2.6, -3.4),
            ])
        case .voteRequested, .manualFailoverStarted: return polygon([(-6, 6), (0, -7), (6, 6)])
        case .voteGranted: return polygon([(-6, -6), (6, -6), (6, 6), (-6, 6)])
        case .suspected, .voteWithheld: return polygon([(0, -7), (7, 0), (0, 7), (-7, 0)])
        case .promotionLearned, .met, .linkMade, .forgotten:
            return SVG.circle(style, x: x, y: y, radius: "4.5", title: title)
        case .cleared, .recovered, .demoted, .slotsMoved, .slotsUnserved, .slotsServed,
            .epochCollision, .epochRaised, .linkLost, .addressChanged:
            return SVG.circle(style, x: x, y: y, radius: "6", title: title)
        }
    }
}

extension TimelineDrawing {
    var timelineFigure: String {
        let height = Double(lanes.count) * Self.laneHeight + 40
        let more = observed.nodes.filter(\.hasSpoken).count - lanes.count
        return """
            <div class="scroll"><svg class="wide" viewBox="0 0 \(Int(Self.width)) \(Int(height))" \
            role="img" aria-label="events of each node over time">
            \(grid(height))
            \(lanes.enumerated().map { lane($0.element, y($0.offset)) }.joined(separator: "\n"))
            \(marks)
            </svg></div>
            \(legend)
            \(axis.isCompressed ? "<p class=\"note\">Quiet stretches are drawn shorter than they were.</p>" : "")
            \(more > 0 ? "<p class=\"note\">\(more) more nodes are not drawn.</p>" : "")
            """
    }

    private func y(_ lane: Int) -> Double { Double(lane) * Self.laneHeight + 22 }

    private func grid(_ height: Double) -> String {
        axis.ticks.map { time in
            let x = axis.x(time)
            return SVG.line("grid", x: (x, x), y: (4, Int(height) - 24))
                + SVG.text(
                    x, Int(height) - 8, words.shortOffset(time), style: "soft", anchor: "middle")
        }.joined(separator: "\n")
    }

    /// The line of a node: while it sent packets, since it was silent, and since it was promoted.
    private func lane(_ id: NodeID, _ y: Double) -> String {
        func line(_ style: String, _ from: Int64, _ to: Int64, _ title: String) -> String {
            SVG.line(style, x: (axis.x(from), axis.x(to)), y: (y, y), title: title)
        }
        var parts: [String] = []
        let (start, end) = (observed.counts.firstTime ?? 0, observed.counts.lastTime)
        var heard = end
        for incident in incidents where incident.master == id {
            guard let from = incident.times.silentAt ?? incident.times.firstSuspectedAt else {
                continue
            }
            let to = incident.times.recoveredAt ?? end
            if incident.cause == .silence {
                parts.append(line("gone", from, to, "silent for \(words.length(to - from))"))
                heard = incident.times.recoveredAt == nil ? from : end
            }
        }
        parts.insert(line("alive", start, max(start, heard), "sends packets"), at: 0)
        for incident in incidents where incident.successor == id {
            guard let from = incident.times.promotedAt else { continue }
            parts.append(line("promoted", from, end, "master since \(words.clock(from)) UTC"))
        }
        let label = SVG.text(
            Int(left) - 14, y + 4, words.name(id), anchor: "end", title: "\(id)")
        return parts.joined() + label
    }

    private var marks: String {
        let rows = Dictionary(uniqueKeysWithValues: lanes.enumerated().map { ($1, $0) })
        var connectors: [String] = []
        var shapes: [String] = []
        for event in timeline.groups.flatMap({ [$0.first] + $0.others })
        where Self.isDrawn(event.kind) && shapes.count < Self.markLimit {
            guard let row = rows[laneOwner(event)] else { continue }
            let place = event.silenceBegan ?? event.time
            let (x, y) = (axis.x(place), y(row))
            let title = "\(words.offset(place).drop { $0 == " " }) s: \(words.sentence(event))"
            if let other = partner(event).flatMap({ rows[$0] }), other != row {
                connectors.append(SVG.line("connector", x: (x, x), y: (y, self.y(other))))
            }
            shapes.append(Self.mark(event.kind, x, y, title: title))
        }
        return (connectors + shapes).joined(separator: "\n")
    }

    /// In whose lane an event is drawn.
    private func laneOwner(_ event: TimelineEvent) -> NodeID {
        if case .silent = event.kind { return event.node ?? .zero }
        return event.by ?? event.node ?? .zero
    }

    /// To whose lane a line leads.
    private func partner(_ event: TimelineEvent) -> NodeID? {
        switch event.kind {
        case .voteGranted, .manualFailoverStarted, .met: event.node
        case .slotsMoved(let from, _, _): from
        case .forgotten, .silent, .suspected, .cleared, .failed, .recovered, .voteRequested,
            .voteWithheld, .promoted, .demoted, .slotsUnserved, .slotsServed,
            .promotionLearned, .epochCollision, .epochRaised, .linkLost, .linkMade,
            .addressChanged:
            nil
        }
    }

    private var legend: String {
        let all: [(TimelineEvent.Kind, String)] = [
            (.silent(since: 0, closed: false), "silent, or FAIL broadcast"),
            (.suspected, "marks PFAIL"),
            (.voteRequested(epoch: 0, forced: false), "asks for votes"),
            (.voteGranted(epoch: 0), "votes"), (.promoted(epoch: 0, slots: SlotSet()), "promoted"),
            (.promotionLearned, "learns of the new master, meets, forgets"),
            (.recovered, "answers again"),
            (.demoted(master: nil), "new role, slots, epoch or address"),
        ]
        let items = all.map { kind, name in
            "<li><svg viewBox=\"0 0 20 20\">\(Self.mark(kind, 10, 10))</svg>\(name)</li>"
        }
        return "<ul class=\"legend\">\(items.joined(separator: "\n"))</ul>"
    }
}

extension TimelineEvent {
    /// When a silence began, which is found out later.
    fileprivate var silenceBegan: Int64? {
        if case .silent(let since, _) = kind { return since }
        return nil
    }
}
