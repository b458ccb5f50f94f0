// The settings that the rules read, with units and defaults, and the constants of the protocol
// with their source. How a directive is spelled in a file is for the shell.

public import ClusterWire

/// Settings of one node that change what its rules do.
///
/// - Source: bus protocol §10.
public struct ClusterConfig: Equatable, Sendable {
    /// Milliseconds without an answer after which a node is suspected.
    public var nodeTimeout: Int64 = 15000 {
        didSet { nodeTimeout = min(max(nodeTimeout, 0), Self.longestTime) }
    }
    /// The port for clients.
    public var port: Port = 6379
    /// The port of the bus.
    public var busPort: Port = 16379
    /// Said to others in place of what they see; nil: what they see.
    public var announceIP: IPText?
    /// The client port that others are told; nil: `port`.
    public var announcePort: Port?
    /// The bus port that others are told; nil: `busPort`.
    public var announceBusPort: Port?
    /// A host name for clients; empty when none is announced.
    public var announceHostname = ""
    /// A name for people; empty when none is announced.
    public var announceNodeName = ""
    /// A replica's data may be this many node timeouts old when it stands; 0: any age.
    public var replicaValidityFactor: Int64 = 10 {
        didSet { replicaValidityFactor = min(max(replicaValidityFactor, 0), Self.greatestFactor) }
    }
    /// This replica never stands by itself.
    public var replicaNoFailover = false
    /// Replicas that a master keeps when one of its own moves to an orphaned master.
    public var migrationBarrier = 1
    /// A replica may move to an orphaned master, and a master that loses its last slot follows whoever took it.
    public var allowReplicaMigration = true
    /// One slot without a living owner makes the cluster fail.
    public var requireFullCoverage = true
    /// Milliseconds that a manual failover may take.
    public var manualFailoverTimeout: Int64 = 5000 {
        didSet { manualFailoverTimeout = min(max(manualFailoverTimeout, 0), Self.longestTime) }
    }
    /// Seconds for which a forgotten id is not added again.
    public var blacklistTTL: Int64 = 60 {
        didSet { blacklistTTL = min(max(blacklistTTL, 0), Self.longestTime) }
    }
    /// Milliseconds between the pings that a master sends its replicas, as the reference counts.
    public var replicaPingPeriod: Int64 = 10_000 {
        didSet { replicaPingPeriod = min(max(replicaPingPeriod, 0), Self.longestTime) }
    }
    /// A replica stands although it holds no copy of its master's keys.
    public var failoverWithoutCopy = false
    /// Refuse to meet a node by which two clusters would become one.
    public var refuseMerge = false
    /// Say that publications with the light header are taken: peers that know it send 16 bytes in
    /// place of 2256 in front of each.
    public var takesLightPublish = false
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

    /// The client port that others hear.
    var announcedPort: Port { announcePort ?? port }
    /// The bus port that others hear.
    var announcedBusPort: Port { announceBusPort ?? busPort }
}

extension ClusterConfig {
    /// Times beyond this are taken for it, in their own unit: sums and products must not overflow.
    public static let longestTime: Int64 = 1 << 40
    /// `replicaValidityFactor` at most.
    public static let greatestFactor: Int64 = 1 << 20
    /// Milliseconds for which a failure report counts.
    var reportValidity: Int64 { 2 * nodeTimeout }
    /// Milliseconds after which a master with slots that nobody took over may be cleared of FAIL.
    var failUndo: Int64 { 2 * nodeTimeout }
    /// Milliseconds after which our own link to a node is tried although the node was heard: what
    /// stands between may have dropped a connection that was idle.
    static func linkUse(at nodeTimeout: Int64) -> Int64 { min(10 * nodeTimeout, longestIdle) }
    /// Milliseconds until a handshake is given up.
    static func handshakeTimeout(at nodeTimeout: Int64) -> Int64 { max(nodeTimeout, 1000) }
    /// Milliseconds within which an election must be won.
    var electionTimeout: Int64 { max(2 * nodeTimeout, 2000) }
    /// Milliseconds after which a request that found too few votes is made again, when all that is known
    /// is that they did not come: those who voted for a sibling are free to vote again then.
    var electionRetry: Int64 { electionTimeout }
    /// Milliseconds for which a candidate that others overtook waits for votes that may be on their way,
    /// the first time.
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
    /// One voice may raise our epoch by so many, and by so many in a second.
    static let epochStep: UInt64 = 1 << 20
    /// No greater epoch is believed, of whomever or in a file: those after it must not begin at 0 again.
    static let greatestEpoch = Epoch(0 &- (1 << 32))
    /// Milliseconds between two ticks.
    public static let tick: Int64 = 100
    /// Nodes that are known at most: gossip cannot grow the table without bound.
    public static let nodeLimit = 20_000
    /// Nodes of which only others have told, at most, where so many have said their name themselves.
    static func hearsayLimit(heard: Int) -> Int { 2 * heard + 64 }
    /// Milliseconds after which one that never said its name is not known any more.
    static func hearsayTime(at nodeTimeout: Int64) -> Int64 { 10 * nodeTimeout }
    /// Handshakes that go on at one time, at most.
    package static let handshakeLimit = 1024
    /// Failure reports kept about one node; more voters than this do not exist in practice.
    static let reportLimit = 16_384
    /// Ids that are kept from being added again, at most: each unknown id that gossip names is
    /// looked for among them.
    static let blacklistLimit = 2048
    /// Gossip entries that a newcomer is told at once.
    static let introductionLimit = 1000
    /// Peers that hear at once of a node that we met ourselves.
    static let newsFanout = 100
    /// Peers that hear at once of a node that we heard of.
    static let rumourFanout = 3
    /// Voters, those with the smallest ids, that hear at once of every suspicion.
    static let suspicionCollectors = 16
    /// Connections that are asked for between two ticks, at most: a thousand at once from each of a
    /// thousand nodes overflow whoever accepts them.
    static let connectsPerTick = 64
    /// Of those, so many are left for whom a message or an operator names between two ticks.
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
    /// Synced saves whose end is not known, at most, besides those that hold promises.
    static let savesUnderwayLimit = 64
    /// Of those who find out at one moment that a node has failed, so many tell everybody at once.
    static let failTellers = 3
    /// Milliseconds for which a save may go without being synced.
    static let longestUnsynced: Int64 = 1000
    /// Milliseconds between two attempts to save after one failed.
    static let saveRetry: Int64 = 1000
}
