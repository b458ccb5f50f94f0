// A failure is made smaller as long as the same invariant is violated: by made runs, whose cause is known, and
// by a bug that is planted in the rules.

import ClusterCore
import Testing

@testable import ClusterSim

@Suite struct ShrinkingTests {
    private static func outcome(
        _ seed: UInt64, _ invariant: Invariant?, faults: Int = 40
    ) -> Outcome {
        Outcome(
            seed: seed, violation: invariant.map { Violation($0, "", time: 0) },
            exemptions: [], isExempted: false, plannedFaults: faults, environment: "",
            lastEvents: [], lines: [], traceHash: 0, duration: 0, figures: [])
    }

    @Test func `what does not matter is taken out, and nothing else`() throws {
        var options = SimOptions()
        (options.masters, options.replicas, options.duration) = (7, 14, 20_000)
        let shrunk = try #require(
            Shrinking(Self.outcome(9, .quorum), options) { seed, options in
                let kept = options.keptFaults ?? Array(0..<40)
                let isViolated =
                    options.masters >= 3 && options.duration >= 4300
                    && [7, 23, 24].allSatisfy { kept.contains($0) }
                return Self.outcome(seed, isViolated ? .quorum : nil)
            })
        #expect(shrunk.options.keptFaults == [7, 23, 24])
        #expect((shrunk.options.masters, shrunk.options.replicas) == (3, 1))
        #expect(shrunk.options.duration == 4300)
        #expect(shrunk.seed == 9)
        #expect(shrunk.runs <= Shrinking.usualLimit)
    }

    @Test func `another invariant is another failure`() throws {
        let shrunk = try #require(
            Shrinking(Self.outcome(1, .quorum), SimOptions()) { seed, _ in
                Self.outcome(seed, .oneVote)
            })
        #expect(shrunk.options == SimOptions())
        #expect(shrunk.outcome.violation?.invariant == .quorum)
    }

    @Test func `so many runs are tried and no more`() throws {
        var count = 0
        let shrunk = try #require(
            Shrinking(Self.outcome(1, .quorum), SimOptions(), limit: 7) { seed, _ in
                count += 1
                return Self.outcome(seed, nil)
            })
        #expect((count, shrunk.runs) == (7, 7))
    }

    @Test func `a run that violated nothing is not shrunk`() {
        #expect(Shrinking(Self.outcome(1, nil), SimOptions()) == nil)
    }

    @Test func `a planted bug is shown by fewer nodes and fewer faults`() throws {
        var options = SimOptions()
        (options.masters, options.replicas) = (5, 5)
        options.planted = .failWithoutQuorum
        let failure = try #require(
            (1...10 as ClosedRange<UInt64>).lazy.map { Simulation.run(seed: $0, options) }
                .first { $0.violation?.invariant == .quorum })
        let shrunk = try #require(Shrinking(failure, options, limit: 60))
        #expect(shrunk.outcome.violation?.invariant == .quorum)
        #expect(shrunk.options.nodeCount < 10)
        #expect((shrunk.options.keptFaults?.count ?? .max) < failure.plannedFaults)
        // The command that is printed leads to the same.
        let again = Simulation.run(seed: shrunk.seed, shrunk.options)
        #expect(again.traceHash == shrunk.outcome.traceHash)
    }
}
