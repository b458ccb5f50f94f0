// An RDB of version 9, which all servers read, as it is put together: strings as they are, sizes those of
// RDBLength. Which keys, in what order, each once and from one moment, is for the caller; a long value goes
// out from where it lies, in slices, and is only shown here.

/// What a file says of itself before its keys. On a link there is none of it.
package struct RDBAuxiliary: Sendable {
    package let version: String
    package let createdSeconds: Int64
    package let replicationID: String
    package let replicationOffset: UInt64

    package init(
        version: String, createdSeconds: Int64, replicationID: String, replicationOffset: UInt64
    ) {
        self.version = version
        self.createdSeconds = createdSeconds
        self.replicationID = replicationID
        self.replicationOffset = replicationOffset
    }

    fileprivate var fields: [(name: String, value: String)] {
        [
            ("redis-ver", version), ("ctime", String(createdSeconds)),
            ("repl-id", replicationID), ("repl-offset", String(replicationOffset)),
        ]
    }
}

/// An RDB that is being written: `begin`, then the keys, then `end`, each behind what is in `bytes`.
package struct RDBWriter: Sendable {
    private var sum = CRC64()
    /// Bytes of a value that have been announced and not shown.
    private var owedBytes = 0

    package init() {}

    /// What stands before the first key.
    /// - Parameter auxiliary: for files.
    package mutating func begin(_ auxiliary: RDBAuxiliary? = nil, to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: "REDIS0009".utf8)
        for field in auxiliary?.fields ?? [] {
            bytes.append(RDBOpcode.auxiliary.rawValue)
            Self.append(field.name, to: &bytes)
            Self.append(field.value, to: &bytes)
        }
        addToSum(bytes, from: start)
    }

    /// A key with its value.
    /// - Parameter expiry: wall milliseconds at which the key ends.
    package mutating func entry(
        key: Span<UInt8>, value: Span<UInt8>, expiry: Int64?, to bytes: inout [UInt8]
    ) {
        precondition(owedBytes == 0, "\(owedBytes) bytes of the last value are missing")
        let start = bytes.count
        Self.appendHead(key, value.count, expiry, to: &bytes)
        bytes.append(value)
        addToSum(bytes, from: start)
    }

    /// A key without its value, which must follow in slices, each shown by `value`.
    package mutating func entryHead(
        key: Span<UInt8>, valueCount: Int, expiry: Int64?, to bytes: inout [UInt8]
    ) {
        precondition(owedBytes == 0, "\(owedBytes) bytes of the last value are missing")
        let start = bytes.count
        Self.appendHead(key, valueCount, expiry, to: &bytes)
        addToSum(bytes, from: start)
        owedBytes = valueCount
    }

    /// The next bytes of a value, which the caller writes from where they lie.
    package mutating func value(_ slice: Span<UInt8>) {
        precondition(slice.count <= owedBytes, "\(slice.count) bytes of \(owedBytes) that are left")
        sum.update(slice)
        owedBytes -= slice.count
    }

    /// What stands behind the last key.
    package mutating func end(to bytes: inout [UInt8]) {
        precondition(owedBytes == 0, "\(owedBytes) bytes of the last value are missing")
        let start = bytes.count
        bytes.append(RDBOpcode.end.rawValue)
        addToSum(bytes, from: start)
        bytes.append(littleEndian: sum.value)
    }

    private mutating func addToSum(_ bytes: [UInt8], from start: Int) {
        sum.update(bytes.span.extracting(start...))
    }

    private static func appendHead(
        _ key: Span<UInt8>, _ valueCount: Int, _ expiry: Int64?, to bytes: inout [UInt8]
    ) {
        if let expiry {
            bytes.append(RDBOpcode.expiryMilliseconds.rawValue)
            bytes.append(littleEndian: UInt64(bitPattern: expiry))
        }
        bytes.append(RDBType.string)
        RDBLength.append(key.count, to: &bytes)
        bytes.append(key)
        RDBLength.append(valueCount, to: &bytes)
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        RDBLength.append(text.utf8.count, to: &bytes)
        bytes.append(contentsOf: text.utf8)
    }
}

extension RDBLength {
    /// Writes a length in its shortest form.
    static func append(_ count: Int, to bytes: inout [UInt8]) {
        switch self.bytes(of: count) {
        case 1: bytes.append(UInt8(count))
        case 2:
            bytes.append(0x40 | UInt8(count >> 8))
            bytes.append(UInt8(count & 255))
        case 5:
            bytes.append(0x80)
            for shift in stride(from: 24, through: 0, by: -8) {
                bytes.append(UInt8(count >> shift & 255))
            }
        default:
            bytes.append(0x81)
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(count >> shift & 255))
            }
        }
    }
}

extension [UInt8] {
    /// Appends the lowest byte first.
    mutating func append<Number: FixedWidthInteger>(littleEndian number: Number) {
        for index in 0..<(Number.bitWidth / 8) {
            append(UInt8(truncatingIfNeeded: number >> Number(8 * index)))
        }
    }
}
