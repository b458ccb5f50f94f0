// What is believed of what others say about third nodes.

import ClusterWire
import Testing

@testable import ClusterCore

struct GossipTests {
    static let shape = """
        m myself,master - 1 0-5460
        b master - 2 5461-10922
        c master - 3 10923-16383
        e master - 4
        r slave b 2
        """

    @Test func `an unknown node is added under its id, connected to at once and told of`() {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.ping(rumour("x")), from: "b")
        #expect(outcome.connects == [address("x")])
        #expect(outcome.notes.contains(.nodeHeardOf(id("x"), from: id("b"))))
        #expect(node.row("x")?.isHandshake == false)
        let told = node.advance(100).sent(.ping).filter { sent in
            sent.body?.heartbeat?.gossip.contains { $0.node == id("x") } == true
        }
        #expect(told.count >= 3)
    }

    @Test func `only role and nofailover are taken from a rumour`() {
        var node = TestNode(Self.shape)
        let flags: NodeFlags = [
            .replica, .noFailover, .myself, .fail, .pfail, .meet, .migrateTo, .extensions,
            .lightPublish,
        ]
        node.hears(.ping(rumour("x", flags)), from: "b")
        #expect(node.row("x")?.role == .replica(of: nil))
        #expect(node.row("x")?.condition == .healthy)
        #expect(node.row("x")?.traits.subtracting([.news]) == .noFailover)
    }

    @Test(arguments: [NodeFlags.noAddress, .handshake])
    func `a rumour of a node without name or address adds nobody`(flag: NodeFlags) {
        var node = TestNode(Self.shape)
        node.hears(.ping(rumour("x", [.master, flag])), from: "b")
        #expect(node.row("x") == nil)
    }

    @Test func `a rumour with a useless address adds nobody`() {
        var node = TestNode(Self.shape)
        for place in [
            NodeAddress.none, address("x", ip: "nowhere"),
            NodeAddress(ip: ip("127.0.0.1"), port: 1, busPort: 0),
        ] {
            node.hears(.ping(rumour("x", at: place)), from: "b")
            #expect(node.row("x") == nil)
        }
    }

    @Test func `a stranger's rumours in a PING are not believed`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(rumour("y"), rumour("b", [.master, .fail])), from: "x")
        #expect(node.row("y") == nil && node.row("b")?.reports.isEmpty == true)
    }

    @Test func `a section with one invalid id is ignored whole`() {
        var node = TestNode(Self.shape)
        var bad = rumour("x")
        bad.node = .zero
        let outcome = node.hears(.ping(rumour("y"), bad), from: "b")
        #expect(outcome.notes.contains(.ignored(.invalidGossip, from: id("b"))))
        #expect(node.row("y") == nil)
    }

    @Test func `what is said about ourselves is ignored`() {
        var node = TestNode(Self.shape)
        let before = node.state.me
        node.hears(.ping(rumour("m", [.replica, .fail], at: address("z"))), from: "b")
        #expect(node.state.me == before)
    }

    @Test func `only masters with slots report failures`() {
        for (letter, counts) in [("b", true), ("e", false), ("r", false)] as [(Character, Bool)] {
            var node = TestNode(Self.shape)
            node.hears(.ping(rumour("c", [.master, .pfail])), from: letter)
            #expect(node.row("c")?.reports.isEmpty == !counts, "\(letter)")
        }
    }

    @Test func `a report ends when its reporter says that the node is well`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(rumour("c", [.master, .fail])), from: "b")
        #expect(node.row("c")?.reports.count == 1)
        node.hears(.ping(rumour("c", [.master, .fail])), from: "b")
        #expect(node.row("c")?.reports.count == 1, "one report a reporter")
        node.hears(.ping(rumour("c")), from: "b")
        #expect(node.row("c")?.reports.isEmpty == true)
    }

    @Test func `a newer pong that another had is adopted, one from the future is not`() throws {
        var node = TestNode(Self.shape)
        node.pass(10_000)
        let now = UInt32(node.now.wall / 1000)
        node.hears(.ping(rumour("c", pong: now + 2)), from: "b")
        let old = try #require(node.row("c")).pongReceived
        #expect(old < node.now.monotonic - 9000)
        node.hears(.ping(rumour("c", pong: now - 1)), from: "b")
        #expect(try #require(node.row("c")).pongReceived > old)
        node.hears(.ping(rumour("c", pong: now - 5)), from: "b")
        #expect(try #require(node.row("c")).pongReceived >= node.now.monotonic - 2000)
    }

    @Test func `no pong is adopted while ours is awaited or somebody reports a failure`() throws {
        var waiting = TestNode(Self.shape)
        waiting.silent = ["c"]
        waiting.advance(4000)
        let old = try #require(waiting.row("c")).pongReceived
        #expect(waiting.row("c")?.pingSent != 0)
        waiting.hears(.ping(rumour("c", pong: UInt32(waiting.now.wall / 1000))), from: "b")
        #expect(waiting.row("c")?.pongReceived == old)
    }

    @Test
    func `a suspect's new address is adopted from who finds it well, a healthy node's is not`() {
        var node = TestNode(Self.shape)
        let place = address("c", ip: "10.0.0.9")
        node.hears(.ping(rumour("c", at: place)), from: "b")
        #expect(node.row("c")?.address == address("c"))
        node.learnsFailure(of: "c", from: "b")
        let outcome = node.hears(.ping(rumour("c", at: place)), from: "b")
        #expect(node.row("c")?.address == place)
        #expect(outcome.connects == [place])
    }

    @Test func `a forgotten id is not added by gossip until it expires`() {
        var node = TestNode(Self.shape) { $0.blacklistTTL = 60 }
        node.command("forget \(id("e"))")
        node.hears(.ping(rumour("e")), from: "b")
        #expect(node.row("e") == nil)
        node.pass(60_000)
        node.hears(.ping(rumour("e")), from: "b")
        #expect(node.row("e") != nil)
    }

    @Test func `65535 rumours fill the table to its limit and no further`() {
        var node = TestNode(Self.shape)
        var random = SplitMix64(seed: 3)
        let entries = (0..<GossipSection.limit).map { number in
            // The last two thirds are one node, again and again.
            GossipEntry(
                node: number < 22_000 ? NodeID(using: &random) : id("w"), pingSent: 0,
                pongReceived: 0,
                address: NodeAddress(
                    ip: ip("127.0.0.1"), port: 1, busPort: Port(UInt16(number % 60000 + 1))),
                flags: .master)
        }
        let mine = node.state.me
        node.hears(.ping(Heartbeat(gossip: GossipSection(entries))), from: "b")
        #expect(node.state.nodes.count == ClusterConfig.nodeLimit)
        #expect(node.state.me == mine)
    }
}
