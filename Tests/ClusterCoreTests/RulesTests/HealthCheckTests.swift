// Whether the cluster serves, and who waits before it does.

import ClusterWire
import Testing

@testable import ClusterCore

struct HealthCheckTests {
    static let shape = """
        m myself,master - 1 0-5460
        b master - 2 5461-10922
        c master - 3 10923-16383
        r slave b 2
        """

    /// A node that serves.
    static func serving(
        _ lines: String = shape, _ adjust: (inout ClusterConfig) -> Void = { _ in }
    ) -> TestNode {
        var node = TestNode(lines, adjust)
        node.advance(8000)
        #expect(node.state.health.isOK)
        return node
    }

    @Test func `slots of a suspect whose address nobody tells are not served`() {
        var node = Self.serving()
        node.hears(.pong(), from: "b", on: .outbound) { $0.sender = id("x") }
        node.advance(5000)
        #expect(node.state.health.isOK, "its silence is not long yet")
        node.advance(500)
        #expect(node.row("b")?.condition.isPFail == true)
        #expect(!node.state.health.isOK && node.state.health.reason == .slotUncovered)
    }

    @Test func `a master that starts again does not serve for two seconds`() {
        var node = TestNode(Self.shape, calm: false)
        #expect(node.advance(2000).notes.isEmpty)
        let outcome = node.advance(100)
        #expect(outcome.notes.contains(.healthChanged(ok: true, reason: .allWell)))
    }

    @Test func `a replica elected just after its own start serves at once`() {
        var node = TestNode(
            "m myself,slave b 2\nb master - 2 0-5460\nc master - 3 5461-10922\n"
                + "d master - 4 10923-16383", calm: false)
        node.advance(200)
        for letter: Character in ["b", "c", "d"] { node.hears(.ping(), from: letter) }
        node.silent = ["b"]
        node.learnsFailure(of: "b", from: "c")
        var outcome = node.advance(100)
        for letter: Character in ["c", "d"] {
            outcome = node.hears(.vote, from: letter) { $0.currentEpoch = 10 }
        }
        #expect(node.state.me.isMaster && node.now.monotonic < 1_000_000 + 2000)
        #expect(outcome.notes.contains(.healthChanged(ok: true, reason: .allWell)))
    }

    @Test func `a master that lost its place since its start waits no longer than a replica`() {
        var node = TestNode("m myself,master - 1 0-16383\nb slave m 1", calm: false)
        node.advance(500)
        let outcome = node.hears(.ping(), from: "b") {
            ($0.flags, $0.replicaOf) = ([.myself, .master], .zero)
            ($0.configEpoch, $0.slots) = (12, slots("0-16383"))
        }
        #expect(outcome.notes.contains(.reconfigured(asReplicaOf: id("b"))))
        #expect(outcome.notes.contains(.healthChanged(ok: true, reason: .allWell)))
    }

    @Test func `a slot that its owner does not claim for a node timeout is served by nobody`() {
        var node = Self.serving()
        var outcome = node.hears(.ping(), from: "b") { $0.slots = slots("5462-10922") }
        #expect(node.owner(5461) == "b" && node.state.health.isOK)
        let timeout = node.machine.config.nodeTimeout
        node.tick()
        node.tick(after: timeout)
        #expect(node.state.health.isOK)
        outcome = node.tick()
        #expect(outcome.notes.contains(.healthChanged(ok: false, reason: .slotUncovered)))
        outcome = node.hears(.ping(), from: "c") {
            ($0.configEpoch, $0.currentEpoch) = (12, 12)
            $0.slots = slots("5461 10923-16383")
        }
        #expect(node.owner(5461) == "c" && node.state.health.isOK)
    }

    @Test func `slots that one after the other wait a moment for a new owner are served`() {
        var node = Self.serving()
        let step = node.machine.config.nodeTimeout / 2
        // Each slot is given up before the one before it is claimed, as long as it takes.
        for slot in 5461..<5469 {
            let outcome = node.hears(.ping(), from: "b") { $0.slots = slots("\(slot + 1)-10922") }
            #expect(!outcome.notes.contains { if case .healthChanged = $0 { true } else { false } })
            let later = node.tick(after: step)
            #expect(node.state.health.isOK, "slot \(slot)")
            #expect(!later.notes.contains { if case .healthChanged = $0 { true } else { false } })
            guard slot > 5461 else { continue }
            node.hears(.ping(), from: "c") {
                ($0.configEpoch, $0.currentEpoch) = (12, 12)
                $0.slots = slots("5461-\(slot - 1) 10923-16383")
            }
            #expect(node.owner(slot - 1) == "c" && node.owner(slot) == "b")
        }
    }

