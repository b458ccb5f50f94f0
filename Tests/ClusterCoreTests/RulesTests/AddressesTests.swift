// Where a node is when two places say that it is there.

import ClusterWire
import Testing

@testable import ClusterCore

struct AddressesTests {
    @Test func `a node that answers where it is stays there`() {
        var node = TrustTests.node()
        let probe = node.probed(as: "b")
        #expect(node.row("b")?.address == address("b"))
        node.step(.message(.full(node.header(of: "b"), .pong(Heartbeat())), on: probe))
        let outcome = node.hears(.pong(), from: "b", on: .outbound)
        #expect(outcome.notes.contains { if case .identityConflict = $0 { true } else { false } })
        #expect(node.row("b")?.address == address("b"))
    }

    @Test func `a node is taken to be where it answers when its former place refuses`() {
        var node = TrustTests.node()
        let probe = node.probed(as: "b")
        node.step(.message(.full(node.header(of: "b"), .pong(Heartbeat())), on: probe))
        node.loses("b")
        #expect(node.row("b")?.address.ip == ip(TrustTests.elsewhere))
    }

    @Test func `a place where another or nobody answers is not taken`() {
        var node = TrustTests.node()
        let probe = node.probed(as: "b")
        node.step(.message(.full(node.header(of: "x"), .pong(Heartbeat())), on: probe))
        node.loses("b")
        #expect(node.row("b")?.address == address("b"))
    }

    @Test func `a link that has ended is no sign that its node has moved`() {
        var node = TrustTests.node()
        let probe = node.probed(as: "b")
        node.step(.message(.full(node.header(of: "b"), .pong(Heartbeat())), on: probe))
        if let link = node.row("b")?.outbound.id { node.step(.linkClosed(link)) }
        #expect(node.row("b")?.address == address("b"))
    }

    @Test func `a node that answers at home again is there`() {
        var node = TrustTests.node()
        let probe = node.probed(as: "b")
        node.step(.message(.full(node.header(of: "b"), .pong(Heartbeat())), on: probe))
        node.loses("b")
        #expect(node.row("b")?.address.ip == ip(TrustTests.elsewhere))
        node.pass(700)
        let home = node.opens(node.tick())
        guard let home else {
            Issue.record("home is not tried")
            return
        }
        node.step(.message(.full(node.header(of: "b"), .pong(Heartbeat())), on: home))
        #expect(node.row("b")?.address == address("b"))
    }

    @Test func `that two answer under one id is counted each time and told once in a while`() {
        var node = TrustTests.node()
        var told = 0
        for _ in 0..<5 {
            let probe = node.probed(as: "b")
            node.step(.message(.full(node.header(of: "b"), .pong(Heartbeat())), on: probe))
            let outcome = node.hears(.pong(), from: "b", on: .outbound)
            told += outcome.notes.count { if case .identityConflict = $0 { true } else { false } }
            node.pass(1000)
        }
        #expect(told == 1 && node.state.statistics.trust.identityConflicts == 5)
    }

    @Test func `a home is given up after ten node timeouts`() {
        var node = TrustTests.node()
        let probe = node.probed(as: "b")
        node.step(.message(.full(node.header(of: "b"), .pong(Heartbeat())), on: probe))
        node.loses("b")
        node.silent = []
        #expect(node.state.addresses.homes.count == 1)
        node.advance(51_000)
        #expect(node.state.addresses.homes.isEmpty)
    }

    @Test func `eight places a second are asked who is there`() {
        let letters = "bcdefghijklnopqrst"
        let lines =
            "m myself,master - 1 0-5460\n"
            + letters.map { "\($0) master - 0" }.joined(separator: "\n")
        var node = TestNode(lines) { $0.confirms = true }
        for (place, letter) in letters.enumerated() {
            let link = LinkID.inbound(UInt32(60 + place))
            node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip(TrustTests.elsewhere)))
            node.hears(.ping(), as: letter, on: link) { $0.ip = ip(TrustTests.elsewhere) }
        }
        #expect(node.state.statistics.trust.probes == 8)
    }

    @Test func `a probe comes under an id of nobody and its answer is read for nothing else`() {
        var node = TrustTests.node()
        let probe = node.probed(as: "b")
        var header = node.header(of: "b")
        (header.slots, header.configEpoch, header.currentEpoch) = (.all, 50, 50)
        node.step(.message(.full(header, .pong(Heartbeat())), on: probe))
        #expect(node.owner(0) == "m" && node.state.currentEpoch == 9)
        #expect(node.state.nodes.handles.allSatisfy { node.state.nodes[$0].stage != .probe })
    }
}
