// Who speaks, and what strangers and liars may do: be answered, and nothing else.

import ClusterWire
import Determinism
import Testing

@testable import ClusterCore

struct ReceiveTests {
    static let shape = """
        m myself,master - 1 0-5460
        b master - 2 5461-10922
        c master - 3 10923-16383
        r slave m 1
        """

    static let everyBody: [Body] = [
        .ping(), .pong(), .meet(), .fail(id("c")),
        .publish(Publication(channel: [1], message: [2])), .voteRequest, .vote,
        .update(SlotUpdate(configEpoch: 99, node: id("b"), slots: .all)), .manualFailoverStart,
        .module(ModuleBody(module: 1, type: 2, payload: [3])),
        .publishShard(Publication(channel: [], message: [])),
        .unknown(MessageType(rawValue: 77), [1, 2, 3]),
    ]

    @Test(arguments: everyBody)
    func `a stranger's message changes neither us nor those we know`(body: Body) {
        var node = TestNode(Self.shape)
        let before = node.state
        let outcome = node.hears(body, from: "x") {
            $0.currentEpoch = 500
            $0.configEpoch = 500
            $0.slots = .all
            $0.messageFlags = [.forceAck, .paused]
        }
        #expect(node.state.me == before.me)
        #expect(node.state.currentEpoch == before.currentEpoch)
        for letter in "bcr" {
            let old = before.nodes.find(id(letter)).map { before.nodes[$0] }
            #expect(node.row(letter) == old)
        }
        let isAnswered = body.type == .ping || body.type == .meet
        #expect(outcome.sent.map(\.message.type) == (isAnswered ? [.pong] : []))
        if body.heartbeat == nil {
            #expect(outcome.notes == [.ignored(.unknownNodeSent(body.type), from: id("x"))])
        }
    }

    @Test(arguments: everyBody)
    func `who speaks in our own name changes nothing of us`(body: Body) {
        var node = TestNode(Self.shape)
        let before = node.state.me
        node.hears(body, from: "x") {
            $0.sender = id("m")
            $0.currentEpoch = 500
            $0.configEpoch = 500
            $0.slots = SlotSet()
            $0.replicaOf = id("b")
        }
        #expect(node.state.me == before && node.state.currentEpoch == 9)
    }

    @Test(arguments: everyBody)
    func `an id that is none is a stranger's`(body: Body) {
        var node = TestNode(Self.shape)
        let before = node.state.nodes.count
        node.hears(body, from: "x") { $0.sender = .zero }
        #expect(node.state.nodes.count == before + (body.type == .meet ? 1 : 0))
    }

