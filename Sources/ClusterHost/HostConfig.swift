// What a host is started with, apart from what the rules themselves read: where it listens, where its
// file is, and how much others may make it hold.

package import ClusterCore

/// The settings of one host.
package struct HostConfig: Sendable {
    /// What the rules read. Its `port` is where the server listens for clients, its `busPort` where the
    /// host listens for other nodes; what is announced in their place stands there, too.
    package var cluster: ClusterConfig
    /// Addresses at which the bus listens: literal ones, "localhost", or "*" and "::*" for all of a
    /// family. One that begins with "-" is left out where it does not exist.
    package var bind = ["127.0.0.1"]
    /// The path of nodes.conf. Beside it stand the same name with `.lock`, `.synced` and, while a save
    /// is under way, `.tmp`.
    package var nodesFile: String
    /// How many connections may wait at each address to be accepted.
    package var backlog: Int32 = 511
    package var limits = HostLimits()

    package init(nodesFile: String, cluster: ClusterConfig) {
        self.nodesFile = nodesFile
        self.cluster = cluster
    }
}

/// How much peers, and connections of nobody we know, may make a host hold.
package struct HostLimits: Equatable, Sendable {
    /// Bytes that may wait to be written on one link; past that it is closed.
    package var linkSendBytes = 64 << 20
    /// Bytes that all connections of unknown nodes may make us hold, however many they are. A greeting is
    /// held only until it is complete, its answer until it is read: both are a few kilobytes.
    package var strangerBytes = 2 << 20
    /// Connections of unknown nodes, where descriptors are few: past that the oldest make room.
    package var strangers = 1000
    /// Milliseconds after which a connection whose owner never said who it is is closed.
    package var strangerPatience: Int64 = 30_000
    /// Connections that others made, at most: beyond, they are closed at once.
    package var inboundLinks = 20_000

    package init() {}
}
