// The words of `grapevine simulate`: its options, and what they come to. A list in place of a size, a
// node timeout, a delay or a loss makes a case of each.

import ClusterCore
import ClusterSim
import SystemIO

/// What was asked for.
struct SimulateCall: Sendable {
    var seeds: ClosedRange<UInt64> = 1...1
    /// At least one; more when a list was given.
    var cases: [SimOptions] = []
    var threads = 1
    var isJSON = false
    var keepsGoing = false
    var shrinks = true
    var tracePath: String?
    var plotPath: String?
    /// Where the plan of a run goes.
    var planPath: String?

    /// Runs of one call: each is a job and a few figures that are kept.
    private static let runLimit = 1_000_000

    static let options = [
        Option("--seed", value: "N", "one run; default: a seed of chance, which is printed"),
        Option(
            "--seeds", value: "A-B",
            "one run for each seed from A to B; default with --scenario: 1-20"),
        Option("--scenario", value: "NAME", "one of those below, in place of faults drawn"),
        Option("--masters", value: "N", "masters, default 3 *"),
        Option("--replicas", value: "N", "replicas in all, default one a master *"),
        Option(
            "--duration", value: "SECONDS", "virtual seconds in which faults begin, default 20"),
        Option("--node-timeout", value: "MS", "milliseconds, default 2000 *"),
        Option(
            "--delay", value: "A-B",
            "microseconds that a message takes; default: drawn, in a scenario 50-500 *"),
        Option(
            "--loss", value: "N",
            "messages in a million that are lost at first, or N%; default: drawn, or 0 *"),
        Option(
            "--disk", value: "A-B",
            "microseconds that a synced save takes; default: drawn, in a scenario 500-5000"),
        Option(
            "--faults", value: "LIST",
            "all, none, or some of the following, -NAME without one: \(FaultKinds.all.list)"),
        Option(
            "--data",
            "nodes hold keys, which clients write and replicas copy; no confirmed write may be lost"
        ),
        Option("--fault-spacing", value: "MS", "mean milliseconds between two; default: drawn"),
        Option(
            "--fault-length", value: "MS", "milliseconds of each at most; default 6 node timeouts"),
        Option("--slow-by", value: "MS", "of slow nodes at most; default half a node timeout"),
        Option("--slow-disk", value: "MS", "of slow disks at most, default 3000"),
        Option("--clock-jump", value: "MS", "of wall clocks at most, default 3600000"),
        Option("--clock-drift", value: "N", "millionths of wall clocks at most, default 10000"),
        Option("--down", value: "N", "processes down at one time at most; default: any number"),
        Option(
            "--keep-faults", value: "LIST", "places in the plan of faults, or none; default all"),
        Option(
            "--plan", value: "FILE", "a plan of faults that was kept, in place of what a seed draws"
        ),
        Option(
            "--write-plan", value: "FILE",
            "writes the plan of a single run, or of the first that broke a promise, made smaller"),
        Option(
            "--plant", value: "LIST",
            "bugs that the rules get: \(PlantedBug.allNames.joined(separator: ","))"),
        Option("--keep-going", "run all seeds although a promise was broken"),
        Option("--no-shrink", "look for no smaller run that breaks the same promise"),
        Option("--jobs", value: "N", "runs at a time, default one a core"),
        Option("--json", "one JSON object and nothing else"),
        Option("--trace", value: "FILE", "writes every event of a single run as a line"),
        Option("--plot", value: "FILE", "writes a picture of the figures as SVG"),
    ]

    static let notes =
        [
            "* takes several values with commas: each is a case of its own, and all are compared.",
            "  --replicas has as many values as --masters, or one for all.",
            "Each seed fixes everything: the same seed and options give the same run anywhere,",
            "however many run at a time.",
            "Exit status: 0 every promise was kept, 1 one was broken, 2 the call was wrong.", "",
            "Scenarios:",
        ]
        + Scenario.allCases.map { scenario in
            let name = scenario.rawValue
            return "  \(name)\(String(repeating: " ", count: 19 - name.count))\(scenario.summary)"
        }

