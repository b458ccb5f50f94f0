// Who is pinged, and who hears of whom.

import ClusterWire
import Testing

@testable import ClusterCore

struct HeartbeatsTests {
    static let shape = """
        m myself,master - 1 0-5460
        b master - 2 5461-10922
        c master - 3 10923-16383
        r slave m 1
        """

    @Test func `everybody is pinged who was not heard of for half a node timeout`() {
        var node = TestNode(Self.shape)
        // No answers and no draws by chance: ticks alone.
        var pinged = ""
        for _ in 0..<27 {
            node.pass(100)
            pinged += node.step(.tick).receivers(of: .ping)
        }
        #expect(Set(pinged) == Set("bcr"))
    }

    @Test func `of a crowd that is due at once, some are pinged at each tick`() {
        var node = TestNode(
            Self.shape + "defghijklnopqstuvwxyz".map { "\n\($0) master - 0" }.joined())
        node.pass(ClusterConfig().nodeTimeout / 2 - 1)
        var pinged: [String] = []
        for _ in 0..<5 {
            node.pass(100)
            pinged.append(node.step(.tick).receivers(of: .ping))
        }
        // Besides, one a second by chance.
        #expect(pinged.allSatisfy { $0.count <= ClusterConfig.pingsPerTick + 1 }, "\(pinged)")
        #expect(pinged.contains { $0.count >= ClusterConfig.pingsPerTick }, "\(pinged)")
        #expect(Set(pinged.joined()).count == 24, "\(pinged)")
    }

    @Test func `a replica whose master was not known when it was named is soon asked again`() {
        var node = TestNode(Self.shape + "\ne master - 4")
        node.hears(.ping(), from: "e", RolesTests.replicaHeader(of: "x"))
        let early = node.advance(ClusterConfig.askMasterAfter - 100)
        #expect(!early.receivers(of: .ping).contains("e"))
        let late = node.advance(200)
        #expect(late.receivers(of: .ping).contains("e"))
    }

    @Test func `who pings us is not pinged, but for our own link now and then`() {
        var node = TestNode(Self.shape) { $0.nodeTimeout = 2000 }
        // Between two draws by chance there are nine ticks.
        while node.state.heartbeats.ticks % 10 != 0 { node.advance(100) }
        var pinged: [String] = []
        for _ in 0..<9 {
            for peer in "bcr" { node.hears(.ping(), from: peer) }
            node.pass(2400)
            for peer in "bcr" { node.hears(.ping(), from: peer) }
            pinged.append(node.step(.tick).receivers(of: .ping))
        }
        // For the first time after five to ten node timeouts, then after ten.
        #expect(pinged.prefix(4).allSatisfy { $0.isEmpty }, "\(pinged)")
        let all = pinged.joined().sorted()
        #expect(all == ["b", "c", "r"], "\(pinged)")
    }

    @Test func `one node by chance is pinged each second, and none that owes an answer`() {
        var node = TestNode(Self.shape) { $0.nodeTimeout = 60_000 }
        var count = 0
        for _ in 0..<100 {
            node.pass(100)
            count += node.step(.tick).sent(.ping).count
        }
        #expect((1...3).contains(count), "three nodes, none of which answers")
    }

    @Test func `a PING starts the clock once`() {
        var node = TestNode(Self.shape)
        node.silent = ["b"]
        node.advance(3000)
        let start = node.row("b")?.pingSent
        node.hears(.ping(rumour("b", [.master, .pfail])), from: "c")
        node.advance(1000)
        #expect(start != .never && node.row("b")?.pingSent == start)
    }

    @Test func `a node that we met hears of all others, and they of it, with the next tick`() {
        var node = TestNode(Self.shape)
        let outcome = node.command("meet 127.0.0.1 \(address("x").port)")
        for effect in outcome.effects {
            guard case .connect(let link, _) = effect else { continue }
            node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
            node.step(.message(.full(node.header(of: "x"), .pong()), on: link))
        }
        let told = node.tick()
        #expect(told.receivers(of: .ping).contains("x"))
        for sent in told.sent(.ping) {
            let names = sent.body?.heartbeat?.gossip.map(\.node) ?? []
            if sent.to == "x" { #expect(Set(names).isSuperset(of: [id("b"), id("c"), id("r")])) }
            if sent.to != "x" { #expect(names.contains(id("x"))) }
        }
        #expect(Set(told.receivers(of: .ping)) == Set("bcrx"))
    }

    @Test func `a newcomer hears of everybody, once`() {
        let letters = "abcdefghijklnopqrs"
        let step = 16384 / letters.count
        var node = TestNode(
            "m myself,master - 1\n"
                + letters.enumerated().map { index, letter in
                    "\(letter) master - \(index + 2) \(index * step)-\(index * step + step - 1)"
                }.joined(separator: "\n"))
        let outcome = node.command("meet 127.0.0.1 \(address("x").port)")
        for effect in outcome.effects {
            guard case .connect(let link, _) = effect else { continue }
            node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
            node.step(.message(.full(node.header(of: "x"), .pong()), on: link))
        }
        func heard(_ outcome: Outcome) -> [Int] {
            outcome.sent(.ping).filter { $0.to == "x" }
                .map { $0.body?.heartbeat?.gossip.count ?? 0 }
        }
        #expect(heard(node.tick()).contains(letters.count))
        #expect(!heard(node.tick()).contains(letters.count))
    }

    @Test func `a master that pauses pings the replica at each tick`() {
        var node = TestNode(Self.shape)
        node.hears(.manualFailoverStart, from: "r")
        for _ in 0..<5 { #expect(node.tick().receivers(of: .ping).contains("r")) }
    }
}
