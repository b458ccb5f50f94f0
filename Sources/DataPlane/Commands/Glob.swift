// Patterns of keys and names: "*", "?", classes in brackets, and a backslash before what is meant as
// it stands. A pattern is never tried more often than the length of the text allows, and where anybody may
// have many of them tried, no longer than the caller says.

package enum Glob {
    package static func matches(_ text: String, _ pattern: String) -> Bool {
        matches(Array(text.utf8), Array(pattern.utf8))
    }

    /// - Parameter limit: how many bytes of the pattern may be looked at. Where that is not enough, which only
    ///   a pattern can bring about that is made for it, the text does not match.
    package static func matches(
        _ text: [UInt8], _ pattern: [UInt8], lookingAt limit: Int = .max
    ) -> Bool {
        var (at, of) = (0, 0)
        var star: (pattern: Int, text: Int)?
        var left = limit
        while at < text.count {
            if of < pattern.count, pattern[of] == UInt8(ascii: "*") {
                star = (of, at)
                of += 1
            } else if of < pattern.count, let next = step(text[at], pattern, of) {
                left -= next - of
                at += 1
                of = next
            } else if let last = star {
                // The star takes one more character; steps back are linear, never exponential.
                left -= cost(pattern, of)
                star = (last.pattern, last.text + 1)
                (of, at) = (last.pattern + 1, last.text + 1)
            } else {
                return false
            }
            guard left > 0 else { return false }
        }
        return pattern[of...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// What it took to see that the part at `place` does not fit: a class was read to its end.
    private static func cost(_ pattern: [UInt8], _ place: Int) -> Int {
        guard place < pattern.count, pattern[place] == UInt8(ascii: "[") else { return 1 }
        let end = pattern[place...].firstIndex(of: UInt8(ascii: "]")) ?? pattern.count
        return max(1, end - place)
    }

    /// Where the pattern goes on when the part at `place` takes this byte; nil when it does not.
    private static func step(_ byte: UInt8, _ pattern: [UInt8], _ place: Int) -> Int? {
        switch pattern[place] {
        case UInt8(ascii: "?"): return place + 1
        case UInt8(ascii: "["): return classStep(byte, pattern, place + 1)
        case UInt8(ascii: "\\") where place + 1 < pattern.count:
            return pattern[place + 1] == byte ? place + 2 : nil
        default: return pattern[place] == byte ? place + 1 : nil
        }
    }

    /// A class: single characters, ranges, and "^" in front for all others. One that does not end
    /// reaches to the end of the pattern.
    private static func classStep(_ byte: UInt8, _ pattern: [UInt8], _ first: Int) -> Int? {
        var place = first
        let isInverted = place < pattern.count && pattern[place] == UInt8(ascii: "^")
        if isInverted { place += 1 }
        var isIn = false
        while place < pattern.count, pattern[place] != UInt8(ascii: "]") {
            if pattern[place] == UInt8(ascii: "\\"), place + 1 < pattern.count {
                place += 1
                if pattern[place] == byte { isIn = true }
            } else if place + 2 < pattern.count, pattern[place + 1] == UInt8(ascii: "-") {
                let low = min(pattern[place], pattern[place + 2])
                let high = max(pattern[place], pattern[place + 2])
                if (low...high).contains(byte) { isIn = true }
                place += 2
            } else if pattern[place] == byte {
                isIn = true
            }
            place += 1
        }
        guard isIn != isInverted else { return nil }
        return min(place + 1, pattern.count)
    }
}
