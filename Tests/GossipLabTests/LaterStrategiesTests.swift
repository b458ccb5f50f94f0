// What holds of every one of these strategies: they end, they lose count of nobody, and the same
// seed gives the same run.

import Determinism
import GossipLab
import Testing

extension Summary {
    /// Runs of these seeds.
    static func of(_ options: LabOptions, seeds: ClosedRange<UInt64>) -> Summary {
        var summary = Summary(options)
        for seed in seeds { summary.add(Lab.run(options, seed: seed)) }
        return summary
    }
}

extension RunResult {
    func figure(_ name: String) -> Double? { figures.first { $0.name == name }?.value }
    func counter(_ name: String) -> Double? { meter.counters.first { $0.name == name }?.value }
}

@Suite struct LaterStrategiesTests {
    static let strategies: [Strategy] = [
        .medianCounter, .infectAndDie, .plumtree, .pushSum, .raft,
    ]

    /// Networks of all kinds.
    static func trials(_ strategy: Strategy, nodes: Int) -> [LabOptions] {
        var plain = LabOptions()
        plain.strategy = strategy
        plain.nodes = nodes
        plain.roundsLimit = 60
        plain.fanout = min(2, max(1, nodes - 1))
        plain.contacts = 3
        var trials = [plain]
        for topology in Topology.allCases {
            var trial = plain
            trial.topology = topology
            trials.append(trial)
            trial.topology = topology
            trial.cutLinks = 1
            trials.append(trial)
        }
        for (loss, down, churn) in [(0.3, 0.0, 0.0), (0, 0.5, 0), (0, 1, 0), (0.1, 0.2, 0.1)] {
            var trial = plain
            (trial.loss, trial.down, trial.churn) = (loss, down, churn)
            trials.append(trial)
            trial.delay = 1...4
            trial.slow = 0.2
            trial.partition = 3...20
            trials.append(trial)
        }
        var one = plain
        one.draw = .all
        one.withReplacement = true
        one.until = .allKnow
        trials.append(one)
        return trials.filter { $0.refusal == nil }
    }

    @Test(arguments: strategies, [1, 2, 3, 5, 31])
    func `susceptible, infective and removed are all that are up, in each round`(
        strategy: Strategy, nodes: Int
    ) {
        for options in Self.trials(strategy, nodes: nodes) {
            let up = nodes - min(nodes - 1, Int((Double(nodes) * options.down).rounded()))
            let result = Lab.run(options, seed: 7)
            #expect(result.meter.curve.allSatisfy { $0.all == up }, "seed 7, \(options)")
            #expect(result.meter.curve.allSatisfy { $0.susceptible >= 0 && $0.infective >= 0 })
            #expect(result.violation == nil, "seed 7, \(options)")
            #expect(result.meter.curve.count <= options.roundsLimit + 1)
            #expect((0...1).contains(result.residue))
        }
    }

    @Test(arguments: strategies)
    func `the same seed gives the same run`(strategy: Strategy) {
        for options in Self.trials(strategy, nodes: 20) {
            let (one, two) = (Lab.run(options, seed: 3), Lab.run(options, seed: 3))
            #expect(one.meter.curve == two.meter.curve, "seed 3, \(options)")
            #expect(one.meter.contacts == two.meter.contacts)
            #expect(one.figures.map { $0.value } == two.figures.map { $0.value })
        }
    }

    @Test func `a seed gives these very numbers, wherever it is run`() {
        var contacts: [Int] = []
        for strategy in Self.strategies {
            var options = LabOptions()
            options.strategy = strategy
            options.nodes = 100
            options.fanout = 2
            options.loss = 0.05
            contacts.append(Lab.run(options, seed: 11).meter.contacts)
        }
        #expect(contacts == [2200, 156, 709, 8000, 396], "seed 11")
    }

    @Test func `what cannot be is refused with its reason`() {
        var options = LabOptions()
        options.strategy = .raft
        options.nodes = RaftLog.nodesLimit + 1
        #expect(options.refusal?.contains("1000 nodes at most") == true)
        options.nodes = 5
        options.topology = .ring
        #expect(options.refusal?.contains("--topology") == true)
        options = LabOptions()
        options.strategy = .medianCounter
        options.delay = 0...1
        #expect(options.refusal?.contains("--delay") == true)
        options = LabOptions()
        options.takesBack = true
        #expect(options.refusal?.contains("push-sum") == true)
        options = LabOptions()
        options.strategy = .plumtree
        options.broadcasts = 0
        #expect(options.refusal?.contains("--broadcasts") == true)
        options.broadcasts = 1
        options.contacts = 0
        #expect(options.refusal?.contains("--contacts") == true)
    }
}
