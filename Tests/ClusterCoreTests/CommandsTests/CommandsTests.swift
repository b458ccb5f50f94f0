// What commands do when they are not refused.

import ClusterWire
import Determinism
import Testing

@testable import ClusterCore

struct CommandsTests {
    static let shape =
        "m myself,master - 1 0-100\nb master - 2 101-16000\nc master - 3\nr slave b 2"

    @Test func `ADDSLOTS and DELSLOTS are all or nothing`() {
        var node = TestNode(Self.shape)
        #expect(node.reply("addslots 16001 16002 5") == .error("ERR Slot 5 is already busy"))
        #expect(node.owner(16001) == nil)
        #expect(node.reply("addslots 16001 16002") == .ok)
        #expect(node.owner(16002) == "m")
        #expect(
            node.reply("delslots 16001 16003") == .error("ERR Slot 16003 is already unassigned"))
        #expect(node.owner(16001) == "m")
        #expect(node.reply("delslotsrange 16001 16002 500 600") == .ok)
        #expect(node.owner(16001) == nil && node.owner(550) == nil, "of any owner")
        #expect(node.reply("addslotsrange 500 500 502 504") == .ok)
        #expect(node.owner(503) == "m" && node.owner(501) == nil)
        #expect(node.reply("flushslots") == .ok)
        #expect(node.state.me.slotCount == 0 && node.owner(499) == "b")
    }

    @Test func `ADDSLOTS closes an import`() {
        var node = TestNode(Self.shape)
        node.command("setslot 16001 importing \(id("b"))")
        node.command("addslots 16001")
        #expect(node.state.slots.importing.isEmpty)
    }

    @Test func `SETSLOT opens and closes slots`() {
        var node = TestNode(Self.shape)
        #expect(node.reply("setslot 5 migrating \(id("b"))") == .ok)
        #expect(node.reply("setslot 500 IMPORTING \(id("b"))") == .ok)
        #expect(node.state.slots.migrating[slot(5)] == id("b"))
        #expect(node.state.slots.importing[slot(500)] == id("b"))
        #expect(node.reply("setslot 5 stable") == .ok && node.reply("setslot 500 stable") == .ok)
        #expect(node.state.slots.migrating.isEmpty && node.state.slots.importing.isEmpty)
    }

    @Test func `SETSLOT NODE ends an import with a greater epoch, and tells everybody`() {
        var node = TestNode(Self.shape)
        node.command("setslot 500 importing \(id("b"))")
        let outcome = node.command("setslot 500 node \(id("m"))")
        #expect(node.owner(500) == "m" && node.state.me.configEpoch == 10)
        #expect(node.state.slots.importing.isEmpty)
        #expect(Set(outcome.receivers(of: .pong)) == Set("bcr"))
        #expect(outcome.sent(.pong).allSatisfy { $0.header?.slots.contains(slot(500)) == true })
    }

    @Test func `SETSLOT NODE elsewhere is a local hint`() {
        var node = TestNode(Self.shape)
        node.command("setslot 5 migrating \(id("c"))")
        let outcome = node.command("setslot 5 node \(id("c"))")
        #expect(node.owner(5) == "c" && node.state.me.configEpoch == 1)
        #expect(node.state.slots.migrating.isEmpty)
        #expect(outcome.replies == [.ok])
    }

    @Test func `a master that gives its last slot away becomes a replica, if it may`() {
        for may in [true, false] {
            var node = TestNode("m myself,master - 1 5\nb master - 2 0-4 6-16383") {
                $0.allowReplicaMigration = may
            }
            node.command("setslot 5 node \(id("b"))")
            #expect(node.state.me.isMaster == !may)
        }
    }

    @Test func `FORGET deletes a node, and says OK again while it is forgotten`() {
        var node = TestNode(Self.shape) { $0.blacklistTTL = 1 }
        #expect(node.reply("forget \(id("b"))") == .ok)
        #expect(node.row("b") == nil && node.owner(500) == nil)
        #expect(node.row("r")?.role == .replica(of: nil))
        #expect(node.reply("forget \(id("b"))") == .ok)
        node.advance(1000)
        #expect(node.reply("forget \(id("b"))") == .error("ERR Unknown node \(id("b"))"))
    }

    @Test func `RESET forgets all but the name, HARD the name too`() {
        var node = TestNode(Self.shape)
        node.command("forget \(id("c"))")
        #expect(node.reply("reset soft") == .ok)
        #expect(node.state.nodes.count == 1 && node.state.slots.assignedCount == 0)
        #expect(node.state.myID == id("m") && node.state.currentEpoch == 9)
        #expect(node.state.me.configEpoch == 1 && node.state.forgotten.isEmpty)
        let shard = node.state.me.shard
        let outcome = node.command("RESET HARD")
        #expect(outcome.saves.contains { $0.sync })
        #expect(node.state.myID != id("m") && node.state.me.shard != shard)
        #expect(node.state.currentEpoch == 0 && node.state.me.configEpoch == 0)
        #expect(node.state.lastVoteEpoch == 0)
    }

    @Test func `RESET makes a replica a master without keys`() {
        var node = TestNode("m myself,slave b 2\nb master - 2 0-16383")
        let shard = node.state.me.shard
        let outcome = node.command("reset")
        #expect(node.state.me.isMaster && node.state.me.shard != shard)
        #expect(outcome.effects.contains(.replicate(from: nil)))
        #expect(outcome.effects.contains(.dropKeys(in: .all)))
    }

    @Test func `REPLICATE NO ONE makes a replica a master of a shard of its own, without keys`() {
        var node = TestNode("m myself,slave b 2\nb master - 2 0-16383")
        let former = node.state.me.shard
        let outcome = node.command("replicate no ONE")
        #expect(node.state.me.isMaster && node.state.me.shard != former)
        #expect(node.state.me.slotCount == 0 && node.row("b")?.slotCount == 16384)
        #expect(outcome.effects.contains(.replicate(from: nil)))
        #expect(outcome.effects.contains(.dropKeys(in: .all)))
        #expect(outcome.saves.contains { $0.sync })
        #expect(node.command("replicate no one").effects == [.reply(.ok, to: ClientID(1))])
    }

    @Test func `REPLICATE follows a master, and the same again changes nothing`() {
        var node = TestNode(Self.shape.replacing("0-100\n", with: "\n"))
        let outcome = node.command("replicate \(id("b"))")
        #expect(node.state.me.role == .replica(of: id("b")))
        #expect(outcome.effects.contains(.replicate(from: address("b"))))
        #expect(node.command("replicate \(id("b"))").effects == [.reply(.ok, to: ClientID(1))])
    }

    @Test func `SAVECONFIG saves with sync`() {
        var node = TestNode(Self.shape)
        #expect(node.command("saveconfig").saves.map(\.sync) == [true])
    }

    @Test func `names, counts and lists`() {
        var node = TestNode(Self.shape)
        #expect(node.reply("myid") == .bulk(id("m").description))
        #expect(node.reply("MYSHARDID") == .bulk(TestNode.shard("m")))
        node.hears(.ping(rumour("c", [.master, .pfail])), from: "b")
        #expect(node.reply("count-failure-reports \(id("c"))") == .integer(1))
        node.pass(10_001)
        #expect(node.reply("count-failure-reports \(id("c"))") == .integer(0))
        guard case .list(let lines) = node.reply("replicas \(id("b"))") else { return }
        #expect(lines.count == 1)
        guard case .list(let help) = node.reply("help") else { return }
        #expect(
            help.first
                == .status(
                    "CLUSTER <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"))
        #expect(help.suffix(2).first == .status("HELP"))
    }

    @Test(arguments: [
        ("foo", 12182), ("foo{{bar}}zap", 4015), ("{user1000}.following", 3443),
        ("foo{bar}{zap}", 5061), ("foo{}{bar}", 8363), ("{}", 15257), ("", 0), ("{a", 10276),
    ])
    func `the slot of a key, and of its tag`(key: String, expected: Int) {
        #expect(KeySlot.of(Array(key.utf8)) == slot(expected))
        var node = TestNode.fresh()
        #expect(
            node.command([Array("keyslot".utf8), Array(key.utf8)]).replies
                == [.integer(Int64(expected))])
    }

    @Test func `the checksum's check value`() {
        #expect(KeySlot.checksum(Array("123456789".utf8).span) == 0x31C3)
    }

    @Test func `the checksum of eight bytes at once is that of one after the other`() {
        var random = SplitMix64(seed: 3)
        let bytes = (0..<200).map { _ in UInt8(random.below(256)) }
        for count in 0...bytes.count {
            var bitwise: UInt16 = 0
            for byte in bytes[..<count] {
                bitwise ^= UInt16(byte) << 8
                for _ in 0..<8 {
                    bitwise = bitwise & 0x8000 != 0 ? bitwise << 1 ^ 0x1021 : bitwise << 1
                }
            }
            #expect(KeySlot.checksum(bytes.span.extracting(0..<count)) == bitwise)
        }
    }

    @Test func `a tag is found wherever it stands in a long key`() {
        let tag = Array("tag".utf8)
        for before in 0..<140 {
            let front = [UInt8](repeating: UInt8(ascii: "x"), count: before)
            let key = front + Array("{".utf8) + tag + Array("}yyy}".utf8)
            #expect(KeySlot.of(key) == KeySlot.of(tag))
            let whole = front + Array("{}".utf8) + tag + Array("}".utf8)
            #expect(Int(KeySlot.of(whole).value) == Int(KeySlot.checksum(whole.span)) % 16384)
        }
    }
}
