// All that happened in a capture as lines: its incidents first, then the timeline. `explain` prints it, and
// `interop` does with what a failed play left. What happened is found by Playback.

import Playback

/// What is told once a capture has ended.
struct CaptureReport {
    let observed: ObservedCluster
    let events: [TimelineEvent]
    let incidents: [Incident]
    let words: TimelineText
    /// Events that came after those.
    let notKept: Int

    var lines: [String] {
        var lines: [String] = []
        for incident in incidents {
            if !lines.isEmpty { lines += ["", "and then", ""] }
            lines += words.lines(incident)
        }
        if incidents.isEmpty { lines = withoutFailures }
        let timeline = TimelineLines(events, words).lines
        if !timeline.isEmpty {
            lines += ["", "What happened, from \(words.clock(words.origin)) UTC"] + timeline
        }
        if notKept > 0 { lines.append("\(notKept) later events are not shown; --json has all") }
        return lines
    }

    /// What to say when nothing failed.
    var withoutFailures: [String] {
        guard let first = observed.counts.firstTime else { return [] }
        let nodes = observed.nodes.filter(\.hasSpoken).count
        let span = words.length(observed.counts.lastTime - first)
        return [
            "Nothing failed: \(nodes) nodes exchanged \(observed.counts.messages) messages in \(span).",
            TimelineLines(events, words).summary,
        ]
    }

    /// Events that are kept of a file; of more only the number is told.
    private static let kept = 20_000

    /// Reads a file to its end.
    /// - Parameter command: who complains when it cannot be read.
    init(of path: String, for command: String) {
        var run = CaptureRun(command, path)
        var explanation = Explanation()
        var news = Explanation.News()
        var notKept = 0
        _ = run.run(
            take: { batch in
                for event in batch { explanation.take(event, into: &news) }
                let over = news.events.count - Self.kept
                if over > 0 {
                    notKept += over
                    news.events.removeLast(over)
                }
                return true
            }, pause: { true })
        explanation.finish(into: &news)
        var words = TimelineText()
        words.learn(explanation.observed, isAll: true)
        self.init(
            observed: explanation.observed, events: news.events, incidents: news.incidents,
            words: words, notKept: notKept)
    }

    init(
        observed: ObservedCluster, events: [TimelineEvent], incidents: [Incident],
        words: TimelineText, notKept: Int
    ) {
        self.observed = observed
        self.events = events
        self.incidents = incidents
        self.words = words
        self.notKept = notKept
    }
}
