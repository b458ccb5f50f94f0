// Push-sum: what it converges to, how fast, and what becomes of its mass.

import Determinism
import Testing

@testable import GossipLab

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite struct PushSumTests {
    static func options(_ aggregate: Aggregate, nodes: Int = 150) -> LabOptions {
        var options = LabOptions()
        options.strategy = .pushSum
        options.aggregate = aggregate
        options.nodes = nodes
        return options
    }

    @Test(arguments: [UInt128(2), 3, 7])
    func `parts are equal and what is left over stays`(parts: UInt128) {
        var held = Mass(sum: 1_000_003, weight: 5)
        let part = held.split(into: parts)
        #expect(held.sum + part.sum * (parts - 1) == 1_000_003)
        #expect(held.weight + part.weight * (parts - 1) == 5)
        #expect(part.sum == 1_000_003 / parts && part.weight == 5 / parts)
    }

    @Test(arguments: Aggregate.allCases)
    func `all come to know the aggregate`(aggregate: Aggregate) {
        let result = Lab.run(Self.options(aggregate), seed: 4)
        #expect(result.roundsUntilAllKnow != nil, "seed 4")
        #expect((result.figure("largest relative error") ?? 1) < 2e-9, "seed 4")
        #expect(result.violation == nil)
    }

    @Test(arguments: Aggregate.allCases)
    func `those that are down for good are no part of it`(aggregate: Aggregate) {
        var options = Self.options(aggregate)
        options.down = 0.3
        options.takesBack = true
        let result = Lab.run(options, seed: 4)
        #expect((result.figure("largest relative error") ?? 1) < 2e-9, "seed 4")
    }

    @Test func `the error falls by the square root of two a round`() {
        var options = Self.options(.mean, nodes: 500)
        options.roundsLimit = 50
        var logs: [Double] = []
        for seed in UInt64(1)...3 {
            let errors = PushSum.trace(options, seed: seed)
            logs.append(log(errors[50] / errors[10]) / 40)
        }
        let factor = exp(logs.reduce(0, +) / 3)
        #expect(abs(factor - PushSum.errorFactor) < 0.02, "seeds 1-3: \(factor)")
    }

    @Test func `a trace begins with round 0 and has an entry for each round`() {
        let options = Self.options(.count)
        let errors = PushSum.trace(options, seed: 1)
        let result = Lab.run(options, seed: 1)
        #expect(errors.count == result.meter.curve.count)
        #expect(errors.last == result.figure("largest relative error"))
        #expect(errors[10] == result.figure("largest relative error after round 10"))
        // Node 0 holds a weight of one and a sum of one; the others have no weight.
        #expect(errors[0] == 1)
    }

    @Test func `lost messages destroy mass, and the count is wrong`() {
        var options = Self.options(.count)
        options.loss = 0.1
        let summary = Summary.of(options, seeds: 1...5)
        let left = summary.counters.first { $0.name == "share of s left" }?.stat.mean ?? 1
        let error = summary.counters.first { $0.name == "largest relative error" }?.stat.p50 ?? 0
        #expect(left < 0.1, "seeds 1-5")
        #expect(error > 0.02, "seeds 1-5")
    }

    @Test func `each round a half of what is sent and lost is gone`() {
        var options = Self.options(.mean, nodes: 2000)
        options.loss = 0.1
        options.roundsLimit = 20
        let left = Lab.run(options, seed: 1).figure("share of s left") ?? 0
        #expect(abs(left / pow(0.95, 20) - 1) < 0.03, "seed 1: \(left)")
    }

    @Test(arguments: [Aggregate.mean, .sum, .count])
    func `a sender that takes back what was lost keeps all mass`(aggregate: Aggregate) {
        var options = Self.options(aggregate)
        options.loss = 0.1
        options.takesBack = true
        let result = Lab.run(options, seed: 2)
        #expect(result.figure("share of s left") == 1)
        #expect(result.figure("share of w left") == 1)
        #expect((result.figure("largest relative error") ?? 1) < 2e-9, "seed 2")
    }

    @Test func `what is under way is no loss`() {
        var options = Self.options(.sum)
        options.delay = 0...3
        options.fanout = 3
        let result = Lab.run(options, seed: 2)
        #expect(result.violation == nil)
        #expect((result.figure("largest relative error") ?? 1) < 2e-9, "seed 2")
    }

    @Test func `the maximum survives loss`() {
        var options = Self.options(.maximum)
        options.loss = 0.3
        #expect(Lab.run(options, seed: 2).figure("largest relative error") == 0)
    }
}
