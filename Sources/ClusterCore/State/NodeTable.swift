// All known nodes: rows that stay where they are, found by id through an open-addressing index
// (a dictionary costs twice the time of a lookup, and heartbeats make hundreds of them), and
// walked in the order of ids, so that nothing depends on the order of hashes. What rules ask about
// all nodes at once is counted with each change of a row, and a tick walks only rows that are due.

package import ClusterWire

/// The place of a node in the table: valid until the node is deleted.
package struct NodeHandle: Hashable, Sendable {
    package let value: UInt16
    init(_ value: UInt16) { self.value = value }
    var index: Int { Int(value) }

    /// This node's own row.
    package static let myself = NodeHandle(0)
}

/// Answers about all nodes at once.
package struct Tally: Equatable, Sendable {
    /// Masters with at least one slot.
    package fileprivate(set) var voters = 0
    /// Those of them that nobody here suspects.
    package fileprivate(set) var healthyVoters = 0
    /// Masters that have replicas.
    package fileprivate(set) var leaders = 0
    /// Nodes that have failed and own slots still.
    package fileprivate(set) var failedOwners = 0
    /// Suspected nodes, in ascending order of their ids: each is in every heartbeat.
    package fileprivate(set) var suspects: [NodeHandle] = []
}

/// The table of known nodes; row 0 is this node itself.
package struct NodeTable: Sendable {
    private var rows: [KnownNode]
    /// Whether the row with the same index is in use.
    private var live: [Bool]
    /// When a tick must look at the row with the same index; 0: with the next one.
    private var looks: [Int64]
    /// Handles in ascending order of ids.
    private var order: [NodeHandle]
    private var free: [NodeHandle] = []
    /// A power of two of cells; 0 for none, else handle + 1.
    private var index: [UInt16]
    package private(set) var tally = Tally()

    init(_ myself: KnownNode) {
        rows = [myself]
        live = [true]
        looks = [0]
        order = [.myself]
        index = [UInt16](repeating: 0, count: 16)
        place(.myself, myself.id)
        recount(.myself, from: Standing(), to: Standing(myself))
    }

    package var count: Int { order.count }
    /// Above every handle's index.
    var capacity: Int { rows.count }

    /// Handles of all nodes, in ascending order of their ids.
    package var handles: [NodeHandle] { order }

    /// A row that is changed is looked at with the next tick.
    package subscript(handle: NodeHandle) -> KnownNode {
        // Lent in place: reading one field must not copy the row.
        _read {
            precondition(live[handle.index], "node handle \(handle.value) is not in use")
            yield rows[handle.index]
        }
        _modify {
            precondition(live[handle.index], "node handle \(handle.value) is not in use")
            let former = Standing(rows[handle.index])
            yield &rows[handle.index]
            looks[handle.index] = 0
            let latter = Standing(rows[handle.index])
            if former != latter { recount(handle, from: former, to: latter) }
        }
    }

    /// Whether the handle names a node.
    func contains(_ handle: NodeHandle) -> Bool {
        handle.index < rows.count && live[handle.index]
    }

    /// What is believed of a node, without the rest of its row.
    package func belief(about handle: NodeHandle) -> Belief {
        let index = handle.index
        return Belief(
            role: rows[index].role, slots: rows[index].slots,
            configEpoch: rows[index].configEpoch, isSuspect: rows[index].isSuspect)
    }

    /// What gossip says of a node.
    @inline(__always)
    func entry(about handle: NodeHandle, at now: Instant) -> GossipEntry {
        rows[handle.index].entry(at: now)
    }

    /// The node with this id.
    package func find(_ id: NodeID) -> NodeHandle? {
        let mask = index.count - 1
        var cell = id.quickHash & mask
        while index[cell] != 0 {
            let handle = NodeHandle(index[cell] - 1)
            if rows[handle.index].id == id { return handle }
            cell = (cell + 1) & mask
        }
        return nil
    }

    /// Adds a node whose id is not in the table; nil when the table is full.
    mutating func add(_ node: KnownNode) -> NodeHandle? {
        precondition(find(node.id) == nil, "node \(node.id) is known already")
        guard order.count < ClusterConfig.nodeLimit else { return nil }
        let handle: NodeHandle
        if let reused = free.popLast() {
            handle = reused
            rows[handle.index] = node
            live[handle.index] = true
            looks[handle.index] = 0
        } else {
            handle = NodeHandle(UInt16(rows.count))
            rows.append(node)
            live.append(true)
            looks.append(0)
        }
        order.insert(handle, at: position(of: node.id))
        recount(handle, from: Standing(), to: Standing(node))
        if order.count * 2 > index.count { rebuild() } else { place(handle, node.id) }
        return handle
    }

    /// Changes a node's role and nothing else; the slots stay with their owner.
    mutating func setRole(_ role: Role, of handle: NodeHandle) {
        if let former = rows[handle.index].master.flatMap(find) { self[former].replicaCount -= 1 }
        self[handle].role = role
        if let latter = rows[handle.index].master.flatMap(find) { self[latter].replicaCount += 1 }
    }

    /// Counts the replicas of all masters: roles may have named masters that were not known yet.
    mutating func countReplicas() {
        for handle in order { self[handle].replicaCount = 0 }
        for handle in order {
            if let master = rows[handle.index].master.flatMap(find) {
                self[master].replicaCount += 1
            }
        }
    }

    /// Deletes a node that is not this one and that no replica names its master.
    mutating func remove(_ handle: NodeHandle) {
        precondition(handle != .myself, "a node cannot delete itself")
        setRole(.master, of: handle)
        recount(handle, from: Standing(rows[handle.index]), to: Standing())
        order.remove(at: position(of: self[handle].id))
        live[handle.index] = false
        rows[handle.index] = KnownNode(
            id: .zero, shard: ShardID(.zero), address: .none, createdAt: 0)
        free.append(handle)
        rebuild()
    }

    /// Gives a node another id, which must not be in the table.
    mutating func rename(_ handle: NodeHandle, to id: NodeID) {
        precondition(find(id) == nil, "node \(id) is known already")
        let standing = Standing(rows[handle.index])
        recount(handle, from: standing, to: Standing())
        order.remove(at: position(of: self[handle].id))
        rows[handle.index].id = id
        order.insert(handle, at: position(of: id))
        recount(handle, from: Standing(), to: standing)
        looks[handle.index] = 0
        rebuild()
    }

    private func position(of id: NodeID) -> Int { position(of: id, in: order) }

    private func position(of id: NodeID, in list: [NodeHandle]) -> Int {
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if rows[list[middle].index].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func rebuild() {
        var cells = 16
        while cells < order.count * 4 { cells *= 2 }
        index = [UInt16](repeating: 0, count: cells)
        for handle in order { place(handle, self[handle].id) }
    }

    private mutating func place(_ handle: NodeHandle, _ id: NodeID) {
        let mask = index.count - 1
        var cell = id.quickHash & mask
        while index[cell] != 0 { cell = (cell + 1) & mask }
        index[cell] = handle.value + 1
    }
}

// MARK: Counting

/// What of a row counts in the tally.
private struct Standing: Equatable {
    var isVoter = false
    var isLeader = false
    var isHealthy = false
    var isSuspected = false
    var isFailedOwner = false

    init() {}

    @inline(__always)
    init(_ node: KnownNode) {
        isVoter = node.isVotingMaster
        isLeader = node.replicaCount > 0 && node.role.isMaster
        switch node.condition {
        case .healthy: isHealthy = true
        case .suspected: isSuspected = true
        case .failed: isFailedOwner = node.slotCount > 0
        }
    }
}

extension NodeTable {
    private mutating func recount(
        _ handle: NodeHandle, from former: Standing, to latter: Standing
    ) {
        func change(_ was: Bool, _ is: Bool) -> Int { (`is` ? 1 : 0) - (was ? 1 : 0) }
        tally.voters += change(former.isVoter, latter.isVoter)
        tally.leaders += change(former.isLeader, latter.isLeader)
        tally.healthyVoters += change(
            former.isVoter && former.isHealthy, latter.isVoter && latter.isHealthy)
        tally.failedOwners += change(former.isFailedOwner, latter.isFailedOwner)
        guard former.isSuspected != latter.isSuspected else { return }
        let place = position(of: rows[handle.index].id, in: tally.suspects)
        if latter.isSuspected {
            tally.suspects.insert(handle, at: place)
        } else {
            tally.suspects.remove(at: place)
        }
    }

    /// The tally counted anew: what the kept one must equal.
    func counted() -> Tally {
        var tally = Tally()
        for handle in order {
            let standing = Standing(rows[handle.index])
            if standing.isVoter { tally.voters += 1 }
            if standing.isVoter && standing.isHealthy { tally.healthyVoters += 1 }
            if standing.isLeader { tally.leaders += 1 }
            if standing.isFailedOwner { tally.failedOwners += 1 }
            if standing.isSuspected { tally.suspects.append(handle) }
        }
        return tally
    }
}

// MARK: What is due

extension NodeTable {
    /// Nodes besides this one that a tick must look at, in ascending order of their ids.
    func due(at now: Int64) -> [NodeHandle] {
        order.filter { looks[$0.index] <= now && $0 != .myself }
    }

    /// When a tick must look at a node, unless its row changes before.
    func look(at handle: NodeHandle) -> Int64 { looks[handle.index] }

    /// Looks at a node again when its row, as it is now, has something due.
    mutating func lookWhenDue(at handle: NodeHandle, nodeTimeout: Int64) {
        looks[handle.index] = rows[handle.index].nextLook(nodeTimeout)
    }

    /// The next tick looks at every node.
    mutating func lookAtAll() {
        for index in looks.indices { looks[index] = 0 }
    }

    /// Somebody had a pong from the node at this time. It makes nothing due: nobody need look.
    @inline(__always)
    mutating func heardPong(of handle: NodeHandle, at time: Int64) {
        rows[handle.index].pongReceived = time
    }

    /// Something came from the node at this time. It makes nothing due: nobody need look.
    @inline(__always)
    mutating func heardData(of handle: NodeHandle, at time: Int64) {
        rows[handle.index].dataReceived = time
    }
}

extension NodeTable: Equatable {
    package static func == (left: NodeTable, right: NodeTable) -> Bool {
        left.order.count == right.order.count
            && zip(left.order, right.order).allSatisfy { left[$0] == right[$1] }
    }
}
