// The voter's side: each reason for which a vote is refused, and that a vote given is on disk first.

import ClusterWire
import Determinism
import Testing

@testable import ClusterCore

struct VotingTests {
    /// m, b and c are masters, r is a replica of b, and b has failed.
    static let shape = """
        m myself,master - 1 0-5460
        b master - 2 5461-10922
        c master - 3 10923-16383
        r slave b 2
        """

    static func electorate(_ lines: String = shape) -> TestNode {
        var node = TestNode(lines)
        node.learnsFailure(of: "b", from: "c")
        return node
    }

    /// r asks for votes in the next epoch.
    static func ask(
        _ node: inout TestNode, _ change: (inout Header) -> Void = { _ in }
    ) -> Outcome {
        let epoch = node.state.currentEpoch.next
        return node.hears(.voteRequest, from: "r") {
            $0.currentEpoch = epoch
            change(&$0)
        }
    }

    @Test func `a vote is given to a replica of a failed master`() {
        var node = Self.electorate()
        let outcome = Self.ask(&node)
        #expect(outcome.notes.contains(.voteGranted(to: id("r"), 10)))
        #expect(outcome.receivers(of: .vote) == "r")
        #expect(node.state.lastVoteEpoch == 10)
    }

    @Test func `a vote leaves only when it is on disk`() {
        var node = Self.electorate()
        node.disk = .slow
        let outcome = Self.ask(&node)
        #expect(outcome.sent(.vote).isEmpty)
        #expect(outcome.saves.map(\.sync) == [true])
        let later = node.saved()
        #expect(later.receivers(of: .vote) == "r")
    }

    @Test func `a vote whose save failed is withdrawn and stays spent`() {
        var node = Self.electorate()
        node.disk = .slow
        _ = Self.ask(&node)
        let outcome = node.savesFailed()
        #expect(outcome.sent(.vote).isEmpty)
        #expect(outcome.notes.contains(.voteWithdrawn(to: id("r"), 10, TestNode.fault)))
        #expect(node.state.lastVoteEpoch == 10)
        node.disk = .prompt
        node.advance(2000)
        #expect(node.hears(.voteRequest, from: "r").refusals == [.alreadyVoted(in: 10)])
    }

    @Test func `who is not a voting master does not vote`() {
        var replica = Self.electorate(
            """
            m myself,slave c 3
            b master - 2 0-10922
            c master - 3 10923-16383
            r slave b 2
            """)
        #expect(Self.ask(&replica).refusals == [.notAVoter])
        var empty = Self.electorate(
            """
            m myself,master - 1
            b master - 2 0-10922
            c master - 3 10923-16383
            r slave b 2
            """)
        #expect(Self.ask(&empty).refusals == [.notAVoter])
    }

    @Test func `a request of an older epoch is refused`() {
        var node = Self.electorate()
        let outcome = Self.ask(&node) { $0.currentEpoch = 8 }
        #expect(outcome.refusals == [.epochTooOld(requested: 8, current: 9)])
    }

    @Test func `one vote is given in an epoch`() {
        var node = Self.electorate(Self.shape + "\ns slave b 2")
        _ = Self.ask(&node)
        let outcome = node.hears(.voteRequest, from: "s")
        #expect(outcome.refusals == [.alreadyVoted(in: 10)])
        #expect(outcome.sent(.vote).isEmpty)
    }

    @Test func `the last vote is remembered across a restart`() throws {
        var node = Self.electorate()
        _ = Self.ask(&node)
        var random = SplitMix64(seed: 1)
        let text = NodesFile.text(node.state, node.now)
        let state = try NodesFile.parse(Array(text.utf8), at: node.now, random: &random)
        var again = TestNode(
            machine: Machine(state: state, config: node.machine.config, random: random))
        again.advance(300)
        again.learnsFailure(of: "b", from: "c")
        #expect(again.hears(.voteRequest, from: "r").refusals == [.alreadyVoted(in: 10)])
    }

    @Test func `a master gets no vote`() {
        var node = Self.electorate()
        let outcome = node.hears(.voteRequest, from: "c") { $0.currentEpoch = 10 }
        #expect(outcome.refusals == [.requesterIsMaster])
    }

    @Test func `a replica of a master that we do not know gets no vote`() {
        var node = Self.electorate(Self.shape + "\ns master - 4")
        node.hears(.ping(), from: "s") {
            ($0.replicaOf, $0.flags) = (id("x"), [.myself, .replica])
        }
        let outcome = node.hears(.voteRequest, from: "s") {
            ($0.currentEpoch, $0.replicaOf) = (10, id("x"))
        }
        #expect(outcome.refusals == [.masterUnknown])
    }

    @Test func `a replica of a master that has not failed gets no vote`() {
        var node = TestNode(Self.shape)
        #expect(Self.ask(&node).sent(.vote).isEmpty)
        #expect(node.advance(2800).refusals == [.masterNotFailed(id("b"))])
        #expect(node.state.lastVoteEpoch == 0)
    }

    @Test func `a suspicion alone is no failure`() {
        var node = TestNode(Self.shape)
        node.silent = ["b"]
        node.advance(9000)
        #expect(node.row("b")?.condition.isPFail == true)
        #expect(Self.ask(&node).sent(.vote).isEmpty)
        #expect(node.advance(2800).refusals == [.masterNotFailed(id("b"))])
    }

