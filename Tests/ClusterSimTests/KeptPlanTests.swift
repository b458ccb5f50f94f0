// Plans of faults as text: what is written is read again and its run is that of the seed; what is
// not understood is an error with its line. And the plans that are kept: each is carried out again.

import ClusterCore
import TestSupport
import Testing

@testable import ClusterSim

@Suite struct KeptPlanTests {
    private static func options(_ change: (inout SimOptions) -> Void = { _ in }) -> SimOptions {
        var options = SimOptions()
        change(&options)
        return options
    }

    @Test(arguments: FaultKind.allCases)
    func `a plan of any kind of fault is read as it is written`(kind: FaultKind) throws {
        let options = Self.options { $0.faults = [kind, .lasting] }
        var count = 0
        for seed in 1...20 as ClosedRange<UInt64> {
            var plan = KeptPlan(seed: seed, options)
            plan.catches = [.secondVote, .oldVotes]
            #expect(try KeptPlan(plan.text(reasons: ["why", "it is kept"])) == plan)
            count += plan.faults.faults.count
        }
        // What is no fault by itself leads to none.
        #expect(count > 0 || kind.weight == 0)
    }

    @Test func `the run of a plan is that of the seed that led to it`() throws {
        for seed in 1...3 as ClosedRange<UInt64> {
            let options = Self.options { $0.duration = 3000 }
            let kept = try KeptPlan(KeptPlan(seed: seed, options).text())
            let run = Simulation.run(seed: kept.seed, kept.options)
            let drawn = Simulation.run(seed: seed, options)
            #expect(run.traceHash == drawn.traceHash)
            #expect(run.plannedFaults == drawn.plannedFaults && run.figures == drawn.figures)
        }
    }

    @Test func `some faults of a plan can be chosen`() throws {
        let plan = KeptPlan(seed: 1, Self.options())
        var fewer = plan.options
        fewer.keptFaults = [0, 2]
        let kept = KeptPlan(seed: plan.seed, fewer)
        #expect(kept.faults.faults == [plan.faults.faults[0], plan.faults.faults[2]])
        #expect(kept.seed == plan.seed && kept.environment == plan.environment)
    }

    private static let settings = [
        "seed 7", "masters 3", "replicas 3", "node-timeout 2000 ms", "delay 20-200 us",
        "loss 0 per million", "disk 50-500 us", "config-epochs assigned",
        "monotonic-clocks own", "validity-factor 0", "replica-data none", "end 20",
    ]

    @Test(arguments: [
        ("from 1 to 2 crash n6", 13, "only 6 nodes"),
        ("from 1 to 0.5 crash n1", 13, "not before it begins"),
        ("from 1 to 21 crash n1", 13, "not over at the end"),
        ("from 1 to 2 crash", 13, "is no fault"), ("from 1 to 2 melt n1", 13, "is no fault"),
        ("from 1 to 2 cut n1 n1", 13, "named twice"),
        ("from 1 to 2 slow n1 5 ms", 13, "is no fault"),
        ("from 1 to 2 pause n1 n2", 13, "is no fault"),
        ("from 1.0000001 to 2 pause n1", 13, "a fault is"), ("from 1", 13, "a fault is"),
        ("from 1 to 2 partition n0 n1 n2 n3 n4 n5", 13, "on the other side"),
        ("masters 4", 13, "given twice"), ("weather fine", 13, "is no setting"),
        ("catches nothing", 13, "names one bug"),
    ])
    func `a line that is not understood is named`(line: String, number: Int, what: String) throws {
        let text = (Self.settings + [line]).joined(separator: "\n")
        let error = try #require(throws: PlanError.self) { try KeptPlan(text) }
        #expect(error.line == number && error.text.contains(what), "\(error)")
    }

    @Test func `a setting that is missing or out of its range is named`() throws {
        #expect(try KeptPlan(Self.settings.joined(separator: "\n")).masters == 3)
        let wrong = [
            "seed x", "masters 0", "replicas -1", "node-timeout 2000", "delay 200-20 us",
            "loss 1000001 per million", "disk 1-2", "config-epochs maybe", "monotonic-clocks no",
            "validity-factor x", "replica-data some", "end -1",
        ]
        for (place, line) in wrong.enumerated() {
            var lines = Self.settings
            let name = String(lines[place].prefix { $0 != " " })
            lines[place] = line
            let error = try #require(throws: PlanError.self) {
                try KeptPlan(lines.joined(separator: "\n"))
            }
            #expect(error.line == place + 1 && error.text.hasPrefix(name), "\(error)")
            lines.remove(at: place)
            let missing = try #require(throws: PlanError.self) {
                try KeptPlan(lines.joined(separator: "\n"))
            }
            #expect(missing.text == "\(name) is missing", "\(missing)")
        }
    }
}

/// Plans that once violated an invariant or that show a planted bug, a file each with the reason in it.
@Suite struct KeptPlanFileTests {
    static let names = (try? Fixture.names(in: "simulator/plans")) ?? []

    @Test func `there are kept plans`() { #expect(Self.names.count > 30) }

    /// Those that are kept to show one bug are run with it here; the bugs that the others catch as well are looked for by
    /// `Tests/run` in a release build, since a debug build takes minutes for them.
    @Test(arguments: names)
    func `a kept plan violates nothing, and something with the bug that it shows`(
        name: String
    ) throws {
        let text = try Fixture.text("simulator/plans/\(name)")
        #expect(text.hasPrefix("# "), "it says why it is kept")
        let plan = try KeptPlan(text)
        let outcome = Simulation.run(seed: plan.seed, plan.options)
        #expect(outcome.violation == nil, "\(outcome.lastEvents)")
        for bug in plan.catches where name.hasPrefix("shows-") {
            var options = plan.options
            options.planted = bug
            let planted = Simulation.run(seed: plan.seed, options)
            let violation = try #require(planted.violation, "\(bug.names) is not seen")
            // A plan that is kept for one bug says which invariant it violates.
            let line = "# Violates: \(violation.invariant.rawValue).\n"
            #expect(text.contains(line) || !text.contains("# Violates: "), "\(line)")
        }
    }
}
