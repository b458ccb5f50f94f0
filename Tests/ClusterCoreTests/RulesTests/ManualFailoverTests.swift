// A failover that an operator asks for, seen from the master and from the replica.

import ClusterWire
import Testing

@testable import ClusterCore

struct ManualFailoverTests {
    static let master = """
        m myself,master - 1 0-5460
        b master - 2 5461-10922
        c master - 3 10923-16383
        r slave m 1
        """
    static let replica = """
        m myself,slave a 1
        a master - 1 0-5460
        b master - 2 5461-10922
        c master - 3 10923-16383
        """

    @Test func `the master pauses, and tells its offset on the connection of the request`() {
        var node = TestNode(Self.master)
        node.step(.store(StoreReport(offset: 700, isEmpty: false)))
        let outcome = node.hears(.manualFailoverStart, from: "r")
        #expect(outcome.effects.contains(.pauseWrites(until: node.now.monotonic + 10_000)))
        let ping = outcome.sent(.ping).first
        #expect(ping?.link == node.inbound("r"))
        #expect(ping?.header?.messageFlags.contains(.paused) == true)
        #expect(ping?.header?.offset == 700)
        #expect(node.row("r")?.pingSent == .never, "an inbound connection has no clock")
    }

    @Test func `only a replica of ours may make us pause`() {
        var node = TestNode(Self.master)
        #expect(node.hears(.manualFailoverStart, from: "b").effects.isEmpty)
        var replica = TestNode(Self.replica)
        #expect(replica.hears(.manualFailoverStart, from: "b").effects.isEmpty)
    }

    @Test func `the master's pause ends at the deadline`() {
        var node = TestNode(Self.master) { $0.manualFailoverTimeout = 1000 }
        node.hears(.manualFailoverStart, from: "r")
        #expect(!node.advance(1000).notes.contains(.manualFailoverTimedOut))
        let outcome = node.advance(100)
        #expect(outcome.notes.contains(.manualFailoverTimedOut))
        #expect(outcome.effects.contains(.pauseWrites(until: 0)))
        #expect(node.hears(.ping(), from: "r").sent.first?.header?.messageFlags == .extensions)
    }

    @Test func `the master is released when its replica has won`() {
        var node = TestNode(Self.master)
        node.hears(.manualFailoverStart, from: "r")
        let outcome = node.hears(.pong(), from: "r") {
            $0.replicaOf = .zero
            $0.flags = [.myself, .master]
            $0.configEpoch = 10
            $0.currentEpoch = 10
            $0.slots = slots("0-5460")
            $0.messageFlags.insert(.paused)
        }
        #expect(node.state.me.role == .replica(of: id("r")))
        #expect(outcome.effects.contains(.pauseWrites(until: 0)))
    }

    @Test func `a paused master votes for its replica`() {
        var node = TestNode(Self.master)
        node.hears(.manualFailoverStart, from: "r")
        let outcome = node.hears(.voteRequest, from: "r") {
            $0.currentEpoch = 10
            $0.messageFlags = .forceAck
        }
        #expect(outcome.receivers(of: .vote) == "r")
    }

    @Test func `the replica waits until it has what its paused master has`() {
        var node = TestNode(Self.replica) { $0.failoverWithoutCopy = false }
        node.step(.store(StoreReport(offset: 500, isEmpty: false, copyAge: 0)))
        let asked = node.command("failover")
        #expect(asked.replies == [.ok] && asked.receivers(of: .manualFailoverStart) == "a")
        node.hears(.ping(), from: "a") { $0.offset = 600 }
        #expect(!node.tick().notes.contains(.manualFailoverReady(600)), "not paused")
        node.hears(.ping(), from: "a") {
            $0.offset = 600
            $0.messageFlags.insert(.paused)
        }
        #expect(node.tick().sent(.voteRequest).isEmpty)
        let outcome = node.step(.store(StoreReport(offset: 600, isEmpty: false, copyAge: 0)))
        #expect(outcome.notes.contains(.manualFailoverReady(600)))
        #expect(outcome.sent(.voteRequest).count == 3)
        #expect(outcome.sent(.voteRequest).allSatisfy { $0.header?.messageFlags == .forceAck })
        #expect(outcome.sent(.fail).isEmpty)
    }

    @Test func `a replica that has it all asks as soon as it hears the final offset`() {
        var node = TestNode(Self.replica) { $0.failoverWithoutCopy = false }
        node.step(.store(StoreReport(offset: 600, isEmpty: false, copyAge: 0)))
        node.command("failover")
        let outcome = node.hears(.ping(), from: "a") {
            ($0.offset, $0.messageFlags) = (600, .paused)
        }
        #expect(outcome.sent(.voteRequest).count == 3)
    }

