// Runs of the gossip laboratory as one page for a browser: the table, the pictures and the small print. One
// file without scripts, fonts or pictures from elsewhere; it reads on paper, in light and in dark.

import GossipLab
import Text

enum GossipPage {
    static func html(
        _ summaries: [(name: String, summary: Summary)], seeds: ClosedRange<UInt64>, title: String
    ) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(Markup.escape(title))</title>
        <style>
        \(style)
        </style>
        </head>
        <body>
        <main>
        <h1>\(Markup.escape(title))</h1>
        <p class="lead">\(seeds.count) \(seeds.count == 1 ? "run" : "runs") each, seeds \
        \(seeds.lowerBound) to \(seeds.upperBound).</p>
        <section>
        <div class="scroll">
        \(table(summaries))
        </div>
        <p class="note">all know: the share of the runs in which every node that is up heard; rounds: until then, \
        mean and 99th percentile; missed: the share of the nodes that never heard; m: updates sent a node; \
        messages: a node, at 1, 2 and 3 for push, pull and push-pull.</p>
        </section>
        <section>
        <h2>By round</h2>
        <figure class="scroll"><div class="wide">
        \(GossipPicture.spread(summaries).svg)
        </div></figure>
        </section>
        <section>
        <h2>Small print</h2>
        \(print(summaries))
        </section>
        <footer>grapevine gossip. The same options and seeds give the same page.</footer>
        </main>
        </body>
        </html>

        """
    }

    private static let style = """
        \(TimelineStyle.text)
        .runs { font-size: .9rem; }
        .runs th, .runs td { text-align: right; padding: .2rem .45rem; white-space: nowrap; }
        .runs td:first-child { white-space: normal; }
        .print code { display: block; color: var(--soft); overflow-wrap: anywhere; }
        .runs th:first-child, .runs td:first-child { text-align: left; padding-left: 0; }
        .runs thead th { border-bottom: 1px solid var(--line); font-weight: 600; }
        .print { font-size: .9rem; } figure { margin: 0; } figure svg { max-width: 54rem; }
        figure svg .line { stroke-width: 2; } figure svg .back { fill: none; }
        """

    private static func table(_ summaries: [(name: String, summary: Summary)]) -> String {
        let heads = [
            "", "nodes", "all know", "rounds", "p99", "seconds", "missed", "m", "messages", "bytes",
        ].map { "<th>\($0)</th>" }.joined()
        let rows = summaries.map { name, summary -> String in
            let rounds = summary.roundsUntilAllKnow
            let seconds = summary.options.intervalMilliseconds.flatMap { interval in
                rounds.map { GossipText.plain($0.mean * interval / 1000) }
            }
            let cells = [
                Markup.escape(name), "\(summary.options.nodes)",
                "\(GossipText.plain((summary.shareOfRunsComplete * 1000).rounded() / 10)) %",
                rounds.map {
                    "\(Decimals.text($0.mean, 2)) ± \(Decimals.text($0.standardError, 2))"
                } ?? "-",
                rounds.map { GossipText.plain($0.p99) } ?? "-", seconds ?? "-",
                GossipText.plain(summary.residue.mean), GossipText.plain(summary.traffic.mean),
                GossipText.plain(summary.asTaught.mean),
                summary.bytes.map { GossipText.bytes($0.mean) } ?? "-",
            ]
            return "<tr>" + cells.map { "<td>\($0)</td>" }.joined() + "</tr>"
        }
        return "<table class=\"runs\"><thead><tr>\(heads)</tr></thead>\n<tbody>\n"
            + rows.joined(separator: "\n") + "\n</tbody></table>"
    }

    private static func print(_ summaries: [(name: String, summary: Summary)]) -> String {
        let items = summaries.map { name, summary in
            "<li><b>\(Markup.escape(name))</b>: \(Markup.escape(GossipText.smallPrint(summary.options))). "
                + "<code>\(Markup.escape(GossipOptions.commandLine(summary.options)))</code></li>"
        }
        return "<ul class=\"print\">\n\(items.joined(separator: "\n"))\n</ul>"
    }
}
