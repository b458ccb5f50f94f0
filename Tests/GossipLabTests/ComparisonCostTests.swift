// The price of comparing two databases against the formulas of the literature.

import Determinism
import Testing

@testable import GossipLab

@Suite struct ComparisonCostTests {
    private let sizes = ComparisonSizes()

    private func cost(
        _ comparison: Comparison, entries: Int = 1024, ages: [Int], rate: Double = 1,
        window: Int = 20
    ) -> ComparisonCost {
        var random = SplitMix64(seed: 1)
        let pair = DatabasePair(
            entries: entries, ages: ages, updatesPerRound: rate, window: window)
        return ComparisonCost.cost(comparison, of: pair, random: &random)
    }

    @Test func `databases that agree cost one hash, or all entries, or the recent ones`() {
        for comparison in [Comparison.checksum, .peelBack, .tree] {
            let cost = cost(comparison, ages: [])
            #expect(cost.bytes == sizes.hash && cost.roundTrips == 1, "\(comparison)")
        }
        #expect(cost(.full, ages: []).bytes == 1024 * sizes.entry)
        #expect(cost(.recent, ages: []).bytes == 40 * sizes.entry + sizes.hash)
    }

    @Test func `a checksum that differs is paid on top of the full copy`() {
        let (full, first) = (cost(.full, ages: [3, 4]), cost(.checksum, ages: [3, 4]))
        #expect(first.bytes == full.bytes + sizes.hash && first.roundTrips == 2)
    }

    @Test func `a recent list is cheaper than all when its window holds every difference`() {
        let ages = [0, 3, 19]
        let recent = cost(.recent, ages: ages)
        #expect(recent.roundTrips == 1 && recent.entriesSent == 2 * (20 - 3) + 3)
        #expect(recent.bytes < 0.1 * cost(.full, ages: ages).bytes)
    }

    @Test func `a recent list is dearer than all when one difference is older than its window`() {
        let (recent, full) = (cost(.recent, ages: [20]), cost(.full, ages: [20]))
        #expect(recent.roundTrips == 2)
        #expect(recent.bytes > full.bytes && recent.bytes < 1.1 * full.bytes)
    }

    @Test func `peel back goes as far as the oldest difference, by batches`() {
        #expect(cost(.peelBack, ages: [0]).roundTrips == 2)
        let deep = cost(.peelBack, ages: [99])
        #expect(deep.roundTrips == 1 + 7)
        #expect((112...113).contains(deep.entriesSent))
        #expect(cost(.peelBack, entries: 50, ages: [99]).entriesSent <= 51)
    }

    @Test func `one difference costs a tree the two children of each node on the path`() {
        let cost = cost(.tree, ages: [0])
        #expect(cost.hashesSent == 1 + 2 * 10 && cost.roundTrips == 11 && cost.entriesSent == 1)
        #expect(cost.bytes == 21 * sizes.hash + sizes.entry)
    }

    @Test(arguments: [1, 2, 7, 16, 64, 256])
    func `a tree visits d log2(K/d) + 2d nodes at most`(_ differences: Int) {
        let (entries, seed) = (4096, UInt64(differences))
        var random = SplitMix64(seed: seed)
        var leaves = (0..<entries).map { _ in random.next() }
        let mine = HashTree(leaves)
        var changed: [Int] = []
        while changed.count < differences {
            let leaf = random.below(entries)
            if !changed.contains(leaf) { changed.append(leaf) }
        }
        for leaf in changed { leaves[leaf] ^= 1 }
        let walk = mine.walk(against: HashTree(leaves))
        // The bound for the powers of two; between them the logarithm is rounded up.
        var levels = 0
        while differences << levels < entries { levels += 1 }
        #expect(walk.differing <= differences * levels + 2 * differences, "seed \(seed)")
        #expect(walk.leaves == changed.sorted(), "seed \(seed)")
        #expect(walk.hashes == 1 + 2 * (walk.differing - differences), "seed \(seed)")
    }

    @Test func `the bytes of a tree grow as d log K`() {
        func hashes(_ entries: Int, _ differences: Int) -> Int {
            var random = SplitMix64(seed: 9)
            return ComparisonCost.cost(
                .tree, entries: entries, differences: differences, random: &random
            ).hashesSent
        }
        // Four times the entries are two levels more for each of the differences.
        let more = hashes(16384, 16) - hashes(4096, 16)
        #expect((16...96).contains(more), "\(more)")
        // So many differences more cost somewhat less than so many times as much: paths share nodes.
        let ratio = Double(hashes(16384, 32)) / Double(hashes(16384, 8))
        #expect(ratio > 3 && ratio < 4, "\(ratio)")
    }

    @Test(arguments: [1, 2, 3, 5, 100, 1000])
    func `a tree of any number of entries finds every difference`(_ entries: Int) {
        for differences in [0, 1, entries / 2, entries] {
            var random = SplitMix64(seed: 3)
            let cost = ComparisonCost.cost(
                .tree, entries: entries, differences: differences, random: &random)
            #expect(cost.entriesSent == differences, "\(differences)")
        }
    }

    @Test(arguments: Comparison.allCases)
    func `a contact that finds a difference is dearer than one that does not`(
        _ comparison: Comparison
    ) {
        var options = LabOptions()
        options.strategy = .antiEntropy
        options.comparison = comparison
        for seed in 1...5 as ClosedRange<UInt64> {
            var random = SplitMix64(seed: seed)
            let same = ComparisonCost.contact(options, differing: false, random: &random)
            let other = ComparisonCost.contact(options, differing: true, random: &random)
            // Full copies and recent lists cost the same when only the caller has something new.
            switch comparison {
            case .full: #expect(other.bytes >= same.bytes, "seed \(seed)")
            case .recent: #expect(abs(other.bytes - same.bytes) <= sizes.entry, "seed \(seed)")
            case .checksum, .peelBack, .tree: #expect(other.bytes > same.bytes, "seed \(seed)")
            }
        }
    }

    @Test func `entries of a known size are priced with it`() {
        var options = LabOptions()
        options.messageBytes = 1000
        var random = SplitMix64(seed: 1)
        let cost = ComparisonCost.contact(options, differing: false, random: &random)
        #expect(cost.bytes == 1_000_000)
    }

    @Test func `more differences than entries are as many as there are entries`() {
        for comparison in Comparison.allCases {
            var random = SplitMix64(seed: 1)
            let cost = ComparisonCost.cost(
                comparison, entries: 1, differences: 5, random: &random)
            #expect(cost.entriesSent <= 2, "\(comparison)")
        }
    }

    // MARK: A stream of updates

    @Test func `checksums save while updates are rarer than their spreading, and not beyond`() {
        var stream = UpdateStream()
        stream.rounds = 200
        stream.updatesPerRound = 0.05
        let calm = stream.run(seed: 2)
        #expect(calm.shareDiffering < 0.15 && calm.bytes[1] < 0.15 * calm.bytes[0], "seed 2")
        stream.rounds = 80
        stream.updatesPerRound = 5
        let busy = stream.run(seed: 2)
        #expect(busy.shareDiffering > 0.9 && busy.bytes[1] > 0.9 * busy.bytes[0], "seed 2")
        #expect(busy.bytes[2] < busy.bytes[0] / 3, "seed 2")
    }
}
