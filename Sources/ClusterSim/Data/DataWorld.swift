// What a world has where nodes hold real keys: the keys, how replication and clients are, which the seed draws,
// the servers of all nodes, and what clients asked and were told.

import ClusterWire
import DataPlane
import Determinism

/// A key that clients write.
struct DataKey: Sendable {
    let name: [UInt8]
    let slot: Slot

    init(_ number: Int) {
        name = Array("key:\(number)".utf8)
        slot = KeySlot.of(name)
    }
}

/// How replication and clients of a world are.
struct DataProfile: Equatable, Sendable {
    /// Bytes of a stream that travel together at most.
    let pieceBytes: Int
    /// Pieces that are on their way at one time.
    static let pieces = 8
    let backlogBytes: Int
    /// Milliseconds after which a master without replicas lets go of its backlog.
    let backlogTime: Int64
    /// Milliseconds between two pings of a master.
    let pingPeriod: Int64
    /// Microseconds between two requests of all clients together, at most.
    let requestSpacing: Int64

    init(_ random: inout SplitMix64) {
        func one<Value>(of values: [Value], _ random: inout SplitMix64) -> Value {
            values[random.below(values.count)]
        }
        pieceBytes = one(of: [9, 200, 1400, 16_384], &random)
        backlogBytes = one(of: [16_384, 1 << 20], &random)
        backlogTime = one(of: [2000, 3_600_000], &random)
        pingPeriod = one(of: [1000, 10_000], &random)
        requestSpacing = one(of: [20_000, 100_000], &random)
    }

    var settings: ReplicationSettings {
        var settings = ReplicationSettings()
        settings.backlogBytes = backlogBytes
        settings.backlogTime = backlogTime
        settings.pingPeriod = pingPeriod
        settings.timeout = 2 * pingPeriod + 1000
        settings.greeting.port = 6379
        return settings
    }
}

/// What a client asks.
struct ClientOperation: Sendable {
    enum Kind: Sendable {
        case write
        /// A write that is followed by WAIT 1.
        case awaitedWrite
        case read
    }

    let kind: Kind
    let key: Int
    /// What is written; numbers of one run only grow.
    let number: Int
    /// The node beside which the client is: what cuts that node off cuts off the client.
    let home: Int
    /// Microseconds when it was asked.
    let at: Int64
    var redirections = 0
}

/// What came of all requests, and of replication.
struct DataFigures: Equatable, Sendable {
    var writes = 0
    var confirmed = 0
    var unconfirmed = 0
    var reads = 0
    var refused = 0
    var copies = 0
    /// Copies of another node than the master, at whose address that was.
    var strangeCopies = 0
    var continuations = 0
}

/// Servers with keys, and their clients.
struct DataWorld {
    let profile: DataProfile
    let keys: [DataKey]
    /// The server of each node's process; nil while it is down.
    var servers: [DataServer?]
    var operations: [ClientOperation] = []
    /// The node to which a client sends a request first, by home and key; -1: any.
    var owners: [Int]
    var areClientsActive = false
    var nextSerial: UInt32 = 1
    var figures = DataFigures()
    /// Copies that each node took.
    var copiesTaken: [Int]

    private static let keysPerMaster = 4

    static func keys(masters: Int) -> [DataKey] {
        (0..<masters * keysPerMaster).map { DataKey($0) }
    }

    init(nodes: Int, masters: Int, _ random: inout SplitMix64) {
        profile = DataProfile(&random)
        keys = Self.keys(masters: masters)
        servers = [DataServer?](repeating: nil, count: nodes)
        owners = [Int](repeating: -1, count: nodes * keys.count)
        copiesTaken = [Int](repeating: 0, count: nodes)
    }
}
