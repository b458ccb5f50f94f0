// The settings of a node process: those that the rules read, and those of the shell around them.
// How they are spelled is in Directives; reading files and arguments in OptionReader.

package import ClusterCore
import ClusterHost
import ClusterWire
package import DataPlane
import RESP
import SystemIO

/// Everything that a node is started with.
package struct NodeOptions: Sendable {
    package var cluster = ClusterConfig()
    /// Addresses to listen on; "*" and "-::*" stand for all of a family.
    package var bind = ["127.0.0.1"]
    /// Clients of other machines are refused.
    package var protectedMode = true
    /// What clients have to say; empty: nothing.
    package var password = ""
    /// What this node says to its master, and as whom; empty: nothing, and the user that everybody is.
    package var masterAuth = ""
    package var masterUser = ""
    /// What files say besides of how the default user comes in: it must be by `password`.
    var declaredWays: [DeclaredWay] = []
    package var port = 6379
    /// 0 stands for `port` + 10000.
    package var clusterPort = 0
    /// As a whole path once all directives are read.
    package var directory = "."
    package var configFile = "nodes.conf"
    /// Empty for standard output.
    package var logFile = ""
    package var logLevel = LogLevel.notice
    package var maxClients = 10_000
    package var backlog: Int32 = 511
    /// Bytes that may wait on one bus link.
    package var linkSendLimit = NodeOptions.defaultLinkSendLimit
    /// Seconds between signs of life that are asked of silent clients.
    package var keepAliveSeconds: Int32 = 300
    package var pidFile = ""
    /// Goes on in the background once it has started.
    package var daemonizes = false
    package var supervision = Supervision.none
    /// Bytes that keys and values may take; 0: no limit.
    package var maxMemory = 0
    /// Which keys go when they take more.
    package var eviction = EvictionPolicy.none
    package var replication = ReplicationSettings()
    /// The file of keys.
    package var keysFile = "dump.rdb"
    package var savePoints: [SavePoint] = []
    /// How it ends by each signal.
    package var onTerminate: LeavingWords = []
    package var onInterrupt: LeavingWords = []
    /// A master that ends hands over to its best replica.
    package var handsOverAtEnd = false
    /// Bytes of the largest value.
    package var largestBulk = 512 << 20
    /// Bytes that a client may have sent of a request that is not complete.
    package var queryBufferLimit = 1 << 30
    /// Bytes of replies that may wait for a client that takes none for `outputPatience`.
    package var outputLimitBytes = 64 << 10
    /// Milliseconds.
    package var outputPatience: Int64 = 60_000
    /// What may wait for a client that subscribes to something.
    var subscriberLimit = OutputLimit.ofSubscribers
    /// Microseconds from which on a command is kept in the slow log; nil: none is.
    package var slowLogThreshold: Int64? = 10_000
    /// Commands that the slow log keeps.
    package var slowLogLength = 128
    /// Seconds of silence after which a client is closed; nil: never.
    package var clientTimeout: Int64?
    /// Reads are answered while the cluster is down.
    package var allowReadsWhenDown = false
    /// Shard channels are served while the cluster is down.
    package var allowShardChannelsWhenDown = true
    package var debugCommand = DebugPermission.no
    /// What nothing reads yet.
    package var stored = StoredSettings()
    /// The file that it was started from, for CONFIG REWRITE; empty: none.
    package var sourceFile = ""
    /// Directives without effect that were set while it ran.
    package var givenLater: Set<String> = []
    /// Where inputs and what the rules made of them are written; empty for nowhere.
    package var recordFile = ""
    /// Where the traffic on the bus is written as a capture; empty for nowhere.
    package var pcapFile = ""
    /// Both may take the place of files that are there already.
    package var overwritesRecordings = false
    /// Directives that were taken and do nothing here, in order.
    package var withoutEffect: [String] = []
    /// Names of directives that ask for what is not built and were taken, in order.
    package var notInForce: [String] = []
    /// Values as they were given, for CONFIG GET.
    package var given: [String: String] = [:]

    /// The reference has no limit by default: a peer that does not read makes it hold everything.
    package static let defaultLinkSendLimit = 64 << 20

    package init() {
        cluster.takesLightPublish = true
        // Keys are in memory alone.
        cluster.waitsForFailover = true
    }

    /// The port of the bus. It stays while the node runs, whatever becomes of the clients' port:
    /// others know the node there.
    package private(set) var busPort = 0

    /// Checks what only the whole can tell, and fixes what stays.
    mutating func settle() throws(OptionError) {
        let bus = clusterPort != 0 ? clusterPort : port + 10_000
        guard bus <= 65535 else {
            throw OptionError(
                "port \(port) leaves no room for the bus port \(bus): set cluster-port")
        }
        try checkDeclaredWays()
        busPort = bus
        cluster.port = Port(UInt16(port))
        cluster.busPort = Port(UInt16(bus))
        directory = File.absolute(directory)
        if !sourceFile.isEmpty { sourceFile = File.absolute(sourceFile) }
    }

    /// Moves the port of clients alone.
    mutating func movePort() throws(OptionError) {
        guard clusterPort != 0 || port <= 55_535 else {
            throw OptionError(
                "port \(port) leaves no room for the bus port \(port + 10_000) at the next start")
        }
        cluster.port = Port(UInt16(port))
    }

    /// What the host of this node is started with.
    func hostConfig(_ descriptors: DescriptorBudget) -> HostConfig {
        var config = HostConfig(nodesFile: configPath, cluster: cluster)
        config.bind = bind
        config.backlog = backlog
        config.limits = hostLimits(descriptors)
        return config
    }

    func hostLimits(_ descriptors: DescriptorBudget) -> HostLimits {
        var limits = HostLimits()
        limits.linkSendBytes = linkSendLimit
        limits.unknownConnections = descriptors.mostStrangers
        return limits
    }

    /// What a client may send.
    var requestLimits: RequestLimits {
        var limits = RequestLimits()
        limits.maximumBulkBytes = largestBulk
        limits.maximumBufferedBytes = queryBufferLimit
        return limits
    }

    /// A path as files are named by directives: below the node's folder, unless it is a whole one.
    func path(of name: String) -> String {
        let isWhole = name.isEmpty || name.hasPrefix("/") || directory == "."
        return isWhole ? name : "\(directory)/\(name)"
    }

    package var configPath: String { path(of: configFile) }
}

/// Who is told that the node has started.
package enum Supervision: String, CaseIterable, Sendable {
    case none = "no"
    case upstart, systemd
    /// Whoever shows in the environment that it wants to be told.
    case auto
}

/// Who may use DEBUG.
package enum DebugPermission: String, Sendable {
    case no, local, yes
}

/// How much is logged, in the words of redis.conf.
package enum LogLevel: Int, Comparable, Sendable, CaseIterable {
    case debug, verbose, notice, warning, nothing

    package static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The character that marks a line of this level.
    var mark: String {
        switch self {
        case .debug: "."
        case .verbose: "-"
        case .notice: "*"
        case .warning, .nothing: "#"
        }
    }
}

/// Why an option was not taken.
package struct OptionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// "FILE:LINE" or "--NAME".
    package var place: String
    package var text: String
    package var description: String { place.isEmpty ? text : "\(place): \(text)" }

    init(_ text: String, at place: String = "") {
        self.place = place
        self.text = text
    }
}
