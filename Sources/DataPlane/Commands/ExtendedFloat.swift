// Numbers as the reference adds them up in INCRBYFLOAT: with 64 bits, which is `long double` where most servers run.
// Done in whole numbers, so that every machine gives the same digits.

/// A floating point number of 64 bits and a wide exponent; none that is not a number.
struct ExtendedFloat: Equatable {
    private var isNegative: Bool
    /// Between 2^63 and 2^64, or 0.
    private var bits: UInt64
    /// What the bits are multiplied by, as a power of two.
    private var exponent: Int
    private var isInfinite = false

    static let zero = ExtendedFloat(isNegative: false, bits: 0, exponent: 0)

    private init(isNegative: Bool, bits: UInt64, exponent: Int, isInfinite: Bool = false) {
        self.isNegative = isNegative
        self.bits = bits
        self.exponent = exponent
        self.isInfinite = isInfinite
    }

    /// Numbers from here on are too large.
    private static let largestExponent = 16384 - 64
    /// Numbers below are taken for 0.
    private static let smallestWidth = -16445
    /// Bytes of a number that are read.
    private static let longestText = 5 * 1024 - 1
    private static let placesShown = 17

    /// A whole number times a power of two, rounded to 64 bits.
    private init(_ number: BigNatural, exponent: Int, isNegative: Bool, isInexact: Bool = false) {
        var number = number
        var exponent = exponent
        let excess = number.bitWidth - 64
        if excess > 0 {
            number.round(away: excess, isInexact: isInexact)
            exponent += excess
            // All bits set became one more.
            if number.bitWidth > 64 {
                number.shiftRight(1)
                exponent += 1
            }
        } else {
            number.shiftLeft(-excess)
            exponent += excess
        }
        let isInfinite = !number.isZero && exponent > Self.largestExponent
        self.init(
            isNegative: isNegative, bits: number.low, exponent: exponent, isInfinite: isInfinite)
    }

    // MARK: - Adding

    /// - Returns: nil when the sum is no number, or too large for one.
    func adding(_ other: ExtendedFloat) -> ExtendedFloat? {
        guard !isInfinite, !other.isInfinite else { return nil }
        guard bits != 0 else { return other }
        guard other.bits != 0 else { return self }
        let (high, low) = exponent >= other.exponent ? (self, other) : (other, self)
        let distance = high.exponent - low.exponent
        // So small that the nearest number stays the same.
        guard distance <= 130 else { return high }
        var left = BigNatural(high.bits)
        left.shiftLeft(distance)
        let right = BigNatural(low.bits)
        let sum: ExtendedFloat
        if isNegative == other.isNegative {
            sum = Self(left + right, exponent: low.exponent, isNegative: isNegative)
        } else if left < right {
            sum = Self(right - left, exponent: low.exponent, isNegative: low.isNegative)
        } else {
            sum = Self(left - right, exponent: low.exponent, isNegative: high.isNegative)
        }
        return sum.isInfinite ? nil : sum
    }
}

// MARK: - Text

extension ExtendedFloat {
    /// Reads a decimal number, with or without a fraction and an exponent.
    init?(_ text: Span<UInt8>) {
        guard text.count > 0, text.count <= Self.longestText else { return nil }
        var at = 0
        let isNegative = text[0] == UInt8(ascii: "-")
        if isNegative || text[0] == UInt8(ascii: "+") { at += 1 }
        if Self.isInfinity(text, from: at) {
            self.init(isNegative: isNegative, bits: 0, exponent: 0, isInfinite: true)
            return
        }
        var number = BigNatural()
        var (count, scale, hasPoint) = (0, 0, false)
        while at < text.count {
            let digit = text[at] &- UInt8(ascii: "0")
            if digit <= 9 {
                number.multiply(by: 10, adding: UInt32(digit))
                count += 1
                if hasPoint { scale -= 1 }
            } else if text[at] == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else {
                break
            }
            at += 1
        }
        guard count > 0, let power = Self.power(text, from: at) else { return nil }
        self.init(number, timesTenTo: scale + power, isNegative: isNegative)
    }

    private static func isInfinity(_ text: Span<UInt8>, from start: Int) -> Bool {
        let word = (start..<text.count).prefix(9).map { text[$0] | 0x20 }
        return word.count == text.count - start
            && (word == Array("inf".utf8) || word == Array("infinity".utf8))
    }

    /// The exponent at the end of a number; 0 where there is none, nil where it is none.
    private static func power(_ text: Span<UInt8>, from start: Int) -> Int? {
        guard start < text.count else { return 0 }
        guard text[start] | 0x20 == UInt8(ascii: "e") else { return nil }
        var at = start + 1
        guard at < text.count else { return nil }
        let isNegative = text[at] == UInt8(ascii: "-")
        if isNegative || text[at] == UInt8(ascii: "+") { at += 1 }
        guard at < text.count else { return nil }
        var power = 0
        while at < text.count {
            let digit = text[at] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            power = min(power * 10 + Int(digit), 1_000_000)
            at += 1
        }
        return isNegative ? -power : power
    }

    /// - Returns: nil when it is too large or too small.
    private init?(_ number: BigNatural, timesTenTo power: Int, isNegative: Bool) {
        guard !number.isZero else {
            self = .zero
            return
        }
        // log2(10) is between 3.32 and 3.33: what is far out of range is not worked out.
        let width = number.bitWidth + power * 10 / 3
        guard width < 20_000, width > -20_000 else { return nil }
        if power >= 0 {
            var product = number
            product.multiply(byTenTo: power)
            self.init(product, exponent: 0, isNegative: isNegative)
        } else {
            var divisor = BigNatural(1)
            divisor.multiply(byTenTo: -power)
            self.init(number, dividedBy: divisor, isNegative: isNegative)
        }
        guard !isInfinite, exponent + 64 > Self.smallestWidth else { return nil }
    }

    /// Divides bit by bit, until there is one more than is kept.
    private init(_ number: BigNatural, dividedBy divisor: BigNatural, isNegative: Bool) {
        var (rest, divisor) = (number, divisor)
        let shift = 66 - (rest.bitWidth - divisor.bitWidth)
        if shift > 0 { rest.shiftLeft(shift) } else { divisor.shiftLeft(-shift) }
        // The quotient has 66 or 67 bits: it is found from the highest on.
        var quotient = BigNatural()
        divisor.shiftLeft(67)
        for _ in 0...67 {
            quotient.shiftLeft(1)
            if !(rest < divisor) {
                rest = rest - divisor
                quotient = quotient + BigNatural(1)
            }
            divisor.shiftRight(1)
        }
        self.init(
            quotient, exponent: -shift, isNegative: isNegative, isInexact: !rest.isZero)
    }

    /// All digits before the point and at most 17 behind it, the last of which is rounded; no zeros at the end.
    var text: [UInt8] {
        var number = BigNatural(bits)
        number.multiply(byTenTo: Self.placesShown)
        if exponent >= 0 { number.shiftLeft(exponent) } else { number.round(away: -exponent) }
        var digits = number.digits
        guard !digits.isEmpty else { return [UInt8(ascii: "0")] }
        let missing = Self.placesShown + 1 - digits.count
        if missing > 0 {
            digits.insert(contentsOf: repeatElement(UInt8(ascii: "0"), count: missing), at: 0)
        }
        let point = digits.count - Self.placesShown
        var fraction = digits[point...]
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        let sign: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
        return sign + digits[..<point] + (fraction.isEmpty ? [] : [UInt8(ascii: ".")] + fraction)
    }
}
