// Chance for tests that can be had again: one seed, printed, from which everything follows. The
// environment variable GRAPEVINE_TEST_SEED repeats a run.

import SystemIO

/// A generator whose numbers follow from its seed.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    /// Bytes of any value.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}

/// Where the chance of tests comes from.
package enum Seeds {
    /// The seed of this run.
    package static let current: UInt64 =
        Environment.value("GRAPEVINE_TEST_SEED").flatMap(UInt64.init) ?? Entropy.seed()

    /// A generator for one test, told apart by name. The seed is printed once.
    package static func generator(_ name: String) -> SeededGenerator {
        announce
        return SeededGenerator(
            seed: name.utf8.reduce(current) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
    }

    private static let announce: Void = print("seed: GRAPEVINE_TEST_SEED=\(current)")
}
