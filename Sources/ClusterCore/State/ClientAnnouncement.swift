// What a node announces for clients alone, in place of what it announces to nodes, and the zone it stands in.
// Nodes learn it from extensions of heartbeats and keep it in nodes.conf. Which of two addresses a client is
// told depends on how it is connected. Follows bus protocol §2.6, §8.2.

public import ClusterWire

/// How a client is connected: the address that it is told is of the same kind.
public enum AddressFamily: Sendable {
    /// By IPv4, or without an address.
    case ipv4
    /// By IPv6.
    case ipv6
}

/// What a node announces for clients (Valkey 8 and 9).
public struct ClientAnnouncement: Equatable, Sendable {
    /// The address for clients that are connected by IPv4; empty for that of nodes.
    public private(set) var ipv4 = ""
    /// The address for clients that are connected by IPv6; empty for that of nodes.
    public private(set) var ipv6 = ""
    /// The port for clients; 0 for that of nodes.
    public var port: Port = 0
    /// The port for clients with TLS; 0 for that of nodes.
    public var tlsPort: Port = 0
    /// The availability zone; empty for none.
    public private(set) var zone = ""

    /// Announces nothing.
    public init() {}

    /// Takes an address for clients, or none of this kind with an empty one.
    /// - Returns: false for what is no literal address of this kind: then nothing has changed.
    public mutating func setAddress(_ text: String, _ family: AddressFamily) -> Bool {
        if !text.isEmpty {
            guard let ip = IPText(text), IPLiteral.normalised(ip) != nil,
                text.utf8.contains(UInt8(ascii: ":")) == (family == .ipv6)
            else { return false }
        }
        switch family {
        case .ipv4: ipv4 = text
        case .ipv6: ipv6 = text
        }
        return true
    }

    /// Takes the name of a zone, or none.
    /// - Returns: false for what would not stand in nodes.conf: then nothing has changed.
    public mutating func setZone(_ text: String) -> Bool {
        guard text.utf8.count < 256, AuxiliaryText.isAcceptable(text) else { return false }
        zone = text
        return true
    }
}

extension ClientAnnouncement {
    /// Extensions of heartbeats, in the order of the reference.
    var extensions: [PingExtension] {
        var list: [PingExtension] = []
        if !ipv4.isEmpty { list.append(.clientIPv4(ipv4)) }
        if !ipv6.isEmpty { list.append(.clientIPv6(ipv6)) }
        if port != 0 { list.append(.clientPort(port)) }
        if tlsPort != 0 { list.append(.clientTLSPort(tlsPort)) }
        if !zone.isEmpty { list.append(.availabilityZone(zone)) }
        return list
    }

    /// Takes what one extension says.
    /// - Returns: false when it says what cannot be.
    mutating func take(_ value: PingExtension.Value) -> Bool {
        switch value {
        case .clientIPv4(let text): return setAddress(text, .ipv4)
        case .clientIPv6(let text): return setAddress(text, .ipv6)
        case .clientPort(let port): self.port = port
        case .clientTLSPort(let port): tlsPort = port
        case .availabilityZone(let text): return setZone(text)
        case .hostname, .nodeName, .forgottenNode, .shardID, .internalSecret, .unknown: break
        }
        return true
    }

    /// The fields of a line of nodes.conf, each with its comma, in the order of the reference.
    var auxiliaryFields: String {
        let fields = [
            (Self.zoneField, zone), (Self.tlsPortField, tlsPort == 0 ? "" : "\(tlsPort)"),
            (Self.portField, port == 0 ? "" : "\(port)"), (Self.ipv6Field, ipv6),
            (Self.ipv4Field, ipv4),
        ]
        return fields.filter { !$0.1.isEmpty }.map { ",\($0.0)=\($0.1)" }.joined()
    }

    /// Takes a field of a line of nodes.conf.
    /// - Returns: whether it is one of ours and its value can be; nil when it is not ours.
    mutating func take(field name: String, _ value: String) -> Bool? {
        switch name {
        case Self.ipv4Field: return setAddress(value, .ipv4)
        case Self.ipv6Field: return setAddress(value, .ipv6)
        case Self.zoneField: return setZone(value)
        case Self.portField, Self.tlsPortField:
            guard let number = UInt16(value) else { return false }
            if name == Self.portField { port = Port(number) } else { tlsPort = Port(number) }
            return true
        default: return nil
        }
    }

    private static let ipv4Field = "client-ipv4"
    private static let ipv6Field = "client-ipv6"
    private static let portField = "client-tcp-port"
    private static let tlsPortField = "client-tls-port"
    private static let zoneField = "availability-zone"
}

extension KnownNode {
    /// The address that clients are told.
    package func clientIP(_ family: AddressFamily) -> String {
        let own = family == .ipv6 ? clients.ipv6 : clients.ipv4
        return own.isEmpty ? address.ip.text : own
    }

    /// The ports that clients are told.
    package var clientPort: Port { clients.port == 0 ? address.port : clients.port }
    package var clientTLSPort: Port {
        clients.tlsPort == 0 ? address.secondaryPort : clients.tlsPort
    }
}
