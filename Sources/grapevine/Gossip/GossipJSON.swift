// What the gossip laboratory writes for programs: JSON, and CSV with a line a round.

import GossipLab
import Text

enum GossipJSON {
    static func runs(_ summaries: [(name: String, summary: Summary)], seeds: ClosedRange<UInt64>)
        -> String
    {
        document { json in
            json.key("runs")
            json.list { json in
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
        json.key("strategy")
        json.string(options.strategy.rawValue)
        if let profile = options.profile {
            json.key("profile")
            json.string(profile)
        }
        json.key("options")
        json.object { json in write(options, &json) }
        json.key("nodes")
        json.number(options.nodes)
        json.key("seeds")
        json.list { json in
            json.number(seeds.lowerBound)
            json.number(seeds.upperBound)
        }
        json.key("roundsUntilAllKnow")
        write(summary.roundsUntilAllKnow, &json)
        json.key("shareOfRunsComplete")
        number(summary.shareOfRunsComplete, &json)
        for (name, stat) in [
            ("residue", summary.residue), ("traffic", summary.traffic),
            ("tLast", summary.lastReceipt), ("firstReceipt", summary.firstReceipt),
            ("tAverage", summary.averageReceipt),
        ] {
            json.key(name)
            write(stat, &json)
        }
        json.key("allKnowAfter")
        json.list { json in for share in summary.allKnowAfter { number(share, &json) } }
        json.key("messages")
        json.object { json in
            for (name, stat) in [
                ("contacts", summary.contacts), ("asTaught", summary.asTaught),
                ("updates", summary.updates),
            ] {
                json.key(name)
                write(stat, &json)
            }
        }
        json.key("bytes")
        write(summary.bytes, &json)
        writeRest(summary, &json)
    }

    private static func writeRest(_ summary: Summary, _ json: inout JSONText) {
        json.key("curve")
        json.list { json in
            for point in summary.curve {
                json.list { json in
                    for value in [point.s, point.i, point.r] { number(value, &json) }
                }
            }
        }
        json.key("counters")
        json.object { json in
            for (name, stat) in summary.counters {
                json.key(name)
                write(stat, &json)
            }
        }
        json.key("theory")
        json.object { json in
            for (name, value) in Theory.figures(of: summary) {
                json.key(name)
                number(value, &json)
            }
        }
    }

    /// Every option as it was used, under its name without dashes.
    static func write(_ options: LabOptions, _ json: inout JSONText) {
        for entry in GossipOptions.table {
            json.key(camel(entry.name))
            switch entry.tell(options) {
            case .word(let word): json.string(word)
            case .number(let value): number(value, &json)
            case .whole(let value): json.number(value)
            case .flag(let isSet): json.bool(isSet)
            case .none: json.null()
            }
        }
    }

    /// "--no-send-back" → "noSendBack".
    static func camel(_ name: String) -> String {
        let words = name.drop { $0 == "-" }.split(separator: "-")
        return words.enumerated().map { index, word in
            index == 0 ? String(word) : word.prefix(1).uppercased() + word.dropFirst()
        }.joined()
    }

    static func write(_ stat: Stat?, _ json: inout JSONText) {
        guard let stat else { return json.null() }
        json.object { json in
            for (name, value) in [
                ("mean", stat.mean), ("standardError", stat.standardError), ("p50", stat.p50),
                ("p99", stat.p99), ("max", stat.max),
            ] {
                json.key(name)
                number(value, &json)
            }
        }
    }

    /// Nine decimals, without zeros at the end; larger numbers with fewer.
    static func number(_ value: Double, _ json: inout JSONText) {
        if value == value.rounded(), abs(value) < 1e15 {
            json.number(Int64(value))
        } else {
            json.number(value, decimals: abs(value) < 1e5 ? 9 : 3)
        }
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
                        + [point.s, point.i, point.r].map { GossipText.decimals($0, 3) }
                        .joined(separator: ",") + ",\(GossipText.decimals(known, 4))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func quoted(_ text: String) -> String {
        text.contains { $0 == "," || $0 == "\"" || $0.isNewline }
            ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }
}