    init(_ arguments: Arguments) throws(UsageError) {
        if let word = arguments.operands.first { throw UsageError("\(word) is not an option") }
        let common = try Self.common(arguments)
        if let plan = common.plan {
            (seeds, cases) = (plan.seed...plan.seed, [common])
        } else {
            seeds = try Self.seeds(arguments, isScenario: common.scenario != nil)
            cases = try Self.cases(arguments, common)
        }
        // By subtraction: the number of all seeds that there are is no number of theirs.
        let most = UInt64(Self.runLimit / cases.count)
        guard seeds.upperBound - seeds.lowerBound < most else {
            throw UsageError("more than \(Self.runLimit) runs")
        }
        for options in cases {
            if let text = options.scenario?.refusal(options) { throw UsageError(text) }
            guard options.nodeCount <= SimOptions.nodeLimit else {
                throw UsageError("more than \(SimOptions.nodeLimit) nodes")
            }
        }
        threads = try arguments.number(
            "--jobs", in: 1...1024, default: max(1, MachineUsage.processorCount))
        isJSON = arguments.has("--json")
        keepsGoing = arguments.has("--keep-going")
        shrinks = !arguments.has("--no-shrink")
        tracePath = arguments.value("--trace")
        plotPath = arguments.value("--plot")
        planPath = arguments.value("--write-plan")
        if tracePath != nil && (seeds.count > 1 || cases.count > 1) {
            throw UsageError("--trace takes one seed only")
        }
    }

    /// What is said before the first run.
    var heading: String {
        let which =
            seeds.count == 1
            ? "seed \(seeds.lowerBound)" : "seeds \(seeds.lowerBound)-\(seeds.upperBound)"
        return cases.map { "\(which): \($0.commandLine)\n" }.joined()
    }

    // MARK: What all cases share

    private static func common(_ arguments: Arguments) throws(UsageError) -> SimOptions {
        var options = SimOptions()
        if let plan = try SimulatePlan.read(arguments) {
            options = plan.options
            options.planFile = arguments.value("--plan") ?? ""
        }
        if let name = arguments.value("--scenario") {
            guard let scenario = Scenario(rawValue: name) else {
                throw UsageError("unknown scenario \(name); there are \(Scenario.list)")
            }
            for other in ["--faults", "--data", "--duration", "--keep-faults", "--write-plan"]
            where arguments.has(other) {
                throw UsageError("--scenario or \(other), not both")
            }
            options.scenario = scenario
        }
        if let text = arguments.value("--duration") {
            guard let time = milliseconds(text), time <= 1_000_000_000 else {
                throw UsageError("--duration \(text) is not a number of seconds up to a million")
            }
            options.duration = time
        }
        if let text = arguments.value("--disk") {
            options.diskDelay = try microseconds(text, "--disk")
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
        if arguments.has("--data") { options.carriesKeys = true }
        options.limits = try limits(arguments)
        options.keptFaults = try keptFaults(arguments)
        options.keepsTrace = arguments.has("--trace")
        return options
    }

    private static func limits(_ arguments: Arguments) throws(UsageError) -> FaultLimits {
        var limits = FaultLimits()
        func value(_ name: String, from least: Int = 1) throws(UsageError) -> Int64? {
            guard arguments.has(name) else { return nil }
            let range = least...1_000_000_000
            return Int64(try arguments.number(name, in: range, default: least))
        }
        limits.spacing = try value("--fault-spacing")
        limits.length = try value("--fault-length")
        limits.slowness = try value("--slow-by")
        limits.diskDelay = try value("--slow-disk") ?? limits.diskDelay
        limits.clockJump = try value("--clock-jump") ?? limits.clockJump
        limits.drift = try value("--clock-drift") ?? limits.drift
        limits.down = try value("--down", from: 0).map { Int($0) }
        return limits
    }

    private static func keptFaults(_ arguments: Arguments) throws(UsageError) -> [Int]? {
        guard let text = arguments.value("--keep-faults") else { return nil }
        if text == "none" { return [] }
        var places: [Int] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let place = Int(word), place >= 0 else {
                throw UsageError("--keep-faults \(text) is no list of places, nor none")
            }
            places.append(place)
        }
        return places
    }

