// The cluster that a capture ends in: each node by its own last word, or by the word of others where
// it never spoke, with FAIL as the cluster last agreed. Several clusters in one capture are several
// topologies. What the capture cannot tell is named, not guessed.

package import ClusterWire

/// One cluster as it is at the end of a capture.
package struct Topology: Equatable, Sendable {
    /// One member.
    package struct Node: Equatable, Sendable {
        package var id: NodeID
        package var isReplica: Bool
        package var replicaOf: NodeID?
        /// Where clients find it, "ip:port"; nil when nobody said.
        package var address: String?
        package var busPort: Port?
        /// A replica's is its master's; nil when nobody said.
        package var configEpoch: Epoch?
        package var slots: SlotSet
        package var flags: [String]
        /// Nanoseconds since the Unix epoch; nil when it never spoke.
        package var lastSeen: Int64?
        /// It never spoke in this capture: all of this is hearsay.
        package var isKnownFromGossip: Bool { lastSeen == nil }
        package var isFailed: Bool { flags.contains("fail") }
    }

    package var currentEpoch: Epoch
    /// In the order of ids.
    package var nodes: [Node]

    /// What cannot be said from this capture, a sentence each.
    package var unknown: [String] {
        var list: [String] = []
        for node in nodes where node.isKnownFromGossip {
            var what: [String] = []
            if node.isReplica && node.replicaOf == nil { what.append("whose replica it is") }
            if node.configEpoch == nil { what.append("its configEpoch") }
            if !node.isReplica && node.slots.isEmpty { what.append("whether it owns slots") }
            if node.address == nil { what.append("its address") }
            list.append(
                "\(node.id.short) never speaks in this capture: its role is what others say"
                    + (what.isEmpty
                        ? "" : ", and nobody says " + what.joined(separator: " or ")))
        }
        let covered = nodes.reduce(into: SlotSet()) { $0 = $0.union($1.slots) }
        let missing = SlotSet.all.subtracting(covered)
        if !missing.isEmpty {
            list.append("no owner is seen for \(missing.count) slots: \(missing)")
        }
        return list
    }
}

extension ObservedCluster {
    /// The clusters of the capture, the one with the most nodes first.
    package func topologies() -> [Topology] {
        let forgotten = nodes.reduce(into: Set<NodeID>()) { $0.formUnion($1.forgets) }
        // Where nodes speak: a silent one that is said to be there was replaced.
        let taken = Set(
            nodes.filter { $0.hasSpoken && $0.replacedBy == nil }.compactMap(Self.listening))
        var members: [Index: [Index]] = [:]
        for place in nodes.indices where nodes[place].replacedBy == nil {
            if !nodes[place].hasSpoken {
                // Forgotten, or its address is another's by now.
                let isTaken = Self.listening(nodes[place]).map(taken.contains) ?? false
                if forgotten.contains(nodes[place].id) || isTaken { continue }
            }
            members[groups.root(place), default: []].append(place)
        }
        return members.values
            .filter { group in group.contains { nodes[$0].hasSpoken } }
            .map { topology($0) }
            .sorted { left, right in
                if left.nodes.count != right.nodes.count {
                    return left.nodes.count > right.nodes.count
                }
                return (left.nodes.first?.id ?? .zero) < (right.nodes.first?.id ?? .zero)
            }
    }

    /// Where a node is reached on the bus, as a key.
    private static func listening(_ node: ObservedNode) -> BusPlace? {
        node.host.map { BusPlace(host: $0, port: node.busPort) }
    }

    private func topology(_ group: [Index]) -> Topology {
        let voters = group.count { nodes[$0].isVoter && nodes[$0].isHeard }
        let list = group.map { node($0, voters: voters) }.sorted { $0.id < $1.id }
        return Topology(
            currentEpoch: group.map { nodes[$0].currentEpoch }.max() ?? 0, nodes: list)
    }

    private func node(_ place: Index, voters: Int) -> Topology.Node {
        let row = nodes[place]
        let isReplica = row.selfReport?.isReplica ?? row.flags.contains(.replica)
        var epoch: Epoch?
        if let own = row.selfReport {
            epoch = own.isReplica ? replicaEpoch(place) : own.configEpoch
        } else {
            epoch = row.hearsay.latest?.epoch
        }
        var flags = [isReplica ? "slave" : "master"]
        if let opinion = agreed(on: place, voters: voters) {
            flags.append(opinion)
        }
        if row.flags.contains(.noFailover) { flags.append("nofailover") }
        return Topology.Node(
            id: row.id, isReplica: isReplica,
            replicaOf: row.selfReport.flatMap { $0.replicaOf.isZero ? nil : $0.replicaOf },
            address: row.address, busPort: row.host == nil ? nil : row.busPort,
            configEpoch: epoch, slots: isReplica ? SlotSet() : ownSlots(of: place), flags: flags,
            lastSeen: row.lastHeard)
    }

    /// A replica prints its master's epoch.
    private func replicaEpoch(_ place: Index) -> Epoch {
        guard let master = master(of: place), let own = nodes[master].selfReport, !own.isReplica
        else { return nodes[place].headers.masterEpoch }
        return max(own.configEpoch, nodes[place].headers.masterEpoch)
    }

    /// FAIL when most voters that live hold it, or all who have an opinion of one who is gone;
    /// otherwise PFAIL when any member holds it.
    ///
    /// - Parameter voters: how many voters of its cluster live, itself included.
    private func agreed(on place: Index, voters: Int) -> String? {
        let row = nodes[place]
        let held = opinions.about(place).filter { other, _ in
            nodes[other].isHeard && nodes[other].replacedBy == nil
                && groups.areTogether(other, place) && other != place
        }
        let failing = held.filter(\.value.isFail).keys
        let others = voters - (row.isVoter && row.isHeard ? 1 : 0)
        if failing.count(where: { nodes[$0].isVoter }) * 2 > others { return "fail" }
        let isGone = row.presence.isSilent || row.isClosed || !row.hasSpoken
        if isGone && !failing.isEmpty { return "fail" }
        return held.isEmpty ? nil : "fail?"
    }
}

extension ObservedNode {
    /// It spoke, and its connections did not all end.
    fileprivate var isHeard: Bool { hasSpoken && !isClosed }
}
