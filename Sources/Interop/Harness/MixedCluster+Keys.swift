// A few keys in a cluster: each is written to the master of its slot, and read again from whoever has the slot
// later. That replicas hold them is waited for by their offsets.

import ClusterClient
import ClusterWire
import RESP

extension MixedCluster {
    /// Writes so many keys.
    package func writeKeys(_ count: Int) throws(InteropError) {
        for (node, indices) in try owners(count) {
            let replies = try DataClient(node).exchange(
                indices.map { [Array("SET".utf8), Self.key($0), Self.value($0)] })
            if let error = replies.compactMap(\.errorText).first {
                throw .refused(server: node.name, command: "SET", reply: error)
            }
        }
    }

    /// How many of these keys are not there any more, or have another value.
    package func lostKeys(_ count: Int) throws(InteropError) -> Int {
        var lost = count
        for (node, indices) in try owners(count) {
            let replies = try DataClient(node).exchange(
                indices.map { [Array("GET".utf8), Self.key($0)] })
            for (index, reply) in zip(indices, replies) where reply == .bulk(Self.value(index)) {
                lost -= 1
            }
        }
        return lost
    }

    private static func key(_ index: Int) -> [UInt8] { Array("key:\(index)".utf8) }
    private static func value(_ index: Int) -> [UInt8] { Array("value of \(index)".utf8) }

    /// The keys by the masters of their slots, as the first node that runs sees them.
    private func owners(
        _ count: Int
    ) throws(InteropError) -> [(node: ServerProcess, indices: [Int])] {
        guard let first = running.first else { return [] }
        var found: [(node: ServerProcess, indices: [Int])] = []
        for row in try first.nodes() where row.isMaster && !row.slots.isEmpty {
            guard let node = running.first(where: { $0.port == row.port }) else { continue }
            let indices = (0..<count).filter { index in
                let slot = KeySlot.of(Self.key(index))
                return row.slots.contains { $0.contains(Int(slot.value)) }
            }
            found.append((node, indices))
        }
        return found
    }

    /// Waits until these replicas have applied all that their masters wrote.
    package func waitUntilApplied(
        _ replicas: [ServerProcess], withinMilliseconds limit: Int = 20_000
    ) throws(InteropError) {
        _ = try wait("all is applied", limit) { () throws(InteropError) in
            for replica in replicas {
                let master = try replica.myself().master
                for node in self.running where try node.myself().id == master {
                    let own = try replica.field("slave_repl_offset", of: "INFO", "replication")
                    let all = try node.field("master_repl_offset", of: "INFO", "replication")
                    if own != all {
                        return "\(replica.name) is at \(own ?? "-") of \(all ?? "-")"
                    }
                }
            }
            return nil
        }
    }
}
