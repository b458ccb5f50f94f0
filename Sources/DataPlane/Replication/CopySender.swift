// A full resync on its way out: the keys of one moment as an RDB, put together a piece at a time, so that neither
// the loop waits for it nor memory grows with it.

/// How fast the keys of a copy may go (`rdb-key-save-delay`), for tests of what happens meanwhile.
struct CopyPace {
    /// Microseconds a key; 0 or less: as fast as it goes.
    private let delay: Int64
    /// Monotonic milliseconds.
    private let began: Int64
    /// Keys that were given.
    fileprivate var keys: Int64 = 0
    /// More keys were given than there was time for, when that was looked at last.
    private(set) var isHeld = false

    static let full = CopyPace(delay: 0, at: 0)

    init(delay: Int, at now: Int64) {
        self.delay = Int64(clamping: delay)
        began = now
    }

    fileprivate var isFull: Bool { delay <= 0 }

    /// Whether more keys were given than there was time for.
    func isAhead(at now: Int64) -> Bool {
        !isFull && keys > (now - began) * 1000 / delay
    }

    mutating func look(at now: Int64) { isHeld = isAhead(at: now) }
}

/// The bytes of one copy, in order.
struct CopySender {
    private let copy: StoreCopy
    private var writer = RDBWriter()
    private var piece: [UInt8] = []
    private var sent = 0
    /// A long value of which a part is still to come.
    private var value: (bytes: [UInt8], next: Int)?
    private var hasBegun = false
    private var hasEnded = false
    /// Bytes that are still to be sent.
    private(set) var missing: Int
    /// Bytes of the whole RDB.
    let length: Int

    /// Bytes that are put together at once.
    private static let pieceBytes = 65_536

    private let auxiliary: RDBAuxiliary?
    var pace: CopyPace

    /// - Parameter auxiliary: for a file, whose length is not announced.
    init(_ copy: StoreCopy, _ pace: CopyPace = .full, auxiliary: RDBAuxiliary? = nil) {
        self.copy = copy
        self.pace = pace
        self.auxiliary = auxiliary
        length = RDBLength.headerBytes + copy.rdbBytes + RDBLength.footerBytes
        missing = length
    }

    var isOver: Bool { missing == 0 }
    var keyCount: Int { copy.keyCount }
    /// Memory that is held for this copy alone.
    var heldBytes: Int { piece.count + copy.heldBytes }

    /// Lends what is sent next.
    mutating func lend<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        if sent == piece.count { refill() }
        return body(piece.span.extracting(sent...))
    }

    mutating func sent(_ count: Int) {
        sent += count
        missing -= count
    }

    /// The next piece of a file; nil behind the last.
    mutating func nextPiece() -> [UInt8]? {
        guard !hasEnded else { return nil }
        refill()
        return piece
    }

    /// Nothing more of it is wanted.
    func end() { if !copy.isEnded { copy.end() } }

    private mutating func refill() {
        piece.removeAll(keepingCapacity: true)
        sent = 0
        if !hasBegun {
            hasBegun = true
            writer.begin(auxiliary, to: &piece)
        }
        // One that is to go slowly goes key by key.
        let wanted = pace.isFull ? Self.pieceBytes : 1
        while piece.count < wanted && !hasEnded {
            if let (bytes, next) = value {
                let end = min(bytes.count, next + Self.pieceBytes)
                let slice = bytes.span.extracting(next..<end)
                writer.value(slice)
                unsafe slice.withUnsafeBufferPointer { unsafe piece.append(contentsOf: $0) }
                value = end < bytes.count ? (bytes, end) : nil
            } else if let key = copy.next() {
                pace.keys += 1
                add(key)
            } else {
                hasEnded = true
                writer.end(to: &piece)
            }
        }
    }

    private mutating func add(_ key: StoreCopy.Key) {
        guard key.value.count > Self.pieceBytes else {
            return writer.entry(
                key: key.key.span, value: key.value.span, expiry: key.expiry, to: &piece)
        }
        writer.entryHead(
            key: key.key.span, valueCount: key.value.count, expiry: key.expiry, to: &piece)
        value = (key.value, 0)
    }
}
