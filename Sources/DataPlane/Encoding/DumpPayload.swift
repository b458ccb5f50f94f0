// What DUMP gives and RESTORE takes: a type, a value as in an RDB, a version and a checksum. Written with
// version 9, which all servers take; read whatever the version is, if the checksum is right and the value a
// string. How a payload becomes a command, and the words for one that is refused, are for others.

/// Payloads of DUMP, whole or, for long values, in pieces.
package enum DumpPayload {
    static let version: UInt16 = 9
    /// The version and the checksum.
    static let footerBytes = 10

    /// The payload of a value. A number is written as one, like real servers do.
    package static func make(_ value: Span<UInt8>) -> [UInt8] {
        let number = integer(value)
        var builder = DumpBuilder()
        var payload: [UInt8] = []
        payload.reserveCapacity(number == nil ? byteCount(ofValue: value.count) : 16)
        if let number {
            builder.head(number: number, to: &payload)
        } else {
            builder.head(valueCount: value.count, to: &payload)
            payload.append(value)
            builder.value(value)
        }
        builder.tail(to: &payload)
        return payload
    }

    /// Bytes of the payload that DumpBuilder writes for a value as it is.
    package static func byteCount(ofValue count: Int) -> Int {
        1 + RDBLength.bytes(of: count) + count + footerBytes
    }

    /// The value in a payload.
    /// - Parameter limit: bytes that it may have.
    package static func open(_ payload: Span<UInt8>, limit: Int) throws(DumpError) -> [UInt8] {
        var opener = DumpOpener(limit: limit)
        while true {
            if let value = try opener.step(payload, budgetBytes: .max) { return value }
        }
    }

    /// The number whose digits a value is, if they are the only ones that mean it.
    static func integer(_ value: Span<UInt8>) -> Int32? {
        // "-2147483648" is the longest.
        guard (1...11).contains(value.count) else { return nil }
        let isNegative = value[0] == UInt8(ascii: "-")
        let first = isNegative ? 1 : 0
        guard first < value.count else { return nil }
        if value[first] == UInt8(ascii: "0") { return value.count == 1 ? 0 : nil }
        var number: Int64 = 0
        for index in first..<value.count {
            let byte = value[index]
            guard byte >= 0x30 && byte <= 0x39 else { return nil }
            number = number * 10 + Int64(byte - 0x30)
        }
        return Int32(exactly: isNegative ? -number : number)
    }
}

/// A payload that is being written in pieces: the head, the bytes of the value by the caller, the tail.
package struct DumpBuilder: Sendable {
    private var sum = CRC64()
    /// Bytes of the value that have been announced and not shown.
    private var owedBytes = 0

    package init() {}

    package mutating func head(valueCount: Int, to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(RDBType.string)
        RDBLength.append(valueCount, to: &bytes)
        sum.update(bytes.span.extracting(start...))
        owedBytes = valueCount
    }

    fileprivate mutating func head(number: Int32, to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(RDBType.string)
        if let number = Int8(exactly: number) {
            bytes.append(0xC0)
            bytes.append(littleEndian: number)
        } else if let number = Int16(exactly: number) {
            bytes.append(0xC1)
            bytes.append(littleEndian: number)
        } else {
            bytes.append(0xC2)
            bytes.append(littleEndian: number)
        }
        sum.update(bytes.span.extracting(start...))
    }

    /// The next bytes of the value, which the caller writes from where they lie.
    package mutating func value(_ slice: Span<UInt8>) {
        precondition(slice.count <= owedBytes, "\(slice.count) bytes of \(owedBytes) that are left")
        sum.update(slice)
        owedBytes -= slice.count
    }

    package mutating func tail(to bytes: inout [UInt8]) {
        precondition(owedBytes == 0, "\(owedBytes) bytes of the value are missing")
        let start = bytes.count
        bytes.append(littleEndian: DumpPayload.version)
        sum.update(bytes.span.extracting(start...))
        bytes.append(littleEndian: sum.value)
    }
}
