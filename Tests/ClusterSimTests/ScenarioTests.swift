// Scenarios: each is played to its end with every invariant held, and its figures are what they are meant
// to be on a quiet network.

import ClusterCore
import ClusterSim
import Determinism
import TestSupport
import Testing

@Suite struct ScenarioTests {
    private static func options(
        _ scenario: Scenario, _ change: (inout SimOptions) -> Void = { _ in }
    ) -> SimOptions {
        var options = SimOptions()
        options.scenario = scenario
        change(&options)
        return options
    }

    private static func figure(_ name: String, _ outcome: Outcome) -> Double? {
        outcome.figures.first { $0.name == name }?.value
    }

    /// Nobody dies for longer than a node timeout.
    private static let harmless: [Scenario] = [
        .rollingRestart, .flappingLink, .addressChange, .rejoinStorm,
    ]

    @Test(arguments: Scenario.allCases)
    func `a scenario keeps every invariant and ends in figures`(scenario: Scenario) {
        let outcome = Simulation.run(seed: 1, Self.options(scenario))
        #expect(outcome.violation == nil, "\(outcome.lastEvents)")
        #expect(outcome.figures.contains { $0.unit == .milliseconds })
        if Self.harmless.contains(scenario) {
            #expect(Self.figure("failovers", outcome) == 0)
        }
    }

    @Test func `a scenario is the same whether its rules are timed or not`() {
        let options = Self.options(.masterCrash)
        let plain = Simulation.run(seed: 5, options)
        let timed = Simulation.run(seed: 5, options, stopwatch: Stopwatch { 0 })
        #expect(plain.traceHash == timed.traceHash)
        #expect(Self.figure("rules of a node", plain) == nil)
        #expect(Self.figure("rules of a node", timed) == 0)
    }

    @Test(arguments: [2000, 5000] as [Int64])
    func `a dead master is replaced within a node timeout and 0.4 s`(timeout: Int64) {
        let times = (1...9 as ClosedRange<UInt64>).compactMap { seed in
            let options = Self.options(.masterCrash) { $0.nodeTimeout = timeout }
            return Self.figure("agreement", Simulation.run(seed: seed, options))
        }
        #expect(times.count == 9)
        #expect(times.sorted()[4] < Double(timeout) + 400, "\(times)")
    }

    @Test func `what happens comes in its order`() throws {
        let outcome = Simulation.run(seed: 1, Self.options(.masterCrash))
        let times = try ["detection", "FAIL", "FAIL heard by all", "election", "agreement"].map {
            try #require(Self.figure($0, outcome))
        }
        #expect(times == times.sorted(), "\(times)")
    }

    @Test func `twelve nodes form in a second and a half whatever the node timeout`() {
        let change: (inout SimOptions) -> Void = {
            ($0.masters, $0.replicas, $0.nodeTimeout) = (6, 6, 15_000)
        }
        let formed = Simulation.run(seed: 1, Self.options(.formation, change))
        #expect((Self.figure("formation", formed) ?? .infinity) < 1500)
        let joined = Simulation.run(seed: 1, Self.options(.join, change))
        #expect((Self.figure("join", joined) ?? .infinity) < 500)
    }

    @Test func `two that suspect each other do not have the others ask without end`() throws {
        let quiet = Simulation.run(seed: 1, Self.options(.formation))
        let outcome = Simulation.run(seed: 1, Self.options(.flappingLink) { $0.keepsTrace = true })
        #expect(quiet.violation == nil && outcome.violation == nil)
        let seconds = Double(outcome.duration) / 1e6
        let pings = outcome.lines.count { $0.hasSuffix("PING") }
        #expect(Double(pings) / seconds / 6 < 10, "\(pings) pings in \(seconds) s")
    }

    @Test func `masters that die together are all replaced within a second`() throws {
        let outcome = Simulation.run(
            seed: 1, Self.options(.massFailure) { ($0.masters, $0.replicas) = (15, 15) })
        #expect(outcome.violation == nil)
        #expect(Self.figure("shards without a new master", outcome) == 0)
        #expect(Self.figure("elections begun", outcome) == 7)
        let last = try #require(Self.figure("first suspicion to last promotion", outcome))
        #expect(last < 1000)
    }

    @Test func `a scenario that sizes do not allow is refused`() {
        let few = Self.options(.massFailure) { $0.masters = 2 }
        #expect(Scenario.massFailure.refusal(few) != nil)
        let alone = Self.options(.masterCrash) { $0.replicas = 0 }
        #expect(Scenario.masterCrash.refusal(alone) != nil)
        #expect(Scenario.formation.refusal(few) == nil)
    }
}
