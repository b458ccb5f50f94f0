// One run from its seed to its outcome: the cluster forms, faults come and go, and when they stop the
// cluster has a bounded time to agree. Pure: the same seed and options give the same outcome.

import ClusterCore
import ClusterWire

/// What became of one run.
package struct Outcome: Equatable, Sendable {
    package var seed: UInt64
    package var violation: Violation?
    /// Acts of the operator after which no rule can bring all to agree: that invariant is not expected
    /// to be kept when there are any. All others are.
    package var exemptions: [Exemption]
    /// Whether that invariant was violated, and these were why.
    package var isExempted: Bool
    /// How many faults were planned; `SimOptions.keptFaults` chooses among them.
    package var plannedFaults: Int
    /// What the seed drew.
    package var environment: String
    /// The newest events, when an invariant was violated.
    package var lastEvents: [String]
    /// Every event, when it was asked for.
    package var lines: [String]
    package var traceHash: UInt64
    /// Virtual microseconds.
    package var duration: Int64
    package var figures: [Measured]

    /// A run that ended by a signal: nothing is known of it but that.
    package static func trapped(seed: UInt64, signal: Int32) -> Outcome {
        Outcome(
            seed: seed,
            violation: Violation(.noTrap, "the run ended by signal \(signal)", time: 0),
            exemptions: [], isExempted: false, plannedFaults: 0, environment: "not known",
            lastEvents: [], lines: [], traceHash: 0, duration: 0, figures: [])
    }
}

package enum Simulation {
    /// Node timeouts, and milliseconds beside them, within which a cluster agrees after faults.
    static let agreementTimeouts: Int64 = 20
    static let agreementMargin: Int64 = 10_000
    /// Milliseconds between the forming of a cluster and what happens to it.
    static let calm: Int64 = 2000
    /// Milliseconds for which an agreement must hold.
    static let stableTime: Int64 = 1000

    /// Runs one world to its end, or to the first invariant violated.
    /// - Parameter stopwatch: counts what the rules take, in a scenario; nothing depends on it.
    package static func run(
        seed: UInt64, _ options: SimOptions, stopwatch: Stopwatch? = nil
    ) -> Outcome {
        var world = World(seed: seed, options)
        world.metrics.stopwatch = stopwatch
        var figures: [Measured] = []
        if let scenario = options.scenario {
            figures = world.play(scenario)
        } else if let formed = world.form() {
            figures.append(Measured(name: "formation", value: formed))
            world.run(until: world.now + calm * 1000)
            world.beginClients()
            world.arrangeFaults()
            world.run(until: world.now + world.plan.end + 1)
            if let agreed = world.settle() {
                figures.append(Measured(name: "agreement after faults", value: agreed))
                if let copied = world.settleCopies() {
                    figures.append(Measured(name: "copies after agreement", value: copied))
                }
            }
            figures += world.dataFigures
        }
        return world.outcome(seed, figures)
    }
}

extension World {
    func outcome(_ seed: UInt64, _ figures: [Measured]) -> Outcome {
        var trace = trace
        for node in nodes.indices where nodes[node].isUp {
            trace.mix(machines[node].state)
        }
        return Outcome(
            seed: seed, violation: violation, exemptions: checking.exemptions,
            isExempted: checking.isExempted,
            plannedFaults: plan.planned, environment: environment.text,
            lastEvents: violation == nil ? [] : trace.tail, lines: trace.lines,
            traceHash: trace.hash, duration: now, figures: figures)
    }

    /// Lets the operator form the cluster. Returns the milliseconds that it took.
    mutating func form() -> Double? {
        schedule.add(.operate, at: 150_000)
        schedule.add(.survey, at: Checking.surveyInterval)
        run(until: 150_000 - 1)
        let begun = now
        let limit = 20 * options.nodeTimeout + 30_000
        guard
            let time = waitForAgreement(
                among: { world in
                    [world.nodes.indices.filter { $0 != world.operators.absent }]
                }, stable: 0, limit: limit, invariant: .formation)
        else { return nil }
        operators.replicates = false
        return Double(time - begun) / 1000
    }

    /// Lets groups that hold a majority come to an agreement. Returns the milliseconds they took,
    /// the time for which it had to hold not counted.
    mutating func settle() -> Double? {
        guard violation == nil else { return nil }
        let begun = now
        let masters = ConvergenceChecker.votingMasters(allStates())
        let limit =
            Simulation.agreementTimeouts * options.nodeTimeout + Simulation.agreementMargin
        let time = waitForAgreement(
            among: { $0.groups(holdingMajorityOf: masters) }, stable: Simulation.stableTime,
            limit: limit, invariant: .agreement)
        return time.map { Double($0 - begun) / 1000 }
    }

    /// Runs until all groups have agreed for a while. Returns when that while began.
    private mutating func waitForAgreement(
        among groups: (World) -> [[Int]], stable: Int64, limit: Int64, invariant: Invariant
    ) -> Int64? {
        let end = now + limit * 1000
        var since: Int64?
        var problem = "nothing was looked at"
        var agreements: [ConvergenceChecker] = []
        while violation == nil {
            var wrong = isReplicated() ? nil : "a replica follows nobody"
            for (index, group) in groups(self).enumerated() where wrong == nil {
                if index == agreements.count {
                    agreements.append(
                        ConvergenceChecker(replicasMustServe: environment.validityFactor == 0))
                }
                wrong = agreements[index].problem(group, machines)
            }
            if let text = wrong {
                if text != problem { trace.recordDetail(now, "not yet: \(text)") }
                problem = text
                since = nil
            } else {
                let start = since ?? now
                if now - start >= stable * 1000 { return start }
                since = start
            }
            if now >= end {
                if invariant == .agreement && checking.excuse() {
                    trace.record(now, "exempted: after \(limit) ms: \(problem)")
                    return nil
                }
                fail(Violation(invariant, "after \(limit) ms: \(problem)"))
                return nil
            }
            // To look at all costs more the more there are.
            let pause = invariant == .formation ? 10_000 : 100_000
            run(until: now + Int64(max(pause, nodes.count * 500)))
        }
        return nil
    }

    /// What all nodes believe, or would after a restart.
    func allStates() -> [ClusterState] {
        nodes.indices.compactMap { node in
            nodes[node].isUp ? machines[node].state : nodes[node].disk.durable.flatMap(\.state)
        }
    }

    /// Groups of nodes that can all talk and hold a majority of these masters.
    func groups(holdingMajorityOf masters: [NodeID]) -> [[Int]] {
        var groups: [[Int]] = []
        for node in nodes.indices where nodes[node].isUp {
            let place = groups.firstIndex { group in
                !network.isBlocked(from: group[0], to: node)
                    && !network.isBlocked(from: node, to: group[0])
            }
            if let place { groups[place].append(node) } else { groups.append([node]) }
        }
        return groups.filter { group in
            let held = group.count { masters.contains(machines[$0].id) }
            return held > masters.count / 2
        }
    }
}
