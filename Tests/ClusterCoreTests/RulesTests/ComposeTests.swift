// What headers, gossip and extensions say.

import ClusterWire
import Testing

@testable import ClusterCore

struct ComposeTests {
    static let shape = """
        m myself,master - 1 0-5460
        b master - 2 5461-10922
        c master - 3 10923-16383
        r slave m 1
        """

    private func header(_ node: inout TestNode) throws -> Header {
        try #require(node.hears(.ping(), from: "b").sent(.pong).first?.header)
    }

    @Test func `a master says its own slots and epochs`() throws {
        var node = TestNode(Self.shape)
        let said = try header(&node)
        #expect(said.sender == id("m") && said.replicaOf.isZero)
        #expect(said.slots == slots("0-5460") && said.configEpoch == 1 && said.currentEpoch == 9)
        #expect(said.flags == [.myself, .master, .migrateTo, .authNack])
        #expect(said.port == address("m").port && said.busPort == address("m").busPort)
        #expect(said.ip.isEmpty, "they see our address")
        #expect(said.messageFlags == .extensions && said.state == 1)
    }

    @Test func `a replica says its master's slots and epoch`() throws {
        var node = TestNode("m myself,slave b 1\nb master - 2 0-16383")
        let said = try header(&node)
        #expect(said.replicaOf == id("b") && said.configEpoch == 2 && said.slots == .all)
        #expect(said.flags == [.myself, .replica, .authNack])
    }

    @Test func `light publications are asked for when they are taken`() throws {
        for takes in [true, false] {
            var node = TestNode(Self.shape) { $0.takesLightPublish = takes }
            let said = try header(&node)
            #expect(said.flags.contains(.lightPublish) == takes)
            #expect(!said.flags.contains(.lightModule))
        }
    }

    @Test func `announced addresses are said as they are set`() throws {
        var node = TestNode(Self.shape) {
            $0.announceIP = IPText("10.1.1.1")
            $0.announcePort = 1234
            $0.announceBusPort = 5678
        }
        let said = try header(&node)
        #expect(said.ip == ip("10.1.1.1") && said.port == 1234 && said.busPort == 5678)
    }

    @Test func `of who cannot be reached only owners of slots are told of`() {
        var node = TestNode(Self.shape + "\nx master - 4\ny master - 5", calm: false)
        node.silent = ["b", "c", "x", "y", "r"]
        var told = Set<NodeID>()
        for _ in 0..<50 {
            node.advance(100)
            for sent in node.hears(.ping(), from: "r").sent(.pong) {
                for entry in sent.body?.heartbeat?.gossip ?? GossipSection() {
                    told.insert(entry.node)
                }
            }
        }
        // Between two ticks nobody is being connected to: each attempt was refused.
        #expect(told == [id("b"), id("c")])
    }

    @Test func `a state that serves is said`() throws {
        var node = TestNode(Self.shape)
        node.advance(8000)
        #expect(try header(&node).state == 0)
    }

    @Test func `extensions are names, forgotten nodes and the shard, in this order`() throws {
        var node = TestNode(Self.shape) {
            $0.announceHostname = "m.example"
            $0.announceNodeName = "em"
        }
        node.command("forget \(id("c"))")
        let outcome = node.hears(.ping(extensions: []), from: "b") {
            $0.messageFlags.insert(.extensions)
        }
        let list = try #require(outcome.sent(.pong).first?.body?.heartbeat).extensions
        #expect(
            list == [
                .hostname("m.example"), .nodeName("em"),
                .forgottenNode(id("c"), secondsLeft: 60), .shardID(node.state.me.shard),
            ])
    }

    @Test func `gossip tells of a tenth of the nodes, at least three, never of the receiver`()
        throws
    {
        var lines = "m myself,master - 1 0-16383\n"
        for letter in "abcdefghijklnopqrstuvwxyz" { lines += "\(letter) master - 2\n" }
        for digit in "0123456789" { lines += "\(digit) master - 2\n" }
        var node = TestNode(lines, calm: false)
        node.advance(300)
        for _ in 0..<30 {
            let beat = try #require(
                node.hears(.ping(), from: "b").sent(.pong).first?.body?.heartbeat)
            #expect((1...3).contains(beat.gossip.count))
            #expect(Set(beat.gossip.map(\.node)).count == beat.gossip.count)
            #expect(!beat.gossip.contains { $0.node == id("b") || $0.node == id("m") })
        }
    }

    @Test(arguments: [(1, 3), (25, 9), (80, 28), (100, 34)])
    func `gossip tells of as many of a hundred nodes as is set`(percent: Int, count: Int) throws {
        var lines = "m myself,master - 1 0-16383\n"
        for letter in "abcdefghijklnopqrstuvwxyz" { lines += "\(letter) master - 2\n" }
        for digit in "0123456789" { lines += "\(digit) master - 2\n" }
        var node = TestNode(lines) { $0.gossipPercent = percent }
        // The first answer on a link tells of few, unless more than is usual is asked for.
        if percent <= 10 { node.hears(.ping(), from: "b") }
        let section = try #require(
            node.hears(.ping(), from: "b").sent(.pong).first?.body?.heartbeat?.gossip)
        #expect(section.count == count && Set(section.map(\.node)).count == count)
        #expect(!section.contains { $0.node == id("b") || $0.node == id("m") })
    }

    @Test func `every suspect is told of in every heartbeat`() throws {
        var node = TestNode(Self.shape + "\nd master - 4\ne master - 5")
        node.silent = ["d", "e"]
        node.advance(9000)
        for _ in 0..<5 {
            let beat = try #require(
                node.hears(.ping(), from: "b").sent(.pong).first?.body?.heartbeat)
            for letter in "de" {
                let entries = beat.gossip.filter { $0.node == id(letter) }
                #expect(entries.count == 1 && entries.first?.flags.contains(.pfail) == true)
            }
        }
    }

    @Test func `handshakes and empty nodes that we cannot reach are not told of`() throws {
        var node = TestNode(Self.shape)
        node.command("meet 127.0.0.1 7050")
        node.silent = ["r"]
        let handle = try #require(node.state.nodes.find(id("r")))
        node.step(.linkClosed(try #require(node.state.nodes[handle].outbound.id)))
        if let again = node.state.nodes[handle].outbound.id { node.step(.linkClosed(again)) }
        for _ in 0..<20 {
            let beat = try #require(
                node.hears(.ping(), from: "b").sent(.pong).first?.body?.heartbeat)
            #expect(beat.gossip.allSatisfy { $0.node == id("c") })
        }
    }

    @Test func `gossip times are seconds of the wall clock, 0 for never`() throws {
        var node = TestNode("m myself,master - 1 0-16383\nb master - 2\nc master - 3")
        node.hears(.pong(), from: "c", on: .outbound)
        // Nobody may have been drawn; of ten, somebody was.
        let entries = (0..<10).compactMap { _ in
            node.hears(.ping(), from: "b").sent(.pong).first?.body?.heartbeat?.gossip.first
        }
        let entry = try #require(entries.first)
        #expect(entry.node == id("c") && entry.pingSent == 0)
        #expect(entry.pongReceived == UInt32(node.now.wall / 1000))
    }
}
