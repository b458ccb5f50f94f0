// `grapevine bench`: the figures by which speed is judged, measured in this run on this machine. What
// is compared is measured in turns within each round, and medians are told. The figures themselves
// are measured in Benchmarks.

import Benchmarks
import Text

enum BenchCommand {
    /// The kinds of bench by name.
    private static let kinds: [(name: String, run: @Sendable (_ rounds: Int) -> BenchReport)] = [
        ("codec", { CodecBench.run(rounds: $0) }),
        ("rules", { RulesBench.run(rounds: $0) }),
        ("gossip", { GossipBench.run(rounds: $0) }),
    ]

    static let command = Command(
        name: "bench", summary: "Measures the speed of parts of the program.",
        operands: (kinds.map(\.name) + ["bus"]).joined(separator: "|"),
        options: [
            Option("--json", "one JSON object with all figures"),
            Option("--rounds", value: "N", "rounds of which the medians are told, default 31"),
        ] + BusBenchCommand.options,
        notes: [
            "codec: encode, and decode with a walk over all entries, of PINGs with 100 entries.",
            "rules: a heartbeat that changes nothing, and a tick, with 1000 known nodes.",
            "gossip: rumors among a million nodes until all know, nodes times rounds a second.",
        ] + BusBenchCommand.note,
        run: { arguments throws(UsageError) in
            let name = try arguments.single("kind of bench")
            if name == "bus" { return try BusBenchCommand.run(arguments) }
            guard let kind = kinds.first(where: { $0.name == name }) else {
                throw UsageError("unknown bench \(name)")
            }
            let rounds = try arguments.number("--rounds", in: 1...10000, default: 31)
            let report = kind.run(rounds)
            var output = Output()
            output.bytes = arguments.has("--json") ? json(report) : text(report)
            return output.flush() || output.isClosed ? 0 : 2
        })

    private static func text(_ report: BenchReport) -> [UInt8] {
        var lines: [String] = []
        for figure in report.figures {
            let beside = figure.beside.map { "\($0.name) \(Decimals.text($0.value, 2))" }
            lines.append(
                "\(figure.name): \(Decimals.text(figure.value, 2)) \(figure.unit)"
                    + (beside.isEmpty ? "" : " (\(beside.joined(separator: ", ")))"))
        }
        lines.append(report.conditions)
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    static func json(_ report: BenchReport) -> [UInt8] {
        var json = JSONText()
        json.object { json in
            json.list("figures") { json in
                for figure in report.figures {
                    json.object { json in
                        json.field("name", figure.name)
                        json.field("unit", figure.unit)
                        json.field("value", figure.value, decimals: 3)
                        json.object("beside") { json in
                            for (name, value) in figure.beside {
                                json.field(name, value, decimals: 3)
                            }
                        }
                    }
                }
            }
            json.field("conditions", report.conditions)
        }
        json.endLine()
        return json.bytes
    }
}
