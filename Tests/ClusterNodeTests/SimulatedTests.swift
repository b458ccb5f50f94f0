// What the simulator says of a failover is what real processes take: the same sizes, node timeout and kind
// of death on both sides, medians compared. README tells how to compare larger clusters by hand.

import ClusterClient
import ClusterSim
import Determinism
import Interop
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct SimulatedTests {
        private static let timeout = 2000
        private static let rounds = 5
        /// A machine that is busy slows real processes down: so many series may be.
        private static let series = 3

        private static func simulated() -> Double {
            var options = SimOptions()
            options.scenario = .masterCrash
            options.nodeTimeout = Int64(timeout)
            let times = (1...15 as ClosedRange<UInt64>).compactMap { seed in
                Simulation.run(seed: seed, options).figures.first { $0.name == "agreement" }?.value
            }
            return Distribution(times).at(0.5)
        }

        @Test func `real processes take as long as the simulator says, within a fifth`() throws {
            let simulated = Self.simulated()
            let cluster = try FailoverTests.cluster(
                masters: 3, replicas: 3, nodeTimeout: Self.timeout)
            var medians: [Double] = []
            for _ in 0..<Self.series {
                var times: [Double] = []
                for round in 0..<Self.rounds {
                    let pair = [cluster.nodes[round % 3], cluster.nodes[3 + round % 3]]
                    let isFirst = try pair[0].myself().isMaster
                    let (victim, successor) = isFirst ? (pair[0], pair[1]) : (pair[1], pair[0])
                    // Deaths come at no particular moment between two pings.
                    SystemClock.sleep(milliseconds: 370 * round)
                    times.append(
                        Double(
                            try cluster.killAndWait(victim, successor, limit: Self.timeout + 10_000)
                        ))
                    try victim.restart()
                    try cluster.waitUntilAgreed()
                }
                medians.append(Distribution(times).at(0.5))
                print("failover: \(times) ms, simulated \(simulated) ms")
                if let last = medians.last, abs(last - simulated) <= simulated / 5 { return }
            }
            Issue.record("real medians \(medians) ms, simulated \(simulated) ms")
        }
    }
}
