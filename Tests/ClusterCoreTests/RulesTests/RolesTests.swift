// Master and replica: what headers say of it, chains, and slots that do not vanish on the way.

import ClusterWire
import Testing

@testable import ClusterCore

struct RolesTests {
    static let shape = """
        m myself,master - 1 0-5460
        b master - 2 5461-10922
        c master - 3 10923-16383
        r slave b 2
        """

    /// A header in which `letter` says that it is a replica of `master`.
    static func replicaHeader(of master: Character) -> (inout Header) -> Void {
        { header in
            header.replicaOf = id(master)
            header.flags = [.myself, .replica]
        }
    }

    @Test func `who names no master is one, whatever its flags say`() {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.ping(), from: "r") {
            $0.replicaOf = .zero
            $0.flags = [.myself, .replica]
            $0.slots = SlotSet()
        }
        #expect(node.row("r")?.role == .master)
        #expect(outcome.notes.contains(.becameMaster(id("r"))))
        #expect(node.row("r")?.peerFlags.contains(.migrateTo) == true)
        #expect(node.row("b")?.peerFlags.contains(.migrateTo) == false, "its last replica left")
    }

    @Test func `who names a master is its replica, in its shard`() {
        var node = TestNode(Self.shape + "\ne master - 4")
        let outcome = node.hears(.ping(), from: "e", Self.replicaHeader(of: "c"))
        #expect(node.row("e")?.role == .replica(of: id("c")))
        #expect(node.row("e")?.shard == node.row("c")?.shard)
        #expect(node.row("c")?.peerFlags.contains(.migrateTo) == true)
        #expect(outcome.notes.contains(.becameReplica(id("e"), of: id("c"))))
    }

    @Test func `a replica that is read to be a master without slots is asked at once`() {
        var node = TestNode(Self.shape)
        let flipped = node.hears(.pong(), from: "r") {
            $0.replicaOf = .zero
            $0.slots = SlotSet()
        }
        #expect(flipped.receivers(of: .ping) == "r", "an older packet may have been read last")
        let promoted = node.hears(.pong(), from: "b", Self.replicaHeader(of: "c"))
        #expect(promoted.receivers(of: .ping).isEmpty)
    }

    @Test func `whom our master follows is followed once it is known to be a master`() {
        var node = TestNode("m myself,slave b 1\nb master - 2 0-16383\nc master - 3")
        node.hears(.ping(), from: "c", Self.replicaHeader(of: "x"))
        let demoted = Self.replicaHeader(of: "c")
        node.hears(.ping(), from: "b", demoted)
        #expect(node.state.me.master == id("b"), "a replica is no master to follow")
        node.hears(.ping(), from: "c") { $0.replicaOf = .zero }
        node.hears(.ping(), from: "b", demoted)
        #expect(node.state.me.master == id("c"))
    }

    @Test func `a replica that changes its master is moved`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "r", Self.replicaHeader(of: "c"))
        #expect(node.row("r")?.role == .replica(of: id("c")))
        #expect(node.row("b")?.peerFlags.contains(.migrateTo) == false)
    }

    @Test func `whom a replica follows is saved`() {
        var node = TestNode(Self.shape)
        #expect(!node.hears(.ping(), from: "r", Self.replicaHeader(of: "c")).saves.isEmpty)
        #expect(node.hears(.ping(), from: "r", Self.replicaHeader(of: "c")).saves.isEmpty)
    }

    @Test func `the mark of masters with replicas goes with the place and with a reset`() throws {
        func flags(_ node: inout TestNode) throws -> NodeFlags {
            try #require(node.hears(.ping(), from: "c").sent(.pong).first?.header?.flags)
        }
        var node = TestNode(Self.shape.replacing("r slave b 2", with: "r slave m 1"))
        #expect(try flags(&node).contains(.migrateTo))
        var reset = node
        reset.command("reset")
        #expect(try flags(&reset) == [.myself, .master, .authNack])
        node.hears(.ping(), from: "r") {
            ($0.replicaOf, $0.flags) = (.zero, [.myself, .master])
            ($0.configEpoch, $0.currentEpoch, $0.slots) = (12, 12, slots("0-5460"))
        }
        #expect(try flags(&node) == [.myself, .replica, .authNack])
    }

    @Test func `a master that is not known yet is learnt with a later header`() {
        var node = TestNode(Self.shape + "\ne master - 4")
        node.hears(.ping(), from: "e", Self.replicaHeader(of: "x"))
        #expect(node.row("e")?.role == .replica(of: nil))
        node.hears(.ping(rumour("x")), from: "b")
        node.hears(.ping(), from: "e", Self.replicaHeader(of: "x"))
        #expect(node.row("e")?.role == .replica(of: nil), "only others have told of it")
        node.hears(.ping(), from: "x")
        node.hears(.ping(), from: "e", Self.replicaHeader(of: "x"))
        #expect(node.row("e")?.role == .replica(of: id("x")))
    }

    @Test func `who left its master for one that is not known is a replica of nobody known`() {
        var node = TestNode("m myself,master - 1 0-5460\nb master - 2 5461-16383\nr slave b 2")
        node.hears(.ping(), from: "r", Self.replicaHeader(of: "x"))
        #expect(node.row("r")?.role == .replica(of: nil) && node.row("b")?.replicaCount == 0)
        node.hears(.ping(), from: "r", Self.replicaHeader(of: "b"))
        #expect(node.row("r")?.role == .replica(of: id("b")))
    }

    @Test func `who names itself as its master is a replica of nobody known`() {
        var node = TestNode(Self.shape + "\ne master - 4")
        node.hears(.ping(), from: "e", Self.replicaHeader(of: "e"))
        #expect(node.row("e")?.role == .replica(of: nil))
    }

    @Test func `a demoted master's slots stay where they were until somebody claims them`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b") {
            $0.replicaOf = id("r")
            $0.configEpoch = 10
            $0.slots = SlotSet()
        }
        #expect(node.row("b")?.role == .replica(of: id("r")))
        #expect(node.owner(6000) == "b" && node.state.slots.assignedCount == 16384)
        // Any epoch will do, for nobody claims them any more.
        node.hears(.ping(), from: "r") {
            $0.replicaOf = .zero
            $0.flags = [.myself, .master]
            $0.configEpoch = 1
            $0.slots = slots("5461-10922")
        }
        #expect(node.owner(6000) == "r")
    }

    @Test func `a header from before a promotion does not undo it`() {
        var node = TestNode(Self.shape)
        let before = node.header(of: "r")
        node.hears(.ping(), from: "r") {
            $0.replicaOf = .zero
            $0.flags = [.myself, .master]
            $0.configEpoch = 10
            $0.currentEpoch = 10
            $0.slots = slots("5461-10922")
        }
        node.hears(.pong(), from: "r") { $0 = before }
        #expect(node.row("r")?.role == .master)
        #expect(node.owner(6000) == "r")
    }

    @Test func `our master's demotion makes us follow the master at the end of the chain`() {
        var node = TestNode(
            """
            m myself,slave a 1
            a master - 1 0-5460
            b master - 2 5461-10922
            c slave b 2
            """)
        let outcome = node.hears(.ping(), from: "a") {
            $0.replicaOf = id("c")
            $0.slots = SlotSet()
            $0.configEpoch = 2
        }
        #expect(node.state.me.role == .replica(of: id("b")))
        #expect(outcome.effects.contains(.replicate(from: address("b"))))
    }

    @Test func `replicas of each other end in no loop`() {
        var node = TestNode(
            "m myself,slave a 1\na master - 1\nb master - 2 0-16383\nc master - 3")
        node.hears(.ping(), from: "a", Self.replicaHeader(of: "m"))
        #expect(node.state.me.role == .replica(of: id("a")))
        node.hears(.ping(), from: "c", Self.replicaHeader(of: "a"))
        node.hears(.ping(), from: "a", Self.replicaHeader(of: "c"))
        #expect(node.state.me.role == .replica(of: id("a")))
        node.advance(2000)
    }

    @Test func `becoming a replica closes open slots, ends a pause and leaves the shard`() {
        var node = TestNode(
            "m myself,master - 1 [7->-b] [9-<-b]\nb master - 2 0-16383\nr slave m 1")
        node.hears(.manualFailoverStart, from: "r")
        let outcome = node.command("replicate \(id("b"))")
        #expect(outcome.replies == [.ok])
        #expect(outcome.effects.contains(.pauseWrites(until: 0)))
        #expect(outcome.effects.contains(.replicate(from: address("b"))))
        #expect(node.state.slots.migrating.isEmpty && node.state.slots.importing.isEmpty)
        #expect(node.state.me.shard == node.row("b")?.shard)
        // Everybody hears of it once it is on disk.
        #expect(Set(outcome.receivers(of: .pong)) == Set("br"))
        #expect(outcome.sent(.pong).allSatisfy { $0.header?.replicaOf == id("b") })
    }

    @Test func `a new role is not said before it is on disk`() {
        var node = TestNode("m myself,master - 1\nb master - 2 0-16383")
        node.disk = .slow
        node.command("replicate \(id("b"))")
        #expect(node.hears(.ping(), from: "b").sent.first?.header?.saysMaster == true)
        node.saved()
        #expect(node.hears(.ping(), from: "b").sent.first?.header?.replicaOf == id("b"))
    }

    @Test func `the first slot makes a master one that may get replicas, where others have some`() {
        var node = TestNode(Self.shape + "\ne master - 4")
        node.hears(.ping(), from: "e") {
            $0.slots = slots("5461")
            $0.configEpoch = 40
        }
        #expect(node.row("e")?.peerFlags.contains(.migrateTo) == true)
        var alone = TestNode("m myself,master - 1 0-5460\ne master - 4")
        alone.hears(.ping(), from: "e") { $0.slots = slots("9000") }
        #expect(alone.row("e")?.peerFlags.contains(.migrateTo) == false)
    }
}
