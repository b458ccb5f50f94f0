// The candidate's side: when a replica stands, what it asks and when, and what makes it win.

import ClusterWire
import Testing

@testable import ClusterCore

struct ElectionTests {
    /// m is a replica of a; a, b and c are masters.
    static let shape = """
        m myself,slave a 1
        a master - 1 0-5460
        b master - 2 5461-10922
        c master - 3 10923-16383
        """

    /// a has failed, and m knows it.
    static func replicaOfFailedMaster(
        _ lines: String = shape, _ adjust: (inout ClusterConfig) -> Void = { _ in }
    ) -> TestNode {
        var node = TestNode(lines, adjust)
        node.silent = ["a"]
        return node
    }

    static func learnsFailure(_ node: inout TestNode) -> Outcome {
        node.learnsFailure(of: "a", from: "b")
    }

    static func votes(_ node: inout TestNode, from letters: String) -> Outcome {
        var all = Outcome()
        for letter in letters {
            all.effects += node.hears(.vote, from: letter).effects
        }
        return all
    }

    @Test func `a replica without siblings asks as soon as its master has failed`() {
        var node = Self.replicaOfFailedMaster()
        let outcome = Self.learnsFailure(&node)
        #expect(outcome.notes.contains(.electionStarted(10, forced: false)))
        #expect(outcome.receivers(of: .voteRequest) == "bc")
        #expect(outcome.sent(.voteRequest).allSatisfy { $0.header?.currentEpoch == 10 })
        #expect(outcome.sent(.voteRequest).allSatisfy { $0.header?.slots == slots("0-5460") })
        #expect(outcome.sent(.voteRequest).allSatisfy { $0.header?.configEpoch == 1 })
        #expect(outcome.sent(.voteRequest).allSatisfy { $0.header?.messageFlags == [] })
    }

    @Test func `each voter hears of the failure before the request on the same link`() {
        var node = Self.replicaOfFailedMaster()
        let outcome = Self.learnsFailure(&node)
        for voter in "bc" {
            let types = outcome.sent.filter { $0.to == voter }.map(\.message.type)
            let fail = types.firstIndex(of: .fail) ?? .max
            #expect(fail < types.firstIndex(of: .voteRequest) ?? -1)
        }
    }

    @Test func `a request leaves only when its epoch is on disk`() {
        var node = Self.replicaOfFailedMaster()
        node.disk = .slow
        let outcome = Self.learnsFailure(&node)
        #expect(outcome.sent(.voteRequest).isEmpty)
        // Heartbeats go on and say the old epoch.
        let pings = node.advance(5000).sent(.ping)
        #expect(!pings.isEmpty && pings.allSatisfy { $0.header?.currentEpoch == 9 })
        #expect(node.saved().receivers(of: .voteRequest) == "bc")
    }

    @Test func `a request whose save failed is withdrawn, and epochs are not spent in a hurry`() {
        var node = Self.replicaOfFailedMaster()
        node.disk = .full
        let outcome = Self.learnsFailure(&node)
        #expect(outcome.notes.contains(.claimWithdrawn(10, TestNode.fault)))
        #expect(outcome.sent(.voteRequest).isEmpty)
        let later = node.advance(3000)
        #expect(later.sent(.voteRequest).isEmpty)
        #expect(node.state.currentEpoch <= 14, "\(node.state.currentEpoch) after 3 s")
        node.disk = .prompt
        #expect(!node.advance(1500).sent(.voteRequest).isEmpty)
    }

    @Test func `a newer epoch that comes while the request is saved makes it ask anew`() {
        var node = Self.replicaOfFailedMaster()
        node.disk = .slow
        _ = Self.learnsFailure(&node)
        node.hears(.ping(), from: "c") { $0.currentEpoch = 20 }
        #expect(node.saved().sent(.voteRequest).isEmpty)
        let outcome = node.saved()
        #expect(outcome.sent(.voteRequest).count == 2)
        #expect(outcome.sent(.voteRequest).allSatisfy { $0.header?.currentEpoch == 21 })
    }

