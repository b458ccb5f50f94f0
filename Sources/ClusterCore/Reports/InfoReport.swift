// CLUSTER INFO. Lines end with CRLF and stand in the reference's order. Follows bus protocol §9.2.

import ClusterWire

package enum InfoReport {
    package static func text(_ state: ClusterState, _ figures: BusFigures = BusFigures()) -> String
    {
        var slots = (ok: 0, suspected: 0, failed: 0)
        var nodes = (suspected: 0, failed: 0)
        var voters = (suspected: 0, failed: 0)
        for handle in state.nodes.handles {
            let node = state.nodes[handle]
            let voter = node.isVotingMaster ? 1 : 0
            switch node.condition {
            case .healthy: slots.ok += node.slotCount
            case .pfail:
                slots.suspected += node.slotCount
                nodes.suspected += 1
                voters.suspected += voter
            case .fail:
                slots.failed += node.slotCount
                nodes.failed += 1
                voters.failed += voter
            }
        }
        var lines = [
            "cluster_state:\(state.health.isOK ? "ok" : "fail")",
            "cluster_slots_assigned:\(state.slots.assignedCount)",
            "cluster_slots_ok:\(slots.ok)",
            "cluster_slots_pfail:\(slots.suspected)",
            "cluster_slots_fail:\(slots.failed)",
            "cluster_nodes_pfail:\(nodes.suspected)",
            "cluster_nodes_fail:\(nodes.failed)",
            "cluster_voting_nodes_pfail:\(voters.suspected)",
            "cluster_voting_nodes_fail:\(voters.failed)",
            "cluster_known_nodes:\(state.nodes.shownCount)",
            "cluster_size:\(state.size)",
            "cluster_current_epoch:\(state.currentEpoch)",
            "cluster_my_epoch:\(state.nodes[state.shardMaster].configEpoch)",
        ]
        lines += counts(state.statistics.sent, "sent")
        lines += counts(state.statistics.received, "received")
        lines += [
            "cluster_stats_bytes_sent:\(figures.sentBytes)",
            "cluster_stats_bytes_received:\(figures.receivedBytes)",
            "cluster_stats_pubsub_bytes_sent:\(figures.publishedBytes.sent)",
            "cluster_stats_pubsub_bytes_received:\(figures.publishedBytes.received)",
        ]
        // There are no modules.
        lines += ["sent", "received"].map { "cluster_stats_module_bytes_\($0):0" }
        lines.append("total_cluster_links_buffer_limit_exceeded:\(figures.linksOverLimit)")
        lines += trust(state.statistics.trust)
        lines.append("cluster_config_saved:\(state.durability.isFailing ? "no" : "yes")")
        return lines.map { $0 + "\r\n" }.joined()
    }

    private static func trust(_ counts: TrustCounts) -> [String] {
        [
            "cluster_claims_asked:\(counts.asked)",
            "cluster_claims_confirmed:\(counts.confirmed)",
            "cluster_claims_denied:\(counts.denied)",
            "cluster_claims_unanswered:\(counts.unanswered)",
            "cluster_identity_conflicts:\(counts.identityConflicts)",
            "cluster_epochs_refused:\(counts.epochsRefused)",
            "cluster_probes:\(counts.probes)",
            "cluster_unproven_messages:\(counts.unproven)",
        ]
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
