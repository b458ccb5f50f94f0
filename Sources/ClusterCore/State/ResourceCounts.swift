// How much a machine holds of what comes and goes: for those who watch that nothing grows without bound.

/// Counts of what a machine holds.
package struct ResourceCounts: Equatable, Sendable {
    /// Nodes whose ids are their own.
    package var knownNodes: Int
    package var handshakes: Int
    /// Of all nodes, the one about which most masters have said that it does not answer.
    package var mostReports: Int
    package var inboundLinks: Int
    package var forgotten: Int
    package var savesUnderway: Int
    /// Saves that may be under way with as many waitingActions as wait: one for each, and one place for those
    /// that are not synced behind each and behind the rest.
    package var savesLimit: Int
    /// What waits for a save.
    package var waitingActions: Int
    /// In the election that goes on.
    package var votes: Int
    /// Slots on their way, in either direction.
    package var openSlots: Int
}

extension ClusterState {
    package var resourceCounts: ResourceCounts {
        var (meeting, mostReports) = (0, 0)
        for handle in nodes.handles {
            if nodes[handle].isHandshake { meeting += 1 }
            mostReports = max(mostReports, nodes[handle].reports.count)
        }
        return ResourceCounts(
            knownNodes: nodes.count - meeting, handshakes: meeting, mostReports: mostReports,
            inboundLinks: connections.inbound.count, forgotten: forgotten.entries.count,
            savesUnderway: durability.underway.count,
            savesLimit: ClusterConfig.savesUnderwayLimit + 1 + 2 * durability.waiting.count,
            waitingActions: durability.waiting.count,
            votes: election.candidacy?.poll?.voters.count ?? 0,
            openSlots: slots.migrating.list.count + slots.importing.list.count)
    }
}
