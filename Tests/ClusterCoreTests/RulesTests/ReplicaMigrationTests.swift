// When a replica leaves a master that has several for one that lost all of its own.

import ClusterWire
import Testing

@testable import ClusterCore

struct ReplicaMigrationTests {
    /// b has lost its replica q; a has two replicas, and m is the one with the smaller id.
    static let shape = """
        m myself,slave a 1
        n slave a 1
        a master - 1 0-5460
        b master - 2 5461-10922
        q slave,fail b 2
        c master - 3 10923-16383
        s slave c 3
        """

    static func orphaned(
        _ lines: String = shape, _ adjust: (inout ClusterConfig) -> Void = { _ in }
    ) -> TestNode {
        var node = TestNode(lines, adjust)
        node.silent = ["q"]
        node.learnsFailure(of: "q", from: "b")
        return node
    }

    static func hasMoved(_ node: inout TestNode) -> Bool {
        node.advance(8000)
        return node.state.me.role == .replica(of: id("b"))
    }

    @Test func `the replica with the smallest id of the richest master moves to the orphan`() {
        var node = Self.orphaned()
        #expect(!node.advance(5000).notes.contains(.replicaMigrated(to: id("b"))))
        let outcome = node.advance(300)
        #expect(outcome.notes.contains(.replicaMigrated(to: id("b"))))
        #expect(outcome.effects.contains(.replicate(from: address("b"))))
        #expect(outcome.sent(.pong).contains { $0.header?.replicaOf == id("b") })
    }

    @Test func `a replica with a greater id stays`() {
        var node = Self.orphaned(Self.shape.replacing("n slave a 1", with: "f slave a 1"))
        #expect(!Self.hasMoved(&node))
    }

    @Test func `the only replica of a master stays`() {
        var node = Self.orphaned(Self.shape.replacing("n slave a 1\n", with: ""))
        #expect(!Self.hasMoved(&node))
    }

    @Test func `the migration barrier keeps replicas with their master`() {
        var node = Self.orphaned { $0.migrationBarrier = 2 }
        #expect(!Self.hasMoved(&node))
    }

    @Test func `without replica migration nobody moves`() {
        var node = Self.orphaned { $0.allowReplicaMigration = false }
        #expect(!Self.hasMoved(&node))
    }

    @Test func `nobody moves while the cluster does not serve`() {
        var node = Self.orphaned(Self.shape.replacing("10923-16383", with: "10923-16382"))
        #expect(!Self.hasMoved(&node))
    }

    @Test func `an orphan's time begins anew when the cluster did not serve meanwhile`() {
        var node = Self.orphaned()
        node.advance(4000)
        node.command("delslots 16383")
        node.advance(100)
        node.hears(.ping(), from: "c") { $0.slots = slots("10923-16383") }
        #expect(node.state.health.isOK)
        #expect(!node.advance(4900).notes.contains(.replicaMigrated(to: id("b"))))
        #expect(node.advance(400).notes.contains(.replicaMigrated(to: id("b"))))
    }

    @Test func `a master that never had replicas is no orphan where nobody has any`() {
        var node = Self.orphaned(
            "m myself,slave a 1\nn slave a 1\na master - 1 0-10922\nb master - 2\nq master - 4\n"
                + "c master - 3 10923-16383")
        #expect(!Self.hasMoved(&node))
    }

    @Test func `a master that lost its slots is no orphan`() {
        var node = Self.orphaned()
        node.hears(.ping(), from: "c") {
            ($0.configEpoch, $0.currentEpoch) = (20, 20)
            $0.slots = slots("5461-16383")
        }
        #expect(node.row("b")?.slotCount == 0 && !Self.hasMoved(&node))
    }

    @Test func `a failed master is nobody's new master`() {
        var node = Self.orphaned { $0.requireFullCoverage = false }
        node.silent = ["q", "b"]
        node.learnsFailure(of: "b", from: "c")
        #expect(!Self.hasMoved(&node))
    }

    @Test func `an orphan that gets a replica in time is left alone`() {
        var node = Self.orphaned()
        node.advance(4000)
        node.hears(.ping(), from: "s") {
            $0.replicaOf = id("b")
            $0.flags = [.myself, .replica]
        }
        node.advance(2000)
        #expect(node.state.me.role == .replica(of: id("a")))
    }
}
