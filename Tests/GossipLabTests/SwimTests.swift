// SWIM and Lifeguard beside what theory and the papers say of them: detection, false positives, and
// the rules by which one statement overrides another. Seeds are fixed.

import Determinism
import Testing

@testable import GossipLab

@Suite struct SwimTests {
    private func options(_ nodes: Int, _ set: (inout LabOptions) -> Void = { _ in }) -> LabOptions {
        var options = LabOptions()
        options.strategy = .swim
        options.nodes = nodes
        options.lifeguard = false
        set(&options)
        return options
    }

    private func summary(_ options: LabOptions, seeds: ClosedRange<UInt64>) -> Summary {
        var summary = Summary(options)
        for seed in seeds { summary.add(Swim.run(options, seed: seed)) }
        return summary
    }

    private func mean(_ name: String, _ summary: Summary) -> Double {
        summary.counters.first { $0.name == name }?.stat.mean ?? .nan
    }

    // MARK: Detection

    /// The periods until the first detection in many runs.
    private func detections(_ options: LabOptions, seeds: ClosedRange<UInt64>) -> Stat {
        Stat(
            seeds.map { seed in
                var swim = Swim(options, seed: seed)
                while swim.counts.firstDetection == nil, swim.round < 1000 { swim.turn() }
                return Double(swim.round)
            })
    }

