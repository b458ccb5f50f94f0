// The section of INFO about replication, with the names that tools look for.

import ClusterCore
import ClusterHost
import ClusterWire
import DataPlane
import SystemIO

enum ReplicationInfo {
    @Sendable static func lines(_ node: Node) -> [(String, String)] {
        let replication = node.replication
        let isReplica = replication.master != nil || !node.host.machine.state.me.isMaster
        let own =
            isReplica
            ? [("role", Word.replica)] + ofMaster(node) : [("role", Word.master)]
        return own + ofReplicas(node) + ofStream(node)
    }

    private static func ofMaster(_ node: Node) -> [(String, String)] {
        let state = node.host.machine.state
        let replication = node.replication
        let now = node.wake.monotonic
        let handle = state.me.master.flatMap { state.nodes.find($0) }
        let address = handle.map { state.nodes[$0].address } ?? NodeAddress.none
        let isCopying = replication.linkState == .copying
        let isUp = replication.linkState == .following
        let silence = replication.linkSilence(at: now).map { $0 / 1000 } ?? -1
        var lines: [(String, String)] = [
            ("master_host", address.ip.text), ("master_port", "\(address.port)"),
            ("master_link_status", isUp ? "up" : "down"),
            ("master_last_io_seconds_ago", "\(silence)"),
            ("master_sync_in_progress", isCopying ? "1" : "0"),
            ("slave_read_repl_offset", "\(replication.log.offset)"),
            ("slave_repl_offset", "\(replication.log.offset)"),
        ]
        if let (received, missing) = replication.copyProgress {
            lines += [
                ("master_sync_total_bytes", "\(missing.map { received + $0 } ?? 0)"),
                ("master_sync_read_bytes", "\(received)"),
                ("master_sync_left_bytes", "\(missing ?? -1)"),
                ("master_sync_last_io_seconds_ago", "0"),
            ]
        }
        if let time = replication.linkDownTime(at: now) {
            lines.append(("master_link_down_since_seconds", "\(time / 1000)"))
        }
        lines += [
            ("slave_priority", "100"), ("slave_read_only", "1"), ("replica_announced", "1"),
            ("grapevine_copy", copyWord(replication, at: now)),
        ]
        if let reason = replication.stoppedBecause {
            lines.append(("grapevine_replication_stopped", "\(reason)"))
        }
        return lines
    }

    /// `old`: read from a file, of an age that nobody knows.
    private static func copyWord(_ replication: Replication, at now: Int64) -> String {
        guard replication.holdsCopy else { return "none" }
        return replication.copyAge(at: now) == nil ? "old" : "held"
    }

    private static func ofReplicas(_ node: Node) -> [(String, String)] {
        let feeds = node.replication.feeds
        return [("connected_slaves", "\(feeds.count)")]
            + feeds.enumerated().map { index, feed in
                let lag = feed.state == .online ? (node.wake.monotonic - feed.heardAt) / 1000 : 0
                return (
                    "slave\(index)",
                    "ip=\(feed.address),port=\(feed.announcement.port),"
                        + "state=\(feed.state.rawValue),offset=\(feed.acknowledged),lag=\(lag)"
                )
            }
    }

    private static func ofStream(_ node: Node) -> [(String, String)] {
        let log = node.replication.log
        return [
            ("master_failover_state", "no-failover"), ("master_replid", "\(log.id)"),
            ("master_replid2", "\(log.secondID ?? .none)"),
            ("master_repl_offset", "\(log.offset)"),
            ("second_repl_offset", "\(log.secondOffset)"),
            ("repl_backlog_active", log.isActive ? "1" : "0"),
            ("repl_backlog_size", "\(node.options.replication.backlogBytes)"),
            ("repl_backlog_first_byte_offset", "\(log.kept?.first ?? 0)"),
            ("repl_backlog_histlen", "\(log.kept?.count ?? 0)"),
        ]
    }
}
