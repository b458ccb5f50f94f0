// Draws that are the same on every platform: no function of the C library takes part.

extension SplitMix64 {
    /// A number in 0..<1, of 53 bits.
    @inlinable package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// True with this chance.
    @inlinable package mutating func chance(_ share: Double) -> Bool { unit() < share }

    /// An exponentially distributed number of mean 1, by comparisons alone (von Neumann, "Various
    /// techniques used in connection with random digits", 1951).
    package mutating func exponential() -> Double {
        var whole = 0.0
        while true {
            let first = unit()
            var last = first
            var isOdd = true
            while true {
                let drawn = unit()
                guard drawn < last else { break }
                last = drawn
                isOdd.toggle()
            }
            if isOdd { return whole + first }
            whole += 1
        }
    }

    /// Puts them in a random order (Durstenfeld).
    @inlinable package mutating func shuffle<Element>(_ list: inout [Element]) {
        guard list.count > 1 else { return }
        for last in stride(from: list.count - 1, to: 0, by: -1) {
            list.swapAt(last, below(last + 1))
        }
    }
}
