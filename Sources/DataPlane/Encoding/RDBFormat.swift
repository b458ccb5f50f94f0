// What an RDB can say and what of it is known here: its signatures and versions, its opcodes, the types of
// values by name, and how a string begins. Where these bytes come from and what is refused is for RDBReader
// and DumpOpener.

/// The first nine bytes.
package struct RDBFormat: Equatable, Sendable {
    /// Bytes of every signature with its version.
    static let byteCount = 9

    /// Of Valkey, which counts its versions apart since 9.0.
    package let isValkey: Bool
    package let version: Int

    /// Whether it can be read. Types are what counts; versions that nobody has seen are refused all the same.
    package var isKnown: Bool { isValkey ? version == 80 : (1...12).contains(version) }
    /// Whether a checksum follows the end.
    var hasChecksum: Bool { version >= 5 }

    package init(isValkey: Bool, version: Int) {
        self.isValkey = isValkey
        self.version = version
    }

    /// Reads a signature; nil of bytes that are none.
    init?(_ bytes: Span<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        func starts(_ word: StaticString, digits: Int) -> Bool {
            for index in 0..<(Self.byteCount - digits)
            where unsafe bytes[index] != word.utf8Start[index] {
                return false
            }
            for index in (Self.byteCount - digits)..<Self.byteCount
            where !(0x30...0x39).contains(bytes[index]) {
                return false
            }
            return true
        }
        let digits: Int
        if starts("REDIS", digits: 4) {
            (isValkey, digits) = (false, 4)
        } else if starts("VALKEY", digits: 3) {
            (isValkey, digits) = (true, 3)
        } else {
            return nil
        }
        var number = 0
        for index in (Self.byteCount - digits)..<Self.byteCount {
            number = number * 10 + Int(bytes[index] - 0x30)
        }
        version = number
    }
}

extension RDBFormat: CustomStringConvertible {
    package var description: String {
        let digits = isValkey ? 3 : 4
        let number = String(version)
        let zeros = String(repeating: "0", count: max(0, digits - number.utf8.count))
        return (isValkey ? "VALKEY" : "REDIS") + zeros + number
    }
}

/// Bytes that stand where the type of a value could.
enum RDBOpcode: UInt8 {
    /// Ranges of slots that are being imported, of Valkey 9.
    case slotImport = 0xF3
    case slotInfo = 0xF4
    case function = 0xF5
    /// Of release candidates of 7.0; what follows is not known.
    case oldFunction = 0xF6
    case moduleAuxiliary = 0xF7
    case idle = 0xF8
    case frequency = 0xF9
    case auxiliary = 0xFA
    case resize = 0xFB
    case expiryMilliseconds = 0xFC
    case expirySeconds = 0xFD
    case selectDatabase = 0xFE
    case end = 0xFF
}

/// Types of values.
enum RDBType {
    static let string: UInt8 = 0

    /// What people call it; nil of one that nobody has seen.
    static func name(_ type: UInt8, isValkey: Bool) -> String? {
        switch type {
        case 0: "string"
        case 1, 10, 14, 18: "list"
        case 2, 11, 20: "set"
        case 3, 5, 12, 17: "sorted set"
        case 4, 9, 13, 16: "hash"
        case 22...25: isValkey && type != 22 ? nil : "hash with field expiry"
        case 6, 7: "module value"
        case 15, 19, 21: "stream"
        default: nil
        }
    }
}

/// How a string begins.
enum RDBStringHead: Equatable {
    /// So many bytes follow.
    case raw(count: UInt64)
    /// A number was meant by its digits, and nothing follows.
    case integer(Int32)
    case compressed(count: UInt64, plain: UInt64)
}

/// What was read at the beginning of bytes that may go on.
enum RDBPart<Value> {
    case more
    case damaged
    case read(Value, byteCount: Int)
}

extension RDBLength {
    /// Reads a length; the special forms of strings are damage here.
    static func read(_ bytes: Span<UInt8>) -> RDBPart<UInt64> {
        guard let first = bytes.isEmpty ? nil : bytes[0] else { return .more }
        switch first {
        case 0..<0x40: return .read(UInt64(first), byteCount: 1)
        case 0x40..<0x80:
            guard bytes.count >= 2 else { return .more }
            return .read(UInt64(first & 0x3F) << 8 | UInt64(bytes[1]), byteCount: 2)
        case 0x80: return bigEndian(bytes, count: 4)
        case 0x81: return bigEndian(bytes, count: 8)
        default: return .damaged
        }
    }

    private static func bigEndian(_ bytes: Span<UInt8>, count: Int) -> RDBPart<UInt64> {
        guard bytes.count > count else { return .more }
        var value: UInt64 = 0
        for index in 1...count { value = value << 8 | UInt64(bytes[index]) }
        return .read(value, byteCount: 1 + count)
    }
}

extension RDBStringHead {
    /// Reads how a string begins.
    static func read(_ bytes: Span<UInt8>) -> RDBPart<RDBStringHead> {
        guard let first = bytes.isEmpty ? nil : bytes[0] else { return .more }
        switch first {
        case 0xC0...0xC2:
            let count = 1 << Int(first & 3)
            guard bytes.count > count else { return .more }
            var value: UInt32 = 0
            for index in 0..<count { value |= UInt32(bytes[1 + index]) << UInt32(8 * index) }
            // The sign of a short number is moved to where that of a long one is, and back.
            let shift = Int32(32 - 8 * count)
            return .read(
                .integer((Int32(bitPattern: value) << shift) >> shift), byteCount: 1 + count)
        case 0xC3:
            return compressed(bytes.extracting(1...))
        default:
            switch RDBLength.read(bytes) {
            case .more: return .more
            case .damaged: return .damaged
            case .read(let count, let byteCount):
                return .read(.raw(count: count), byteCount: byteCount)
            }
        }
    }

    private static func compressed(_ bytes: Span<UInt8>) -> RDBPart<RDBStringHead> {
        switch RDBLength.read(bytes) {
        case .more: return .more
        case .damaged: return .damaged
        case .read(let count, let first):
            switch RDBLength.read(bytes.extracting(first...)) {
            case .more: return .more
            case .damaged: return .damaged
            case .read(let plain, let second):
                return .read(
                    .compressed(count: count, plain: plain), byteCount: 1 + first + second)
            }
        }
    }

    /// The digits of a number.
    static func digits(of number: Int32) -> [UInt8] { Array(String(number).utf8) }
}
