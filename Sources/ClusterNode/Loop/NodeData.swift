// What a node holds, and how it is copied: keys, replication, and the connection to a master. Connections of
// replicas are among those of clients.

import ClusterWire
import DataPlane
import SystemIO

/// The data of a node.
final class NodeData {
    let store: MemoryStore
    let replication: Replication
    let master = MasterConnection()
    let waits = ReplicaWaits()
    let disk = KeysOnDisk(at: SystemClock.wallMilliseconds())
    /// The node that is followed, wherever it is.
    var followed: NodeID?
    /// The age of the copy that the rules were told last, in tenths of a second.
    var toldCopyAge: Int64?
    var toldCopying = false

    init(_ options: NodeOptions) {
        store = MemoryStore(seed: Entropy.seed())
        store.valueLimit = options.largestBulk
        replication = Replication(store, Node.replicationSettings(options))
    }
}

extension Node {
    var store: MemoryStore { data.store }
    var replication: Replication { data.replication }
    var master: MasterConnection { data.master }
    var keysOnDisk: KeysOnDisk { data.disk }
}
