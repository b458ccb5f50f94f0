// Replication as the node runs it: its settings, its times, and what the rules of the cluster are told of it.

import ClusterCore
import ClusterHost
import ClusterWire
import DataPlane
import SystemIO

extension Node {
    /// How replication is set up by these options.
    static func replicationSettings(_ options: NodeOptions) -> ReplicationSettings {
        var settings = options.replication
        settings.pingPeriod = options.cluster.replicaPingPeriod
        settings.greeting.port = options.port
        settings.greeting.user = options.masterUser
        settings.greeting.password = options.masterAuth
        settings.limits = options.requestLimits
        settings.copies.keyDelay = options.stored.keySaveDelay
        return settings
    }

    /// Each tick.
    func tickReplication(at now: Int64) {
        replication.tick(at: now)
        master.tick(self)
        master.perform(self)
    }

    /// The end of a wake-up: what goes into the stream once for all, then what replicas have not been sent.
    func settleReplication() {
        data.waits.settle(self)
        replication.settle()
        master.perform(self)
        for feed in replication.feeds where feed.hasBytes(replication.log) {
            clients.markReplica(feed.number)
        }
    }

    /// What the rules are told of the store, if that has changed.
    func storeReport() -> StoreReport? {
        let age = replication.copyAge(at: SystemClock.monotonicMilliseconds())
        // Told ten times a second at most: an age grows by itself.
        let shown = age.map { $0 / 100 }
        let isCopying = replication.linkState == .copying
        guard store.hasNews || shown != data.toldCopyAge || isCopying != data.toldCopying else {
            return nil
        }
        data.toldCopying = isCopying
        // While a copy comes, what is held is not what the master has: nobody is to be sent here.
        store.markTold()
        data.toldCopyAge = shown
        return StoreReport(
            offset: isCopying ? 0 : store.offset, isEmpty: store.isEmpty, occupied: store.occupied,
            copyAge: age)
    }

    func followMaster(_ master: NodeAddress?, from offset: ReplicationOffset) {
        let now = SystemClock.monotonicMilliseconds()
        let id = host.machine.state.me.master
        let hasMoved = id != nil && id == data.followed
        data.followed = id
        if let master {
            let address = MasterAddress(
                host: master.ip.text, port: Int(master.port.value),
                nodeID: id?.description ?? "")
            replication.settings.greeting.nodeID = host.myID.description
            replication.follow(address, hasMoved: hasMoved, at: now)
        } else {
            replication.follow(nil, at: now)
            store.becomeMaster(from: offset)
        }
        disturbClients()
    }

    /// The other end of the connection to the master, as CLIENT KILL names it; nil: there is none.
    var masterPeer: String? {
        guard replication.linkState != nil, let master = replication.master else { return nil }
        let host = master.host.contains(":") ? "[\(master.host)]" : master.host
        return "\(host):\(master.port)"
    }

    /// The master that shuts down wants the replica of this name to take over.
    func takeOver(_ id: [UInt8]) {
        guard NodeID(String(decoding: id, as: UTF8.self)) == host.myID else { return }
        log.write(
            .warning,
            "Forced failover primary request accepted: the master shuts down, this replica takes over"
        )
        _ = host.submit(.failover(Argument(word: "FORCE", .forced)))
    }
}
