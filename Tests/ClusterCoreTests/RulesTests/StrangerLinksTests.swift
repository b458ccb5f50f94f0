// Connections of nodes that are not known yet, and of those that an operator's filter silences.

import ClusterWire
import Testing

@testable import ClusterCore

@Suite struct StrangerLinksTests {
    private static let shape = "m myself,master - 1 0-5460\nb master - 2 5461-16383"

    /// Our connection to a node stands, and it answers.
    private func answers(_ letter: Character, node: inout TestNode) throws {
        let link = try #require(node.row(letter)?.outbound.id)
        if node.row(letter)?.outbound.isOpen == false {
            node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        }
        node.step(.message(.full(node.header(of: letter), .pong()), on: link))
    }

    @Test func `the connection of a stranger is its own once it is known, though it says no more`()
        throws
    {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "x")
        #expect(node.row("x") == nil)
        node.hears(.ping(rumour("x")), from: "b")
        #expect(node.row("x")?.inbound == nil, "others may have made it up")
        try answers("x", node: &node)
        #expect(node.row("x")?.inbound == node.inbound("x"))
    }

    @Test func `a connection that ended is nobody's, whoever said its name on it`() throws {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "x")
        node.step(.linkClosed(node.inbound("x")))
        node.hears(.ping(rumour("x")), from: "b")
        try answers("x", node: &node)
        #expect(node.row("x") != nil && node.row("x")?.inbound == nil)
        #expect(node.state.connections.claimCount == 0)
    }

    @Test func `a stranger who says many names on one connection is remembered by the last`() {
        var node = TestNode(Self.shape)
        let link = node.inbound("x")
        for letter: Character in ["x", "y", "z"] {
            node.step(.message(.full(node.header(of: letter), .ping()), on: link))
        }
        #expect(
            node.state.connections[link]?.claim == id("z") && node.state.connections.claimCount == 1
        )
    }

    @Test func `a node that a filter silences is shown, and is nothing more`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(rumour("x")), from: "b")
        #expect(!NodeLine.all(node.state, node.now).contains("\(id("x"))"))
        node.step(.filtered(.ping, from: id("x")))
        #expect(NodeLine.all(node.state, node.now).contains("\(id("x"))"))
        #expect(node.row("x")?.isKnownFromGossip == true)
        node.step(.filtered(.ping, from: id("y")))
        #expect(node.row("y") == nil)
    }

    @Test func `a node that takes our connection and says nothing is shown as a handshake`() throws
    {
        var node = TestNode(Self.shape)
        node.hears(.ping(rumour("x")), from: "b")
        let link = try #require(node.row("x")?.outbound.id)
        #expect(!NodeLine.all(node.state, node.now).contains("\(id("x"))"))
        node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        node.now.monotonic += ClusterConfig().nodeTimeout - 1
        #expect(!NodeLine.all(node.state, node.now).contains("\(id("x"))"))
        node.now.monotonic += 1
        let line = NodeLine.all(node.state, node.now).split(separator: "\n").first {
            $0.contains("\(id("x"))")
        }
        #expect(line?.split(separator: " ")[2] == "handshake")
        #expect(node.row("x")?.isKnownFromGossip == true)
        node.step(.linkClosed(link))
        #expect(!NodeLine.all(node.state, node.now).contains("\(id("x"))"))
    }

    /// Ticks for this long, and says to whom MEETs went meanwhile. Whoever is connected to is reached.
    private func meets(_ node: inout TestNode, for milliseconds: Int64) -> String {
        let end = node.now.monotonic + milliseconds
        var receivers = ""
        while node.now.monotonic < end { receivers += node.advance(100).receivers(of: .meet) }
        return receivers
    }

    /// A node that met x, which answered.
    private func met() throws -> TestNode {
        var node = TestNode(Self.shape)
        let (link, _) = HandshakeTests.meeting(&node)
        node.step(.message(.full(node.header(of: "x"), .pong()), on: link))
        #expect(node.row("x") != nil)
        return node
    }

    @Test func `a node that was met and never connects to us is greeted with MEET`() throws {
        var node = try met()
        #expect(meets(&node, for: 4800).isEmpty)
        #expect(meets(&node, for: 600) == "x")
        #expect(meets(&node, for: 4500).isEmpty, "once in the time of a handshake")
        #expect(meets(&node, for: 1000) == "x")
        node.hears(.ping(), from: "x")
        #expect(meets(&node, for: 20_000).isEmpty, "it has connected")
    }

    @Test func `a node that was only heard of is not greeted with MEET`() throws {
        var node = TestNode(Self.shape)
        node.hears(.ping(rumour("x")), from: "b")
        try answers("x", node: &node)
        #expect(meets(&node, for: 20_000).isEmpty)
    }

    @Test func `one whose own connection stood for long is not greeted when it goes`() throws {
        var node = try met()
        node.hears(.ping(), from: "x")
        node.advance(11_000)
        node.step(.linkClosed(node.inbound("x")))
        #expect(meets(&node, for: 20_000).isEmpty, "it may have been told to forget us")
    }

    @Test func `one that spoke twice on its connection is not greeted when it goes`() throws {
        var node = try met()
        node.hears(.ping(), from: "x")
        node.hears(.ping(), from: "x")
        node.step(.linkClosed(node.inbound("x")))
        #expect(meets(&node, for: 20_000).isEmpty)
    }

    @Test func `one that told others of us is not greeted when its connection goes`() throws {
        var node = try met()
        node.hears(.ping(), from: "x")
        node.hears(.ping(rumour("y")), from: "b")
        node.hears(.ping(), from: "y")
        node.step(.linkClosed(node.inbound("x")))
        #expect(meets(&node, for: 20_000).isEmpty)
    }

    @Test func `one whose connection went with its side of the handshake is greeted again`() throws
    {
        var node = try met()
        node.hears(.ping(), from: "x")
        node.advance(5000)
        node.step(.linkClosed(node.inbound("x")))
        #expect(meets(&node, for: 1000) == "x")
    }

    @Test func `nodes of a file are not greeted, whether they connect or not`() {
        var node = TestNode(Self.shape)
        node.step(.linkClosed(node.inbound("b")))
        #expect(meets(&node, for: 20_000).isEmpty)
    }

    @Test func `a node alone hears from a MEET whom else there is, and one that is not does not`()
        throws
    {
        var alone = TestNode("m myself,master - 1 0-16383")
        alone.hears(.meet(rumour("y")), from: "x")
        #expect(alone.row("y")?.isKnownFromGossip == true)
        try answers("y", node: &alone)
        let greeted = meets(&alone, for: 6000)
        #expect(greeted.contains("y"), "it does not know us, and nobody may tell it")
        var node = TestNode(Self.shape)
        node.hears(.meet(rumour("y")), from: "x")
        #expect(node.row("y") == nil)
    }

    @Test func `two of one epoch part with the first answer to a MEET, known by then or not`()
        throws
    {
        var node = TestNode("m myself,master - 5 0-5460\nb master - 2 5461-16383")
        node.command("meet 127.0.0.1 7023")
        let link = try #require(
            node.state.nodes.handles.first { node.state.nodes[$0].isHandshake }
                .flatMap { node.state.nodes[$0].outbound.id })
        node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        node.hears(.ping(rumour("x")), from: "b")
        var header = node.header(of: "x")
        header.configEpoch = 5
        node.step(.message(.full(header, .pong()), on: link))
        #expect(node.state.me.configEpoch > 5)
    }

    @Test func `a link on which a node never answered is made again, whoever told of the node`()
        throws
    {
        var node = TestNode(Self.shape)
        node.hears(.ping(rumour("x")), from: "b")
        let link = try #require(node.row("x")?.outbound.id)
        node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        node.advance(5200)
        #expect(node.row("x")?.outbound.id != link)
    }
}
