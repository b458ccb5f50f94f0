// The generator gives what its authors' does.

import Determinism
import Testing

@Suite struct SplitMix64Tests {
    /// The first outputs for the seed 1234567, as the reference implementation gives them.
    @Test func `a seed gives the sequence that was published`() {
        var random = SplitMix64(seed: 1_234_567)
        let first = (0..<3).map { _ in random.next() }
        #expect(
            first == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
    }

    @Test func `a number below a bound is below it and not negative`() {
        var random = SplitMix64(seed: 5)
        #expect((0..<1000).allSatisfy { _ in (0..<7).contains(random.below(7)) })
        #expect(random.below(0) == 0 && random.below(-3) == 0)
    }
}
