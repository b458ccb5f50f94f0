// The settings of a host beside those of the rules: where it listens, where its file is, and the limits of the
// memory and connections that other nodes can take up.

public import ClusterCore

/// The settings of one host.
public struct HostConfig: Sendable {
    /// The settings of the rules. `port` is where the server listens for clients, `busPort` where the host
    /// listens for other nodes; the addresses that are announced instead are there, too.
    public var cluster: ClusterConfig
    /// Addresses at which the bus listens: literal ones, "localhost", or "*" and "::*" for all of a
    /// family. One that begins with "-" is left out where it does not exist.
    public var bind = ["127.0.0.1"]
    /// The path of nodes.conf. Beside it stand the same name with `.lock`, `.synced` and, while a save
    /// is under way, `.tmp`.
    public var nodesFile: String
    /// How many connections may wait at each address to be accepted.
    public var backlog: Int32 = 511
    /// Limits of the memory and connections that other nodes can take up.
    public var limits = HostLimits()

    /// - Parameters:
    ///   - nodesFile: the path of nodes.conf, whose folder exists.
    ///   - cluster: the settings of the rules, with the ports.
    public init(nodesFile: String, cluster: ClusterConfig) {
        self.nodesFile = nodesFile
        self.cluster = cluster
    }
}

/// Limits of the memory and connections that other nodes, known and unknown, can take up.
public struct HostLimits: Equatable, Sendable {
    /// Bytes that may wait to be written on one link; past that it is closed.
    public var linkSendBytes = 64 << 20
    /// Bytes that may be buffered for all connections of unknown nodes together. A MEET or PING is buffered
    /// only until it is complete, its answer until it is sent: both are a few kilobytes.
    public var unknownBytes = 2 << 20
    /// The most connections of unknown nodes, or fewer where descriptors are few: beyond, the oldest are
    /// closed.
    public var unknownConnections = 1000
    /// Milliseconds after which a connection is closed if its owner is still unknown.
    public var unknownTimeout: Int64 = 30_000
    /// The most inbound connections: beyond, new ones are closed at once.
    public var inboundLinks = 20_000

    /// The limits of our own node.
    public init() {}
}
