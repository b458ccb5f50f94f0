// The checkers see what they are there for: with a bug planted in the rules, a bounded number of seeds
// shows the invariant that it violates; without it the same seeds keep every invariant.

import ClusterCore
import ClusterSim
import Testing

@Suite struct PlantedBugTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var bug: PlantedBug
        var invariant: Invariant
        /// Seeds within which it must be seen; the first is one that shows it today.
        var seeds: ClosedRange<UInt64>
        var change: @Sendable (inout SimOptions) -> Void = { _ in }
        var testDescription: String { bug.names.joined() }
    }

    static let cases = [
        // Candidates of masters that were cut off together stand in one epoch.
        Case(bug: .secondVote, invariant: .oneVote, seeds: 6...65) {
            ($0.masters, $0.replicas, $0.faults) = (7, 7, [.partition])
        },
        Case(bug: .voteBeforeDisk, invariant: .durable, seeds: 1...20),
        Case(bug: .failWithoutQuorum, invariant: .quorum, seeds: 1...20),
        // FAIL precedes each request on the same link, so that no voter is asked about a master that is
        // only suspected by it: with the bug a replica asks that early, too.
        Case(bug: .voteForSuspected, invariant: .foundedVote, seeds: 1...20),
        // Of two replicas one was cut off while the other was elected or took over.
        Case(bug: .ignoreNewerOwner, invariant: .newestVote, seeds: 38...100) {
            ($0.masters, $0.replicas, $0.faults) = (3, 6, [.partition, .operators])
        },
        // Two replicas take over by an operator's word, each on its side of a partition.
        Case(bug: .equalClaim, invariant: .risingOwners, seeds: 6...65) {
            ($0.masters, $0.replicas, $0.faults) = (3, 6, [.partition, .operators])
        },
        Case(bug: .staleReport, invariant: .quorum, seeds: 3...100),
        // Who comes back with nothing is a master without slots.
        Case(bug: .emptyReporter, invariant: .quorum, seeds: 1...20) {
            $0.faults = [.lostDisk, .partition]
        },
        Case(bug: .lastingFail, invariant: .agreement, seeds: 1...20) { $0.duration = 5000 },
        Case(bug: .forgottenVote, invariant: .oneVote, seeds: 1...20),
        Case(bug: .unraisedVote, invariant: .durable, seeds: 1...20),
        // A vote that waited for a slow disk is said when the next election is under way.
        Case(bug: .oldVotes, invariant: .majority, seeds: 8...60) {
            ($0.faults, $0.nodeTimeout, $0.duration) = ([.crash], 500, 60_000)
            ($0.limits.length, $0.limits.down) = (60_000, 1)
            $0.diskDelay = 500_000...5_000_000
        },
        Case(bug: .absentClaim, invariant: .keptSlots, seeds: 11...60) { $0.faults = [.operators] },
        Case(bug: .demotedOwner, invariant: .agreement, seeds: 5...60) {
            $0.faults = [.crash, .operators]
        },
        Case(bug: .replyBeforeSave, invariant: .acknowledged, seeds: 1...2),
        // It asks for what it does not have, and is sent what follows it in another history.
        Case(bug: .wrongContinuation, invariant: .sameKeys, seeds: 108...160) {
            $0.carriesKeys = true
        },
        Case(bug: .oldCopy, invariant: .electedCopy, seeds: 3...60) { $0.carriesKeys = true },
        // A stranger speaks, and is believed in one kind of word.
        Case(bug: .believeUpdates, invariant: .strangersWord, seeds: 3...20) {
            $0.faults = [.forger]
        },
        Case(bug: .believeRoles, invariant: .strangersWord, seeds: 1...20) {
            $0.faults = [.forger]
        },
        Case(bug: .believeRequests, invariant: .strangersWord, seeds: 3...20) {
            $0.faults = [.forger]
        },
        Case(bug: .believeGossip, invariant: .strangersWord, seeds: 1...20) {
            $0.faults = [.forger]
        },
        Case(bug: .believeFail, invariant: .strangersWord, seeds: 15...60) {
            $0.faults = [.crash, .forger]
        },
        Case(bug: .believeVotes, invariant: .strangersWord, seeds: 6...60) {
            $0.faults = [.crash, .forger]
        },
    ]

    @Test func `every bug that can be planted is looked for`() {
        // A run that ends its process is looked for where runs are kept from that.
        let names = PlantedBug.allNames.filter { $0 != PlantedBug.trap.names.joined() }
        #expect(Self.cases.flatMap(\.bug.names).sorted() == names.sorted())
    }

    @Test(arguments: cases)
    func `a planted bug is found within a bounded number of seeds`(planted: Case) {
        var options = SimOptions()
        planted.change(&options)
        options.planted = planted.bug
        let seed = planted.seeds.first { seed in
            Simulation.run(seed: seed, options).violation?.invariant == planted.invariant
        }
        #expect(seed != nil, "none of \(planted.seeds) shows it")
        guard let seed else { return }
        options.planted = []
        #expect(Simulation.run(seed: seed, options).violation == nil)
    }

    @Test func `no bug is named like an invariant`() {
        let invariants = Invariant.allCases.map { "\($0)".lowercased() }
        for name in PlantedBug.allNames {
            #expect(!invariants.contains(String(name.filter { $0 != "-" })))
        }
    }

    @Test func `bugs have names that lead back to them`() {
        for name in PlantedBug.allNames { #expect(PlantedBug(name: name)?.names == [name]) }
        #expect(PlantedBug(name: "none") == nil)
    }
}
