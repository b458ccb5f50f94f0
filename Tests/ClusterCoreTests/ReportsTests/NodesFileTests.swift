// nodes.conf: files of real servers are read, ours is read again as it was, and each kind of damage is
// refused with its line.

import ClusterWire
import Determinism
import TestSupport
import Testing

@testable import ClusterCore

struct NodesFileTests {
    static let now = Instant(monotonic: 5_000, wall: 1_800_000_000_000)

    static func parse(_ bytes: [UInt8]) throws(NodesFileError) -> ClusterState {
        var random = SplitMix64(seed: 4)
        return try NodesFile.parse(bytes, at: now, random: &random)
    }

    static func parse(_ text: String) throws(NodesFileError) -> ClusterState {
        try parse(Array(text.utf8))
    }

    static func files() -> [String] {
        (try? Fixture.names(in: "nodes-conf", ending: ".conf")) ?? []
    }

    @Test(arguments: files())
    func `a real server's file is read`(name: String) throws {
        let state = try Self.parse(Fixture.bytes("nodes-conf/\(name)"))
        let isMaster = name.contains("master")
        #expect(state.nodes.count == 4)
        #expect(state.currentEpoch == 3 && state.size == 3 && !state.membership.hasNeverJoined)
        #expect(state.slots.assignedCount == 16383)
        #expect(state.me.isMaster == isMaster)
        if isMaster {
            #expect(state.me.slots == slots("0-76 78-5460"))
            #expect(state.slots.migrating.list.map(\.slot) == [slot(5), slot(93)])
            #expect(state.replicas(of: state.myID).count == 1)
        } else {
            let master = try #require(state.myMaster)
            #expect(state.nodes[master].slots == slots("0-76 78-5460"))
            #expect(state.nodes[master].shard == state.me.shard)
        }
        let hasNames = !name.contains("-6.")
        #expect(state.nodes.handles.allSatisfy { state.nodes[$0].hostname.isEmpty != hasNames })
    }

