// Whole numbers of any size, as far as decimal fractions and floating point need them to become each other exactly.

/// A whole number from 0 on.
struct BigNatural: Equatable {
    /// 32 bits each, the lowest first; the last is not 0.
    private var words: [UInt32] = []

    init() {}

    init(_ number: UInt64) {
        words = [UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number >> 32)]
        trim()
    }

    var isZero: Bool { words.isEmpty }

    /// How many bits it takes.
    var bitWidth: Int {
        guard let last = words.last else { return 0 }
        return words.count * 32 - last.leadingZeroBitCount
    }

    /// The lowest 64 bits.
    var low: UInt64 {
        UInt64(words.first ?? 0) | UInt64(words.count > 1 ? words[1] : 0) << 32
    }

    private mutating func trim() {
        while words.last == 0 { words.removeLast() }
    }

    mutating func multiply(by factor: UInt32, adding added: UInt32 = 0) {
        var carry = UInt64(added)
        for index in words.indices {
            carry += UInt64(words[index]) * UInt64(factor)
            words[index] = UInt32(truncatingIfNeeded: carry)
            carry >>= 32
        }
        if carry > 0 { words.append(UInt32(carry)) }
        trim()
    }

    mutating func multiply(byTenTo exponent: Int) {
        for _ in 0..<(exponent / 9) { multiply(by: 1_000_000_000) }
        for _ in 0..<(exponent % 9) { multiply(by: 10) }
    }

    /// - Returns: the remainder.
    mutating func divide(by divisor: UInt32) -> UInt32 {
        var rest: UInt64 = 0
        for index in words.indices.reversed() {
            rest = rest << 32 | UInt64(words[index])
            words[index] = UInt32(rest / UInt64(divisor))
            rest %= UInt64(divisor)
        }
        trim()
        return UInt32(rest)
    }

    mutating func shiftLeft(_ bits: Int) {
        guard !isZero, bits > 0 else { return }
        let part = UInt32(bits % 32)
        if part > 0 {
            var carry: UInt32 = 0
            for index in words.indices {
                let word = words[index]
                words[index] = word << part | carry
                carry = word >> (32 - part)
            }
            if carry > 0 { words.append(carry) }
        }
        words.insert(contentsOf: repeatElement(0, count: bits / 32), at: 0)
    }

    /// - Returns: whether a bit that was set went.
    @discardableResult
    mutating func shiftRight(_ bits: Int) -> Bool {
        guard bits > 0 else { return false }
        let whole = min(bits / 32, words.count)
        var lost = words[..<whole].contains { $0 != 0 }
        words.removeFirst(whole)
        let part = UInt32(bits % 32)
        guard part > 0, bits / 32 == whole else { return lost }
        var carry: UInt32 = 0
        for index in words.indices.reversed() {
            let word = words[index]
            words[index] = word >> part | carry
            carry = word << (32 - part)
        }
        lost = lost || carry != 0
        trim()
        return lost
    }

    /// Divides by a power of two; what is half of it goes to the even side.
    /// - Parameter isInexact: the number is a little more than it says.
    mutating func round(away bits: Int, isInexact: Bool = false) {
        guard bits > 0 else { return }
        let lost = shiftRight(bits - 1) || isInexact
        let half = low & 1 == 1
        shiftRight(1)
        if half && (lost || low & 1 == 1) { self = self + BigNatural(1) }
    }

    static func + (left: BigNatural, right: BigNatural) -> BigNatural {
        var sum = BigNatural()
        var carry: UInt64 = 0
        for index in 0..<max(left.words.count, right.words.count) {
            carry += UInt64(index < left.words.count ? left.words[index] : 0)
            carry += UInt64(index < right.words.count ? right.words[index] : 0)
            sum.words.append(UInt32(truncatingIfNeeded: carry))
            carry >>= 32
        }
        if carry > 0 { sum.words.append(UInt32(carry)) }
        return sum
    }

    /// The right one must not be larger.
    static func - (left: BigNatural, right: BigNatural) -> BigNatural {
        var difference = left
        var borrow: Int64 = 0
        for index in left.words.indices {
            borrow += Int64(left.words[index])
            borrow -= Int64(index < right.words.count ? right.words[index] : 0)
            difference.words[index] = UInt32(truncatingIfNeeded: borrow)
            borrow >>= 32
        }
        difference.trim()
        return difference
    }

    static func < (left: BigNatural, right: BigNatural) -> Bool {
        guard left.words.count == right.words.count else {
            return left.words.count < right.words.count
        }
        return left.words.reversed().lexicographicallyPrecedes(right.words.reversed())
    }

    /// Decimal digits; none for 0.
    var digits: [UInt8] {
        var rest = self
        var digits: [UInt8] = []
        while !rest.isZero {
            var group = rest.divide(by: 1_000_000_000)
            for _ in 0..<9 {
                digits.append(UInt8(ascii: "0") + UInt8(group % 10))
                group /= 10
            }
        }
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return digits.reversed()
    }
}
