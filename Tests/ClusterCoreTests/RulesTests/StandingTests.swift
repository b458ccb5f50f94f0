// Which replica stands in an election at all: by the age of its data, what it was told, and its master.

import ClusterWire
import Testing

@testable import ClusterCore

struct StandingTests {
    @Test func `a replica whose data is too old does not stand, and says so once`() {
        var node = ElectionTests.replicaOfFailedMaster { $0.replicaPingPeriod = 0 }
        node.pass(60_000)
        let outcome = ElectionTests.learnsFailure(&node)
        #expect(
            outcome.notes.contains { note in
                if case .electionDeclined(.dataTooOld) = note { true } else { false }
            })
        let later = node.advance(1000)
        #expect(later.sent(.voteRequest).isEmpty)
        #expect(!later.notes.contains { if case .electionDeclined = $0 { true } else { false } })
    }

    @Test func `data age counts from a node timeout on, up to the validity factor`() {
        for (silence, stands) in [(65_000, true), (65_001, false)] {
            var node = ElectionTests.replicaOfFailedMaster {
                $0.replicaValidityFactor = 10
                $0.replicaPingPeriod = 10_000
            }
            node.hears(.ping(), from: "a")
            node.loses("a")
            node.pass(Int64(silence) - 625)
            let asked = !node.hears(.fail(id("a")), from: "b").sent(.voteRequest).isEmpty
            #expect(asked == stands, "\(silence) ms of silence")
        }
    }

    @Test func `a validity factor of 0 takes data of any age`() {
        var node = ElectionTests.replicaOfFailedMaster { $0.replicaValidityFactor = 0 }
        node.pass(10_000_000)
        #expect(!ElectionTests.learnsFailure(&node).sent(.voteRequest).isEmpty)
    }

    @Test func `a replica that never heard its master since its start is too old`() {
        var node = TestNode(ElectionTests.shape, calm: false)
        node.now.monotonic = 10
        node.silent = ["a"]
        node.advance(300)
        #expect(
            ElectionTests.learnsFailure(&node).notes
                .contains(.electionDeclined(reason: .dataTooOld(age: Int64.max / 2 - 5000))))
    }

    @Test func `a replica without a copy does not stand and flags itself so`() {
        var node = ElectionTests.replicaOfFailedMaster { $0.failoverWithoutCopy = false }
        let outcome = ElectionTests.learnsFailure(&node)
        #expect(outcome.notes.contains(.electionDeclined(reason: .noCopy)))
        #expect(
            node.hears(.ping(), from: "b").sent(.pong).first?.header?.flags
                .contains(.noFailover) == true)
    }

    @Test func `a replica with a copy of its own stands by the age of that copy`() {
        var node = ElectionTests.replicaOfFailedMaster { $0.failoverWithoutCopy = false }
        node.step(.store(StoreReport(offset: 40, isEmpty: false, copyAge: 100)))
        #expect(ElectionTests.learnsFailure(&node).sent(.voteRequest).first?.header?.offset == 40)
    }

    @Test func `a replica that is told never to stand does not`() {
        var node = ElectionTests.replicaOfFailedMaster { $0.replicaNoFailover = true }
        #expect(
            ElectionTests.learnsFailure(&node).notes.contains(.electionDeclined(reason: .disabled)))
    }

    @Test func `a replica that is told so while its election goes on gives it up`() {
        var node = ElectionTests.replicaOfFailedMaster()
        _ = ElectionTests.learnsFailure(&node)
        var config = node.machine.config
        config.replicaNoFailover = true
        node.step(.configure(config))
        #expect(node.tick().notes.contains(.electionDeclined(reason: .disabled)))
        _ = ElectionTests.votes(&node, from: "bc")
        #expect(!node.state.me.isMaster && node.state.election.candidacy == nil)
    }

    @Test func `a replica that may stand again does not flag itself any more`() {
        var node = ElectionTests.replicaOfFailedMaster { $0.replicaNoFailover = true }
        func isFlagged() -> Bool? {
            let answer = node.hears(.ping(), from: "b").sent(.pong).first
            return answer?.header?.flags.contains(.noFailover)
        }
        #expect(isFlagged() == true)
        var config = node.machine.config
        config.replicaNoFailover = false
        node.step(.configure(config))
        #expect(isFlagged() == false)
    }

    @Test func `nobody stands for a master without slots`() {
        var node = ElectionTests.replicaOfFailedMaster(
            "m myself,slave a 1\na master - 1\nb master - 2 0-10922\nc master - 3 10923-16383")
        let outcome = ElectionTests.learnsFailure(&node)
        #expect(
            outcome.notes == [
                .failureReported(id("a"), by: id("b")), .failReceived(id("a"), from: id("b")),
            ])
    }

    @Test func `nobody stands while the master is only suspected`() {
        var node = ElectionTests.replicaOfFailedMaster()
        #expect(node.advance(9000).sent(.voteRequest).isEmpty)
        #expect(node.row("a")?.condition.isPFail == true)
    }
}
