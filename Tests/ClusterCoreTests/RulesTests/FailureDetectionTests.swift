// PFAIL by silence, FAIL by a quorum of masters with slots, and when either is taken back.

import ClusterWire
import Testing

@testable import ClusterCore

struct FailureDetectionTests {
    static let shape = """
        m myself,master - 1 0-3000
        a master - 2 3001-6000
        b master - 3 6001-9000
        c master - 4 9001-12000
        d master - 5 12001-16383
        e master - 6
        r slave a 2
        """

    /// a is suspected by m.
    static func suspicious(_ lines: String = shape) -> TestNode {
        var node = TestNode(lines)
        node.silent = ["a"]
        node.advance(8000)
        return node
    }

    /// A node has failed while our connection to it stands: a ping waits for half a node timeout, and
    /// another says so.
    static func told(that letter: Character) -> TestNode {
        var node = TestNode(shape)
        node.silent = [letter]
        while node.row(letter)?.pingSent == .never { node.advance(100) }
        node.pass(2500)
        node.hears(.fail(id(letter)), from: "b")
        return node
    }

    @Test func `a node is suspected when a ping waits for more than a node timeout`() throws {
        var node = TestNode(Self.shape)
        node.silent = ["a"]
        while node.row("a")?.pingSent == .never { node.advance(100) }
        let sent = try #require(node.row("a")).pingSent
        node.advance(sent + 5000 - node.now.monotonic)
        #expect(node.row("a")?.condition.isHealthy == true)
        #expect(node.advance(100).notes.contains(.markedPFail(id("a"))))
    }

    @Test func `any traffic puts the suspicion off`() {
        var node = TestNode(Self.shape)
        node.silent = ["a"]
        for _ in 0..<5 {
            node.advance(3000)
            node.hears(.publish(Publication(channel: [], message: [])), from: "a")
        }
        #expect(node.row("a")?.condition.isHealthy == true && node.row("a")?.pingSent != .never)
    }

    @Test func `a lost link starts the clock at once`() throws {
        var node = TestNode(Self.shape)
        let handle = try #require(node.state.nodes.find(id("a")))
        node.step(.linkClosed(try #require(node.state.nodes[handle].outbound.id)))
        #expect(node.row("a")?.pingSent == Moment(node.now.monotonic))
    }

    @Test func `a new suspicion is told at once to voters and to the suspect's replicas`() {
        var node = TestNode(Self.shape)
        node.silent = ["a"]
        var outcome = Outcome()
        while node.row("a")?.condition.isHealthy == true { outcome = node.advance(100) }
        #expect(Set(outcome.receivers(of: .ping)).isSuperset(of: "bcdr"))
        for sent in outcome.sent(.ping) where sent.to == "b" {
            let entry = sent.body?.heartbeat?.gossip.first { $0.node == id("a") }
            #expect(entry?.flags.contains(.pfail) == true)
        }
    }

    @Test func `a suspicion heard makes us look at once`() {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.ping(rumour("a", [.master, .pfail])), from: "b")
        #expect(outcome.receivers(of: .ping) == "a")
        #expect(node.row("a")?.condition.isHealthy == true)
    }

    @Test func `further suspicions do not make us ask again while we wait`() {
        var node = TestNode(Self.shape)
        let suspects = Body.ping(rumour("a", [.master, .pfail]))
        #expect(node.hears(suspects, from: "b").receivers(of: .ping) == "a")
        #expect(node.hears(suspects, from: "c").receivers(of: .ping) == "")
    }

    @Test func `a suspicion that we know makes us look once, however often it is told`() {
        var node = TestNode(Self.shape)
        let suspects = Body.ping(rumour("a", [.master, .pfail]))
        #expect(node.hears(suspects, from: "b").receivers(of: .ping) == "a")
        node.hears(.pong(), from: "a", on: .outbound)
        #expect(node.hears(suspects, from: "b").receivers(of: .ping) == "")
        #expect(node.hears(suspects, from: "c").receivers(of: .ping) == "a")
    }

    @Test func `a replica that suspects its master tells its siblings its offset`() {
        var node = TestNode(
            "m myself,slave a 2\na master - 2 0-8000\nb master - 3 8001-16383\n"
                + "r slave a 2\ns slave b 3")
        node.step(.store(StoreReport(offset: 70, isEmpty: false, copyAge: 0)))
        node.silent = ["a"]
        var outcome = Outcome()
        while node.row("a")?.condition.isHealthy == true { outcome = node.advance(100) }
        #expect(outcome.receivers(of: .pong) == "r")
        #expect(outcome.sent(.pong).first?.header?.offset == 70)
    }

    @Test func `who reports whom is noted once, and once more when it is taken back`() {
        var node = TestNode(Self.shape)
        let suspects = Body.ping(rumour("a", [.master, .pfail]))
        let reported = Note.failureReported(id("a"), by: id("b"))
        #expect(node.hears(suspects, from: "b").notes == [reported])
        #expect(node.hears(suspects, from: "b").notes.isEmpty)
        let withdrawn = Note.failureReportWithdrawn(id("a"), by: id("b"))
        #expect(node.hears(.ping(rumour("a")), from: "b").notes == [withdrawn])
        #expect(node.hears(.ping(rumour("a")), from: "b").notes.isEmpty)
        #expect(node.hears(suspects, from: "b").notes == [reported])
    }

    @Test func `a quorum of voting masters makes a suspect fail, and everybody is told`() {
        var node = Self.suspicious()
        node.hears(.ping(rumour("a", [.master, .pfail])), from: "b")
        #expect(node.row("a")?.condition.isFailed == false, "2 of 5")
        let outcome = node.hears(.ping(rumour("a", [.master, .fail])), from: "c")
        #expect(
            outcome.notes.contains(
                .markedFail(id("a"), agreeing: [id("b"), id("c"), id("m")])))
        #expect(Set(outcome.receivers(of: .fail)).isSuperset(of: "bcder"))
    }

