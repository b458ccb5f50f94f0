// The first four bytes of an entry's block: how long the parts behind them are and which of them stand elsewhere.
// Behind it come the key, the value, and, only if the key has a time to live, its place in the list of those.

/// What an entry's block holds.
struct EntryHeader {
    /// The header itself.
    static let bytes = 4
    /// A place in a list.
    static let placeBytes = 4
    /// A key with more bytes stands elsewhere, and so does a value that does not fit in behind its key.
    static let longestKey = 512

    var word: UInt32

    private static let partBits: UInt32 = 11
    private static let partMask: UInt32 = 1 << partBits - 1
    private static let expiresBit: UInt32 = 1 << 22
    private static let bigKeyBit: UInt32 = 1 << 23
    private static let bigValueBit: UInt32 = 1 << 24

    init(word: UInt32) { self.word = word }

    init(key: Int, isBigKey: Bool) {
        word = UInt32(key) | (isBigKey ? Self.bigKeyBit : 0)
    }

    /// Bytes of the key, or of its place among the big strings.
    var key: Int { Int(word & Self.partMask) }

    /// Bytes of the value, or of its place among the big strings.
    var value: Int {
        get { Int(word >> Self.partBits & Self.partMask) }
        set {
            precondition(newValue <= Int(Self.partMask))
            word = word & ~(Self.partMask << Self.partBits) | UInt32(newValue) << Self.partBits
        }
    }

    var expires: Bool {
        get { word & Self.expiresBit != 0 }
        set { word = newValue ? word | Self.expiresBit : word & ~Self.expiresBit }
    }

    var isBigKey: Bool { word & Self.bigKeyBit != 0 }

    var isBigValue: Bool {
        get { word & Self.bigValueBit != 0 }
        set { word = newValue ? word | Self.bigValueBit : word & ~Self.bigValueBit }
    }

    var valuePlace: Int { Self.bytes &+ key }
    var expiryPlace: Int { Self.bytes &+ key &+ value }
    var blockSize: Int {
        BlockHeap.size(of: expiryPlace &+ (expires ? Self.placeBytes : 0))
    }

    /// Whether a value of so many bytes fits in behind the key, with or without a time to live.
    func fits(value bytes: Int) -> Bool {
        bytes <= BlockHeap.largestBlock &- valuePlace &- Self.placeBytes
    }
}

/// Strings that are too long for a block, which can be given on without being copied.
struct BigStrings {
    private var strings = PagedList<[UInt8]>()
    private var free = PagedList<UInt32>()

    subscript(place: Int) -> [UInt8] {
        get { strings[place] }
        _modify { yield &strings[place] }
    }

    mutating func add(_ string: [UInt8]) -> UInt32 {
        if let place = free.popLast() {
            strings[Int(place)] = string
            return place
        }
        strings.append(string)
        return UInt32(strings.count - 1)
    }

    mutating func remove(_ place: Int) {
        strings[place] = []
        free.append(UInt32(place))
    }

    mutating func letGoOfPage() -> Bool { strings.letGoOfPage() || free.letGoOfPage() }
}
