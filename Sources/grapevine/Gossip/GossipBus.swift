// The cluster bus as a strategy among the others: the real rules, run by the simulator, asked how one piece of
// news spreads. A round is one tick of a node, 100 ms, so that its figures stand in the same table.

import ClusterSim
import GossipLab

enum GossipBus {
    /// Milliseconds of a round: a node's tick.
    static let tick = 100.0
    /// Runs any strategy: the bus by the simulator, the others by the laboratory.
    static func run(_ options: LabOptions, seed: UInt64) -> RunResult {
        guard options.strategy == .bus else { return Lab.run(options, seed: seed) }
        var sim = SimOptions()
        sim.masters = max(1, (options.nodes + 1) / 2)
        sim.replicas = options.nodes - sim.masters
        sim.nodeTimeout = Int64(options.nodeTimeoutMilliseconds)
        sim.lossPerMillion = Int((options.loss * 1_000_000).rounded())
        sim.delay = 50...500
        sim.diskDelay = 500...5000
        guard options.nodes > 1, let news = News(rawValue: options.news.rawValue) else {
            return alone(seed)
        }
        // A day of the cluster's time is more than anybody waits for.
        let limit = Int64(min(Double(options.roundsLimit) * tick, 86_400_000))
        return result(Simulation.spread(news, seed: seed, sim, limit: limit), options, seed)
    }

    private static func alone(_ seed: UInt64) -> RunResult {
        var result = RunResult(seed: seed)
        result.nodes = 1
        result.roundsUntilAllKnow = 0
        result.meter.endRound(Compartments(susceptible: 0, infective: 1, removed: 0))
        return result
    }

    private static func result(_ spread: Spread, _ options: LabOptions, _ seed: UInt64) -> RunResult
    {
        var result = RunResult(seed: seed)
        let times = spread.knownAfter.compactMap { $0.map { $0 / tick } }
        let count = spread.knownAfter.count
        result.nodes = options.nodes
        result.violation = spread.problem
        let hasAll = times.count == count && spread.problem == nil
        result.lastReceipt = times.max() ?? 0
        result.roundsUntilAllKnow = hasAll ? result.lastReceipt : nil
        result.residue = count == 0 ? 0 : 1 - Double(times.count) / Double(count)
        result.firstReceipt = times.isEmpty ? 0 : times.reduce(0, +) / Double(times.count)
        result.averageReceipt =
            result.firstReceipt * Double(times.count) / Double(times.count + 1)
        result.meter.contacts = Int(spread.messages)
        result.meter.asTaught = Int(spread.messages)
        result.meter.updates = Int(spread.carriers)
        result.meter.bytes = Double(spread.bytes)
        if !hasAll { result.meter.add(1, to: "ended by --rounds-limit") }
        let ordered = times.sorted()
        var known = 0
        for round in 0...Int(result.lastReceipt.rounded(.up)) {
            while known < ordered.count, ordered[known] <= Double(round) { known += 1 }
            // Nobody stops saying what is true: whoever knows is infective.
            result.meter.endRound(
                Compartments(susceptible: count - known, infective: known, removed: 0))
        }
        return result
    }
}
