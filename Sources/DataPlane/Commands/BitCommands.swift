// Values as rows of bits, the highest bit of the first byte first: single bits, how many are set, where the first
// one is, and operations on whole values.

import RESP

package enum BitCommands {
    /// The place of a bit, as far as a value may reach.
    /// - Parameter width: what a place behind "#" counts in; nil where that is not taken.
    static func place(_ context: KeyContext, _ index: Int, width: Int? = nil) -> Int? {
        let limit = context.store.valueLimit
        let number = context.withWord(index) { word -> Int64? in
            guard let width, word.count > 1, word[0] == UInt8(ascii: "#") else {
                return strictInteger(word)
            }
            guard let number = strictInteger(word.extracting(1..<word.count)) else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: Int64(width))
            return overflow ? nil : product
        }
        guard let number, number >= 0, number >> 3 < limit else { return nil }
        return Int(number)
    }

    static let wrongPlace = CommandError("ERR bit offset is not an integer or out of range")
    private static let wrongBit = CommandError("ERR bit is not an integer or out of range")

    package static func get(_ context: KeyContext) -> CommandResult {
        guard let place = place(context, 2) else { return .failed(wrongPlace) }
        guard let number = context.look(1) else { return context.integer(0) }
        return context.integer(Int64(byte(number, place, context) >> UInt8(7 - place & 7) & 1))
    }

    /// The byte that a bit lies in; 0 beyond the value.
    private static func byte(_ number: Int, _ place: Int, _ context: KeyContext) -> UInt8 {
        context.store.withValue(number) { place >> 3 < $0.count ? $0[place >> 3] : 0 }
    }

    package static func set(_ context: KeyContext) -> CommandResult {
        guard let place = place(context, 2) else { return .failed(wrongPlace) }
        guard let bit = context.number(3), bit == 0 || bit == 1 else { return .failed(wrongBit) }
        let store = context.store
        let found = context.find(1)
        let old = found.map { byte($0, place, context) } ?? 0
        let mask = UInt8(0x80) >> UInt8(place & 7)
        let new = bit == 1 ? old | mask : old & ~mask
        let length = found.map { store.valueCount($0) } ?? 0
        if new != old || length <= place >> 3 {
            let number = found ?? context.set(1, to: [])
            _ = store.setSlice(of: number, at: place >> 3, [new].span)
        }
        return context.integer(old & mask == 0 ? 0 : 1)
    }

    // MARK: - Counting and finding

    /// Whether places are those of bits; nil when the word says neither.
    private static func countsBits(_ context: KeyContext, _ index: Int) -> Bool? {
        guard index < context.count else { return false }
        switch context.option(index) {
        case "bit": return true
        case "byte": return false
        default: return nil
        }
    }

    /// The range of `first` and `last`, in bits.
    private static func bits(
        _ first: Int64, _ last: Int64, _ areBits: Bool, in bytes: Int
    ) -> Range<Int>? {
        let count = areBits ? bytes * 8 : bytes
        let low = Places.place(first, in: count)
        let high = min(Places.place(last, in: count), count - 1)
        guard low <= high else { return nil }
        return areBits ? low..<(high + 1) : (low * 8)..<(high * 8 + 8)
    }

    package static func count(_ context: KeyContext) -> CommandResult {
        let found = context.look(1)
        guard context.count == 2 || context.count == 4 || context.count == 5 else {
            return found == nil ? context.integer(0) : .syntaxError
        }
        guard let found else { return context.integer(0) }
        let bytes = context.store.valueCount(found)
        var range: Range<Int>? = 0..<(bytes * 8)
        if context.count > 2 {
            guard let first = context.number(2), let last = context.number(3) else {
                return .notANumber
            }
            if first < 0, last < 0, first > last { return context.integer(0) }
            guard let areBits = countsBits(context, 4) else { return .syntaxError }
            range = bits(first, last, areBits, in: bytes)
        }
        guard let range, !range.isEmpty else { return context.integer(0) }
        return context.integer(context.store.withValue(found) { Int64(BitRow.count($0, range)) })
    }

    package static func position(_ context: KeyContext) -> CommandResult {
        guard let bit = context.number(2) else { return .notANumber }
        guard bit == 0 || bit == 1 else { return .error("ERR The bit argument must be 1 or 0.") }
        guard let found = context.look(1) else { return context.integer(bit == 1 ? -1 : 0) }
        guard context.count <= 6 else { return .syntaxError }
        let bytes = context.store.valueCount(found)
        var range: Range<Int>? = 0..<(bytes * 8)
        if context.count > 3 {
            guard let first = context.number(3) else { return .notANumber }
            guard let areBits = countsBits(context, 5) else { return .syntaxError }
            var last = Int64(areBits ? bytes * 8 : bytes) - 1
            if context.count > 4 {
                guard let number = context.number(4) else { return .notANumber }
                last = number
            }
            range = bits(first, last, areBits, in: bytes)
        }
        guard let range, !range.isEmpty else { return context.integer(-1) }
        let place = context.store.withValue(found) { BitRow.first(bit == 1, $0, range) }
        // To the right of a value without a given end there are zeros.
        let outside = bit == 0 && context.count <= 4 ? Int64(range.upperBound) : -1
        return context.integer(place.map { Int64($0) } ?? outside)
    }

    // MARK: - Whole values

    package static func combine(_ context: KeyContext) -> CommandResult {
        guard let operation = BitOperation(rawValue: context.option(1)) else {
            return .syntaxError
        }
        guard operation != .not || context.count == 4 else {
            return .error("ERR BITOP NOT must be called with a single source key.")
        }
        var result: [UInt8] = []
        for index in 3..<context.count {
            let value = context.look(index).map { context.store.value($0) } ?? []
            operation.add(value, to: &result, isFirst: index == 3)
        }
        if result.isEmpty {
            if let number = context.find(2) {
                context.store.remove(number)
                if context.isReplicated { context.replicate(as: [Word.del, context.bytes(2)]) }
            }
        } else {
            context.set(2, to: result)
        }
        return context.integer(Int64(result.count))
    }
}

/// What BITOP does with values, the shorter of which are filled up with zeros.
private enum BitOperation: String {
    case and, or, xor, not

    func add(_ value: [UInt8], to result: inout [UInt8], isFirst: Bool) {
        guard !isFirst else {
            result = self == .not ? value.map { ~$0 } : value
            return
        }
        if value.count > result.count {
            result += [UInt8](repeating: 0, count: value.count - result.count)
        }
        for index in result.indices {
            let byte = index < value.count ? value[index] : 0
            switch self {
            case .and: result[index] &= byte
            case .or: result[index] |= byte
            case .xor: result[index] ^= byte
            case .not: break
            }
        }
    }
}
