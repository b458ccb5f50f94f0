// What the tests of RDBs share: bytes put together by hand, and reading in pieces.

import DataPlane
import TestSupport

/// A key as a reader gave it.
struct RDBEntry: Equatable {
    let key: [UInt8]
    let value: [UInt8]
    let expiry: Int64?

    init(_ key: [UInt8], _ value: [UInt8], _ expiry: Int64? = nil) {
        self.key = key
        self.value = value
        self.expiry = expiry
    }

    init(_ key: String, _ value: String, _ expiry: Int64? = nil) {
        self.init(Array(key.utf8), Array(value.utf8), expiry)
    }
}

/// Putting RDBs together and taking them apart.
enum RDBKit {
    static let limits = RDBReader.Limits(keyBytes: 100_000, valueBytes: 200_000)

    /// The events of an RDB that is fed in pieces of this size.
    static func events(_ bytes: [UInt8], piece: Int = 4096) throws(RDBError) -> [RDBEvent] {
        var reader = RDBReader(limits: limits)
        var events: [RDBEvent] = []
        var at = 0
        while at < bytes.count {
            let end = min(at + piece, bytes.count)
            reader.feed(bytes.span.extracting(at..<end))
            at = end
            while let event = try reader.next() { events.append(event) }
        }
        try reader.checkEnded()
        return events
    }

    static func entries(_ bytes: [UInt8], piece: Int = 4096) throws(RDBError) -> [RDBEntry] {
        try events(bytes, piece: piece).compactMap { event in
            guard case .entry(let key, let value, let expiry) = event else { return nil }
            return RDBEntry(key, value, expiry)
        }
    }

    /// The error of an RDB.
    static func error(_ bytes: [UInt8], piece: Int = 4096) -> RDBError? {
        do {
            _ = try events(bytes, piece: piece)
            return nil
        } catch { return error }
    }

    /// The error that comes next.
    static func next(_ reader: inout RDBReader) -> RDBError? {
        do {
            _ = try reader.next()
            return nil
        } catch { return error }
    }

    /// An RDB with this between its signature and its end, and a right checksum.
    static func wrap(_ hex: String, as signature: String = "REDIS0009") -> [UInt8] {
        let bytes = Array(signature.utf8) + (Hex.bytes(hex) ?? []) + [0xFF]
        let sum = CRC64.of(bytes.span)
        return bytes + (0..<8).map { UInt8(truncatingIfNeeded: sum >> UInt64(8 * $0)) }
    }

    static func write(_ entries: [RDBEntry]) -> [UInt8] {
        var writer = RDBWriter()
        var bytes: [UInt8] = []
        writer.begin(to: &bytes)
        for entry in entries {
            writer.entry(
                key: entry.key.span, value: entry.value.span, expiry: entry.expiry, to: &bytes)
        }
        writer.end(to: &bytes)
        return bytes
    }
}
