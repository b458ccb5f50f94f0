// INFO, as cluster tools read it.

import ClusterCore
import ClusterHost
import ClusterWire
import DataPlane
import SystemIO
import Text

enum ServerInfo {
    /// The version whose commands are answered here: tools decide by it what they may ask.
    static let redisVersion = "7.2.0"
    package static let grapevineVersion = "0.1.0"

    /// The sections asked for; the usual ones when none is named.
    static func text(_ node: Node, sections: [String]) -> String {
        let wantsAll = !Set(sections).isDisjoint(with: ["all", "everything"])
        let wantsUsual = sections.isEmpty || sections.contains("default")
        let wanted = ServerInfo.sections.filter { name, isUsual, _ in
            wantsAll || wantsUsual && isUsual || sections.contains(name.lowercased())
        }
        return wanted.map { name, _, lines in
            "# \(name)\r\n" + lines(node).map { "\($0.0):\($0.1)\r\n" }.joined()
        }.joined(separator: "\r\n")
    }

    private typealias Lines = @Sendable (Node) -> [(String, String)]

    /// Names, whether they are told without being asked for, and what they say.
    private static let sections: [(String, Bool, Lines)] = [
        ("Server", true, server), ("Clients", true, clients), ("Memory", true, memory),
        ("Persistence", true, persistence), ("Stats", true, stats),
        ("Replication", true, ReplicationInfo.lines), ("CPU", true, processor),
        ("Modules", true, { _ in [] }), ("Commandstats", false, commands),
        ("Errorstats", true, errors), ("Cluster", true, { _ in [("cluster_enabled", "1")] }),
        ("Keyspace", true, keyspace),
    ]

    @Sendable private static func server(_ node: Node) -> [(String, String)] {
        let uptime = (node.now.wall - node.startedAt) / 1000
        return [
            ("redis_version", redisVersion), ("grapevine_version", grapevineVersion),
            ("redis_mode", "cluster"), ("arch_bits", "64"), ("multiplexing_api", "epoll"),
            ("process_id", "\(ProcessInformation.ownID)"), ("run_id", node.runID),
            ("process_supervised", node.options.supervision.rawValue),
            ("tcp_port", "\(node.options.port)"), ("server_time_usec", "\(node.now.wall * 1000)"),
            ("uptime_in_seconds", "\(uptime)"), ("uptime_in_days", "\(uptime / 86_400)"),
            ("config_file", node.options.sourceFile),
        ]
    }

    @Sendable private static func clients(_ node: Node) -> [(String, String)] {
        let pause = node.longestPause
        return [
            ("connected_clients", "\(node.clients.count)"),
            ("cluster_connections", "\(2 * (node.host.machine.state.nodes.shownCount - 1))"),
            ("maxclients", "\(node.clientLimit)"),
            ("blocked_clients", "\(node.clients.waitingCount)"),
            ("pubsub_clients", "\(node.clients.subscribers.table.subscriberCount)"),
            ("paused_reason", pause?.reason ?? "none"),
            (
                "paused_actions",
                pause == nil ? "none" : node.clients.pause.holdsAll ? "all" : "write"
            ),
            ("paused_timeout_milliseconds", "\(pause?.milliseconds ?? 0)"),
        ]
    }

    @Sendable private static func memory(_ node: Node) -> [(String, String)] {
        let (resident, peak) = ProcessInformation.memoryBytes()
        return [
            ("used_memory", "\(resident)"), ("used_memory_human", human(resident)),
            ("used_memory_rss", "\(resident)"), ("used_memory_rss_human", human(resident)),
            ("used_memory_peak", "\(peak)"), ("used_memory_peak_human", human(peak)),
            ("used_memory_dataset", "\(node.store.heldBytes)"),
            ("maxmemory", "\(node.options.maxMemory)"),
            ("maxmemory_human", human(node.options.maxMemory)),
            ("maxmemory_policy", node.options.eviction.rawValue),
            // What is used is measured as what is in RAM.
            ("mem_fragmentation_ratio", "1.00"), ("mem_fragmentation_bytes", "0"),
            ("mem_clients_normal", "\(node.clients.heldBytes)"), ("mem_clients_slaves", "0"),
            ("mem_cluster_links", "\(node.host.queuedBytes)"),
        ]
    }

    /// Bytes for people, as the reference writes them.
    private static func human(_ bytes: Int) -> String {
        guard bytes >= 1024 else { return "\(bytes)B" }
        let units = ["K", "M", "G", "T", "P"]
        var unit = 0
        var size = 1024
        while bytes / size >= 1024, unit + 1 < units.count {
            size <<= 10
            unit += 1
        }
        let hundredths = bytes / size * 100 + bytes % size * 100 / size
        return Decimals.text(Int64(hundredths), per: 100, 2) + units[unit]
    }