    @Test func `who need not hold a copy asks as soon as its master has paused`() {
        var node = TestNode(Self.replica)
        node.command("failover")
        #expect(node.hears(.ping(), from: "a") { $0.offset = 600 }.sent(.voteRequest).isEmpty)
        let outcome = node.hears(.ping(), from: "a") {
            ($0.offset, $0.messageFlags) = (700, .paused)
        }
        #expect(outcome.sent(.voteRequest).count == 3)
    }

    @Test func `without a copy two offsets of 0 are not readiness`() {
        var node = TestNode(Self.replica) { $0.failoverWithoutCopy = false }
        node.command("failover")
        let outcome = node.hears(.ping(), from: "a") { $0.messageFlags.insert(.paused) }
        #expect(outcome.sent(.voteRequest).isEmpty)
        #expect(node.advance(1000).sent(.voteRequest).isEmpty)
    }

    @Test func `the replica gives up at the deadline, its election with it`() {
        var node = TestNode(Self.replica)
        node.command("failover force")
        #expect(node.state.election.candidacy != nil)
        let outcome = node.advance(5200)
        #expect(outcome.notes.contains(.manualFailoverTimedOut))
        #expect(node.state.election.candidacy == nil && node.state.manualFailover == nil)
    }

    @Test func `FORCE stands at once, with or without the master`() {
        var node = TestNode(Self.replica)
        node.silent = ["a"]
        node.learnsFailure(of: "a", from: "b")
        let outcome = node.command("failover force")
        #expect(outcome.notes.contains(.electionStarted(11, forced: true)))
        #expect(outcome.sent(.voteRequest).allSatisfy { $0.header?.messageFlags == .forceAck })
        for letter in "bc" { node.hears(.vote, from: letter) }
        #expect(node.state.me.isMaster && node.state.me.configEpoch == 11)
    }

    @Test func `a failover that was asked for does not wait for siblings with more data`() {
        var node = TestNode(Self.replica + "\ns slave a 1")
        node.hears(.ping(), from: "s") { $0.offset = 900 }
        let outcome = node.command("failover force")
        #expect(outcome.sent(.voteRequest).allSatisfy { $0.header?.messageFlags == .forceAck })
        #expect(outcome.receivers(of: .voteRequest) == "abcs")
    }

    @Test func `a replica that catches up while it waits as an ordinary candidate asks at once`() {
        var node = TestNode(Self.replica + "\ns slave a 1") { $0.failoverWithoutCopy = false }
        node.step(.store(StoreReport(offset: 500, isEmpty: false, copyAge: 0)))
        node.command("failover")
        node.hears(.ping(), from: "a") { ($0.offset, $0.messageFlags) = (600, .paused) }
        node.hears(.ping(), from: "s") { $0.offset = 900 }
        node.silent = ["a"]
        #expect(node.learnsFailure(of: "a", from: "b").sent(.voteRequest).isEmpty, "rank 1")
        let outcome = node.step(.store(StoreReport(offset: 600, isEmpty: false, copyAge: 0)))
        #expect(outcome.receivers(of: .voteRequest) == "bcs")
        #expect(outcome.sent(.voteRequest).allSatisfy { $0.header?.messageFlags == .forceAck })
    }

    @Test func `TAKEOVER needs nobody, and says so when it is on disk`() {
        var node = TestNode(Self.replica)
        node.disk = .slow
        let outcome = node.command("failover takeover")
        #expect(outcome.replies == [.ok] && node.state.me.isMaster)
        #expect(node.state.me.configEpoch == 10 && node.state.me.slots == slots("0-5460"))
        #expect(outcome.sent.isEmpty)
        #expect(Set(node.saved().receivers(of: .pong)) == Set("abc"))
    }

    @Test func `a takeover that cannot be saved is taken back`() {
        var node = TestNode(Self.replica)
        node.disk = .full
        node.command("failover takeover")
        #expect(node.state.me.role == .replica(of: id("a")))
        #expect(node.row("a")?.slots == slots("0-5460"))
    }

    @Test(arguments: [
        ("m myself,master - 1 0-16383", "", "ERR You should send CLUSTER FAILOVER to a replica"),
        (
            "m myself,slave x 1\nb master - 2 0-16383", "force",
            "ERR I'm a replica but my master is unknown to me"
        ),
        (
            "m myself,slave b 1\nb master,fail - 2 0-16383", "",
            "ERR Master is down or failed, please use CLUSTER FAILOVER FORCE"
        ),
        ("m myself,slave b 1\nb master - 2 0-16383", "now", "ERR syntax error"),
    ])
    func `what FAILOVER refuses`(lines: String, option: String, text: String) {
        var node = TestNode(lines, calm: false)
        #expect(node.reply("failover \(option)") == .error(text))
    }
}
