// The settings that the rules read, with units and defaults, and the constants of the protocol
// with their source. How a directive is spelled in a file is for the shell.

public import ClusterWire

/// Settings of one node that change what its rules do.
///
/// - Source: bus protocol §10.
public struct ClusterConfig: Equatable, Sendable {
    /// Milliseconds without an answer after which a node is marked PFAIL.
    public var nodeTimeout: Int64 = 15000 {
        didSet { nodeTimeout = min(max(nodeTimeout, 0), Self.longestTime) }
    }
    /// The port for clients.
    public var port: Port = 6379
    /// The port of the bus.
    public var busPort: Port = 16379
    /// The address that this node announces; nil: others use the one from which it connects.
    public var announceIP: IPText?
    /// The client port that this node announces; nil: `port`.
    public var announcePort: Port?
    /// The bus port that this node announces; nil: `busPort`.
    public var announceBusPort: Port?
    /// The port for clients with TLS that this node announces, which something in front of it serves; nil: none.
    public var announceTLSPort: Port?
    /// A host name for clients; empty when none is announced.
    public var announceHostname = ""
    /// A node name for people (`cluster-announce-human-nodename`); empty when none is announced.
    public var announceNodeName = ""
    /// What this node announces for clients alone, and its availability zone.
    public var clients = ClientAnnouncement()
    /// A replica starts an election only if its data is at most this many node timeouts old; 0: whatever its
    /// age.
    public var replicaValidityFactor: Int64 = 10 {
        didSet { replicaValidityFactor = min(max(replicaValidityFactor, 0), Self.greatestFactor) }
    }
    /// This replica starts no election by itself, only when an operator asks for a failover.
    public var replicaNoFailover = false
    /// Replicas that a master keeps when one of its own moves to an orphaned master.
    public var migrationBarrier = 1
    /// A replica may move to a master without replicas; a master that loses its last slot follows the new
    /// owner.
    public var allowReplicaMigration = true
    /// One slot without a reachable owner puts the whole cluster in the state fail.
    public var requireFullCoverage = true
    /// Milliseconds that a manual failover may take.
    public var manualFailoverTimeout: Int64 = 5000 {
        didSet { manualFailoverTimeout = min(max(manualFailoverTimeout, 0), Self.longestTime) }
    }
    /// Seconds for which a forgotten id is not added again.
    public var blacklistTTL: Int64 = 60 {
        didSet { blacklistTTL = min(max(blacklistTTL, 0), Self.longestTime) }
    }
    /// Milliseconds between the pings of a master on its replication links (`repl-ping-replica-period`), which
    /// the reference adds to the age that a replica's data may have.
    public var replicaPingPeriod: Int64 = 10_000 {
        didSet { replicaPingPeriod = min(max(replicaPingPeriod, 0), Self.longestTime) }
    }
    /// A replica starts an election although it holds no copy of its master's keys.
    public var failoverWithoutCopy = false
    /// A master that starts again without keys, and has replicas, waits for one of them to take its place before it
    /// speaks to anybody. Without effect where `failoverWithoutCopy` says that there is nothing to lose.
    public var waitsForFailover = false
    /// Refuse to meet a node by which two clusters would become one.
    public var refuseMerge = false
    /// Ask a node before what connections that anybody can make say of it is believed. Without it, every message is
    /// believed as the reference does.
    public var confirms = false
    /// Announce that this node takes PUBLISH messages with the light header (Valkey 8.0): peers that know it
    /// send 16 bytes in place of 2256 in front of each.
    public var takesLightPublish = false
    /// Of a hundred nodes, so many are told of in a heartbeat, drawn by chance, and three at least
    /// (`cluster-message-gossip-perc`, Valkey 9).
    public var gossipPercent = ClusterConfig.usualGossipPercent {
        didSet { gossipPercent = min(max(gossipPercent, 1), 100) }
    }
    /// How CLUSTER SLOTS and SHARDS name a node.
    public var preferredEndpoint = EndpointType.ip

    /// The defaults of the reference.
    public init() {}

    /// What a client is told to connect to.
    public enum EndpointType: String, Sendable {
        /// Its address.
        case ip
        /// The host name that it announces.
        case hostname
        /// Nothing: clients go on with the address that they used.
        case unknown = "unknown-endpoint"
    }

    /// The client port that this node announces.
    var announcedPort: Port { announcePort ?? port }
    /// The bus port that this node announces.
    var announcedBusPort: Port { announceBusPort ?? busPort }
}