    @Test(arguments: ["ping", "update"])
    func `an epoch that another takes for itself while votes are asked for is given up`(
        _ way: String
    ) {
        var node = Self.replicaOfFailedMaster()
        _ = Self.learnsFailure(&node)
        _ = Self.votes(&node, from: "b")
        let update = SlotUpdate(configEpoch: 10, node: id("b"), slots: slots("5461-10922"))
        let outcome =
            way == "ping"
            ? node.hears(.ping(), from: "b") { ($0.currentEpoch, $0.configEpoch) = (10, 10) }
            : node.hears(.update(update), from: "c")
        #expect(outcome.notes.contains(.electionExpired(10)))
        #expect(
            node.state.election.candidacy?.poll == nil, "votes of the epoch before do not count")
        #expect(outcome.sent(.voteRequest).isEmpty, "epochs are not spent in a hurry")
        let later = node.advance(200)
        #expect(later.receivers(of: .voteRequest).hasPrefix("bc"))
        #expect(later.sent(.voteRequest).allSatisfy { $0.header?.currentEpoch == 11 })
    }

    @Test func `an epoch beyond that of the election leaves it as it is`() {
        var node = Self.replicaOfFailedMaster()
        _ = Self.learnsFailure(&node)
        node.hears(.ping(), from: "b") {
            $0.currentEpoch = 12
            $0.configEpoch = 12
        }
        #expect(node.state.election.candidacy?.epoch == 10)
    }

    @Test func `a majority of voters wins`() {
        var node = Self.replicaOfFailedMaster()
        _ = Self.learnsFailure(&node)
        #expect(!Self.votes(&node, from: "b").notes.contains(.electionWon(10, votes: 1)))
        #expect(node.state.me.role == .replica(of: id("a")))
        let outcome = node.hears(.vote, from: "c")
        #expect(outcome.notes.contains(.electionWon(10, votes: 2)))
        #expect(node.state.me.role == .master)
        #expect(node.state.me.configEpoch == 10)
        #expect(node.state.me.slots == slots("0-5460"))
        #expect(outcome.effects.contains(.replicate(from: nil)))
        let claims = outcome.sent(.pong)
        #expect(String(claims.compactMap(\.to)) == "bc")
        for claim in claims {
            #expect(claim.header?.saysMaster == true)
            #expect(claim.header?.configEpoch == 10)
            #expect(claim.header?.slots == slots("0-5460"))
        }
    }

    @Test func `a victory is said only when it is on disk`() {
        var node = Self.replicaOfFailedMaster()
        _ = Self.learnsFailure(&node)
        node.disk = .slow
        _ = Self.votes(&node, from: "bc")
        #expect(node.state.me.isMaster)
        let answer = node.hears(.ping(), from: "b").sent(.pong)
        #expect(answer.map(\.header?.saysMaster) == [false])
        let outcome = node.saved()
        #expect(outcome.sent(.pong).allSatisfy { $0.header?.saysMaster == true })
        #expect(outcome.receivers(of: .pong) == "bc")
    }

    @Test func `a victory whose save failed is taken back`() {
        var node = Self.replicaOfFailedMaster()
        _ = Self.learnsFailure(&node)
        node.disk = .slow
        _ = Self.votes(&node, from: "bc")
        let outcome = node.savesFailed()
        #expect(outcome.notes.contains(.claimWithdrawn(10, TestNode.fault)))
        #expect(node.state.me.role == .replica(of: id("a")))
        #expect(node.row("a")?.slots == slots("0-5460"))
        #expect(outcome.sent(.pong).allSatisfy { $0.header?.saysMaster == false })
        #expect(outcome.effects.contains(.replicate(from: address("a"))))
    }

    @Test func `a voter counts once, and only masters with slots count`() {
        var node = Self.replicaOfFailedMaster(
            Self.shape + "\nd master - 4\ns slave b 2\nt master - 5")
        _ = Self.learnsFailure(&node)
        _ = Self.votes(&node, from: "bbdst")
        #expect(node.state.me.isMaster == false)
        _ = Self.votes(&node, from: "c")
        #expect(node.state.me.isMaster)
    }

    @Test func `a vote of an older epoch does not count`() {
        var node = Self.replicaOfFailedMaster()
        _ = Self.learnsFailure(&node)
        node.hears(.vote, from: "b") { $0.currentEpoch = 9 }
        node.hears(.vote, from: "c") { $0.currentEpoch = 9 }
        #expect(!node.state.me.isMaster)
    }

    @Test func `votes that come after the election timeout do not win`() {
        var node = Self.replicaOfFailedMaster()
        _ = Self.learnsFailure(&node)
        node.pass(10_001)
        _ = Self.votes(&node, from: "bc")
        #expect(!node.state.me.isMaster)
    }

    @Test func `a lost election is repeated after two node timeouts`() {
        var node = Self.replicaOfFailedMaster { $0.replicaValidityFactor = 0 }
        _ = Self.learnsFailure(&node)
        let early = node.advance(10_000)
        #expect(!early.notes.contains { if case .electionStarted = $0 { true } else { false } })
        let late = node.advance(200)
        #expect(late.notes.contains(.electionExpired(10)))
        #expect(late.notes.contains(.electionStarted(11, forced: false)))
    }

    @Test func `of two siblings the one with more data stands first`() {
        var node = Self.replicaOfFailedMaster(Self.shape + "\ns slave a 1")
        node.step(.store(StoreReport(offset: 100, isEmpty: false, copyAge: 0)))
        node.pass(1)
        node.hears(.ping(), from: "s") { $0.offset = 200 }
        let outcome = Self.learnsFailure(&node)
        #expect(outcome.sent(.voteRequest).isEmpty)
        #expect(outcome.notes.contains(.electionScheduled(delay: 1000, rank: 1, offset: 100)))
        #expect(outcome.receivers(of: .pong) == "s")
        #expect(node.advance(900).sent(.voteRequest).isEmpty)
        #expect(!node.advance(200).sent(.voteRequest).isEmpty)
    }

    @Test func `a replica without a copy stands behind a sibling that holds one`() {
        var node = Self.replicaOfFailedMaster(Self.shape + "\ns slave a 1")
        node.hears(.ping(), from: "a") { $0.offset = 100 }
        node.pass(1)
        node.hears(.ping(), from: "s") { $0.offset = 1 }
        let notes = Self.learnsFailure(&node).notes
        #expect(notes.contains(.electionScheduled(delay: 1000, rank: 1, offset: 0)))
    }

    @Test func `of siblings with equal data the smaller id stands first`() {
        var node = Self.replicaOfFailedMaster(Self.shape + "\ns slave a 1")
        node.pass(1)
        node.hears(.ping(), from: "s")
        #expect(
            Self.learnsFailure(&node).notes
                .contains(.electionScheduled(delay: 0, rank: 0, offset: 0)))
        var second = Self.replicaOfFailedMaster(Self.shape + "\nf slave a 1")
        second.pass(1)
        second.hears(.ping(), from: "f")
        #expect(
            Self.learnsFailure(&second).notes
                .contains(.electionScheduled(delay: 1000, rank: 1, offset: 0)))
    }

    @Test func `siblings that have not told their offset get half a second to do so`() throws {
        var node = Self.replicaOfFailedMaster(Self.shape + "\ns slave a 1")
        node.pass(100)
        node.hears(.ping(), from: "a")
        let notes = Self.learnsFailure(&node).notes
        let delays = notes.compactMap {
            if case .electionScheduled(let delay, _, _) = $0 { delay } else { nil }
        }
        #expect(try (500..<1000).contains(#require(delays.first)))
    }

    @Test func `siblings that wait for each other's offsets do not wait equally long`() {
        let delays = (0..<6).flatMap { seconds in
            var node = Self.replicaOfFailedMaster(Self.shape + "\ns slave a 1")
            // Chance is drawn from each second.
            node.advance(Int64(seconds) * 1000 + 1000)
            node.hears(.ping(), from: "a")
            return Self.learnsFailure(&node).notes.compactMap {
                if case .electionScheduled(let delay, _, _) = $0 { delay } else { nil }
            }
        }
        #expect(delays.count == 6 && Set(delays).count > 3, "\(delays)")
    }

    @Test func `a sibling that never stands or has failed delays nobody`() {
        var node = Self.replicaOfFailedMaster(
            Self.shape + "\nf slave,nofailover a 1\ng slave,fail a 1")
        node.pass(100)
        node.hears(.ping(), from: "a")
        node.learnsFailure(of: "g", from: "b")
        node.hears(.ping(), from: "f") {
            $0.flags.insert(.noFailover)
            $0.offset = 500
        }
        #expect(
            Self.learnsFailure(&node).notes
                .contains(.electionScheduled(delay: 0, rank: 0, offset: 0)))
    }

    @Test func `a sibling whose greater offset comes late delays the election by its rank`() {
        var node = Self.replicaOfFailedMaster(Self.shape + "\ns slave a 1")
        node.pass(100)
        node.hears(.ping(), from: "a")
        _ = Self.learnsFailure(&node)
        node.pass(400)
        node.hears(.pong(), from: "s") { $0.offset = 77 }
        #expect(node.advance(1000).sent(.voteRequest).isEmpty)
        #expect(!node.advance(1000).sent(.voteRequest).isEmpty)
    }

    @Test func `votes for an election against a former master count no more`() {
        var node = Self.replicaOfFailedMaster(Self.shape + "\ns slave a 1")
        node.learnsFailure(of: "s", from: "b")
        _ = Self.learnsFailure(&node)
        // s won: it lives, but we have it from others that it failed.
        node.hears(.pong(), from: "s") {
            $0.replicaOf = .zero
            $0.flags = [.myself, .master]
            $0.configEpoch = 12
            $0.currentEpoch = 12
            $0.slots = slots("0-5460")
        }
        #expect(node.state.me.role == .replica(of: id("s")))
        _ = Self.votes(&node, from: "bc")
        #expect(!node.state.me.isMaster)
    }

    @Test func `a replica that another won over follows the winner`() {
        var node = Self.replicaOfFailedMaster(Self.shape + "\ns slave a 1")
        node.hears(.ping(), from: "s")
        _ = Self.learnsFailure(&node)
        let outcome = node.hears(.pong(), from: "s") {
            $0.replicaOf = .zero
            $0.flags = [.myself, .master]
            $0.configEpoch = 12
            $0.currentEpoch = 12
            $0.slots = slots("0-5460")
        }
        #expect(node.state.me.role == .replica(of: id("s")))
        #expect(outcome.effects.contains(.replicate(from: address("s"))))
        #expect(node.state.election.candidacy == nil)
    }
}