    @Test func `a crash is detected first after 1.58 periods in the mean`() {
        let theory = SwimTheory.meanFirstDetection()
        #expect(abs(theory - 1.58) < 0.005)
        let found = detections(options(40), seeds: 1...400)
        #expect(
            abs(found.mean - theory) < 3 * found.standardError + 0.03,
            "seeds 1-400: \(found.mean) ± \(found.standardError), theory \(theory)")
    }

    @Test func `fewer probers find a crash later`() {
        let theory = SwimTheory.meanFirstDetection(up: 0.5)
        let found = detections(options(60) { $0.down = 0.5 }, seeds: 1...300)
        #expect(
            abs(found.mean - theory) < 3 * found.standardError + 0.05,
            "seeds 1-300: \(found.mean) ± \(found.standardError), theory \(theory)")
    }

    @Test(arguments: [2, 3, 10, 50])
    func `a member is probed by each other one within 2n - 1 periods, and once in each pass`(
        nodes: Int
    ) {
        var order = SwimProbeOrder(count: nodes)
        var random = SplitMix64(seed: 7)
        for node in 0..<nodes {
            var last = [Int](repeating: 0, count: nodes)
            for pass in 0..<6 {
                var seen: [Int] = []
                for place in 1..<nodes {
                    let period = pass * (nodes - 1) + place
                    guard let next = order.next(of: node, &random) else { continue }
                    #expect(period - last[next] <= SwimTheory.detectionBound(nodes: nodes))
                    last[next] = period
                    seen.append(next)
                }
                #expect(seen.sorted() == (0..<nodes).filter { $0 != node }, "seed 7, node \(node)")
            }
        }
    }

    @Test(arguments: [Knowledge.round, .instant], [1, 2, 3, 4, 40])
    func `all who are up come to know, and the news is then sent no more`(
        knowledge: Knowledge, nodes: Int
    ) {
        for isLifeguard in [false, true] {
            let run = Swim.run(
                options(nodes) {
                    $0.knowledge = knowledge
                    $0.lifeguard = isLifeguard
                }, seed: 5)
            #expect(run.roundsUntilAllKnow != nil, "seed 5")
            #expect(run.meter.curve.allSatisfy { $0.all == nodes - 1 }, "seed 5")
            #expect(run.meter.curve.last?.removed == nodes - 1, "seed 5")
        }
    }

    @Test func `each member sends the news so many times, no more`() {
        // Each of the 99 that are up sends 4 ceil(log10 101) = 12 times.
        let run = Swim.run(options(100), seed: 9)
        #expect(run.meter.updates == 12 * 99, "seed 9")
    }

    @Test func `a death is declared a suspicion timeout after its first detection`() {
        for seed: UInt64 in 1...20 {
            let run = Swim.run(options(100), seed: seed)
            let detected = run.figures.first { $0.name == "firstDetection" }?.value ?? 0
            let declared = run.figures.first { $0.name == "firstDeclaredDead" }?.value ?? 0
            #expect(declared - detected == 8, "seed \(seed)")
        }
    }

    // MARK: False positives

    @Test(arguments: [false, true])
    func `without loss nobody alive is suspected, and a period costs two messages a node`(
        isLifeguard: Bool
    ) {
        let runs = summary(options(100) { $0.lifeguard = isLifeguard }, seeds: 1...5)
        #expect(mean("falseSuspicionsPer1000NodePeriods", runs) == 0)
        #expect(mean("falsePositivesPer1000NodePeriods", runs) == 0)
        let messages = mean("messagesPerNodePeriod", runs)
        #expect((2...2.1).contains(messages), "seeds 1-5: \(messages)")
    }

    @Test func `under loss probes fail as often as the paper's formula says`() {
        let runs = summary(
            options(30) {
                $0.loss = 0.2
                $0.roundsLimit = 100
            }, seeds: 1...4)
        let rate = mean("falseSuspicionsPer1000NodePeriods", runs) / 1000
        // A period is 1 - e^-1 of the time that PM is for.
        let theory =
            SwimTheory.falsePositives(up: 1, delivered: 0.8, indirectChecks: 3)
            / SwimTheory.meanFirstDetection()
        #expect(abs(rate / theory - 1) < 0.08, "seeds 1-4: \(rate), theory \(theory)")
    }

    @Test func `theory beside a run has the names of its figures`() {
        let options = options(20) { $0.loss = 0.1 }
        let run = Swim.run(options, seed: 2)
        for (name, value) in SwimTheory.figures(of: options) where name != "firstDetectionBound" {
            #expect(run.figures.contains { $0.name == name }, "seed 2: \(name)")
            #expect(value > 0, "\(name)")
        }
    }

    @Test func `PM is the formula of the paper`() {
        // 0.9 (1 - 0.95^2) (1 - 0.9 x 0.95^4)^2 e^0.9/(e^0.9 - 1)
        let value = SwimTheory.falsePositives(up: 0.9, delivered: 0.95, indirectChecks: 2)
        #expect(abs(value - 0.010_537_047) < 1e-6, "\(value)")
    }

    @Test func `Lifeguard has fifty times fewer false positives beside a slow minority`() {
        func healthy(_ isLifeguard: Bool) -> Double {
            let runs = summary(
                options(60) {
                    $0.slow = 0.1
                    $0.lifeguard = isLifeguard
                    $0.roundsLimit = 150
                }, seeds: 1...2)
            return mean("falsePositivesNotSlowPer1000NodePeriods", runs)
        }
        let (plain, guarded) = (healthy(false), healthy(true))
        #expect(plain > 5, "seeds 1-2: \(plain)")
        #expect(guarded * 50 <= plain, "seeds 1-2: \(plain), with Lifeguard \(guarded)")
    }

    @Test func `Lifeguard has fewer false positives under loss`() {
        func rate(_ isLifeguard: Bool) -> Double {
            let runs = summary(
                options(30) {
                    $0.loss = 0.2
                    $0.lifeguard = isLifeguard
                    $0.roundsLimit = 80
                }, seeds: 1...3)
            return mean("falsePositivesPer1000NodePeriods", runs)
        }
        let (plain, guarded) = (rate(false), rate(true))
        #expect(guarded * 5 < plain, "seeds 1-3: \(plain), with Lifeguard \(guarded)")
    }

    @Test func `a slow node makes probes fail, one that is slow by a factor of 1 does not`() {
        for (factor, fails) in [(1, false), (2, true)] {
            let run = Swim.run(
                options(20) {
                    $0.slow = 0.2
                    $0.slowFactor = factor
                    $0.roundsLimit = 30
                }, seed: 3)
            let rate = run.figures.first { $0.name == "falseSuspicionsPer1000NodePeriods" }
            #expect(((rate?.value ?? 0) > 0) == fails, "seed 3, factor \(factor)")
        }
    }

    // MARK: Rules

    @Test func `a suspicion lasts as long as memberlist has it`() {
        let thousand = SwimPatience(multiplier: 4, nodes: 1000, shrinks: true)
        #expect(abs(thousand.least - 12) < 1e-9)
        #expect(abs(thousand.most - 72) < 1e-9)
        #expect(abs(thousand.periods(confirmations: 0) - 72) < 1e-9)
        // 72 - 60 ln 2 / ln 3
        #expect(abs(thousand.periods(confirmations: 1) - 34.144) < 1e-3)
        #expect(abs(thousand.periods(confirmations: 2) - 12) < 1e-9)
        #expect(abs(SwimPatience(multiplier: 4, nodes: 10_000, shrinks: true).most - 96) < 1e-9)
        // Three members: one other than the suspect and its accuser cannot confirm twice.
        #expect(SwimPatience(multiplier: 4, nodes: 3, shrinks: true).periods(confirmations: 0) == 4)
        #expect(
            abs(SwimPatience(multiplier: 4, nodes: 1000, shrinks: false).most - 12) < 1e-9)
    }

    @Test
    func `a higher incarnation overrides all of a lower one, and of one the worse claim wins`() {
        let ranks = [
            SwimRank(.alive, 0), SwimRank(.suspect, 0), SwimRank(.dead, 0), SwimRank(.alive, 1),
            SwimRank(.suspect, 1), SwimRank(.dead, 1),
        ]
        #expect(ranks.sorted() == ranks)
        #expect(ranks.map(\.claim) == [.alive, .suspect, .dead, .alive, .suspect, .dead])
        #expect(ranks.map(\.incarnation) == [0, 0, 0, 1, 1, 1])
        #expect(SwimRank(.dead, SwimRank.lastIncarnation).claim == .dead)
    }

    @Test func `what was sent the fewest times goes first, and each so many times`() {
        var rumors = SwimRumors()
        let views = [UInt16](repeating: 0, count: 3)
        func take(_ limit: Int) -> [UInt16] {
            var (load, spent): ([SwimNews], [SwimNews]) = ([], [])
            rumors.take(limit, sends: 2, views: views, from: 0, into: &load, spent: &spent)
            return load.map(\.subject)
        }
        for subject: UInt16 in 0..<3 {
            rumors.add(SwimNews(subject: subject, rank: SwimRank(.alive, 0), accuser: 0))
        }
        // Node 2 is held at another rank: that is old.
        rumors.add(SwimNews(subject: 2, rank: SwimRank(.dead, 0), accuser: 0))
        #expect(take(2) == [0, 1])
        #expect(take(2) == [2, 0])
        #expect(take(5) == [1, 2])
        #expect(rumors.isEmpty && take(5).isEmpty)
    }

    @Test func `one that is suspected refutes it with its next incarnation`() {
        var swim = Swim(options(5), seed: 1)
        let accused = SwimNews(subject: 2, rank: SwimRank(.suspect, 0), accuser: 1)
        swim.learn(3, accused)
        #expect(swim.suspicions[3].count == 1)
        swim.learn(2, accused)
        let refutation = swim.rumors[2].waiting.first
        #expect(refutation?.rank == SwimRank(.alive, 1))
        if let refutation { swim.learn(3, refutation) }
        #expect(swim.suspicions[3].isEmpty)
        #expect(swim.view(3, 2) == SwimRank(.alive, 1))
    }

    @Test func `only a new accuser confirms a suspicion`() {
        var swim = Swim(options(50) { $0.lifeguard = true }, seed: 1)
        for accuser: UInt16 in [1, 1, 4, 4, 5, 6] {
            swim.learn(3, SwimNews(subject: 2, rank: SwimRank(.suspect, 0), accuser: accuser))
        }
        // The first and K = 2 others.
        #expect(swim.suspicions[3].first?.accusers == [1, 4, 5])
    }

    @Test func `one that is held for dead is told so and comes back`() {
        for seed: UInt64 in 1...5 {
            var swim = Swim(options(5), seed: seed)
            swim.learn(1, SwimNews(subject: 2, rank: SwimRank(.dead, 0), accuser: 1))
            // Node 1 no longer spreads it, so that node 2 hears of it from node 1 alone.
            swim.rumors[1] = SwimRumors()
            for _ in 0..<20 { swim.turn() }
            #expect(swim.view(1, 2) == SwimRank(.alive, 1), "seed \(seed)")
        }
    }

    @Test func `having to refute a suspicion speaks against one's own health`() {
        var swim = Swim(options(5) { $0.lifeguard = true }, seed: 1)
        swim.learn(2, SwimNews(subject: 2, rank: SwimRank(.suspect, 0), accuser: 1))
        #expect(swim.health[2] == 1)
    }

    @Test func `a helper's nack leaves one point for a probe that failed`() {
        for seed: UInt64 in 1...10 {
            var swim = Swim(options(3) { $0.lifeguard = true }, seed: seed)
            while swim.counts.firstDetection == nil { swim.turn() }
            #expect(swim.health.max() == 1, "seed \(seed)")
        }
    }

    @Test(arguments: [(false, 4), (true, 2)])
    func `Lifeguard probes less often after a probe that failed`(isLifeguard: Bool, probes: Int) {
        // The only probes are those of the crashed node, until it is declared dead in period 5:
        // with Lifeguard in periods 1 and 3.
        let run = Swim.run(options(2) { $0.lifeguard = isLifeguard }, seed: 1)
        #expect(run.meter.contacts == probes)
    }

    // MARK: Options

    @Test func `what swim cannot do is refused with its reason`() {
        #expect(options(5000).refusal == nil)
        #expect(options(5001).refusal?.contains("5000") == true)
        #expect(options(10) { $0.topology = .ring }.refusal?.contains("--topology") == true)
        #expect(options(10) { $0.indirectChecks = -1 }.refusal != nil)
        #expect(options(10) { $0.retransmitMultiplier = 0 }.refusal != nil)
        #expect(options(10) { $0.suspicionMultiplier = 0 }.refusal != nil)
        #expect(options(10) { $0.retransmitMultiplier = 100_000 }.refusal != nil)
        #expect(options(10) { $0.indirectChecks = 100_000 }.refusal != nil)
    }

    @Test func `no options that are not refused stop a run`() {
        var random = SplitMix64(seed: 11)
        for seed: UInt64 in 1...200 {
            let options = options(1 + random.below(7)) {
                $0.lifeguard = random.chance(0.5)
                $0.until = random.chance(0.5) ? .quiet : .allKnow
                $0.knowledge = random.chance(0.5) ? .round : .instant
                $0.loss = random.chance(0.5) ? 0 : 0.9 * random.unit()
                $0.down = random.chance(0.5) ? 0 : random.unit()
                $0.churn = random.chance(0.5) ? 0 : random.unit()
                $0.slow = random.chance(0.5) ? 0 : 1
                $0.slowFactor = 1 + random.below(40)
                $0.delay = 0...random.below(3)
                $0.partition = random.chance(0.5) ? nil : 2...20
                $0.indirectChecks = random.below(9)
                $0.suspicionMultiplier = 1 + random.below(8)
                $0.retransmitMultiplier = 1 + random.below(3)
                $0.roundsLimit = 60
                $0.messageBytes = 100
                $0.intervalMilliseconds = 1000
            }
            #expect(options.refusal == nil)
            let run = Swim.run(options, seed: seed)
            let sizes = run.meter.curve.map(\.all)
            #expect(sizes.allSatisfy { $0 == sizes.first }, "seed \(seed) of options by seed 11")
        }
    }

    @Test func `one seed has one result, in debug and in release`() {
        let run = Swim.run(
            options(50) {
                $0.loss = 0.1
                $0.lifeguard = true
                $0.roundsLimit = 100
            }, seed: 1)
        #expect(run.meter.contacts == 9930)
        #expect(run.meter.asTaught == 18801)
        #expect(run.meter.lost == 1960)
        #expect(run.roundsUntilAllKnow == 11)
    }
}
