// All known nodes: rows that stay where they are, found by id through an open-addressing index
// (a dictionary costs twice the time of a lookup, and heartbeats make hundreds of them), and
// walked in the order of ids, so that nothing depends on the order of hashes.

package import ClusterWire

/// The place of a node in the table: valid until the node is deleted.
package struct NodeHandle: Hashable, Sendable {
    package let value: UInt16
    init(_ value: UInt16) { self.value = value }
    var index: Int { Int(value) }

    /// This node's own row.
    package static let myself = NodeHandle(0)
}

/// The table of known nodes; row 0 is this node itself.
package struct NodeTable: Sendable {
    private var rows: [KnownNode]
    /// Whether the row with the same index is in use.
    private var live: [Bool]
    /// Handles in ascending order of ids.
    private var order: [NodeHandle]
    private var free: [NodeHandle] = []
    /// A power of two of cells; 0 for none, else handle + 1.
    private var index: [UInt16]

    init(_ myself: KnownNode) {
        rows = [myself]
        live = [true]
        order = [.myself]
        index = [UInt16](repeating: 0, count: 16)
        place(.myself, myself.id)
    }

    package var count: Int { order.count }
    /// Above every handle's index.
    var capacity: Int { rows.count }

    /// Handles of all nodes, in ascending order of their ids.
    package var handles: [NodeHandle] { order }

    package subscript(handle: NodeHandle) -> KnownNode {
        // Lent in place: reading one field must not copy the row.
        _read {
            precondition(live[handle.index], "node handle \(handle.value) is not in use")
            yield rows[handle.index]
        }
        _modify {
            precondition(live[handle.index], "node handle \(handle.value) is not in use")
            yield &rows[handle.index]
        }
    }

    /// Whether the handle names a node.
    func contains(_ handle: NodeHandle) -> Bool {
        handle.index < rows.count && live[handle.index]
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
        } else {
            handle = NodeHandle(UInt16(rows.count))
            rows.append(node)
            live.append(true)
        }
        order.insert(handle, at: position(of: node.id))
        if order.count * 2 > index.count { rebuild() } else { place(handle, node.id) }
        return handle
    }

    /// Deletes a node that is not this one.
    mutating func remove(_ handle: NodeHandle) {
        precondition(handle != .myself, "a node cannot delete itself")
        let id = self[handle].id
        order.remove(at: position(of: id))
        live[handle.index] = false
        rows[handle.index] = KnownNode(
            id: .zero, shard: ShardID(.zero), address: .none, createdAt: 0)
        free.append(handle)
        rebuild()
    }

    /// Gives a node another id, which must not be in the table.
    mutating func rename(_ handle: NodeHandle, to id: NodeID) {
        precondition(find(id) == nil, "node \(id) is known already")
        order.remove(at: position(of: self[handle].id))
        self[handle].id = id
        order.insert(handle, at: position(of: id))
        rebuild()
    }

    private func position(of id: NodeID) -> Int {
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if self[order[middle]].id < id { low = middle + 1 } else { high = middle }
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

extension NodeTable: Equatable {
    package static func == (left: NodeTable, right: NodeTable) -> Bool {
        left.order.count == right.order.count
            && zip(left.order, right.order).allSatisfy { left[$0] == right[$1] }
    }
}
