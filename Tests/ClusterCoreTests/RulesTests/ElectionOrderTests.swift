// Masters that failed together: whose turn it is to be replaced, and what a candidate does that another
// one meets.

import ClusterWire
import Testing

@testable import ClusterCore

struct ElectionOrderTests {
    @Test func `replicas of masters that failed together do not ask at the same moment`() {
        let lines = """
            m myself,slave b 2
            a master - 1 0-5000
            b master - 2 5001-10922
            c master - 3 10923-13000
            d master - 4 13001-15000
            e master - 5 15001-16383
            r slave a 1
            """
        var node = TestNode(lines)
        node.learnsFailure(of: "a", from: "c")
        let outcome = node.learnsFailure(of: "b", from: "c")
        #expect(
            outcome.notes.contains(.electionScheduled(delay: 250, rank: 0, offset: 0)))
        #expect(outcome.sent(.voteRequest).isEmpty)
        #expect(!node.advance(300).sent(.voteRequest).isEmpty)
        // The master with the smaller shard id comes first.
        var first = TestNode(
            lines.replacing("myself,slave b 2", with: "myself,slave a 1")
                .replacing("r slave a 1", with: "r slave b 2"))
        first.learnsFailure(of: "b", from: "c")
        #expect(!first.learnsFailure(of: "a", from: "c").sent(.voteRequest).isEmpty)
    }

    /// Masters a, b and d fail together; m stands for b after whoever stands for a.
    private static func thirdOfThree() -> TestNode {
        var node = TestNode(
            """
            m myself,slave d 4
            a master - 1 0-3000
            b master - 2 3001-6000
            d master - 4 6001-9000
            e master - 5 9001-12000
            f master - 6 12001-14000
            g master - 7 14001-15000
            h master - 8 15001-16383
            r slave a 1
            s slave b 2
            """)
        for letter in "abd" { node.learnsFailure(of: letter, from: "e") }
        return node
    }

    private static func takeOver(
        _ node: inout TestNode, _ successor: Character, _ range: String
    ) -> Outcome {
        let epoch = node.state.currentEpoch.next
        return node.hears(.pong(), from: successor) {
            $0.flags = [.myself, .master]
            $0.replicaOf = .zero
            ($0.configEpoch, $0.currentEpoch) = (epoch, epoch)
            $0.slots = slots(range)
        }
    }

    @Test func `when those before it are replaced, a replica's turn comes at once`() {
        var node = Self.thirdOfThree()
        #expect(Self.takeOver(&node, "r", "0-3000").sent(.voteRequest).isEmpty)
        #expect(!Self.takeOver(&node, "s", "3001-6000").sent(.voteRequest).isEmpty)
    }

    @Test func `one that was passed over is not waited for again`() {
        var node = Self.thirdOfThree()
        #expect(!Self.takeOver(&node, "s", "3001-6000").sent(.voteRequest).isEmpty)
    }

    @Test func `whoever is first after one was replaced has all of its time`() {
        var node = Self.thirdOfThree()
        node.pass(200)
        #expect(Self.takeOver(&node, "r", "0-3000").sent(.voteRequest).isEmpty)
        #expect(node.advance(200).sent(.voteRequest).isEmpty)
        #expect(!node.advance(100).sent(.voteRequest).isEmpty)
    }

    // MARK: One request after the other

    /// Five masters, of which a and b have failed: every other one has to vote. m stands for `letter`, and
    /// another replica, r, for the other one.
    private static func oneOfTwo(standingFor letter: Character) -> TestNode {
        let other: Character = letter == "a" ? "b" : "a"
        var node = TestNode(
            """
            m myself,slave \(letter) 1
            a master - 1 0-3000
            b master - 1 3001-6000
            c master - 3 6001-9000
            d master - 4 9001-12000
            e master - 5 12001-16383
            r slave \(other) 1
            """)
        node.learnsFailure(of: other, from: "c")
        return node
    }

    /// r asks for votes.
    private static func rival(_ node: inout TestNode, _ epoch: UInt64) -> Outcome {
        node.hears(.voteRequest, from: "r") { $0.currentEpoch = Epoch(epoch) }
    }

    private static func timers(_ outcome: Outcome, _ node: TestNode) -> [Int64] {
        outcome.effects.compactMap {
            if case .timer(let time) = $0 { time - node.now.monotonic } else { nil }
        }
    }

    @Test func `where no vote can be spared, the next asks when the one before must be through`() {
        var node = Self.oneOfTwo(standingFor: "b")
        node.learnsFailure(of: "b", from: "c")
        let heard = Self.rival(&node, 10)
        #expect(heard.sent(.voteRequest).isEmpty)
        // Two slow round trips of 10 ms, with 20 ms for the disk each.
        #expect(Self.timers(heard, node) == [60])
        node.pass(59)
        #expect(node.step(.timer).sent(.voteRequest).isEmpty)
        node.pass(1)
        let outcome = node.step(.timer)
        #expect(outcome.receivers(of: .voteRequest) == "cder")
        #expect(outcome.sent(.voteRequest).allSatisfy { $0.header?.currentEpoch == 11 })
    }

    @Test func `where votes can be spared, the next waits a part of the delay of messages`() {
        var node = TestNode(
            """
            m myself,slave b 2
            a master - 1 0-2000
            b master - 2 2001-4000
            c master - 3 4001-6000
            d master - 4 6001-8000
            e master - 5 8001-10000
            f master - 6 10001-12000
            g master - 7 12001-14000
            h master - 8 14001-16383
            r slave a 1
            """)
        node.learnsFailure(of: "a", from: "c")
        node.learnsFailure(of: "b", from: "c")
        #expect(Self.timers(Self.rival(&node, 10), node) == [2])
    }

    @Test func `what an operator asks for is nobody's turn`() {
        var node = Self.oneOfTwo(standingFor: "b")
        node.learnsFailure(of: "b", from: "c")
        let outcome = node.hears(.voteRequest, from: "r") {
            $0.currentEpoch = 10
            $0.messageFlags.insert(.forceAck)
        }
        #expect(Self.timers(outcome, node).isEmpty && outcome.sent(.voteRequest).isEmpty)
    }

    @Test func `a request that has not left steps back for another of its epoch`() {
        var node = Self.oneOfTwo(standingFor: "a")
        node.disk = .slow
        #expect(
            node.learnsFailure(of: "a", from: "c").notes.contains(
                .electionStarted(10, forced: false)))
        #expect(Self.rival(&node, 10).notes.contains(.electionExpired(10)))
        #expect(node.saved().sent(.voteRequest).isEmpty)
        node.pass(60)
        #expect(node.step(.timer).notes.contains(.electionStarted(11, forced: false)))
    }

    @Test
    func `of two that asked in one epoch the later shard gives way, and asks when all is quiet`() {
        var node = Self.oneOfTwo(standingFor: "b")
        node.learnsFailure(of: "b", from: "c")
        // Its turn came because nothing was heard of r.
        #expect(node.advance(300).notes.contains(.electionStarted(10, forced: false)))
        #expect(Self.rival(&node, 10).notes.contains(.electionExpired(10)))
        node.hears(.vote, from: "c") { $0.currentEpoch = 10 }
        #expect(node.state.election.candidacy?.poll == nil)
        node.pass(100)
        #expect(node.step(.timer).sent(.voteRequest).isEmpty)
        let later = node.advance(400)
        #expect(later.notes.contains(.electionStarted(11, forced: false)))
    }

    @Test func `of two that asked in one epoch the earlier shard goes on and may win`() {
        var node = Self.oneOfTwo(standingFor: "a")
        node.learnsFailure(of: "a", from: "c")
        _ = Self.rival(&node, 10)
        for letter in "cde" { node.hears(.vote, from: letter) }
        #expect(node.state.me.isMaster && node.state.me.configEpoch == 10)
    }

    @Test func `who was overtaken and lacks votes asks again, and not before they could have come`()
    {
        var node = Self.oneOfTwo(standingFor: "a")
        node.learnsFailure(of: "a", from: "c")
        node.hears(.vote, from: "c")
        let overtaken = Self.rival(&node, 11)
        // A thirtieth of the node timeout, and no votes by then.
        #expect(Self.timers(overtaken, node).last == 166)
        node.pass(165)
        #expect(node.step(.timer).notes.isEmpty)
        node.pass(1)
        let outcome = node.step(.timer)
        #expect(outcome.notes.contains(.electionExpired(10)))
        #expect(outcome.notes.contains(.electionStarted(12, forced: false)))
    }

    @Test func `votes of its own epoch still elect who was overtaken`() {
        var node = Self.oneOfTwo(standingFor: "a")
        node.learnsFailure(of: "a", from: "c")
        _ = Self.rival(&node, 11)
        for letter in "cde" { node.hears(.vote, from: letter) { $0.currentEpoch = 10 } }
        #expect(node.state.me.isMaster && node.state.me.configEpoch == 10)
    }

    // MARK: Votes that do not come

    @Test func `whoever has not voted after a slow round trip is asked on the connection it made`()
    {
        var node = Self.oneOfTwo(standingFor: "a")
        let asked = node.learnsFailure(of: "a", from: "c")
        node.hears(.vote, from: "c")
        for letter in "de" { _ = node.inbound(letter) }
        let time = Self.timers(asked, node).last ?? 0
        node.pass(time - 1)
        #expect(node.step(.timer).sent(.voteRequest).isEmpty)
        node.pass(1)
        let again = node.step(.timer)
        #expect(again.sent(.voteRequest).map(\.link) == [node.inbound("d"), node.inbound("e")])
        #expect(again.sent(.voteRequest).allSatisfy { $0.header?.currentEpoch == 10 })
        #expect(node.advance(200).sent(.voteRequest).isEmpty, "once")
    }

    @Test func `nobody is asked again in an epoch that is over`() {
        var node = Self.oneOfTwo(standingFor: "a")
        node.learnsFailure(of: "a", from: "c")
        node.hears(.ping(), from: "d") { $0.currentEpoch = 12 }
        #expect(node.advance(300).sent(.voteRequest).isEmpty)
    }

    @Test func `an election is over when too many say that they do not vote`() {
        var node = Self.oneOfTwo(standingFor: "a")
        node.learnsFailure(of: "a", from: "c")
        func nack(_ epoch: UInt8) -> Body {
            .unknown(
                .voteRefusal, [0, 0, 0, 0, 0, 0, 0, epoch, 4] + [UInt8](repeating: 0, count: 7))
        }
        for letter in "rcc" { node.hears(nack(10), from: letter) }
        #expect(node.hears(nack(9), from: "d").notes.isEmpty)
        #expect(node.hears(nack(10), from: "d").notes.isEmpty, "three of five may still vote")
        let outcome = node.hears(nack(10), from: "e")
        #expect(outcome.notes.contains(.electionExpired(10)))
        #expect(outcome.notes.contains(.electionStarted(11, forced: false)))
    }
}