    @Sendable private static func persistence(_ node: Node) -> [(String, String)] {
        let disk = node.keysOnDisk
        let figures = disk.figures
        let isCopying = node.replication.copyProgress != nil
        return [
            ("loading", isCopying ? "1" : "0"), ("async_loading", isCopying ? "1" : "0"),
            ("rdb_changes_since_last_save", "\(disk.unsaved(node.store))"),
            ("rdb_bgsave_in_progress", disk.isSaving ? "1" : "0"),
            ("rdb_last_save_time", "\(figures.lastSave / 1000)"),
            ("rdb_last_bgsave_status", figures.lastFailure == nil ? "ok" : "err"),
            (
                "rdb_last_bgsave_time_sec",
                "\(figures.lastDuration < 0 ? -1 : figures.lastDuration / 1000)"
            ),
            ("rdb_current_bgsave_time_sec", disk.isSaving ? "0" : "-1"),
            ("aof_enabled", "0"), ("aof_rewrite_in_progress", "0"),
        ]
    }

    @Sendable private static func stats(_ node: Node) -> [(String, String)] {
        let figures = node.statistics
        return [
            ("total_connections_received", "\(figures.connections)"),
            ("total_commands_processed", "\(figures.total.commands)"),
            ("instantaneous_ops_per_sec", "\(figures.perSecond.commands)"),
            ("total_net_input_bytes", "\(figures.total.readBytes)"),
            ("total_net_output_bytes", "\(figures.total.writtenBytes)"),
            ("instantaneous_input_kbps", kilobytes(figures.perSecond.readBytes)),
            ("instantaneous_output_kbps", kilobytes(figures.perSecond.writtenBytes)),
            ("rejected_connections", "\(figures.rejectedConnections)"),
            ("expired_keys", "\(node.store.figures.expired)"),
            ("evicted_keys", "\(node.store.figures.evicted)"),
            ("keyspace_hits", "\(node.store.figures.hits)"),
            ("keyspace_misses", "\(node.store.figures.misses)"),
            ("total_error_replies", "\(figures.errorCount)"),
            ("client_output_buffer_limit_disconnections", "\(figures.closedForOutput)"),
            ("sync_full", "\(node.replication.figures.copies)"),
            ("sync_partial_ok", "\(node.replication.figures.continued)"),
            ("sync_partial_err", "\(node.replication.figures.refused)"),
            ("pubsub_channels", "\(node.clients.subscribers.table.channelCount)"),
            ("pubsub_patterns", "\(node.clients.subscribers.table.patternCount)"),
            ("pubsubshard_channels", "\(node.clients.subscribers.table.shardChannelCount)"),
            ("acl_access_denied_auth", "\(figures.access.failures)"),
            ("acl_access_denied_cmd", "0"), ("acl_access_denied_key", "0"),
            ("acl_access_denied_channel", "0"),
            ("migrate_cached_sockets", "\(node.moves.linkCount)"),
            ("latest_fork_usec", "0"), ("total_forks", "0"),
        ]
    }

    private static func kilobytes(_ bytes: UInt64) -> String {
        Decimals.text(Int64(clamping: bytes), per: 1024, 2)
    }

    @Sendable private static func processor(_ node: Node) -> [(String, String)] {
        let (user, system) = ProcessInformation.processorTimes()
        return [
            ("used_cpu_sys", Decimals.text(system / 1000, per: 1_000_000, 6)),
            ("used_cpu_user", Decimals.text(user / 1000, per: 1_000_000, 6)),
            ("used_cpu_sys_children", "0.000000"), ("used_cpu_user_children", "0.000000"),
        ]
    }

    @Sendable private static func commands(_ node: Node) -> [(String, String)] {
        CommandTable.all.flatMap { [$0] + $0.subcommands }.compactMap { spec in
            let usage = node.statistics.usage[spec.number]
            guard usage.calls > 0 || usage.rejected > 0 else { return nil }
            let each =
                usage.calls == 0 ? 0 : usage.nanoseconds / 10 / Int64(clamping: usage.calls)
            return (
                "cmdstat_\(spec.fullName)",
                "calls=\(usage.calls),usec=\(usage.nanoseconds / 1000),"
                    + "usec_per_call=\(Decimals.text(each, per: 100, 2)),rejected_calls=\(usage.rejected),"
                    + "failed_calls=\(usage.failed)"
            )
        }
    }

    @Sendable private static func errors(_ node: Node) -> [(String, String)] {
        node.statistics.errors.sorted { $0.key < $1.key }
            .map { ("errorstat_\($0.key)", "count=\($0.value)") }
    }

    @Sendable private static func keyspace(_ node: Node) -> [(String, String)] {
        guard node.store.count > 0 else { return [] }
        return [
            (
                "db0",
                "keys=\(node.store.count),expires=\(node.store.expiringCount),"
                    + "avg_ttl=\(node.store.averageTimeToLive)"
            )
        ]
    }
}
