// What it costs two nodes to find and repair the entries in which their databases differ, in bytes, round
// trips and entries sent, by each way of comparing them. Nothing spreads here: the databases are given.

package import Determinism

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The bytes of what is sent.
package struct ComparisonSizes: Equatable, Sendable {
    /// A hash or a checksum.
    package var hash = 8.0
    /// An entry: key, time stamp and value.
    package var entry = 128.0

    package init() {}
}

/// Two databases, as far as a comparison cares.
package struct DatabasePair: Equatable, Sendable {
    /// Entries of each.
    package var entries: Int
    /// For each entry in which they differ, how many rounds ago it was written.
    package var ages: [Int]
    /// Updates a round in the whole network.
    package var updatesPerRound: Double
    /// An update stands on the recent update list while it is younger than this.
    package var window: Int
    /// Entries that peel back sends at a time.
    package var batch = 16

    package init(entries: Int, ages: [Int], updatesPerRound: Double, window: Int) {
        self.entries = max(1, entries)
        self.ages = Array(ages.prefix(self.entries))
        self.updatesPerRound = updatesPerRound
        self.window = window
    }

    /// Two databases that differ in so many entries, each written at random in the last rounds.
    package init(
        entries: Int, differences: Int, oldest: Int, updatesPerRound: Double = 1, window: Int,
        random: inout SplitMix64
    ) {
        let number = max(0, min(differences, max(1, entries)))
        self.init(
            entries: entries, ages: (0..<number).map { _ in random.below(max(1, oldest)) },
            updatesPerRound: updatesPerRound, window: window)
    }

    /// Entries that both hold and that are younger than so many rounds: updates of that time, less those
    /// in which they differ.
    fileprivate func shared(youngerThan rounds: Int) -> Int {
        let written = min(Double(entries), updatesPerRound * Double(rounds))
        return max(0, Int(written.rounded()) - ages.count { $0 < rounds })
    }
}

/// What one comparison costs. Answers that say no more than which of the hashes differ are a bit each and
/// are not counted.
package struct ComparisonCost: Equatable, Sendable {
    package var bytes = 0.0
    package var roundTrips = 0
    /// In both directions.
    package var entriesSent = 0
    /// Hashes and checksums sent.
    package var hashesSent = 0

    package init() {}

    /// Compares two databases of so many entries that differ in some, all written within the window of the
    /// recent update list.
    package static func cost(
        _ comparison: Comparison, entries: Int, differences: Int,
        sizes: ComparisonSizes = ComparisonSizes(), random: inout SplitMix64
    ) -> ComparisonCost {
        let window = 30
        let pair = DatabasePair(
            entries: entries, differences: differences, oldest: window, window: window,
            random: &random)
        return cost(comparison, of: pair, sizes: sizes, random: &random)
    }

    /// Compares two databases; both hold the newer state of each entry afterwards. Which of the two has the
    /// newer one is as likely this as that.
    /// - Source: Demers et al., CSL-89-1, section 1.3.
    package static func cost(
        _ comparison: Comparison, of pair: DatabasePair,
        sizes: ComparisonSizes = ComparisonSizes(), random: inout SplitMix64
    ) -> ComparisonCost {
        var cost = ComparisonCost()
        switch comparison {
        case .full: cost.sendAll(pair, &random)
        case .checksum: cost.sendChecksum(pair, &random)
        case .recent: cost.sendRecent(pair, &random)
        case .peelBack: cost.peelBack(pair, &random)
        case .tree: cost.walkTree(pair, &random)
        }
        cost.bytes =
            Double(cost.entriesSent) * sizes.entry + Double(cost.hashesSent) * sizes.hash
        return cost
    }

    /// What a contact costs in a run of these options: the databases differ in `differences` entries, and
    /// in the update that is followed when one of the two lacks it.
    package static func contact(
        _ options: LabOptions, differing: Bool, random: inout SplitMix64
    ) -> ComparisonCost {
        var sizes = ComparisonSizes()
        if let bytes = options.messageBytes { sizes.entry = bytes }
        let pair = DatabasePair(
            entries: options.entries, differences: options.differences + (differing ? 1 : 0),
            oldest: spreadTime(nodes: options.nodes), updatesPerRound: options.updatesPerRound,
            window: options.window, random: &random)
        return cost(options.comparison, of: pair, sizes: sizes, random: &random)
    }

    /// Rounds that an update takes to reach all by push: log2 n + ln n + 1.2 (Pittel 1987, with the constant
    /// that runs have). Nothing in which two nodes differ is older than that.
    package static func spreadTime(nodes: Int) -> Int {
        let n = Double(max(1, nodes))
        return max(1, Int((log2(n) + log(n) + 1.2).rounded(.up)))
    }

    // MARK: The ways

    /// The caller sends all that it has, and is sent what is newer at the other.
    private mutating func sendAll(_ pair: DatabasePair, _ random: inout SplitMix64) {
        roundTrips += 1
        entriesSent += pair.entries + pair.ages.count { _ in random.chance(0.5) }
    }

    /// Checksums over the databases first; all only when they differ.
    private mutating func sendChecksum(_ pair: DatabasePair, _ random: inout SplitMix64) {
        hashesSent += 1
        roundTrips += 1
        if !pair.ages.isEmpty { sendAll(pair, &random) }
    }

    /// The lists of recent updates first, both ways, then checksums over what the databases are by then;
    /// all only when they still differ.
    private mutating func sendRecent(_ pair: DatabasePair, _ random: inout SplitMix64) {
        let listed = pair.ages.count { $0 < pair.window }
        roundTrips += 1
        hashesSent += 1
        // Each of both sends what both hold; a difference stands on the list of one of them.
        entriesSent += 2 * pair.shared(youngerThan: pair.window) + listed
        if listed == pair.ages.count { return }
        var rest = pair
        rest.ages = pair.ages.filter { $0 >= pair.window }
        sendAll(rest, &random)
    }

    /// Checksums first; while they differ, the next batch in reverse order of time, and again. The other
    /// answers with what is newer at its side.
    private mutating func peelBack(_ pair: DatabasePair, _ random: inout SplitMix64) {
        hashesSent += 1
        roundTrips += 1
        guard let oldest = pair.ages.max() else { return }
        let here = pair.ages.count { _ in random.chance(0.5) }
        // The caller must go back to the time of the oldest difference, wherever it is newer.
        let reached = min(pair.entries, pair.shared(youngerThan: oldest + 1) + here)
        let batches = max(1, (reached + pair.batch - 1) / pair.batch)
        hashesSent += batches
        roundTrips += batches
        entriesSent += min(pair.entries, batches * pair.batch) + pair.ages.count - here
    }

    /// A tree of hashes, walked down to the leaves that differ; then these entries.
    private mutating func walkTree(_ pair: DatabasePair, _ random: inout SplitMix64) {
        var leaves = (0..<pair.entries).map { _ in random.next() }
        let mine = HashTree(leaves)
        // Draws distinct places: a leaf that was changed is no longer what it was in the other tree.
        var changed = [Bool](repeating: false, count: pair.entries)
        var left = pair.ages.count
        while left > 0 {
            let leaf = random.below(pair.entries)
            if !changed[leaf] {
                changed[leaf] = true
                leaves[leaf] = ~leaves[leaf]
                left -= 1
            }
        }
        let walk = mine.walk(against: HashTree(leaves))
        hashesSent += walk.hashes
        roundTrips += walk.levels
        entriesSent += walk.leaves.count
    }
}
