// Plumtree against the figures of its paper, and how its tree is mended.

import Determinism
import Testing

@testable import GossipLab

@Suite struct PlumtreeTests {
    static func options(nodes: Int) -> LabOptions {
        var options = LabOptions()
        options.strategy = .plumtree
        options.nodes = nodes
        options.contacts = 5
        return options
    }

    /// The paper's run: 39,984 payloads when flooded, 9,999 and 29,987 control messages with the
    /// tree.
    @Test func `10,000 nodes cost 9,999 payloads once the tree stands`() {
        let result = Lab.run(Self.options(nodes: 10_000), seed: 1)
        #expect(result.meter.updates == 9999)
        #expect(result.figure("relative message redundancy") == 0)
        #expect(result.residue == 0)
        let flood = result.counter("payloads of eager flooding") ?? 0
        #expect(abs(flood - 39_984) < 20, "seed 1: \(flood)")
        let control = result.counter("ihave") ?? 0
        #expect(abs(control - 29_987) < 20, "seed 1: \(control)")
        #expect(result.counter("graft") == 0 && result.counter("prune") == 0)
    }

    @Test func `the first broadcast is a flood`() {
        let result = Lab.run(Self.options(nodes: 1000), seed: 1)
        #expect(
            result.figure("payloads of the first broadcast")
                == result.counter("payloads of eager flooding"))
    }

    @Test func `each payload that was known already is answered by PRUNE`() {
        var options = Self.options(nodes: 1000)
        options.broadcasts = 1
        let result = Lab.run(options, seed: 1)
        #expect(result.counter("prune") == Double(result.meter.updates - 999), "seed 1")
    }

    @Test(arguments: [Topology.ring, .grid, .random, .continents, .spatial])
    func `a tree stands on any overlay that holds together`(topology: Topology) {
        var options = Self.options(nodes: 400)
        options.topology = topology
        let result = Lab.run(options, seed: 2)
        #expect(result.residue == 0, "seed 2")
        #expect(result.meter.updates == 399, "seed 2")
    }

    @Test func `failures are mended by GRAFT, and then the tree stands again`() {
        var options = Self.options(nodes: 1000)
        options.down = 0.1
        options.broadcasts = 2
        let mending = Lab.run(options, seed: 1)
        #expect(mending.residue == 0, "seed 1")
        #expect((mending.counter("graft") ?? 0) > 0)
        #expect(mending.meter.updates > 899)
        options.broadcasts = 4
        let mended = Lab.run(options, seed: 1)
        #expect(mended.residue == 0, "seed 1")
        #expect(mended.meter.updates == 899, "seed 1")
    }

    @Test func `lost payloads come by GRAFT`() {
        var options = Self.options(nodes: 1000)
        options.loss = 0.02
        let result = Lab.run(options, seed: 1)
        #expect(result.residue == 0, "seed 1")
        #expect((result.counter("graft") ?? 0) > 0)
    }

    @Test func `a message that is late is no reason to lose it`() {
        var options = Self.options(nodes: 500)
        options.delay = 0...3
        let result = Lab.run(options, seed: 1)
        #expect(result.residue == 0, "seed 1")
    }

    @Test(arguments: [(1, 0), (2, 2), (3, 6), (6, 30), (100, 500)])
    func `an overlay has so many neighbours for each, fewer only by chance`(
        nodes: Int, most: Int
    ) {
        var options = Self.options(nodes: nodes)
        options.contacts = 5
        var random = SplitMix64(seed: 1)
        let network = Network(options, &random)
        let overlay = Overlay(network, options, &random)
        #expect((most - 30...most).contains(overlay.linkCount), "seed 1: \(overlay.linkCount)")
        for node in 0..<nodes {
            let peers = overlay.links(of: node).map { overlay.peer($0) }
            #expect(peers == peers.sorted() && Set(peers).count == peers.count)
            #expect(!peers.contains(node) && peers.count <= 5)
            for link in overlay.links(of: node) {
                #expect(overlay.peer(overlay.back(link)) == node)
                #expect(overlay.back(overlay.back(link)) == link)
            }
        }
    }
}
