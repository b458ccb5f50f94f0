// What one run came to, and what many runs came to together. Runs are told apart by their seed alone, and
// are added in the order of the seeds, so that figures do not depend on how many threads made them.

package import Determinism

/// What one run came to.
package struct RunResult: Sendable {
    package let seed: UInt64
    /// All nodes, those that are down included.
    package var nodes = 0
    /// Rounds until all nodes that are up knew; nil when it did not come to that.
    package var roundsUntilAllKnow: Double?
    /// The share of the nodes that are up that never heard.
    package var residue = 0.0
    /// The round of the last first receipt.
    package var lastReceipt = 0.0
    /// The mean round of first receipt over the nodes that heard, without the origins.
    package var firstReceipt = 0.0
    /// The same with the origins, at 0: Demers' t_ave as the text defines it.
    package var averageReceipt = 0.0
    package var meter = Meter()
    /// What a strategy asks of its own besides: the error of an estimate, a time until detection.
    package var figures: [(name: String, value: Double)] = []
    /// A promise of the strategy that did not hold; nil when all did.
    package var violation: String?

    package init(seed: UInt64) { self.seed = seed }
}

/// One figure over many runs.
package struct Stat: Equatable, Sendable {
    package let distribution: Distribution
    package init(_ values: [Double]) { distribution = Distribution(values) }

    package var mean: Double { distribution.mean }
    package var standardError: Double { distribution.standardError }
    package var p50: Double { distribution.at(0.5) }
    package var p99: Double { distribution.at(0.99) }
    package var max: Double { distribution.most }
}

/// What the runs of one set of options came to.
package struct Summary: Sendable {
    package let options: LabOptions
    package private(set) var runs = 0
    package private(set) var firstSeed: UInt64?
    package private(set) var lastSeed: UInt64 = 0
    package private(set) var violation: (seed: UInt64, text: String)?
    private var complete: [Double] = []
    private var residues: [Double] = []
    private var traffics: [Double] = []
    private var lastReceipts: [Double] = []
    private var firstReceipts: [Double] = []
    private var averages: [Double] = []
    private var contactCounts: [Double] = []
    private var taughtCounts: [Double] = []
    private var updateCounts: [Double] = []
    private var byteCounts: [Double] = []
    private var counterValues: [(name: String, values: [Double])] = []
    /// Unlike a counter, a figure need not exist in every run.
    private var figureValues: [(name: String, values: [Double])] = []
    /// Sums of the states of each round, runs that ended before carried on as they ended.
    private var curveSums: [(s: Double, i: Double, r: Double)] = []
    private var endSums = (s: 0.0, i: 0.0, r: 0.0)

    package init(_ options: LabOptions) { self.options = options }

    package mutating func add(_ run: RunResult) {
        runs += 1
        if firstSeed == nil { firstSeed = run.seed }
        lastSeed = run.seed
        if violation == nil, let text = run.violation { violation = (run.seed, text) }
        if let rounds = run.roundsUntilAllKnow { complete.append(rounds) }
        residues.append(run.residue)
        lastReceipts.append(run.lastReceipt)
        firstReceipts.append(run.firstReceipt)
        averages.append(run.averageReceipt)
        let nodes = Double(Swift.max(1, run.nodes))
        traffics.append(Double(run.meter.updates) / nodes)
        contactCounts.append(Double(run.meter.contacts) / nodes)
        taughtCounts.append(Double(run.meter.asTaught) / nodes)
        updateCounts.append(Double(run.meter.updates) / nodes)
        if let bytes = run.meter.bytes { byteCounts.append(bytes / nodes) }
        var named = run.meter.counters
        if run.meter.lost > 0 { named.append(("lost", Double(run.meter.lost))) }
        if run.meter.rejected > 0 { named.append(("rejected", Double(run.meter.rejected))) }
        if run.meter.crossings > 0 { named.append(("crossings", Double(run.meter.crossings))) }
        for (name, value) in named { count(value, as: name) }
        for index in counterValues.indices where counterValues[index].values.count < runs {
            counterValues[index].values.append(0)
        }
        for (name, value) in run.figures {
            if let index = figureValues.firstIndex(where: { $0.name == name }) {
                figureValues[index].values.append(value)
            } else {
                figureValues.append((name, [value]))
            }
        }
        addCurve(run.meter.curve)
    }

    /// A counter that a run does not name was 0 in it.
    private mutating func count(_ value: Double, as name: String) {
        if let index = counterValues.firstIndex(where: { $0.name == name }) {
            counterValues[index].values.append(value)
        } else {
            let before = [Double](repeating: 0, count: runs - 1)
            counterValues.append((name, before + [value]))
        }
    }

    private mutating func addCurve(_ curve: [Compartments]) {
        guard let last = curve.last else { return }
        while curveSums.count < curve.count { curveSums.append(endSums) }
        for (round, states) in curve.enumerated() { Self.add(states, to: &curveSums[round]) }
        for round in curve.count..<Swift.max(curve.count, curveSums.count) {
            Self.add(last, to: &curveSums[round])
        }
        Self.add(last, to: &endSums)
    }

    private static func add(_ states: Compartments, to sum: inout (s: Double, i: Double, r: Double))
    {
        sum.s += Double(states.susceptible)
        sum.i += Double(states.infective)
        sum.r += Double(states.removed)
    }

    package var roundsUntilAllKnow: Stat? { complete.isEmpty ? nil : Stat(complete) }
    package var shareOfRunsComplete: Double {
        runs == 0 ? 0 : Double(complete.count) / Double(runs)
    }
    package var residue: Stat { Stat(residues) }
    package var traffic: Stat { Stat(traffics) }
    package var lastReceipt: Stat { Stat(lastReceipts) }
    package var firstReceipt: Stat { Stat(firstReceipts) }
    package var averageReceipt: Stat { Stat(averages) }
    /// Per node.
    package var contacts: Stat { Stat(contactCounts) }
    /// Per node.
    package var asTaught: Stat { Stat(taughtCounts) }
    /// Per node.
    package var updates: Stat { Stat(updateCounts) }
    /// Per node; nil where the strategy does not know them.
    package var bytes: Stat? { byteCounts.isEmpty ? nil : Stat(byteCounts) }
    package var counters: [(name: String, stat: Stat)] {
        (counterValues + figureValues).map { ($0.name, Stat($0.values)) }
    }
    /// Means of each round over all runs.
    package var curve: [(s: Double, i: Double, r: Double)] {
        let count = Double(Swift.max(1, runs))
        return curveSums.map { ($0.s / count, $0.i / count, $0.r / count) }
    }
    /// The share of runs in which all know after round 0, 1, 2, …, until nothing changes any more.
    package var allKnowAfter: [Double] {
        let last = complete.max() ?? 0
        let ordered = complete.sorted()
        var shares: [Double] = []
        var done = 0
        for round in 0...Int(last.rounded(.up)) {
            while done < ordered.count, ordered[done] <= Double(round) { done += 1 }
            shares.append(Double(done) / Double(Swift.max(1, runs)))
        }
        return shares
    }
}
