// `gossip reproduce demers`: tables 1 to 3 of the paper beside ours, row by row, with what holds.

import GossipLab
import Text

enum GossipDemers {
    static let command = Command(
        name: "gossip reproduce", summary: "tables 1 to 3 of Demers et al., run again",
        operands: "demers",
        options: [
            Option("--seeds", value: "A-B", "runs of each row, default 1-2000"),
            Option("--threads", value: "T", "runs at a time, default one a core"),
            Option("--json", "one JSON object and nothing else"),
        ],
        notes: ["Exit status: 0 when every row holds, else 1."],
        run: { arguments throws(UsageError) in
            let name = try arguments.single("paper")
            guard name == "demers" else {
                throw UsageError("unknown paper \(name): demers is there")
            }
            let runs = try GossipRuns(arguments, usual: 1...2000)
            let summaries = try runs.summaries(Demers.rows.map(\.options))
            let outcomes = zip(Demers.rows, summaries).map { Demers.outcome($0, $1) }
            try GossipCommand.print(
                arguments.has("--json") ? json(outcomes) : text(outcomes, runs: summaries[0].runs))
            return outcomes.allSatisfy(\.holds) ? 0 : 1
        })

    private static func text(_ outcomes: [Demers.Outcome], runs: Int) -> String {
        var lines = [
            "Demers et al., Epidemic algorithms for replicated database maintenance, CSL-89-1, page 10.",
            "n = 1000, \(runs) \(runs == 1 ? "run" : "runs") a row; ours and the paper's beside each other.",
        ]
        for table in 1...Demers.titles.count {
            lines += [
                "", "Table \(table): \(Demers.titles[table - 1])",
                "  k   s ours (std. error)    paper   theory   m ours  paper  t_last ours  paper  t_ave ours  paper",
            ]
            for outcome in outcomes where outcome.row.table == table { lines.append(row(outcome)) }
        }
        lines += ["", Demers.note]
        let failed = outcomes.count { !$0.holds }
        lines.append("")
        lines.append(
            failed == 0
                ? "All \(outcomes.count) rows hold."
                : "\(failed) of \(outcomes.count) rows do not hold; they are marked with !.")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ outcome: Demers.Outcome) -> String {
        let s = outcome.s
        let isFar = abs(s.distance) > 0.05 && s.holds && outcome.row.s.value > 1e-5
        return GossipText.right("\(outcome.row.k)", 3) + mark(s)
            + GossipText.right(residue(s.ours), 9)
            + GossipText.padded(" (\(GossipText.significant(s.standardError)))", 12)
            + GossipText.right(residue(s.paper), 8)
            + GossipText.right(outcome.theory.map { residue($0) } ?? "-", 9) + mark(outcome.m)
            + GossipText.right(Decimals.text(outcome.m.ours, 3), 8)
            + GossipText.right(GossipText.plain(outcome.m.paper), 7) + mark(outcome.tLast)
            + GossipText.right(Decimals.text(outcome.tLast.ours, 2), 11)
            + GossipText.right(GossipText.plain(outcome.tLast.paper), 7)
            + GossipText.right(Decimals.text(outcome.tAverage, 2), 12)
            + GossipText.right(GossipText.plain(outcome.row.tAverage), 7)
            + (isFar ? "  s \(Decimals.text(s.distance * 100, 0)) % off" : "")
    }

    private static func residue(_ value: Double) -> String {
        value < 1e-3 ? GossipText.significant(value) : Decimals.text(value, 4)
    }

    private static func mark(_ cell: Demers.Cell) -> String { cell.holds ? " " : "!" }

    private static func json(_ outcomes: [Demers.Outcome]) -> String {
        GossipJSON.document { json in
            json.list("tables") { json in
                for table in 1...Demers.titles.count {
                    json.object { json in
                        json.field("table", table)
                        json.list("rows") { json in
                            for outcome in outcomes where outcome.row.table == table {
                                json.object { json in write(outcome, &json) }
                            }
                        }
                    }
                }
            }
            json.field("holds", outcomes.allSatisfy(\.holds))
        }
    }

    private static func write(_ outcome: Demers.Outcome, _ json: inout JSONText) {
        json.field("k", outcome.row.k)
        for (name, cell) in [("s", outcome.s), ("m", outcome.m), ("tLast", outcome.tLast)] {
            json.object(name) { json in
                for (name, value) in [
                    ("ours", cell.ours), ("standardError", cell.standardError),
                    ("paper", cell.paper),
                ] {
                    json.field(name, value)
                }
                json.field("holds", cell.holds)
            }
        }
        json.object("tAverage") { json in
            json.field("ours", outcome.tAverage)
            json.field("paper", outcome.row.tAverage)
        }
    }
}
