// The master's end of replication links: who may go on, who is cut off, what is kept for whom and for how long.

import ClusterWire
import Testing

@testable import DataPlane

struct ReplicaFeedTests {
    private let now: Int64 = 1000

    private func master(writes: Int = 0) -> TestServer {
        let server = TestServer(7000, seed: 1)
        server.store.now = now
        server.store.log.activate()
        for number in 0..<writes { server.run("SET", "k", "\(number)") }
        return server
    }

    private func join(
        _ server: TestServer, _ number: UInt32, id: String?, offset: Int64?, at time: Int64 = 1000
    ) -> ReplicaFeed? {
        var announcement = ReplicaAnnouncement()
        _ = announcement.take([Array("listening-port".utf8), Array("70\(number)".utf8)])
        let problem = server.replication.addReplica(
            number, announcement, peer: "10.0.0.9", id: id.map { Array($0.utf8) }, offset: offset,
            at: time)
        #expect(problem == nil)
        return server.replication.feed(number)
    }

    /// All that it is sent.
    private func drain(_ feed: ReplicaFeed, _ server: TestServer, at time: Int64 = 1000) -> [UInt8]
    {
        var all: [UInt8] = []
        while true {
            let bytes = feed.lend(server.replication.log) { bytes in
                bytes.indices.map { bytes[$0] }
            }
            guard let bytes, !bytes.isEmpty else { return all }
            all += bytes
            feed.sent(bytes.count, at: time)
            server.replication.keepNeeded()
        }
    }

    private func cuts(_ server: TestServer) -> [UInt32] {
        server.replication.takeActions().compactMap {
            if case .close(let number) = $0 { number } else { nil }
        }
    }

    @Test func `whoever knows the history goes on, from the oldest byte to behind the last`() {
        let server = master(writes: 10)
        let log = server.replication.log
        let (id, end) = ("\(log.id)", Int64(log.offset))
        for (number, (name, offset, goesOn)) in [
            (id, 1, true), (id, end, true), (id, end + 1, true), (id.uppercased(), 1, true),
            (id, end + 2, false), (id, 0, false), (id, -1, false), (id, Int64.max, false),
            (id, Int64.min, false), ("?", end + 1, false), ("?", 1, false),
            (String(repeating: "c", count: 40), 1, false), ("", 1, false),
        ].enumerated() {
            let feed = join(server, UInt32(number + 1), id: name, offset: offset)
            #expect((feed?.copyKeys == 0) == goesOn, "\(name) \(offset)")
        }
    }