    @Test func `a request that comes before the failure is judged in the step that decides it`() {
        var node = TestNode(Self.shape)
        let asked = Self.ask(&node)
        #expect(asked.notes.contains(.voteDeferred(to: id("r"), 10)))
        #expect(asked.receivers(of: .ping) == "b", "its master is asked")
        node.silent = ["b"]
        let outcome = node.learnsFailure(of: "b", from: "c")
        #expect(outcome.receivers(of: .vote) == "r")
        #expect(node.state.lastVoteEpoch == 10)
    }

    @Test
    func `the newest request of a candidate is kept, and judged if its epoch is the present one`() {
        var node = TestNode(Self.shape)
        _ = Self.ask(&node)
        _ = Self.ask(&node)
        #expect(
            node.learnsFailure(of: "b", from: "c").sent(.vote).map(\.header?.currentEpoch) == [11])
        var late = TestNode(Self.shape)
        _ = Self.ask(&late)
        late.hears(.ping(), from: "c") { $0.currentEpoch = 12 }
        let outcome = late.learnsFailure(of: "b", from: "c")
        #expect(outcome.refusals == [.epochTooOld(requested: 10, current: 12)])
        #expect(outcome.sent(.vote).isEmpty)
    }

    @Test func `a node that answers is not failed, and its replica gets no vote`() {
        var node = TestNode(Self.shape)
        _ = Self.ask(&node)
        node.hears(.fail(id("b")), from: "r")
        #expect(node.hears(.pong(), from: "b", on: .outbound).notes.contains(.failRefuted(id("b"))))
        let later = node.advance(2800)
        #expect(later.sent(.vote).isEmpty && later.refusals == [.masterNotFailed(id("b"))])
    }

    @Test func `an operator's failover does not hold up the next real one`() {
        var node = Self.electorate(Self.shape + "\ns slave b 2")
        _ = Self.ask(&node) { $0.messageFlags.insert(.forceAck) }
        node.pass(100)
        let outcome = node.hears(.voteRequest, from: "s") { $0.currentEpoch = 11 }
        #expect(outcome.receivers(of: .vote) == "s")
    }

    @Test
    func `the same candidate is voted for again in a newer epoch, and its siblings wait no longer`()
    {
        var node = Self.electorate(Self.shape + "\ns slave b 2")
        _ = Self.ask(&node)
        node.pass(9000)
        #expect(Self.ask(&node).receivers(of: .vote) == "r")
        node.pass(1000)
        let sibling = node.hears(.voteRequest, from: "s") { $0.currentEpoch = 12 }
        #expect(sibling.receivers(of: .vote) == "s")
    }

    @Test func `a vote that is asked for again is said again on the candidate's connection`() {
        var node = Self.electorate()
        node.disk = .slow
        _ = Self.ask(&node)
        let early = node.hears(.voteRequest, from: "r") { $0.currentEpoch = 10 }
        #expect(early.sent(.vote).isEmpty, "it is not on disk")
        _ = node.saved()
        let again = node.hears(.voteRequest, from: "r") { $0.currentEpoch = 10 }
        #expect(again.sent(.vote).map(\.link) == [node.inbound("r")])
        #expect(again.sent(.vote).map(\.header?.currentEpoch) == [10])
    }

    @Test func `an operator's failover needs no failure`() {
        var node = TestNode(Self.shape)
        let outcome = Self.ask(&node) { $0.messageFlags.insert(.forceAck) }
        #expect(outcome.receivers(of: .vote) == "r")
    }

    @Test func `replicas of one master get one vote in two node timeouts`() {
        var node = Self.electorate(Self.shape + "\ns slave b 2")
        _ = Self.ask(&node)
        node.pass(9999)
        let early = node.hears(.voteRequest, from: "s") { $0.currentEpoch = 11 }
        #expect(early.refusals == [.votedRecently(milliseconds: 9999)])
        node.pass(1)
        let late = node.hears(.voteRequest, from: "s") { $0.currentEpoch = 12 }
        #expect(late.receivers(of: .vote) == "s")
    }

    @Test func `a claim on slots that are owned at a newer epoch gets no vote but an UPDATE`() {
        var node = Self.electorate()
        let outcome = Self.ask(&node) { $0.slots.insert(slot(16000)) }
        #expect(
            outcome.refusals == [.slotsOwnedByNewer(slot(16000), owner: id("c"), epoch: 3)])
        #expect(outcome.receivers(of: .update) == "r")
    }

    @Test func `a stranger gets no vote`() {
        var node = Self.electorate()
        let outcome = node.hears(.voteRequest, from: "x") { $0.currentEpoch = 10 }
        #expect(outcome.sent.isEmpty)
        #expect(outcome.notes.contains(.ignored(.unknownNodeSent(.voteRequest), from: id("x"))))
        #expect(node.state.lastVoteEpoch == 0 && node.state.currentEpoch == 9)
    }

    @Test func `a vote goes over the candidate's link when ours does not stand`() {
        var node = Self.electorate()
        node.silent = ["r"]
        if let handle = node.state.nodes.find(id("r")),
            let link = node.state.nodes[handle].outbound.id
        {
            node.step(.linkClosed(link))
        }
        let outcome = Self.ask(&node)
        #expect(outcome.sent(.vote).map(\.link) == [node.inbound("r")])
    }

    @Test func `a vote says the epoch it was given in, however late it leaves`() {
        var node = Self.electorate()
        node.disk = .slow
        _ = Self.ask(&node)
        // A newer epoch is heard while the vote waits for the disk, and is saved with it.
        node.hears(.ping(), from: "c") { $0.currentEpoch = 14 }
        let outcome = node.saved()
        #expect(outcome.sent(.vote).map(\.header?.currentEpoch) == [10])
    }
}
