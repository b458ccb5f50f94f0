// What the operator of a virtual cluster sees to, since no rule of the bus does.

import ClusterCore
import ClusterWire
import Testing

@testable import ClusterSim

@Suite struct OperatorTests {
    @Test func `a node that nobody knows any more is met again`() {
        var options = SimOptions()
        options.faults = []
        var world = World(seed: 1, options)
        let formed = world.form()
        #expect(formed != nil)
        let lost = world.nodes.count - 1
        let id = world.machines[lost].state.myID
        for other in 0..<lost { world.command(.forget(Argument(id)), to: other) }
        world.run(until: world.now + 100_000)
        #expect(world.machines[..<lost].allSatisfy { !$0.knows(id) })
        // Whom all were told to forget is kept out for a minute.
        world.run(until: world.now + 80_000_000)
        #expect(world.machines[..<lost].allSatisfy { $0.knows(id) })
    }
}
