// Experiments of the gallery about spreading one update: what direct mail loses, what a rumor never reaches,
// what a connection limit does, and claims that are often repeated, in numbers.

import Determinism

extension Gallery {
    package static let spreading: [Exhibit] = [
        Exhibit("queue-overflow", "direct mail loses for good what its queue has no room for") {
            queueOverflow($0)
        },
        Exhibit("silent-pair", "two neighbours tell each other and nobody else") { silentPair($0) },
        Exhibit(
            "connection-limit", "one call a node a round helps push and hurts pull"
        ) { connectionLimit($0) },
        Exhibit("twenty-in-three", "20 nodes in three rounds: how sure that is") { twenty($0) },
        Exhibit("six-degrees", "150 to the sixth, in a tree and among people") { sixDegrees($0) },
    ]

    private static func summary(_ options: LabOptions, _ seed: UInt64, runs: Int) -> Summary {
        var summary = Summary(options)
        for run in 0..<UInt64(runs) { summary.add(Lab.run(options, seed: seed &+ run)) }
        return summary
    }

    static func text(_ value: Double, _ decimals: Int = 3) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        guard abs(value) * scale < 1e15 else { return "\(value)" }
        let whole = Int64((value * scale).rounded())
        guard decimals > 0 else { return "\(whole)" }
        let digits = "\(whole.magnitude % UInt64(scale))"
        let zeros = String(repeating: "0", count: decimals - digits.count)
        return "\(whole < 0 ? "-" : "")\(whole.magnitude / UInt64(scale)).\(zeros)\(digits)"
    }

    // MARK: Direct mail

    private static func queueOverflow(_ seed: UInt64) -> Finding {
        var finding = Finding()
        var options = LabOptions()
        options.strategy = .directMail
        options.nodes = 100
        options.writes = 20
        options.churn = 0.05
        options.comeBack = 0.1
        options.queue = 50
        func counter(_ summary: Summary, _ name: String) -> Double {
            summary.counters.first { $0.name == name }?.stat.mean ?? 0
        }
        let bounded = summary(options, seed, runs: 20)
        let (over, sent, delivered) = (
            counter(bounded, "overflowed"), counter(bounded, "sent"), counter(bounded, "delivered")
        )
        finding.check(
            "with room for 50 sends, those that overflow are never delivered: delivered + overflowed = sent",
            seen:
                "of \(text(sent, 1)) sends \(text(delivered, 1)) were delivered, \(text(over, 1)) "
                + "overflowed",
            holds: over > 0 && abs(sent - delivered - over) < 0.01)
        options.queue = nil
        let free = summary(options, seed, runs: 20)
        finding.check(
            "with room for all, all are delivered",
            seen:
                "of \(text(counter(free, "sent"), 1)) sends \(text(counter(free, "delivered"), 1)) "
                + "were delivered",
            holds: counter(free, "sent") == counter(free, "delivered"))
        options.queue = 50
        options.queueFull = .refuse
        let refusing = summary(options, seed, runs: 20)
        finding.check(
            "a queue that refuses tells the writer: some writes are refused, fewer sends are lost",
            seen: "\(text(counter(refusing, "refused"), 1)) of 20 writes were refused, "
                + "\(text(counter(refusing, "overflowed"), 1)) sends overflowed",
            holds: counter(refusing, "refused") > 0 && counter(refusing, "overflowed") < over)
        checkBackup(&finding, options, seed)
        return finding
    }

    /// What no queue saves, anti-entropy finds.
    private static func checkBackup(_ finding: inout Finding, _ options: LabOptions, _ seed: UInt64)
    {
        var options = options
        options.queueFull = .dropNewest
        options.queue = 0
        options.writes = 1
        options.churn = 0
        options.loss = 0.1
        let alone = summary(options, seed, runs: 20)
        options.backup = .antiEntropy
        let behind = summary(options, seed, runs: 20)
        finding.check(
            "with a loss of 0.1 and no queue about a tenth never hears; anti-entropy behind it finds them",
            seen: "\(text(alone.residue.mean)) never heard; with anti-entropy "
                + "\(text(behind.residue.mean))",
            holds: abs(alone.residue.mean - 0.1) < 0.03 && behind.residue.mean == 0)
    }

    // MARK: Rumors

    /// Sites s and t are near each other, and m others are far away and as far from both: with a choice by
    /// distance the two tell each other until they lose interest.
    ///
    /// - Source: Demers et al., CSL-89-1, figure 1.
    private static func silentPair(_ seed: UInt64) -> Finding {
        var finding = Finding()
        let (others, k, runs) = (50, 2, 2000)
        var random = SplitMix64(seed: seed)
        var died = 0
        for _ in 0..<runs {
            // The chance of a far site is that of one in m squared, as with a choice by d^-2.
            if !pairTells(others, k, &random) { died += 1 }
        }
        let share = Double(died) / Double(runs)
        // Each loses interest by k unnecessary calls in a row; the first call of s is useful.
        finding.check(
            "with m = 50 far sites and k = 2, push dies within the pair in nearly all runs",
            seen: "in \(text(share * 100, 1)) % of \(runs) runs nobody else heard",
            holds: share > 0.8)
        var options = LabOptions()
        options.nodes = others + 2
        options.k = k
        let uniform = summary(options, seed, runs: 50)
        finding.check(
            "with partners drawn evenly it does not: most hear",
            seen: "\(text((1 - uniform.residue.mean) * 100, 1)) % of the nodes heard",
            holds: uniform.residue.mean < 0.1)
        return finding
    }

    /// - Returns: whether one of the far sites heard.
    private static func pairTells(_ others: Int, _ k: Int, _ random: inout SplitMix64) -> Bool {
        var useless = [0, 0]
        var knows = [true, false]
        while knows.indices.contains(where: { knows[$0] && useless[$0] < k }) {
            let before = knows
            for site in 0..<2 where before[site] && useless[site] < k {
                // A far site is drawn in one of so many calls.
                if random.below(others) == 0 { return true }
                if before[1 - site] { useless[site] += 1 } else { useless[site] = 0 }
                knows[1 - site] = true
            }
        }
        return false
    }

    /// How the residue falls with each further update a node: between these two k.
    package static func slope(_ options: LabOptions, from: Int, to: Int, seed: UInt64, runs: Int)
        -> Double
    {
        var (few, many) = (options, options)
        few.k = from
        many.k = to
        let (first, second) = (summary(few, seed, runs: runs), summary(many, seed, runs: runs))
        return Theory.logarithm(first.residue.mean / second.residue.mean)
            / (second.traffic.mean - first.traffic.mean)
    }

    private static func connectionLimit(_ seed: UInt64) -> Finding {
        var finding = Finding()
        var options = LabOptions()
        func residue(_ mode: Mode, _ limit: Int?) -> Double {
            options.k = 2
            options.mode = mode
            options.connectionLimit = limit
            return summary(options, seed, runs: 50).residue.mean
        }
        let (push, limited) = (residue(.push, nil), residue(.push, 1))
        finding.check(
            "push, k = 2: with one call a round the residue falls",
            seen: "\(text(push, 4)) without, \(text(limited, 4)) with", holds: limited < push)
        options.mode = .push
        options.connectionLimit = nil
        let free = slope(options, from: 2, to: 4, seed: seed, runs: 150)
        options.connectionLimit = 1
        let bounded = slope(options, from: 2, to: 4, seed: seed, runs: 150)
        finding.check(
            "each further update a node divides it by e without a limit, by e^1.58 with one call a round",
            seen: "e^\(text(free, 2)) and e^\(text(bounded, 2))",
            holds: abs(free - 1) < 0.08 && abs(bounded - 1.58) < 0.12)
        let (pull, starved) = (residue(.pull, nil), residue(.pull, 1))
        finding.check(
            "pull, k = 2: with one call a round it rises",
            seen: "\(text(pull, 5)) without, \(text(starved, 5)) with", holds: starved > pull)
        return finding
    }

    // MARK: Claims

    /// The chance that all know after so many rounds, when each that knows tells f others in each.
    package static func chanceThatAllKnow(
        nodes: Int, fanout: Int, rounds: Int, remembers: Bool, runs: Int, seed: UInt64
    ) -> Double {
        var options = LabOptions()
        options.nodes = nodes
        options.fanout = fanout
        options.until = .allKnow
        options.roundsLimit = rounds
        options.noRepeat = remembers
        options.noSendBack = remembers
        return summary(options, seed, runs: runs).shareOfRunsComplete
    }

    /// As measured independently, 20,000 runs: 20 nodes at fan-outs 3 and 5.
    private static func twenty(_ seed: UInt64) -> Finding {
        var finding = Finding()
        let runs = 4000
        func chance(_ nodes: Int, _ fanout: Int, _ rounds: Int, _ remembers: Bool) -> Double {
            chanceThatAllKnow(
                nodes: nodes, fanout: fanout, rounds: rounds, remembers: remembers, runs: runs,
                seed: seed)
        }
        for (fanout, rounds, plain, remembering) in [
            (3, 3, 0.31, 0.49), (3, 4, 0.954, 0.989), (5, 3, 0.988, 0.998), (5, 4, 1, 1),
        ] {
            let (seen, best) = (chance(20, fanout, rounds, false), chance(20, fanout, rounds, true))
            finding.check(
                "20 nodes, fan-out \(fanout): all know after \(rounds) rounds with a chance of \(plain); "
                    + "\(remembering) when nobody is told twice or back",
                seen: "\(text(seen)) and \(text(best))",
                holds: abs(seen - plain) < 0.03 && abs(best - remembering) < 0.03)
        }
        for fanout in 2...5 {
            let list = [3, 4].map { rounds in
                "after \(rounds) rounds \(text(chance(16, fanout, rounds, false))), "
                    + "\(text(chance(16, fanout, rounds, true))) when nobody is told twice or back"
            }
            let isSure = chance(16, fanout, 4, false) > 0.95
            finding.check(
                "16 nodes, fan-out \(fanout): \(fanout >= 3 ? "after four rounds nearly sure" : "not sure")",
                seen: list.joined(separator: "; "), holds: isSure == (fanout >= 3))
        }
        return finding
    }

    private static func sixDegrees(_ seed: UInt64) -> Finding {
        var finding = Finding()
        let tree = Theory.tree(contacts: 150, hops: 6)
        finding.check(
            "150 acquaintances, six hops, nobody met twice: 11390625000000",
            seen: text(tree, 0), holds: tree == 11_390_625_000_000)
        let world = Theory.reached(nodes: 8e9, contacts: 150, hops: 5)
        finding.check(
            "among 8 x 10^9 drawn at random: about 6 % after four hops, nearly all after five",
            seen: "\(text(world[4] / 8e9 * 100, 1)) % and \(text(world[5] / 8e9 * 100, 1)) %",
            holds: abs(world[4] / 8e9 - 0.06) < 0.01 && world[5] / 8e9 > 0.99)
        let nodes = 1_000_000
        let reached = hops(nodes: nodes, contacts: 150, seed: seed)
        let theory = Theory.reached(nodes: Double(nodes), contacts: 150, hops: 3)
        finding.check(
            "among 10^6, run: 150 after one hop, some 22000 after two, nearly all after three",
            seen:
                "\(reached[1] - 1), \(reached[2]), \(reached[3]); computed \(text(theory[2], 0)), "
                + "\(text(theory[3], 0))",
            holds: abs(Double(reached[2]) / theory[2] - 1) < 0.05 && reached[3] > nodes * 95 / 100)
        return finding
    }

    /// How many are reached hop by hop, when each of those who were reached last knows so many at random.
    private static func hops(nodes: Int, contacts: Int, seed: UInt64) -> [Int] {
        var random = SplitMix64(seed: seed)
        var isReached = [Bool](repeating: false, count: nodes)
        isReached[0] = true
        var newest = [0]
        var counts = [1]
        for _ in 0..<3 {
            var next: [Int] = []
            for _ in newest {
                for _ in 0..<contacts {
                    let other = random.below(nodes)
                    if !isReached[other] {
                        isReached[other] = true
                        next.append(other)
                    }
                }
            }
            counts.append((counts.last ?? 0) + next.count)
            newest = next
        }
        return counts
    }
}
