// The profiles of named systems: that each can be run, that each setting says where it is from, and
// the formulas of these systems at the sizes for which their values are known.

import Testing

@testable import GossipLab

@Suite struct ProfileTests {
    @Test(arguments: [1, 2, 3, 100, 1000])
    func `what the laboratory runs for a system is not refused`(nodes: Int) {
        for profile in Profile.all {
            guard let options = profile.options(nodes: nodes) else { continue }
            #expect(options.refusal == nil, "\(profile.name)")
            #expect(options.nodes == nodes, "\(profile.name)")
            #expect(options.profile == profile.name)
        }
    }

    @Test func `only what has no published numbers is not run, and says why`() {
        for profile in Profile.all {
            let isRun = profile.options(nodes: 10) != nil
            #expect(isRun == (profile.reason == nil), "\(profile.name)")
        }
        #expect(Profile.all.filter { $0.reason != nil }.map(\.name) == ["s3"])
    }

    @Test func `every setting has a name and a source, and one without a value says why`() {
        for profile in Profile.all {
            #expect(!profile.settings.isEmpty, "\(profile.name)")
            #expect(!profile.title.isEmpty && !profile.notes.isEmpty, "\(profile.name)")
            for setting in profile.settings {
                #expect(!setting.name.isEmpty && !setting.source.isEmpty, "\(profile.name)")
                #expect(setting.value != "", "\(profile.name): \(setting.name)")
                if setting.value == nil { #expect(setting.source == "not published") }
            }
            let names = profile.settings.map(\.name)
            let twice = names.filter { name in names.filter { $0 == name }.count > 1 }
            #expect(twice.isEmpty, "\(profile.name)")
        }
    }

    @Test func `the profiles are these, in this order, and each is found by its name`() {
        #expect(
            Profile.all.map(\.name) == [
                "redis-cluster", "memberlist-lan", "memberlist-wan", "memberlist-local", "serf",
                "consul-lan", "consul-wan-documented", "consul-wan-as-coded", "swim", "lifeguard",
                "cassandra", "scylladb", "akka-documented", "akka-as-coded", "riak-documented",
                "riak-as-coded", "dynamo", "bitcoin", "hyperledger-fabric", "influxdb-enterprise",
                "cockroachdb", "gossipsub", "s3",
            ])
        for profile in Profile.all { #expect(Profile.named(profile.name)?.title == profile.title) }
        #expect(Profile.named("nothing") == nil)
    }

    @Test(arguments: [(100, 12), (999, 12), (1000, 16), (10_000, 20)])
    func `memberlist sends an update so many times in all`(nodes: Int, sends: Int) throws {
        #expect(SwimTheory.sends(multiplier: 4, nodes: nodes) == sends)
        let options = try #require(Profile.named("memberlist-lan")?.options(nodes: nodes))
        let rounds = try #require(options.k)
        #expect(rounds * 3 >= sends && (rounds - 1) * 3 < sends)
        #expect(options.fanout == 3)
    }

    @Test(arguments: [(1, 1), (32, 1), (33, 2), (64, 2), (65, 3), (1000, 6), (1024, 6), (1025, 7)])
    func `memberlist compares all less often in a larger group`(nodes: Int, scale: Int) throws {
        #expect(Memberlist.pushPullScale(nodes: nodes) == scale)
        let options = try #require(Profile.named("memberlist-lan")?.options(nodes: nodes))
        #expect(options.backupEvery == 30_000 * scale / 200)
    }

    @Test func `Akka's probability falls to a tenth as documented, and is always one as coded`() {
        for (nodes, documented) in [(10, 0.8), (400, 0.8), (800, 0.44), (1200, 0.08), (5000, 0.08)]
        {
            #expect(
                abs(Profile.akkaProbability(nodes: nodes, upTo400: 0.8) - documented) < 1e-12,
                "\(nodes)")
            #expect(Profile.akkaProbability(nodes: nodes, upTo400: 400) >= 1, "\(nodes)")
        }
        #expect(abs(Profile.akkaProbability(nodes: 1200, upTo400: 400) - 40) < 1e-9)
    }

    @Test(arguments: [(2, 3), (27, 3), (28, 4), (64, 4), (1000, 10), (1001, 11)])
    func `CockroachDB's most peers are the cube root of the nodes`(nodes: Int, peers: Int) {
        #expect(Profile.cockroachMaxPeers(nodes: nodes) == peers)
    }

    @Test func `a WAN pool of Consul gossips to three as coded and to four as documented`() {
        #expect(Profile.named("consul-wan-documented")?.options(nodes: 100)?.fanout == 4)
        #expect(Profile.named("consul-wan-as-coded")?.options(nodes: 100)?.fanout == 3)
    }

    @Test func `a bus calls as many a second as half a node timeout makes it`() throws {
        let profile = try #require(Profile.named("redis-cluster"))
        // 99 others in 7.5 s, and 10 entries of gossip.
        #expect(profile.options(nodes: 100)?.fanout == 14)
        #expect(profile.options(nodes: 100)?.messageBytes == 3296.0)
        #expect(profile.options(nodes: 2)?.messageBytes == 2256.0)
    }

    @Test func `K of Lifeguard follows from its alpha`() throws {
        let options = try #require(Profile.named("lifeguard")?.options(nodes: 128))
        let patience = SwimPatience(
            multiplier: options.suspicionMultiplier, nodes: 128, shrinks: options.lifeguard)
        #expect(patience.confirmationsWanted == 3)
    }
}