    @Test(arguments: files())
    func `what is written is read again as it was`(name: String) throws {
        let state = try Self.parse(Fixture.bytes("nodes-conf/\(name)"))
        let text = NodesFile.text(state, Self.now)
        let again = try Self.parse(text)
        #expect(NodesFile.text(again, Self.now) == text)
        #expect(
            again.nodes.handles.map { again.nodes[$0] }
                == state.nodes.handles.map { state.nodes[$0] })
        #expect(again.slots.migrating == state.slots.migrating)
        #expect(again.slots.importing == state.slots.importing)
    }

    @Test func `what is not kept of a file is named, once and in order`() throws {
        var random = SplitMix64(seed: 4)
        let line = "\(Self.a) 127.0.0.1:1@2,,tls-port=0,zebra=1,client-ipv4=,shard-id=\(Self.b)"
        let text =
            "\(line) myself,master - 0 0 1 connected\nvars currentEpoch 1 lastVoteEpoch 0 future 7\n"
        let (state, remarks) = try NodesFile.read(Array(text.utf8), at: Self.now, random: &random)
        #expect(state.currentEpoch == 1)
        #expect(remarks == ["future", "zebra"].map { .skipped($0) })
        let ours = Array(NodesFile.text(state, Self.now).utf8)
        #expect(try NodesFile.read(ours, at: Self.now, random: &random).remarks.isEmpty)
    }

    private static func read(
        _ text: String
    ) throws -> (state: ClusterState, remarks: [NodesFileRemark]) {
        var random = SplitMix64(seed: 4)
        return try NodesFile.read(Array(text.utf8), at: now, random: &random)
    }

    @Test func `a file without its last newline is taken, and its last vote for the latest`() throws
    {
        let text = "\(Self.me) 0-5\nvars currentEpoch 16 lastVoteEpoch 1"
        let cut = try Self.read(text)
        #expect(cut.state.currentEpoch == 16 && cut.state.lastVoteEpoch == 16)
        #expect(cut.remarks == [.noNewline(raisedVoteEpoch: true)])
        #expect(try Self.read(text + "\n").state.lastVoteEpoch == 1)
        let more = try Self.read("\(text) forgotten \(Self.b)@5")
        #expect(more.state.lastVoteEpoch == 1)
        #expect(more.remarks == [.noNewline(raisedVoteEpoch: false)])
    }

    @Test func `two lines about one node are one, with the slots of both`() throws {
        let other = "\(Self.b) 1.1.1.1:1@2 master - 0 0"
        let (state, remarks) = try Self.read(
            "\(Self.me) 0-5\n\(other) 3 connected 6-9\n\(other) 2 connected 12\n\(Self.me) 11\n")
        #expect(state.me.slots == slots("0-5 11"))
        let row = state.nodes[try #require(state.nodes.find(id("b")))]
        #expect(row.slots == slots("6-9 12") && row.configEpoch == 3)
        #expect(remarks == [.sameNode(id("a"), line: 4), .sameNode(id("b"), line: 3)])
    }

    @Test(arguments: ["${POD_IP}", "node-a.example.test", "?"])
    func `a text in place of the own address is left out and remarked on`(text: String) throws {
        let (state, remarks) = try Self.read(
            "\(Self.a) \(text):11501@21501 myself,master - 0 0 1 connected 0-5460\n")
        #expect(state.me.address.ip.isEmpty && state.me.address.port == 11501)
        #expect(remarks == [.ownAddress(text, line: 1)])
    }

    @Test func `a peer's name is kept, and where it was seen`() throws {
        let text =
            "\(Self.me)\n\(Self.b) localhost:23001@33001 master - 0 0 1 connected 5\n"
            + "vars currentEpoch 1 lastVoteEpoch 0"
        let unseen = try Self.parse(text + "\n")
        let row = unseen.nodes[try #require(unseen.nodes.find(id("b")))]
        #expect(row.address.ip == ip("localhost") && !row.canBeReached)
        let seen = try Self.parse("\(text) seen-at \(Self.b)@127.0.0.9\n")
        let there = seen.nodes[try #require(seen.nodes.find(id("b")))]
        #expect(there.canBeReached && there.place.ip == ip("127.0.0.9"))
        #expect(there.place.busPort == 33001 && there.address.ip == ip("localhost"))
        #expect(NodesFile.text(seen, Self.now).contains("seen-at \(Self.b)@127.0.0.9\n"))
    }

    @Test func `handshakes are left out, and all else is kept`() throws {
        var node = TestNode(
            """
            m myself,master - 3 0-50 52 [7->-b] [12000-<-c]
            b master - 2 5461-10922
            c master,fail - 4 10923-16383
            r slave,nofailover b 2
            n noaddr,master - 1
            vars 12 11
            """, calm: false)
        node.command("meet 127.0.0.1 7050")
        let text = NodesFile.text(node.state, node.now)
        #expect(!text.contains("handshake"))
        let again = try Self.parse(text)
        #expect(again.nodes.count == 5 && again.currentEpoch == 12 && again.lastVoteEpoch == 11)
        #expect(again.slots.migrating[slot(7)] == id("b"))
        #expect(again.slots.importing[slot(12000)] == id("c"))
        let flags = again.nodes.handles.map { again.nodes[$0].flags.subtracting(.migrateTo) }
        #expect(
            flags
                == node.state.nodes.handles.filter { !node.state.nodes[$0].isHandshake }
                .map { node.state.nodes[$0].flags.subtracting(.migrateTo) })
    }

    // MARK: Damage

    static let a = String(repeating: "a", count: 40)
    static let b = String(repeating: "b", count: 40)
    static let me = "\(a) 127.0.0.1:1@2 myself,master - 0 0 1 connected"

    static let damages: [(String, Int, NodesFileError.Reason)] = [
        ("\(me) 0-5", 1, .lastLineTorn),
        ("\(me)\nva", 2, .lastLineTorn),
        ("\(me)\nvars currentEpoch 7", 2, .lastLineTorn),
        ("\(me)\nvars currentEpoch 7 lastVoteEp", 2, .lastLineTorn),
        ("\(me)\nvars currentEpoch 7 lastVoteEpoch ", 2, .lastLineTorn),
        ("\(me)\nvars currentEpoch 7 lastVoteEpoch 3 forgotten", 2, .lastLineTorn),
        ("", 0, .noMyself),
        ("\(me)\n\(b) 127.0.0.1:1@2 mast\u{1}er - 0 0 1 connected\n", 2, .notText),
        ("\(a) 127.0.0.1:1@2 myself,master - 0 0 1\n", 1, .tooFewFields(7)),
        (
            "\nA\(a.dropFirst()) 127.0.0.1:1@2 myself,master - 0 0 1 connected\n", 2,
            .badNodeID("A" + a.dropFirst())
        ),
        (
            "\(me)\n\(b) 1.1.1.1:1@2 master - 0 0 1 connected\n\(b) 1.1.1.1:1@2 slave \(a) 0 0 1 connected\n",
            3, .contradiction(id("b"))
        ),
        ("\(a) 127.0.0.1 myself,master - 0 0 1 connected\n", 1, .badAddress("127.0.0.1")),
        ("\(me)\n\(b) a:b:1@2 master - 0 0 1 connected\n", 2, .badAddress("a:b:1@2")),
        (
            "\(me)\nvars currentEpoch 1 lastVoteEpoch 0 seen-at \(b)\n", 2,
            .badVars("'\(b)' is not where a node is")
        ),
        (
            "\(a) 1.1.1.1:1@70000 myself,master - 0 0 1 connected\n", 1,
            .badAddress("1.1.1.1:1@70000")
        ),
        ("\(a) 1.1.1.1:60000 myself,master - 0 0 1 connected\n", 1, .badAddress("1.1.1.1:60000")),
        (
            "\(a) 1.1.1.1:1@2,,shard-id myself,master - 0 0 1 connected\n", 1,
            .badAuxiliary("shard-id")
        ),
        (
            "\(a) 1.1.1.1:1@2,,shard-id=7 myself,master - 0 0 1 connected\n", 1,
            .badAuxiliary("shard-id=7")
        ),
        (
            "\(a) 1.1.1.1:1@2,,tls-port=x myself,master - 0 0 1 connected\n", 1,
            .badAuxiliary("tls-port=x")
        ),
        ("\(a) 1.1.1.1:1@2 myself,king - 0 0 1 connected\n", 1, .unknownFlag("king")),
        ("\(me)\n\(b) 1.1.1.1:1@2 myself,master - 0 0 1 connected\n", 2, .twoMyself),
        ("\(a) 1.1.1.1:1@2 master - 0 0 1 connected\n", 0, .noMyself),
        ("\n", 0, .noMyself),
        ("\(a) 1.1.1.1:1@2 myself - 0 0 1 connected\n", 1, .neitherMasterNorReplica),
        ("\(a) 1.1.1.1:1@2 myself,slave short 0 0 1 connected\n", 1, .badMasterID("short")),
        ("\(a) 1.1.1.1:1@2 myself,slave \(a) 0 0 1 connected\n", 1, .badMasterID(a)),
        ("\(a) 1.1.1.1:1@2 myself,slave - 0 0 1 connected\n", 1, .replicaWithoutMaster),
        ("\(a) 1.1.1.1:1@2 myself,master - 0 x 1 connected\n", 1, .badNumber("x")),
        ("\(a) 1.1.1.1:1@2 myself,master - 0 0 -1 connected\n", 1, .badNumber("-1")),
        (
            "\(a) 1.1.1.1:1@2 myself,master - 0 0 18446744073709551615 connected\n", 1,
            .badNumber("18446744073709551615")
        ),
        ("\(me) 16384\n", 1, .badSlot("16384")),
        ("\(me) 9-5\n", 1, .badSlot("9-5")),
        ("\(me) 1-2-3\n", 1, .badSlot("1-2-3")),
        ("\(me) 5-\n", 1, .badSlot("5-")),
        ("\(me) [5->-\(b)\n", 1, .badOpenSlot("[5->-\(b)")),
        ("\(me) [5-=-\(b)]\n", 1, .badOpenSlot("[5-=-\(b)]")),
        ("\(me) [x->-\(b)]\n", 1, .badOpenSlot("[x->-\(b)]")),
        ("\(a) 1.1.1.1:1@2 myself,slave \(b) 0 0 1 connected 5\n", 1, .replicaWithSlots),
        ("\(me)\nvars currentEpoch\n", 2, .badVars("a name without a value")),
        ("\(me)\nvars currentEpoch x lastVoteEpoch 0\n", 2, .badNumber("x")),
        ("\(me)\nvars forgotten \(b)\n", 2, .badVars("'\(b)' is not a forgotten node")),
        ("\(me)\nvars forgotten \(b)@-5\n", 2, .badVars("'\(b)@-5' is not a forgotten node")),
    ]

    @Test(arguments: damages.indices)
    func `each kind of damage is named with its line`(index: Int) {
        let (text, line, reason) = Self.damages[index]
        #expect(throws: NodesFileError(line: line, reason: reason)) { try Self.parse(text) }
    }

    @Test func `a file of more nodes than we keep is refused`() {
        var text = Self.me + "\n"
        var random = SplitMix64(seed: 8)
        for _ in 0..<ClusterConfig.nodeLimit {
            text += "\(NodeID(using: &random)) 1.1.1.1:1@2 master - 0 0 0 connected\n"
        }
        let reason = NodesFileError.Reason.tooManyNodes(limit: ClusterConfig.nodeLimit)
        #expect(throws: NodesFileError(line: ClusterConfig.nodeLimit + 1, reason: reason)) {
            try Self.parse(text)
        }
    }

    @Test func `every reason has a text that an operator can use`() {
        for (_, line, reason) in Self.damages {
            let text = NodesFileError(line: line, reason: reason).description
            #expect(text.count > 8 && (line == 0 || text.hasPrefix("line \(line): ")))
        }
    }

    @Test func `broken files beside the expected error`() throws {
        for name in try Fixture.names(in: "nodes-conf/broken", ending: ".conf") {
            let bytes = try Fixture.bytes("nodes-conf/broken/\(name)")
            var text = "accepted"
            do throws(NodesFileError) {
                _ = try Self.parse(bytes)
            } catch {
                text = error.description
            }
            Fixture.expectGolden(text + "\n", "nodes-conf/broken/\(name.dropLast(5)).txt")
        }
    }

    @Test func `unknown auxiliary fields and variables are skipped`() throws {
        let state = try Self.parse(
            "\(Self.a) ::1:1@2,h.example,zone=x,tls-port=7,client-ipv6=::2,shard-id=\(Self.b) "
                + "myself,primary - 0 0 1 connected 0-5\n\r\nVARS future 9 currentEpoch 4\n")
        #expect(
            state.me.address == NodeAddress(ip: ip("::1"), port: 1, secondaryPort: 7, busPort: 2))
        #expect(state.me.hostname == "h.example" && state.me.shard.name == id("b"))
        #expect(state.currentEpoch == 4)
    }

    @Test func `a slot that two lines name stays with the first`() throws {
        let state = try Self.parse(
            "\(Self.b) 1.1.1.1:1@2 master - 0 0 2 connected 0-9\n\(Self.me) 5-15\n")
        #expect(state.me.slots == slots("10-15"))
    }

    @Test func `slots of a replica are claimed by nobody, after a restart too`() {
        let node = TestNode(
            "m myself,master - 1 0-5460\nb slave c 2 5461-5470\nc master - 2 5471-16383",
            calm: false)
        #expect(node.owner(5461) == "b")
        #expect(node.state.slots.notClaimed == slots("5461-5470"))
    }

    @Test func `epochs are at least those of the masters and of the last vote`() throws {
        let text = "\(Self.me)\n\(Self.b) 1.1.1.1:1@2 master - 0 0 8 connected\n"
        #expect(try Self.parse(text).currentEpoch == 8)
        #expect(try Self.parse(text + "vars currentEpoch 3 lastVoteEpoch 9\n").currentEpoch == 9)
    }

    @Test func `a node alone at epoch 0 without slots was never part of a cluster`() throws {
        let alone = "\(Self.a) 1.1.1.1:1@2 myself,master - 0 0 0 connected"
        #expect(try Self.parse(alone + "\n").membership.hasNeverJoined)
        #expect(try !Self.parse(alone + " 5\n").membership.hasNeverJoined)
        #expect(
            try !Self.parse(alone + "\nvars currentEpoch 1 lastVoteEpoch 0\n").membership
                .hasNeverJoined)
    }

    @Test(arguments: ["redis-7.0.15-master.conf"])
    func `no cut and no changed byte makes it trap`(name: String) throws {
        // Few slots, so that thousands of readings take no time.
        let text = try Fixture.text("nodes-conf/\(name)").replacing("78-5460", with: "78-80")
            .replacing("5461-10922", with: "5461").replacing("10923-16383", with: "10923-10929")
        let bytes = Array(text.utf8)
        for end in 0..<bytes.count {
            let cut = Array(bytes[..<end])
            // Only what ends with a line can be whole, or within the last number of the last line.
            guard let state = try? Self.parse(cut), cut.last != 0x0A else { continue }
            #expect(state.lastVoteEpoch == state.currentEpoch && end > bytes.count - 3)
        }
        for index in bytes.indices {
            for value: UInt8 in [0x0A, 0x20, 0x2C, 0x39, 0xFF] {
                var changed = bytes
                changed[index] = value
                guard let state = try? Self.parse(changed) else { continue }
                Invariants.check(state, nodeTimeout: 15_000)
            }
        }
    }
}
