// What the gossip laboratory writes for programs: JSON, and CSV with a line a round.

import GossipLab
import Text

enum GossipJSON {
    static func runs(_ summaries: [(name: String, summary: Summary)], seeds: ClosedRange<UInt64>)
        -> String
    {
        document { json in
            json.list("runs") { json in
                for (_, summary) in summaries {
                    json.object { json in write(summary, seeds, &json) }
                }
            }
        }
    }

    /// One object and the end of its line.
    static func document(_ content: (inout JSONText) -> Void) -> String {
        var json = JSONText()
        json.object { json in content(&json) }
        json.endLine()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func write(
        _ summary: Summary, _ seeds: ClosedRange<UInt64>, _ json: inout JSONText
    ) {
        let options = summary.options
        json.field("strategy", options.strategy.rawValue)
        if let profile = options.profile {
            json.field("profile", profile)
        }
        json.object("options") { json in write(options, &json) }
        json.field("nodes", options.nodes)
        json.list("seeds") { json in
            json.number(seeds.lowerBound)
            json.number(seeds.upperBound)
        }
        json.field("roundsUntilAllKnow", summary.roundsUntilAllKnow)
        json.field("shareOfRunsComplete", summary.shareOfRunsComplete)
        for (name, stat) in [
            ("residue", summary.residue), ("traffic", summary.traffic),
            ("tLast", summary.lastReceipt), ("firstReceipt", summary.firstReceipt),
            ("tAverage", summary.averageReceipt),
        ] {
            json.field(name, stat)
        }
        json.list("allKnowAfter") { json in for share in summary.allKnowAfter { json.number(share) }
        }
        json.object("messages") { json in
            for (name, stat) in [
                ("contacts", summary.contacts), ("asTaught", summary.asTaught),
                ("updates", summary.updates),
            ] {
                json.field(name, stat)
            }
        }
        json.field("bytes", summary.bytes)
        writeRest(summary, &json)
    }

    private static func writeRest(_ summary: Summary, _ json: inout JSONText) {
        json.list("curve") { json in
            for point in summary.curve {
                json.list { json in
                    for value in [point.s, point.i, point.r] { json.number(value) }
                }
            }
        }
        json.object("counters") { json in
            for (name, stat) in summary.counters {
                json.field(name, stat)
            }
        }
        json.object("theory") { json in
            for (name, value) in Theory.figures(of: summary) {
                json.field(name, value)
            }
        }
    }

    /// Every option as it was used, under its name without dashes.
    static func write(_ options: LabOptions, _ json: inout JSONText) {
        for entry in GossipOptions.table {
            write(camel(entry.name), entry.tell(options), &json)
        }
    }

    static func write(_ name: String, _ value: GossipOption.Value, _ json: inout JSONText) {
        switch value {
        case .word(let word): json.field(name, word)
        case .number(let value): json.field(name, value)
        case .whole(let value): json.field(name, value)
        case .flag(let isSet): json.field(name, isSet)
        case .none: json.field(name, nil as String?)
        }
    }

    /// "--no-send-back" → "noSendBack".
    static func camel(_ name: String) -> String {
        let words = name.drop { $0 == "-" }.split(separator: "-")
        return words.enumerated().map { index, word in
            index == 0 ? String(word) : word.prefix(1).uppercased() + word.dropFirst()
        }.joined()
    }

    // MARK: CSV

    /// A line a round of each strategy: how many are susceptible, infective and removed, and the share of
    /// the runs in which all know.
    static func csv(_ summaries: [(name: String, summary: Summary)]) -> String {
        var lines = ["run,nodes,round,susceptible,infective,removed,all_know"]
        for (name, summary) in summaries {
            let after = summary.allKnowAfter
            for (round, point) in summary.curve.enumerated() {
                let known = round < after.count ? after[round] : after.last ?? 0
                lines.append(
                    "\(quoted(name)),\(summary.options.nodes),\(round),"
                        + [point.s, point.i, point.r].map { Decimals.text($0, 3) }
                        .joined(separator: ",") + ",\(Decimals.text(known, 4))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func quoted(_ text: String) -> String {
        text.contains { $0 == "," || $0 == "\"" || $0.isNewline }
            ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }
}

extension JSONText {
    mutating func field(_ name: String, _ stat: Stat?) {
        guard let stat else { return field(name, nil as String?) }
        object(name) { json in
            json.field("mean", stat.mean)
            json.field("standardError", stat.standardError)
            json.field("p50", stat.p50)
            json.field("p99", stat.p99)
            json.field("max", stat.max)
        }
    }
}
