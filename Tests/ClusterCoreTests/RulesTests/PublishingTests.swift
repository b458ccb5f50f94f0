// Who is sent a publication, in which form, and what becomes of those that come.

import ClusterWire
import Testing

@testable import ClusterCore

struct PublishingTests {
    static let shape = """
        m myself,master - 1 0-5460
        b master - 2 5461-10922
        r slave m 1
        s slave b 2
        """

    static let news = Publication(channel: Array("news".utf8), message: Array("hello".utf8))

    private func isLight(_ message: Message) -> Bool {
        if case .light = message { true } else { false }
    }

    @Test func `a publication goes to all members, and one to the shard to its nodes`() {
        var node = TestNode(Self.shape)
        let all = node.step(.publish(Self.news, toShard: false))
        #expect(all.receivers(of: .publish) == "brs")
        #expect(all.sent.allSatisfy { $0.body == .publish(Self.news) })
        let some = node.step(.publish(Self.news, toShard: true))
        #expect(some.receivers(of: .publishShard) == "r")
        #expect(some.sent.allSatisfy { $0.body == .publishShard(Self.news) })
    }

    @Test func `a replica publishes to its master and the master's other replicas`() {
        var node = TestNode(
            """
            m myself,slave b 2
            b master - 2 5461-10922
            c master - 3 0-5460
            r slave b 2
            """)
        let outcome = node.step(.publish(Self.news, toShard: true))
        #expect(outcome.receivers(of: .publishShard) == "br")
    }

    @Test func `who follows the same master is of the shard, whatever shard id it tells`() {
        var node = TestNode(Self.shape)
        let other = ShardID(TestNode.shard("z"))
        node.hears(
            .ping(Heartbeat(extensions: [.shardID(other ?? node.state.me.shard)])), from: "r")
        let outcome = node.step(.publish(Self.news, toShard: true))
        #expect(outcome.receivers(of: .publishShard) == "r")
    }

    @Test func `one publication is encoded once for each form`() throws {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "s") { $0.flags.insert(.lightPublish) }
        let effects = node.machine.step(.publish(Self.news, toShard: false), at: node.now)
        var forms: [Bool: Int] = [:]
        for case .broadcast(let message, let links) in effects {
            forms[isLight(message)] = links.count
        }
        #expect(forms == [true: 1, false: 2] && effects.count == 2)
    }

    @Test func `each message that is sent or comes is counted`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b") { $0.flags.insert(.lightPublish) }
        let before = node.state.statistics
        node.step(.publish(Self.news, toShard: false))
        node.hears(.publish(Self.news), from: "b")
        node.step(.message(.light(LightMessage(.publish(Self.news))), on: node.inbound("b")))
        let type = Int(MessageType.publish.rawValue)
        #expect(node.state.statistics.sent[type] == before.sent[type] + 3)
        #expect(node.state.statistics.received[type] == before.received[type] + 2)
    }

    @Test(arguments: [false, true])
    func `what a member publishes is delivered, and sent to nobody`(toShard: Bool) {
        let body: Body = toShard ? .publishShard(Self.news) : .publish(Self.news)
        let light: LightBody = toShard ? .publishShard(Self.news) : .publish(Self.news)
        var node = TestNode(Self.shape)
        let outcome = node.hears(body, from: "r")
        #expect(outcome.effects == [.deliver(Self.news, toShard: toShard)])
        let again = node.step(.message(.light(LightMessage(light)), on: node.inbound("r")))
        #expect(again.effects == [.deliver(Self.news, toShard: toShard)])
    }

    @Test func `what a stranger publishes is not delivered`() {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.publish(Self.news), from: "x")
        #expect(outcome.effects == [.note(.ignored(.unknownNodeSent(.publish), from: id("x")))])
    }

    @Test func `who is known from gossip alone is sent nothing`() {
        var node = TestNode(Self.shape)
        let heard = node.hears(
            .ping(Heartbeat(gossip: GossipSection([rumour("x")]))), from: "b")
        for case .connect(let link, let to) in heard.effects {
            node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: to.ip))
        }
        #expect(node.row("x")?.outbound.isOpen == true && node.row("x")?.isMember == false)
        #expect(node.step(.publish(Self.news, toShard: false)).receivers(of: .publish) == "brs")
    }

    @Test func `on a new link a light message waits for the first answer`() throws {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b") { $0.flags.insert(.lightPublish) }
        func form(_ node: inout TestNode) -> [Bool] {
            node.step(.publish(Self.news, toShard: false)).sent
                .filter { $0.to == "b" }.map { isLight($0.message) }
        }
        #expect(form(&node) == [true])
        let old = try #require(node.row("b")?.outbound.id)
        node.pass(100)
        let closed = node.step(.linkClosed(old))
        let link = try #require(node.row("b")?.outbound.id)
        #expect(closed.connects.count == 1 && link != old)
        node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        #expect(form(&node) == [false])
        node.pass(10)
        node.hears(.pong(), from: "b", on: .outbound) { $0.flags.insert(.lightPublish) }
        #expect(form(&node) == [true])
    }
}