    // MARK: Cases

    private static func cases(
        _ arguments: Arguments, _ common: SimOptions
    ) throws(UsageError) -> [SimOptions] {
        let masters = try numbers(arguments, "--masters", in: 1...SimOptions.nodeLimit, [3])
        var replicas = try numbers(arguments, "--replicas", in: 0...SimOptions.nodeLimit, masters)
        if replicas.count == 1 { replicas = masters.map { _ in replicas[0] } }
        guard replicas.count == masters.count else {
            throw UsageError("--replicas has \(replicas.count) values, --masters \(masters.count)")
        }
        let timeouts = try numbers(arguments, "--node-timeout", in: 100...1_000_000, [2000])
        var delays: [ClosedRange<Int64>?] = []
        for word in words(arguments, "--delay") {
            delays.append(try microseconds(word, "--delay"))
        }
        var losses: [Int?] = []
        for word in words(arguments, "--loss") { losses.append(try loss(word)) }
        if delays.isEmpty { delays = [nil] }
        if losses.isEmpty { losses = [nil] }
        var cases: [SimOptions] = []
        for (master, replica) in zip(masters, replicas) {
            for timeout in timeouts {
                for delay in delays {
                    for loss in losses {
                        var options = common
                        (options.masters, options.replicas) = (master, replica)
                        options.nodeTimeout = Int64(timeout)
                        (options.delay, options.lossPerMillion) = (delay, loss)
                        cases.append(options)
                    }
                }
            }
        }
        return cases
    }

    private static func words(_ arguments: Arguments, _ name: String) -> [String] {
        guard let text = arguments.value(name) else { return [] }
        return text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    private static func numbers(
        _ arguments: Arguments, _ name: String, in range: ClosedRange<Int>, _ usual: [Int]
    ) throws(UsageError) -> [Int] {
        guard arguments.has(name) else { return usual }
        var numbers: [Int] = []
        for word in words(arguments, name) {
            guard let number = Int(word), range.contains(number) else {
                throw UsageError(
                    "\(name) must be numbers from \(range.lowerBound) to \(range.upperBound), "
                        + "not \(word)")
            }
            numbers.append(number)
        }
        return numbers
    }

    // MARK: Values

    private static func seeds(
        _ arguments: Arguments, isScenario: Bool
    ) throws(UsageError) -> ClosedRange<UInt64> {
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
        if isScenario { return 1...20 }
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

    private static func microseconds(
        _ text: String, _ name: String
    ) throws(UsageError) -> ClosedRange<Int64> {
        guard let range = range(text), range.upperBound <= 60_000_000 else {
            throw UsageError("\(name) \(text) is not A-B in microseconds, up to a minute")
        }
        return Int64(range.lowerBound)...Int64(range.upperBound)
    }

    /// "N" in a million, or "N%".
    private static func loss(_ text: String) throws(UsageError) -> Int {
        let share = text.hasSuffix("%") ? Double(text.dropLast()).map { $0 * 10_000 } : nil
        guard let loss = share.map({ $0.rounded() }) ?? Int(text).map(Double.init),
            (0...1_000_000).contains(loss)
        else { throw UsageError("--loss \(text) is not a number in a million, nor N%") }
        return Int(loss)
    }

    /// Seconds with up to three decimals.
    private static func milliseconds(_ text: String) -> Int64? {
        guard let seconds = Double(text), seconds >= 0, seconds < 1e9 else { return nil }
        return Int64((seconds * 1000).rounded())
    }
}
