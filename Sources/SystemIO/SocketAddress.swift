// An address and port as values, and their way to and from text and the system's structures. Only
// literal addresses: names are never looked up, since a static executable cannot, and the bus carries
// addresses. Text of IPv6 is normalised as RFC 5952 asks; scopes ("%eth0") are refused.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A literal IPv4 or IPv6 address with a TCP port.
public struct SocketAddress: Hashable, Sendable {
    /// The bits of an address, most significant first.
    public enum Host: Hashable, Sendable {
        /// An IPv4 address.
        case v4(UInt32)
        /// An IPv6 address: its first and its second half.
        case v6(UInt64, UInt64)
    }

    /// Without the port.
    public let host: Host
    /// In the order of the host.
    public let port: UInt16

    package init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads a literal address.
    /// - Parameter ip: such as "127.0.0.1" or "::1", without brackets or scope.
    package init?(ip: String, port: UInt16) {
        guard let host = Self.parse(ip) else { return nil }
        self.init(host: host, port: port)
    }

    /// Whether the text is a literal address.
    package static func isLiteral(_ ip: String) -> Bool { parse(ip) != nil }

    /// The address as the shortest text, the way it is compared and shown; nil if it is none.
    package static func normalised(_ ip: String) -> String? {
        parse(ip).map { SocketAddress(host: $0, port: 0).ip }
    }

    /// This machine talking to itself.
    package static func loopback(port: UInt16) -> SocketAddress {
        SocketAddress(host: .v4(0x7f00_0001), port: port)
    }

    package var isIPv6: Bool {
        if case .v6 = host { true } else { false }
    }

    /// Whether only this machine can have this address: 127.0.0.0/8 or ::1, also written as IPv6.
    package var isLoopback: Bool {
        switch host {
        case .v4(let bits): bits >> 24 == 127
        case .v6(0, let low): low == 1 || low >> 24 == 0xFFFF_7F
        case .v6: false
        }
    }

    /// The address without its port, such as "127.0.0.1" or "::1".
    public var ip: String {
        switch host {
        case .v4(let bits):
            return (0..<4).map { String(bits >> (24 - 8 * $0) & 0xff) }.joined(separator: ".")
        case .v6(let high, let low):
            var bits = [high.bigEndian, low.bigEndian]
            var text = [CChar](repeating: 0, count: 64)
            let length = socklen_t(text.count)
            guard unsafe inet_ntop(AF_INET6, &bits, &text, length) != nil else { return "" }
            return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
        }
    }

    private static func parse(_ ip: String) -> Host? {
        guard !ip.isEmpty, ip.utf8.count < 64, !ip.utf8.contains(0) else { return nil }
        if ip.utf8.contains(UInt8(ascii: ":")) {
            var bits: [UInt64] = [0, 0]
            guard unsafe inet_pton(AF_INET6, ip, &bits) == 1 else { return nil }
            return .v6(UInt64(bigEndian: bits[0]), UInt64(bigEndian: bits[1]))
        }
        var bits: UInt32 = 0
        guard unsafe inet_pton(AF_INET, ip, &bits) == 1 else { return nil }
        return .v4(UInt32(bigEndian: bits))
    }
}

extension SocketAddress: CustomStringConvertible {
    /// "127.0.0.1:7000" or "[::1]:7000".
    public var description: String { isIPv6 ? "[\(ip)]:\(port)" : "\(ip):\(port)" }

    /// Reads "127.0.0.1:7000", "[::1]:7000" or "::1:7000", where the last colon ends the address. The
    /// one name that it knows is "localhost": others would have to be asked for over the network.
    package init?(text: String) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let digits = text[text.utf8.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let port = UInt16(digits)
        else { return nil }
        var ip = text[..<colon]
        if ip.hasPrefix("["), ip.hasSuffix("]") {
            ip = ip.dropFirst().dropLast()
            guard ip.utf8.contains(UInt8(ascii: ":")) else { return nil }
        }
        if ip == "localhost" { ip = "127.0.0.1" }
        self.init(ip: String(ip), port: port)
    }
}

// MARK: - The system's structures

extension SocketAddress {
    var family: Int32 { isIPv6 ? AF_INET6 : AF_INET }

    /// Lends the system's form of the address.
    func withSystemForm<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var storage = sockaddr_storage()
        let length: Int
        switch host {
        case .v4(let bits):
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = port.bigEndian
            form.sin_addr.s_addr = bits.bigEndian
            length = MemoryLayout<sockaddr_in>.size
            #if canImport(Darwin)
                form.sin_len = UInt8(length)
            #endif
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.storeBytes(of: form, as: sockaddr_in.self)
            }
        case .v6(let high, let low):
            var form = sockaddr_in6()
            form.sin6_family = sa_family_t(AF_INET6)
            form.sin6_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &form.sin6_addr) {
                unsafe $0.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
                unsafe $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            length = MemoryLayout<sockaddr_in6>.size
            #if canImport(Darwin)
                form.sin6_len = UInt8(length)
            #endif
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.storeBytes(of: form, as: sockaddr_in6.self)
            }
        }
        return unsafe withUnsafeBytes(of: &storage) { bytes in
            guard let base = bytes.baseAddress else { preconditionFailure("no storage") }
            let pointer = unsafe base.assumingMemoryBound(to: sockaddr.self)
            return unsafe body(pointer, socklen_t(length))
        }
    }

    /// Lets the system fill in an address.
    /// - Returns: nil when the call fails or the address is neither IPv4 nor IPv6.
    static func filled(
        _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutableBytes(of: &storage) { bytes -> SocketAddress? in
            guard let base = bytes.baseAddress else { return nil }
            let pointer = unsafe base.assumingMemoryBound(to: sockaddr.self)
            guard unsafe call(pointer, &length) == 0 else { return nil }
            switch unsafe Int32(pointer.pointee.sa_family) {
            case AF_INET:
                let form = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
                return SocketAddress(
                    host: .v4(UInt32(bigEndian: form.sin_addr.s_addr)),
                    port: UInt16(bigEndian: form.sin_port))
            case AF_INET6:
                let form = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
                let (high, low) = unsafe withUnsafeBytes(of: form.sin6_addr) {
                    unsafe (
                        $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                        $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
                    )
                }
                return SocketAddress(
                    host: .v6(UInt64(bigEndian: high), UInt64(bigEndian: low)),
                    port: UInt16(bigEndian: form.sin6_port))
            default: return nil
            }
        }
    }
}
