// What is believed of what anybody can say: which connection in a node's name is its own, and what is asked before it
// is believed.

import ClusterWire
import Testing

@testable import ClusterCore

struct TrustTests {
    /// m is this node; r is a replica of b.
    static let shape = """
        m myself,master - 1 0-5460
        b master - 2 5461-10922
        c master - 3 10923-16383
        r slave b 2
        """

    /// The stranger's address.
    static let elsewhere = "192.0.2.66"

    static func node() -> TestNode { TestNode(shape) { $0.confirms = true } }

    // MARK: Connections

    @Test func `a second connection in a node's name changes nothing, and the node is asked`() {
        var node = Self.node()
        let link = node.stranger()
        let outcome = node.hears(.ping(), as: "b", on: link) {
            $0.slots = .all
            $0.configEpoch = 50
            $0.currentEpoch = 50
        }
        #expect(outcome.sent(.pong).map(\.link) == [link])
        #expect(outcome.receivers(of: .ping).contains("b"))
        #expect(node.owner(0) == "m")
        #expect(node.state.currentEpoch == 9)
        #expect(node.state.slots.disputed.isEmpty)
    }

    @Test func `a stranger's words in a node's name are not taken`() {
        for body in [Body.fail(id("b")), .vote, .manualFailoverStart, .voteRequest] {
            var node = Self.node()
            node.loses("b")
            let votes = node.state.lastVoteEpoch
            node.hears(body, as: "c", on: node.stranger()) { $0.messageFlags = .forceAck }
            #expect(node.row("b")?.condition.isFailed == false)
            #expect(node.state.lastVoteEpoch == votes && node.state.manualFailover == nil)
        }
    }

    @Test func `what was said on a connection is taken once it is the node's own`() {
        var node = Self.node()
        node.loses("b")
        // c has connected anew, and its former connection has not ended yet.
        let anew = node.stranger(from: "127.0.0.1")
        node.hears(.fail(id("b")), as: "c", on: anew)
        #expect(node.row("b")?.condition.isFailed == false)
        let outcome = node.step(.linkClosed(node.inbound("c")))
        #expect(outcome.receivers(of: .ping) == "c")
        node.hears(.pong(), from: "c", on: .outbound)
        #expect(node.row("c")?.inbound == anew)
        #expect(node.row("b")?.condition.isFailed == true)
    }

    @Test func `a connection takes the proven one's place only with an answer on our link`() {
        var node = Self.node()
        let link = node.stranger(from: "127.0.0.1")
        node.hears(.ping(), as: "b", on: link)
        node.step(.linkClosed(node.inbound("b")))
        #expect(node.row("b")?.inbound == nil)
        let heard = node.row("b")?.dataReceived
        node.pass(10)
        node.hears(.ping(), as: "b", on: link)
        #expect(node.row("b")?.dataReceived == heard)
        node.hears(.pong(), from: "b", on: .outbound)
        #expect(node.row("b")?.inbound == link)
    }

    @Test func `a connection from where the node answers is its own before any other`() {
        var node = Self.node()
        node.step(.linkClosed(node.inbound("b")))
        let first = node.stranger()
        node.hears(.ping(), as: "b", on: first)
        let second = LinkID.inbound(61)
        node.step(.linkOpened(second, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        node.hears(.ping(), as: "b", on: second)
        node.hears(.pong(), from: "b", on: .outbound)
        #expect(node.row("b")?.inbound == second)
    }

    @Test func `where no connection comes from where a node answers the oldest is its own`() {
        var node = TestNode(Self.shape, calm: false) { $0.confirms = true }
        node.advance(300)
        let (first, second) = (LinkID.inbound(60), LinkID.inbound(61))
        for link in [first, second] {
            node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip(Self.elsewhere)))
            node.hears(.ping(), as: "b", on: link)
        }
        node.hears(.pong(), from: "b", on: .outbound)
        #expect(node.row("b")?.inbound == nil)
        node.pass(5000)
        node.hears(.pong(), from: "b", on: .outbound)
        #expect(node.row("b")?.inbound == first)
    }

    @Test func `silence of an eighth of a node timeout ends a proven connection that is tested`() {
        var node = Self.node()
        node.pass(700)
        let outcome = node.hears(.ping(), as: "b", on: node.stranger())
        #expect(outcome.sent(.ping).map(\.link).contains(node.inbound("b")))
        node.pass(500)
        #expect(!node.tick().closed.contains(node.inbound("b")))
        node.pass(100)
        #expect(node.tick().closed.contains(.inbound(UInt32(Peer.number("b")))))
    }

    @Test func `anything on a proven connection ends its test`() {
        var node = Self.node()
        node.pass(700)
        node.hears(.ping(), as: "b", on: node.stranger())
        node.pass(300)
        node.hears(.pong(), from: "b")
        node.pass(500)
        #expect(node.tick().closed.isEmpty)
    }

