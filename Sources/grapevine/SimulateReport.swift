// What `grapevine simulate` says: the options at the start, a broken promise with what led to it and
// the command that repeats it, the figures at the end, or all of that as one JSON object.

import ClusterCore
import ClusterSim

/// The results of many runs, as they come in.
struct SimulateReport {
    let seeds: ClosedRange<UInt64>
    let options: SimOptions
    let measure: Measurement.Kind?
    private(set) var broken: [(seed: UInt64, promise: BrokenPromise)] = []
    var wallSeconds = 0.0
    private var virtualSeconds = 0.0
    private var runs = 0
    /// Mixed from the hashes of all runs in order.
    private var hash: UInt64 = 0
    /// Values by name, in the order in which the names came up.
    private var figures: [(name: String, values: [Double])] = []

    init(seeds: ClosedRange<UInt64>, options: SimOptions, measure: Measurement.Kind?) {
        self.seeds = seeds
        self.options = options
        self.measure = measure
    }

    mutating func add(_ outcome: Outcome) {
        runs += 1
        virtualSeconds += Double(outcome.duration) / 1e6
        hash = runs == 1 ? outcome.traceHash : (hash ^ outcome.traceHash) &* 0x100_0000_01B3
        if let promise = outcome.broken { broken.append((outcome.seed, promise)) }
        for figure in outcome.figures {
            if let at = figures.firstIndex(where: { $0.name == figure.name }) {
                figures[at].values.append(figure.value)
            } else {
                figures.append((figure.name, [figure.value]))
            }
        }
    }

    private var optionWords: String {
        measure.map { "\(options.commandLine) --measure \($0.rawValue)" } ?? options.commandLine
    }

    private func repeating(_ seed: UInt64) -> String {
        "grapevine simulate --seed \(seed) \(optionWords)"
    }

    private var hashText: String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    // MARK: Text

    var heading: String {
        let which =
            seeds.count == 1
            ? "seed \(seeds.lowerBound)" : "seeds \(seeds.lowerBound)-\(seeds.upperBound)"
        return "\(which): \(optionWords)\n"
    }

    func failure(_ outcome: Outcome) -> String {
        guard let promise = outcome.broken else { return "" }
        let lines = [
            "", "seed \(outcome.seed) broke a promise: \(promise.promise.rawValue)",
            "at \(Double(promise.time) / 1e6) s: \(promise.text)", "drawn: \(outcome.climate)",
            "the last events:",
        ]
        let events = outcome.lastEvents.map { "  \($0)" }
        let last = ["repeat it with:", "  \(repeating(outcome.seed)) --trace FILE"]
        return (lines + events + last).joined(separator: "\n") + "\n\n"
    }

    var summary: String {
        var lines = ["\(runs) runs, \(broken.count) with a broken promise"]
        for figure in figures {
            let sorted = figure.values.sorted()
            lines.append(
                "\(figure.name): median \(Self.rounded(Self.at(0.5, sorted))) ms, p99 "
                    + "\(Self.rounded(Self.at(0.99, sorted))) ms, \(Self.rounded(sorted.first ?? 0)) to "
                    + "\(Self.rounded(sorted.last ?? 0)) ms, n \(sorted.count)")
        }
        lines.append(
            "\(Self.rounded(virtualSeconds)) virtual seconds in \(Self.rounded(wallSeconds)), "
                + "\(Int(virtualSeconds / max(wallSeconds, 1e-9))) times real time")
        lines.append("trace hash \(hashText)")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func rounded(_ value: Double) -> String {
        String((value * 10).rounded() / 10)
    }

    private static func at(_ share: Double, _ sorted: [Double]) -> Double {
        guard let last = sorted.last else { return 0 }
        let index = Int((share * Double(sorted.count)).rounded(.up)) - 1
        return index < sorted.count ? sorted[max(0, index)] : last
    }

    // MARK: JSON

    var json: String {
        var json = JSONText()
        json.object { json in
            if seeds.count == 1 {
                json.key("seed")
                json.number(seeds.lowerBound)
            } else {
                json.key("seeds")
                json.string("\(seeds.lowerBound)-\(seeds.upperBound)")
            }
            json.key("options")
            writeOptions(&json)
            json.key("brokenPromises")
            json.list { json in
                for (seed, promise) in broken { write(seed, promise, &json) }
            }
            json.key("figures")
            json.object { json in
                for figure in figures { write(figure.name, figure.values.sorted(), &json) }
            }
            json.key("speed")
            json.object { json in
                json.key("virtualSeconds")
                json.number(virtualSeconds, decimals: 3)
                json.key("wallSeconds")
                json.number(wallSeconds, decimals: 3)
            }
            json.key("traceHash")
            json.string(hashText)
        }
        json.endLine()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private func writeOptions(_ json: inout JSONText) {
        json.object { json in
            json.key("masters")
            json.number(options.masters)
            json.key("replicas")
            json.number(options.replicas)
            json.key("durationSeconds")
            json.number(options.duration / 1000)
            json.key("nodeTimeout")
            json.number(options.nodeTimeout)
            json.key("delay")
            if let delay = options.delay {
                json.list { json in
                    json.number(delay.lowerBound)
                    json.number(delay.upperBound)
                }
            } else {
                json.null()
            }
            json.key("loss")
            if let loss = options.lossPerMillion { json.number(loss) } else { json.null() }
            json.key("faults")
            json.string(options.faults.text)
            json.key("planted")
            json.list { json in
                for name in options.planted.names { json.string(name) }
            }
        }
    }

    private func write(_ seed: UInt64, _ promise: BrokenPromise, _ json: inout JSONText) {
        json.object { json in
            json.key("seed")
            json.number(seed)
            json.key("promise")
            json.string(promise.promise.rawValue)
            json.key("at")
            json.number(Double(promise.time) / 1e6, decimals: 6)
            json.key("text")
            json.string(promise.text)
            json.key("repeat")
            json.string(repeating(seed))
        }
    }

    private func write(_ name: String, _ sorted: [Double], _ json: inout JSONText) {
        json.key(name)
        json.object { json in
            json.key("min")
            json.number(sorted.first ?? 0, decimals: 1)
            json.key("p50")
            json.number(Self.at(0.5, sorted), decimals: 1)
            json.key("p99")
            json.number(Self.at(0.99, sorted), decimals: 1)
            json.key("max")
            json.number(sorted.last ?? 0, decimals: 1)
            json.key("n")
            json.number(sorted.count)
        }
    }
}
