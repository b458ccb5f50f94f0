// A payload of DUMP that is checked and opened in steps, so that one of a hundred megabytes does not hold up
// who else is served: first the checksum of all, then the type, then the value. Stricter than real servers:
// the value ends where the footer begins, neither before nor behind.

/// Why a payload is not taken.
package enum DumpError: Error, Equatable, Sendable {
    /// Too short to have a version and a checksum.
    case tooShort(count: Int)
    case checksum(expected: UInt64, computed: UInt64)
    /// A value that is no string.
    case type(UInt8, name: String)
    case unknownType(UInt8)
    /// There is no value, its length is none, or it does not end where the footer begins.
    case value
    case compressed(LZFError)
    case tooLong(count: UInt64, limit: Int)

    /// Whether it is the checksum that is wrong, or the value; the reference has a text for each.
    package var isOfFooter: Bool {
        switch self {
        case .tooShort, .checksum: true
        case .type, .unknownType, .value, .compressed, .tooLong: false
        }
    }
}

extension DumpError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooShort(let count): "a payload of \(count) bytes"
        case .checksum(let expected, let computed):
            "wrong checksum of a payload: \(String(expected, radix: 16)) is written, "
                + "\(String(computed, radix: 16)) is right"
        case .type(let type, let name): "a payload holds a \(name) (type \(type)), no string"
        case .unknownType(let type): "a payload holds a value of the unknown type \(type)"
        case .value: "the value of a payload does not end where it must"
        case .compressed(let error): "damaged compression in a payload: \(error.words)"
        case .tooLong(let count, let limit):
            "a payload holds a value of \(count) bytes; \(limit) are allowed"
        }
    }
}

/// A payload that is being opened.
package struct DumpOpener: Sendable {
    private enum Phase {
        case sum
        case head
        case raw
        case compressed
    }

    private let limit: Int
    private var phase = Phase.sum
    private var sum = CRC64()
    /// Bytes that are done with in this phase.
    private var position = 0
    private var value: [UInt8] = []
    private var plain = LZFDecoder(plainBytes: 0)

    /// - Parameter limit: bytes that the value may have.
    package init(limit: Int) { self.limit = limit }

    /// Goes on by about so many bytes, read or written; nil until it is done, and then no more steps.
    /// - Parameter payload: the same in each step.
    package mutating func step(_ payload: Span<UInt8>, budgetBytes: Int) throws(DumpError)
        -> [UInt8]?
    {
        guard payload.count >= DumpPayload.footerBytes else {
            throw .tooShort(count: payload.count)
        }
        let end = payload.count - DumpPayload.footerBytes
        switch phase {
        case .sum:
            try check(payload, budgetBytes)
            return nil
        case .head: return try head(payload.extracting(..<end))
        case .raw:
            let piece = min(max(1, budgetBytes), end - position)
            value.append(payload.extracting(position..<(position + piece)))
            position += piece
            guard position == end else { return nil }
            // Nothing of it stays here, so that whoever gets it may change it without a copy.
            let whole = value
            value = []
            return whole
        case .compressed: return try decode(payload.extracting(..<end), budgetBytes)
        }
    }

    private mutating func check(_ payload: Span<UInt8>, _ budgetBytes: Int) throws(DumpError) {
        let covered = payload.count - 8
        let piece = min(max(1, budgetBytes), covered - position)
        sum.update(payload.extracting(position..<(position + piece)))
        position += piece
        guard position == covered else { return }
        var expected: UInt64 = 0
        for index in 0..<8 { expected |= UInt64(payload[covered + index]) << UInt64(8 * index) }
        guard expected == sum.value else {
            throw .checksum(expected: expected, computed: sum.value)
        }
        phase = .head
    }

    /// - Parameter body: the payload without its footer.
    private mutating func head(_ body: Span<UInt8>) throws(DumpError) -> [UInt8]? {
        guard !body.isEmpty else { throw .value }
        let type = body[0]
        guard type == RDBType.string else {
            guard let name = RDBType.name(type, isValkey: false) else { throw .unknownType(type) }
            throw .type(type, name: name)
        }
        guard case .read(let head, let byteCount) = RDBStringHead.read(body.extracting(1...)) else {
            throw .value
        }
        position = 1 + byteCount
        let left = UInt64(body.count - position)
        switch head {
        case .integer(let number):
            guard left == 0 else { throw .value }
            return RDBStringHead.digits(of: number)
        case .raw(let count):
            guard count == left else { throw .value }
            try checkLimit(count)
            value.reserveCapacity(Int(count))
            phase = .raw
            return left == 0 ? [] : nil
        case .compressed(let count, let plainCount):
            guard count == left, LZFDecoder.couldGive(plainCount, from: count) else {
                throw .value
            }
            try checkLimit(plainCount)
            plain = LZFDecoder(plainBytes: Int(plainCount))
            phase = .compressed
            return nil
        }
    }

    private func checkLimit(_ count: UInt64) throws(DumpError) {
        guard count <= UInt64(limit) else { throw .tooLong(count: count, limit: limit) }
    }

    /// Compressed bytes that are taken together; they may give 88 times as many.
    private static let pieceBytes = 1024

    private mutating func decode(_ body: Span<UInt8>, _ budgetBytes: Int) throws(DumpError)
        -> [UInt8]?
    {
        let before = plain.count
        let start = position
        do throws(LZFError) {
            repeat {
                let piece = min(Self.pieceBytes, body.count - position)
                try plain.decode(body.extracting(position..<(position + piece)))
                position += piece
                if position == body.count { return try plain.finish() }
            } while position - start + plain.count - before < budgetBytes
        } catch { throw .compressed(error) }
        return nil
    }
}
