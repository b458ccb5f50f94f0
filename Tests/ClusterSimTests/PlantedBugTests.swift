// The checkers see what they are there for: with a bug planted in the rules, a bounded number of seeds
// shows the promise that it breaks; without it the same seeds keep every promise.

import ClusterCore
import ClusterSim
import Testing

@Suite struct PlantedBugTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var bug: PlantedBug
        var promise: Promise
        var change: @Sendable (inout SimOptions) -> Void = { _ in }
        /// Seeds within which it must be seen.
        var seeds: ClosedRange<UInt64> = 1...5
        var testDescription: String { bug.names.joined() }
    }

    static let cases = [
        Case(
            bug: .secondVote, promise: .oneVote,
            change: {
                // Candidates of masters that were cut off together stand in one epoch.
                ($0.masters, $0.replicas, $0.faults) = (7, 7, .partition)
            }, seeds: 3...22),
        Case(bug: .voteBeforeDisk, promise: .durable),
        Case(bug: .failWithoutQuorum, promise: .quorum),
    ]

    @Test(arguments: cases)
    func `a planted bug is found within a bounded number of seeds`(planted: Case) {
        var options = SimOptions()
        planted.change(&options)
        options.planted = planted.bug
        var seen: [(UInt64, Promise)] = []
        for seed in planted.seeds where seen.isEmpty {
            if let broken = Simulation.run(seed: seed, options).broken {
                seen.append((seed, broken.promise))
            }
        }
        #expect(seen.first?.1 == planted.promise)
        guard let seed = seen.first?.0 else { return }
        options.planted = []
        #expect(Simulation.run(seed: seed, options).broken == nil)
    }

    @Test func `bugs have names that lead back to them`() {
        for name in PlantedBug.allNames { #expect(PlantedBug(name: name)?.names == [name]) }
        #expect(PlantedBug(name: "none") == nil)
    }
}
