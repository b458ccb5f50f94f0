// Who is elected when masters write and their replicas lag: the one with more of the master's data, in the
// world as in the checker that looks at each election.

import ClusterCore
import ClusterWire
import Testing

@testable import ClusterSim

@Suite struct SuccessorTests {
    /// A calm world of three masters with two replicas each, in which they lag; nil when the seed
    /// draws another.
    private static func world(_ seed: UInt64) -> World? {
        var options = SimOptions()
        (options.masters, options.replicas, options.faults) = (3, 6, [.lag])
        (options.delay, options.lossPerMillion) = (100...1000, 0)
        var world = World(seed: seed, options)
        guard world.environment.hasData, world.environment.assignsEpochs, world.form() != nil else {
            return nil
        }
        world.run(until: world.now + 10_000_000)
        return world
    }

    @Test func `of two replicas the one with more of its master's data is elected`() throws {
        var elections = 0
        for seed: UInt64 in 1...12 {
            guard var world = Self.world(seed) else { continue }
            let death = Fault.crash(node: 0, isSilent: false, losesDisk: false)
            world.begin(death)
            let offsets = [3, 6].map { world.nodes[$0].data.offset }
            let (better, worse) = offsets[0] > offsets[1] ? (3, 6) : (6, 3)
            guard offsets[0] != offsets[1] else { continue }
            var checker = SuccessorChecker(world.setup)
            #expect(checker.see(.faultBegan(death), world.view) == nil)
            let won = Occurrence.noted(.electionWon(9, votes: 2), by: worse)
            expect(checker.see(won, world.view)?.invariant, is: .bestSuccessor)
            world.run(until: world.now + 6_000_000)
            #expect(world.violation == nil, "seed \(seed)")
            #expect(world.machines[better].state.nodes[.myself].isMaster, "seed \(seed)")
            elections += 1
        }
        #expect(elections >= 3)
    }
}
