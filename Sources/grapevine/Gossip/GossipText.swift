// What the gossip laboratory tells a person: one run in full, several as one table of 100 columns.

import GossipLab
import Text

enum GossipText {
    /// A number in as many digits as are worth reading.
    static func plain(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        if value == value.rounded(), abs(value) < 1e9 { return "\(Int(value))" }
        let size = abs(value)
        if size < 1e-3 { return significant(value) }
        return Decimals.text(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 4)
    }

    /// Bytes in few characters: "842", "16.8 k", "92.3 M".
    static func bytes(_ value: Double) -> String {
        var (rest, unit) = (value, "")
        for larger in ["k", "M", "G", "T"] where rest >= 9999.5 {
            rest /= 1000
            unit = " \(larger)"
        }
        return (unit.isEmpty ? Decimals.text(rest, 0) : Decimals.text(rest, rest < 100 ? 1 : 0))
            + unit
    }

    /// "4.0e-6".
    static func significant(_ value: Double) -> String {
        guard value != 0 else { return "0" }
        var (mantissa, exponent) = (abs(value), 0)
        while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        return "\(value < 0 ? "-" : "")\(Decimals.text(mantissa, 1))e\(exponent)"
    }

    static func padded(_ text: String, _ width: Int) -> String {
        let room = String(repeating: " ", count: max(0, width - text.count))
        return text + room
    }

    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    // MARK: One

