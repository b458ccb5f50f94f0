// How nodes come to know each other, and what happens to addresses.

import Testing

@testable import ClusterCore
@testable import ClusterWire

struct HandshakeTests {
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
        #expect(other.map { node.state.nodes[$0].pingSent } == 0)
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

    @Test func `another node's answer on our link takes the address away`() {
        var node = TestNode(Self.shape)
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
        var node = TestNode(Self.shape)
        let outcome = Self.findsItself(at: "10.0.0.1", &node)
        #expect(outcome.connects == [address("b", ip: "10.0.0.1")])
        #expect(node.row("b")?.hasAddress == true)
        #expect(node.state.me.address.ip == ip("127.0.0.1"))
        // Nobody but itself is there either: it knows no more.
        for case .connect(let link, let to) in outcome.effects {
            node.step(.linkOpened(link, local: ip("10.0.0.1"), peer: to.ip))
        }
        let again = node.hears(.pong(), from: "b", on: .outbound) { $0.sender = id("m") }
        #expect(again.connects.isEmpty && node.row("b")?.hasAddress == false)
    }

    @Test func `who was told of its new place already looks where it was before`() {
        var node = TestNode(Self.shape)
        for case .connect(let link, let to)
            in node.hears(.ping(), from: "b", { $0.ip = ip("10.0.0.7") }).effects
        {
            node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: to.ip))
        }
        node.step(.linkOpened(.inbound(41), local: ip("10.0.0.1"), peer: ip("127.0.0.1")))
        node.step(.message(.full(node.header(of: "c"), .meet()), on: .inbound(41)))
        let outcome = Self.findsItself(at: "10.0.0.7", &node)
        #expect(outcome.connects == [address("b", ip: "10.0.0.1")])
    }

    @Test func `the first PING of a known node tells a process where it is, later ones do not`() {
        var node = TestNode(Self.shape, calm: false)
        for (number, place) in [(0, "10.0.0.1"), (1, "10.0.0.2")] {
            let link = LinkID.inbound(UInt32(40 + number))
            node.step(.linkOpened(link, local: ip(place), peer: ip("127.0.0.1")))
            node.step(.message(.full(node.header(of: "b"), .ping()), on: link))
            #expect(node.state.me.address.ip == ip("10.0.0.1"))
        }
    }

    @Test func `a PING tells where the node is now, a PONG or MEET does not`() {
        var node = TestNode(Self.shape)
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
        var node = TestNode(Self.shape)
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
        var node = TestNode(Self.shape)
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
        var node = TestNode(Self.shape)
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
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b") { $0.ip = ip(first) }
        let outcome = node.hears(.ping(), from: "b") { $0.ip = ip(second) }
        #expect(outcome.connects.isEmpty && outcome.closed.isEmpty)
    }

    @Test(arguments: [
        "fe80::1%eth0", ":::", "1::2::3", "a,b", "a@b", "a b", "\"a", "a\\", "a\u{1B}[0m", "\u{7F}",
        "na\u{EF}ve",
    ])
    func `what is neither a literal address nor a name is not stored`(text: String) {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b") { $0.ip = ip(text) }
        #expect(node.row("b")?.address == address("b"))
    }

    @Test func `bytes behind the end of an address are no part of it`() throws {
        var frame = Message.full(Header(sender: id("b"), ip: ip("127.0.0.1")), .ping()).encode()
        let start = Layout.Head.ip
        frame?[start + 20] = 0x41
        guard case .full(let header, _) = try Message.decode(#require(frame)) else { return }
        #expect(header.ip != ip("127.0.0.1"))
        var node = TestNode(Self.shape)
        let outcome = node.hears(.ping(), from: "b") { $0.ip = header.ip }
        #expect(outcome.connects.isEmpty && node.row("b")?.address == address("b"))
    }

    /// Whether a cluster with slots 0-5 free lets in x, which says MEET.
    private static func letsIn(
        _ body: Body, _ change: (inout Header) -> Void = { _ in }
    ) -> Bool {
        var node = TestNode(shape.replacing("0-5460", with: "6-5460")) { $0.refuseMerge = true }
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
        var node = TestNode(Self.shape)
        node.hears(.meet(rumour("y")), from: "x") { $0.slots = .all }
        #expect(node.state.nodes.count == 4)
    }

    @Test func `with refuse-merge a node without slots may join a cluster that has some`() {
        var node = TestNode.fresh { $0.refuseMerge = true }
        node.hears(.meet(), from: "x") { $0.slots = slots("0-5") }
        #expect(node.state.nodes.count == 2)
    }

    @Test func `a node that was met is saved at once`() {
        var node = TestNode(Self.shape)
        let (link, _) = Self.meeting(&node)
        let outcome = node.step(.message(.full(node.header(of: "x"), .pong()), on: link))
        #expect(!outcome.saves.isEmpty)
    }

    @Test func `with refuse-merge a cluster does not join another, one who is alone does`() {
        for (isMet, answers) in [(true, true), (true, false), (false, true)] {
            var node = TestNode(Self.shape) { $0.refuseMerge = true }
            let link: LinkID
            if isMet {
                (link, _) = Self.meeting(&node)
            } else {
                // The other said MEET, and nothing was seen in it.
                let connects = node.hears(.meet(), from: "x").effects
                guard
                    case .connect(let asked, _)? = connects.first(where: {
                        if case .connect = $0 { true } else { false }
                    })
                else { return #expect(Bool(false), "no connection was asked for") }
                link = asked
                node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
            }
            let body = answers ? Body.pong(rumour("y")) : .pong()
            let outcome = node.step(.message(.full(node.header(of: "x"), body), on: link))
            #expect(outcome.notes.contains(.ignored(.mergeRefused, from: id("x"))) == answers)
            #expect((node.row("x") == nil) == answers)
        }
        var alone = TestNode.fresh { $0.refuseMerge = true }
        let (link, _) = Self.meeting(&alone)
        var header = alone.header(of: "x")
        header.slots = slots("0-16383")
        alone.step(.message(.full(header, .pong(rumour("y"))), on: link))
        #expect(alone.row("x") != nil)
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

    @Test func `a node that begins to announce a name keeps its connection`() {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.ping(), from: "b") { $0.ip = ip("localhost") }
        #expect(node.row("b")?.address.ip == ip("localhost"))
        #expect(node.row("b")?.place == address("b"))
        #expect(outcome.closed.isEmpty && outcome.connects.isEmpty && !outcome.saves.isEmpty)
        let again = node.hears(.ping(), from: "b") { $0.ip = ip("localhost") }
        #expect(again.saves.isEmpty, "nothing has changed")
    }

    @Test func `a node that announces a name is reached where it is now`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b") { $0.ip = ip("localhost") }
        node.step(.linkClosed(.inbound(1)))
        node.step(.linkOpened(.inbound(1), local: ip("127.0.0.1"), peer: ip("127.0.0.7")))
        let outcome = node.hears(.ping(), from: "b") { $0.ip = ip("localhost") }
        #expect(outcome.connects == [address("b", ip: "127.0.0.7")])
        #expect(node.row("b")?.address.ip == ip("localhost"))
    }

    @Test func `a stranger that announces a name is met where it is`() {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.meet(), from: "x") { $0.ip = ip("node-x.example.test") }
        #expect(outcome.connects == [address("x")])
    }

    @Test func `an announced name is what headers say, and who is here`() {
        var node = TestNode(Self.shape) { $0.announceIP = ip("localhost") }
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
