// Replication against chance: a master's words that are changed or cut anywhere, a replica's words that make no
// sense, and servers that follow each other in any order while links are cut. GRAPEVINE_FUZZ asks for more cases.

import ClusterWire
import SystemIO
import TestSupport
import Testing

@testable import DataPlane

@Suite struct ReplicationFuzzTests {
    private static let cases = Environment.value("GRAPEVINE_FUZZ").flatMap { Int($0) } ?? 300

    // MARK: - What a master says

    private static let commands = [
        "SET a 1", "SET a 2 PXAT 5", "INCR n", "APPEND a xyz", "DEL a n", "MULTI", "EXEC", "PING",
        "SELECT 0", "SELECT 1", "REPLCONF GETACK *", "FLUSHALL", "MSET {a}1 1 {a}2 2",
        "MSET a 1 b 2",
        "RENAME a {a}b", "COPY a {a}c REPLACE", "SETRANGE a 100 x", "SETBIT a 7 1", "GETEX a PX 5",
        "BITFIELD a SET u8 0 255", "MSETEX 1 a 1 PX 7", "MSETEX 9223372036854775807 a 1 PX 7",
        "RESTORE a 0 x", "CLUSTER FLUSHSLOT 0", "CLUSTER FLUSHSLOT 99999", "FUNCTION FLUSH",
        "CLUSTER FAILOVER FORCE REPLICAID x", "LPUSH l 1", "SETRANGE a 9223372036854775807 x",
        "INCRBYFLOAT f 1.5", "PEXPIREAT a 9223372036854775807", "EXPIRE a -1", "INCRBY n 2",
    ]

    /// A conversation that could be, of a handshake, a copy in one form or the other, and a stream.
    private func conversation(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes = Array("+PONG\r\n+OK\r\n+OK\r\n".utf8)
        switch random.next() % 4 {
        case 0: bytes += Array("+CONTINUE \(LoneReplica.otherID)\r\n".utf8)
        case 1: bytes += LoneReplica.markedCopy(RDBKit.write([RDBEntry("a", "7", 9)]))
        default:
            let offset = [0, 100, Int.max / 2, 1 << 62].randomElement(using: &random) ?? 0
            bytes += LoneReplica.copy([RDBEntry("a", "7"), RDBEntry("n", "8")], offset: offset)
        }
        for _ in 0..<(random.next() % 8) {
            let command = Self.commands.randomElement(using: &random) ?? "PING"
            bytes += LoneReplica.stream(command)
            if random.next() % 8 == 0 { bytes += [10] }
        }
        return bytes
    }

    private func changed(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<(random.next() % 3) where !bytes.isEmpty {
            let place = Int(random.next() % UInt64(bytes.count))
            switch random.next() % 5 {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
            case 3:
                // Digits make lengths and offsets that are not meant.
                bytes.insert(
                    contentsOf: Array("9999999999999999999".utf8).prefix(
                        Int(random.next() % 20)), at: place)
            default: bytes.removeSubrange(place...)
            }
        }
        return bytes
    }

