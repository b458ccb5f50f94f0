// The speed of the gossip laboratory: a million nodes, until all know.

import GossipLab
import SystemIO

package enum GossipBench {
    private static let nodes = 1_000_000

    package static func run(rounds: Int) -> BenchReport {
        let modes = Mode.allCases
        var speeds = modes.map { _ in [Double]() }
        // In turns, so that what else the machine does falls on all.
        for round in 0..<rounds {
            for (place, mode) in modes.enumerated() {
                var options = LabOptions()
                options.nodes = nodes
                options.mode = mode
                options.until = .allKnow
                let begun = SystemClock.processorNanoseconds()
                let result = Lab.run(options, seed: UInt64(round + 1))
                let seconds = Double(SystemClock.processorNanoseconds() - begun) / 1e9
                speeds[place].append(Double(nodes) * result.lastReceipt / max(seconds, 1e-9))
            }
        }
        let figures = zip(modes, speeds).map { mode, list in
            Figure(
                name: "\(mode.rawValue), nodes x rounds", unit: "a second",
                value: Stat(list).p50, beside: [])
        }
        return BenchReport(
            figures: figures,
            conditions: "\(nodes) nodes until all know, one core, medians of \(rounds) seeds")
    }
}
