// HashiCorp's memberlist and what is built on it, Serf and Consul: the settings with their sources,
// and the push of rumors that the laboratory runs in their place.

/// The numbers of memberlist that a run depends on.
private struct MemberlistNumbers {
    let gossipMilliseconds: Int
    let gossipNodes: Int
    let probeMilliseconds: Int
    let probeTimeoutMilliseconds: Int
    let indirectChecks: Int
    let suspicionMultiplier: Int
    let retransmitMultiplier: Int
    let pushPullSeconds: Int
    let gossipToTheDeadSeconds: Int
    let tcpTimeoutSeconds: Int

    static let lan = MemberlistNumbers(
        gossipMilliseconds: 200, gossipNodes: 3, probeMilliseconds: 1000,
        probeTimeoutMilliseconds: 500, indirectChecks: 3, suspicionMultiplier: 4,
        retransmitMultiplier: 4, pushPullSeconds: 30, gossipToTheDeadSeconds: 30,
        tcpTimeoutSeconds: 10)
    static let wan = MemberlistNumbers(
        gossipMilliseconds: 500, gossipNodes: 4, probeMilliseconds: 5000,
        probeTimeoutMilliseconds: 3000, indirectChecks: 3, suspicionMultiplier: 6,
        retransmitMultiplier: 4, pushPullSeconds: 60, gossipToTheDeadSeconds: 60,
        tcpTimeoutSeconds: 30)
    static let local = MemberlistNumbers(
        gossipMilliseconds: 100, gossipNodes: 3, probeMilliseconds: 1000,
        probeTimeoutMilliseconds: 200, indirectChecks: 1, suspicionMultiplier: 3,
        retransmitMultiplier: 2, pushPullSeconds: 15, gossipToTheDeadSeconds: 15,
        tcpTimeoutSeconds: 1)

    /// - Parameter fanout: where it is not that of `gossipNodes`.
    func options(nodes: Int, fanout: Int? = nil) -> LabOptions {
        var options = LabOptions()
        let targets = max(1, min(fanout ?? gossipNodes, nodes - 1))
        let sends = SwimTheory.sends(multiplier: retransmitMultiplier, nodes: nodes)
        options.strategy = .rumor
        options.mode = .push
        options.interest = .blind
        options.stop = .counter
        options.fanout = targets
        options.k = (sends + targets - 1) / targets
        options.backup = .antiEntropy
        options.backupEvery =
            pushPullSeconds * 1000 * Memberlist.pushPullScale(nodes: nodes) / gossipMilliseconds
        options.roundsLimit = max(options.roundsLimit, options.backupEvery * 20)
        options.indirectChecks = indirectChecks
        options.suspicionMultiplier = suspicionMultiplier
        options.retransmitMultiplier = retransmitMultiplier
        options.intervalMilliseconds = Double(gossipMilliseconds)
        options.messageBytes = 1400
        return options
    }

    func settings(at lines: String) -> [Setting] {
        let source = "\(Memberlist.repository) config.go:\(lines)"
        return [
            .init("GossipInterval", "\(gossipMilliseconds)", "ms", source),
            .init("GossipNodes", "\(gossipNodes)", "nodes", source),
            .init("ProbeInterval", "\(probeMilliseconds)", "ms", source),
            .init("ProbeTimeout", "\(probeTimeoutMilliseconds)", "ms", source),
            .init("IndirectChecks", "\(indirectChecks)", "nodes", source),
            .init("SuspicionMult", "\(suspicionMultiplier)", "", source),
            .init("SuspicionMaxTimeoutMult", "6", "", source),
            .init("RetransmitMult", "\(retransmitMultiplier)", "", source),
            .init("PushPullInterval", "\(pushPullSeconds)", "s", source),
            .init("GossipToTheDeadTime", "\(gossipToTheDeadSeconds)", "s", source),
            .init("TCPTimeout", "\(tcpTimeoutSeconds)", "s", source),
        ] + Memberlist.common
    }
}

/// Rules of memberlist that its settings do not say by themselves.
package enum Memberlist {
    static let repository = "hashicorp/memberlist@1b4c746c"

    /// The multiple of PushPullInterval that a group of this size takes.
    /// - Source: memberlist, util.go:29 and 95-103.
    package static func pushPullScale(nodes: Int) -> Int {
        var scale = 1
        var reach = 32
        while reach < nodes {
            reach *= 2
            scale += 1
        }
        return scale
    }

    static let common: [Setting] = [
        .init("UDPBufferSize", "1400", "bytes", "\(repository) config.go:302-340"),
        .init("AwarenessMaxMultiplier", "8", "", "\(repository) config.go:302-340"),
        .init("HandoffQueueDepth", "1024", "messages", "\(repository) config.go:302-340"),
        .init("QueueCheckInterval", "30", "s", "\(repository) config.go:302-340"),
        .init(
            "sends of an update by each node", "RetransmitMult x ceil(log10(N + 1))", "",
            "\(repository) util.go:78-82"),
        .init(
            "scale of PushPullInterval", "1 up to 32 nodes, else ceil(log2 N - 5) + 1", "",
            "\(repository) util.go:29, 95-103"),
        .init(
            "least suspicion timeout", "SuspicionMult x max(1, log10 N) x ProbeInterval", "",
            "\(repository) state.go:1210-1222"),
        .init(
            "suspicion timeout", "max - (max - min) ln(c + 1)/ln(K + 1), K = SuspicionMult - 2", "",
            "\(repository) suspicion.go:89-100"),
    ]

    static let notes = [
        "Run as a rumor: push, blind, counter. The sends are spent in rounds of GossipNodes, so"
            + " that interest"
            + " is lost after ceil(sends / fan-out) rounds, which may be up to fan-out - 1 sends"
            + " more.",
        "Behind it anti-entropy, push-pull, all nodes in one round in the place of each at its own"
            + " time.",
        "Left out: what goes on top of probes, the limit of 1400 bytes a packet, gossip to the"
            + " dead. The bytes of a message are that limit. Failure detection is --strategy swim.",
    ]
}

