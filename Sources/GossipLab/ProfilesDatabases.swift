// Databases and stores that spread state by gossip: Redis Cluster, Cassandra, ScyllaDB, Riak,
// Dynamo, InfluxDB Enterprise, CockroachDB and S3, each setting with its source, and what the
// laboratory runs in their place.

/// Anti-entropy of all with one random other each, both ways, at an interval.
func pushPull(everyMilliseconds interval: Double) -> LabOptions {
    var options = LabOptions()
    options.strategy = .antiEntropy
    options.mode = .pushPull
    options.intervalMilliseconds = interval
    return options
}

extension Profile {
    /// Redis Cluster: the laboratory runs anti-entropy, push-pull, as PING and PONG carry the whole
    /// state of both ends, to as many a second as the rule of half the node timeout makes it, one
    /// at least. Left out: nobody passes on another's slots, the mailing of FAIL and UPDATE, links,
    /// which `--strategy bus` has.
    static let redisCluster = Profile(
        "redis-cluster", "Redis Cluster's bus, approximated; --strategy bus runs its rules",
        settings: [
            ("clusterCron", "10", "a second", "3.3"),
            ("random ping", "1", "a second, the oldest pong of 5 random nodes", "3.3"),
            ("ping by age", "7.5", "s, half of cluster-node-timeout since the last pong", "3.3"),
            ("cluster-node-timeout", "15", "s", "0.1"),
            ("gossip entries", "max(3, N/10), N - 2 at most, and all PFAIL", "nodes", "3.2"),
            (
                "FAIL",
                "the majority of masters within 2 x cluster-node-timeout, then mailed to all", "",
                "5.2"
            ),
            ("bytes of a PING", "2256 + 104 x gossip entries", "bytes", "2.1 and 2.5"),
        ].map {
            Setting(
                $0.0, $0.1, $0.2,
                "bus protocol, section \($0.3), as this project speaks it beside nine servers")
        },
        notes: [
            "Run as anti-entropy, push-pull, in rounds of a second; each node calls"
                + " ceil((N - 1) / 7.5) others, since each is pinged once in half a node timeout.",
            "A node that was called passes the news on here; on the bus only its owner tells of"
                + " its slots,"
                + " to each other node within half a node timeout. Run --strategy bus for the real"
                + " rules.",
        ]
    ) { nodes in
        var options = pushPull(everyMilliseconds: 1000)
        options.fanout = max(1, ((nodes - 1) * 2 + 14) / 15)
        let entries = max(0, min(max(3, nodes / 10), nodes - 2))
        options.messageBytes = Double(2256 + 104 * entries)
        return options
    }

    /// Cassandra: the laboratory runs anti-entropy, push-pull, with one random other a second. Left
    /// out: the second and third call, at one that is unreachable and at a seed, digests, phi,
    /// hinted hand-off.
    static let cassandra = Profile(
        "cassandra", "Apache Cassandra's gossiper",
        settings: [
            .init("round", "1000", "ms", "apache/cassandra Gossiper.java, intervalInMillis"),
            .init(
                "partners", "1 live, 1 unreachable with probability unreachable/(live + 1), 1 seed",
                "a round", "apache/cassandra Gossiper.java"),
            .init("messages of a contact", "3", "SYN, ACK, ACK2", "apache/cassandra Gossiper.java"),
            .init(
                "phi_convict_threshold", "8", "",
                "apache/cassandra cassandra.yaml, commented default"),
            .init("quarantine", "2 x ring delay of 30 s", "", fromMemory("Gossiper.java")),
            .init("very long time", "3", "days", "apache/cassandra Gossiper.java"),
            .init("hinted_handoff_enabled", "true", "", "apache/cassandra cassandra.yaml"),
            .init("max_hint_window", "3", "h", "apache/cassandra cassandra.yaml"),
            .init("hinted_handoff_throttle", "1024", "KiB/s", "apache/cassandra cassandra.yaml"),
            .init("max_hints_delivery_threads", "2", "", "apache/cassandra cassandra.yaml"),
            .init("hints_flush_period", "10", "s", "apache/cassandra cassandra.yaml"),
            .init("max_hints_file_size", "128", "MiB", "apache/cassandra cassandra.yaml"),
            .init("gc_grace_seconds", "10", "days", fromMemory("tombstone retention")),
        ],
        notes: [
            "Run as anti-entropy, push-pull, one random other a round: SYN carries digests, ACK"
                + " and ACK2 what the other lacks, 3 messages.",
            "Left out: the extra calls at an unreachable node and at a seed, which make it a"
                + " little faster.",
        ]
    ) { _ in pushPull(everyMilliseconds: 1000) }