    @Test func `a connection that changes its name is closed and not believed`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b")
        let outcome = node.hears(.fail(id("c")), from: "b") { $0.sender = id("r") }
        #expect(
            outcome.notes == [
                .ignored(.senderMismatch(expected: id("b"), got: id("r")), from: nil)
            ])
        #expect(outcome.closed == [.inbound(1)])
        #expect(node.row("c")?.condition == .healthy)
    }

    @Test func `a newer connection of a node replaces the earlier one, which is closed`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b")
        node.step(.linkOpened(.inbound(30), local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        let outcome = node.step(.message(.full(node.header(of: "b"), .ping()), on: .inbound(30)))
        #expect(outcome.closed == [.inbound(1)])
        #expect(node.row("b")?.inbound == .inbound(30))
    }

    @Test func `what a closed connection said is not heard`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b")
        node.step(.linkClosed(.inbound(1)))
        let header = node.header(of: "b")
        let outcome = node.step(.message(.full(header, .fail(id("c"))), on: .inbound(1)))
        #expect(outcome.effects.isEmpty && node.row("c")?.condition == .healthy)
        #expect(node.step(.message(.full(header, .ping()), on: .inbound(9_999))).effects.isEmpty)
        let stale = LinkID.outbound(NodeHandle(3), serial: 999)
        #expect(node.step(.message(.full(header, .ping()), on: stale)).effects.isEmpty)
    }

    @Test func `any message counts as a sign of life`() {
        for body in Self.everyBody where body.type != .fail {
            var node = TestNode(Self.shape)
            node.pass(3000)
            node.hears(body, from: "b")
            #expect(node.row("b")?.dataReceived == Moment(node.now.monotonic), "\(body.type)")
        }
    }

    @Test func `a light message says that its sender lives, and a stranger's ends the connection`()
    {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b")
        node.pass(3000)
        let light = Message.light(LightMessage(.publish(Publication(channel: [], message: []))))
        node.step(.message(light, on: .inbound(1)))
        #expect(node.row("b")?.dataReceived == Moment(node.now.monotonic))
        let link = node.inbound("x")
        let refused = node.step(.message(light, on: link))
        #expect(refused.closed == [link])
        #expect(refused.notes == [.ignored(.lightFromUnknownNode, from: nil)])
    }

    @Test func `a PONG on a connection that we did not make answers no ping`() {
        var node = TestNode(Self.shape)
        node.silent = ["b"]
        node.advance(3000)
        #expect(node.row("b")?.pingSent != .never)
        node.hears(.pong(), from: "b")
        #expect(node.row("b")?.pingSent != .never)
        node.hears(.pong(), from: "b", on: .outbound)
        #expect(node.row("b")?.pingSent == .never)
        #expect(node.row("b")?.pongReceived == Moment(node.now.monotonic))
    }

    @Test func `the answer shows what was before the message`() {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.ping(), from: "b") {
            $0.slots = slots("0-10922")
            $0.configEpoch = 50
            $0.currentEpoch = 50
        }
        #expect(outcome.sent(.pong).first?.header?.slots == slots("0-5460"))
        #expect(node.state.me.slotCount == 0)
    }

    @Test func `nofailover is taken from each heartbeat`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "r") { $0.flags.insert(.noFailover) }
        #expect(node.row("r")?.peerFlags.contains(.noFailover) == true)
        node.hears(.pong(), from: "r")
        #expect(node.row("r")?.peerFlags.contains(.noFailover) == false)
    }

    @Test func `extensions and light forms are sent to who showed that it takes them`() {
        var node = TestNode(Self.shape)
        #expect(node.hears(.ping(), from: "b").sent(.pong).first?.body?.heartbeat?.extensions == [])
        let outcome = node.hears(.ping(), from: "b") { $0.messageFlags.insert(.extensions) }
        #expect(outcome.sent(.pong).first?.body?.heartbeat?.extensions.isEmpty == false)
        // Redis 7.0 says so only in messages that have some itself.
        let silent = node.hears(.ping(), from: "b")
        #expect(silent.sent(.pong).first?.body?.heartbeat?.extensions.isEmpty == false)
        // On a new connection it may be an older server, which drops packets that have any.
        node.step(.linkClosed(node.inbound("b")))
        let older = node.hears(.ping(), from: "b")
        #expect(older.sent(.pong).first?.body?.heartbeat?.extensions == [])
        node.hears(.ping(), from: "b") { $0.flags.formUnion([.lightPublish, .lightModule]) }
        #expect(node.row("b")?.peerFlags.isSuperset(of: [.lightPublish, .lightModule]) == true)
        node.hears(.ping(), from: "b")
        #expect(node.row("b")?.peerFlags.contains(.lightPublish) == false)
    }

    @Test func `a frame that could not be read is counted and noted`() {
        var node = TestNode(Self.shape)
        let outcome = node.step(
            .refused(.badSignature(1), .ping, on: node.inbound("b")))
        #expect(outcome.notes.count == 1 && outcome.effects.count == 1)
    }

    @Test func `random messages from known nodes never trap and never take our id`() {
        var random = SplitMix64(seed: 99)
        var node = TestNode(Self.shape)
        let letters = Array("bcrx")
        for _ in 0..<800 {
            let letter = letters[random.below(letters.count)]
            let body = Self.everyBody[random.below(Self.everyBody.count)]
            let epochs: [Epoch] = [0, 1, 9, 40, Epoch(1 << 63), Epoch(.max)]
            let owners: [NodeID] = [.zero, id("b"), id("c"), id("m"), id("r"), id("x"), id("q")]
            let sets = [SlotSet(), slots("0-5460"), slots("5461-9000"), .all]
            let picks = (0..<6).map { _ in random.below(1000) }
            node.hears(body, from: letter) {
                $0.currentEpoch = epochs[picks[0] % epochs.count]
                $0.configEpoch = epochs[picks[1] % epochs.count]
                $0.replicaOf = owners[picks[2] % owners.count]
                $0.slots = sets[picks[3] % sets.count]
                $0.flags = NodeFlags(rawValue: UInt16(picks[4] * 64))
                $0.messageFlags = MessageFlags(rawValue: UInt8(picks[5] % 8))
            }
            if picks[0] % 50 == 0 { node.advance(1000) }
            if picks[0] % 97 == 0 { node.command("addslots \(picks[1])") }
            if picks[0] % 89 == 0 { node.command("replicate \(id("b"))") }
            if picks[0] % 83 == 0 { node.command("failover takeover") }
        }
        #expect(node.state.myID == id("m"))
        #expect(node.state.currentEpoch < Epoch(1 << 63 + 1 << 21))
    }
}
