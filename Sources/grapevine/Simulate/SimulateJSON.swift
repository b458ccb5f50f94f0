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
                json.key("cases")
                json.list { json in
                    for report in reports { json.object { json in write(report, &json) } }
                }
                json.key("brokenPromises")
                json.list { json in
                    for report in reports { writeBroken(report, &json) }
                }
            }
            json.key("speed")
            json.object { json in
                json.key("virtualSeconds")
                json.number(reports.reduce(0) { $0 + $1.virtualSeconds }, decimals: 3)
                json.key("wallSeconds")
                json.number(wallSeconds, decimals: 3)
            }
        }
        json.endLine()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func write(_ report: SimulateReport, _ json: inout JSONText) {
        if report.seeds.count == 1 {
            json.key("seed")
            json.number(report.seeds.lowerBound)
        } else {
            json.key("seeds")
            json.string("\(report.seeds.lowerBound)-\(report.seeds.upperBound)")
        }
        json.key("options")
        write(report.options, &json)
        json.key("brokenPromises")
        json.list { json in writeBroken(report, &json) }
        json.key("figures")
        json.object { json in
            for line in report.figures { write(line, &json) }
        }
        json.key("exempted")
        json.number(report.exempted.count)
        json.key("traceHash")
        json.string(SimulateText.hexadecimal(report.hash))
    }

    private static func writeBroken(_ report: SimulateReport, _ json: inout JSONText) {
        for (seed, violation) in report.violations {
            json.object { json in
                json.key("seed")
                json.number(seed)
                json.key("promise")
                json.string(violation.invariant.rawValue)
                json.key("at")
                json.number(Double(violation.time ?? 0) / 1e6, decimals: 6)
                json.key("text")
                json.string(violation.text)
                json.key("repeat")
                json.string(report.repeating(seed))
                if let smaller = report.smaller, smaller.of == seed {
                    json.key("smaller")
                    json.string(SimulateReport.repeating(smaller.seed, smaller.options))
                }
            }
        }
    }

    private static func write(_ options: SimOptions, _ json: inout JSONText) {
        json.object { json in
            json.key("scenario")
            if let scenario = options.scenario {
                json.string(scenario.rawValue)
            } else {
                json.null()
            }
            json.key("masters")
            json.number(options.masters)
            json.key("replicas")
            json.number(options.replicas)
            json.key("durationSeconds")
            json.number(options.duration / 1000)
            json.key("nodeTimeout")
            json.number(options.nodeTimeout)
            json.key("delay")
            write(options.delay, &json)
            json.key("loss")
            if let loss = options.lossPerMillion { json.number(loss) } else { json.null() }
            json.key("disk")
            write(options.diskDelay, &json)
            json.key("faults")
            json.string(
                options.scenario == nil && options.plan == nil ? options.faults.text : "none")
            if options.plan != nil {
                json.key("plan")
                json.string(options.planFile)
            }
            json.key("planted")
            json.list { json in
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
        json.key(line.name)
        json.object { json in
            json.key("unit")
            json.string(line.unit.rawValue)
            json.key("min")
            json.number(line.spread.least, decimals: 1)
            json.key("p50")
            json.number(line.spread.at(0.5), decimals: 1)
            json.key("p99")
            json.number(line.spread.at(0.99), decimals: 1)
            json.key("max")
            json.number(line.spread.most, decimals: 1)
            json.key("n")
            json.number(line.spread.count)
        }
    }
}
