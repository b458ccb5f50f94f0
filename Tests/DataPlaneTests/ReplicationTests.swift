// Replication between servers in memory: copies, streams that go on, failovers, and what must not be applied.

import Testing

@testable import DataPlane

struct ReplicationTests {
    /// A master with some keys and replicas that have copied them.
    private func shard(replicas: Int) -> TestShard {
        let shard = TestShard(1 + replicas)
        for number in 0..<50 { shard[0].run("SET", "k\(number)", "v\(number)") }
        shard[0].run("SET", "ends", "x", "PX", "50000")
        for replica in 1...replicas { shard.follow(replica, 0) }
        shard.pass(ticks: 2)
        return shard
    }

    private func write(_ server: TestServer, _ count: Int) {
        for number in 0..<count {
            server.run("APPEND", "w\(number % 7)", "\(number)")
            server.run("INCR", "n")
        }
    }

    @Test func `a replica gets all keys, then each change`() {
        let shard = shard(replicas: 2)
        #expect(shard[1].keys.count == 51)
        write(shard[0], 20)
        shard[0].run("DEL", "k1", "k2")
        shard[0].run("EXPIRE", "k3", "100")
        shard.settle()
        for replica in 1...2 {
            #expect(shard[replica].keys == shard[0].keys)
            #expect(shard[replica].replication.log.offset == shard[0].replication.log.offset)
            #expect(shard[replica].replication.holdsCopy)
        }
    }