    @Test func `of many voters the first ones hear of every suspicion, others by chance`() throws {
        var node = try TestNode.large(150)
        let links = node.connectToAll().links
        let voters = node.state.nodes.handles.filter { $0 != .myself }
        // Those that die are the first ones: they are of no use.
        let (dead, living) = (voters.prefix(8), voters.dropFirst(8))
        let answering = links.filter { link in
            node.state.target(of: link).map { living.contains($0) } ?? false
        }
        node.command("addslots 9000")
        node.pass(7400)
        node.everybodyAnswers(on: answering)
        // Connections to the dead are made again and stand: their machines run, their processes do not.
        for link in links where !answering.contains(link) {
            for case .connect(let link, let to) in node.step(.linkClosed(link)).effects {
                node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: to.ip))
            }
        }
        node.pass(6800)
        node.everybodyAnswers(on: answering)
        node.pass(1000)
        let told = node.tick()
        #expect(node.state.nodes.counts.suspects == Array(dead))
        let recipients = Set(told.sent(.ping).compactMap { node.state.target(of: $0.link) })
        #expect(recipients.isSuperset(of: living.prefix(ClusterConfig.suspicionCollectors)))
        #expect(recipients.count < 120, "\(recipients.count)")
    }

    /// Of nine voters four with smaller ids and m itself agree that z has failed.
    private static func fifthToAgree() -> (TestNode, Outcome) {
        var lines = "m myself,master - 1 0-99"
        for (index, letter) in "abcdefgz".enumerated() {
            lines += "\n\(letter) master - \(index + 2) \(100 * index + 100)-\(100 * index + 199)"
        }
        var node = TestNode(lines)
        node.silent = ["z"]
        while node.row("z")?.condition.isHealthy == true { node.advance(100) }
        var outcome = Outcome()
        for letter in "abcd" {
            outcome = node.hears(.ping(rumour("z", [.master, .pfail])), from: letter)
        }
        return (node, outcome)
    }

    @Test func `of many who agree the first three tell everybody, the others if nobody did`() {
        var (node, outcome) = Self.fifthToAgree()
        #expect(node.row("z")?.condition.isFailed == true)
        #expect(outcome.sent(.fail).isEmpty)
        #expect(Set(node.advance(100).receivers(of: .fail)).isSuperset(of: "abcdefg"))
        #expect(node.advance(100).sent(.fail).isEmpty, "once")
    }

    @Test func `what another told need not be told`() {
        var (node, _) = Self.fifthToAgree()
        node.hears(.fail(id("z")), from: "a")
        #expect(node.advance(100).sent(.fail).isEmpty)
    }

    @Test func `a reporter counts once, whenever it reports and in whatever order`() {
        var node = TestNode(Self.shape)
        for reporter in "dbcbdcb" {
            node.hears(.ping(rumour("a", [.master, .pfail])), from: reporter)
        }
        let reporters = node.row("a")?.reports.map(\.reporter) ?? []
        #expect(reporters.count == 3)
        #expect(Set(reporters) == Set("bcd".compactMap { node.handle($0) }))
    }

    @Test func `a report about a suspect can be taken back`() {
        var node = Self.suspicious()
        node.hears(.ping(rumour("a", [.master, .pfail])), from: "c")
        #expect(
            node.hears(.ping(rumour("a")), from: "c").notes
                .contains(.failureReportWithdrawn(id("a"), by: id("c"))))
    }

    @Test func `a report alone fails nobody whom we do not suspect ourselves`() {
        var node = TestNode(Self.shape)
        for letter in "bcd" { node.hears(.ping(rumour("a", [.master, .fail])), from: letter) }
        #expect(node.row("a")?.condition == .healthy)
    }

    @Test func `masters without slots and replicas do not count`() {
        var node = Self.suspicious()
        node.hears(.ping(rumour("a", [.master, .pfail])), from: "b")
        node.hears(.ping(rumour("a", [.master, .pfail])), from: "e")
        node.hears(.ping(rumour("a", [.master, .pfail])), from: "r")
        #expect(node.row("a")?.condition.isPFail == true)
    }

    @Test func `a reporter that lost its slots counts no more`() {
        var node = Self.suspicious()
        node.hears(.ping(rumour("a", [.master, .pfail])), from: "b")
        // d takes b's slots: b is empty now.
        node.hears(.ping(), from: "d") {
            $0.slots = slots("6001-9000 12001-16383")
            $0.configEpoch = 50
        }
        node.hears(.ping(rumour("a", [.master, .pfail])), from: "e")
        #expect(node.row("a")?.condition.isPFail == true, "m alone of 4")
        node.hears(.ping(rumour("a", [.master, .pfail])), from: "c")
        #expect(node.row("a")?.condition.isPFail == true, "m and c of 4: 3 are needed")
        node.hears(.ping(rumour("a", [.master, .pfail])), from: "d")
        #expect(node.row("a")?.condition.isFailed == true)
    }

    @Test func `reports older than two node timeouts do not count`() {
        var node = TestNode(Self.shape)
        node.silent = ["a"]
        node.hears(.ping(rumour("a", [.master, .pfail])), from: "b")
        node.advance(10_100)
        node.hears(.ping(rumour("a", [.master, .pfail])), from: "c")
        #expect(node.row("a")?.condition.isPFail == true)
        #expect(node.row("a")?.reports.map { $0.reporter } == [node.handle("c")].compactMap { $0 })
    }

    @Test func `a replica's own view does not count`() {
        var node = TestNode(
            "m myself,slave a 1\na master - 1 0-5460\nb master - 2 5461-10922\nc master - 3 10923-16383"
        )
        node.silent = ["a"]
        node.advance(8000)
        node.hears(.ping(rumour("a", [.master, .pfail])), from: "b")
        #expect(node.row("a")?.condition.isPFail == true)
        let outcome = node.hears(.ping(rumour("a", [.master, .pfail])), from: "c")
        #expect(node.row("a")?.condition.isFailed == true)
        #expect(outcome.receivers(of: .fail).contains("b"))
    }

    @Test func `the only voting master decides alone`() {
        var node = TestNode("m myself,master - 1 0-16383\na master - 2\nr slave m 1")
        node.silent = ["a"]
        #expect(node.advance(9000).notes.contains(.markedFail(id("a"), agreeing: [id("m")])))
    }

    @Test func `a suspicion ends with a PONG on our link, and not by gossip`() {
        var node = Self.suspicious()
        node.hears(.ping(rumour("a")), from: "b")
        #expect(node.row("a")?.condition.isPFail == true)
        node.silent = []
        // Who has been silent for a node timeout, 5000 ms, is tried each eighth of it.
        node.advance(700)
        #expect(node.row("a")?.condition == .healthy)
    }

    @Test func `a failed replica or empty master that answers is well again`() {
        for (letter, reason) in [
            ("r", .replicaReachable), ("e", .masterWithoutSlots),
        ] as [(Character, Note.ClearReason)] {
            var node = Self.told(that: letter)
            let outcome = node.hears(.pong(), from: letter, on: .outbound)
            #expect(outcome.notes.contains(.clearedFail(id(letter), reason: reason)))
        }
    }

    @Test func `a failed master with slots is cleared when nobody took over in two node timeouts`()
    {
        var node = Self.told(that: "a")
        node.pass(10_000)
        node.hears(.pong(), from: "a", on: .outbound)
        #expect(node.row("a")?.condition.isFailed == true)
        node.pass(1)
        let outcome = node.hears(.pong(), from: "a", on: .outbound)
        #expect(outcome.notes.contains(.clearedFail(id("a"), reason: .nobodyTookOver)))
    }

    @Test func `a master that came back under another id fails like one that is silent`() {
        var node = TestNode(Self.shape)
        node.hears(.pong(), from: "a", on: .outbound) { $0.sender = id("x") }
        #expect(node.row("a")?.hasAddress == false)
        #expect(node.advance(5200).notes.contains(.markedPFail(id("a"))))
        node.hears(.ping(rumour("a", [.master, .pfail, .noAddress])), from: "b")
        node.hears(.ping(rumour("a", [.master, .pfail, .noAddress])), from: "c")
        #expect(node.row("a")?.condition.isFailed == true)
    }
}
