// The only source of chance in the core, the simulator and the laboratory: seeded, a value, the same on
// every platform.

/// A small seeded generator (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", 2014).
@frozen package struct SplitMix64: RandomNumberGenerator, Hashable, Sendable {
    @usableFromInline var state: UInt64

    @inlinable package init(seed: UInt64) { state = seed }

    /// A generator with this seed goes on as this one does.
    @inlinable package var seed: UInt64 { state }

    @inlinable package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in 0..<bound; 0 when `bound` is not above 0. The tiny bias is of no account here.
    @inlinable package mutating func below(_ bound: Int) -> Int {
        guard bound > 0 else { return 0 }
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}
