// An RDB as its bytes come, in any pieces: one event for each key, and what else is worth knowing. What it may
// hold is decided here: strings of database 0 alone; anything else that would be lost is refused by name. What
// is taken from others is bounded by the limits of one key and one value, whatever lengths they announce. What
// becomes of a key that comes twice or has expired is for whoever keeps them.

/// What stood in an RDB.
package enum RDBEvent: Equatable, Sendable {
    /// - Parameter expiry: wall milliseconds at which the key ends, as they were written; nil for most.
    case entry(key: [UInt8], value: [UInt8], expiry: Int64?)
    /// Of a file, the history that it belongs to; on a link others count.
    case replicationID([UInt8])
    case replicationOffset([UInt8])
    /// It holds a library of functions, which is passed over.
    case holdsFunctions
    case end
}

/// An RDB that is being read. After each `feed`, `next` is called until it gives nil.
package struct RDBReader {
    /// Bytes that a key and a value may have.
    package struct Limits: Sendable {
        package let keyBytes: Int
        package let valueBytes: Int

        package init(keyBytes: Int, valueBytes: Int) {
            self.keyBytes = keyBytes
            self.valueBytes = valueBytes
        }
    }

    private enum Phase {
        case signature
        /// An opcode, or the type of a value.
        case opcode
        case database
        /// Hints and the age of a key, which nobody needs.
        case lengths(left: UInt64)
        case auxiliaryName
        case otherAuxiliaryName
        case auxiliaryValue(Auxiliary)
        case function
        case importName
        case importCount
        case key
        case value
        case checksum
        case over
        case failed(RDBError)
    }

    /// Fields that somebody wants.
    private enum Auxiliary { case replicationID, replicationOffset, other }

    private enum Step {
        case event(RDBEvent)
        case goOn
        case needsMore
    }

    /// Bytes of fields that somebody wants; the longest is a replication ID.
    private static let auxiliaryLimit = 64

    /// What the first bytes said.
    package private(set) var format: RDBFormat?
    private let limits: Limits
    private var input = RDBInput()
    private var string = RDBString()
    private var phase = Phase.signature
    private var key: [UInt8] = []
    private var expiry: Int64?

    package init(limits: Limits) { self.limits = limits }

    /// Memory that is held for what has not been given out yet.
    package var heldBytes: Int { input.heldBytes + string.heldBytes + key.capacity }

    /// Takes the next bytes.
    package mutating func feed(_ bytes: Span<UInt8>) {
        if case .failed = phase { return }
        input.append(bytes)
    }

    /// What comes next; nil if more bytes are needed, or at the end. An error stays.
    package mutating func next() throws(RDBError) -> RDBEvent? {
        do {
            while true {
                switch try step() {
                case .event(let event): return event
                case .goOn: continue
                case .needsMore: return nil
                }
            }
        } catch {
            phase = .failed(error)
            input = RDBInput()
            string = RDBString()
            key = []
            throw error
        }
    }

    /// There are no more bytes: whether that is the end.
    package func checkEnded() throws(RDBError) {
        switch phase {
        case .over: return
        case .failed(let error): throw error
        case .signature, .opcode, .database, .lengths, .auxiliaryName, .otherAuxiliaryName,
            .auxiliaryValue, .function, .importName, .importCount, .key, .value, .checksum:
            throw .cutShort(offset: input.offset + input.available)
        }
    }

    // MARK: - Steps

    private mutating func step() throws(RDBError) -> Step {
        switch phase {
        case .opcode: return try opcode()
        case .key:
            guard let whole = try string.read(&input, .key, limit: limits.keyBytes) else {
                return .needsMore
            }
            key = whole
            phase = .value
            return .goOn
        case .value: return try value()
        case .signature: return try signature()
        case .database: return try database()
        case .lengths(let left): return try lengths(left)
        case .auxiliaryName: return auxiliaryName()
        case .otherAuxiliaryName: return try passString(then: .goOn, .auxiliaryValue(.other))
        case .auxiliaryValue(let field): return try auxiliaryValue(field)
        case .function: return try passString(then: .event(.holdsFunctions), .opcode)
        case .importName: return try passString(then: .goOn, .importCount)
        case .importCount:
            guard let count = try length() else { return .needsMore }
            let (twice, isTooMuch) = count.multipliedReportingOverflow(by: 2)
            guard !isTooMuch else { throw .length(offset: input.offset) }
            phase = .lengths(left: twice)
            return .goOn
        case .checksum: return try checksum()
        case .over:
            guard input.available == 0 else { throw .behindEnd(offset: input.offset) }
            return .needsMore
        case .failed(let error): throw error
        }
    }

    private mutating func signature() throws(RDBError) -> Step {
        guard input.available >= RDBFormat.byteCount else { return .needsMore }
        let bytes = input.take(RDBFormat.byteCount)
        guard let format = RDBFormat(bytes.span) else { throw .signature(bytes) }
        self.format = format
        guard format.isKnown else { throw .version(format) }
        phase = .opcode
        return .goOn
    }

    private mutating func value() throws(RDBError) -> Step {
        guard let whole = try string.read(&input, .value, limit: limits.valueBytes) else {
            return .needsMore
        }
        let event = RDBEvent.entry(key: key, value: whole, expiry: expiry)
        key = []
        expiry = nil
        phase = .opcode
        return .event(event)
    }

    private mutating func opcode() throws(RDBError) -> Step {
        guard input.available > 0 else { return .needsMore }
        let byte = input.byte()
        if byte == RDBType.string {
            input.skip(1)
            phase = .key
            return .goOn
        }
        guard let opcode = RDBOpcode(rawValue: byte) else { throw refusal(ofType: byte) }
        switch opcode {
        case .expiryMilliseconds, .expirySeconds, .frequency: return operands(of: opcode)
        case .selectDatabase: phase = .database
        case .resize: phase = .lengths(left: 2)
        case .slotInfo: phase = .lengths(left: 3)
        case .idle: phase = .lengths(left: 1)
        case .auxiliary: phase = .auxiliaryName
        case .function: phase = .function
        case .slotImport: phase = .importName
        case .end: phase = .checksum
        case .oldFunction: throw .oldFunction(offset: input.offset)
        case .moduleAuxiliary: throw .moduleAuxiliary(offset: input.offset)
        }
        input.skip(1)
        return .goOn
    }

    private func refusal(ofType type: UInt8) -> RDBError {
        let isValkey = format?.isValkey ?? false
        guard let name = RDBType.name(type, isValkey: isValkey) else {
            return .unknownType(type, offset: input.offset)
        }
        return .type(type, name: name, offset: input.offset)
    }

    /// Opcodes with operands of a fixed size, which are used together.
    private mutating func operands(of opcode: RDBOpcode) -> Step {
        let count = opcode == .expiryMilliseconds ? 8 : opcode == .expirySeconds ? 4 : 1
        guard input.available > count else { return .needsMore }
        if opcode == .expiryMilliseconds {
            expiry = input.littleEndian(1, Int64.self)
        } else if opcode == .expirySeconds {
            expiry = Int64(input.littleEndian(1, Int32.self)) * 1000
        }
        input.skip(1 + count)
        return .goOn
    }

    private mutating func length() throws(RDBError) -> UInt64? {
        switch input.look({ RDBLength.read($0) }) {
        case .more: return nil
        case .damaged: throw .length(offset: input.offset)
        case .read(let value, let byteCount):
            input.skip(byteCount)
            return value
        }
    }

    private mutating func database() throws(RDBError) -> Step {
        let start = input.offset
        guard let number = try length() else { return .needsMore }
        guard number == 0 else { throw .database(number, offset: start) }
        phase = .opcode
        return .goOn
    }

    private mutating func lengths(_ count: UInt64) throws(RDBError) -> Step {
        var left = count
        while left > 0 {
            guard try length() != nil else {
                phase = .lengths(left: left)
                return .needsMore
            }
            left -= 1
        }
        phase = .opcode
        return .goOn
    }

    /// The names that are wanted are short and written as they are; any other is passed over, whatever it is.
    private mutating func auxiliaryName() -> Step {
        guard input.available > 0 else { return .needsMore }
        for (name, field) in Self.wanted {
            guard input.byte() == UInt8(name.count) else { continue }
            guard input.available > name.count else { return .needsMore }
            if input.look({ isPrefix(name, of: $0.extracting(1...)) }) {
                input.skip(1 + name.count)
                phase = .auxiliaryValue(field)
                return .goOn
            }
        }
        phase = .otherAuxiliaryName
        return .goOn
    }

    private static let wanted: [([UInt8], Auxiliary)] = [
        (Array("repl-id".utf8), .replicationID), (Array("repl-offset".utf8), .replicationOffset),
    ]

    private func isPrefix(_ name: [UInt8], of bytes: Span<UInt8>) -> Bool {
        for index in name.indices where bytes[index] != name[index] { return false }
        return true
    }

    private mutating func auxiliaryValue(_ field: Auxiliary) throws(RDBError) -> Step {
        if case .other = field { return try passString(then: .goOn, .opcode) }
        let bytes = try string.read(&input, .auxiliary, limit: Self.auxiliaryLimit)
        guard let bytes else { return .needsMore }
        phase = .opcode
        switch field {
        case .replicationID: return .event(.replicationID(bytes))
        case .replicationOffset: return .event(.replicationOffset(bytes))
        case .other: return .goOn
        }
    }

    private mutating func passString(then step: Step, _ next: Phase) throws(RDBError) -> Step {
        guard try string.skip(&input) else { return .needsMore }
        phase = next
        return step
    }

    private mutating func checksum() throws(RDBError) -> Step {
        let hasChecksum = format?.hasChecksum ?? true
        if hasChecksum {
            guard input.available >= 8 else { return .needsMore }
            let computed = input.checksum()
            let expected = input.littleEndian(0, UInt64.self)
            guard expected == 0 || expected == computed else {
                throw .checksum(expected: expected, computed: computed)
            }
            input.skip(8)
        }
        guard input.available == 0 else { throw .behindEnd(offset: input.offset) }
        phase = .over
        return .event(.end)
    }
}
