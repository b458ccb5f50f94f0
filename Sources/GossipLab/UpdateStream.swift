// Databases under a steady stream of updates: how many contacts find a difference, how old it is, and what
// each way of comparing them costs then. One update is not followed here; all are.

import Determinism

/// What contacts cost while updates keep coming, as means over all contacts after a while.
struct UpdateStream: Sendable {
    var nodes = 64
    /// Entries of a database.
    var entries = 1000
    /// The mean number of updates in a round, in the whole network.
    var updatesPerRound = 1.0
    /// Rounds for which an update stands on the recent update list.
    var window = 20
    var rounds = 120
    /// Rounds that are not counted: the stream has to become steady.
    var warmUp = 40
    var comparisons: [Comparison] = [.full, .checksum, .recent]

    struct Result: Sendable {
        var contacts = 0
        /// Contacts that found a difference.
        var differing = 0
        var differences = 0
        /// Rounds from an update to the one after which all had it: the mean, and the most.
        var spreadMean = 0.0
        var spreadMost = 0
        /// Bytes of a contact, in the order of the comparisons.
        var bytes: [Double] = []

        var shareDiffering: Double { Double(differing) / Double(max(1, contacts)) }
    }

    /// An update that not all have yet.
    private struct Update {
        let born: Int
        var has: [Bool]
        var count = 1
    }

    /// Anti-entropy, push-pull, one partner a round drawn among the others, calls one after another.
    func run(seed: UInt64) -> Result {
        var random = SplitMix64(seed: seed)
        var (result, open) = (Result(), [Update]())
        var (spreads, due) = ([Int](), 0.0)
        var bytes = [Double](repeating: 0, count: comparisons.count)
        for round in 1...max(1, rounds) {
            // As many as the rate says in the long run, but not at regular intervals.
            due += 2 * random.unit() * updatesPerRound
            while due >= 1 {
                due -= 1
                var update = Update(born: round, has: [Bool](repeating: false, count: nodes))
                update.has[random.below(nodes)] = true
                open.append(update)
            }
            for node in 0..<nodes where nodes > 1 {
                let drawn = random.below(nodes - 1)
                let partner = drawn < node ? drawn : drawn + 1
                let ages = Self.reconcile(node, partner, &open, round)
                guard round > warmUp else { continue }
                result.contacts += 1
                result.differing += ages.isEmpty ? 0 : 1
                result.differences += ages.count
                let pair = DatabasePair(
                    entries: entries, ages: ages, updatesPerRound: updatesPerRound, window: window)
                for (index, comparison) in comparisons.enumerated() {
                    bytes[index] +=
                        ComparisonCost.cost(comparison, of: pair, random: &random).bytes
                }
            }
            for update in open where update.count == nodes {
                spreads.append(round - update.born + 1)
            }
            open.removeAll { $0.count == nodes }
        }
        result.bytes = bytes.map { $0 / Double(max(1, result.contacts)) }
        result.spreadMean = Double(spreads.reduce(0, +)) / Double(max(1, spreads.count))
        result.spreadMost = spreads.max() ?? 0
        return result
    }

    /// Both have what one had.
    /// - Returns: the ages of the updates that one of them lacked.
    private static func reconcile(
        _ node: Int, _ partner: Int, _ open: inout [Update], _ round: Int
    ) -> [Int] {
        var ages: [Int] = []
        for index in open.indices where open[index].has[node] != open[index].has[partner] {
            open[index].has[node] = true
            open[index].has[partner] = true
            open[index].count += 1
            ages.append(round - open[index].born)
        }
        return ages
    }
}