struct RoundTripsTests {
    private static func summary(_ times: [Int64]) -> RoundTrips.Summary {
        var trips = RoundTrips()
        for time in times { trips.add(time) }
        return trips.summary
    }

    @Test func `the slow delay is half of the slowest tenth's quickest round trip`() {
        let summary = Self.summary(Array(11...110))
        #expect(summary.slowDelay == 50)
        #expect(summary.spread == 39, "both ways took at least what the quickest answer took")
        #expect(summary.lateShare == 0)
    }

    @Test func `what was lost and sent again is not taken for slow, and counts as lost`() {
        let summary = Self.summary([Int64](repeating: 20, count: 99) + [320])
        #expect(summary.slowDelay == 10)
        #expect(summary.lateShare == 0.005)
    }

    @Test func `only the newest answers count, but for the quickest`() {
        let times = [10] + [Int64](repeating: 100, count: RoundTrips.kept)
        let summary = Self.summary(times)
        #expect(summary.slowDelay == 50 && summary.spread == 40)
    }

    @Test func `nothing is quicker than the clock of steps`() {
        #expect(Self.summary([]).slowDelay == 5)
        #expect(Self.summary([0, 0, 1]).slowDelay == 5 && Self.summary([0, 0, 1]).spread == 5)
    }
}
