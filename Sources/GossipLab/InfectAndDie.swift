// Infect and die: a node that hears the news sends it once, to so many others, and is silent from
// then on. No answers, no counters: the fan-out alone decides how many are left out. What a
// message meets on its way is decided by Network.

import Determinism

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Each node sends the update to `fanout` others, in the round after the one in which it heard.
/// - Source: Kermarrec, Massoulié and Ganesh, "Probabilistic reliable dissemination in large-scale
///   systems" (IEEE TPDS 14/3, 2003).
package enum InfectAndDie {
    static func run(_ options: LabOptions, seed: UInt64) -> RunResult {
        var course = Course(options, seed: seed)
        while course.goesOn { course.runRound() }
        return course.result(seed: seed)
    }

    /// One run.
    private struct Course {
        let options: LabOptions
        var random: SplitMix64
        var network: Network
        var population: Population
        var meter = Meter()
        /// Messages that arrive in a later round.
        var late: RoundQueue<UInt32>
        /// Who has its one turn still to come.
        var spreading: [UInt32] = [0]
        var round = 0
        var targets: [Int] = []

        init(_ options: LabOptions, seed: UInt64) {
            self.options = options
            random = SplitMix64(seed: seed)
            network = Network(options, &random)
            population = Population(network)
            late = RoundQueue(horizon: options.delay.upperBound)
            population.inject(at: 0)
            meter.endRound(population.compartments)
        }

        var goesOn: Bool {
            round < options.roundsLimit && !(spreading.isEmpty && late.isEmpty)
                && !(options.until == .allKnow && population.allKnow)
        }

        mutating func runRound() {
            round += 1
            network.begin(round, &random)
            population.mature()
            for node in late.take(round) where network.isUp(Int(node)) {
                population.hear(Int(node), in: round)
            }
            // A node that is slow or down now keeps its one turn for later.
            var waiting: [UInt32] = []
            for sender in spreading {
                let node = Int(sender)
                guard network.acts(node, in: round) else {
                    waiting.append(sender)
                    continue
                }
                Targets.draw(
                    options.fanout, of: node, in: network, options, into: &targets, &random)
                for target in targets { tell(target, from: node) }
                population.remove(node, in: round)
            }
            spreading = waiting + population.fresh
            meter.endRound(population.compartments)
        }

        private mutating func tell(_ target: Int, from node: Int) {
            meter.contacts += 1
            if options.topology == .continents && network.crosses(node, target) {
                meter.crossings += 1
            }
            guard network.delivers(from: node, to: target, &random) else {
                meter.lost += 1
                return
            }
            let delay = network.delay(&random)
            if delay == 0 {
                population.hear(target, in: round)
            } else {
                late.add(UInt32(target), at: round + delay)
            }
        }

        mutating func result(seed: UInt64) -> RunResult {
            meter.asTaught = meter.contacts
            meter.updates = meter.contacts
            var result = RunResult(seed: seed)
            population.complete(&result, rounds: Double(round))
            result.meter = meter
            return result
        }
    }
}

// MARK: Theory

extension InfectAndDie {
    /// The share of the nodes that hear, where the news takes off at all: the solution above 0 of
    /// c = 1 - e^(-fc). With loss or nodes that are down, f is the fan-out that arrives.
    /// - Returns: 0 when the fan-out is 1 or less: what spreads dies out.
    package static func coverage(fanout: Double) -> Double {
        guard fanout > 1 else { return 0 }
        // Bisection, for near f = 1 the plain iteration takes for ever. At c = 1 the right side is
        // below c, and just above 0 it is not.
        var (low, high) = (0.0, 1.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if 1 - exp(-fanout * middle) > middle { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// The chance that all of n nodes hear: that nobody is drawn by none of the others. For large
    /// n it is exp(-n e^(-f)), so that f = ln n + x gives e^(-e^(-x)).
    package static func chanceAllHear(nodes: Int, fanout: Double) -> Double {
        guard nodes > 1 else { return 1 }
        let others = Double(nodes - 1)
        guard fanout < others else { return 1 }
        return exp(-others * pow(1 - fanout / others, others))
    }
}