    @Test func `whatever a master says, keys are those of a whole copy, and offsets of what came`()
    {
        var random = Seeds.generator("master")
        for number in 0..<Self.cases * 3 {
            let replica = LoneReplica.withCopy()
            for _ in 0...(random.next() % 2) {
                replica.lose()
                replica.tick(milliseconds: 1000)
                let before = replica.server.keys
                let copies = replica.server.notes.count { Self.isCopied($0) }
                let offset = replica.log.offset
                let bytes = changed(conversation(&random), &random)
                replica.hear(bytes, piece: 1 + Int(random.next() % 200))
                let isCopying = replica.replication.linkState == .copying
                if isCopying && copies == replica.server.notes.count(where: { Self.isCopied($0) }) {
                    #expect(replica.server.keys == before, "seed \(Seeds.current), \(number)")
                }
                #expect(
                    copies < replica.server.notes.count { Self.isCopied($0) }
                        || replica.log.offset - offset <= bytes.count, "seed \(Seeds.current)")
                #expect(replica.store.heldBytes < 4 << 20)
                replica.replication.follow(
                    random.next() % 8 == 0 ? nil : replica.master, at: replica.now)
                replica.replication.follow(replica.master, at: replica.now)
                replica.perform()
            }
        }
    }

    private static func isCopied(_ note: ReplicationNote) -> Bool {
        if case .replica(.copied) = note { true } else { false }
    }

    // MARK: - What a replica says

    @Test func `whatever a replica says, a master goes on`() {
        var random = Seeds.generator("replica")
        let words = [
            "listening-port", "ip-address", "capa", "psync2", "eof", "rdb-only", "1", "65536", "-1",
            "9223372036854775807", "version", "10.0.0.1", "", "\r\n", "7000", "x y",
        ]
        let server = TestServer(7000, seed: 3)
        server.replication.settings.hardLimitBytes = 1 << 20
        server.replication.settings.backlogBytes = 1 << 15
        server.replication.settings.backlogTime = 2000
        var now: Int64 = 1000
        for number in 0..<Self.cases * 3 {
            now += Int64(random.next() % 2000)
            server.store.now = now
            var announcement = ReplicaAnnouncement()
            let said = (0..<(random.next() % 6)).map { _ in
                Array((words.randomElement(using: &random) ?? "").utf8)
            }
            _ = announcement.take(said)
            let log = server.replication.log
            let ids: [[UInt8]?] = [nil, [63], log.id.bytes, log.secondID?.bytes, random.bytes(40)]
            let offsets: [Int64?] = [
                nil, -1, 0, 1, .max, .min, Int64(log.offset), Int64(log.offset) + 1,
                Int64(log.kept?.first ?? 0), Int64(truncatingIfNeeded: random.next()),
            ]
            _ = server.replication.addReplica(
                UInt32(number), announcement, peer: "p",
                id: ids[Int(random.next() % 5)], offset: offsets[Int(random.next() % 10)], at: now)
            for feed in server.replication.feeds { act(feed, server, now, &random) }
            server.run("SET", "k\(random.next() % 50)", String(repeating: "v", count: number % 700))
            if random.next() % 50 == 0 { server.run("FLUSHALL") }
            server.replication.tick(at: now)
            _ = server.replication.takeActions()
            for feed in server.replication.feeds where feed.hasBytes(log) {
                #expect(feed.lend(log) { $0.count } != nil, "seed \(Seeds.current), \(number)")
            }
            #expect((log.kept?.count ?? 0) < 1 << 21)
            #expect(server.store.table.copies.count <= server.replication.feeds.count)
        }
    }

    /// What may become of one replica.
    private func act(
        _ feed: ReplicaFeed, _ server: TestServer, _ now: Int64, _ random: inout SeededGenerator
    ) {
        let log = server.replication.log
        switch random.next() % 8 {
        case 0: server.replication.replicaClosed(feed.number)
        case 1:
            server.replication.acknowledged(
                feed.number, offset: Int64(truncatingIfNeeded: random.next()), at: now)
        case 2: server.replication.heard(feed.number, at: now)
        case 3: break
        default:
            let most = 1 + Int(random.next() % 5000)
            guard let count = feed.lend(log, { min($0.count, most) }) else { return }
            feed.sent(count, at: now)
            server.replication.keepNeeded()
        }
    }

    // MARK: - Servers among each other

    @Test func `servers that name the same place of a history hold the same keys`() {
        var random = Seeds.generator("servers")
        for number in 0..<max(20, Self.cases / 10) {
            let shard = TestShard(3)
            for server in shard.servers { server.replication.settings.backlogBytes = 20_000 }
            for step in 0..<60 {
                shard.pieceBytes = 1 + Int(random.next() % 3000)
                act(shard, &random)
                shard.settle(times: Int(random.next() % 12))
                check(shard, "seed \(Seeds.current), world \(number), step \(step)")
            }
            shard.isCut = []
            shard.follow(0, nil)
            shard.follow(1, 0)
            shard.follow(2, 1)
            shard.pass(ticks: 350)
            check(shard, "seed \(Seeds.current), world \(number), the end")
            #expect(shard[2].keys == shard[0].keys && shard[1].keys == shard[0].keys)
            #expect(shard[2].replication.holdsCopy)
        }
    }

    private func act(_ shard: TestShard, _ random: inout SeededGenerator) {
        let index = Int(random.next() % 3)
        let server = shard[index]
        switch random.next() % 12 {
        case 0: shard.cutLink(of: index)
        case 1: shard.isCut.formSymmetricDifference([index])
        case 2:
            server.replication.follow(nil, at: shard.now)
            server.store.becomeMaster(from: 0)
        case 3, 4:
            let master = shard[(index + 1 + Int(random.next() % 2)) % 3]
            server.replication.follow(master.address, at: shard.now)
        case 5:
            for _ in 0..<5 {
                shard.now += 100
                for server in shard.servers {
                    server.store.now = shard.now
                    server.store.sweep()
                    server.replication.tick(at: shard.now)
                }
            }
        case 6: server.replication.askForConfirmation()
        case 7: server.replication.tryAgain(at: shard.now)
        default:
            guard server.replication.master == nil else { return }
            for _ in 0..<(random.next() % 30) { write(server, &random) }
        }
    }

    private func write(_ server: TestServer, _ random: inout SeededGenerator) {
        let key = "k\(random.next() % 20)"
        switch random.next() % 8 {
        case 0: server.run("INCR", "n")
        case 1: server.run("SET", key, "e", "PX", "\(1 + random.next() % 500)")
        case 2: server.run("DEL", key)
        case 3: server.run("APPEND", key, String(repeating: "y", count: Int(random.next() % 200)))
        case 4:
            server.store.log.beginTransaction()
            server.run("INCR", "n")
            server.run("SET", key, "t")
            server.store.log.endTransaction()
        case 5 where random.next() % 10 == 0: server.run("FLUSHALL")
        case 6 where random.next() % 10 == 0:
            var slots = SlotSet()
            slots.insert(KeySlot.of(Array(key.utf8)))
            server.store.dropKeys(in: slots)
        default: server.run("SET", key, "\(random.next() % 100)")
        }
    }

    private func check(_ shard: TestShard, _ place: String) {
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let (a, b) = (shard[one], shard[other])
            let (mine, theirs) = (a.replication.log, b.replication.log)
            guard mine.isActive, theirs.isActive, mine.id == theirs.id,
                mine.offset == theirs.offset
            else { continue }
            #expect(a.keys == b.keys, "\(place): \(one) and \(other)")
        }
    }
}
