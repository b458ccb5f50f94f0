// What replication goes by, and what it tells: settings with the defaults of the reference, what the shell has to
// do, and facts for the log.

package import RESP

/// Settings; times in milliseconds.
package struct ReplicationSettings: Equatable, Sendable {
    /// Silence of the other end after which a link is given up.
    package var timeout: Int64 = 60_000
    package var pingPeriod: Int64 = 10_000
    package var backlogBytes = 1 << 20
    /// A master without a replica lets go of its backlog after this; 0: never.
    package var backlogTime: Int64 = 3_600_000
    /// A replica that is further behind than this is cut off; 0: no limit.
    package var hardLimitBytes = 268_435_456
    /// The same if it stays so for `softTime`.
    package var softLimitBytes = 67_108_864
    package var softTime: Int64 = 60_000
    package var greeting = ReplicaGreeting()
    /// What requests of a master's stream may be.
    package var limits = RequestLimits()
    package var copies = CopySettings()
    /// A replica answers reads while its link is down.
    package var servesStale = true
    package var writeCondition = WriteCondition()

    package init() {}
}

/// How copies come and go.
package struct CopySettings: Equatable, Sendable {
    /// Bytes that the keys of a copy may take here; 0: no limit.
    package var memory = 0
    /// Microseconds that each key of a copy for a replica is to take at least, for tests.
    package var keyDelay = 0

    package init() {}
}

/// What a master asks of its replicas before it takes a write.
package struct WriteCondition: Equatable, Sendable {
    /// So many must follow; 0: none needs to.
    package var replicas = 0
    /// One that said nothing for longer does not count, in milliseconds; 0: nothing is asked for.
    package var longestSilence: Int64 = 10_000

    package init() {}
}

/// What a replica tells its master of itself.
package struct ReplicaGreeting: Equatable, Sendable {
    /// Where clients reach this server.
    package var port = 0
    /// Told in its place; 0: nothing is.
    package var announcedPort = 0
    /// Empty: the address of its connection.
    package var address = ""
    /// Empty: the default user.
    package var user = ""
    /// Its name in the cluster; empty: none is told.
    package var nodeID = ""
    /// Empty: none is asked for.
    package var password = ""

    package init() {}
}

/// Where a master is reached, and which node it must be there.
package struct MasterAddress: Equatable, Sendable {
    package let host: String
    package let port: Int
    /// Its name in the cluster; empty: whoever is there is followed.
    package let nodeID: String

    package init(host: String, port: Int, nodeID: String = "") {
        self.host = host
        self.port = port
        self.nodeID = nodeID
    }

    /// Whether both are reached at one place, whoever is there.
    func isPlace(of other: MasterAddress) -> Bool { host == other.host && port == other.port }
}

/// What whoever has the connections must do, in this order.
package enum ReplicationAction: Equatable, Sendable {
    /// Connect to the master; answer with `linkOpened` or `linkClosed`.
    case connect(MasterAddress)
    /// Send this to the master.
    case send([UInt8])
    /// Close the connection to the master.
    case disconnect
    /// Close the connection of this replica.
    case close(UInt32)
    /// The master wants this node to take over; 40 digits.
    case takeOver(nodeID: [UInt8])
    case note(ReplicationNote)
}

/// A fact for the log.
package enum ReplicationNote: Equatable, Sendable {
    case replica(OfReplica)
    case master(OfMaster)

    /// Of a server that follows a master.
    package enum OfReplica: Equatable, Sendable {
        case connecting(MasterAddress)
        case copyBegan(ReplicationID, offset: Int)
        case copied(keys: Int, bytes: Int, milliseconds: Int64)
        case continued(offset: Int)
        /// What this node had written alone, while it was master, is gone: at most so many bytes of stream.
        case dropped(bytes: Int)
        /// Whether what was held before is still there.
        case linkFailed(ReplicationError, keepsCopy: Bool)
        case linkClosed(String, keepsCopy: Bool)
        case putOff(String)
        /// Not followed any more until this node is told to follow again.
        case stopped(ReplicationError)
    }

    /// Of a server that others follow.
    package enum OfMaster: Equatable, Sendable {
        case replicaContinues(String, bytes: Int)
        case replicaCopies(String, keys: Int, bytes: Int)
        case replicaWaits(String, milliseconds: Int64)
        case replicaSilent(String)
        case replicaBehind(String, bytes: Int)
        case replicaGone(String)
    }
}