    /// ScyllaDB: the laboratory runs anti-entropy, push-pull, with one random other a second, the
    /// least of its 1 to 3. Left out: the direct failure detector, and the topology that went to
    /// Raft.
    static let scyllaDB = Profile(
        "scylladb", "ScyllaDB's gossiper",
        settings: [
            .init("round", "1", "s", "scylladb/scylladb docs/kb/gossip.rst"),
            .init("partners", "1 to 3", "nodes a round", "scylladb/scylladb docs/kb/gossip.rst"),
            .init("messages of a contact", "3", "", "scylladb/scylladb docs/kb/gossip.rst"),
            .init("phi_convict_threshold", "8", "", "scylladb/scylladb db/config.cc"),
            .init(
                "failure_detector_timeout_in_ms", "20000", "ms",
                "scylladb/scylladb db/config.cc; issue #8488: 20 s may become 300 s"
            ),
        ],
        notes: [
            "Run as anti-entropy, push-pull, one random other a round, the least of 1 to 3.",
            "Left out: the direct failure detector; the topology is agreed on by Raft since 6.0.",
        ]
    ) { _ in pushPull(everyMilliseconds: 1000) }

    /// Riak's ring: the laboratory runs anti-entropy, push, of the whole ring to one random other;
    /// as documented every 60 s, as coded every 10 s. Left out: the tree by which a change is
    /// pushed at once, so that the real one is faster, and the hash trees of the data.
    static let riak = [
        riak(
            "riak-documented", "as its settings say", everyMilliseconds: 60_000,
            [
                .init(
                    "gossip_interval", "60000", "ms",
                    "basho/riak_core@25d9a6fa src/riak_core.app.src:42; only"
                        + " riak_core_node_watcher.erl:408 reads it")
            ]),
        riak(
            "riak-as-coded", "as the ring is sent", everyMilliseconds: 10_000,
            [
                .init(
                    "gossip_limit", "45 in 10000", "ring messages in ms",
                    "basho/riak_core@25d9a6fa src/riak_core_gossip.erl:48, 275-280"),
                .init(
                    "push of a change", "2", "children of a fixed tree with cycles",
                    "basho/riak_core@25d9a6fa src/riak_core_ring_manager.erl:423, 430"),
            ]),
    ]

    private static func riak(
        _ name: String, _ title: String, everyMilliseconds interval: Double, _ own: [Setting]
    ) -> Profile {
        let core = "basho/riak_core@25d9a6fa"
        let schema = "\(core) and the schema of riak_kv; line not noted"
        return Profile(
            name, "Riak's ring, \(title)",
            settings: own + [
                .init("ring_creation_size", "64", "partitions", schema),
                .init("vnode_inactivity_timeout", "60", "s", schema),
                .init("handoff_concurrency", "2", "", schema),
                .init("anti-entropy tick", "15", "s", schema),
                .init("anti-entropy build limit", "1", "an hour", schema),
                .init("anti-entropy expiry", "1", "week", schema),
                .init("anti-entropy concurrency", "2", "", schema),
                .init("hash tree segments", "1048576", "", "\(core) src/hashtree.erl:163-165"),
                .init("hash tree width", "1024", "", "\(core) src/hashtree.erl:163-165"),
            ],
            notes: [
                "Run as anti-entropy, push: the whole ring to one random other at each interval.",
                "Left out: the push of a change along a fixed binary tree, which is how most"
                    + " changes spread, and the hash trees.",
            ]
        ) { _ in
            var options = pushPull(everyMilliseconds: interval)
            options.mode = .push
            return options
        }
    }

    /// Dynamo's membership: the laboratory runs anti-entropy, push-pull, with one random other a
    /// second. Left out: seeds, hinted hand-off, the Merkle trees of the data.
    static let dynamo = Profile(
        "dynamo", "Amazon Dynamo's membership, as the paper has it",
        settings: [
            .init("contact", "1", "random peer a second", "Dynamo, SOSP 2007, section 4.8"),
            .init("N, R, W", "3, 2, 2", "", "Dynamo, SOSP 2007"),
            .init("bytes of a message", nil, "bytes", "not published"),
            .init("interval of the anti-entropy of data", nil, "s", "not published"),
            .init("limits of hinted hand-off", nil, "", "not published"),
        ],
        notes: [
            "Run as anti-entropy, push-pull, one random other a second: two reconcile their"
                + " histories of membership.",
            "Left out: seeds, which all know, and detection of failures, which is local to"
                + " requests.",
        ]
    ) { _ in pushPull(everyMilliseconds: 1000) }

