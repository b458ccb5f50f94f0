// How nodes come to know each other, and what happens to addresses.

import Testing

@testable import ClusterCore
@testable import ClusterWire

struct HandshakeTests {
    @Test func `a handshake in a row that was free is given up in time`() {
        var node = TestNode("m myself,master - 1 0-5460\nb master - 2\nc master - 3")
        node.command("reset")
        // All rows are marked, the free ones too.
        node.step(.configure(ClusterConfig()))
        node.advance(300)
        node.command("meet 127.0.0.1 9000")
        let outcome = node.advance(30_000)
        #expect(
            outcome.notes.contains {
                if case .handshakeTimedOut = $0 { true } else { false }
            })
    }

    static let shape =
        "m myself,master - 1 0-5460\nb master - 2 5461-10922\nc master - 3 10923-16383"

    /// Tells a node to meet x, and opens the connection.
    static func meeting(_ node: inout TestNode) -> (link: LinkID, outcome: Outcome) {
        let port = address("x").port
        let outcome = node.command("meet 127.0.0.1 \(port)")
        for effect in outcome.effects {
            guard case .connect(let link, let to) = effect else { continue }
            #expect(to == address("x"))
            let opened = node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
            return (link, opened)
        }
        preconditionFailure("no connection was asked for")
    }

    @Test func `MEET connects at once and greets with MEET, which starts no clock`() {
        var node = TestNode.fresh()
        let (_, outcome) = Self.meeting(&node)
        #expect(outcome.sent.map(\.message.type) == [.meet])
        let other = node.state.nodes.handles.first { $0 != .myself }
        #expect(other.map { node.state.nodes[$0].pingSent } == .never)
        #expect(other.map { node.state.nodes[$0].isHandshake } == true)
    }

    @Test func `a MEET that is under way is not started again`() {
        var node = TestNode.fresh()
        _ = Self.meeting(&node)
        let again = node.command("meet 127.0.0.1 \(address("x").port)")
        #expect(again.replies == [.ok])
        #expect(again.connects.isEmpty && node.state.nodes.count == 2)
    }

    @Test func `the first PONG on our link tells the real id`() {
        var node = TestNode.fresh()
        let (link, _) = Self.meeting(&node)
        let outcome = node.step(
            .message(.full(node.header(of: "x"), .pong()), on: link))
        #expect(outcome.notes.contains(.nodeMet(id("x"), address("x"))))
        #expect(node.row("x")?.isHandshake == false)
        #expect(node.row("x")?.address == address("x"))
    }

    @Test func `of the first PONG nothing else is believed`() {
        var node = TestNode.fresh()
        let (link, _) = Self.meeting(&node)
        var header = node.header(of: "x")
        header.slots = slots("0-100")
        header.configEpoch = 5
        node.step(.message(.full(header, .pong(rumour("y"))), on: link))
        #expect(node.row("x")?.slotCount == 0 && node.row("y") == nil)
        #expect(node.row("x")?.configEpoch == 0)
    }

    @Test func `a handshake ends after the node timeout, and never before a second`() {
        for (timeout, end) in [(5000, 5000), (300, 1000)] {
            var node = TestNode.fresh { $0.nodeTimeout = Int64(timeout) }
            node.silent = ["x"]
            _ = Self.meeting(&node)
            #expect(node.advance(Int64(end)).notes.isEmpty)
            #expect(node.tick().notes == [.handshakeTimedOut(address("x"))])
            #expect(node.state.nodes.count == 1)
        }
    }

    @Test func `MEET is repeated on each new link, once on each`() {
        var node = TestNode.fresh()
        let (link, first) = Self.meeting(&node)
        #expect(first.sent(.meet).count == 1)
        #expect(node.tick().sent(.meet).isEmpty)
        node.step(.linkClosed(link))
        #expect(node.advance(100).sent(.meet).count == 1)
    }

    @Test func `a stranger's MEET is answered and makes it known by its address`() {
        var node = TestNode.fresh()
        let outcome = node.hears(.meet(), from: "x")
        #expect(outcome.sent.map(\.link) == [node.inbound("x")])
        #expect(outcome.sent.map(\.message.type) == [.pong])
        #expect(outcome.connects == [address("x")])
        #expect(node.row("x") == nil && node.state.nodes.count == 2)
    }

    @Test func `what a stranger's MEET gossips is not believed`() {
        var node = TestNode("m myself,master - 1 0-5460\nb master - 2 5461-16383")
        let outcome = node.hears(.meet(rumour("y"), rumour("z")), from: "x")
        // The one that greeted, under a temporary name, and nobody it told of.
        #expect(outcome.connects == [address("x")])
        #expect(node.state.nodes.count == 3)
    }

    @Test func `a MEET tells us our own address, unless one is announced`() {
        var node = TestNode.fresh()
        #expect(node.hears(.meet(), from: "x").notes.contains(.ownAddressLearned(ip("127.0.0.1"))))
        var fixed = TestNode.fresh { $0.announceIP = IPText("10.0.0.1") }
        fixed.tick()
        fixed.hears(.meet(), from: "x")
        #expect(fixed.state.me.address.ip == ip("10.0.0.1"))
    }

    @Test func `a PING tells us our own address only while we have none`() {
        var node = TestNode.fresh()
        node.hears(.ping(), from: "x")
        #expect(node.state.me.address.ip == ip("127.0.0.1"))
        node.step(.linkOpened(.inbound(40), local: ip("10.9.9.9"), peer: ip("127.0.0.1")))
        node.step(.message(.full(node.header(of: "y"), .ping()), on: .inbound(40)))
        #expect(node.state.me.address.ip == ip("127.0.0.1"))
    }

    @Test func `a second MEET on one connection is answered and changes nothing`() {
        var node = TestNode.fresh()
        node.hears(.meet(), from: "x")
        let again = node.hears(.meet(), from: "x") { $0.port = 9999 }
        #expect(again.sent.map(\.message.type) == [.pong])
        #expect(again.connects.isEmpty && node.state.nodes.count == 2)
    }

    @Test func `handshakes are limited in number`() {
        var node = TestNode.fresh()
        for number in 0..<1100 {
            let link = LinkID.inbound(UInt32(number))
            node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
            var header = node.header(of: "x")
            header.port = Port(UInt16(2000 + number))
            node.step(.message(.full(header, .meet()), on: link))
        }
        #expect(node.state.nodes.count == 1 + ClusterConfig.handshakeLimit)
        let more = node.command("meet 127.0.0.1 5000")
        #expect(more.notes.contains(.ignored(.handshakeLimit, from: nil)))
    }

    @Test func `a MEET whose sender has no usable address is answered and not met`() {
        var node = TestNode.fresh()
        let link = LinkID.inbound(0)
        node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: IPText()))
        let outcome = node.step(.message(.full(node.header(of: "x"), .meet()), on: link))
        #expect(outcome.sent.map(\.message.type) == [.pong])
        #expect(node.state.nodes.count == 1)
        let named = node.hears(.meet(), from: "y") { $0.ip = ip("host example") }
        #expect(node.state.nodes.count == 1)
        #expect(
            named.notes.contains { if case .ignored(.badAddress, _) = $0 { true } else { false } })
    }

    @Test func `an address that answers with a known id updates that node and ends the handshake`()
    {
        var node = TestNode(Self.shape)
        let (link, _) = Self.meeting(&node)
        let outcome = node.step(.message(.full(node.header(of: "b"), .pong()), on: link))
        #expect(node.state.nodes.count == 3)
        #expect(node.row("b")?.address == address("x"))
        #expect(
            outcome.notes.contains(.addressChanged(id("b"), from: address("b"), to: address("x"))))
        #expect(outcome.closed.contains(link))
    }

    @Test func `meeting our own address ends with the first PONG`() {
        var node = TestNode(Self.shape)
        let (link, _) = Self.meeting(&node)
        let before = node.state.me
        node.step(.linkOpened(.inbound(50), local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        var header = node.header(of: "m")
        header.sender = node.state.myID
        let greeted = node.step(.message(.full(header, .meet()), on: .inbound(50)))
        #expect(greeted.sent.map(\.message.type) == [.pong])
        node.step(.message(.full(header, .pong()), on: link))
        #expect(node.state.nodes.count == 3)
        #expect(node.state.me.id == before.id && node.state.me.slots == before.slots)
    }

    @Test func `a node that was met is saved at once`() {
        var node = TestNode(Self.shape)
        let (link, _) = Self.meeting(&node)
        let outcome = node.step(.message(.full(node.header(of: "x"), .pong()), on: link))
        #expect(!outcome.saves.isEmpty)
    }

    @Test func `a handshake that is replaced does not close a later connection of another`() {
        var node = TestNode(Self.shape)
        // x is met on connection 60, over which b turns out to speak; then 60 is c's.
        node.step(.linkOpened(.inbound(60), local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        node.step(.message(.full(node.header(of: "x"), .meet()), on: .inbound(60)))
        node.step(.message(.full(node.header(of: "b"), .ping()), on: .inbound(60)))
        node.step(.linkClosed(.inbound(60)))
        node.step(.linkOpened(.inbound(60), local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        node.step(.message(.full(node.header(of: "c"), .ping()), on: .inbound(60)))
        node.silent = ["x"]
        #expect(!node.advance(6000).closed.contains(.inbound(60)))
    }
}
