// What nodes hold of their shard's keys, as far as the bus tells of it: offsets. Masters write with each
// tick, replicas copy what they can reach and stay behind by a lag of their own.

import ClusterCore
import ClusterWire
import Determinism

extension World {
    /// Bytes that a master writes between two ticks, at most.
    private static let writesPerTick = 4000
    /// Bytes by which a replica is behind, at most.
    private static let greatestLag = 20_000
    /// One tick in so many changes how far a replica is behind.
    private static let ticksPerLag = 50

    /// A node's store says what it holds.
    mutating func replicateData(of node: Int) {
        let me = machines[node].state.nodes[.myself]
        if me.isMaster {
            nodes[node].data.source = nil
            if me.slotCount > 0 {
                nodes[node].data.offset += UInt64(random.below(Self.writesPerTick))
            }
        } else if let master = me.master, let source = self.node(named: master) {
            copy(from: source, to: node)
        }
        let data = nodes[node].data
        let age = data.source == nil || data.heardAt < 0 ? nil : (now - data.heardAt) / 1000
        let report = StoreReport(offset: ReplicationOffset(data.offset), copyAge: age)
        step(node, .store(report))
    }

    private mutating func copy(from source: Int, to node: Int) {
        if nodes[node].data.source != source {
            nodes[node].data.source = source
            nodes[node].data.heardAt = -1
            nodes[node].data.lag = UInt64(random.below(Self.greatestLag))
        } else if random.below(Self.ticksPerLag) == 0 {
            nodes[node].data.lag = UInt64(random.below(Self.greatestLag))
        }
        guard nodes[source].isUp, !nodes[source].isPaused,
            machines[source].state.nodes[.myself].isMaster,
            !network.isBlocked(from: source, to: node), !network.isBlocked(from: node, to: source)
        else { return }
        let there = nodes[source].data.offset
        let reached = there - min(there, nodes[node].data.lag)
        // What it has it keeps, but for a copy made anew.
        let isNew = nodes[node].data.heardAt < 0 || there < nodes[node].data.offset
        nodes[node].data.offset = isNew ? reached : max(nodes[node].data.offset, reached)
        nodes[node].data.heardAt = now
    }

    /// The node whose process has this id.
    func node(named id: NodeID) -> Int? {
        processes.node(named: id).flatMap { machines[$0].id == id ? $0 : nil }
    }
}

/// Which node's process has, or had, an id.
struct ProcessIndex: Sendable {
    private var identities = Identities()
    private var nodes: [Int] = []

    /// From now on a node's process has this id. No two ever have the same.
    mutating func add(_ id: NodeID, of node: Int) {
        nodes.append(node)
        _ = identities.add(id)
    }

    func node(named id: NodeID) -> Int? { identities.find(id).map { nodes[$0] } }
}