    @Test func `a replica that starts again waits for nobody`() {
        var node = TestNode("m myself,slave b 2\nb master - 2 0-16383", calm: false)
        #expect(node.advance(100).notes.contains(.healthChanged(ok: true, reason: .allWell)))
    }

    @Test func `a master that was never part of a cluster waits for nobody`() {
        var node = TestNode.fresh()
        node.tick()
        let outcome = node.command("addslotsrange 0 16383")
        #expect(outcome.notes.contains(.healthChanged(ok: true, reason: .allWell)))
    }

    @Test func `a reset makes a node one that was never part of a cluster`() {
        var node = Self.serving()
        node.command("reset")
        #expect(!node.state.health.isOK)
        let outcome = node.command("addslotsrange 0 16383")
        #expect(outcome.notes.contains(.healthChanged(ok: true, reason: .allWell)))
    }

    @Test func `a reset lets go of writes that a manual failover holds`() {
        var node = TestNode(ManualFailoverTests.master)
        node.hears(.manualFailoverStart, from: "r")
        #expect(node.command("reset").effects.contains(.pauseWrites(until: 0)))
    }

    @Test func `so does one that comes just after the start`() {
        var node = TestNode("m myself,master - 1 0-16383", calm: false)
        node.advance(100)
        node.command("reset")
        let outcome = node.command("addslotsrange 0 16383")
        #expect(outcome.notes.contains(.healthChanged(ok: true, reason: .allWell)))
    }

    @Test func `a slot that was nobody's is judged and saved as soon as somebody claims it`() {
        var node = Self.serving()
        node.command("delslots 6000")
        #expect(!node.state.health.isOK)
        let outcome = node.hears(.ping(), from: "b") { $0.slots.insert(slot(6000)) }
        #expect(outcome.notes.contains(.healthChanged(ok: true, reason: .allWell)))
        #expect(!outcome.saves.isEmpty)
    }

    @Test func `a slot without owner or with a failed one ends it, if full coverage is required`() {
        for isRequired in [true, false] {
            var node = Self.serving { $0.requireFullCoverage = isRequired }
            #expect(
                node.command("delslots 9").notes
                    .contains(.healthChanged(ok: false, reason: .slotUncovered)) == isRequired)
            var other = Self.serving { $0.requireFullCoverage = isRequired }
            #expect(
                other.learnsFailure(of: "b", from: "c").notes
                    .contains(.healthChanged(ok: false, reason: .slotUncovered)) == isRequired)
        }
    }

    @Test func `a suspected owner ends nothing as long as a majority is reachable`() {
        var node = Self.serving()
        node.silent = ["b"]
        node.advance(9000)
        #expect(node.row("b")?.condition.isPFail == true && node.state.health.isOK)
    }

    @Test func `a minority does not serve, whatever coverage is required`() {
        var node = Self.serving { $0.requireFullCoverage = false }
        node.silent = ["b", "c"]
        #expect(
            node.advance(9000).notes.contains(.healthChanged(ok: false, reason: .minority)))
    }

    @Test func `a cluster that is down for another reason than before says so`() {
        var node = Self.serving()
        node.silent = ["b"]
        node.learnsFailure(of: "b", from: "c")
        node.hears(.fail(id("b")), from: "c")
        node.advance(9000)
        #expect(!node.state.health.isOK && node.state.health.reason == .slotUncovered)
        node.silent = ["b", "c"]
        let notes = node.advance(9000).notes
        #expect(notes.contains(.failReasonChanged(.minority)))
    }

    @Test func `a failed replica ends nothing`() {
        var node = Self.serving()
        #expect(
            node.learnsFailure(of: "r", from: "b").notes == [
                .failureReported(id("r"), by: id("b")), .failReceived(id("r"), from: id("b")),
            ])
        #expect(node.state.health.isOK)
    }

    @Test(arguments: [(100, 500), (2000, 2000), (5000, 5000), (15000, 5000)])
    func `a master that was in a minority waits for the rejoin delay`(timeout: Int, delay: Int) {
        var node = TestNode(Self.shape) { $0.nodeTimeout = Int64(timeout) }
        node.advance(8000)
        #expect(node.state.health.isOK)
        node.silent = ["b", "c"]
        node.advance(Int64(timeout) * 2 + 1000)
        #expect(!node.state.health.isOK)
        node.silent = []
        var waited = 0
        while !node.state.health.isOK && waited < 60_000 {
            node.advance(100)
            waited += 100
        }
        // Who was out of reach is tried each eighth of a node timeout.
        #expect((delay...(delay + 400 + timeout / 8)).contains(waited), "\(waited) ms")
    }

    @Test func `a replica serves again at once`() {
        var node = TestNode("m myself,slave b 2\nb master - 2 0-10000\nc master - 3 10001-16383")
        node.silent = ["b", "c"]
        node.advance(11_000)
        #expect(!node.state.health.isOK)
        node.silent = []
        node.advance(300)
        #expect(node.state.health.isOK)
    }

    @Test func `the quorum follows slots and roles at once`() {
        var node = Self.serving()
        #expect(node.state.size == 3 && node.state.quorum == 2)
        node.hears(.ping(), from: "b") {
            $0.slots = slots("5461-16383")
            $0.configEpoch = 30
        }
        #expect(node.state.size == 2 && node.state.quorum == 2)
        node.command("forget \(id("b"))")
        #expect(node.state.size == 1 && node.state.quorum == 1)
    }
}

