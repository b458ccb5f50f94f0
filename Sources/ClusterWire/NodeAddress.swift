// Where a node can be reached: the 46-byte text field for an IP address, kept byte for byte so
// that what a peer wrote is written back, and the address that the rules compare and store.

/// The 46-byte field that holds an IP address as text.
///
/// Bytes after the first NUL are kept; two fields are equal when all their bytes are.
///
/// - Source: bus protocol §2.1, §2.5.
public struct IPText: Hashable, Sendable, BitwiseCopyable {
    @usableFromInline
    var a: UInt64, b: UInt64, c: UInt64, d: UInt64, e: UInt64, f: UInt32, g: UInt16

    @inlinable @inline(__always)
    init(_ bytes: RawSpan, at offset: Int) {
        a = bytes.be(offset)
        b = bytes.be(offset &+ 8)
        c = bytes.be(offset &+ 16)
        d = bytes.be(offset &+ 24)
        e = bytes.be(offset &+ 32)
        f = bytes.be(offset &+ 40)
        g = bytes.be(offset &+ 44)
    }

    /// The empty address: "use the one that you see me at".
    public init() {
        (a, b, c, d, e) = (0, 0, 0, 0, 0)
        f = 0
        g = 0
    }

    /// A field holding `text`, or nil when it has more than 45 bytes or a NUL.
    public init?(_ text: some StringProtocol) {
        var bytes = Array(text.utf8)
        guard bytes.count < Layout.ipSize, !bytes.contains(0) else { return nil }
        bytes.append(contentsOf: repeatElement(0, count: Layout.ipSize - bytes.count))
        self.init(unsafe bytes.span.bytes, at: 0)
    }

    /// Whether the text is empty: the first byte is NUL.
    @inlinable public var isEmpty: Bool { a >> 56 == 0 }

    /// All words of the field in one: for checksums and quick comparisons of many.
    @inlinable package var fold: UInt64 { a ^ b ^ c ^ d ^ e ^ UInt64(f) ^ UInt64(g) }

    /// The bytes before the first NUL; the last byte always counts as NUL.
    public var bytes: [UInt8] {
        var all: [UInt8] = []
        for word in [a, b, c, d, e] {
            for shift in stride(from: 56, through: 0, by: -8) {
                all.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        for shift in stride(from: 24, through: 0, by: -8) {
            all.append(UInt8(truncatingIfNeeded: f >> UInt32(shift)))
        }
        all.append(UInt8(truncatingIfNeeded: g >> 8))
        return Array(all.prefix { $0 != 0 })
    }

    /// The text; bytes outside ASCII as Latin-1.
    public var text: String { latin1(bytes) }

    /// Whether the field is an IPv4 address in its one spelling, with nothing behind it: most are, and
    /// each rumour about a node that is not known has one.
    package var isDottedIPv4: Bool {
        guard c | d | e == 0, f == 0, g == 0 else { return false }
        var dots = 0
        var value: UInt64 = 0
        var digits = 0
        var hasEnded = false
        for place in 0..<16 {
            let byte = (place < 8 ? a : b) >> UInt64(56 - 8 * (place & 7)) & 0xFF
            if byte == 0 || hasEnded {
                guard byte == 0 else { return false }
                hasEnded = true
            } else if byte == 0x2E {
                guard digits > 0, dots < 3 else { return false }
                (dots, digits, value) = (dots + 1, 0, 0)
            } else {
                guard (0x30...0x39).contains(byte), digits == 0 || value > 0 else { return false }
                (digits, value) = (digits + 1, value * 10 + byte - 0x30)
                guard value < 256 else { return false }
            }
        }
        return hasEnded && dots == 3 && digits > 0
    }

    @inlinable @inline(__always)
    func put(into target: inout MutableRawSpan, at offset: Int) {
        target.putBE(a, offset)
        target.putBE(b, offset &+ 8)
        target.putBE(c, offset &+ 16)
        target.putBE(d, offset &+ 24)
        target.putBE(e, offset &+ 32)
        target.putBE(f, offset &+ 40)
        target.putBE(g, offset &+ 44)
    }
}

extension IPText: CustomStringConvertible {
    /// The text; bytes outside ASCII as Latin-1.
    public var description: String { text }
}

/// Where a node listens: an IP address as text and its three ports.
public struct NodeAddress: Hashable, Sendable, BitwiseCopyable {
    /// The IP address; empty where none is known.
    public var ip: IPText
    /// The port for clients.
    public var port: Port
    /// The client port of the other transport (TLS beside TCP), or 0.
    public var secondaryPort: Port
    /// The port of the cluster bus.
    public var busPort: Port

    /// Makes an address from its parts.
    public init(ip: IPText, port: Port, secondaryPort: Port = 0, busPort: Port) {
        self.ip = ip
        self.port = port
        self.secondaryPort = secondaryPort
        self.busPort = busPort
    }

    /// No address: what a node has whose address turned out to be another's.
    public static let none = NodeAddress(ip: IPText(), port: 0, busPort: 0)
}

extension NodeAddress: CustomStringConvertible {
    /// "ip:port@busPort", as CLUSTER NODES prints it.
    public var description: String { "\(ip):\(port)@\(busPort)" }
}
