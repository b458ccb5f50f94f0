// Whether two clusters become one by a handshake, where an option forbids it.

import Testing

@testable import ClusterCore
@testable import ClusterWire

struct MergeTests {
    /// Whether a cluster with slots 0-5 free lets in x, which says MEET.
    private static func letsIn(
        _ body: Body, _ change: (inout Header) -> Void = { _ in }
    ) -> Bool {
        var node = TestNode(HandshakeTests.shape.replacing("0-5460", with: "6-5460")) {
            $0.refuseMerge = true
        }
        let outcome = node.hears(body, from: "x", change)
        let isRefused = outcome.notes.contains(.ignored(.mergeRefused, from: id("x")))
        #expect(isRefused == outcome.sent.isEmpty)
        #expect(outcome.closed == (isRefused ? [.inbound(23)] : []))
        #expect(node.state.nodes.count == (isRefused ? 3 : 4))
        return !isRefused
    }

    @Test func `with refuse-merge who is alone is let in with no slots or with free ones`() {
        #expect(Self.letsIn(.meet()))
        #expect(Self.letsIn(.meet()) { $0.slots = slots("0-5") })
    }

    @Test func `with refuse-merge who claims slots of others is neither met nor answered`() {
        #expect(!Self.letsIn(.meet()) { $0.slots = slots("0-6") })
        #expect(!Self.letsIn(.meet()) { ($0.slots, $0.replicaOf) = (slots("6"), id("c")) })
        #expect(Self.letsIn(.meet()) { ($0.slots, $0.replicaOf) = (slots("6"), id("m")) })
    }

    @Test func `with refuse-merge who tells of a cluster that nobody knows here is not met`() {
        #expect(!Self.letsIn(.meet(rumour("y"), rumour("z"))))
        #expect(Self.letsIn(.meet(rumour("y"), rumour("b"))), "it knows one of us")
        #expect(Self.letsIn(.meet(rumour("y", .handshake))), "it has met nobody yet")
    }

    @Test func `without refuse-merge clusters become one`() {
        var node = TestNode(HandshakeTests.shape)
        node.hears(.meet(rumour("y")), from: "x") { $0.slots = .all }
        #expect(node.state.nodes.count == 4)
    }

    @Test func `with refuse-merge a node without slots may join a cluster that has some`() {
        var node = TestNode.fresh { $0.refuseMerge = true }
        node.hears(.meet(), from: "x") { $0.slots = slots("0-5") }
        #expect(node.state.nodes.count == 2)
    }

    @Test func `with refuse-merge a cluster does not join another, one who is alone does`()
        throws
    {
        for (isMet, answers) in [(true, true), (true, false), (false, true)] {
            var node = TestNode(HandshakeTests.shape) { $0.refuseMerge = true }
            // The other said MEET, and nothing was seen in it, or it was told to us.
            var made: LinkID?
            if isMet {
                made = HandshakeTests.meeting(&node).link
            } else {
                made = node.opens(node.hears(.meet(), from: "x"))
            }
            let link = try #require(made)
            let body = answers ? Body.pong(rumour("y")) : .pong()
            let outcome = node.step(.message(.full(node.header(of: "x"), body), on: link))
            #expect(outcome.notes.contains(.ignored(.mergeRefused, from: id("x"))) == answers)
            #expect((node.row("x") == nil) == answers)
        }
        var alone = TestNode.fresh { $0.refuseMerge = true }
        let (link, _) = HandshakeTests.meeting(&alone)
        var header = alone.header(of: "x")
        header.slots = slots("0-16383")
        alone.step(.message(.full(header, .pong(rumour("y"))), on: link))
        #expect(alone.row("x") != nil)
    }
}
