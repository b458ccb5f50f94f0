// What came of many runs of one case: promises that were broken, and figures with their spread. How it
// is shown is for SimulateText, SimulateJSON and SimulatePicture.

import ClusterCore
import ClusterSim
import Determinism

/// The results of many runs, as they come in.
struct SimulateReport {
    let seeds: ClosedRange<UInt64>
    let options: SimOptions
    private(set) var violations: [(seed: UInt64, violation: Violation)] = []
    /// Runs in which all did not come to agree, as acts of the operator had made it impossible.
    private(set) var exempted: [(seed: UInt64, acts: [String])] = []
    /// A smaller run that breaks what this seed broke.
    var smaller: (of: UInt64, seed: UInt64, options: SimOptions)?
    private(set) var virtualSeconds = 0.0
    private(set) var runs = 0
    /// Mixed from the hashes of all runs in order.
    private(set) var hash: UInt64 = 0
    /// Values by name, in the order in which the names came up.
    private var values: [(name: String, unit: Measured.Unit, values: [Double])] = []

    init(seeds: ClosedRange<UInt64>, options: SimOptions) {
        self.seeds = seeds
        self.options = options
    }

    mutating func add(_ outcome: Outcome) {
        runs += 1
        virtualSeconds += Double(outcome.duration) / 1e6
        hash = runs == 1 ? outcome.traceHash : Self.mixed(hash, outcome.traceHash)
        if outcome.isExempted {
            exempted.append((outcome.seed, outcome.exemptions.map(\.reason)))
        }
        if let violation = outcome.violation { violations.append((outcome.seed, violation)) }
        for figure in outcome.figures {
            if let at = values.firstIndex(where: { $0.name == figure.name }) {
                values[at].values.append(figure.value)
            } else {
                values.append((figure.name, figure.unit, [figure.value]))
            }
        }
    }

    static func mixed(_ one: UInt64, _ other: UInt64) -> UInt64 {
        (one ^ other) &* 0x100_0000_01B3
    }

    /// A figure with its spread over all runs.
    struct Line {
        var name: String
        var unit: Measured.Unit
        var spread: Distribution

        /// The name, with the unit where there is one.
        var title: String { unit == .count ? name : "\(name), \(unit.rawValue)" }
    }

    var figures: [Line] {
        values.map { Line(name: $0.name, unit: $0.unit, spread: Distribution($0.values)) }
    }

    func figure(_ name: String) -> Line? { figures.first { $0.name == name } }

    /// The command that repeats one run.
    func repeating(_ seed: UInt64) -> String { Self.repeating(seed, options) }

    static func repeating(_ seed: UInt64, _ options: SimOptions) -> String {
        // A plan has its seed in it.
        options.plan == nil
            ? "grapevine simulate --seed \(seed) \(options.commandLine)"
            : "grapevine simulate \(options.commandLine)"
    }

    /// What a case is, in words.
    var title: String {
        (options.scenario.map { "\($0.rawValue), " } ?? "") + caseTitle
    }

    /// The same without what all cases share.
    var caseTitle: String {
        var words: [String] = []
        let clusters = options.scenario == .twoClustersMeet ? "twice " : ""
        words.append("\(clusters)\(options.masters) masters + \(options.replicas) replicas")
        if options.carriesKeys { words.append("with keys") }
        words.append("node timeout \(options.nodeTimeout) ms")
        if let delay = options.delay {
            words.append("delay \(delay.lowerBound)-\(delay.upperBound) us")
        }
        if let loss = options.lossPerMillion {
            words.append("loss \(SimulateText.percent(loss))")
        }
        return words.joined(separator: ", ")
    }
}
