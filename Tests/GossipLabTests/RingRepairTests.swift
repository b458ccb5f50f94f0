// Ring repair: 2n - 2 hops, and what a dead member costs.

import Determinism
import Testing

@testable import GossipLab

@Suite struct RingRepairTests {
    private func ring(
        _ nodes: Int, seed: UInt64 = 1, _ change: (inout LabOptions) -> Void = { _ in }
    ) -> RunResult {
        var options = LabOptions()
        options.strategy = .antiEntropy
        options.partner = .ring
        options.nodes = nodes
        change(&options)
        #expect(options.refusal == nil)
        return RingRepair.run(options, seed: seed)
    }

    private func figure(_ name: String, of result: RunResult) -> Int {
        Int(result.figures.first { $0.name == name }?.value ?? -1)
    }

    @Test(arguments: [2, 3, 4, 5, 6, 7, 100, 10_000])
    func `2n - 2 hops bring all to the union`(_ nodes: Int) {
        let result = ring(nodes)
        #expect(figure("hops", of: result) == 2 * nodes - 2 && result.violation == nil)
        #expect(result.roundsUntilAllKnow == Double(2 * nodes - 2) && result.residue == 0)
    }

    @Test func `each entry is sent to each other member once`() {
        #expect(figure("entriesSent", of: ring(10)) == 90)
    }

    @Test func `the first n - 1 hops gather, and the next hand out one by one`() {
        let curve = ring(5).meter.curve.map { $0.infective + $0.removed }
        #expect(curve == [0, 0, 0, 0, 1, 2, 3, 4, 5])
    }

    @Test func `one node has the union at once`() {
        let result = ring(1)
        #expect(result.roundsUntilAllKnow == 0 && figure("hops", of: result) == 0)
    }

    @Test(arguments: Array(1...12) as [UInt64])
    func `dead members that are skipped leave the hops of those that are up`(_ seed: UInt64) {
        for (down, up) in [(0.1, 9), (0.5, 5), (0.9, 1)] {
            let result = ring(10, seed: seed) { $0.down = down }
            #expect(figure("hops", of: result) == 2 * up - 2, "seed \(seed), \(up) up")
            #expect(result.residue == 0 && figure("passes", of: result) == (up == 1 ? 0 : 1))
        }
    }

    @Test(arguments: Array(1...12) as [UInt64])
    func `a pass begun anew makes all its hops again`(_ seed: UInt64) {
        let result = ring(10, seed: seed) {
            $0.down = 0.1
            $0.deadMember = .restart
        }
        var options = LabOptions()
        (options.nodes, options.down) = (10, 0.1)
        var random = SplitMix64(seed: seed)
        let network = Network(options, &random)
        let before = (0..<10).prefix { network.isUp($0) }.count - 1
        let hops = figure("hops", of: result)
        #expect(hops == before + 16, "seed \(seed): \(hops)")
        #expect(figure("deadMembersMet", of: result) == 1 && result.residue == 0, "seed \(seed)")
        #expect(result.meter.contacts == hops + 1, "seed \(seed)")
    }

    @Test func `a ring that refuses makes no hop while one is down`() {
        let result = ring(10) {
            $0.down = 0.1
            $0.deadMember = .refuse
        }
        #expect(figure("hops", of: result) == 0 && figure("refusals", of: result) == 1)
        #expect(result.residue == 1 && result.roundsUntilAllKnow == nil)
    }

    @Test func `a lost message costs a round and no hop`() {
        let result = ring(50, seed: 3) { $0.loss = 0.3 }
        #expect(figure("hops", of: result) == 98 && result.meter.lost > 20, "seed 3")
        #expect(result.roundsUntilAllKnow == Double(98 + result.meter.lost), "seed 3")
    }

    @Test func `members that were away are repaired by a later pass`() {
        let result = ring(20, seed: 2) {
            $0.churn = 0.05
            $0.comeBack = 0.2
        }
        #expect(figure("passes", of: result) > 1 && result.residue == 0, "seed 2")
    }

    @Test func `a ring stands still while it is parted`() throws {
        let result = ring(10) {
            $0.partition = 3...40
            $0.roundsLimit = LabOptions.nodesLimit
        }
        let rounds = try #require(result.roundsUntilAllKnow)
        #expect(rounds > 40 && figure("hops", of: result) == 18)
    }

    @Test(arguments: DeadMember.allCases)
    func `every rule ends, and counts every node that is up`(_ rule: DeadMember) {
        for nodes in [1, 2, 3, 20] {
            for seed in 1...6 as ClosedRange<UInt64> {
                let result = ring(nodes, seed: seed) {
                    $0.deadMember = rule
                    $0.down = 0.3
                    $0.churn = 0.1
                    $0.comeBack = 0.5
                    $0.loss = 0.2
                    $0.slow = 0.3
                    $0.roundsLimit = 50
                }
                let up = result.meter.curve.first?.all ?? 0
                #expect(result.meter.curve.allSatisfy { $0.all == up }, "\(nodes), seed \(seed)")
                #expect(result.meter.curve.count <= 50 + 2 * nodes - 1)
            }
        }
    }

    @Test func `bytes follow the comparison`() throws {
        let full = try #require(ring(10).meter.bytes)
        let tree = try #require(ring(10) { $0.comparison = .tree }.meter.bytes)
        #expect(full >= 18 * 1000 * 128 && tree < full / 10)
    }
}
