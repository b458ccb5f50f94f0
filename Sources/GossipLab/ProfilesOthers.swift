// SWIM and Lifeguard as their papers ran them, Akka, Bitcoin, Hyperledger Fabric and GossipSub:
// each setting with its source, and what the laboratory runs in their place.

/// What is new goes once to each contact in a random graph, except to whom it came from.
func flood(contacts: Int, targets: Int) -> LabOptions {
    var options = LabOptions()
    options.strategy = .rumor
    options.mode = .push
    options.interest = .blind
    options.stop = .counter
    options.k = 1
    options.fanout = targets
    options.noSendBack = true
    options.topology = .random
    options.contacts = contacts
    return options
}

extension Profile {
    /// SWIM's paper: the laboratory runs SWIM without Lifeguard, with one helper. Left out:
    /// joining.
    static let swim = Profile(
        "swim", "SWIM as its paper ran it",
        settings: [
            .init("protocol period", "2", "s", fromMemory("Das et al., DSN 2002, section 5")),
            .init(
                "members asked for an indirect probe", "1", "", fromMemory("DSN 2002, section 5")),
            .init(
                "suspicion timeout", "about 3 log(n + 1)", "periods",
                fromMemory("DSN 2002, section 5")),
            .init("group", "about 55", "hosts", fromMemory("DSN 2002, section 5")),
        ],
        notes: [
            "Run as swim without Lifeguard; an update is sent 3 ceil(log10(n + 1)) times, and the"
                + " base of the paper's logarithm was not looked up: 10 here.",
            "Failure detection, not news of one's own: one node crashes and the others have to"
                + " find out.",
        ]
    ) { _ in
        var options = LabOptions()
        options.strategy = .swim
        options.lifeguard = false
        options.indirectChecks = 1
        options.suspicionMultiplier = 3
        options.retransmitMultiplier = 3
        options.intervalMilliseconds = 2000
        return options
    }

    /// Lifeguard's paper: the laboratory runs SWIM with Lifeguard. Left out: memberlist's gossip
    /// between probes and its push-pull.
    static let lifeguard = Profile(
        "lifeguard", "Lifeguard as its paper ran it",
        settings: [
            .init("alpha, least suspicion", "5", "", fromMemory("arXiv 1707.00788")),
            .init("beta, most over least suspicion", "6", "", fromMemory("arXiv 1707.00788")),
            .init("K, confirmations", "3", "", fromMemory("arXiv 1707.00788")),
            .init("S, worst health", "8", "", fromMemory("arXiv 1707.00788")),
            .init("group", "128", "agents", fromMemory("arXiv 1707.00788")),
            .init("protocol period", "1", "s", "hashicorp/memberlist@1b4c746c config.go:302-340"),
        ],
        notes: [
            "Run as swim with Lifeguard: a suspicion multiplier of 5, from which K = 3 follows, 3"
                + " helpers and 4 ceil(log10(n + 1)) sends as in memberlist.",
            "Left out: the gossip between probes and the push-pull of memberlist.",
        ]
    ) { _ in
        var options = LabOptions()
        options.strategy = .swim
        options.suspicionMultiplier = 5
        options.intervalMilliseconds = 1000
        return options
    }

    // MARK: Akka

    /// Akka Cluster: the laboratory runs anti-entropy, push-pull, once a second. As documented a
    /// partner with another view is preferred with some chance, which is left out: any partner. As
    /// coded such a one is always preferred: no partner is called twice.
    static let akka = [
        Profile(
            "akka-documented", "Akka Cluster, as its settings and their comments say",
            settings: akkaSettings + [
                .init(
                    "probability of a partner with another view",
                    "0.8 up to 400 nodes, falling to 0.08 at 1200", "",
                    "\(akkaReference):164, 168; a comment in the code says 1600")
            ],
            notes: akkaNotes + [
                "A partner with another view is preferred 4 times in 5 at most: run with any"
                    + " partner."
            ]
        ) { _ in pushPull(everyMilliseconds: 1000) },
        Profile(
            "akka-as-coded", "Akka Cluster, as the code chooses partners",
            settings: akkaSettings + [
                .init(
                    "probability of a partner with another view",
                    "400 up to 400 nodes, falling to 40 at 1200: always 1 or more", "",
                    "akka/akka@9892c5e4 ClusterDaemon.scala:357-358, MembershipState.scala:364-384;"
                        + " the 0.8 is read and used nowhere")
            ],
            notes: akkaNotes + [
                "A partner with another view is always preferred: run with no partner called"
                    + " twice, where the real one also learns from others who has seen the state."
            ]
        ) { nodes in
            var options = pushPull(everyMilliseconds: 1000)
            options.noRepeat = nodes <= LabOptions.memoryLimit
            return options
        },
    ]