extension Profile {
    /// memberlist: the laboratory runs a blind rumor with anti-entropy behind it; see
    /// `Memberlist.notes` for what that leaves out.
    static let memberlists = [
        Profile(
            "memberlist-lan", "memberlist, DefaultLANConfig",
            settings: MemberlistNumbers.lan.settings(at: "302-340"),
            notes: Memberlist.notes + [
                "The comment at line 315, that 10k nodes give 120 s, is out of date: 4 x 4 x 6 ="
                    + " 96 s."
            ]
        ) { MemberlistNumbers.lan.options(nodes: $0) },
        Profile(
            "memberlist-wan", "memberlist, DefaultWANConfig",
            settings: MemberlistNumbers.wan.settings(at: "346-356"), notes: Memberlist.notes
        ) { MemberlistNumbers.wan.options(nodes: $0) },
        Profile(
            "memberlist-local", "memberlist, DefaultLocalConfig",
            settings: MemberlistNumbers.local.settings(at: "380-391"), notes: Memberlist.notes
        ) { MemberlistNumbers.local.options(nodes: $0) },
    ]

    /// Serf: the laboratory runs memberlist's LAN settings, by which Serf spreads its events;
    /// queries, reconnection and tombstones are left out.
    static let serf = Profile(
        "serf", "Serf on memberlist's LAN settings",
        settings: MemberlistNumbers.lan.settings(at: "302-340") + serfSettings,
        notes: Memberlist.notes + [
            "Left out: queries, event buffers, reconnection. TombstoneTimeout is the retention of"
                + " its death certificates."
        ]
    ) { MemberlistNumbers.lan.options(nodes: $0) }

    private static let serfSettings: [Setting] = [
        ("BroadcastTimeout", "5", "s"), ("LeavePropagateDelay", "1", "s"),
        ("EventBuffer", "512", "events"), ("QueryBuffer", "512", "queries"),
        ("QueryTimeoutMult", "16", ""), ("ReapInterval", "15", "s"),
        ("ReconnectInterval", "30", "s"), ("ReconnectTimeout", "24", "h"),
        ("TombstoneTimeout", "24", "h"), ("RecentIntentTimeout", "5", "min"),
        ("FlapTimeout", "60", "s"), ("MaxQueueDepth", "4096", "messages"),
        ("UserEventSizeLimit", "512", "bytes"),
    ].map { Setting($0.0, $0.1, $0.2, "hashicorp/serf@a24f620f serf/config.go:294") }

    /// Consul: the laboratory runs memberlist's LAN settings for the pool of all agents and its WAN
    /// settings for the pool of servers, the latter with the fan-out that is documented and with
    /// the one that the code fills in. The catalog, which is kept by Raft, is left out.
    static let consul = [
        Profile(
            "consul-lan", "Consul's LAN pool: all agents of a datacenter",
            settings: MemberlistNumbers.lan.settings(at: "302-340") + serfSettings + consulSettings,
            notes: Memberlist.notes + [
                "LeavePropagateDelay is derived in a comment from Serf's convergence formula: more"
                    + " than 99.99 % of 100,000 nodes within 3 s.",
                "Dev mode differs: all intervals 100 ms, suspicion 3.",
            ]
        ) { MemberlistNumbers.lan.options(nodes: $0) },
        Profile(
            "consul-wan-documented", "Consul's WAN pool of servers, as memberlist's WAN settings",
            settings: MemberlistNumbers.wan.settings(at: "346-356") + consulSettings,
            notes: Memberlist.notes + [
                "GossipNodes is memberlist's 4; an agent fills in another: consul-wan-as-coded."
            ]
        ) { MemberlistNumbers.wan.options(nodes: $0) },
        Profile(
            "consul-wan-as-coded", "Consul's WAN pool of servers, as an agent configures it",
            settings: MemberlistNumbers.wan.settings(at: "346-356")
                .filter { $0.name != "GossipNodes" && $0.name != "RetransmitMult" }
                + [
                    .init("gossip_wan.gossip_nodes", "3", "nodes", consulDefaults),
                    .init("gossip_wan.retransmit_mult", "4", "", consulDefaults),
                ] + consulSettings,
            notes: Memberlist.notes + [
                "The defaults of gossip_wan are filled in from the LAN settings: a fan-out of 3,"
                    + " not 4."
            ]
        ) { MemberlistNumbers.wan.options(nodes: $0, fanout: 3) },
    ]

    private static let consulDefaults =
        "hashicorp/consul@00ca99bf agent/config/default.go, from serfLAN; the newest commit was not"
        + " looked at"
    private static let consulSettings: [Setting] = [
        .init("ReconnectTimeout (Consul)", "72", "h", "hashicorp/consul agent/consul/config.go"),
        .init("LeavePropagateDelay (Consul)", "3", "s", "hashicorp/consul lib/serf.go"),
        .init("MinQueueDepth (Consul)", "4096", "messages", "hashicorp/consul lib/serf.go"),
        .init("QueueDepthWarning (Consul)", "1000000", "messages", "hashicorp/consul lib/serf.go"),
    ]
}
