// CLUSTER INFO. Lines end with CRLF and stand in the reference's order. Follows bus protocol §9.2.

import ClusterWire

package enum InfoReport {
    package static func text(_ state: ClusterState) -> String {
        var slots = (ok: 0, suspected: 0, failed: 0)
        for handle in state.nodes.handles where state.nodes[handle].slotCount > 0 {
            switch state.nodes[handle].condition {
            case .healthy: slots.ok += state.nodes[handle].slotCount
            case .suspected: slots.suspected += state.nodes[handle].slotCount
            case .failed: slots.failed += state.nodes[handle].slotCount
            }
        }
        var lines = [
            "cluster_state:\(state.health.isOK ? "ok" : "fail")",
            "cluster_slots_assigned:\(state.slots.assignedCount)",
            "cluster_slots_ok:\(slots.ok)",
            "cluster_slots_pfail:\(slots.suspected)",
            "cluster_slots_fail:\(slots.failed)",
            "cluster_known_nodes:\(state.nodes.shownCount)",
            "cluster_size:\(state.size)",
            "cluster_current_epoch:\(state.currentEpoch)",
            "cluster_my_epoch:\(state.nodes[state.shardMaster].configEpoch)",
        ]
        lines += counts(state.statistics.sent, "sent")
        lines += counts(state.statistics.received, "received")
        lines.append(
            "total_cluster_links_buffer_limit_exceeded:\(state.statistics.linksOverLimit)")
        return lines.map { $0 + "\r\n" }.joined()
    }

    private static func counts(_ counts: [UInt64], _ direction: String) -> [String] {
        var lines: [String] = []
        for (index, count) in counts.enumerated() where count > 0 {
            let type = MessageType(rawValue: UInt16(index))
            if let name = type.statisticsName {
                lines.append("cluster_stats_messages_\(name)_\(direction):\(count)")
            }
        }
        lines.append("cluster_stats_messages_\(direction):\(counts.reduce(0, &+))")
        return lines
    }
}
