// Names of directives that say how well a data store, a copy of it or its scripts do what they do. A
// node takes them, so that the file of an existing server can be used, and says once that they have
// no effect. Those that promise something are not here: see UnbuiltDirectives.

enum StoreDirectives {
    static let names: Set<String> = [
        "acl-pubsub-default", "acllog-max-len", "active-defrag-cycle-max",
        "active-defrag-cycle-min", "active-defrag-cycle-us", "active-defrag-ignore-bytes",
        "active-defrag-max-scan-fields", "active-defrag-threshold-lower",
        "active-defrag-threshold-upper", "active-expire-effort", "activedefrag", "activerehashing",
        "always-show-logo", "aof-disable-auto-gc", "aof-load-truncated", "aof-rewrite-cpulist",
        "aof-rewrite-incremental-fsync", "aof-timestamp-enabled", "aof-use-rdb-preamble",
        "aof_rewrite_cpulist", "appenddirname", "appendfilename", "appendfsync",
        "auto-aof-rewrite-min-size", "auto-aof-rewrite-percentage", "bgsave-cpulist",
        "bgsave_cpulist", "bio-cpulist", "bio_cpulist", "busy-reply-threshold",
        "cluster-compatibility-sample-ratio",
        "cluster-config-save-behavior", "cluster-slot-migration-log-max-len",
        "cluster-slot-stats-enabled", "commandlog-large-reply-max-len",
        "commandlog-large-request-max-len", "crash-log-enabled", "crash-memcheck-enabled",
        "disable-thp", "dual-channel-replication-enabled", "dynamic-hz",
        "extended-redis-compatibility", "hash-max-listpack-entries", "hash-max-listpack-value",
        "hash-max-ziplist-entries", "hash-max-ziplist-value", "hash-seed", "hll-sparse-max-bytes",
        "ignore-warnings", "io-threads-do-reads", "jemalloc-bg-thread",
        "latency-tracking-info-percentiles", "lazyfree-lazy-eviction", "lazyfree-lazy-expire",
        "lazyfree-lazy-server-del", "lazyfree-lazy-user-del", "lazyfree-lazy-user-flush",
        "lfu-decay-time", "lfu-log-factor", "list-compress-depth", "list-max-listpack-size",
        "list-max-ziplist-size", "locale-collate", "lua-enable-insecure-api", "lua-time-limit",
        "max-new-connections-per-cycle", "maxmemory-eviction-tenacity", "maxmemory-samples",
        "mptcp", "no-appendfsync-on-rewrite", "oom-score-adj-values", "prefetch-batch-max-size",
        "proc-title-template", "propagation-error-behavior", "rdb-del-sync-files",
        "rdb-save-incremental-fsync", "rdb-version-check", "rdbchecksum", "rdbcompression",
        "rdma-completion-vector", "rdma-rx-size", "repl-disable-tcp-nodelay", "repl-diskless-load",
        "repl-diskless-sync-max-replicas", "repl-diskless-sync-period", "repl-mptcp",
        "replica-announced", "replica-full-sync-buffer-limit", "replica-ignore-disk-write-errors",
        "replica-ignore-maxmemory", "replica-lazy-flush", "replica-priority",
        "sanitize-dump-payload", "server-cpulist", "server_cpulist", "set-max-intset-entries",
        "set-max-listpack-entries", "set-max-listpack-value", "set-proc-title",
        "slave-ignore-maxmemory", "slave-lazy-flush", "slave-priority",
        "slot-migration-max-failover-repl-bytes", "stop-writes-on-bgsave-error",
        "stream-node-max-bytes", "stream-node-max-entries", "syslog-facility", "syslog-ident",
        "tracking-table-max-keys", "zset-max-listpack-entries", "zset-max-listpack-value",
        "zset-max-ziplist-entries", "zset-max-ziplist-value",
    ]
}