struct ReplicationTests {
    @Test func `a master's offset is its store's, a replica's that of its copy`() {
        var node = TestNode("m myself,master - 1 0-16383\nb master - 2")
        node.step(.store(StoreReport(offset: 12)))
        #expect(node.hears(.ping(), from: "b").sent.first?.header?.offset == 12)
        var replica = TestNode("m myself,slave b 1\nb master - 2 0-16383") {
            $0.failoverWithoutCopy = false
        }
        replica.step(.store(StoreReport(offset: 12)))
        #expect(replica.state.me.offset == 0, "no copy was made")
        replica.step(.store(StoreReport(offset: 34, copyAge: 5)))
        #expect(replica.hears(.ping(), from: "b").sent.first?.header?.offset == 34)
    }

    @Test(arguments: [false, true])
    func `a replica without a copy has no offset, whether it may stand or not`(mayStand: Bool) {
        var node = TestNode("m myself,slave b 1\nb master - 2 0-16383") {
            $0.failoverWithoutCopy = mayStand
        }
        #expect(node.hears(.ping(), from: "b") { $0.offset = 90 }.sent.first?.header?.offset == 0)
        #expect(node.hears(.ping(), from: "b").sent.first?.header?.offset == 0)
        #expect(node.state.me.offset == 0)
    }

    @Test func `a master that becomes a replica holds no copy, whatever it held as a master`() {
        var node = TestNode("m myself,master - 1 0-100\nb master - 2 101-16383")
        node.step(.store(StoreReport(offset: 12)))
        let outcome = node.hears(.ping(), from: "b") {
            $0.configEpoch = 9
            $0.currentEpoch = 9
            $0.slots = slots("0-16383")
        }
        #expect(node.state.me.role == .replica(of: id("b")))
        #expect(node.state.me.offset == 0)
        #expect(outcome.sent.last?.header?.offset == 0)
    }

    @Test func `a copy that was lost is announced no more`() {
        var node = TestNode("m myself,slave b 1\nb master - 2 0-16383")
        node.step(.store(StoreReport(offset: 34, copyAge: 5)))
        node.step(.store(StoreReport(offset: 34)))
        #expect(node.hears(.ping(), from: "b").sent.first?.header?.offset == 0)
    }

    @Test func `offsets of others are their headers'`() {
        var node = TestNode("m myself,master - 1 0-16383\nr slave m 1")
        node.hears(.pong(), from: "r") { $0.offset = 7 }
        #expect(node.row("r")?.offset == 7)
    }
}
