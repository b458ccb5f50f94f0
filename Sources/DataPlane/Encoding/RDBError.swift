// Every way in which an RDB can be wrong, or right and not for us, a case each, with words for the log and for
// INFO. Nothing that stands in the file gets into these words but numbers, and a signature as digits.

/// Why an RDB is not taken.
package enum RDBError: Error, Equatable, Sendable {
    /// A string that has a limit.
    package enum Part: String, Sendable {
        case key = "a key"
        case value = "a value"
        case auxiliary = "an auxiliary field"
    }

    /// It does not begin like one; the nine bytes.
    case signature([UInt8])
    /// Nobody has seen this version yet, or no server that we know reads it.
    case version(RDBFormat)
    /// A value that is no string.
    case type(UInt8, name: String, offset: Int)
    case unknownType(UInt8, offset: Int)
    /// What a module wrote cannot be passed over without knowing the module.
    case moduleAuxiliary(offset: Int)
    case oldFunction(offset: Int)
    /// A cluster has database 0 alone.
    case database(UInt64, offset: Int)
    case length(offset: Int)
    case compressed(LZFError, offset: Int)
    case tooLong(Part, count: UInt64, limit: Int, offset: Int)
    case checksum(expected: UInt64, computed: UInt64)
    /// There are bytes behind its end.
    case behindEnd(offset: Int)
    /// There are no more bytes before its end.
    case cutShort(offset: Int)
}

extension RDBError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .signature(let bytes):
            "no RDB: it begins with the bytes \(bytes.map(Self.hex).joined())"
        case .version(let format): "RDB version \(format) is not known"
        case .type(let type, let name, let offset):
            "a \(name) (type \(type)) at byte \(offset) of the RDB; only strings are kept here"
        case .unknownType(let type, let offset):
            "unknown type \(type) at byte \(offset) of the RDB"
        case .moduleAuxiliary(let offset): "data of a module at byte \(offset) of the RDB"
        case .oldFunction(let offset):
            "a function of a release candidate at byte \(offset) of the RDB"
        case .database(let number, let offset):
            "database \(number) at byte \(offset) of the RDB; only database 0 is kept here"
        case .length(let offset): "invalid length at byte \(offset) of the RDB"
        case .compressed(let error, let offset):
            "damaged compression at byte \(offset) of the RDB: \(error.words)"
        case .tooLong(let part, let count, let limit, let offset):
            "\(part.rawValue) of \(count) bytes at byte \(offset) of the RDB; "
                + "\(limit) are allowed"
        case .checksum(let expected, let computed):
            "wrong checksum of the RDB: \(String(expected, radix: 16)) is written, "
                + "\(String(computed, radix: 16)) is right"
        case .behindEnd(let offset): "bytes behind the end of the RDB, from byte \(offset) on"
        case .cutShort(let offset): "the RDB ends before its end, at byte \(offset)"
        }
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

extension LZFError {
    /// What is wrong, for people.
    package var words: String {
        switch self {
        case .tooLong: "more bytes than announced"
        case .tooShort: "fewer bytes than announced"
        case .beforeBeginning: "it repeats what is not there"
        }
    }
}
