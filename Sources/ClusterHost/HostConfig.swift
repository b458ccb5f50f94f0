// What a host is started with, apart from what the rules themselves read: where it listens, where its
// file is, and how much others may make it hold.

public import ClusterCore

/// The settings of one host.
public struct HostConfig: Sendable {
    /// What the rules read. Its `port` is where the server listens for clients, its `busPort` where the
    /// host listens for other nodes; what is announced in their place stands there, too.
    public var cluster: ClusterConfig
    /// Addresses at which the bus listens: literal ones, "localhost", or "*" and "::*" for all of a
    /// family. One that begins with "-" is left out where it does not exist.
    public var bind = ["127.0.0.1"]
    /// The path of nodes.conf. Beside it stand the same name with `.lock`, `.synced` and, while a save
    /// is under way, `.tmp`.
    public var nodesFile: String
    /// How many connections may wait at each address to be accepted.
    public var backlog: Int32 = 511
    /// How much others may make it hold.
    public var limits = HostLimits()

    /// - Parameters:
    ///   - nodesFile: the path of nodes.conf, whose folder exists.
    ///   - cluster: what the rules read, with the ports.
    public init(nodesFile: String, cluster: ClusterConfig) {
        self.nodesFile = nodesFile
        self.cluster = cluster
    }
}

/// How much peers, and connections of nobody we know, may make a host hold.
public struct HostLimits: Equatable, Sendable {
    /// Bytes that may wait to be written on one link; past that it is closed.
    public var linkSendBytes = 64 << 20
    /// Bytes that all connections of unknown nodes may make us hold, however many they are. A greeting is
    /// held only until it is complete, its answer until it is read: both are a few kilobytes.
    public var strangerBytes = 2 << 20
    /// Connections of unknown nodes, where descriptors are few: past that the oldest make room.
    public var strangers = 1000
    /// Milliseconds after which a connection whose owner never said who it is is closed.
    public var strangerPatience: Int64 = 30_000
    /// Connections that others made, at most: beyond, they are closed at once.
    public var inboundLinks = 20_000

    /// The limits of our own node.
    public init() {}
}