    @Test func `two connections in a name are kept beside its own`() {
        var node = Self.node()
        var closed: [LinkID] = []
        for number: UInt32 in 60..<63 {
            node.step(
                .linkOpened(.inbound(number), local: ip("127.0.0.1"), peer: ip(Self.elsewhere)))
            closed += node.hears(.ping(), as: "b", on: .inbound(number)).closed
        }
        #expect(closed == [.inbound(60)])
    }

    @Test func `a stranger causes one question a tick to a node`() {
        var node = Self.node()
        let link = node.stranger()
        for epoch in 20...40 as ClosedRange<UInt64> {
            node.hears(.ping(), as: "b", on: link) { $0.configEpoch = Epoch(epoch) }
        }
        #expect(node.state.statistics.trust.asked == 1)
    }

    @Test func `strangers cause sixteen questions a tick in all`() {
        let lines =
            "m myself,master - 1 0-5460\n"
            + "bcdefghijklnopqrstuv".map { "\($0) master - 0" }.joined(separator: "\n")
        var node = TestNode(lines) { $0.confirms = true }
        for (place, letter) in "bcdefghijklnopqrstuv".enumerated() {
            let link = LinkID.inbound(UInt32(60 + place))
            node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip(Self.elsewhere)))
            node.hears(.ping(), as: letter, on: link) { $0.slots = .all }
        }
        #expect(node.state.statistics.trust.asked == 16)
        node.tick()
        node.hears(.ping(), as: "v", on: .inbound(79)) { $0.slots = .all }
        #expect(node.state.statistics.trust.asked == 17)
    }

    @Test func `one foreign address may speak on 32 connections in names of others`() {
        let letters = "bcdefghijklnopqrst"
        let lines =
            "m myself,master - 1 0-5460\n"
            + letters.map { "\($0) master - 0" }.joined(separator: "\n")
        var node = TestNode(lines) { $0.confirms = true }
        var closed: [LinkID] = []
        for (place, letter) in (letters + letters).enumerated() {
            let link = LinkID.inbound(UInt32(60 + place))
            node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip(Self.elsewhere)))
            closed += node.hears(.ping(), as: letter, on: link).closed
        }
        #expect(closed == [92, 93, 94, 95].map { LinkID.inbound($0) })
    }

    @Test func `words wait for half a node timeout for their connection to be proven`() {
        var node = Self.node()
        node.loses("b")
        let anew = node.stranger(from: "127.0.0.1")
        node.hears(.fail(id("b")), as: "c", on: anew)
        node.pass(2500)
        node.tick()
        node.step(.linkClosed(node.inbound("c")))
        node.hears(.pong(), from: "c", on: .outbound)
        #expect(node.row("c")?.inbound == anew)
        #expect(!node.state.failures.open.contains(node.handle("b") ?? .myself))
    }

    @Test func `a publication in a node's name is handed to nobody`() {
        let publication = Publication(channel: [1], message: [2])
        var node = Self.node()
        let link = node.stranger()
        node.hears(.ping(), as: "b", on: link)
        let full = node.hears(.publish(publication), as: "b", on: link)
        let light = node.step(.message(.light(LightMessage(.publish(publication))), on: link))
        for effect in full.effects + light.effects {
            if case .deliver = effect { Issue.record("it is handed to subscribers") }
        }
        #expect(light.closed.isEmpty)
    }

    @Test func `whether a link takes extensions is shown anew by each link of ours`() {
        var node = Self.node()
        node.hears(.pong(), from: "b", on: .outbound) { $0.messageFlags.insert(.extensions) }
        #expect(node.row("b")?.peerFlags.contains(.takesExtensions) == true)
        node.hears(.ping(), as: "c", on: node.stranger()) { $0.messageFlags.insert(.extensions) }
        #expect(node.row("c")?.peerFlags.contains(.takesExtensions) == false)
        if let link = node.row("b")?.outbound.id { node.opens(node.step(.linkClosed(link))) }
        #expect(node.row("b")?.peerFlags.contains(.takesExtensions) == false)
    }

    // MARK: Claims

    @Test func `what a node says on the connection that it made is taken from its answer`() {
        var node = Self.node()
        let outcome = node.hears(.ping(), from: "b", Self.claim)
        #expect(outcome.receivers(of: .ping) == "b")
        #expect(node.owner(0) == "m")
        node.hears(.pong(), from: "b", on: .outbound, Self.claim)
        #expect(node.owner(0) == "b")
        #expect(node.state.statistics.trust.confirmed == 1)
    }

    static func claim(_ header: inout Header) {
        header.slots = slots("0 5461-10922")
        header.configEpoch = 10
        header.currentEpoch = 10
    }

    @Test func `an answer to an earlier ping denies nothing`() {
        var node = Self.node()
        node.advance(2600)
        node.silent = ["b"]
        node.pass(2600)
        let waits = node.tick().receivers(of: .ping).contains("b")
        #expect(waits)
        node.hears(.ping(), from: "b", Self.claim)
        node.hears(.pong(), from: "b", on: .outbound)
        #expect(node.state.statistics.trust.denied == 0)
        node.hears(.pong(), from: "b", on: .outbound, Self.claim)
        #expect(node.owner(0) == "b")
    }

    @Test func `an update is taken when its node says the same, and not when it does not`() {
        let update = SlotUpdate(configEpoch: 10, node: id("c"), slots: slots("0 10923-16383"))
        var node = Self.node()
        let outcome = node.hears(.update(update), from: "b") { $0.currentEpoch = 10 }
        #expect(outcome.receivers(of: .ping) == "c")
        let denied = node.hears(.pong(), from: "c", on: .outbound)
        #expect(denied.notes.contains(.claimDenied(of: id("c"), by: id("b"))))
        #expect(node.owner(0) == "m")
        node.hears(.update(update), from: "b")
        node.hears(.pong(), from: "c", on: .outbound) {
            $0.slots = update.slots
            $0.configEpoch = 10
        }
        #expect(node.owner(0) == "c")
    }

    @Test func `a claim whose node is silent for a node timeout is believed`() {
        var node = Self.node()
        let update = SlotUpdate(configEpoch: 10, node: id("c"), slots: slots("0 10923-16383"))
        node.silent = ["c"]
        node.hears(.update(update), from: "b")
        node.pass(4900)
        node.tick()
        #expect(node.owner(0) == "m")
        let outcome = node.tick(after: 200)
        #expect(outcome.notes.contains(.claimUnanswered(of: id("c"), by: id("b"))))
        #expect(node.owner(0) == "c")
    }

    @Test func `slots that a claim takes from us are not served until it is settled`() {
        var node = Self.node()
        node.advance(3000)
        #expect(node.state.route(SlotQuery(slot(0))) == .serve)
        node.hears(.ping(), from: "b", Self.claim)
        #expect(node.state.route(SlotQuery(slot(0))) == .down(.cluster))
        #expect(node.state.route(SlotQuery(slot(1))) == .serve)
        node.hears(.pong(), from: "b", on: .outbound)
        #expect(node.state.route(SlotQuery(slot(0))) == .serve)
    }

    @Test func `no vote is given to a claim that is older than one which is not settled`() {
        var node = Self.node()
        node.learnsFailure(of: "b", from: "c")
        let update = SlotUpdate(configEpoch: 10, node: id("c"), slots: slots("5461-16383"))
        node.hears(.update(update), from: "c")
        let outcome = node.hears(.voteRequest, from: "r") { $0.currentEpoch = 11 }
        guard case .slotsOwnedByNewer(_, owner: id("c"), epoch: 10)? = outcome.refusals.first else {
            Issue.record("\(outcome.refusals)")
            return
        }
    }

    @Test func `a node is forgotten by the answer of who tells so, and not by a stranger`() {
        let told = Body.ping(
            Heartbeat(extensions: [.forgottenNode(id("c"), secondsLeft: 60)]))
        var node = Self.node()
        node.hears(told, as: "b", on: node.stranger())
        #expect(node.row("c") != nil)
        node.hears(told, from: "b")
        #expect(node.row("c") != nil)
        let answer = Body.pong(
            Heartbeat(extensions: [.forgottenNode(id("c"), secondsLeft: 60)]))
        node.hears(answer, from: "b", on: .outbound)
        #expect(node.row("c") == nil)
    }
}

extension TestNode {
    /// A connection of a stranger.
    mutating func stranger(from text: String = TrustTests.elsewhere) -> LinkID {
        let link = LinkID.inbound(60)
        if state.connections[link] == nil {
            step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip(text)))
        }
        return link
    }

    /// A message in a node's name on any connection.
    @discardableResult
    mutating func hears(
        _ body: Body, as letter: Character, on link: LinkID,
        _ change: (inout Header) -> Void = { _ in }
    ) -> Outcome {
        var header = header(of: letter)
        change(&header)
        return step(.message(.full(header, body), on: link))
    }

    /// A stranger says that a node is at his address. Returns the connection that asks who is there.
    mutating func probed(as letter: Character) -> LinkID {
        let link = stranger()
        let outcome = hears(.ping(), as: letter, on: link) { $0.ip = ip(TrustTests.elsewhere) }
        guard let probe = opens(outcome) else {
            Issue.record("nobody is asked who is there")
            return link
        }
        return probe
    }
}
