// What waits for the disk, and what becomes of it when the disk is slow or full.

import ClusterWire
import Testing

@testable import ClusterCore

struct PromisesTests {
    static let shape =
        "m myself,master - 1 0-5460\nb master - 2 5461-10922\nc master - 3 10923-16383"

    @Test func `the save stands before all else that the step asks for`() {
        var node = TestNode("a myself,master - 1 0-5460\nb master - 0 5461-10922")
        let outcome = node.hears(.ping(), from: "b") { $0.configEpoch = 1 }
        guard case .persist(_, sync: true) = outcome.effects.first else {
            Issue.record("\(outcome.effects)")
            return
        }
    }

    @Test func `one step asks for one save, and generations rise by one`() {
        var node = TestNode(Self.shape)
        node.disk = .slow
        var numbers: [UInt64] = []
        for epoch in 20..<25 {
            let saves = node.hears(.ping(), from: "b") { $0.currentEpoch = Epoch(UInt64(epoch)) }
                .saves
            #expect(saves.count == 1)
            numbers += saves.map(\.generation.number)
        }
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 })
    }

    @Test func `headers say only what is on disk`() {
        var node = TestNode(Self.shape)
        node.disk = .slow
        node.command("delslots 5")
        node.command("bumpepoch")
        let said = node.hears(.ping(), from: "b").sent.first?.header
        #expect(said?.slots == slots("0-5460") && said?.configEpoch == 1 && said?.currentEpoch == 9)
        let outcome = node.saved()
        #expect(outcome.sent(.pong).count == 2)
        let now = outcome.sent(.pong).first?.header
        #expect(now?.slots == slots("0-4 6-5460") && now?.configEpoch == 10)
    }

    @Test func `the shard is said with the role that it belongs to, not before`() {
        var node = TestNode("m myself,master - 1\nb master - 2 0-8000\nc master - 3 8001-16383")
        node.disk = .slow
        func shardSaid(_ outcome: Outcome) -> PingExtension.Value? {
            outcome.sent(.pong).first?.body?.heartbeat?.extensions.last?.value
        }
        let own = node.state.me.shard
        node.command("replicate \(id("b"))")
        #expect(node.state.me.shard != own)
        let before = node.hears(.ping(), from: "c") { $0.messageFlags.insert(.extensions) }
        #expect(shardSaid(before) == .shardID(own))
        let after = node.saved()
        #expect(after.sent(.pong).first?.header?.saysMaster == false)
        let said = after.sent(.pong).compactMap {
            $0.body?.heartbeat?.extensions.last?.value
        }
        #expect(said == [.shardID(node.state.me.shard)])
    }

    @Test func `a save is confirmed with all before it, and none after it`() {
        var node = TestNode(Self.shape)
        node.disk = .slow
        node.hears(.ping(), from: "b") { $0.currentEpoch = 20 }
        let first = node.waiting.last
        node.hears(.ping(), from: "b") { $0.currentEpoch = 30 }
        if let first { node.step(.persisted(first)) }
        #expect(node.hears(.ping(), from: "b").sent.first?.header?.currentEpoch == 20)
        node.saved()
        #expect(node.hears(.ping(), from: "b").sent.first?.header?.currentEpoch == 30)
    }

    @Test func `a failed save is tried again after a second, and its end is told`() {
        var node = TestNode(Self.shape)
        node.disk = .full
        let outcome = node.hears(.ping(), from: "b") { $0.currentEpoch = 20 }
        #expect(outcome.notes.contains(.saveFailed(TestNode.fault)))
        #expect(node.advance(900).saves.isEmpty, "not in a hurry")
        node.disk = .prompt
        let later = node.advance(100)
        #expect(later.saves.map(\.sync) == [true])
        #expect(later.notes.contains(.saveRecovered))
        #expect(node.hears(.ping(), from: "b").sent.first?.header?.currentEpoch == 20)
    }

    @Test func `a disk that stalls does not make memory grow`() {
        var node = TestNode(Self.shape)
        node.disk = .slow
        for epoch in 20..<1000 {
            node.hears(.ping(), from: "b") { $0.currentEpoch = Epoch(UInt64(epoch)) }
        }
        #expect(node.state.durability.underway.count == ClusterConfig.savesUnderwayLimit)
        node.saved()
        node.saved()
        #expect(node.hears(.ping(), from: "b").sent.first?.header?.currentEpoch == 999)
    }

    @Test func `a promise whose save failed waits for a later save that holds it too`() {
        var node = TestNode(VotingTests.shape)
        node.learnsFailure(of: "b", from: "c")
        node.disk = .slow
        _ = VotingTests.ask(&node)
        let first = node.waiting.last
        node.hears(.ping(), from: "c") { $0.currentEpoch = 30 }
        guard let first else { return }
        let failed = node.step(.persistFailed(first, TestNode.fault))
        #expect(!failed.notes.contains(.voteWithdrawn(to: id("r"), 10, TestNode.fault)))
        #expect(node.saved().sent(.vote).map(\.header?.currentEpoch) == [10])
    }

    @Test func `a save without sync that succeeds meanwhile does not release it`() throws {
        var node = TestNode(VotingTests.shape)
        node.learnsFailure(of: "b", from: "c")
        node.disk = .slow
        _ = VotingTests.ask(&node)
        let first = try #require(node.waiting.last)
        let second = try #require(node.hears(.ping(), from: "c") { $0.port = 7999 }.saves.last)
        #expect(!second.sync)
        node.hears(.ping(), from: "c") { $0.currentEpoch = 30 }
        node.step(.persistFailed(first, TestNode.fault))
        #expect(node.step(.persisted(second.generation)).sent(.vote).isEmpty)
        #expect(node.saved().sent(.vote).count == 1)
    }

    @Test func `what became of a save that is over is old news`() {
        var node = TestNode(Self.shape)
        #expect(node.step(.persisted(Generation(0))).effects.isEmpty)
        #expect(node.step(.persistFailed(Generation(0), TestNode.fault)).effects.isEmpty)
    }

    @Test func `a hard reset ends all promises, and a soft one says nothing before the disk`() {
        var node = TestNode(VotingTests.shape)
        node.learnsFailure(of: "b", from: "c")
        node.disk = .slow
        _ = VotingTests.ask(&node)
        node.command("reset soft")
        let answer = node.hears(.ping(), from: "x").sent.first?.header
        #expect(answer?.currentEpoch == 9 && answer?.sender == id("m"))
        #expect(node.saved().sent(.vote).isEmpty)
        #expect(node.hears(.ping(), from: "x").sent.first?.header?.currentEpoch == 10)

        var hard = TestNode(Self.shape)
        hard.disk = .slow
        hard.command("reset hard")
        let reborn = hard.hears(.ping(), from: "x").sent.first?.header
        #expect(reborn?.sender != id("m") && reborn?.slots.isEmpty == true)
        #expect(reborn?.currentEpoch == 0 && reborn?.configEpoch == 0)
    }

    @Test func `what was being saved before a hard reset is not said after it`() throws {
        var node = TestNode(Self.shape)
        node.disk = .slow
        node.command("delslots 5")
        let old = try #require(node.waiting.last)
        node.command("reset hard")
        node.step(.persisted(old))
        let said = node.hears(.ping(), from: "x").sent.first?.header
        #expect(said?.slots.isEmpty == true && said?.configEpoch == 0 && said?.currentEpoch == 0)
    }

    @Test func `demotion ends a victory that waits for the disk`() {
        var node = TestNode(ElectionTests.shape + "\ns slave a 1")
        node.pass(1)
        node.hears(.ping(), from: "s")
        _ = ElectionTests.learnsFailure(&node)
        node.disk = .slow
        _ = ElectionTests.votes(&node, from: "bc")
        #expect(node.state.me.isMaster)
        node.hears(.pong(), from: "s") {
            $0.replicaOf = .zero
            $0.flags = [.myself, .master]
            $0.configEpoch = 15
            $0.currentEpoch = 15
            $0.slots = slots("0-5460")
        }
        #expect(node.state.me.role == .replica(of: id("s")))
        node.savesFailed()
        #expect(node.state.me.role == .replica(of: id("s")), "not a's again")
        #expect(node.owner(5) == "s")
    }
}

struct SettleTests {
    @Test func `a broadcast that was asked for without a change is sent at once`() {
        var node = TestNode(PromisesTests.shape)
        var config = node.machine.config
        config.announcePort = 7999
        let outcome = node.step(.configure(config))
        #expect(outcome.receivers(of: .pong) == "bc")
        #expect(outcome.sent(.pong).allSatisfy { $0.header?.port == 7999 })
    }

    @Test func `an input that changes nothing asks for nothing`() {
        var node = TestNode(PromisesTests.shape)
        #expect(node.step(.store(StoreReport())).effects.isEmpty)
        #expect(node.step(.persisted(Generation(0))).effects.isEmpty)
    }
}
