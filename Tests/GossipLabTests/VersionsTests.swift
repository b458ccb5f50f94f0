// What of two states of an entry is kept, whatever the order in which they arrive.

import Determinism
import Testing

@testable import GossipLab

@Suite struct VersionsTests {
    private func entry(_ time: UInt32, _ site: UInt32, _ value: UInt64 = 0) -> Entry {
        Entry(version: Version(time: time, site: site), value: value)
    }

    private func merged(_ entries: [Entry], _ rule: VersionRule) -> [Entry] {
        var cell: [Entry] = []
        for entry in entries { rule.merge(entry, into: &cell) }
        return cell
    }

    @Test func `the later time wins, and of equal times the higher site`() {
        #expect(Version(time: 1, site: 9) < Version(time: 2, site: 0))
        #expect(Version(time: 2, site: 3) < Version(time: 2, site: 7))
        let (low, high) = (entry(2, 3), entry(2, 7))
        #expect(merged([low, high], .newestWins) == [high])
        #expect(merged([high, low], .newestWins) == [high])
    }

    @Test func `what was written first stays, in whatever order it arrives`() {
        let (first, second, third) = (entry(1, 7), entry(1, 8), entry(5, 0))
        for order in [
            [first, second, third], [first, third, second], [second, first, third],
            [second, third, first], [third, first, second], [third, second, first],
        ] {
            #expect(merged(order, .firstWins) == [first], "\(order)")
        }
    }

    @Test func `vectors are ordered site by site, and concurrent when neither is ahead everywhere`()
    {
        var (a, b) = (VersionVector(), VersionVector())
        #expect(a.covers(b) && b.covers(a))
        a.raise(1, to: 2)
        #expect(a.covers(b) && !b.covers(a) && !a.isConcurrent(with: b))
        b.raise(0, to: 1)
        #expect(a.isConcurrent(with: b))
        b.join(a)
        #expect(b.covers(a) && !a.covers(b))
        #expect(b.count(of: 0) == 1 && b.count(of: 1) == 2 && b.count(of: 2) == 0)
    }

    @Test func `a vector is never lowered`() {
        var vector = VersionVector()
        vector.raise(4, to: 7)
        vector.raise(4, to: 3)
        #expect(vector.count(of: 4) == 7)
    }

    @Test(arguments: VersionRule.allCases)
    func `any order and any repetition of the same states gives the same`(_ rule: VersionRule) {
        let seed: UInt64 = 7
        var random = SplitMix64(seed: seed)
        var entries = (0..<6).map { entry(UInt32($0 / 2), UInt32($0), UInt64($0)) }
        if rule == .vectors {
            // Each knows of some of the earlier ones, as after reads at different nodes.
            for index in entries.indices {
                for earlier in 0..<index where random.chance(0.5) {
                    let known = entries[earlier].vector
                    entries[index].vector.join(known)
                }
                entries[index].vector.raise(UInt32(index), to: 1)
            }
        }
        let expected = merged(entries, rule)
        for _ in 0..<50 {
            var order = entries + entries
            random.shuffle(&order)
            #expect(merged(order, rule) == expected, "seed \(seed)")
        }
    }

    @Test func `of two copies of a certificate the later activation is kept`() {
        var (old, woken) = (entry(3, 1), entry(3, 1))
        old.certificate = DeathCertificate(activation: 3)
        woken.certificate = DeathCertificate(activation: 40)
        #expect(merged([old, woken], .newestWins) == [woken])
        #expect(merged([woken, old], .newestWins) == [woken])
    }

    @Test func `a checksum tells every flipped bit`() {
        let sound = entry(20, 3, 17)
        let sum = sound.checksum(key: 2)
        for bit in 0..<Entry.bitCount {
            var flipped = sound
            flipped.flip(bit)
            #expect(flipped != sound && flipped.checksum(key: 2) != sum, "bit \(bit)")
        }
        #expect(sound.checksum(key: 3) != sum)
    }
}
