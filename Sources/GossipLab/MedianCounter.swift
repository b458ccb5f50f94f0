// The median-counter rule: everybody calls somebody in each round, and those who know the news
// tell it both ways until what they meet shows that it is old. It needs no answer about each
// message and no knowledge of addresses, and sends n ln ln n messages where a plain push sends n
// ln n.

import Determinism

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// States: A has not heard. B-1, B-2, … know and tell. C knows, tells for some more rounds, and is
/// then D, which is silent. At the end of a round
/// - A that was told by B alone becomes B-1, and C when one who told it was in C;
/// - B-m that met more partners in B-m', m' >= m, than others becomes B-(m + 1), and C where
///   m + 1 is the limit;
/// - B that met C becomes C.
///
/// Partners who say nothing, A and D, count as lower ones.
/// - Source: Karp, Schindelhauer, Shenker and Vöcking, "Randomized rumor spreading" (FOCS 2000),
///   the median-counter algorithm.
package enum MedianCounter {
    static func run(_ options: LabOptions, seed: UInt64) -> RunResult {
        var random = SplitMix64(seed: seed)
        var course = Course(options, &random)
        var round = 0
        while round < options.roundsLimit && course.isTold
            && !(options.until == .allKnow && course.population.allKnow)
        {
            round += 1
            course.run(round, &random)
        }
        var result = RunResult(seed: seed)
        course.population.complete(&result, rounds: Double(round))
        result.meter = course.meter
        return result
    }

    /// The limit of the counter and the rounds in C, both O(ln ln n): the next whole number above
    /// ln ln n, and one more. Without that one, a run in seventy leaves a node out at 1000 nodes,
    /// and a run in four at 10,000.
    package static func limit(nodes: Int) -> Int {
        guard nodes > 2 else { return 2 }
        return max(1, Int(log(log(Double(nodes))).rounded(.up))) + 1
    }

    /// The round after which nobody tells the news, whatever it met, so that it ends even where
    /// nobody answers. The paper asks for O(ln n); all know long before.
    package static func lastRound(nodes: Int) -> Int {
        4 * Int(log2(Double(max(2, nodes))).rounded(.up)) + 8
    }
}

/// One run, in columns of a node.
private struct Course {
    private let options: LabOptions
    private var network: Network
    private(set) var population: Population
    private(set) var meter = Meter()
    private var standings: [Standing]
    private let limit: UInt16
    private let lastRound: Int

    /// What a node keeps, side by side, for each call looks at all of it.
    private struct Standing: Sendable {
        /// 0 for A and D, which say nothing; m for B-m; `cooling` for C.
        var counter: UInt16 = 0
        /// Rounds that are left in C.
        var left: UInt16 = 0
        /// Partners of this round in B-m' with m' >= m, less the others.
        var balance: Int32 = 0
        /// Heard from C in this round.
        var metC = false
    }

    private static let cooling = UInt16.max

    init(_ options: LabOptions, _ random: inout SplitMix64) {
        self.options = options
        network = Network(options, &random)
        population = Population(network)
        standings = [Standing](repeating: Standing(), count: options.nodes)
        let asked = options.k ?? MedianCounter.limit(nodes: options.nodes)
        limit = UInt16(min(asked, Int(Self.cooling) - 1))
        lastRound = MedianCounter.lastRound(nodes: options.nodes)
        population.inject(at: 0)
        enter(counter: 1, at: 0)
        meter.endRound(population.compartments)
    }

    /// Whether anybody still tells it.
    var isTold: Bool { population.infective + population.fresh.count > 0 }

    mutating func run(_ round: Int, _ random: inout SplitMix64) {
        network.begin(round, &random)
        population.mature()
        var targets: [Int] = []
        for node in 0..<options.nodes where network.acts(node, in: round) {
            Targets.draw(options.fanout, of: node, in: network, options, into: &targets, &random)
            for other in targets where other != node {
                call(from: node, to: other, round, &random)
            }
        }
        endRound(round)
        meter.endRound(population.compartments)
    }

    /// One call, which carries the news both ways. What is told does not depend on whether the
    /// other knows it already: nobody can tell.
    private mutating func call(
        from node: Int, to other: Int, _ round: Int, _ random: inout SplitMix64
    ) {
        meter.contacts += 1
        meter.asTaught += Mode.pushPull.messagesAsTaught
        if options.topology == .continents && network.crosses(node, other) { meter.crossings += 1 }
        if standings[node].counter > 0 { meter.updates += 1 }
        guard network.delivers(from: node, to: other, &random) else {
            meter.lost += 1
            return
        }
        meet(other, standings[node].counter, round)
        if standings[other].counter > 0 { meter.updates += 1 }
        guard network.delivers(from: other, to: node, &random) else {
            meter.lost += 1
            return
        }
        meet(node, standings[other].counter, round)
    }

    /// A node hears of a partner's counter. Counters stay as they are until the round ends.
    private mutating func meet(_ node: Int, _ counter: UInt16, _ round: Int) {
        if counter == Self.cooling { standings[node].metC = true }
        if counter > 0 { population.hear(node, in: round) }
        standings[node].balance += counter > 0 && counter >= standings[node].counter ? 1 : -1
    }

    private mutating func endRound(_ round: Int) {
        for fresh in population.fresh {
            let node = Int(fresh)
            enter(counter: standings[node].metC ? limit : 1, at: node)
            clear(node)
        }
        for node in 0..<options.nodes where population.phases[node] == .infective {
            if round >= lastRound {
                silence(node, in: round)
            } else if standings[node].counter == Self.cooling {
                standings[node].left -= 1
                if standings[node].left == 0 { silence(node, in: round) }
            } else if standings[node].metC {
                enter(counter: limit, at: node)
            } else if standings[node].balance > 0 {
                enter(counter: standings[node].counter + 1, at: node)
            }
            clear(node)
        }
        // Those in A and D met somebody, too.
        for node in 0..<options.nodes where population.phases[node] == .susceptible { clear(node) }
    }

    private mutating func clear(_ node: Int) {
        standings[node].balance = 0
        standings[node].metC = false
    }

    /// B-m, or C where m is the limit.
    private mutating func enter(counter: UInt16, at node: Int) {
        standings[node].counter = counter < limit ? counter : Self.cooling
        standings[node].left = limit
    }

    /// D.
    private mutating func silence(_ node: Int, in round: Int) {
        standings[node].counter = 0
        population.remove(node, in: round)
    }
}
