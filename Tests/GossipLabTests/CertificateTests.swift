// Deletion: for how long a certificate holds, what a dormant one does when it is woken, and what it leaves.

import Testing

@testable import GossipLab

@Suite struct CertificateTests {
    /// An entry that all hold, deleted in round 21, while a node that holds it is away until `last`.
    private func options(_ deletion: Deletion, awayUntil last: Int) -> ReplicaOptions {
        var options = ReplicaOptions()
        options.nodes = 60
        options.rounds = last + 30
        options.deletion = deletion
        options.absences = [Absence(59, 20...last)]
        options.operations = [.init(.write, at: 0, in: 1), .init(.delete, at: 0, in: 21)]
        return options
    }

    @Test func `an entry that is only taken away comes back to all`() {
        let report = Replicas.run(options(.erase, awayUntil: 21), seed: 1)
        #expect(report.resurrectedKeys == 1 && report.resurrectedCopies == 60)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a certificate cancels an old copy up to its retention and not a round longer`(
        _ seed: UInt64
    ) {
        let deletion = Deletion.certificate(retention: 25)
        // Back in round 46, when the certificate is 25 rounds old.
        let inTime = Replicas.run(options(deletion, awayUntil: 45), seed: seed)
        #expect(inTime.resurrectedCopies == 0, "seed \(seed)")
        let late = Replicas.run(options(deletion, awayUntil: 46), seed: seed)
        #expect(late.resurrectedCopies == 60, "seed \(seed)")
    }

    @Test func `all keep a certificate for tau1 and the retention sites for tau2 more`() throws {
        var options = options(.dormant(tau1: 10, tau2: 20, sites: 5), awayUntil: 20)
        options.absences = []
        var replicas = Replicas(options, seed: 3)
        func holders() -> [Int] {
            (0..<60).filter { !replicas.entries(key: 0, at: $0).isEmpty }
        }
        for _ in 0..<31 { replicas.step() }
        #expect(holders() == Array(0..<60))
        let entry = try #require(replicas.entries(key: 0, at: 0).first)
        let sites = try #require(entry.certificate).retentionSites.map { Int($0) }.sorted()
        #expect(sites.count == 5)
        replicas.step()
        #expect(holders() == sites)
        while replicas.round < 51 { replicas.step() }
        #expect(holders() == sites)
        replicas.step()
        #expect(holders().isEmpty)
    }

    @Test func `a dormant certificate does not travel`() {
        var options = options(.dormant(tau1: 10, tau2: 1000, sites: 5), awayUntil: 20)
        options.absences = []
        options.rounds = 32
        let before = Replicas.run(options, seed: 3).meter.updates
        options.rounds = 100
        let report = Replicas.run(options, seed: 3)
        #expect(report.meter.updates == before && report.allWakings == 0)
    }

    @Test func `an old copy wakes a dormant certificate, which then cancels it everywhere`() {
        let deletion = Deletion.dormant(tau1: 20, tau2: 1000, sites: 5)
        let report = Replicas.run(options(deletion, awayUntil: 80), seed: 1)
        #expect(report.allWakings > 0 && report.resurrectedCopies == 0)
        // With none to keep it, nothing is woken.
        let none = Deletion.dormant(tau1: 20, tau2: 1000, sites: 0)
        let back = Replicas.run(options(none, awayUntil: 80), seed: 1)
        #expect(back.allWakings == 0 && back.resurrectedCopies == 60)
    }

    /// Both nodes keep a dormant certificate of round 20; one writes the entry again in round 45 while the
    /// other, cut off, is met by an old copy in round 50; from round 51 on they speak.
    private func reinstated(redatesWoken: Bool) throws -> Replicas {
        var options = ReplicaOptions()
        options.nodes = 2
        options.deletion = .dormant(tau1: 10, tau2: 1000, sites: 2)
        options.redatesWoken = redatesWoken
        options.operations = [
            .init(.write, at: 0, in: 1), .init(.delete, at: 0, in: 20),
            .init(.write, at: 0, in: 45),
        ]
        options.absences = [Absence(1, 40...50)]
        var replicas = Replicas(options, seed: 1)
        replicas.step()
        let old = try #require(replicas.entries(key: 0, at: 0).first)
        while replicas.round < 50 { replicas.step() }
        replicas.accept(old, key: 0, at: 1)
        #expect(replicas.report.allWakings == 1)
        let woken = try #require(replicas.entries(key: 0, at: 1).first?.certificate)
        #expect(woken.activation == 50)
        while replicas.round < 60 { replicas.step() }
        return replicas
    }

    @Test func `a woken certificate leaves alone what was written again after the deletion`() throws
    {
        let replicas = try reinstated(redatesWoken: false)
        for node in 0...1 {
            let held = replicas.entries(key: 0, at: node)
            #expect(held.map(\.version.time) == [45], "node \(node)")
            #expect(held.count { $0.isLive } == 1, "node \(node)")
        }
    }

    @Test func `dated anew it would cancel that, too`() throws {
        let replicas = try reinstated(redatesWoken: true)
        for node in 0...1 {
            let live = replicas.entries(key: 0, at: node).count { $0.isLive }
            #expect(live == 0, "node \(node)")
        }
    }

    @Test func `an entry that was written again after its deletion is not resurrected`() {
        var options = options(.certificate(retention: 1000), awayUntil: 20)
        options.operations.append(.init(.write, at: 7, in: 30))
        let report = Replicas.run(options, seed: 1)
        #expect(report.resurrectedKeys == 0 && report.sameSince != nil)
    }

    @Test func `what was written first is not deleted`() {
        var options = options(.certificate(retention: 1000), awayUntil: 20)
        options.rule = .firstWins
        var replicas = Replicas(options, seed: 1)
        for _ in 0..<options.rounds { replicas.step() }
        #expect(replicas.entries(key: 0, at: 5).map(\.version.time) == [1])
    }
}
