// The bytes of an RDB that have come and are not used yet, with the checksum of those that are, and strings
// that are put together from them. Little is kept here: what belongs to a string moves to that string at once.

import RESP

/// Bytes that have come and are not used yet.
struct RDBInput {
    private var bytes: [UInt8] = []
    private var position = 0
    /// Where bytes begin that are used and not in the checksum yet.
    private var summed = 0
    private var sum = CRC64()
    /// Bytes that came before those that are kept.
    private var passed = 0

    /// How many can be used.
    var available: Int { bytes.count &- position }
    /// Bytes that were used, from the beginning of the RDB on.
    var offset: Int { passed + position }
    /// Memory that is held.
    var heldBytes: Int { bytes.capacity }

    mutating func append(_ more: Span<UInt8>) {
        addUsedToSum()
        passed += position
        bytes.removeFirst(position)
        position = 0
        summed = 0
        bytes.append(more)
    }

    /// The byte so many places ahead, which has come.
    func byte(_ ahead: Int = 0) -> UInt8 { bytes[position &+ ahead] }

    /// Looks at what can be used without using it.
    func look<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        body(bytes.span.extracting(position...))
    }

    /// The little-endian number so far ahead, of bytes that have come.
    func littleEndian<Number: FixedWidthInteger>(_ ahead: Int, _: Number.Type) -> Number {
        var number: Number = 0
        for index in 0..<(Number.bitWidth / 8) {
            number |= Number(truncatingIfNeeded: byte(ahead + index)) << Number(8 * index)
        }
        return number
    }

    mutating func skip(_ count: Int) { position += count }

    /// Uses `count` bytes, which have come, as a string of their own.
    mutating func take(_ count: Int) -> [UInt8] {
        let taken = [UInt8](copying: bytes.span.extracting(position..<(position + count)))
        position += count
        return taken
    }

    /// Uses `count` bytes, which have come, behind those of `string`.
    mutating func move(_ count: Int, to string: inout [UInt8]) {
        string.append(bytes.span.extracting(position..<(position + count)))
        position += count
    }

    /// Uses `count` bytes, which have come, as the next of a compressed string.
    mutating func move(_ count: Int, to string: inout LZFDecoder) throws(LZFError) {
        try string.decode(bytes.span.extracting(position..<(position + count)))
        position += count
    }

    /// The checksum of all that was used.
    mutating func checksum() -> UInt64 {
        addUsedToSum()
        return sum.value
    }

    private mutating func addUsedToSum() {
        var whole = sum
        whole.update(bytes.span.extracting(summed..<position))
        sum = whole
        summed = position
    }
}

/// A string that is being put together.
struct RDBString {
    private enum Awaited {
        case head
        case raw(left: Int)
        case compressed(left: Int)
        /// Nobody wants these.
        case skipped(left: UInt64)
    }

    private var awaited = Awaited.head
    private var bytes: [UInt8] = []
    /// Bytes that it will have.
    private var expected = 0
    /// Where it begins.
    private var start = 0
    private var plain = LZFDecoder(plainBytes: 0)

    /// Memory that is held.
    var heldBytes: Int { bytes.capacity + plain.heldBytes }

    /// Goes on with a string; nil until all of it has come.
    mutating func read(_ input: inout RDBInput, _ part: RDBError.Part, limit: Int) throws(RDBError)
        -> [UInt8]?
    {
        if case .head = awaited {
            start = input.offset
            guard let head = try Self.head(&input) else { return nil }
            if case .integer(let number) = head { return RDBStringHead.digits(of: number) }
            if case .raw(let count) = head, count <= UInt64(limit), count <= UInt64(input.available)
            {
                return input.take(Int(count))
            }
            try begin(head, part, limit)
        }
        return try goOn(&input)
    }

    /// Passes over a string, whatever it is; false until all of it has come.
    mutating func skip(_ input: inout RDBInput) throws(RDBError) -> Bool {
        if case .head = awaited {
            switch try Self.head(&input) {
            case nil: return false
            case .integer: return true
            case .raw(let count), .compressed(let count, _): awaited = .skipped(left: count)
            }
        }
        return try goOn(&input) != nil
    }

    private static func head(_ input: inout RDBInput) throws(RDBError) -> RDBStringHead? {
        switch input.look({ RDBStringHead.read($0) }) {
        case .more: return nil
        case .damaged: throw .length(offset: input.offset)
        case .read(let head, let byteCount):
            input.skip(byteCount)
            return head
        }
    }

    private mutating func begin(_ head: RDBStringHead, _ part: RDBError.Part, _ limit: Int)
        throws(RDBError)
    {
        switch head {
        case .integer: return
        case .raw(let count):
            guard count <= UInt64(limit) else {
                throw .tooLong(part, count: count, limit: limit, offset: start)
            }
            expected = Int(count)
            awaited = .raw(left: expected)
        case .compressed(let count, let plainCount):
            guard plainCount <= UInt64(limit) else {
                throw .tooLong(part, count: plainCount, limit: limit, offset: start)
            }
            // A string that grows by its compression is none that any server writes; a little is forgiven.
            guard count <= plainCount + plainCount / 8 + 64,
                LZFDecoder.couldGive(plainCount, from: count)
            else { throw .length(offset: start) }
            plain = LZFDecoder(plainBytes: Int(plainCount))
            awaited = .compressed(left: Int(count))
        }
    }

    private mutating func goOn(_ input: inout RDBInput) throws(RDBError) -> [UInt8]? {
        switch awaited {
        case .head: return nil
        case .raw(let left):
            let piece = min(left, input.available)
            ByteRoom.make(for: piece, in: &bytes, expected: expected)
            input.move(piece, to: &bytes)
            awaited = .raw(left: left - piece)
            guard piece == left else { return nil }
            let whole = bytes
            self = RDBString()
            return whole
        case .compressed(let left):
            let piece = min(left, input.available)
            do {
                try input.move(piece, to: &plain)
                awaited = .compressed(left: left - piece)
                guard piece == left else { return nil }
                let whole = try plain.finish()
                self = RDBString()
                return whole
            } catch { throw .compressed(error, offset: start) }
        case .skipped(let left):
            let piece = min(left, UInt64(input.available))
            input.skip(Int(piece))
            awaited = .skipped(left: left - piece)
            guard piece == left else { return nil }
            self = RDBString()
            return []
        }
    }
}