    static func full(_ summary: Summary, seeds: ClosedRange<UInt64>) -> String {
        let options = summary.options
        var lines = [
            "\(options.profile ?? options.strategy.rawValue), \(options.nodes) "
                + "\(options.nodes == 1 ? "node" : "nodes"), "
                + (seeds.count == 1
                    ? "seed \(seeds.lowerBound)"
                    : "seeds \(seeds.lowerBound)-\(seeds.upperBound)"),
            "",
            padded("", 24) + right("mean", 12) + right("std. error", 12) + right("p50", 10)
                + right("p99", 10) + right("worst", 10),
        ]
        for (name, stat) in figures(summary) {
            lines.append(
                padded(name, 24) + right(plain(stat.mean), 12)
                    + right(standardError(of: stat), 12)
                    + right(plain(stat.p50), 10) + right(plain(stat.p99), 10)
                    + right(plain(stat.max), 10))
        }
        lines.append("")
        lines.append(completeLine(summary))
        lines += curve(summary)
        let theory = Theory.figures(of: summary)
        if !theory.isEmpty {
            lines.append("")
            for (name, value) in theory { lines.append("theory: \(name) \(plain(value))") }
            if theory.contains(where: { $0.name == "residueOfTrafficWhileAllCall" }) {
                lines.append(
                    "(that is its slope once all call; the growth before takes a part of the traffic)"
                )
            }
        }
        lines += ["", "small print: \(smallPrint(options))"]
        if let violation = summary.violation {
            lines.append("seed \(violation.seed) broke a promise: \(violation.text)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What is left of equal values by rounding is 0.
    private static func standardError(of stat: Stat) -> String {
        let value = stat.standardError
        if value <= 1e-12 * abs(stat.mean) { return "0" }
        return value < 0.01 ? significant(value) : Decimals.text(value, 3)
    }

    /// A share as a percentage, in as many decimals as it has, six at most.
    static func percent(_ share: Double) -> String {
        for count in 0..<6 {
            let text = Decimals.text(share * 100, count)
            if let told = Double(text), abs(told - share * 100) < 1e-7 { return text }
        }
        return Decimals.text(share * 100, 6)
    }

    /// The figures of a run with words for them.
    static func figures(_ summary: Summary) -> [(name: String, stat: Stat)] {
        var list: [(String, Stat)] = []
        if let rounds = summary.roundsUntilAllKnow {
            list.append(("rounds until all know", rounds))
        }
        list.append(("never heard, share", summary.residue))
        list.append(("updates sent a node (m)", summary.traffic))
        list.append(("last receipt, round", summary.lastReceipt))
        list.append(("mean first receipt", summary.firstReceipt))
        list.append(("contacts a node", summary.contacts))
        list.append(("messages as taught", summary.asTaught))
        if let bytes = summary.bytes { list.append(("bytes a node", bytes)) }
        return list + summary.counters.map { ($0.name, $0.stat) }
    }

    private static func completeLine(_ summary: Summary) -> String {
        let share = summary.shareOfRunsComplete
        guard share > 0 else { return "all knew in none of \(summary.runs) runs" }
        let after = summary.allKnowAfter
        var points: [String] = []
        var last: Int?
        for part in [1, 0.99, 0.9, 0.5] {
            guard let round = after.firstIndex(where: { $0 >= part }), round != last else {
                continue
            }
            last = round
            points.insert("\(plain(part * 100)) % by round \(round)", at: 0)
        }
        return "all knew in \(plain(share * 100)) % of runs"
            + (points.isEmpty ? "" : ": \(points.joined(separator: ", "))")
    }

    /// S, I and R of each round, as many as a page takes.
    private static func curve(_ summary: Summary) -> [String] {
        let curve = summary.curve
        guard curve.count > 1 else { return [] }
        var lines = ["", "round  susceptible   infective     removed"]
        let step = max(1, (curve.count + 39) / 40)
        for (round, point) in curve.enumerated()
        where round % step == 0 || round == curve.count - 1 {
            lines.append(
                right("\(round)", 5) + right(plain(point.s), 13) + right(plain(point.i), 12)
                    + right(plain(point.r), 12))
        }
        return lines
    }

    /// What papers rarely say, and what moves the results.
    static func smallPrint(_ options: LabOptions) -> String {
        guard options.strategy == .rumor || options.strategy == .antiEntropy else {
            return options.strategy == .bus
                ? "a round is a tick of 100 ms; messages are all that were sent meanwhile"
                : "synchronous rounds"
        }
        var words = ["clock \(options.clock.rawValue)"]
        words.append(
            "knowledge of the \(options.usedKnowledge == .round ? "start of the round" : "call")")
        words.append("partners among \(options.draw == .others ? "the others" : "all")")
        if options.fanout > 1 {
            words.append(options.withReplacement ? "with replacement" : "without replacement")
        }
        if let k = options.interestLimit, options.strategy == .rumor {
            words.append("k = \(k)")
            if options.stop == .counter && options.interest == .feedback {
                words.append(
                    "counter \(options.resetsCounter ? "set back" : "not set back") by a useful contact"
                )
            }
        } else if options.strategy == .rumor {
            words.append("nobody loses interest")
        }
        return words.joined(separator: "; ")
    }

    // MARK: Several

    /// One table that fits 100 columns.
    static func table(_ summaries: [(name: String, summary: Summary)], seeds: ClosedRange<UInt64>)
        -> String
    {
        var lines = [
            padded("", 34) + right("all know", 9) + right("rounds", 9) + right("p99", 7)
                + right("seconds", 9) + right("missed", 9) + right("m", 7) + right("taught", 8)
                + right("bytes", 8)
        ]
        for (name, summary) in summaries {
            let rounds = summary.roundsUntilAllKnow
            let seconds = summary.options.intervalMilliseconds.flatMap { interval in
                rounds.map { plain($0.mean * interval / 1000) }
            }
            lines.append(
                padded(shortened(name, 33), 34)
                    + right(plain((summary.shareOfRunsComplete * 100).rounded()) + " %", 9)
                    + right(rounds.map { Decimals.text($0.mean, 1) } ?? "-", 9)
                    + right(rounds.map { plain($0.p99) } ?? "-", 7) + right(seconds ?? "-", 9)
                    + right(plain(summary.residue.mean), 9) + right(plain(summary.traffic.mean), 7)
                    + right(plain(summary.asTaught.mean), 8)
                    + right(summary.bytes.map { bytes($0.mean) } ?? "-", 8))
        }
        let sizes = summaries.map(\.summary.options.nodes)
        let isOneSize = sizes.allSatisfy { $0 == sizes.first }
        lines += [
            "",
            "\(isOneSize ? "\(sizes.first ?? 0) nodes" : "as many nodes as each says"), \(seeds.count) \(seeds.count == 1 ? "seed" : "seeds") each. all know: share of "
                + "runs; missed: share of nodes that never heard;",
            "m: updates sent a node; taught: messages a node at 1, 2 and 3 for push, pull and push-pull.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    static func shortened(_ text: String, _ width: Int) -> String {
        text.count <= width ? text : text.prefix(width - 1) + "…"
    }
}
