// All known nodes: rows that stay where they are, found by id through an open-addressing index
// (a dictionary costs twice the time of a lookup, and heartbeats make hundreds of them), and
// walked in the order of ids, so that nothing depends on the order of hashes. What rules ask about
// all nodes at once is counted with each change of a row, and a tick walks only rows that are due.

package import ClusterWire

/// The place of a node in the table: valid until the node is deleted.
public struct NodeHandle: Hashable, Sendable {
    package let value: UInt16
    init(_ value: UInt16) { self.value = value }
    var index: Int { Int(value) }

    /// This node's own row.
    public static let myself = NodeHandle(0)
}

/// The table of known nodes; row 0 is this node itself.
package struct NodeTable: Sendable {
    private var rows: [KnownNode]
    /// What is asked most of the row with the same index: all of them are in the cache where the rows
    /// are not.
    private var summaries: [RowSummary]
    private var schedule = DueSchedule()
    /// Handles in ascending order of ids.
    private var order: [NodeHandle]
    private var free: [NodeHandle] = []
    /// A power of two of cells; 0 for none, else handle + 1.
    private var index: [UInt16]
    package private(set) var counts = Counts()

    init(_ myself: KnownNode) {
        rows = [myself]
        summaries = [RowSummary(myself)]
        order = [.myself]
        index = [UInt16](repeating: 0, count: 16)
        place(.myself, myself.id)
        recount(.myself, from: Contribution(), to: Contribution(myself))
    }

    package var count: Int { order.count }
    /// Nodes that have said their name themselves, this one included.
    package var memberCount: Int { order.count - counts.unheard - counts.handshakes }
    /// All but those of which only others have told: what is shown and saved.
    package var shownCount: Int { order.count - counts.unheard }
    /// Above every handle's index.
    var capacity: Int { rows.count }

    /// Handles of all nodes, in ascending order of their ids.
    package var handles: [NodeHandle] { order }

    /// A row that is changed is looked at with the next tick.
    package subscript(handle: NodeHandle) -> KnownNode {
        // Lent in place: reading one field must not copy the row.
        _read {
            precondition(contains(handle), "node handle \(handle.value) is not in use")
            yield rows[handle.index]
        }
        _modify {
            precondition(contains(handle), "node handle \(handle.value) is not in use")
            let former = Contribution(rows[handle.index])
            yield &rows[handle.index]
            summaries[handle.index] = RowSummary(rows[handle.index])
            schedule.markDue(at: handle)
            let latter = Contribution(rows[handle.index])
            if former != latter { recount(handle, from: former, to: latter) }
        }
    }

    /// Whether the handle names a node.
    package func contains(_ handle: NodeHandle) -> Bool {
        handle.index < summaries.count && summaries[handle.index].contains(.inUse)
    }

    /// What is believed of a node, without the rest of its row.
    package func belief(about handle: NodeHandle) -> Belief {
        let index = handle.index
        return Belief(
            role: rows[index].role, slots: rows[index].slots,
            configEpoch: rows[index].configEpoch, isUnhealthy: rows[index].isUnhealthy)
    }

    /// Whether gossip may draw a node: suspects are told of anyway, handshakes and empty nodes that we
    /// cannot reach are not; a node without address only when its failure is news for whoever has not
    /// heard of it.
    @inline(__always)
    func isWorthTelling(_ handle: NodeHandle) -> Bool {
        summaries[handle.index].contains(.worthTelling)
    }

    /// Whether we suspect a node and no quorum does.
    @inline(__always)
    func isPFail(_ handle: NodeHandle) -> Bool { summaries[handle.index].contains(.suspected) }

    /// Whether we or a quorum suspect a node.
    @inline(__always)
    func isUnhealthy(_ handle: NodeHandle) -> Bool { summaries[handle.index].contains(.suspect) }

    /// Whether only others have told of a node.
    @inline(__always)
    func isKnownFromGossip(_ handle: NodeHandle) -> Bool {
        summaries[handle.index].contains(.unheard)
    }

    /// Whether somebody has reported a node's failure.
    @inline(__always)
    func isReported(_ handle: NodeHandle) -> Bool { summaries[handle.index].contains(.reported) }

    /// Somebody else had a pong of a node. It counts if it is newer than ours and no answer is waited
    /// for. It makes nothing due: nobody need look.
    @inline(__always)
    mutating func notePong(of handle: NodeHandle, at time: Int64) {
        let index = handle.index
        let moment = Moment(time)
        if rows[index].pingSent.isNever && moment > rows[index].pongReceived
            && !isReported(handle)
        {
            rows[index].pongReceived = moment
        }
    }

    /// A software prefetch: reads a word of each of these rows, so that the cache fetches them side by side.
    /// Whoever then reads one after the other does not wait for each.
    func fetch(_ handles: [NodeHandle]) {
        var words: UInt64 = 0
        for handle in handles {
            words &+= rows[handle.index].pingSent.word
            words &+= UInt64(rows[handle.index].peerFlags.rawValue)
            words &+= UInt64(rows[handle.index].address.busPort.value)
        }
        keep(words)
    }

    /// What gossip says of a node.
    @inline(__always)
    func entry(about handle: NodeHandle, at now: Instant) -> GossipEntry {
        rows[handle.index].entry(at: now)
    }

    /// The nodes that a section is about, nil for each that is not known; nil instead of all when one
    /// of those has an id that no node can have. Ids that are known are valid.
    ///
    /// The rows are mostly not in the cache. Where each must be is found first, for all, and a word of
    /// each is added up, so that they are fetched side by side and not one after the other.
    func find(in section: GossipSection) -> [NodeHandle?]? {
        let mask = index.count - 1
        var handles: [NodeHandle?] = []
        handles.reserveCapacity(section.count)
        for position in 0..<section.count {
            let cell = index[section.node(position).quickHash & mask]
            handles.append(cell == 0 ? nil : NodeHandle(cell - 1))
        }
        var words: UInt64 = 0
        for case let handle? in handles {
            words &+= rows[handle.index].id.firstWord
            words &+= rows[handle.index].pongReceived.word
        }
        keep(words)
        for position in 0..<section.count {
            let id = section.node(position)
            if let handle = handles[position], rows[handle.index].id == id { continue }
            // Its place was taken by another, or it is not known.
            handles[position] = find(id)
            guard handles[position] != nil || id.isValid else { return nil }
        }
        return handles
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

    /// The node with this id, if it is one that commands know: it has said its name itself.
    package func findMember(_ id: NodeID) -> NodeHandle? {
        find(id).flatMap {
            rows[$0.index].isHandshake || rows[$0.index].isKnownFromGossip ? nil : $0
        }
    }

    /// Adds a node whose id is not in the table; nil when the table is full.
    mutating func add(_ node: KnownNode) -> NodeHandle? {
        precondition(find(node.id) == nil, "node \(node.id) is known already")
        guard order.count < ClusterConfig.nodeLimit else { return nil }
        let handle: NodeHandle
        if let reused = free.popLast() {
            handle = reused
            rows[handle.index] = node
            summaries[handle.index] = RowSummary(node)
            schedule.reuseRow(handle)
        } else {
            handle = NodeHandle(UInt16(rows.count))
            rows.append(node)
            summaries.append(RowSummary(node))
            schedule.addRow()
        }
        schedule.markDue(at: handle)
        order.insert(handle, at: position(of: node.id))
        recount(handle, from: Contribution(), to: Contribution(node))
        countMine(handle)
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
        recount(handle, from: Contribution(rows[handle.index]), to: Contribution())
        order.remove(at: position(of: self[handle].id))
        summaries[handle.index] = []
        schedule.forget(handle)
        rows[handle.index] = KnownNode(
            id: .zero, shard: ShardID(.zero), address: .none, createdAt: 0)
        free.append(handle)
        rebuild()
    }

    /// Gives a node another id, which must not be in the table.
    mutating func rename(_ handle: NodeHandle, to id: NodeID) {
        precondition(find(id) == nil, "node \(id) is known already")
        let standing = Contribution(rows[handle.index])
        recount(handle, from: standing, to: Contribution())
        order.remove(at: position(of: self[handle].id))
        rows[handle.index].id = id
        order.insert(handle, at: position(of: id))
        recount(handle, from: Contribution(), to: standing)
        countMine(handle)
        schedule.markDue(at: handle)
        rebuild()
    }

    /// This node may be a replica of a master that its file names and has no line about: of all
    /// replicas the only one whose master becomes known later.
    private mutating func countMine(_ handle: NodeHandle) {
        if rows[NodeHandle.myself.index].master == rows[handle.index].id {
            self[handle].replicaCount += 1
        }
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

extension NodeTable {
    private mutating func recount(
        _ handle: NodeHandle, from former: Contribution, to latter: Contribution
    ) {
        counts.count(from: former, to: latter)
        guard former.isPFail != latter.isPFail else { return }
        let place = position(of: rows[handle.index].id, in: counts.suspects)
        if latter.isPFail {
            counts.suspects.insert(handle, at: place)
        } else {
            counts.suspects.remove(at: place)
        }
    }

    /// The tally counted anew: what the kept one must equal.
    func counted() -> Counts {
        var counts = Counts()
        for handle in order {
            let standing = Contribution(rows[handle.index])
            counts.count(from: Contribution(), to: standing)
            if standing.isPFail { counts.suspects.append(handle) }
        }
        return counts
    }
}

extension NodeTable {
    /// How many voters whom nobody here suspects have a smaller id than this node; counting ends at `limit`.
    func votersBeforeMyself(upTo limit: Int) -> Int {
        var count = 0
        for handle in order {
            if handle == .myself || count >= limit { break }
            if rows[handle.index].isVotingMaster && rows[handle.index].condition.isHealthy {
                count += 1
            }
        }
        return count
    }
}

// MARK: What is due

extension NodeTable {
    /// Nodes besides this one that a tick must look at, in ascending order of their ids.
    mutating func due(at now: Int64) -> [NodeHandle] {
        schedule.due(at: now, among: order)
            ?? schedule.changed.filter { $0 != .myself }
            .sorted { rows[$0.index].id < rows[$1.index].id }
    }

    /// When a tick must look at a node, unless its row changes before.
    func look(at handle: NodeHandle) -> Int64 { schedule.time(of: handle) }

    /// What was due of a node was done: it has something due at this time, as its row is now.
    @inline(__always)
    mutating func setNextDue(of handle: NodeHandle, at time: Int64) {
        schedule.setNext(of: handle, at: time)
    }

    /// What was due of all was done.
    mutating func endTick() { schedule.endTick() }

    /// The next tick looks at every node.
    mutating func markAllDue() { schedule.markAllDue() }

    /// Whether every node that a tick must look at is one that was changed, or not due before the time
    /// until which nobody looks.
    var missesNobodyDue: Bool { schedule.missesNone(of: order) }

    /// The node said its offset at this time. It makes nothing due: nobody need look.
    @inline(__always)
    mutating func noteOffset(
        _ offset: ReplicationOffset, of handle: NodeHandle, at time: Int64
    ) {
        rows[handle.index].offset = offset
        rows[handle.index].offsetAt = Moment(time)
    }

    /// Somebody reported the node's failure at this time. It makes nothing due: nobody need look.
    /// Returns whether it is the reporter's first word of it. Where half of a large cluster is gone,
    /// hundreds report hundreds in each message.
    mutating func noteReport(
        of handle: NodeHandle, by reporter: NodeHandle, at time: Int64
    ) -> Bool {
        guard rows[handle.index].report(by: reporter, at: time) else { return false }
        summaries[handle.index].insert(.reported)
        return true
    }

    /// What a reporter said of a node's failure counts no more.
    mutating func forgetReports(of handle: NodeHandle, by reporter: NodeHandle) {
        guard !rows[handle.index].reports.isEmpty else { return }
        self[handle].dropReports { $0.reporter == reporter }
    }

    /// Something came from the node at this time. It makes nothing due: nobody need look.
    @inline(__always)
    mutating func noteData(of handle: NodeHandle, at time: Int64) {
        rows[handle.index].dataReceived = Moment(time)
    }
}
