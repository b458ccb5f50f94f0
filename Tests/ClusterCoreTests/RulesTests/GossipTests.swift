// What is believed of what others say about third nodes.

import ClusterWire
import Determinism
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

    /// Gossip about this many nodes with random ids, the n-th at port `first + n`.
    static func crowd(_ count: Int, from first: Int = 7100, seed: UInt64 = 3) -> GossipSection {
        var random = SplitMix64(seed: seed)
        return GossipSection(
            (0..<count).map { number in
                let port = Port(UInt16(first + number))
                let place = NodeAddress(ip: ip("127.0.0.1"), port: port, busPort: port)
                return GossipEntry(
                    node: NodeID(using: &random), pingSent: 0, pongReceived: 0, address: place,
                    flags: .master)
            })
    }

    @Test func `an unknown node is added under its id and connected to at once`() {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.ping(rumour("x")), from: "b")
        #expect(outcome.connects == [address("x")])
        #expect(outcome.notes.contains(.nodeLearned(id("x"), from: id("b"))))
        #expect(node.row("x")?.isHandshake == false)
    }

    @Test func `a node is told of once it has said its name itself`() {
        func told(_ outcome: Outcome) -> Int {
            outcome.sent(.ping).count { sent in
                sent.body?.heartbeat?.gossip.contains { $0.node == id("x") } == true
            }
        }
        var node = TestNode(Self.shape)
        node.silent = ["x"]
        node.hears(.ping(rumour("x")), from: "b")
        #expect(told(node.advance(3000)) == 0)
        #expect(node.hears(.ping(), from: "x").saves.count == 1)
        #expect(told(node.advance(100)) >= 3)
    }

    @Test func `a node of which only others tell is not shown, saved or suspected`() {
        var node = TestNode(Self.shape)
        node.silent = ["x"]
        #expect(node.hears(.ping(rumour("x")), from: "b").saves.isEmpty)
        node.advance(node.machine.config.nodeTimeout * 3)
        #expect(node.row("x")?.condition == .healthy)
        node.hears(.fail(id("x")), from: "b")
        #expect(node.row("x")?.condition == .healthy)
        for text in [
            NodeLine.all(node.state, node.now), NodesFile.text(node.state, node.now),
        ] {
            #expect(text.contains(id("b").description) && !text.contains(id("x").description))
        }
        #expect(InfoReport.text(node.state).contains("cluster_known_nodes:5"))
        #expect(node.reply("replicate \(id("x"))") == .error("ERR Unknown node \(id("x"))"))
        node.hears(.ping(), from: "x")
        #expect(NodesFile.text(node.state, node.now).contains(id("x").description))
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
        #expect(node.row("x")?.peerFlags == .noFailover)
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
            NodeAddress.none, address("x", ip: "no where"),
            NodeAddress(ip: ip("127.0.0.1"), port: 1, busPort: 0),
        ] {
            node.hears(.ping(rumour("x", at: place)), from: "b")
            #expect(node.row("x") == nil)
        }
    }

    @Test func `one whose name alone is told is reached where its own connection comes from`() {
        var node = TestNode(Self.shape)
        let place = address("x", ip: "node-x.example.test")
        #expect(node.hears(.ping(rumour("x", at: place)), from: "b").connects.isEmpty)
        #expect(node.row("x")?.address == place && node.advance(1000).connects.isEmpty)
        let outcome = node.hears(.meet(), from: "x") { $0.ip = place.ip }
        #expect(outcome.connects == [address("x")])
        #expect(node.row("x")?.address == place)
        node.opens(outcome)
        let told = node.advance(300).sent(.ping).compactMap { $0.body?.heartbeat }
            .flatMap { $0.gossip.filter { $0.node == id("x") } }
        #expect(Set(told.map(\.address)) == [address("x")], "others are told where it is")
        let line = NodeLine.all(node.state, node.now).split(separator: "\n").first {
            $0.hasPrefix(id("x").description)
        }
        #expect(line?.contains(" node-x.example.test:7023@17023 ") == true)
        #expect(line?.contains(" connected") == true)
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
        #expect(old < Moment(node.now.monotonic - 9000))
        node.hears(.ping(rumour("c", pong: now - 1)), from: "b")
        #expect(try #require(node.row("c")).pongReceived > old)
        node.hears(.ping(rumour("c", pong: now - 5)), from: "b")
        #expect(try #require(node.row("c")).pongReceived >= Moment(node.now.monotonic - 2000))
    }

    @Test func `no pong is adopted while ours is awaited or somebody reports a failure`() throws {
        var waiting = TestNode(Self.shape)
        waiting.silent = ["c"]
        waiting.advance(4000)
        let old = try #require(waiting.row("c")).pongReceived
        #expect(waiting.row("c")?.pingSent != .never)
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

    @Test func `of those of whom only others tell, twice as many as have spoken and 64 are known`()
    {
        var node = TestNode(Self.shape)
        let outcome = node.hears(
            .ping(Heartbeat(gossip: Self.crowd(GossipSection.limit, from: 1))), from: "b")
        #expect(node.state.nodes.memberCount == 5)
        #expect(node.state.nodes.counts.unheard == 2 * 5 + 64)
        #expect(outcome.notes.contains(.ignored(.gossipNodeLimit, from: id("b"))))
    }

    @Test func `one that was tried in vain gives way to one that is newly heard of`() throws {
        var node = TestNode(Self.shape)
        let first = node.hears(.ping(Heartbeat(gossip: Self.crowd(74))), from: "b").connects
        #expect(first.count == ClusterConfig.connectsPerTick)
        node.hears(.ping(rumour("x")), from: "b")
        #expect(node.row("x") == nil, "all were only just heard of")
        let refused = try #require(
            node.state.nodes.handles.first { node.state.nodes[$0].isKnownFromGossip })
        let gone = node.state.nodes[refused].id
        node.step(.linkClosed(try #require(node.state.nodes[refused].outbound.id)))
        node.hears(.ping(rumour("x")), from: "b")
        #expect(node.row("x") != nil && node.state.nodes.find(gone) == nil)
        #expect(node.state.nodes.counts.unheard == 74)
    }

    @Test func `one that lets us wait for a node timeout gives way as well`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(Heartbeat(gossip: Self.crowd(74))), from: "b")
        node.pass(node.machine.config.nodeTimeout + 1)
        node.hears(.ping(rumour("x")), from: "b")
        #expect(node.row("x") != nil && node.state.nodes.counts.unheard == 74)
    }

    @Test func `one that was tried in vain is tried where another says that it is`() {
        var node = TestNode(Self.shape)
        let wrong = address("x", ip: "10.0.0.9")
        let lie = node.hears(.ping(rumour("x", at: wrong)), from: "b")
        #expect(node.hears(.ping(rumour("x")), from: "c").connects.isEmpty, "it may be there")
        for case .connect(let link, _) in lie.effects { node.step(.linkClosed(link)) }
        #expect(node.hears(.ping(rumour("x")), from: "c").connects == [address("x")])
    }

    @Test func `one whose address another answers at is tried where it is said to be`() {
        var node = TestNode(Self.shape)
        let link = node.opens(node.hears(.ping(rumour("x", at: address("y"))), from: "b"))
        if let link { node.step(.message(.full(node.header(of: "y"), .pong()), on: link)) }
        #expect(node.row("x")?.hasAddress == false)
        node.pass(node.machine.config.nodeTimeout + 1)
        #expect(node.hears(.ping(rumour("x")), from: "c").connects == [address("x")])
    }

    @Test func `one that never says its name is known for ten node timeouts`() {
        var node = TestNode(Self.shape)
        node.silent = ["x"]
        node.hears(.ping(rumour("x")), from: "b")
        node.advance(10 * node.machine.config.nodeTimeout - 100)
        #expect(node.row("x") != nil)
        node.advance(100)
        #expect(node.row("x") == nil)
    }
}
