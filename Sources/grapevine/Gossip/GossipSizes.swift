// Rounds against the number of nodes: a table, and a picture with a logarithmic axis on which the rounds of
// a strategy that needs O(log n) of them are a straight line.

import GossipLab
import Text

enum GossipSizes {
    static func run(
        _ cases: [(name: String, options: LabOptions)], _ text: String, _ arguments: Arguments
    ) throws(UsageError) -> Int32 {
        var sizes: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let size = Int(part), size > 0 else {
                throw UsageError("--sizes must be numbers with commas, not \(text)")
            }
            sizes.append(size)
        }
        if arguments.value("--html") != nil { throw UsageError("--sizes writes no page") }
        var all: [LabOptions] = []
        for one in cases {
            for size in sizes {
                var options = one.options
                if let name = options.profile, let profile = Profile.named(name) {
                    // Its settings depend on the number of nodes.
                    options = try GossipOptions.read(
                        arguments, base: try GossipProfiles.base(profile, size), isShared: true)
                }
                options.nodes = size
                if let text = options.refusal { throw UsageError("\(size) nodes: \(text)") }
                all.append(options)
            }
        }
        let runs = try GossipRuns(arguments, usual: GossipCommand.usualSeeds(all))
        try GossipCommand.checkFiles(arguments)
        let summaries = try runs.summaries(all)
        let series = cases.indices.map { place in
            (
                name: cases[place].name,
                points: sizes.indices.map {
                    (nodes: sizes[$0], summary: summaries[place * sizes.count + $0])
                }
            )
        }
        if let path = arguments.value("--plot") {
            try GossipCommand.write(GossipPicture.rounds(series).svg, to: path)
        }
        if arguments.has("--json") {
            let named = series.flatMap { one in one.points.map { (one.name, $0.summary) } }
            try GossipCommand.print(GossipJSON.runs(named, seeds: runs.seeds))
        } else if arguments.has("--csv") {
            let named = series.flatMap { one in one.points.map { (one.name, $0.summary) } }
            try GossipCommand.print(GossipJSON.csv(named))
        } else {
            try GossipCommand.print(table(series))
        }
        return summaries.allSatisfy { $0.violation == nil } ? 0 : 1
    }

    private static func table(
        _ series: [(name: String, points: [(nodes: Int, summary: Summary)])]
    ) -> String {
        var lines: [String] = []
        for one in series {
            lines.append(one.name)
            lines.append(
                GossipText.right("nodes", 12) + GossipText.right("rounds", 10)
                    + GossipText.right("std. error", 12) + GossipText.right("worst", 9)
                    + GossipText.right("theory", 9) + GossipText.right("m", 9))
            for (nodes, summary) in one.points {
                let rounds = summary.roundsUntilAllKnow
                let theory = Theory.figures(of: summary).first { $0.name == "roundsUntilAllKnow" }
                lines.append(
                    GossipText.right("\(nodes)", 12)
                        + GossipText.right(
                            rounds.map { Decimals.text($0.mean, 2) } ?? "-", 10)
                        + GossipText.right(
                            rounds.map { Decimals.text($0.standardError, 3) } ?? "-", 12)
                        + GossipText.right(rounds.map { GossipText.plain($0.max) } ?? "-", 9)
                        + GossipText.right(
                            theory.map { Decimals.text($0.value, 2) } ?? "-", 9)
                        + GossipText.right(GossipText.plain(summary.traffic.mean), 9))
            }
            lines.append("")
        }
        return lines.joined(separator: "\n")
    }
}
