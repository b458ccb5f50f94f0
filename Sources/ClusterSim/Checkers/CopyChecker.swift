// Copies of keys are whole and true: whoever is at one place of one history holds the same keys as all others who
// are there, a copy that was taken is what its giver held when it began, and reads are answered from neither
// half a copy nor none.

import ClusterCore
import ClusterWire
import DataPlane

struct CopyChecker: Checker {
    private let keys: [DataKey]

    init(_ setup: WorldSetup) { keys = DataWorld.keys(masters: setup.options.masters) }

    mutating func see(_ occurrence: Occurrence, _ world: WorldView) -> Violation? {
        switch occurrence {
        case .data(let data): return see(data, world)
        case .surveyed: return differing(world)
        case .started, .received, .forged, .took, .noted, .said, .stepped, .answered, .saved,
            .ended,
            .faultBegan, .faultEnded:
            return nil
        }
    }

    private func see(_ occurrence: DataOccurrence, _ world: WorldView) -> Violation? {
        switch occurrence {
        case .copied(let node, let source, let expected):
            guard let expected, let server = world.servers[node], server.digest(keys) != expected
            else { return nil }
            return Violation(
                .sameKeys, "n\(node) took a copy that is not what n\(source) held as it began")
        case .read(let node): return misread(node, world)
        case .confirmed, .promoted, .moved, .settled: return nil
        }
    }

    private func misread(_ node: Int, _ world: WorldView) -> Violation? {
        guard let server = world.servers[node], !world.machines[node].state.me.isMaster else {
            return nil
        }
        guard server.replication.holdsCopy else {
            return Violation(.sameKeys, "n\(node), a replica without a copy, answers a read")
        }
        guard server.replication.linkState == .copying,
            server.digest(keys) != server.heldWhileCopying
        else { return nil }
        return Violation(.sameKeys, "n\(node) answers a read from half a copy")
    }

    /// Servers that say they are at one place of one history hold the same.
    private func differing(_ world: WorldView) -> Violation? {
        let places = world.servers.indices.filter { node in
            guard let log = world.servers[node]?.replication.log else { return false }
            return log.isActive && isWhole(node, world)
        }
        for (index, one) in places.enumerated() {
            for other in places[(index + 1)...] {
                guard let first = world.servers[one], let second = world.servers[other],
                    first.replication.log.id == second.replication.log.id,
                    first.replication.log.offset == second.replication.log.offset,
                    first.digest(keys) != second.digest(keys)
                else { continue }
                return Violation(
                    .sameKeys,
                    "n\(one) and n\(other) are both at \(first.replication.log.offset) of one "
                        + "history and hold different keys")
            }
        }
        return nil
    }

    private func isWhole(_ node: Int, _ world: WorldView) -> Bool {
        guard let replication = world.servers[node]?.replication else { return false }
        return replication.master == nil || replication.linkState == .following
    }
}
