// What `grapevine simulate --json` writes: one case as an object, or several as a list of such objects
// with what they have in common beside it.

import ClusterCore
import ClusterSim
import Determinism
import Text

enum SimulateJSON {
    static func text(_ reports: [SimulateReport], wallSeconds: Double) -> String {
        var json = JSONText()
        json.object { json in
            if let only = reports.first, reports.count == 1 {
                write(only, &json)
            } else {
                json.list("cases") { json in
                    for report in reports { json.object { json in write(report, &json) } }
                }
                json.list("brokenPromises") { json in
                    for report in reports { writeBroken(report, &json) }
                }
            }
            json.object("speed") { json in
                json.field(
                    "virtualSeconds", reports.reduce(0) { $0 + $1.virtualSeconds }, decimals: 3)
                json.field("wallSeconds", wallSeconds, decimals: 3)
            }
        }
        json.endLine()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func write(_ report: SimulateReport, _ json: inout JSONText) {
        if report.seeds.count == 1 {
            json.field("seed", report.seeds.lowerBound)
        } else {
            json.field("seeds", "\(report.seeds.lowerBound)-\(report.seeds.upperBound)")
        }
        json.key("options")
        write(report.options, &json)
        json.list("brokenPromises") { json in writeBroken(report, &json) }
        json.object("figures") { json in
            for line in report.figures { write(line, &json) }
        }
        json.field("exempted", report.exempted.count)
        json.field("traceHash", SimulateText.hexadecimal(report.hash))
    }

    private static func writeBroken(_ report: SimulateReport, _ json: inout JSONText) {
        for (seed, violation) in report.violations {
            json.object { json in
                json.field("seed", seed)
                json.field("promise", violation.invariant.rawValue)
                json.field("at", Double(violation.time ?? 0) / 1e6, decimals: 6)
                json.field("text", violation.text)
                json.field("repeat", report.repeating(seed))
                if let smaller = report.smaller, smaller.of == seed {
                    json.field("smaller", SimulateReport.repeating(smaller.seed, smaller.options))
                }
            }
        }
    }

    private static func write(_ options: SimOptions, _ json: inout JSONText) {
        json.object { json in
            json.field("scenario", options.scenario?.rawValue)
            json.field("masters", options.masters)
            json.field("replicas", options.replicas)
            json.field("durationSeconds", options.duration / 1000)
            json.field("nodeTimeout", options.nodeTimeout)
            json.key("delay")
            write(options.delay, &json)
            json.field("loss", options.lossPerMillion)
            json.key("disk")
            write(options.diskDelay, &json)
            let drawsFaults = options.scenario == nil && options.plan == nil
            json.field("faults", drawsFaults ? options.faults.text : "none")
            if options.plan != nil { json.field("plan", options.planFile) }
            json.list("planted") { json in
                for name in options.planted.names { json.string(name) }
            }
        }
    }

    private static func write(_ range: ClosedRange<Int64>?, _ json: inout JSONText) {
        guard let range else { return json.null() }
        json.list { json in
            json.number(range.lowerBound)
            json.number(range.upperBound)
        }
    }

    private static func write(_ line: SimulateReport.Line, _ json: inout JSONText) {
        json.object(line.name) { json in
            json.field("unit", line.unit.rawValue)
            json.field("min", line.spread.least, decimals: 1)
            json.field("p50", line.spread.at(0.5), decimals: 1)
            json.field("p99", line.spread.at(0.99), decimals: 1)
            json.field("max", line.spread.most, decimals: 1)
            json.field("n", line.spread.count)
        }
    }
}
