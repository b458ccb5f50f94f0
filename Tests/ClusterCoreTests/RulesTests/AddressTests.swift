// Where nodes are: what tells it, what does not, and names in place of addresses.

import Testing

@testable import ClusterCore
@testable import ClusterWire

struct AddressTests {
    @Test func `another node's answer on our link takes the address away`() {
        var node = TestNode(HandshakeTests.shape)
        let outcome = node.hears(.pong(), from: "b", on: .outbound) { $0.sender = id("x") }
        #expect(outcome.notes.contains(.addressLost(id("b"), answeredBy: id("x"))))
        #expect(node.row("b")?.hasAddress == false)
        #expect(outcome.closed.count == 1 && node.row("x") == nil)
        #expect(node.advance(300).connects.isEmpty)
    }

    /// Node m of the shape, reached at this address, on its own connection to b.
    private static func findsItself(at own: String, _ node: inout TestNode) -> Outcome {
        node.step(.linkOpened(.inbound(40), local: ip(own), peer: ip("127.0.0.1")))
        node.step(.message(.full(node.header(of: "c"), .meet()), on: .inbound(40)))
        return node.hears(.pong(), from: "b", on: .outbound) { $0.sender = id("m") }
    }

    @Test func `who finds itself where another was looks for that one where it was itself`() {
        var node = TestNode(HandshakeTests.shape)
        let outcome = Self.findsItself(at: "10.0.0.1", &node)
        #expect(outcome.connects == [address("b", ip: "10.0.0.1")])
        #expect(node.row("b")?.hasAddress == true)
        #expect(node.state.me.address.ip == ip("127.0.0.1"))
        // Nobody but itself is there either: it knows no more.
        node.opens(outcome, local: "10.0.0.1")
        let again = node.hears(.pong(), from: "b", on: .outbound) { $0.sender = id("m") }
        #expect(again.connects.isEmpty && node.row("b")?.hasAddress == false)
    }

    @Test func `who was told of its new place already looks where it was before`() {
        var node = TestNode(HandshakeTests.shape)
        node.opens(node.hears(.ping(), from: "b") { $0.ip = ip("10.0.0.7") })
        node.step(.linkOpened(.inbound(41), local: ip("10.0.0.1"), peer: ip("127.0.0.1")))
        node.step(.message(.full(node.header(of: "c"), .meet()), on: .inbound(41)))
        let outcome = Self.findsItself(at: "10.0.0.7", &node)
        #expect(outcome.connects == [address("b", ip: "10.0.0.1")])
    }

    @Test func `the first PING of a known node tells a process where it is, later ones do not`() {
        var node = TestNode(HandshakeTests.shape, calm: false)
        for (number, place) in [(0, "10.0.0.1"), (1, "10.0.0.2")] {
            let link = LinkID.inbound(UInt32(40 + number))
            node.step(.linkOpened(link, local: ip(place), peer: ip("127.0.0.1")))
            node.step(.message(.full(node.header(of: "b"), .ping()), on: link))
            #expect(node.state.me.address.ip == ip("10.0.0.1"))
        }
    }

    @Test func `a PING tells where the node is now, a PONG or MEET does not`() {
        var node = TestNode(HandshakeTests.shape)
        for body in [Body.pong(), .meet()] {
            node.hears(body, from: "b") { $0.port = 7999 }
            #expect(node.row("b")?.address == address("b"))
        }
        let outcome = node.hears(.ping(), from: "b") { $0.port = 7999 }
        #expect(node.row("b")?.address.port == 7999)
        #expect(outcome.closed.count == 1 && outcome.connects.map(\.port) == [7999])
    }

    /// Tells node b's address as a port from 7900 on, again and again. Returns how often it was
    /// believed.
    static func moves(_ count: Int, _ node: inout TestNode) -> Int {
        (0..<count).count { index in
            let outcome = node.hears(.ping(), from: "b") { $0.port = Port(UInt16(7900 + index)) }
            return outcome.notes.contains { if case .addressChanged = $0 { true } else { false } }
        }
    }

    @Test func `of many changes of an address a few are believed at once, then one a second`() {
        var node = TestNode(HandshakeTests.shape)
        #expect(Self.moves(20, &node) == 8)
        let refused = node.hears(.ping(), from: "b") { $0.port = 6000 }
        let place = NodeAddress(ip: ip("127.0.0.1"), port: 6000, busPort: address("b").busPort)
        #expect(refused.notes == [.ignored(.movesTooOften(to: place), from: id("b"))])
        #expect(refused.connects.isEmpty && refused.closed.isEmpty)
        node.pass(1000)
        #expect(Self.moves(20, &node) == 1)
        node.pass(60_000)
        #expect(Self.moves(20, &node) == 8)
    }

    @Test func `the moves of one node do not hold up another`() {
        var node = TestNode(HandshakeTests.shape)
        _ = Self.moves(20, &node)
        node.hears(.ping(), from: "c") { $0.port = 6000 }
        #expect(node.row("c")?.address.port == 6000)
    }

    @Test func `a master that moves is followed at its new address`() {
        var node = TestNode("m myself,slave b 2\nb master - 2 0-16383")
        let outcome = node.hears(.ping(), from: "b") { $0.ip = ip("10.0.0.7") }
        #expect(outcome.effects.contains(.replicate(from: address("b", ip: "10.0.0.7"))))
    }

