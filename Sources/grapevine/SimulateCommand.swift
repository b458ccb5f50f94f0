// `grapevine simulate`: whole clusters in one thread, one seed after another, until a promise is
// broken or all seeds are through. A broken promise is told with the last events and the command
// that repeats it. What is promised, and how, is ClusterSim's.

import ClusterCore
import ClusterSim
import SystemIO

enum SimulateCommand {
    static let command = Command(
        name: "simulate", summary: "Runs whole clusters in one thread under faults.",
        operands: "",
        options: [
            Option("--seed", value: "N", "one run; default: a seed of chance, which is printed"),
            Option("--seeds", value: "A-B", "one run for each seed from A to B"),
            Option("--masters", value: "N", "masters, default 3"),
            Option("--replicas", value: "N", "replicas in all, default 3"),
            Option(
                "--duration", value: "SECONDS", "virtual seconds in which faults begin, default 20"),
            Option("--node-timeout", value: "MS", "milliseconds, default 2000"),
            Option(
                "--delay", value: "A-B",
                "microseconds that a message takes; default: drawn from the seed"),
            Option(
                "--loss", value: "N",
                "messages in a million that are lost at first; default: drawn from the seed"),
            Option("--faults", value: "LIST", "all, none, or some of: \(FaultKinds.all.list)"),
            Option(
                "--plant", value: "LIST",
                "bugs that the rules get: \(PlantedBug.allNames.joined(separator: ","))"),
            Option("--keep-going", "run all seeds although a promise was broken"),
            Option(
                "--measure", value: "WHAT",
                "no faults but one thing to be timed: failover, formation or join"),
            Option("--json", "one JSON object and nothing else"),
            Option("--trace", value: "FILE", "writes every event of a single run as a line"),
        ],
        notes: [
            "Each seed fixes everything: the same seed and options give the same run anywhere.",
            "Exit status: 0 every promise was kept, 1 one was broken, 2 the call was wrong.",
        ],
        run: { arguments throws(UsageError) in try run(arguments) })

    private static func run(_ arguments: Arguments) throws(UsageError) -> Int32 {
        if let word = arguments.operands.first { throw UsageError("\(word) is not an option") }
        let options = try options(arguments)
        let seeds = try seeds(arguments)
        let isJSON = arguments.has("--json")
        let measure = try measure(arguments)
        if arguments.has("--trace") && seeds.count > 1 {
            throw UsageError("--trace takes one seed only")
        }
        var report = SimulateReport(seeds: seeds, options: options, measure: measure)
        if !isJSON { show(report.heading) }
        let begun = SystemClock.monotonicNanoseconds()
        for seed in seeds {
            let outcome =
                measure.map { Measurement.run($0, seed: seed, options) }
                ?? Simulation.run(seed: seed, options)
            report.add(outcome)
            if let path = arguments.value("--trace") { try write(outcome.lines, to: path) }
            if !isJSON && outcome.broken != nil { show(report.failure(outcome)) }
            if outcome.broken != nil && !arguments.has("--keep-going") { break }
        }
        report.wallSeconds = Double(SystemClock.monotonicNanoseconds() - begun) / 1e9
        show(isJSON ? report.json : report.summary)
        return report.broken.isEmpty ? 0 : 1
    }

    private static func show(_ text: String) {
        var output = Output()
        output.bytes.append(contentsOf: text.utf8)
        _ = output.flush()
    }

    private static func write(_ lines: [String], to path: String) throws(UsageError) {
        do throws(SystemError) {
            try File.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: path)
        } catch {
            throw UsageError("\(path): \(error.reason)")
        }
    }

    // MARK: Reading the call

    private static func options(_ arguments: Arguments) throws(UsageError) -> SimOptions {
        var options = SimOptions()
        let limit = SimOptions.nodeLimit
        options.masters = try arguments.number("--masters", in: 1...limit, default: 3)
        options.replicas = try arguments.number("--replicas", in: 0...limit, default: 3)
        guard options.nodeCount <= limit else { throw UsageError("more than \(limit) nodes") }
        options.duration =
            1000 * Int64(try arguments.number("--duration", in: 0...1_000_000, default: 20))
        options.nodeTimeout = Int64(
            try arguments.number("--node-timeout", in: 100...1_000_000, default: 2000))
        if let text = arguments.value("--delay") {
            guard let range = range(text), range.upperBound <= 60_000_000 else {
                throw UsageError("--delay \(text) is not A-B in microseconds, up to a minute")
            }
            options.delay = Int64(range.lowerBound)...Int64(range.upperBound)
        }
        if arguments.has("--loss") {
            options.lossPerMillion = try arguments.number("--loss", in: 0...1_000_000, default: 0)
        }
        if let text = arguments.value("--faults") {
            guard let kinds = FaultKinds(text) else {
                throw UsageError("--faults \(text) names a kind that there is not")
            }
            options.faults = kinds
        }
        for name in arguments.value("--plant")?.split(separator: ",") ?? [] {
            guard let bug = PlantedBug(name: String(name)) else {
                throw UsageError("--plant \(name) is not a bug that can be planted")
            }
            options.planted.insert(bug)
        }
        options.keepsTrace = arguments.has("--trace")
        return options
    }

    private static func seeds(_ arguments: Arguments) throws(UsageError) -> ClosedRange<UInt64> {
        if let text = arguments.value("--seeds") {
            if arguments.has("--seed") { throw UsageError("--seed or --seeds, not both") }
            if let range = range(text) { return range }
            guard let count = UInt64(text), count > 0 else {
                throw UsageError("--seeds \(text) is not A-B")
            }
            return 1...count
        }
        if let text = arguments.value("--seed") {
            guard let seed = UInt64(text) else {
                throw UsageError("--seed must be a number, not \(text)")
            }
            return seed...seed
        }
        let seed = Entropy.seed() >> 32
        return seed...seed
    }

    /// "A-B" with A not above B.
    private static func range(_ text: String) -> ClosedRange<UInt64>? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = UInt64(parts[0]), let last = UInt64(parts[1]),
            first <= last, last < UInt64.max
        else { return nil }
        return first...last
    }

    private static func measure(_ arguments: Arguments) throws(UsageError) -> Measurement.Kind? {
        guard let text = arguments.value("--measure") else { return nil }
        guard let kind = Measurement.Kind(rawValue: text) else {
            throw UsageError("--measure \(text) is none of failover, formation, join")
        }
        return kind
    }
}
