// What settings of replication do: when a link is made again, when writes and reads are refused, and what a replica
// tells of itself.

import Testing

@testable import DataPlane

struct ReplicationSettingsTests {
    private func pair() -> TestShard {
        let shard = TestShard(2)
        shard[0].run("SET", "k", "v")
        shard.follow(1, 0)
        shard.pass(ticks: 20)
        return shard
    }

    private func attempts(_ server: TestServer) -> Int {
        server.notes.reduce(0) { count, note in
            if case .replica(.connecting) = note { count + 1 } else { count }
        }
    }

    @Test func `a link that stood is made again at once`() {
        let shard = pair()
        shard.cutLink(of: 1)
        shard[0].run("SET", "k", "new")
        shard.pass(ticks: 1)
        #expect(shard[1].keys == shard[0].keys)
        #expect(shard[0].replication.figures.continued == 1)
    }

    @Test func `a link that never stood is tried once a second`() {
        let shard = pair()
        shard.isCut = [1]
        shard.cutLink(of: 1)
        let before = attempts(shard[1])
        shard.pass(ticks: 30)
        #expect((3...4).contains(attempts(shard[1]) - before))
    }

    @Test func `links that end as soon as they stand are made five times a second at most`() {
        let shard = pair()
        let before = attempts(shard[1])
        for _ in 0..<10 {
            shard.cutLink(of: 1)
            shard.pass(ticks: 1)
        }
        #expect((5...6).contains(attempts(shard[1]) - before))
    }

    @Test func `a master takes writes while enough replicas have spoken lately`() {
        let shard = pair()
        let master = shard[0].replication
        master.settings.writeCondition.replicas = 1
        master.settings.writeCondition.longestSilence = 2000
        #expect(master.takesWrites(at: shard.now))
        // Silence counts in whole seconds.
        #expect(master.takesWrites(at: shard.now + 1900))
        #expect(!master.takesWrites(at: shard.now + 4000))
        master.settings.writeCondition.longestSilence = 0
        #expect(master.takesWrites(at: shard.now + 4000))
        master.settings.writeCondition.longestSilence = 2000
        master.settings.writeCondition.replicas = 2
        #expect(!master.takesWrites(at: shard.now))
        #expect(shard[1].replication.takesWrites(at: shard.now))
    }

    @Test func `a replica refuses reads while its link is down, if it is told to`() {
        let shard = pair()
        let replica = shard[1].replication
        #expect(!replica.refusesReads)
        replica.settings.servesStale = false
        #expect(!replica.refusesReads)
        shard.isCut = [1]
        shard.cutLink(of: 1)
        #expect(replica.refusesReads && replica.holdsCopy)
        replica.settings.servesStale = true
        #expect(!replica.refusesReads)
        #expect(!shard[0].replication.refusesReads)
    }

    @Test func `a replica is known by what it announces`() {
        let shard = TestShard(2)
        shard[1].replication.settings.greeting.announcedPort = 17
        shard[1].replication.settings.greeting.address = "replica.example"
        shard.follow(1, 0)
        shard.pass(ticks: 2)
        let feed = shard[0].replication.feeds.first
        #expect(feed?.announcement.port == 17 && feed?.address == "replica.example")
    }
}