    /// The chance of preferring a partner with another view, from what it is up to 400 nodes: 0.8
    /// as documented, 400 as coded. It falls linearly to a tenth at 1200 nodes.
    /// - Source: akka/akka@9892c5e4, MembershipState.scala:364-384.
    package static func akkaProbability(nodes: Int, upTo400 high: Double) -> Double {
        let beyond = Double(min(max(0, nodes - 400), 800))
        return high * (1 - 0.9 * beyond / 800)
    }

    private static let akkaReference =
        "akka/akka@9892c5e4 akka-cluster/src/main/resources/reference.conf"
    private static let akkaSettings: [Setting] =
        [
            ("gossip-interval", "1", "s", ":140"), ("gossip-time-to-live", "2", "s", ":143"),
            ("leader-actions-interval", "1", "s", ""), ("gossip tombstones", "24", "h", ""),
            ("failure detector: threshold", "8.0", "phi", ":197"),
            ("failure detector: heartbeat-interval", "1", "s", ":190"),
            ("failure detector: acceptable-heartbeat-pause", "3", "s", ":214"),
            ("failure detector: monitored-by-nr-of-members", "9", "nodes", ":218"),
            ("failure detector: min-std-deviation", "100", "ms", ""),
            ("failure detector: max-sample-size", "1000", "intervals", ""),
            ("multi-data-center: cross connections", "5", "", ""),
            ("multi-data-center: cross gossip probability", "0.2", "", ""),
            ("multi-data-center: heartbeat-interval", "3", "s", ""),
            ("multi-data-center: acceptable-heartbeat-pause", "10", "s", ""),
        ].map {
            Setting($0.0, $0.1, $0.2, akkaReference + ($0.3.isEmpty ? "; line not noted" : $0.3))
        } + [
            .init(
                "extra rounds", "2",
                "at 1/3 and 2/3 of the interval while fewer than half have seen it",
                "akka/akka@9892c5e4 ClusterDaemon.scala:1275-1294")
        ]
    private static let akkaNotes = [
        "Run as anti-entropy, push-pull, one other a second.",
        "Left out: the extra rounds while fewer than half have seen the state, by which the real"
            + " one is faster at first; status messages; failure detection.",
    ]

    // MARK: Ledgers

    /// Bitcoin's transactions: the laboratory runs a flood over a random graph of eight outbound
    /// contacts. Left out: the exponential delays, by which each hop takes 2 s or 5 s in the mean,
    /// and limits on inventory.
    static let bitcoin = Profile(
        "bitcoin", "Bitcoin Core's relay of transactions",
        settings: [
            ("full-relay outbound connections", "8", ""),
            ("block-only outbound connections", "2", ""), ("feeler connections", "1", ""),
            ("connections in all", "125", ""),
            ("messages of a new transaction", "3", "INV, GETDATA, TX"),
            ("mean delay to inbound peers", "5", "s, one timer for all"),
            ("mean delay to an outbound peer", "2", "s"),
            ("inventory", "14", "a second; 7 in older ones"), ("inventory target", "70", ""),
            ("most of a message", "1000", "inventory entries"), ("address broadcast", "30", "s"),
        ].map {
            Setting(
                $0.0, $0.1, $0.2,
                "bitcoin/bitcoin src/net.h, src/net_processing.cpp; line not noted")
        } + [
            .init("wait for a reply", "60", "s", "quoted by a third party; not looked up"),
            .init(
                "delay for non-preferred peers", "2", "s",
                "quoted by a third party; not looked up"),
            .init("Erlay", "not active", "", "BIP 330, a draft"),
        ],
        notes: [
            "Run as a rumor by push over a random graph: 8 contacts drawn by each, sent once to"
                + " each contact,"
                + " not back. A round is one hop of 2 s, the mean delay to an outbound peer.",
            "Left out: the draw of the delays, the other kinds of connections. An INV, a GETDATA"
                + " and a TX count as one message here.",
        ]
    ) { _ in
        var options = flood(contacts: 8, targets: 125)
        options.intervalMilliseconds = 2000
        return options
    }

