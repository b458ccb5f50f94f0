// What theory says of a run of these options, beside which a result is printed. Where nothing is known for
// a combination, nothing is said.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

package enum Theory {
    /// Rounds until all know in a complete graph, when nobody loses interest.
    ///
    /// - Parameter fanout: targets a round that are reached: the fan-out less what is lost.
    /// - Source: push: Pittel, "On spreading a rumor", 1987, with the constant of gossip among 10^3 to
    ///   10^6 nodes as measured; push-pull: Karp et al., "Randomized rumor spreading", 2000.
    package static func rounds(_ mode: Mode, nodes: Int, fanout: Double = 1) -> Double {
        let count = Double(max(2, nodes))
        let natural = log(count)
        switch mode {
        case .push:
            if fanout == 1 && nodes <= exactLimit { return exactPush(nodes: nodes) }
            return natural / log(1 + fanout) + natural / fanout + (fanout == 1 ? 1.2 : 0)
        case .pull:
            // From few by growth, to the last by p' = p^(1 + f).
            return natural / log(1 + fanout) + log(max(1, natural)) / log(1 + fanout) + 1
        case .pushPull:
            return natural / log(1 + 2 * fanout) + log(max(1, natural)) / log(1 + fanout)
        }
    }

    /// Among fewer nodes than this the formula of push is too rough, and the chain is short.
    private static let exactLimit = 50

    /// The expected rounds of push among few nodes: each round takes i that know to i + d with the chance
    /// that i calls find d different nodes of the others.
    package static func exactPush(nodes: Int) -> Double {
        guard nodes > 1 else { return 0 }
        var expected = [Double](repeating: 0, count: nodes + 1)
        for know in (1..<nodes).reversed() {
            let left = nodes - know
            var chances = [1.0] + [Double](repeating: 0, count: left)
            for _ in 0..<know {
                for found in (0...left).reversed() {
                    let hits = Double(left - found) / Double(nodes - 1)
                    if found < left { chances[found + 1] += chances[found] * hits }
                    chances[found] *= 1 - hits
                }
            }
            var sum = 1.0
            for found in 1...left { sum += chances[found] * expected[know + found] }
            expected[know] = sum / (1 - chances[0])
        }
        return expected[1]
    }

    /// The residue of s = e^(-a(1 - s)) below 1, 1 when there is none.
    package static func residue(exponent: Double) -> Double {
        guard exponent > 1 else { return 1 }
        var share = exp(-exponent)
        for _ in 0..<200 { share = exp(-exponent * (1 - share)) }
        return share
    }

    /// The residue that goes with this traffic in push: s = e^-m. With one connection a round it falls by
    /// e^(-1.58 m) while all call, of which the growth before that takes a part away.
    ///
    /// - Source: Demers et al., CSL-89-1, section 1.4; DECISIONS D68.
    package static func residue(traffic: Double, connectionLimit: Int?) -> Double {
        exp(connectionLimit == 1 ? -traffic / (1 - exp(-1)) : -traffic)
    }

    /// The share that is susceptible after one more round of a spread in which nobody loses interest.
    ///
    /// - Source: CSL-89-1, section 1.3: pull p' = p^2, push p' = p (1 - 1/n)^(n(1 - p)).
    package static func susceptible(after share: Double, _ mode: Mode, fanout: Double) -> Double {
        let missedByPush = exp(-fanout * (1 - share))
        let missedByPull = pow(share, fanout)
        switch mode {
        case .push: return share * missedByPush
        case .pull: return share * missedByPull
        case .pushPull: return share * missedByPush * missedByPull
        }
    }

    package static func logarithm(_ value: Double) -> Double { log(value) }

    /// Contacts a round over the cut between two parts, when partners are drawn among all.
    ///
    /// - Source: CSL-89-1, section 3: 2 n1 n2 / (n1 + n2).
    package static func crossings(_ first: Int, _ second: Int) -> Double {
        2 * Double(first) * Double(second) / Double(first + second)
    }

    /// How many a chain of acquaintances reaches: in a tree, where nobody is met twice.
    package static func tree(contacts: Int, hops: Int) -> Double {
        pow(Double(contacts), Double(hops))
    }

    /// The same in a random graph of so many people, hop by hop: y' = N (1 - e^(-d y / N)).
    package static func reached(nodes: Double, contacts: Double, hops: Int) -> [Double] {
        var counts = [1.0]
        for _ in 0..<hops {
            let next = nodes * (1 - exp(-contacts * (counts.last ?? 1) / nodes))
            counts.append(Swift.max(next, counts.last ?? 1))
        }
        return counts
    }

    /// What is known of a run of these options, by name.
    package static func figures(of summary: Summary) -> [(name: String, value: Double)] {
        let options = summary.options
        var figures: [(name: String, value: Double)] = []
        let reached = Double(options.fanout) * (1 - options.loss) * (1 - options.down)
        let live = Int((Double(options.nodes) * (1 - options.down)).rounded())
        if options.strategy == .swim { return SwimTheory.figures(of: options) }
        if options.strategy == .infectAndDie { return infectAndDie(options) }
        let isPlain =
            options.topology == .complete && options.delay.upperBound == 0
            && options.partition == nil && options.churn == 0 && options.slow == 0
        guard isPlain, options.strategy == .rumor || options.strategy == .antiEntropy else {
            return figures
        }
        let never = options.strategy == .antiEntropy || options.interestLimit == nil
        if never, hasRecurrence(options), live > 1 {
            figures.append(
                ("roundsUntilAllKnow", rounds(options.mode, nodes: live, fanout: reached)))
        }
        guard options.strategy == .rumor, let limit = options.interestLimit, options.mode == .push,
            options.backup == .none, options.hunt == 0, options.loss == 0, options.down == 0
        else { return figures }
        let limits = options.connectionLimit
        if limits == nil || limits == 1 {
            figures.append(
                (
                    limits == nil ? "residueOfTraffic" : "residueOfTrafficWhileAllCall",
                    residue(traffic: summary.traffic.mean, connectionLimit: limits)
                ))
        }
        if limits == nil && options.interest == .blind {
            figures.append(
                ("residue", residue(exponent: Double(limit) * Double(options.fanout))))
        } else if limits == nil && options.stop == .coin && options.usedKnowledge == .instant
            && options.fanout == 1
        {
            figures.append(("residue", residue(exponent: Double(limit) + 1)))
        }
        return figures
    }

    /// Whether each round follows from the one before by a formula: of pull and push-pull only where no
    /// message is lost, since two can be.
    private static func hasRecurrence(_ options: LabOptions) -> Bool {
        let isWhole = options.loss == 0 && options.down == 0
        return options.topology == .complete && options.clock == .rounds
            && options.usedKnowledge == .round && options.partner == .random
            && options.connectionLimit == nil && options.partition == nil && options.churn == 0
            && options.slow == 0 && options.delay.upperBound == 0
            && (isWhole || options.mode == .push)
    }

    private static func infectAndDie(_ options: LabOptions) -> [(name: String, value: Double)] {
        guard options.topology == .complete, options.loss == 0, options.down == 0,
            options.churn == 0, options.nodes > options.fanout
        else { return [] }
        return [
            ("residue", 1 - InfectAndDie.coverage(fanout: Double(options.fanout))),
            (
                "shareOfRunsComplete",
                InfectAndDie.chanceAllHear(nodes: options.nodes, fanout: Double(options.fanout))
            ),
        ]
    }

    /// The share of nodes that know after each round, where nobody loses interest; nil where no
    /// recurrence is known.
    package static func curve(of options: LabOptions, rounds: Int) -> [Double]? {
        let never = options.strategy == .antiEntropy || options.interestLimit == nil
        guard options.strategy == .rumor || options.strategy == .antiEntropy, never,
            hasRecurrence(options)
        else { return nil }
        let reached = Double(options.fanout) * (1 - options.loss) * (1 - options.down)
        let live = Double(options.nodes) * (1 - options.down)
        var share = 1 - 1 / max(1, live)
        var known = [1 - share]
        for _ in 0..<rounds {
            share = susceptible(after: share, options.mode, fanout: reached)
            known.append(1 - share)
        }
        return known
    }
}