    @Test func `what one that goes on still needs is kept from the first moment`() throws {
        let server = master(writes: 100_000)
        let first = try #require(server.replication.log.kept?.first)
        let feed = join(
            server, 1, id: "\(server.replication.log.id)", offset: Int64(first))
        for number in 0..<2000 { server.run("SET", "k", "\(number)") }
        let end = server.replication.log.offset
        let bytes = drain(try #require(feed), server)
        #expect(bytes.count == "+CONTINUE\r\n".utf8.count + end - first + 1)
    }

    @Test func `SYNC is answered by the copy without a line, and is not expected to say anything`()
        throws
    {
        let server = master(writes: 1)
        let feed = try #require(join(server, 1, id: nil, offset: nil))
        #expect(drain(feed, server).starts(with: Array("$".utf8)))
        server.replication.tick(at: now + 2 * server.replication.settings.timeout)
        #expect(cuts(server).isEmpty)
    }

    @Test func `a replica that says nothing for too long is cut off`() throws {
        let server = master(writes: 1)
        let feed = try #require(join(server, 1, id: "?", offset: -1))
        _ = drain(feed, server)
        server.replication.tick(at: now + server.replication.settings.timeout)
        #expect(cuts(server).isEmpty)
        server.replication.tick(at: now + server.replication.settings.timeout + 1)
        #expect(cuts(server) == [1])
    }

    @Test func `a replica over the hard limit is cut at once, over the soft limit after a while`() {
        for isHard in [true, false] {
            let server = master(writes: 1)
            server.replication.settings.hardLimitBytes = isHard ? 10_000 : 0
            server.replication.settings.softLimitBytes = 10_000
            server.replication.settings.softTime = 500
            _ = join(server, 1, id: "\(server.replication.log.id)", offset: 1)
            for number in 0..<1000 { server.run("SET", "k", "\(number)") }
            server.replication.tick(at: now)
            #expect(cuts(server) == (isHard ? [1] : []))
            server.replication.tick(at: now + 499)
            #expect(cuts(server).isEmpty)
            server.replication.tick(at: now + 500)
            #expect(cuts(server) == (isHard ? [] : [1]))
        }
    }

    @Test func `what is kept for a stalled copy counts, and goes with it`() {
        let server = master()
        let value = String(repeating: "v", count: 10_000)
        for number in 0..<50 { server.run("SET", "k\(number)", value) }
        server.replication.settings.hardLimitBytes = 100_000
        let feed = join(server, 1, id: "?", offset: -1)
        for number in 0..<50 { server.run("APPEND", "k\(number)", "x") }
        #expect((feed?.copyHeldBytes ?? 0) > 100_000)
        server.replication.tick(at: now)
        #expect(cuts(server) == [1])
        #expect(feed?.copyHeldBytes == 0 && server.store.table.copies.isEmpty)
    }

    @Test func `a copy that is to go slowly goes by its time, and its replica is not cut off`()
        throws
    {
        let server = master()
        for number in 0..<100 {
            server.run("SET", "k\(number)", String(repeating: "v", count: 1000))
        }
        server.replication.settings.copies.keyDelay = 1_000_000
        let feed = try #require(join(server, 1, id: "?", offset: -1))
        var sent = drain(feed, server).count
        #expect(sent > 0 && !feed.hasBytes(server.replication.log))
        // Ten keys in ten seconds, and the one that is ahead.
        for second in 1...10 {
            let time = now + Int64(second) * 1000
            server.replication.tick(at: time)
            sent += drain(feed, server, at: time).count
        }
        #expect((11_000...11_500).contains(sent))
        let after = now + 10_000 + server.replication.settings.timeout
        server.replication.tick(at: after)
        #expect(cuts(server).isEmpty && feed.state == .copying)
        sent += drain(feed, server, at: after).count
        server.replication.tick(at: after + 50_000)
        sent += drain(feed, server, at: after + 50_000).count
        #expect(sent > 100_000 && feed.state == .online)
    }

    @Test func `a replica that is gone leaves no copy behind`() {
        let server = master(writes: 1)
        _ = join(server, 1, id: "?", offset: -1)
        #expect(server.store.table.copies.count == 1)
        server.replication.replicaClosed(1)
        #expect(server.store.table.copies.isEmpty)
    }

    @Test func `a master that becomes a replica closes those of its own`() {
        let server = master(writes: 1)
        _ = join(server, 1, id: "?", offset: -1)
        server.replication.follow(MasterAddress(host: "10.0.0.3", port: 1), at: now)
        #expect(cuts(server) == [1])
        #expect(server.store.table.copies.isEmpty && server.replication.feeds.isEmpty)
        let problem = server.replication.addReplica(
            2, ReplicaAnnouncement(), peer: "x", id: [63], offset: -1, at: now)
        #expect(problem?.hasPrefix("NOMASTERLINK") == true)
    }

    @Test func `the backlog is let go after its time without a replica, and the history ends`() {
        let server = master(writes: 1)
        server.replication.settings.backlogTime = 5000
        let id = server.replication.log.id
        server.replication.tick(at: now)
        server.replication.tick(at: now + 4999)
        #expect(server.replication.log.isActive)
        server.replication.tick(at: now + 5000)
        #expect(!server.replication.log.isActive && server.replication.log.id != id)
    }

    @Test func `time without a replica does not count over a change of role`() {
        let server = master(writes: 1)
        server.replication.settings.backlogTime = 5000
        server.replication.tick(at: now)
        server.replication.follow(MasterAddress(host: "10.0.0.3", port: 1), at: now)
        server.replication.following?.hasCopy = true
        server.replication.follow(nil, at: now + 10_000)
        server.store.becomeMaster(from: 0)
        server.replication.tick(at: now + 10_000)
        #expect(server.replication.log.isActive)
    }

    @Test func `SELECT comes before the first command behind each copy`() throws {
        let server = master(writes: 3)
        for number in 1...2 {
            let feed = try #require(join(server, UInt32(number), id: "?", offset: -1))
            _ = drain(feed, server)
            server.run("SET", "a", "1")
            let text = String(decoding: drain(feed, server), as: UTF8.self)
            #expect(text.hasPrefix("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3"))
        }
    }

    @Test
    func `one that comes back now and then does not wait, one that asks again and again does`() {
        let server = master(writes: 1)
        var time = now
        for number in 1...5 {
            let feed = join(server, UInt32(number), id: "?", offset: -1, at: time)
            #expect(feed?.waitsUntil == nil)
            server.replication.replicaClosed(UInt32(number))
            time += 60_000
        }
        var waits: [Int64] = []
        var announcement = ReplicaAnnouncement()
        announcement.port = 9000
        for number: UInt32 in 10..<16 {
            _ = server.replication.addReplica(
                number, announcement, peer: "x", id: [63], offset: -1, at: time)
            let until = server.replication.feed(number)?.waitsUntil ?? time
            waits.append(until - time)
            time = until
            server.replication.tick(at: time)
            server.replication.replicaClosed(number)
        }
        #expect(waits.first == 0 && zip(waits, waits.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func `an offset of others that is too large is cut down`() {
        let server = TestServer(7000, seed: 1)
        server.store.becomeMaster(from: .init(UInt64.max))
        _ = join(server, 1, id: "?", offset: -1)
        server.run("SET", "a", "1")
        #expect(server.replication.log.offset > ReplicationLog.largestOffset)
    }

    @Test func `an acknowledgement beyond the last byte counts as that`() {
        let server = master(writes: 1)
        let feed = join(server, 1, id: "\(server.replication.log.id)", offset: 1)
        for offset in [Int64.min, -1, 5, Int64.max] {
            server.replication.acknowledged(1, offset: offset, at: now)
        }
        #expect(feed?.acknowledged == server.replication.log.offset)
    }
}
