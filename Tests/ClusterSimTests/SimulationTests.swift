// Whole runs: every invariant holds under every kind of fault, the same seed gives the same run, in
// debug and in release, and figures of a quiet cluster are what they are meant to be.

import ClusterCore
import ClusterSim
import TestSupport
import Testing

@Suite struct SimulationTests {
    private static func options(_ change: (inout SimOptions) -> Void = { _ in }) -> SimOptions {
        var options = SimOptions()
        options.duration = 10_000
        change(&options)
        return options
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `a small cluster keeps every invariant`(seed: UInt64) {
        let outcome = Simulation.run(seed: seed, Self.options { $0.duration = 5000 })
        #expect(outcome.violation == nil, "seed \(seed): \(outcome.lastEvents)")
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `a larger cluster keeps every invariant`(seed: UInt64) {
        let options = Self.options {
            ($0.masters, $0.replicas, $0.duration) = (5, 10, 5000)
        }
        let outcome = Simulation.run(seed: seed, options)
        #expect(outcome.violation == nil, "seed \(seed): \(outcome.lastEvents)")
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a cluster with keys keeps every invariant`(seed: UInt64) {
        let options = Self.options { ($0.carriesKeys, $0.duration) = (true, 5000) }
        let outcome = Simulation.run(seed: seed, options)
        #expect(outcome.violation == nil, "seed \(seed): \(outcome.lastEvents)")
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `several replicas of a master keep what clients were told`(seed: UInt64) {
        let options = Self.options {
            ($0.masters, $0.replicas, $0.carriesKeys, $0.duration) = (3, 6, true, 5000)
        }
        let outcome = Simulation.run(seed: seed, options)
        #expect(outcome.violation == nil, "seed \(seed): \(outcome.lastEvents)")
    }

    @Test func `clients of a cluster with keys are served, and replicas confirm what they write`() {
        let options = Self.options { ($0.carriesKeys, $0.faults) = (true, []) }
        let outcome = Simulation.run(seed: 5, options)
        func figure(_ name: String) -> Double {
            outcome.figures.first { $0.name == name }?.value ?? -1
        }
        #expect(figure("writes") > 60 && figure("reads") > 5)
        #expect(figure("confirmed writes") > 40 && figure("unconfirmed writes") == 0)
        #expect(figure("copies") == 3 && figure("exempted losses") == 0)
        #expect(Simulation.run(seed: 5, options) == outcome)
    }

    @Test(arguments: [(1, 0), (1, 1), (2, 1), (3, 0)])
    func `clusters of any shape form and keep their invariants`(masters: Int, replicas: Int) {
        let options = Self.options {
            ($0.masters, $0.replicas, $0.duration) = (masters, replicas, 5000)
        }
        let outcome = Simulation.run(seed: 7, options)
        #expect(outcome.violation == nil, "\(masters)+\(replicas): \(outcome.lastEvents)")
        #expect(outcome.figures.map(\.name) == ["formation", "agreement after faults"])
    }

    @Test func `the same seed gives the same run, another seed another`() {
        let first = Simulation.run(seed: 11, Self.options())
        #expect(Simulation.run(seed: 11, Self.options()) == first)
        #expect(Simulation.run(seed: 12, Self.options()).traceHash != first.traceHash)
    }

    @Test func `a trace changes nothing and holds the run`() {
        let plain = Simulation.run(seed: 3, Self.options())
        let traced = Simulation.run(seed: 3, Self.options { $0.keepsTrace = true })
        #expect(plain.traceHash == traced.traceHash)
        #expect(plain.lines.isEmpty)
        #expect(traced.lines.contains { $0.hasSuffix("PING") })
    }

    /// Any change of the rules changes these; that debug and release agree is what counts.
    @Test func `runs have the hashes of the fixture`() {
        var text = ""
        for seed: UInt64 in 1...4 {
            let outcome = Simulation.run(seed: seed, Self.options { $0.duration = 5000 })
            text += "3+3 seed \(seed): \(String(outcome.traceHash, radix: 16))\n"
        }
        Fixture.expectGolden(text, "simulator/hashes.txt")
    }
}
