// Seeds that once violated an invariant, kept with the reason; each is run again. They lead to other events
// whenever the rules or the simulator draw differently, and stay all the same: they are cheap.

import ClusterSim
import TestSupport
import Testing

@Suite struct RegressionSeedTests {
    struct Kept: Sendable, CustomTestStringConvertible {
        var seed: UInt64
        var options: SimOptions
        var reason: String
        var testDescription: String { "\(seed): \(reason)" }
    }

    /// "SEED MASTERS+REPLICAS FAULTS DURATION reason", with the duration in seconds.
    static func kept() throws -> [Kept] {
        try Fixture.text("simulator/seeds.txt").split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
            .map { line in
                let words = line.split(separator: " ", maxSplits: 4)
                try #require(words.count == 5, "\(line)")
                var options = SimOptions()
                let sizes = words[1].split(separator: "+").compactMap { Int($0) }
                try #require(sizes.count == 2)
                (options.masters, options.replicas) = (sizes[0], sizes[1])
                options.faults = try #require(FaultKinds(String(words[2])))
                options.duration = try #require(Int64(words[3])) * 1000
                let seed = try #require(UInt64(words[0]))
                return Kept(seed: seed, options: options, reason: String(words[4]))
            }
    }

    @Test func `a seed that violated an invariant does so no more`() throws {
        let all = try Self.kept()
        #expect(!all.isEmpty)
        for kept in all {
            let outcome = Simulation.run(seed: kept.seed, kept.options)
            #expect(outcome.violation == nil, "\(kept.testDescription): \(outcome.lastEvents)")
        }
    }
}
