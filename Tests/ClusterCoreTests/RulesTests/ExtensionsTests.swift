// What the extensions of a heartbeat tell: names, shards, and nodes that must be forgotten.

import ClusterWire
import Determinism
import Testing

@testable import ClusterCore

struct ExtensionsTests {
    static let shape = """
        m myself,master - 1 0-5460
        b master - 2 5461-10922
        c master - 3 10923-16383
        r slave b 2
        """

    static func forgotten(_ letter: Character, _ seconds: UInt64) -> PingExtension {
        .forgottenNode(id(letter), secondsLeft: seconds)
    }

    @Test func `names are stored, and unset when they are absent`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(extensions: [.hostname("b.example"), .nodeName("bee")]), from: "b")
        #expect(node.row("b")?.hostname == "b.example")
        #expect(node.row("b")?.nodeName == "bee")
        node.hears(.ping(), from: "b")
        #expect(node.row("b")?.hostname == "" && node.row("b")?.nodeName == "")
    }

    @Test(arguments: ["a,b", "a b", "a=b", "a\nb", "a\"b", String(repeating: "h", count: 256)])
    func `a name that would not fit into nodes.conf is not taken`(name: String) {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.ping(extensions: [.hostname(name)]), from: "b")
        #expect(node.row("b")?.hostname == "")
        #expect(outcome.notes.contains(.ignored(.invalidExtension("name"), from: id("b"))))
    }

    @Test func `a master's shard is its word, and its replicas' too`() {
        var node = TestNode(Self.shape)
        let shard = ShardID(id("7"))
        node.hears(.ping(extensions: [.shardID(shard)]), from: "b")
        #expect(node.row("b")?.shard == shard && node.row("r")?.shard == shard)
    }

    @Test func `a replica is in its master's shard, whatever it says`() {
        var node = TestNode(Self.shape)
        let before = node.row("b")?.shard
        node.hears(.ping(extensions: [.shardID(ShardID(id("7")))]), from: "r")
        #expect(node.row("r")?.shard == before && node.row("b")?.shard == before)
    }

    @Test func `a node that another forgot is forgotten and told of with its remaining time`() {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.ping(extensions: [Self.forgotten("c", 30)]), from: "b")
        #expect(outcome.notes.contains(.nodeForgotten(id("c"), by: id("b"))))
        #expect(node.row("c") == nil)
        node.pass(1500)
        let told = node.hears(.ping(extensions: []), from: "b") {
            $0.messageFlags.insert(.extensions)
        }
        let extensions = told.sent(.pong).first?.body?.heartbeat?.extensions
        // 28.5 s are left: rounded down.
        #expect(extensions?.contains(Self.forgotten("c", 28)) == true)
    }

    @Test func `hearsay never prolongs an entry`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(extensions: [Self.forgotten("c", 30)]), from: "b")
        node.pass(20_000)
        node.hears(.ping(extensions: [Self.forgotten("c", 30)]), from: "b")
        #expect(node.state.forgotten.contains(id("c"), at: node.now.wall + 9_999))
        #expect(!node.state.forgotten.contains(id("c"), at: node.now.wall + 10_000))
    }

    @Test func `an id that we do not know is kept away but not told of`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(extensions: [Self.forgotten("x", 30)]), from: "b")
        node.hears(.ping(rumour("x")), from: "b")
        #expect(node.row("x") == nil)
        #expect(node.state.forgotten.announcements(at: node.now.wall).isEmpty)
    }

    @Test func `a shard that a node tells is saved`() throws {
        var node = TestNode("m myself,master - 1 0-5460\nb master - 2 5461-16383")
        let shard = ShardID(id("7"))
        let tells = Body.ping(extensions: [.shardID(shard)])
        #expect(!node.hears(tells, from: "b").saves.isEmpty)
        #expect(node.row("b")?.shard == shard)
        #expect(node.hears(tells, from: "b").saves.isEmpty, "no news")
    }

    @Test func `what is remembered of the forgotten goes when its time is over`() {
        var node = TestNode("m myself,master - 1 0-5460\nb master - 2 5461-16383\nc master - 3")
        node.hears(.ping(extensions: [Self.forgotten("c", 1)]), from: "b")
        #expect(!node.state.forgotten.isEmpty)
        node.advance(1100)
        #expect(node.state.forgotten.isEmpty)
    }

    @Test func `neither ourselves nor our master can be forgotten by hearsay`() {
        var node = TestNode("m myself,slave b 2\nb master - 2 0-10922\nc master - 3 10923-16383")
        node.hears(
            .ping(extensions: [Self.forgotten("m", 30), Self.forgotten("b", 30)]), from: "c")
        #expect(node.row("b") != nil && node.state.myID == id("m"))
        #expect(node.state.forgotten.isEmpty)
    }

    @Test func `no time left and impossible ids forget nobody`() {
        var node = TestNode(Self.shape)
        node.hears(
            .ping(extensions: [
                Self.forgotten("c", 0), .forgottenNode(.zero, secondsLeft: 9),
            ]), from: "b")
        #expect(node.row("c") != nil && node.state.forgotten.isEmpty)
    }

    @Test func `hearsay cannot keep an id away for longer than a day`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(extensions: [Self.forgotten("c", .max)]), from: "b")
        #expect(!node.state.forgotten.contains(id("c"), at: node.now.wall + 86_400_000))
    }

    @Test func `a node that names itself and more is forgotten after all was read`() {
        var node = TestNode(Self.shape)
        let outcome = node.hears(
            .ping(extensions: [
                Self.forgotten("b", 9), .hostname("not a name"), Self.forgotten("c", 9),
            ]), from: "b")
        #expect(node.row("b") == nil && node.row("c") == nil)
        #expect(outcome.notes.contains(.nodeForgotten(id("c"), by: id("b"))))
        #expect(node.state.forgotten.announcements(at: node.now.wall).count == 2)
    }

    @Test func `a full list of forgotten ids takes no hearsay and keeps what an operator said`() {
        var node = TestNode(Self.shape)
        node.command("forget \(id("c"))")
        var random = SplitMix64(seed: 5)
        let flood = (0..<3000).map { _ in
            PingExtension.forgottenNode(NodeID(using: &random), secondsLeft: 100)
        }
        node.hears(.ping(extensions: flood), from: "b")
        #expect(node.state.forgotten.entries.count == ClusterConfig.blacklistLimit)
        #expect(node.state.forgotten.contains(id("c"), at: node.now.wall))
        node.command("forget \(id("r"))")
        #expect(node.state.forgotten.contains(id("r"), at: node.now.wall))
    }

    /// A node of which c was forgotten, that has met c again. Its time to live is `seconds`.
    private static func metAgain(_ seconds: Int64, asked: Bool) -> TestNode {
        var node = TestNode(Self.shape) { $0.blacklistTTL = seconds }
        node.command("forget \(id("c"))")
        node.pass(1000)
        let outcome =
            asked
            ? node.command("meet 127.0.0.1 \(address("c").port)") : node.hears(.meet(), from: "c")
        guard let link = node.opens(outcome) else {
            preconditionFailure("no connection was asked for")
        }
        node.step(.message(.full(node.header(of: "c"), .pong()), on: link))
        return node
    }

    @Test(arguments: [true, false])
    func `who is met again is known, and what others still tell of its forgetting is old`(
        asked: Bool
    ) {
        var node = Self.metAgain(60, asked: asked)
        #expect(node.row("c") != nil && !node.state.forgotten.contains(id("c"), at: node.now.wall))
        for seconds: UInt64 in [59, 58, 30, 1] {
            node.hears(.ping(extensions: [Self.forgotten("c", seconds)]), from: "b")
            #expect(node.row("c") != nil, "\(seconds)")
            // The next that is told has as much less time left.
            node.pass([59: 1, 58: 28, 30: 29, 1: 0][seconds, default: 0] * 1000)
        }
    }

    @Test func `who is met again stays, though others keep what was said before for longer`() {
        var node = Self.metAgain(5, asked: true)
        for _ in 0..<30 {
            node.hears(.ping(extensions: [Self.forgotten("c", 58)]), from: "b")
            #expect(node.row("c") != nil)
        }
        node.advance(20_000)
        node.hears(.ping(extensions: [Self.forgotten("c", 38)]), from: "b")
        #expect(node.row("c") != nil)
    }

    @Test func `who is met again and then forgotten anew is gone, by our word and by others'`() {
        var node = Self.metAgain(60, asked: true)
        node.pass(10_000)
        node.hears(.ping(extensions: [Self.forgotten("c", 60)]), from: "b")
        #expect(node.row("c") == nil)
        node = Self.metAgain(60, asked: true)
        node.command("forget \(id("c"))")
        #expect(node.row("c") == nil && node.state.forgotten.contains(id("c"), at: node.now.wall))
    }

    @Test func `a clock that is set back does not make a new word to forget look old`() {
        var node = Self.metAgain(60, asked: true)
        node.now.wall -= 3_600_000
        node.hears(.ping(extensions: [Self.forgotten("c", 60)]), from: "b")
        #expect(node.row("c") == nil)
    }

    @Test func `what is remembered of a meeting goes when its time is over`() {
        var node = Self.metAgain(60, asked: true)
        #expect(!node.state.forgotten.isEmpty)
        node.advance(61_000)
        #expect(node.state.forgotten.isEmpty)
    }

    @Test func `forgotten ids outlive a restart, with what is told of them`() throws {
        var node = TestNode(Self.shape)
        node.command("forget \(id("c"))")
        node.hears(.ping(extensions: [Self.forgotten("x", 30)]), from: "b")
        var random = SplitMix64(seed: 1)
        let text = NodesFile.text(node.state, node.now)
        let state = try NodesFile.parse(Array(text.utf8), at: node.now, random: &random)
        #expect(state.forgotten.contains(id("c"), at: node.now.wall))
        #expect(state.forgotten.contains(id("x"), at: node.now.wall))
        #expect(state.forgotten.announcements(at: node.now.wall).map(\.id) == [id("c")])
    }

    @Test func `the operator's FORGET is told at once to those who take extensions`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(extensions: []), from: "b") { $0.messageFlags.insert(.extensions) }
        let outcome = node.command("forget \(id("c"))")
        #expect(outcome.receivers(of: .ping) == "b")
        #expect(
            outcome.sent(.ping).first?.body?.heartbeat?.extensions
                .contains(Self.forgotten("c", 60)) == true)
    }
}