    /// InfluxDB Enterprise's hinted hand-off: the laboratory runs direct mail with a bounded queue
    /// in rounds of the first retry. Left out: the doubling of the interval, a queue for each
    /// destination, bytes.
    static let influxDBEnterprise = Profile(
        "influxdb-enterprise", "InfluxDB Enterprise's hinted hand-off",
        settings: [
            ("max-size", "10737418240", "bytes, a queue for each destination"),
            ("max-age", "168", "h"), ("batch-size", "512000", "bytes"),
            ("max-writes-pending", "1024", "writes"),
            ("retry-interval", "1", "s, doubled up to 200 s"), ("retry-concurrency", "20", ""),
            ("retry-rate-limit", "unlimited", ""), ("purge-interval", "1", "min"),
            ("anti-entropy enabled", "false", ""),
            ("anti-entropy check-interval", "5", "min; 30 s on the page of 1.5"),
            ("anti-entropy max-fetch", "10", ""), ("anti-entropy max-sync", "1", ""),
            ("anti-entropy auto-repair-missing", "true", ""),
        ].map {
            Setting(
                $0.0, $0.1, $0.2,
                "influxdata/docs-v2 enterprise_influxdb/v1 config-data-nodes.md")
        },
        notes: [
            "Run as direct mail in rounds of 1 s; the queue is counted in batches: 10737418240 /"
                + " 512000.",
            "Left out: the doubling of the interval to 200 s, one queue for each destination, the"
                + " order of"
                + " writes. Anti-entropy is off, as by default. What a full queue drops was not"
                + " looked up: the newest here.",
        ]
    ) { _ in
        var options = LabOptions()
        options.strategy = .directMail
        options.intervalMilliseconds = 1000
        options.queue = 10_737_418_240 / 512_000
        options.maxAge = 168 * 3600
        return options
    }

    /// CockroachDB's gossip network: the laboratory runs a flood over a random graph of three
    /// contacts drawn by each. Left out: the tightening by which links to far origins replace
    /// useless ones, and time stamps.
    static let cockroachDB = Profile(
        "cockroachdb", "CockroachDB's gossip network",
        settings: [
            ("maxHops", "5", "hops"), ("minPeers", "3", "peers"),
            ("maxPeers", "ceil(N^(1/(maxHops - 2)))", "peers; older: maxHops - 1"),
            ("stall", "2", "s"), ("bootstrap", "1", "s"),
            ("cull", "60", "s, the least useful link"),
            ("clients", "2", "s"), ("node descriptor", "1", "h, TTL 2 h"), ("stores", "60", "s"),
        ].map {
            Setting($0.0, $0.1, $0.2, "cockroachdb/cockroach pkg/gossip/gossip.go; line not noted")
        },
        notes: [
            "Run as a flood over a random graph: three contacts drawn by each, a rumor sent once"
                + " to each contact, not back. A round is a hop, whose time is the network's.",
            "Left out: the tightening of the overlay by hop counts, which brings all within"
                + " maxHops.",
        ]
    ) { nodes in
        flood(contacts: 3, targets: nodes)
    }

    /// The peers that a node of a network of this size may have: ceil(N^(1/3)) with at most 5 hops,
    /// and minPeers at least.
    /// - Source: cockroachdb/cockroach, pkg/gossip/gossip.go.
    package static func cockroachMaxPeers(nodes: Int) -> Int {
        var peers = 3
        while peers * peers * peers < nodes { peers += 1 }
        return peers
    }

    /// Amazon S3: nothing is run, as no number was published. Its outage of 2008, one flipped bit
    /// in the state that was gossiped, is an experiment of the failure gallery.
    static let s3 = Profile(
        "s3", "Amazon S3: its numbers are not published",
        settings: ["gossip interval", "fan-out", "bytes of a message", "number of nodes"].map {
            Setting($0, nil, "", "not published")
        },
        notes: [
            "The event of 20 July 2008: a few messages of the gossip of state had one flipped bit"
                + " and were"
                + " still intelligible; that layer alone had no checksum. Errors from 08:40 PDT,"
                + " all stopped"
                + " from 10:32 to 11:05 to clear the state, normal at 15:10 in the EU and 16:58 in"
                + " the US (status page, by way of postmortems.app).",
            "Run `gossip scenario` for one flipped bit, with and without checksums.",
        ],
        notRunBecause: "the numbers of Amazon S3 are not published")
}
