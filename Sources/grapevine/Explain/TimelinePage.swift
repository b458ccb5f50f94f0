// What happened in a capture as one page for a browser: the sentences, a timeline with a lane a node, and who
// owned the slots before and after. One file without scripts, fonts or pictures from elsewhere; it reads on
// paper, in light and in dark. The drawing is in TimelineDrawing.

import ClusterWire
import Playback
import Text

/// The page of `explain --html`.
struct TimelinePage {
    let observed: ObservedCluster
    let events: [TimelineEvent]
    let incidents: [Incident]
    let words: TimelineText
    let notKept: Int
    /// What to say when nothing failed.
    let headline: [String]?

    /// Lines of the list of events that a page holds at most.
    private static let lines = 2_000

    var text: String {
        let timeline = TimelineLines(events, words)
        let drawing = TimelineDrawing(
            observed: observed, timeline: timeline, incidents: incidents, words: words)
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(Markup.escape(title))</title>
            <style>
            \(TimelineStyle.text)
            </style>
            </head>
            <body>
            <main>
            \(heading)
            \(incidents.map { incident($0) }.joined(separator: "\n"))
            <section>
            <h2>Timeline</h2>
            \(drawing.timelineFigure)
            </section>
            <section>
            <h2>Slots</h2>
            \(drawing.slotFigure)
            </section>
            <section>
            <h2>What happened</h2>
            \(list(timeline))
            </section>
            \(footer)
            </main>
            </body>
            </html>

            """
    }

    private var title: String {
        guard let first = incidents.first else { return "A quiet capture" }
        return "\(words.name(first.master)): \(first.cause.rawValue)"
    }

    private var heading: String {
        if let headline {
            let rest = headline.dropFirst().map { "<p class=\"lead\">\(Markup.escape($0))</p>" }
            return "<header><h1>\(Markup.escape(headline.first ?? ""))</h1>\n"
                + rest.joined(separator: "\n") + "</header>"
        }
        return ""
    }

    /// An incident: its two first lines, and its phases as a bar and a table.
    private func incident(_ incident: Incident) -> String {
        let lines = words.lines(incident)
        let details = words.details(incident)
            .map { "<li>\(Markup.escape($0))</li>" }.joined(separator: "\n")
        return """
            <section class="incident">
            <h1>\(Markup.escape(lines[0]))</h1>
            <p class="lead">\(Markup.escape(lines[1]))</p>
            \(phases(incident))
            \(details.isEmpty ? "" : "<ul class=\"who\">\n\(details)\n</ul>")
            </section>
            """
    }

    private func phases(_ incident: Incident) -> String {
        let whole = incident.total.nanoseconds ?? 0
        let parts = incident.phases.dropLast().filter { ($0.nanoseconds ?? 0) > 0 }
        guard whole > 0, !parts.isEmpty else { return "" }
        var bar = ""
        var rows = ""
        for part in parts {
            let length = part.nanoseconds ?? 0
            let share = min(1000, max(3, Int(Double(length) * 1000 / Double(whole))))
            let name = part.name.rawValue
            let label = share >= 200 ? name : ""
            bar +=
                "<i class=\"\(name)\" style=\"flex-grow:\(share)\" title=\"\(name), "
                + "\(words.length(length))\">\(label)</i>"
            rows +=
                "<tr><th><b class=\"key \(name)\"></b>\(name)</th>"
                + "<td>\(words.length(length))</td><td>\(words.percent(length, of: whole)) %</td>"
                + "<td class=\"what\">\(words.meaning(part.name))</td></tr>\n"
        }
        return """
            <div class="bar" role="img" aria-label="phases">\(bar)</div>
            <table class="phases">
            \(rows)<tr class="total"><th>total</th><td>\(words.length(whole))</td><td></td>\
            <td class="what"></td></tr>
            </table>
            """
    }

    private func list(_ timeline: TimelineLines) -> String {
        let rows = timeline.groups.prefix(Self.lines).map { group in
            "<tr class=\"\(TimelineDrawing.style(group.first.kind))\"><td class=\"when\">"
                + "\(Markup.escape(words.offset(group.first.time)))</td>"
                + "<td>\(Markup.escape(timeline.text(group)))</td></tr>"
        }
        let missing = max(0, timeline.groups.count - Self.lines) + notKept
        return """
            <p class="note">Seconds from \(words.clock(words.origin)) UTC, each the first packet \
            that shows it.</p>
            <table class="events">
            \(rows.joined(separator: "\n"))
            </table>
            \(missing > 0 ? "<p class=\"note\">\(missing) later lines are not shown.</p>" : "")
            """
    }

    private var footer: String {
        let span =
            observed.counts.lastTime - (observed.counts.firstTime ?? observed.counts.lastTime)
        let problems =
            observed.counts.problems > 0
            ? " \(observed.counts.problems) pieces of the bus traffic are missing or could not be read."
            : ""
        return
            "<footer>\(observed.counts.messages) messages in \(words.length(span)), written by grapevine "
            + "explain.\(problems)</footer>"
    }
}