    @Test func `a node without address comes back when it pings us`() {
        var node = TestNode(HandshakeTests.shape)
        node.hears(.pong(), from: "b", on: .outbound) { $0.sender = id("x") }
        let outcome = node.hears(.ping(), from: "b")
        #expect(outcome.connects == [address("b")])
        #expect(node.row("b")?.hasAddress == true)
    }

    @Test(arguments: [
        ("::FFFF", "::ffff"), ("2001:DB8::1", "2001:db8:0:0::1"), ("0:0:0:0:0:0:0:1", "::1"),
        ("10.0.0.1", "10.0.0.1"),
    ])
    func `two spellings of one address are no change`(first: String, second: String) {
        var node = TestNode(HandshakeTests.shape)
        node.hears(.ping(), from: "b") { $0.ip = ip(first) }
        let outcome = node.hears(.ping(), from: "b") { $0.ip = ip(second) }
        #expect(outcome.connects.isEmpty && outcome.closed.isEmpty)
    }

    @Test(arguments: [
        "fe80::1%eth0", ":::", "1::2::3", "a,b", "a@b", "a b", "\"a", "a\\", "a\u{1B}[0m", "\u{7F}",
        "na\u{EF}ve",
    ])
    func `what is neither a literal address nor a name is not stored`(text: String) {
        var node = TestNode(HandshakeTests.shape)
        node.hears(.ping(), from: "b") { $0.ip = ip(text) }
        #expect(node.row("b")?.address == address("b"))
    }

    @Test func `bytes behind the end of an address are no part of it`() throws {
        var frame = Message.full(Header(sender: id("b"), ip: ip("127.0.0.1")), .ping()).encode()
        let start = Layout.Head.ip
        frame?[start + 20] = 0x41
        guard case .full(let header, _) = try Message.decode(#require(frame)) else { return }
        #expect(header.ip != ip("127.0.0.1"))
        var node = TestNode(HandshakeTests.shape)
        let outcome = node.hears(.ping(), from: "b") { $0.ip = header.ip }
        #expect(outcome.connects.isEmpty && node.row("b")?.address == address("b"))
    }

    @Test func `a node that begins to announce a name keeps its connection`() {
        var node = TestNode(HandshakeTests.shape)
        let outcome = node.hears(.ping(), from: "b") { $0.ip = ip("localhost") }
        #expect(node.row("b")?.address.ip == ip("localhost"))
        #expect(node.row("b")?.place == address("b"))
        #expect(outcome.closed.isEmpty && outcome.connects.isEmpty && !outcome.saves.isEmpty)
        let again = node.hears(.ping(), from: "b") { $0.ip = ip("localhost") }
        #expect(again.saves.isEmpty, "nothing has changed")
    }

    @Test func `a node that announces a name is reached where it is now`() {
        var node = TestNode(HandshakeTests.shape)
        node.hears(.ping(), from: "b") { $0.ip = ip("localhost") }
        node.step(.linkClosed(.inbound(1)))
        node.step(.linkOpened(.inbound(1), local: ip("127.0.0.1"), peer: ip("127.0.0.7")))
        let outcome = node.hears(.ping(), from: "b") { $0.ip = ip("localhost") }
        #expect(outcome.connects == [address("b", ip: "127.0.0.7")])
        #expect(node.row("b")?.address.ip == ip("localhost"))
    }

    @Test func `a stranger that announces a name is met where it is`() {
        var node = TestNode(HandshakeTests.shape)
        let outcome = node.hears(.meet(), from: "x") { $0.ip = ip("node-x.example.test") }
        #expect(outcome.connects == [address("x")])
    }

    @Test func `an announced name is what headers say, and who is here`() {
        var node = TestNode(HandshakeTests.shape) { $0.announceIP = ip("localhost") }
        #expect(node.hears(.ping(), from: "b").sent(.pong).first?.header?.ip == ip("localhost"))
        #expect(node.state.me.address.ip == ip("localhost"))
    }

    @Test func `an address is written one way, or is none`() {
        let spellings: [(written: String, meant: String?)] = [
            ("10.0.0.1", "10.0.0.1"), ("255.255.255.255", "255.255.255.255"),
            ("0.0.0.0", "0.0.0.0"),
            ("256.0.0.1", nil), ("1.2.3", nil), ("1.2.3.4.5", nil), ("1.2.3.04", nil),
            ("1..2.3", nil), (".1.2.3", nil), ("1.2.3.", nil), ("1.2.3.4 ", nil), ("00.1.2.3", nil),
            ("1.2.3.a", nil), ("1234.1.1.1", nil), ("100.100.100.1000", nil), ("", nil), ("?", nil),
            ("::1", "::1"), ("FE80:0:0:0:0:0:0:A", "fe80::a"), ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
            ("::ffff:1.2.3.04", nil), ("host", nil),
        ]
        for (written, meant) in spellings {
            #expect(IPLiteral.normalised(ip(written))?.text == meant, "\(written)")
        }
    }

    @Test func `what follows the end of an address is not part of it`() throws {
        let header = Header(sender: id("b"), ip: ip("10.0.0.1"))
        for place in [9, 15, 16, 44] {
            var frame = try #require(Message.full(header, .vote).encode())
            frame[2168 + place] = UInt8(ascii: "5")
            guard case .full(let read, _) = try Message.decode(frame) else { return }
            #expect(read.ip != ip("10.0.0.1"))
            #expect(IPLiteral.normalised(read.ip) == ip("10.0.0.1"), "byte \(place)")
        }
    }
}
