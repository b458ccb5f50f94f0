// Numbers with a fixed count of decimals: the one place where a fraction becomes digits. How many are worth
// showing is decided by whoever shows them.

/// Numbers with a fixed count of decimals.
package enum Decimals {
    /// Rounded to so many decimals; "-" for what is not finite or has more digits than can be told.
    package static func text(_ value: Double, _ places: Int) -> String {
        let unit = power(places)
        guard value.isFinite, abs(value) * Double(unit) < 9e15 else { return "-" }
        let scaled = Int64((value * Double(unit)).rounded())
        return text(scaled.magnitude, unit, isNegative: scaled < 0)
    }

    /// A count of units of which `whole` make one, rounded toward zero to so many decimals.
    package static func text(_ value: Int64, per whole: Int64, _ places: Int) -> String {
        let unit = power(places)
        // The whole part by itself: a capture may span centuries, if its times are damaged.
        let (ones, rest) = value.magnitude.quotientAndRemainder(dividingBy: whole.magnitude)
        let fraction = text(rest * unit / whole.magnitude, unit, isNegative: false).dropFirst()
        return "\(value < 0 ? "-" : "")\(ones)\(fraction)"
    }

    /// Adds a number that is a count of parts, so many of which make one.
    /// - Parameter unit: a power of ten; its zeros are the decimals.
    static func append(
        _ magnitude: UInt64, _ unit: UInt64, isNegative: Bool, to bytes: inout [UInt8]
    ) {
        if isNegative { bytes.append(0x2D) }
        append(magnitude / unit, to: &bytes)
        guard unit > 1 else { return }
        bytes.append(0x2E)
        var rest = magnitude % unit
        var place = unit / 10
        while place > 0 {
            bytes.append(0x30 + UInt8(rest / place))
            rest %= place
            place /= 10
        }
    }

    /// Adds the digits of a whole number.
    static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        let first = bytes.count
        var rest = number
        repeat {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[first...].reverse()
    }

    static func power(_ places: Int) -> UInt64 { (0..<places).reduce(1) { power, _ in power * 10 } }

    private static func text(_ magnitude: UInt64, _ unit: UInt64, isNegative: Bool) -> String {
        var bytes: [UInt8] = []
        append(magnitude, unit, isNegative: isNegative, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
