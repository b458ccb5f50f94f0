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
        #expect(node.state.claimCount == 0)
    }

    @Test func `a stranger who says many names on one connection is remembered by the last`() {
        var node = TestNode(Self.shape)
        let link = node.inbound("x")
        for letter: Character in ["x", "y", "z"] {
            node.step(.message(.full(node.header(of: letter), .ping()), on: link))
        }
        #expect(node.state.inboundLink(link)?.claim == id("z") && node.state.claimCount == 1)
    }

    @Test func `a node that a filter silences is shown, and is nothing more`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(rumour("x")), from: "b")
        #expect(!NodeLine.all(node.state, node.now).contains("\(id("x"))"))
        node.step(.filtered(.ping, from: id("x")))
        #expect(NodeLine.all(node.state, node.now).contains("\(id("x"))"))
        #expect(node.row("x")?.isUnheard == true)
        node.step(.filtered(.ping, from: id("y")))
        #expect(node.row("y") == nil)
    }
}
