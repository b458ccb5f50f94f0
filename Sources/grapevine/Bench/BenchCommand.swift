// `grapevine bench`: the figures by which speed is judged, measured in this run on this machine. What
// is compared is measured in turns within each round, and medians are told. The figures themselves
// are in files of their own.

import ClusterWire
import Text

/// A measured figure.
struct Figure: Sendable {
    let name: String
    let unit: String
    let value: Double
    /// What it is to be compared with.
    let beside: [(name: String, value: Double)]
}

/// What one kind of bench measured, and how.
struct BenchReport: Sendable {
    var figures: [Figure]
    var conditions: String
}

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
            let beside = figure.beside.map { "\($0.name) \(rounded($0.value))" }
            lines.append(
                "\(figure.name): \(rounded(figure.value)) \(figure.unit)"
                    + (beside.isEmpty ? "" : " (\(beside.joined(separator: ", ")))"))
        }
        lines.append(report.conditions)
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    private static func rounded(_ value: Double) -> String {
        var json = JSONText()
        json.number(value, decimals: 2)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    static func json(_ report: BenchReport) -> [UInt8] {
        var json = JSONText()
        json.object { json in
            json.key("figures")
            json.list { json in
                for figure in report.figures {
                    json.object { json in
                        json.key("name")
                        json.string(figure.name)
                        json.key("unit")
                        json.string(figure.unit)
                        json.key("value")
                        json.number(figure.value, decimals: 3)
                        json.key("beside")
                        json.object { json in
                            for (name, value) in figure.beside {
                                json.key(name)
                                json.number(value, decimals: 3)
                            }
                        }
                    }
                }
            }
            json.key("conditions")
            json.string(report.conditions)
        }
        json.endLine()
        return json.bytes
    }

    /// The middle of the values.
    static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }
}
