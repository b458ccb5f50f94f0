// Rumor mongering and anti-entropy: what the paper and the theory say of each switch.

import Determinism
import Testing

@testable import GossipLab

@Suite struct RumorTests {
    static func summary(_ options: LabOptions, runs: Int = 20, from seed: UInt64 = 1) -> Summary {
        var summary = Summary(options)
        for run in 0..<UInt64(runs) { summary.add(Lab.run(options, seed: seed + run)) }
        return summary
    }

    static func options(_ change: (inout LabOptions) -> Void) -> LabOptions {
        var options = LabOptions()
        change(&options)
        return options
    }

    @Test func `S, I and R add up to the nodes that are up in each round`() {
        for mode in Mode.allCases {
            for clock in Clock.allCases {
                let options = Self.options {
                    $0.nodes = 200
                    $0.k = 2
                    $0.mode = mode
                    $0.clock = clock
                    $0.down = 0.1
                    $0.loss = 0.05
                }
                let run = Lab.run(options, seed: 3)
                #expect(run.meter.curve.allSatisfy { $0.all == 180 }, "\(mode) \(clock)")
                #expect(run.meter.curve.first?.infective == 1)
            }
        }
    }

    @Test(arguments: Mode.allCases)
    func `a plain round does what single calls do`(mode: Mode) {
        let options = Self.options {
            $0.mode = mode
            $0.until = .allKnow
            $0.nodes = 500
        }
        var plain = Rumor(options, seed: 9)
        var spelled = Rumor(options, seed: 9)
        spelled.spellsOut = true
        #expect(plain.isPlain)
        #expect(plain.spread() == spelled.spread())
        #expect(plain.meter.curve == spelled.meter.curve)
        #expect(plain.meter.updates == spelled.meter.updates)
        #expect(plain.meter.contacts == spelled.meter.contacts)
        #expect(plain.people.heardAt == spelled.people.heardAt)
    }

    @Test func `the same seed gives the same run, another another`() {
        let options = Self.options { $0.k = 2 }
        let (one, same, other) = (
            Lab.run(options, seed: 7), Lab.run(options, seed: 7), Lab.run(options, seed: 8)
        )
        #expect(one.meter.curve == same.meter.curve && one.meter.updates == same.meter.updates)
        #expect(one.meter.curve != other.meter.curve)
    }

    @Test(arguments: [(Stop.counter, 2), (.coin, 2), (.counter, 4)])
    func `the residue of push is e to minus the traffic`(stop: Stop, k: Int) {
        let summary = Self.summary(
            Self.options {
                $0.k = k
                $0.stop = stop
            }, runs: 60)
        let theory = Theory.residue(traffic: summary.traffic.mean, connectionLimit: nil)
        let margin = max(0.03 * theory, 3 * summary.residue.standardError)
        #expect(abs(summary.residue.mean - theory) < margin)
    }

    /// s = e^(-k(1 - s)): each that hears sends k times, whoever is told.
    @Test(arguments: [Stop.counter, .coin])
    func `a blind rumor leaves behind what k sends of each must miss`(stop: Stop) {
        let summary = Self.summary(
            Self.options {
                $0.k = 3
                $0.interest = .blind
                $0.stop = stop
            }, runs: 60)
        let theory = Theory.residue(exponent: 3)
        let margin = max(0.03 * theory, 3 * summary.residue.standardError)
        #expect(abs(summary.residue.mean - theory) < margin)
    }

    @Test func `a counter that no useful contact sets back leaves more behind`() {
        let back = Self.summary(Self.options { $0.k = 3 })
        let cumulative = Self.summary(
            Self.options {
                $0.k = 3
                $0.resetsCounter = false
            })
        #expect(cumulative.residue.mean > 1.2 * back.residue.mean)
    }

    /// s = e^(-(k + 1)(1 - s)) belongs to a coin, an answer and knowledge at the call: 0.0595 for k = 2.
    @Test func `knowledge at the call gives the residue of the paper's differential equation`() {
        let summary = Self.summary(
            Self.options {
                $0.k = 2
                $0.stop = .coin
                $0.knowledge = .instant
            }, runs: 60)
        #expect(abs(summary.residue.mean - 0.0595) < max(0.002, 3 * summary.residue.standardError))
    }

