// When to connect, when to drop a link, and whom to ping when.

import ClusterWire
import Testing

@testable import ClusterCore

struct LinksTests {
    static let shape =
        "m myself,master - 1 0-5460\nb master - 2 5461-10922\nc master - 3 10923-16383"

    private func link(_ node: TestNode, _ letter: Character) throws -> LinkID {
        let handle = try #require(node.state.nodes.find(id(letter)))
        return try #require(node.state.nodes[handle].outbound.id)
    }

    @Test func `known nodes are connected to with the first tick, and greeted with PING`() throws {
        var node = TestNode(Self.shape, calm: false)
        #expect(node.tick().connects == [address("b"), address("c")])
        let outcome = node.step(
            .linkOpened(try link(node, "b"), local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        #expect(outcome.receivers(of: .ping) == "b")
    }

    @Test func `a node that cannot be reached has its clock running from the first attempt`() {
        var node = TestNode(Self.shape, calm: false)
        node.tick()
        let start = node.now.monotonic
        node.silent = ["b", "c"]
        node.advance(2000)
        #expect(node.row("b")?.pingSent == Moment(start))
    }

    @Test func `a link that had lived is made again at once, and the clock goes on`() throws {
        var node = TestNode(Self.shape)
        let outcome = node.step(.linkClosed(try link(node, "b")))
        #expect(outcome.connects == [address("b")])
        let start = node.row("b")?.pingSent
        node.pass(700)
        node.step(.linkOpened(try link(node, "b"), local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        #expect(node.row("b")?.pingSent == start)
    }

    @Test func `a link that is closed as soon as it stands waits for the next tick`() throws {
        var node = TestNode(Self.shape)
        node.step(.linkClosed(try link(node, "b")))
        node.step(.linkOpened(try link(node, "b"), local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        node.pass(10)
        #expect(node.step(.linkClosed(try link(node, "b"))).connects.isEmpty)
        #expect(node.tick().connects == [address("b")])
    }

    @Test func `a link on which a ping waits for half a node timeout is made again once it is old`()
        throws
    {
        var node = TestNode(Self.shape)
        node.advance(6000)
        let old = try link(node, "b")
        // The connection stands, but nobody answers.
        var outcome = Outcome()
        for _ in 0..<80 where !outcome.closed.contains(old) { outcome = node.tick() }
        #expect(outcome.closed.contains(old))
        #expect(try link(node, "b") != old)
        let waited = node.now.monotonic - (node.row("b")?.pingSent ?? .never)
        #expect((2501...2600).contains(waited), "\(waited) ms of a timeout of 5000")
    }

    @Test
    func `who cannot be reached is tried less and less often, each eighth of a timeout at last`()
        throws
    {
        var node = TestNode(Self.shape)
        node.silent = ["b"]
        for _ in 0..<2 { node.step(.linkClosed(try link(node, "b"))) }
        var tries: [Int] = []
        for tick in 0..<300 {
            if node.advance(100).connects.contains(address("b")) { tries.append(tick) }
        }
        let pauses = zip(tries.dropFirst(), tries).map { $0 - $1 }
        #expect(pauses.prefix(5).allSatisfy { $0 == 1 }, "\(pauses)")
        #expect(zip(pauses.dropFirst(), pauses).allSatisfy { $0 >= $1 }, "\(pauses)")
        // An eighth of 5000 ms, in whole ticks.
        #expect(pauses.last == 7, "\(pauses)")
    }

    @Test func `who could not be reached and speaks is tried with the next tick`() throws {
        var node = TestNode(Self.shape)
        node.silent = ["b"]
        for _ in 0..<2 { node.step(.linkClosed(try link(node, "b"))) }
        node.advance(4000)
        // To just after one of the tries, which are half a second apart by now.
        for _ in 0..<10 {
            if node.advance(100).connects.contains(address("b")) { break }
        }
        #expect(node.tick().connects.isEmpty)
        node.hears(.ping(), from: "b", on: .inbound)
        #expect(node.tick().connects == [address("b")])
    }

    @Test func `a handshake with nobody ends in time, however seldom it is tried`() {
        for timeout in stride(from: Int64(2000), to: 15_000, by: 1000) {
            var node = TestNode(Self.shape) { $0.nodeTimeout = timeout }
            node.silent = ["x"]
            let begun = node.now.monotonic
            let asked = node.command("meet 127.0.0.1 \(address("x").port)")
            for case .connect(let link, _) in asked.effects { node.step(.linkClosed(link)) }
            while node.state.nodes.count == 4 { node.advance(100) }
            let waited = node.now.monotonic - begun
            #expect((timeout...timeout + 100).contains(waited), "\(waited) of \(timeout) ms")
        }
    }

    @Test func `who moved is tried at its new place with the next tick`() throws {
        var node = TestNode(Self.shape)
        node.silent = ["b"]
        for _ in 0..<2 { node.step(.linkClosed(try link(node, "b"))) }
        node.advance(9000)
        #expect(node.row("b")?.isUnhealthy == true)
        while !node.advance(100).connects.contains(address("b")) {}
        // There is no turn left for it now.
        for place in 0..<ClusterConfig.connectsPerTick {
            node.command("meet 127.0.0.1 \(7100 + place)")
        }
        let moved = address("b", ip: "127.0.0.9")
        let rumour = GossipEntry(
            node: id("b"), pingSent: 0, pongReceived: 0, address: moved, flags: .master)
        let beat = Heartbeat(gossip: GossipSection([rumour]))
        #expect(node.hears(.ping(beat), from: "c").connects.isEmpty)
        #expect(node.tick().connects.contains(moved))
    }

    @Test func `a link that opens after it was given up is closed`() throws {
        var node = TestNode(Self.shape)
        let old = try link(node, "b")
        node.step(.linkClosed(old))
        let outcome = node.step(.linkOpened(old, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        #expect(outcome.effects == [.close(old)])
    }

    @Test func `a crowd that is heard of at once is connected to in turns, and all in the end`() {
        var node = TestNode(Self.shape)
        let beat = Heartbeat(gossip: GossipTests.crowd(70))
        var asked = node.hears(.ping(beat), from: "b").connects
        #expect(asked.count == ClusterConfig.connectsPerTick)
        asked += node.tick().connects
        #expect(Set(asked.map(\.port)).count == 70)
    }

    /// A node that knows many masters that are all dead, and has been refused by each for a while.
    private func besideDeadZone(_ count: Int) throws -> TestNode {
        var node = try TestNode.large(count)
        for _ in 0..<(count / 10) {
            let refused = node.tick().effects.compactMap { effect -> LinkID? in
                if case .connect(let link, _) = effect { link } else { nil }
            }
            for link in refused { node.step(.linkClosed(link)) }
        }
        return node
    }

    @Test func `a zone of 1280 dead nodes does not hold up whoever is met`() throws {
        var node = try besideDeadZone(1280)
        // In the middle of a tick there is a turn left, and where there is none the next tick has one.
        for number in 0..<100 {
            node.command("meet 127.0.0.2 \(1000 + number)")
        }
        let asked = node.tick().connects.filter { $0.ip == ip("127.0.0.2") }
        let before = node.state.nodes.handles.count {
            node.state.nodes[$0].isHandshake && node.state.nodes[$0].outbound.isWanted
        }
        #expect(before >= ClusterConfig.connectsPerTick && !asked.isEmpty)
        node.tick()
        let all = node.state.nodes.handles.count {
            node.state.nodes[$0].isHandshake && node.state.nodes[$0].outbound.isWanted
        }
        #expect(all == 100)
    }

    @Test func `one of a dead zone that speaks is connected to with the next tick`() throws {
        var node = try besideDeadZone(1280)
        let back = try #require(
            node.state.nodes.handles.first {
                $0 != .myself && !node.state.nodes[$0].outbound.isWanted
            })
        let row = node.state.nodes[back]
        let header = Header(
            sender: row.id, currentEpoch: node.state.currentEpoch, configEpoch: row.configEpoch,
            slots: row.slots)
        node.step(.linkOpened(.inbound(0), local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        node.step(.message(.full(header, .ping(Heartbeat())), on: .inbound(0)))
        #expect(node.tick().connects.contains(row.address))
    }

    @Test func `nodes that wait for their turn to be connected to have not failed to answer`()
        throws
    {
        var node = try TestNode.large(200)
        #expect(node.tick().connects.count == ClusterConfig.connectsPerTick)
        let asked = node.state.nodes.handles.count { !node.state.nodes[$0].pingSent.isNever }
        #expect(asked == ClusterConfig.connectsPerTick)
    }

    private func amounts(_ sent: [Outcome.Sent]) -> Set<Int> {
        Set(sent.compactMap { $0.body?.heartbeat?.gossip.count })
    }

    @Test func `greetings and news of a role tell of three nodes`() throws {
        var node = try TestNode.large(200)
        let greetings = node.connectToAll().greetings
        #expect(greetings.count == 200 && amounts(greetings) == [3])
        let news = node.command("addslots 9000").sent(.pong)
        #expect(news.count == 200 && amounts(news) == [3])
    }

    @Test func `answers to greetings, and to little gossip of one known for long, tell of three`()
        throws
    {
        var node = try TestNode.large(200)
        let links = node.connectToAll().links
        let speaker = try #require(node.speaker(on: links[99]))
        node.step(.linkOpened(.inbound(0), local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        func answer(_ count: Int) throws -> Int {
            let told = node.state.nodes.handles.prefix(count).map {
                node.state.nodes.entry(about: $0, at: node.now)
            }
            let ping = Body.ping(Heartbeat(gossip: GossipSection(told)))
            let sent = node.step(.message(.full(speaker, ping), on: .inbound(0))).sent(.pong)
                .filter { $0.link == .inbound(0) }
            return try #require(sent.first?.body?.heartbeat).gossip.count
        }
        #expect(try answer(20) == 3, "a greeting")
        #expect(try answer(3) == 20, "of one that is new to us")
        node.pass(node.machine.config.nodeTimeout + 1)
        #expect(try answer(3) == 3)
        #expect(try answer(4) == 20)
    }

    @Test func `links made together are tried at different times, with little gossip`() throws {
        var node = try TestNode.large(200)
        let links = node.connectToAll().links
        let use = ClusterConfig.linkUse(at: node.machine.config.nodeTimeout)
        var early = 0
        var short = 0
        let begun = node.now.monotonic
        while node.now.monotonic - begun < use - 10_000 {
            node.everybodyAnswers(on: links)
            let tried = node.tick(after: 5000).sent(.ping)
            if node.now.monotonic - begun < use / 2 {
                #expect(tried.count <= 1, "one by chance")
            } else {
                early += tried.count
                short += tried.count { $0.body?.heartbeat?.gossip.count == 3 }
            }
        }
        // Sixteen with a tick at most; at a tenth of the ticks one by chance.
        #expect(early > 50 && short >= early - 3, "\(early) of 200, \(short) short")
    }

    @Test func `a node said to be silent is asked with little gossip`() throws {
        var node = try TestNode.large(200)
        let links = node.connectToAll().links
        node.everybodyAnswers(on: links)
        let speaker = try #require(node.speaker(on: links[0]))
        let victim = try #require(node.state.target(of: links[1]))
        var rumour = node.state.nodes.entry(about: victim, at: node.now)
        rumour.flags.insert(.pfail)
        let ping = Body.ping(Heartbeat(gossip: GossipSection([rumour])))
        let sent = node.step(.message(.full(speaker, ping), on: links[0])).sent(.ping)
        #expect(sent.map(\.link) == [links[1]] && amounts(sent) == [3])
    }

    @Test func `nodes that start at one moment do not all connect to the same ones first`() throws {
        let first = try (UInt64(1)...4).map { seed in
            var node = try TestNode.large(200, seed: seed)
            return Set(node.tick().connects.map(\.port))
        }
        #expect(Set(first).count > 1)
    }

    @Test func `the end of an inbound connection changes nothing of its node`() throws {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b")
        node.step(.linkClosed(.inbound(1)))
        #expect(node.row("b")?.inbound == nil && node.row("b")?.outbound.isOpen == true)
    }

    @Test func `a deleted node's links are closed and say nothing more`() throws {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b")
        let out = try link(node, "b")
        let outcome = node.command("forget \(id("b"))")
        #expect(Set(outcome.closed) == [out, .inbound(1)])
        let header = node.header(of: "b")
        #expect(node.step(.message(.full(header, .pong()), on: out)).effects.isEmpty)
        // The row is used again; the old name of the link means nobody.
        node.command("meet 127.0.0.1 7005")
        #expect(node.step(.linkClosed(out)).effects.isEmpty)
        #expect(node.step(.message(.full(header, .pong()), on: out)).effects.isEmpty)
    }

    @Test func `connections are counted by number and their memory is given back`() {
        var node = TestNode(Self.shape)
        for number in 0..<200 {
            node.step(
                .linkOpened(.inbound(UInt32(number)), local: ip("1.1.1.1"), peer: ip("1.1.1.1")))
        }
        #expect(node.state.connections.inbound.count == 200)
        for number in 0..<200 { node.step(.linkClosed(.inbound(UInt32(number)))) }
        #expect(node.state.connections.inbound.isEmpty)
        node.step(.linkClosed(.inbound(77)))
    }
}
