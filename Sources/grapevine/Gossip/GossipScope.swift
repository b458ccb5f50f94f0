// Which options mean something to which strategy: one that would be ignored is refused instead, with what it
// is for.

import GossipLab

enum GossipScope {
    private static let spreaders: [Strategy] = [.rumor, .antiEntropy]
    private static let models = Strategy.allCases.filter { $0 != .bus }

    /// Options that not every strategy knows.
    private static let strategies: [(names: [String], known: [Strategy])] = [
        (["--mode"], spreaders + [.directMail]),
        (["--interest", "--stop", "--counter-reset", "--minimize"], [.rumor]),
        (["--k"], [.rumor, .medianCounter]),
        (["--fanout"], spreaders + [.medianCounter, .infectAndDie, .pushSum]),
        (
            [
                "--with-replacement", "--no-repeat", "--no-send-back", "--connection-limit",
                "--hunt",
            ],
            spreaders
        ),
        (["--behind", "--behind-every"], [.rumor, .directMail]),
        (["--knowledge", "--clock"], spreaders),
        (
            ["--compare", "--entries", "--differences", "--window", "--updates-per-round"],
            [.antiEntropy]
        ),
        (["--partner", "--dead-member"], [.antiEntropy]),
        (["--writes", "--queue", "--queue-full", "--max-age"], [.directMail]),
        (["--aggregate", "--take-back"], [.pushSum]), (["--broadcasts"], [.plumtree]),
        (
            [
                "--indirect-checks", "--retransmit-multiplier", "--suspicion-multiplier",
                "--lifeguard",
            ], [.swim]
        ),
        (["--news", "--node-timeout"], [.bus]),
        (["--down", "--churn", "--come-back", "--partition", "--share"], models),
        (["--delay"], [.rumor, .infectAndDie, .plumtree, .swim, .pushSum, .raft]),
        (
            ["--slow", "--slow-factor"],
            spreaders + [.medianCounter, .infectAndDie, .swim, .pushSum, .raft]
        ),
        (["--draw"], spreaders),
        (
            ["--topology", "--contacts", "--distance-exponent", "--links"],
            spreaders + [.medianCounter, .infectAndDie, .plumtree, .swim, .pushSum, .raft]
        ),
    ]

    /// Options that mean something beside others alone.
    private static let needs:
        [(name: String, what: String, holds: @Sendable (LabOptions) -> Bool)] = [
            ("--come-back", "--churn", { $0.churn > 0 }),
            ("--slow-factor", "--slow", { $0.slow > 0 }),
            ("--distance-exponent", "--topology spatial", { $0.topology == .spatial }),
            ("--links", "--topology continents", { $0.topology == .continents }),
            (
                "--share", "--partition, or --topology continents or spatial",
                { $0.partition != nil || [.continents, .spatial].contains($0.topology) }
            ),
            (
                "--contacts", "--topology random or continents, or --strategy plumtree",
                { $0.topology == .random || $0.topology == .continents || $0.strategy == .plumtree }
            ),
            ("--queue-full", "--queue", { $0.queue != nil }),
            ("--behind-every", "--behind", { $0.backup != .none }),
            ("--dead-member", "--partner ring", { $0.partner == .ring }),
            ("--window", "--compare recent", { $0.comparison == .recent }),
            ("--updates-per-round", "--compare recent", { $0.comparison == .recent }),
            (
                "--counter-reset", "--stop counter",
                { $0.stop == .counter && $0.interest == .feedback }
            ),
        ]

    /// Refuses what was given and would be ignored.
    static func check(_ arguments: Arguments, _ options: LabOptions) throws(UsageError) {
        for (names, known) in strategies where !known.contains(options.strategy) {
            for name in names where arguments.has(name) {
                throw UsageError("\(name) means nothing to \(options.strategy.rawValue)")
            }
        }
        for (name, what, holds) in needs where arguments.has(name) && !holds(options) {
            throw UsageError("\(name) means nothing without \(what)")
        }
    }
}
