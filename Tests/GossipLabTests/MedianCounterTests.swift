// The median-counter rule: all hear in a logarithm of rounds, for a number of sends that hardly
// grows.

import Determinism
import GossipLab
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite struct MedianCounterTests {
    static func options(nodes: Int) -> LabOptions {
        var options = LabOptions()
        options.strategy = .medianCounter
        options.nodes = nodes
        return options
    }

    @Test(arguments: [
        (2, 2), (3, 2), (15, 2), (16, 3), (1000, 3), (1618, 3), (1619, 4), (1_000_000, 4),
    ])
    func `the limit is one above ln ln n, rounded up`(nodes: Int, limit: Int) {
        #expect(MedianCounter.limit(nodes: nodes) == limit)
    }

    @Test(arguments: [100, 1000])
    func `all hear, in about the rounds of push-pull`(nodes: Int) {
        let summary = Summary.of(Self.options(nodes: nodes), seeds: 1...12)
        #expect(summary.shareOfRunsComplete == 1, "seeds 1-12")
        let theory = log(Double(nodes)) / log(3) + log2(log(Double(nodes)))
        #expect(abs(summary.lastReceipt.mean - theory) < 0.6, "seeds 1-12: for \(theory)")
    }

    @Test func `it falls silent soon after all know`() {
        let result = Lab.run(Self.options(nodes: 1000), seed: 1)
        let rounds = Double(result.meter.curve.count - 1)
        #expect(result.meter.curve.last?.infective == 0)
        let limit = Double(MedianCounter.limit(nodes: 1000))
        #expect(rounds <= result.lastReceipt + 2 * limit + 2, "seed 1: \(rounds)")
    }

    @Test func `ten times the nodes cost no more sends a node for the same limit`() {
        var options = Self.options(nodes: 300)
        options.k = 3
        let few = Summary.of(options, seeds: 1...10).updates
        options.nodes = 3000
        let many = Summary.of(options, seeds: 1...3).updates
        #expect(abs(many.mean / few.mean - 1) < 0.03, "\(many.mean) and \(few.mean)")
    }

    @Test func `a lower limit leaves some out`() {
        var options = Self.options(nodes: 1000)
        options.k = 1
        #expect(Summary.of(options, seeds: 1...5).residue.mean > 0.1)
    }

    @Test func `all hear although a tenth of the messages is lost`() {
        var options = Self.options(nodes: 500)
        options.loss = 0.1
        #expect(Summary.of(options, seeds: 1...10).shareOfRunsComplete == 1, "seeds 1-10")
    }

    @Test func `where nobody answers the age of the news ends it`() {
        var options = Self.options(nodes: 100)
        options.down = 1
        let result = Lab.run(options, seed: 1)
        #expect(result.meter.curve.count - 1 == MedianCounter.lastRound(nodes: 100))
        #expect(result.meter.curve.last?.removed == 1)
    }
}