    @Test func `a copy that is sent and not loaded confirms nothing`() {
        let shard = TestShard(2)
        // Before there is a replica nothing is counted: this write ends at offset 0.
        shard[0].run("SET", "k", String(repeating: "v", count: 200_000))
        let master = shard[0].replication
        let end = master.log.offset
        let number: UInt32 = 7
        var announcement = ReplicaAnnouncement()
        announcement.continuesByID = true
        #expect(
            master.addReplica(
                number, announcement, peer: "10.0.0.2", id: Array("?".utf8), offset: -1, at: 1000)
                == nil)
        let feed = master.feed(number)
        while let count = feed?.lend(master.log, { $0.count }), count > 0 {
            feed?.sent(count, at: 1000)
        }
        #expect(feed?.state == .online && master.confirmations(of: end) == 0)
        master.acknowledged(number, offset: Int64(end), at: 1001)
        #expect(master.confirmations(of: end) == 1)
    }

    @Test func `what is held stays a copy when the master moves, and is none of another master`() {
        let shard = shard(replicas: 2)
        let replica = shard[1].replication
        let elsewhere = MasterAddress(host: "10.0.0.9", port: 1)
        replica.follow(elsewhere, hasMoved: true, at: shard.now)
        #expect(replica.holdsCopy && replica.copyAge(at: shard.now + 700) == 700)
        #expect(replica.takeActions().contains(.disconnect))
        replica.tick(at: shard.now)
        #expect(replica.takeActions().contains(.connect(elsewhere)))
        replica.follow(shard[2].address, at: shard.now)
        #expect(!replica.holdsCopy && replica.copyAge(at: shard.now) == nil)
    }

    @Test func `a replica that waited long for its copy is not cut off for its silence`() {
        let master = TestShard(1)[0].replication
        master.settings.timeout = 1000
        var now: Int64 = 1000
        // One that asks again and again waits longer each time.
        for number in 1...4 as ClosedRange<UInt32> {
            #expect(
                master.addReplica(
                    number, ReplicaAnnouncement(), peer: "10.0.0.2", id: Array("?".utf8),
                    offset: -1, at: now) == nil)
            let asked = now
            while master.feed(number)?.state == .waiting, now < asked + 60_000 {
                now += 100
                master.tick(at: now)
            }
            #expect(master.feed(number)?.state == .copying, "after \(now - asked) ms")
            if number < 4 { master.replicaClosed(number) }
        }
    }

    @Test func `a copy is of one moment, and what is written meanwhile follows it`() {
        let shard = TestShard(2)
        for number in 0..<5000 { shard[0].run("SET", "k\(number)", "v\(number)") }
        shard.pieceBytes = 100
        shard[1].replication.follow(shard[0].address, at: shard.now)
        shard[1].replication.tick(at: shard.now)
        shard.settle()
        write(shard[0], 50)
        shard.settle()
        #expect(shard[1].keys == shard[0].keys && shard[1].keys.count == 5008)
    }

    @Test func `a replica that was away goes on where it was`() {
        let shard = shard(replicas: 1)
        for _ in 0..<20 {
            shard.cutLink(of: 1)
            write(shard[0], 10)
            shard.pass(ticks: 11)
            #expect(shard[1].keys == shard[0].keys)
        }
        #expect(shard[0].replication.figures.copies == 1)
        #expect(shard[0].replication.figures.continued == 20)
    }

    @Test func `a replica that was away for too long copies all again`() {
        let shard = shard(replicas: 1)
        shard[0].replication.settings.backlogBytes = 16_384
        shard.isCut = [1]
        shard.cutLink(of: 1)
        write(shard[0], 2000)
        shard.isCut = []
        shard.pass(ticks: 25)
        #expect(shard[1].keys == shard[0].keys)
        #expect(shard[0].replication.figures.copies == 2)
    }

    @Test func `after a failover the old master and the other replica go on without a copy`() {
        let shard = shard(replicas: 2)
        write(shard[0], 10)
        shard.settle()
        shard.follow(1, nil)
        shard.follow(0, 1)
        shard.follow(2, 1)
        shard.pass(ticks: 12)
        write(shard[1], 10)
        shard.settle()
        #expect(shard[0].keys == shard[1].keys && shard[2].keys == shard[1].keys)
        #expect(shard[1].replication.figures.copies == 0)
        #expect(shard[1].replication.figures.continued == 2)
        for server in shard.servers {
            #expect(server.replication.log.id == shard[1].replication.log.id)
            #expect(server.replication.log.secondID == shard[1].replication.log.secondID)
        }
    }

    @Test func `an old master drops what it wrote alone, and says how much that was`() {
        let shard = shard(replicas: 2)
        shard.pass(ticks: 11)
        let common = shard[0].replication.log.offset
        shard.isCut = [0]
        shard.cutLink(of: 1)
        shard.cutLink(of: 2)
        shard[0].run("SET", "alone", "x")
        let alone = shard[0].replication.log.offset - common
        shard.follow(1, nil)
        shard.follow(2, 1)
        shard.isCut = []
        shard.follow(0, 1)
        shard.pass(ticks: 12)
        #expect(shard[0].keys == shard[1].keys && !shard[0].keys.contains("alone=x@-1"))
        #expect(shard[0].notes.contains { if case .replica(.dropped) = $0 { true } else { false } })
        #expect(alone > 0)
    }

    @Test func `an end of a key is taken from the master alone`() {
        let shard = shard(replicas: 1)
        shard[0].run("SET", "x", "1", "PX", "150")
        shard.settle()
        shard.isCut = [1]
        shard.cutLink(of: 1)
        shard.pass(ticks: 3)
        #expect(shard[1].keys.contains { $0.hasPrefix("x=1@") })
        #expect(shard[1].store.look(Array("x".utf8).span) == nil)
        shard.isCut = []
        shard[0].store.sweep()
        shard.pass(ticks: 12)
        #expect(shard[1].keys == shard[0].keys && shard[0].keys.count == 51)
    }

    @Test func `a master whose writes are held adds no byte`() {
        let shard = shard(replicas: 1)
        shard[0].run("SET", "x", "1", "PX", "150")
        shard.settle()
        let offset = shard[0].replication.log.offset
        shard[0].store.holdChanges(true)
        shard[0].replication.askForConfirmation()
        shard.pass(ticks: 150)
        shard[0].store.sweep()
        #expect(shard[0].replication.log.offset == offset)
        #expect(shard[1].replication.log.offset == offset)
    }

    @Test func `a write is confirmed by replicas that have applied it`() {
        let shard = shard(replicas: 2)
        shard.isCut = [2]
        shard.cutLink(of: 2)
        shard[0].run("SET", "x", "1")
        let offset = shard[0].replication.log.offset
        #expect(shard[0].replication.confirmations(of: offset) == 0)
        shard[0].replication.askForConfirmation()
        shard.settle()
        #expect(shard[0].replication.confirmations(of: offset) == 1)
    }

    @Test func `one that asks for copies again and again waits longer each time`() {
        let shard = shard(replicas: 1)
        var asked: [Int64] = []
        for _ in 0..<200 {
            shard.pass(ticks: 1)
            if shard[1].replication.holdsCopy {
                asked.append(shard.now)
                shard[1].replication.log.deactivate()
                shard.cutLink(of: 1)
                shard[1].replication.follow(nil, at: shard.now)
                shard[1].replication.follow(shard[0].address, at: shard.now)
            }
        }
        #expect((3...7).contains(asked.count), "\(asked)")
    }
}
