// What nodes hold of their shard's keys, as far as the bus tells of it: offsets. Masters write with each
// tick, replicas copy what they can reach and stay behind by a lag of their own. And the invariant that
// rests on it: of two replicas the one with more of the master's data is elected.

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
        machines.indices.first { nodes[$0].isUp && machines[$0].id == id }
            ?? machines.indices.first { machines[$0].id == id }
    }

    // MARK: Elections

    /// A node won an election: where nothing else is wrong, and was not for long enough that all had
    /// heard of each other, no sibling that could stand had more of the master's data.
    ///
    /// Without an offset on time a replica waits a second a rank, so a worse one may win only if the
    /// better one lost an election: with one master down and no losses it does not.
    mutating func checkSuccessor(_ winner: Int) {
        guard environment.hasData, environment.lossPerMillion == 0, environment.assignsEpochs,
            let master = nodes[winner].data.source, !nodes[master].isUp,
            let last = activeFaults.lastBesides(master),
            activeFaults.last(of: master) - last > 4 * options.nodeTimeout * 1000
        else { return }
        let id = machines[master].id
        for other in machines.indices where other != winner && nodes[other].isUp {
            let sibling = machines[other].state
            guard sibling.nodes[.myself].master == id, nodes[other].data.source == master,
                nodes[other].data.heardAt >= nodes[winner].data.heardAt - 1_000_000,
                nodes[other].data.offset > nodes[winner].data.offset
            else { continue }
            fail(
                .bestSuccessor,
                "n\(winner) is elected with \(nodes[winner].data.offset) bytes of n\(master)'s, "
                    + "n\(other) has \(nodes[other].data.offset)")
        }
    }
}