    /// Hyperledger Fabric's blocks: the laboratory runs infect-and-die with a fan-out of 3, as a
    /// blind rumor with k = 1, and anti-entropy behind it every 4 s. Left out: organisations,
    /// leaders, state transfer.
    static let hyperledgerFabric = Profile(
        "hyperledger-fabric", "Hyperledger Fabric's gossip of blocks",
        settings: [
            ("propagateIterations", "1", "", ":138"), ("propagatePeerNum", "3", "peers", ":140"),
            ("maxPropagationBurstSize", "10", "messages", ""),
            ("maxPropagationBurstLatency", "10", "ms", ""), ("pullInterval", "4", "s", ":143"),
            ("pullPeerNum", "3", "peers", ":145"), ("requestStateInfoInterval", "4", "s", ":147"),
            ("publishStateInfoInterval", "4", "s", ":149"), ("digestWaitTime", "1", "s", ""),
            ("requestWaitTime", "1.5", "s", ""), ("responseWaitTime", "2", "s", ""),
            ("aliveTimeInterval", "5", "s", ":173"), ("aliveExpirationTimeout", "25", "s", ""),
            ("reconnectInterval", "25", "s", ""), ("maxBlockCountToStore", "10", "blocks", ""),
            ("state.checkInterval", "10", "s, off by default", ""),
            ("pvtData.reconcile", "1", "min, 10 at a time", ""),
        ].map {
            let lines = $0.3.isEmpty ? "; line not noted" : $0.3
            return Setting(
                $0.0, $0.1, $0.2, "hyperledger/fabric@0c423ac4 sampleconfig/core.yaml\(lines)")
        },
        notes: [
            "Run as infect-and-die, which is a rumor by push, blind, k = 1, fan-out 3, in rounds"
                + " of the 10 ms that a burst waits, with anti-entropy behind it every 4 s.",
            "The anti-entropy behind is push-pull with one other and makes a rumor new again; the"
                + " real one pulls from 3 others and does not.",
        ]
    ) { _ in
        var options = LabOptions()
        options.strategy = .rumor
        options.mode = .push
        options.interest = .blind
        options.stop = .counter
        options.k = 1
        options.fanout = 3
        options.backup = .antiEntropy
        options.backupEvery = 400
        options.roundsLimit = 20 * 400
        options.intervalMilliseconds = 10
        return options
    }

    /// GossipSub: the laboratory runs a flood over a random graph of mean degree 6, with
    /// anti-entropy behind it for the IHAVE of each heartbeat. Left out: grafting and pruning
    /// between Dlo and Dhi, scores.
    static let gossipSub = Profile(
        "gossipsub", "libp2p's GossipSub",
        settings: [
            ("D", "6", "peers"), ("Dlo", "4", "peers; 5 later"), ("Dhi", "12", "peers"),
            ("history length", "5", "heartbeats"), ("history gossip", "3", "heartbeats"),
            ("heartbeat", "1", "s"), ("fanout TTL", "60", "s"), ("Dlazy", "6", "peers"),
            ("gossip factor", "0.25", ""),
        ].map { Setting($0.0, $0.1, $0.2, "constants of several libp2p clients; line not noted") }
            + [
                .init(
                    "heartbeat (Ethereum)", "0.7", "s", fromMemory("Ethereum's consensus clients")),
                .init("D (Ethereum)", "8", "peers", fromMemory("Ethereum's consensus clients")),
            ],
        notes: [
            "Run as a flood over a random graph: 3 contacts drawn by each, 6 in the mean, sent"
                + " once to each of"
                + " up to 12, not back. A round is a hop, taken to be 100 ms: an assumption, not a"
                + " setting.",
            "Behind it anti-entropy with one contact at each heartbeat, in the place of IHAVE to"
                + " Dlazy peers and IWANT. Left out: grafting, pruning, scores.",
        ]
    ) { _ in
        var options = flood(contacts: 3, targets: 12)
        options.backup = .antiEntropy
        options.backupEvery = 10
        options.intervalMilliseconds = 100
        return options
    }
}
