// The options of a run of the gossip laboratory, group by group.

import GossipLab

extension GossipOptions {
    static let strategy = [
        choice("--strategy", "how news spreads, default rumor", \.strategy),
        whole("--nodes", "N", "default 1000, with --strategy bus 30", \.nodes),
        choice(
            "--until", "nobody spreads it any more, or all know; default quiet", \.until),
        whole("--rounds-limit", "R", "rounds at most, default 1000", \.roundsLimit),
    ]

    static let rumor = [
        choice("--mode", "which way an update goes, default push", \.mode),
        choice(
            "--interest", "whether the partner's answer counts, default feedback", \.interest),
        choice("--stop", "how interest is lost, default counter", \.stop),
        GossipOption(
            option: Option(
                "--k", value: "K",
                "unnecessary contacts, or sends if blind, until it is lost, or none; default 1, "
                    + "with --until all-know none"),
            read: { text, options throws(UsageError) in
                options.k = text == "none" ? nil : try wholeNumber(text, "--k")
                if text == "none" && options.until == .quiet {
                    throw UsageError("--k none never ends: it needs --until all-know")
                }
            }, tell: { options in options.interestLimit.map { .whole($0) } ?? .none }),
        GossipOption(
            option: Option(
                "--counter-reset", value: "yes|no", "by a useful contact, default yes"),
            read: { text, options throws(UsageError) in
                options.resetsCounter = try yesOrNo(text, "--counter-reset")
            }, tell: { .word($0.resetsCounter ? "yes" : "no") }),
        whole("--fanout", "F", "targets a round, default 1", \.fanout),
        flag("--no-repeat", "never the same target twice", \.noRepeat),
        flag("--no-send-back", "not to whom it was heard from", \.noSendBack),
        wholeOrNone(
            "--connection-limit", "C", "calls that a node takes in a round, default any number",
            \.connectionLimit),
        whole("--hunt", "H", "others that a rejected caller tries, default 0", \.hunt),
        flag("--minimize", "of two that know only the smaller counter grows", \.minimizes),
        choice("--behind", "what finds those that were left out, default none", \.backup),
        whole(
            "--behind-every", "R", "rounds between two of its contacts, default 10", \.backupEvery),
    ]

    /// The small print of the model.
    static let print = [
        choice(
            "--knowledge", "of the start of the round or of the call, default round",
            \.knowledge),
        choice("--clock", "who acts when, default rounds", \.clock),
        choice("--draw", "partners among the others or among all, default others", \.draw),
        flag("--with-replacement", "a round's targets may be the same", \.withReplacement),
    ]

    static let databases = [
        choice("--compare", "how two databases are compared, default full", \.comparison),
        whole("--entries", "K", "of a database, default 1000", \.entries),
        whole("--differences", "D", "in which two differ besides, default 0", \.differences),
        whole("--window", "ROUNDS", "of the recent update list, default 30", \.window),
        GossipOption(
            option: Option(
                "--updates-per-round", value: "U",
                "in the whole network, for the recent update list, default 1"),
            read: { text, options throws(UsageError) in
                guard let number = Double(text), number.isFinite else {
                    throw UsageError("--updates-per-round must be a number, not \(text)")
                }
                options.updatesPerRound = number
            }, tell: { .number($0.updatesPerRound) }),
        choice("--partner", "default random", \.partner),
        choice("--dead-member", "what a ring does with one, default skip", \.deadMember),
        whole("--writes", "W", "direct mail: one a round, default 1", \.writes),
        wholeOrNone("--queue", "Q", "direct mail: sends that may wait, default any", \.queue),
        choice("--queue-full", "default drop-newest", \.queueFull),
        wholeOrNone("--max-age", "ROUNDS", "of what waits, default any", \.maxAge),
    ]

    static let later = [
        choice("--aggregate", "push-sum: of the values of all nodes, default mean", \.aggregate),
        flag("--take-back", "push-sum: what was lost returns to its sender", \.takesBack),
        whole(
            "--broadcasts", "N", "plumtree: one after another, the last is counted, default 3",
            \.broadcasts),
    ]

    static let swim = [
        whole(
            "--indirect-checks", "N", "swim: members asked to probe for another, default 3",
            \.indirectChecks),
        whole(
            "--retransmit-multiplier", "N",
            "swim: an update is sent N log10(n + 1) times, default 4",
            \.retransmitMultiplier),
        whole(
            "--suspicion-multiplier", "N", "swim: N log10(n) periods of suspicion, default 4",
            \.suspicionMultiplier),
        GossipOption(
            option: Option("--lifeguard", value: "yes|no", "swim: its extensions, default yes"),
            read: { text, options throws(UsageError) in
                options.lifeguard = try yesOrNo(text, "--lifeguard")
            }, tell: { .word($0.lifeguard ? "yes" : "no") }),
    ]

    static let bus = [
        choice("--news", "bus: what a cluster hears of, default failure", \.news),
        whole(
            "--node-timeout", "MS", "bus: milliseconds, default 15000", \.nodeTimeoutMilliseconds),
    ]

    static let network = [
        share("--loss", "the chance that a message is lost, default 0", \.loss),
        share("--down", "nodes that are down for good, default 0", \.down),
        share("--churn", "the chance that one goes down in a round, default 0", \.churn),
        share("--come-back", "that one that went comes back, default 0.5", \.comeBack),
        GossipOption(
            option: Option("--delay", value: "A-B", "rounds of a message, default 0"),
            read: { text, options throws(UsageError) in
                options.delay = try span(text, "--delay")
            }, tell: { .word("\($0.delay.lowerBound)-\($0.delay.upperBound)") }),
        GossipOption(
            option: Option(
                "--partition", value: "A-B", "rounds in which two parts are apart, default none"),
            read: { text, options throws(UsageError) in
                options.partition = text == "none" ? nil : try span(text, "--partition")
            },
            tell: { options in
                options.partition.map { .word("\($0.lowerBound)-\($0.upperBound)") } ?? .none
            }),
        share("--share", "of the first part or continent, default 0.5", \.share),
        share("--slow", "nodes that act in some rounds only, default 0", \.slow),
        whole("--slow-factor", "N", "one round of so many, default 4", \.slowFactor),
        choice("--topology", "who may call whom, default complete", \.topology),
        whole("--contacts", "W", "that each node draws where it has few, default 8", \.contacts),
        GossipOption(
            option: Option(
                "--distance-exponent", value: "A",
                "spatial: at distance d with a weight of d^-A, default 2"),
            read: { text, options throws(UsageError) in
                guard let number = Double(text), (0...20).contains(number) else {
                    throw UsageError("--distance-exponent must be from 0 to 20, not \(text)")
                }
                options.distanceExponent = number
            }, tell: { .number($0.distanceExponent) }),
        wholeOrNone(
            "--links", "L", "pairs that join two continents; default: all may call all",
            \.cutLinks),
    ]
}
