// A binary tree of hashes over the entries of a database, one leaf each, and the walk by which two nodes
// find the entries in which they differ: from the root down into what differs, no further.

import Determinism

/// The hashes of one database, level by level from the leaves up.
/// - Source: Merkle, "A Digital Signature Based on a Conventional Encryption Function", 1987; used for
///   repair by Dynamo, section 4.7.
struct HashTree: Sendable {
    /// Level 0 are the leaves, the last level is the root alone. The last node of an odd level has one
    /// child.
    private let levels: [[UInt64]]

    /// - Parameter leaves: the hash of each entry; one at least.
    init(_ leaves: [UInt64]) {
        var levels = [leaves]
        var below = leaves
        while below.count > 1 {
            var level: [UInt64] = []
            level.reserveCapacity((below.count + 1) / 2)
            for first in stride(from: 0, to: below.count, by: 2) {
                let second = first + 1 < below.count ? below[first + 1] : 0
                level.append(Self.hash(below[first], second))
            }
            levels.append(level)
            below = level
        }
        self.levels = levels
    }

    /// Levels under the root.
    var depth: Int { levels.count - 1 }

    /// What two nodes say to each other until they know where they differ.
    struct Walk: Equatable, Sendable {
        /// Nodes of the tree that differed, leaves included.
        var differing = 0
        /// Hashes that were sent: of the root, and of both children of each inner node that differed.
        var hashes = 0
        /// Levels that were looked at, the root's included.
        var levels = 0
        /// Places of the leaves that differed.
        var leaves: [Int] = []
    }

    /// Walks two trees of the same size.
    func walk(against other: HashTree) -> Walk {
        var walk = Walk()
        var asked = [0]
        for level in levels.indices.reversed() where !asked.isEmpty {
            walk.levels += 1
            walk.hashes += asked.count
            let differing = asked.filter { levels[level][$0] != other.levels[level][$0] }
            walk.differing += differing.count
            if level == 0 {
                walk.leaves = differing
                return walk
            }
            let below = levels[level - 1].count
            asked = differing.flatMap { [2 * $0, 2 * $0 + 1] }.filter { $0 < below }
        }
        return walk
    }

    private static func hash(_ one: UInt64, _ other: UInt64) -> UInt64 {
        var mixer = SplitMix64(seed: one ^ (other << 23 | other >> 41))
        return mixer.next() &+ other
    }
}
