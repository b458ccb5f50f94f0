// Infect and die against its theory: the share that hears, and the chance that all do.

import Determinism
import Testing

@testable import GossipLab

@Suite struct InfectAndDieTests {
    @Test(arguments: [(3.0, 0.9405), (4.0, 0.9802), (6.0, 0.9975), (2.0, 0.7968), (1.0, 0.0)])
    func `the coverage solves c = 1 - e^-fc`(fanout: Double, coverage: Double) {
        #expect(abs(InfectAndDie.coverage(fanout: fanout) - coverage) < 0.00005)
    }

    @Test(arguments: [2, 3, 4, 6])
    func `a run covers what theory says`(fanout: Int) {
        var options = LabOptions()
        options.strategy = .infectAndDie
        options.nodes = 3000
        options.fanout = fanout
        let summary = Summary.of(options, seeds: 1...6)
        let expected = InfectAndDie.coverage(fanout: Double(fanout))
        let measured = 1 - summary.residue.mean
        #expect(
            abs(measured - expected) < 4 * summary.residue.standardError + 0.001,
            "seeds 1-6: \(measured) for \(expected)")
    }

    @Test func `loss thins the fan-out`() {
        var options = LabOptions()
        options.strategy = .infectAndDie
        options.nodes = 5000
        options.fanout = 4
        options.loss = 0.25
        let summary = Summary.of(options, seeds: 1...8)
        let expected = InfectAndDie.coverage(fanout: 3)
        #expect(
            abs(1 - summary.residue.mean - expected) < 4 * summary.residue.standardError + 0.001,
            "seeds 1-8: \(1 - summary.residue.mean) for \(expected)")
    }

    @Test func `all hear with the chance that theory gives`() {
        let fanout = 6
        var options = LabOptions()
        options.strategy = .infectAndDie
        options.nodes = 200
        options.fanout = fanout
        let summary = Summary.of(options, seeds: 1...300)
        let expected = InfectAndDie.chanceAllHear(nodes: 200, fanout: Double(fanout))
        let error = (expected * (1 - expected) / 300).squareRoot()
        #expect(
            abs(summary.shareOfRunsComplete - expected) < 3 * error,
            "seeds 1-300: \(summary.shareOfRunsComplete) for \(expected)")
    }

    @Test func `each node that heard sends exactly once to each of its targets`() {
        var options = LabOptions()
        options.strategy = .infectAndDie
        options.nodes = 1000
        options.fanout = 3
        options.delay = 0...2
        let result = Lab.run(options, seed: 5)
        let heard = Int((Double(1000) * (1 - result.residue)).rounded())
        #expect(result.meter.updates == 3 * heard, "seed 5")
        #expect(result.meter.curve.last?.removed == heard, "seed 5")
    }

    @Test func `with as many targets as others all hear in one round`() {
        var options = LabOptions()
        options.strategy = .infectAndDie
        options.nodes = 40
        options.fanout = 39
        #expect(Lab.run(options, seed: 1).roundsUntilAllKnow == 1)
    }

    @Test func `targets of one node differ, near as many as there are others`() {
        var options = LabOptions()
        options.strategy = .infectAndDie
        options.nodes = 40
        options.fanout = 38
        options.roundsLimit = 1
        let result = Lab.run(options, seed: 2)
        #expect(result.meter.curve.last?.infective == 38, "seed 2")
    }

    @Test(arguments: [2, 5, 20, 98, 99])
    func `targets differ, whichever way they are drawn`(wanted: Int) {
        var options = LabOptions()
        options.nodes = 100
        var random = SplitMix64(seed: 1)
        let network = Network(options, &random)
        var targets: [Int] = []
        for _ in 0..<200 {
            Targets.draw(wanted, of: 7, in: network, options, into: &targets, &random)
            #expect(targets.count == wanted && Set(targets).count == wanted, "seed 1")
            #expect(!targets.contains(7), "seed 1")
        }
    }

    @Test func `a delay of two rounds makes the news take three for each step`() {
        var options = LabOptions()
        options.strategy = .infectAndDie
        options.nodes = 40
        options.fanout = 39
        options.delay = 2...2
        #expect(Lab.run(options, seed: 1).roundsUntilAllKnow == 3)
    }
}
