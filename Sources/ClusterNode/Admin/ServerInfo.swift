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
        ("Replication", true, replication), ("CPU", true, processor),
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
        [
            ("connected_clients", "\(node.clients.count)"),
            ("cluster_connections", "\(2 * (node.host.machine.state.nodes.shownCount - 1))"),
            ("maxclients", "\(node.clientLimit)"),
            ("blocked_clients", "\(node.clients.waitingCount)"),
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
            ("maxmemory_human", human(node.options.maxMemory)), ("maxmemory_policy", "noeviction"),
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

    /// Keys are saved nowhere.
    @Sendable private static func persistence(_ node: Node) -> [(String, String)] {
        [
            ("loading", "0"), ("async_loading", "0"),
            ("rdb_changes_since_last_save", "\(node.store.changes)"),
            ("rdb_bgsave_in_progress", "0"), ("aof_enabled", "0"), ("aof_rewrite_in_progress", "0"),
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
            ("expired_keys", "\(node.store.figures.expired)"), ("evicted_keys", "0"),
            ("keyspace_hits", "\(node.store.figures.hits)"),
            ("keyspace_misses", "\(node.store.figures.misses)"),
            ("total_error_replies", "\(figures.errorCount)"),
            ("client_output_buffer_limit_disconnections", "\(figures.closedForOutput)"),
            ("sync_full", "0"), ("sync_partial_ok", "0"), ("sync_partial_err", "0"),
            ("pubsub_channels", "0"), ("pubsub_patterns", "0"), ("pubsubshard_channels", "0"),
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

    @Sendable private static func replication(_ node: Node) -> [(String, String)] {
        let state = node.host.machine.state
        var lines: [(String, String)] = []
        if let id = state.me.master {
            let address = state.nodes.find(id).map { state.nodes[$0].address } ?? .none
            lines += [
                ("role", Word.replica), ("master_host", address.ip.text),
                ("master_port", "\(address.port)"), ("master_link_status", "down"),
                ("master_last_io_seconds_ago", "-1"), ("master_sync_in_progress", "0"),
                ("slave_repl_offset", "\(state.me.offset)"),
                ("master_link_down_since_seconds", "-1"), ("slave_read_only", "1"),
                ("grapevine_copy", state.store.copyAge == nil ? "none" : "held"),
            ]
        } else {
            lines += [("role", Word.master)]
        }
        lines += [
            ("connected_slaves", "0"), ("master_failover_state", "no-failover"),
            ("master_replid", node.runID),
            ("master_replid2", String(repeating: "0", count: node.runID.count)),
            ("master_repl_offset", "\(state.me.offset)"), ("second_repl_offset", "-1"),
            ("repl_backlog_active", "0"),
        ]
        return lines
    }
}