extension ClusterConfig {
    /// The greatest time that a setting may have, in its own unit; greater ones are cut to it, so that sums and
    /// products cannot overflow.
    public static let longestTime: Int64 = 1 << 40
    /// The greatest `replicaValidityFactor`.
    public static let greatestFactor: Int64 = 1 << 20
    /// Milliseconds for which a failure report counts.
    var reportValidity: Int64 { 2 * nodeTimeout }
    /// Milliseconds after which a master with slots that nobody took over may be cleared of FAIL.
    var failUndo: Int64 { 2 * nodeTimeout }
    /// Milliseconds after which our own link to a node is tested with a ping although the node pings us: a
    /// firewall in between may have dropped the idle connection.
    static func linkUse(at nodeTimeout: Int64) -> Int64 { min(10 * nodeTimeout, longestIdle) }
    /// Milliseconds until a handshake is given up.
    static func handshakeTimeout(at nodeTimeout: Int64) -> Int64 { max(nodeTimeout, 1000) }
    /// Milliseconds within which an election must be won.
    var electionTimeout: Int64 { max(2 * nodeTimeout, 2000) }
    /// Milliseconds after which votes are requested again when too few came and nothing says why: masters that
    /// voted for a sibling may vote again by then.
    var electionRetry: Int64 { electionTimeout }
    /// Milliseconds for which a candidate still waits for votes after another has asked in the same or a later
    /// epoch, the first time.
    var overtakenPatience: Int64 { min(max(nodeTimeout / 30, 50), 500) }
    /// Milliseconds by which each failed master before ours delays an election: time for the other
    /// to win, disk included.
    var masterRankDelay: Int64 { min(max(nodeTimeout / 20, 100), 500) }
    /// Milliseconds between two votes for replicas of one master.
    var voteThrottle: Int64 { 2 * nodeTimeout }
    /// Milliseconds that a master waits after a minority before it serves again.
    var rejoinDelay: Int64 { min(max(nodeTimeout, 500), 5000) }
    /// Milliseconds for which a link of ours is left idle, at most.
    static let longestIdle: Int64 = 180_000
    /// Milliseconds after its start during which a master does not serve.
    static let writableDelay: Int64 = 2000
    /// Milliseconds for which a master must have been orphaned before a replica moves to it.
    static let migrationDelay: Int64 = 5000
    /// Milliseconds by which each better replica delays an election.
    static let rankDelay: Int64 = 1000
    /// Milliseconds that voters' disks get beyond what is usual, before they are asked for a vote again.
    static let slowDiskTime: Int64 = 50
    /// Milliseconds that siblings get to tell their offsets when they have not told them yet.
    static let offsetDelay: Int64 = 500
    /// Milliseconds that a gossiped pong may lie in the future.
    static let gossipClockSlack: Int64 = 500
    /// One node's headers may raise our currentEpoch by so many at once, and by so many in a second.
    static let epochStep: UInt64 = 1 << 20
    /// No greater epoch is accepted, from any node or file: the epochs after it must not overflow to 0.
    static let greatestEpoch = Epoch(0 &- (1 << 32))
    /// Of a hundred nodes, so many are told of in a heartbeat where nothing else is set.
    static let usualGossipPercent = 10
    /// Milliseconds between two ticks.
    public static let tick: Int64 = 100
    /// Nodes that are known at most: gossip cannot grow the table without bound.
    public static let nodeLimit = 20_000
    /// The most nodes that may be known from gossip alone, with `heard` nodes whose own headers have come.
    static func gossipNodeLimit(heard: Int) -> Int { 2 * heard + 64 }
    /// Milliseconds after which a node known from gossip alone is deleted if its own header has not come.
    static func gossipNodeTime(at nodeTimeout: Int64) -> Int64 { 10 * nodeTimeout }
    /// Handshakes that go on at one time, at most.
    package static let handshakeLimit = 1024
    /// Failure reports kept about one node; more voters than this do not exist in practice.
    static let reportLimit = 16_384
    /// The most forgotten ids that are kept: each unknown id in gossip is looked for among them.
    static let blacklistLimit = 2048
    /// Gossip entries that a newcomer is told at once.
    static let introductionLimit = 1000
    /// Peers that are told at once of a node that we met ourselves.
    static let newsFanout = 100
    /// Peers that are told at once of a node that we learned from gossip.
    static let rumourFanout = 3
    /// Masters with slots, those with the smallest ids, that are told at once of every PFAIL.
    static let suspicionCollectors = 16
    /// Connections that are asked for between two ticks, at most: a thousand at once from each of a
    /// thousand nodes overflow whoever accepts them.
    static let connectsPerTick = 64
    /// Of those, so many are kept for nodes that a message or an operator names between two ticks.
    static let connectsKept = 16
    /// Nodes that a tick may ping because they are due, however few are known.
    static let pingsPerTick = 16
    /// Milliseconds after which a replica is asked again who its master is, when we did not know it.
    static let askMasterAfter: Int64 = 500
    /// Milliseconds between two changes of one node's address, once a few came at once.
    static let moveInterval: Int64 = 1000
    /// Changes of one node's address that may come at once.
    static let moveBurst: Int64 = 8
    /// Milliseconds that a link must have lived for a loss to be followed by a connect at once.
    static let reconnectAtOnceAfter: Int64 = 100
    /// The most synced saves under way, besides those that hold a vote, a vote request or a claim.
    static let savesUnderwayLimit = 64
    /// Of the nodes that mark a node FAIL at the same moment, so many broadcast FAIL at once.
    static let failTellers = 3
    /// Milliseconds for which a save may go without being synced.
    static let longestUnsynced: Int64 = 1000
    /// Milliseconds between two attempts to save after one failed.
    static let saveRetry: Int64 = 1000
}