    @Test func `with one call a round push leaves fewer behind and pull more`() {
        for mode in [Mode.push, .pull] {
            let free = Self.options {
                $0.k = 2
                $0.mode = mode
            }
            var limited = free
            limited.connectionLimit = 1
            let (many, one) = (Self.summary(free), Self.summary(limited))
            #expect((one.residue.mean < many.residue.mean) == (mode == .push))
            #expect(one.counters.contains { $0.name == "rejected" && $0.stat.mean > 0 })
        }
    }

    @Test func `hunting makes one call a round nearly a permutation`() {
        let limited = Self.options {
            $0.k = 3
            $0.connectionLimit = 1
        }
        var hunting = limited
        hunting.hunt = 20
        #expect(
            Self.summary(hunting).residue.mean < 0.8 * Self.summary(limited).residue.mean)
    }

    @Test func `minimization leaves the fewest behind for its traffic`() {
        let plain = Self.options {
            $0.k = 2
            $0.mode = .pushPull
        }
        var minimizing = plain
        minimizing.minimizes = true
        #expect(Self.summary(minimizing).residue.mean < Self.summary(plain).residue.mean)
    }

    @Test func `nobody is told twice and nobody is told back by those who must not`() {
        let options = Self.options {
            $0.nodes = 6
            $0.until = .allKnow
            $0.noRepeat = true
            $0.noSendBack = true
            $0.roundsLimit = 50
        }
        // Each has five others, and tells them once each at most.
        for seed in 1...50 {
            let run = Lab.run(options, seed: UInt64(seed))
            #expect(run.meter.updates <= 6 * 5, "seed \(seed)")
            #expect(run.roundsUntilAllKnow != nil, "seed \(seed)")
        }
    }

    @Test func `the targets of one round are distinct unless they are drawn with replacement`() {
        // Of four nodes one that tells all three others in a round tells all.
        let options = Self.options {
            $0.nodes = 4
            $0.fanout = 3
            $0.until = .allKnow
        }
        #expect(Self.summary(options).roundsUntilAllKnow?.max == 1)
        var drawing = options
        drawing.withReplacement = true
        #expect((Self.summary(drawing).roundsUntilAllKnow?.max ?? 0) > 1)
    }

    @Test func `anti-entropy behind a rumor reaches those that it left out`() {
        let options = Self.options {
            $0.k = 1
            $0.backup = .antiEntropy
        }
        let summary = Self.summary(options)
        #expect(summary.shareOfRunsComplete == 1)
        #expect(summary.counters.contains { $0.name == "repaired" && $0.stat.mean > 0 })
    }

    @Test func `a delay of d rounds makes each step 1 + d rounds`() {
        let options = Self.options {
            $0.until = .allKnow
            $0.delay = 2...2
        }
        // Growth by a step of three rounds cannot be faster than doubling in each.
        let summary = Self.summary(options, runs: 5)
        #expect(summary.shareOfRunsComplete == 1)
        #expect(summary.firstReceipt.mean > 15)
        #expect(Lab.run(options, seed: 1).meter.curve[2].infective == 1)
    }

    @Test func `a message that may be late or not is between the two`() {
        func rounds(_ delay: ClosedRange<Int>) -> Double {
            Self.summary(
                Self.options {
                    $0.until = .allKnow
                    $0.delay = delay
                }, runs: 10
            ).roundsUntilAllKnow?.mean ?? 0
        }
        let (none, either, one) = (rounds(0...0), rounds(0...1), rounds(1...1))
        #expect(none + 1 < either && either + 1 < one, "\(none) \(either) \(one)")
    }

    @Test func `the backup of a rumor with Poisson clocks works when the rumor has died`() {
        let options = Self.options {
            $0.k = 1
            $0.clock = .poisson
            $0.backup = .antiEntropy
        }
        #expect(Self.summary(options, runs: 5).shareOfRunsComplete == 1)
    }

    @Test func `a fan-out of nearly all finds distinct targets`() {
        let options = Self.options {
            $0.nodes = 300
            $0.fanout = 298
            $0.until = .allKnow
        }
        let run = Lab.run(options, seed: 1)
        #expect(run.meter.curve[1].infective == 299 && run.roundsUntilAllKnow == 2)
    }

    @Test
    func `contacts across the middle of a line are counted, and are few where distance counts`() {
        func crossings(_ exponent: Double) -> Double {
            let options = Self.options {
                $0.strategy = .antiEntropy
                $0.mode = .pushPull
                $0.nodes = 400
                $0.topology = .spatial
                $0.distanceExponent = exponent
            }
            let summary = Self.summary(options, runs: 5)
            return (summary.counters.first { $0.name == "crossings" }?.stat.mean ?? 0)
                / (summary.roundsUntilAllKnow?.mean ?? 1)
        }
        #expect(crossings(2) > 0 && crossings(2) < crossings(0) / 10)
    }

    @Test func `a run that the limit of rounds ended says so`() {
        let options = Self.options {
            $0.until = .allKnow
            $0.roundsLimit = 3
        }
        let counters = Lab.run(options, seed: 1).meter.counters
        #expect(counters.contains { $0.name == "ended by --rounds-limit" && $0.value == 1 })
        let whole = Lab.run(Self.options { $0.k = 1 }, seed: 1).meter.counters
        #expect(!whole.contains { $0.name == "ended by --rounds-limit" })
    }

    @Test func `parts that are apart stay ignorant, and hear when they are joined`() {
        let options = Self.options {
            $0.nodes = 100
            $0.until = .allKnow
            $0.partition = 1...30
        }
        let run = Lab.run(options, seed: 5)
        #expect(run.meter.curve[30].susceptible == 50)
        #expect((run.roundsUntilAllKnow ?? 0) > 30)
    }

    @Test(arguments: Topology.allCases)
    func `every topology is connected enough to be heard in`(topology: Topology) {
        let options = Self.options {
            $0.nodes = 64
            $0.topology = topology
            $0.mode = .pushPull
            $0.until = .allKnow
            $0.cutLinks = 3
        }
        #expect(Self.summary(options, runs: 5).shareOfRunsComplete == 1)
    }

    /// 2 n1 n2 / (n1 + n2) conversations a round: CSL-89-1, section 3.
    @Test func `evenly drawn partners cross between continents as often as theory says`() {
        let options = Self.options {
            $0.strategy = .antiEntropy
            $0.mode = .pushPull
            $0.nodes = 400
            $0.topology = .continents
            $0.share = 0.1
        }
        let summary = Self.summary(options)
        let crossings = summary.counters.first { $0.name == "crossings" }?.stat.mean ?? 0
        let aRound = crossings / (summary.roundsUntilAllKnow?.mean ?? 1)
        #expect(abs(aRound / Theory.crossings(40, 360) - 1) < 0.05)
    }

    @Test func `one node and two nodes work in every mode and clock`() {
        for nodes in 1...2 {
            for mode in Mode.allCases {
                for clock in Clock.allCases {
                    let options = Self.options {
                        $0.nodes = nodes
                        $0.mode = mode
                        $0.clock = clock
                        $0.until = .allKnow
                    }
                    #expect(Lab.run(options, seed: 1).roundsUntilAllKnow != nil)
                }
            }
        }
    }

    @Test func `slow nodes are later and are heard of all the same`() {
        let options = Self.options {
            $0.mode = .pull
            $0.nodes = 300
            $0.until = .allKnow
            $0.slow = 0.2
            $0.slowFactor = 10
        }
        var even = options
        even.slow = 0
        #expect(
            (Self.summary(options).roundsUntilAllKnow?.mean ?? 0)
                > (Self.summary(even).roundsUntilAllKnow?.mean ?? 0) + 3)
    }
}
