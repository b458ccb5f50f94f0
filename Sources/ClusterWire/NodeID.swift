// The name of a node: forty bytes, on every node and in every version lowercase hex or, since
// Redis 7.0, any of a-z and 0-9. Held as five words so that it costs no allocation, compares in a
// few instructions and orders as its bytes do (the protocol breaks ties by that order).

/// The identity of a node: 40 ASCII bytes.
///
/// - Source: bus protocol §0.
public struct NodeID: Hashable, Comparable, Sendable, BitwiseCopyable {
    @usableFromInline var a: UInt64, b: UInt64, c: UInt64, d: UInt64, e: UInt64

    @inlinable @inline(__always)
    init(_ bytes: RawSpan, at offset: Int) {
        a = bytes.be(offset)
        b = bytes.be(offset &+ 8)
        c = bytes.be(offset &+ 16)
        d = bytes.be(offset &+ 24)
        e = bytes.be(offset &+ 32)
    }

    init(words a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64, _ e: UInt64) {
        self.a = a
        self.b = b
        self.c = c
        self.d = d
        self.e = e
    }

    /// Forty NUL bytes: "no node" wherever an id is expected.
    public static let zero = NodeID(words: 0, 0, 0, 0, 0)

    /// An id of 40 characters, each of a-z and 0-9; nil for any other text.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == Layout.nameSize else { return nil }
        self.init(unsafe bytes.span.bytes, at: 0)
        guard isValid else { return nil }
    }

    /// A fresh id: 160 bits of the generator as 40 lowercase hex digits.
    public init(using random: inout some RandomNumberGenerator) {
        let digits = Array("0123456789abcdef".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Layout.nameSize)
        var bits: UInt64 = 0
        for index in 0..<Layout.nameSize {
            if index % 16 == 0 { bits = random.next() }
            bytes.append(digits[Int(bits & 15)])
            bits >>= 4
        }
        self.init(unsafe bytes.span.bytes, at: 0)
    }

    /// Whether all bytes are NUL: it stands for no node.
    @inlinable public var isZero: Bool { (a | b | c | d | e) == 0 }

    /// Whether every byte is one of a-z and 0-9.
    ///
    /// Eight bytes at a time: gossip brings hundreds of ids a message.
    @inlinable @inline(__always) public var isValid: Bool {
        Self.allAlphanumeric(a) && Self.allAlphanumeric(b) && Self.allAlphanumeric(c)
            && Self.allAlphanumeric(d) && Self.allAlphanumeric(e)
    }

    @inlinable @inline(__always)
    static func allAlphanumeric(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        guard word & highs == 0 else { return false }
        // For bytes below 128: the high bit of (byte + 128 - low) is set when byte >= low.
        func atLeast(_ low: UInt64) -> UInt64 { (word &+ ones &* (128 &- low)) & highs }
        let digit = atLeast(0x30) & ~atLeast(0x3A)
        let letter = atLeast(0x61) & ~atLeast(0x7B)
        return digit | letter == highs
    }

    /// By the bytes, from the first on: the protocol breaks ties by this order.
    @inlinable
    public static func < (left: NodeID, right: NodeID) -> Bool {
        if left.a != right.a { return left.a < right.a }
        if left.b != right.b { return left.b < right.b }
        if left.c != right.c { return left.c < right.c }
        if left.d != right.d { return left.d < right.d }
        return left.e < right.e
    }

    /// The first eight bytes, as a number.
    @inlinable package var firstWord: UInt64 { a }

    /// Few instructions, since most ids are random: all words are mixed, so that ids that
    /// someone chose to collide in one word do not.
    ///
    /// The products do not wait for each other: this stands in the path of every gossip entry.
    @inlinable @inline(__always) package var quickHash: Int {
        let left = (a &* 0x9E37_79B9_7F4A_7C15) ^ (b &* 0xBF58_476D_1CE4_E5B9)
        let right = (c &* 0x94D0_49BB_1331_11EB) ^ (d &* 0xD6E8_FEB8_6659_FD93)
        let hash = (left ^ (right >> 17) ^ (right << 47)) &+ (e &* 0xC2B2_AE3D_27D4_EB4F)
        return Int(truncatingIfNeeded: hash ^ (hash >> 32))
    }

    @inlinable @inline(__always)
    func put(into bytes: inout MutableRawSpan, at offset: Int) {
        bytes.putBE(a, offset)
        bytes.putBE(b, offset &+ 8)
        bytes.putBE(c, offset &+ 16)
        bytes.putBE(d, offset &+ 24)
        bytes.putBE(e, offset &+ 32)
    }
}

extension NodeID: CustomStringConvertible {
    /// The forty characters; bytes outside ASCII as Latin-1.
    public var description: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Layout.nameSize)
        for word in [a, b, c, d, e] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return latin1(bytes)
    }

    /// The first eight characters, for lines that a person reads.
    public var short: String { String(description.prefix(8)) }
}

/// The identity of a shard: a master and its replicas. Same shape as a node's.
///
/// - Source: bus protocol §0, since Redis 7.2.
public struct ShardID: Hashable, Comparable, Sendable, BitwiseCopyable, CustomStringConvertible {
    /// The 40 bytes, in the type that nodes have.
    public var name: NodeID

    /// The shard with these 40 bytes as its name.
    public init(_ name: NodeID) { self.name = name }
    /// A shard of 40 characters, each of a-z and 0-9; nil for any other text.
    public init?(_ text: some StringProtocol) {
        guard let name = NodeID(text) else { return nil }
        self.name = name
    }
    /// By the bytes, from the first on.
    public static func < (left: ShardID, right: ShardID) -> Bool { left.name < right.name }
    /// The forty characters; bytes outside ASCII as Latin-1.
    public var description: String { name.description }
}
