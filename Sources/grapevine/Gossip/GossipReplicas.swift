// `gossip replicas`: what news means. Replicas are written to, deleted from, repaired and corrupted, and the
// figures tell what a rule of versions came to. The words of a call are read in GossipReplicasOptions.

import GossipLab
import Text

enum GossipReplicas {
    static let command = Command(
        name: "gossip replicas", summary: "what news means: versions, deletion, repair, corruption",
        operands: "",
        options: ReplicaCall.table.map(\.option) + GossipRuns.options
            + [Option("--json", "one JSON object and nothing else")],
        notes: notes,
        run: { arguments throws(UsageError) in
            if let word = arguments.operands.first { throw UsageError("\(word) is not an option") }
            let call = try ReplicaCall(arguments)
            let runs = try GossipRuns(arguments, usual: 1...100)
            let options = call.options
            var summary = ReplicaSummary(options)
            try runs.run(places: 1, { _, seed in Replicas.run(options, seed: seed) }) { _, report in
                summary.add(report)
            }
            try GossipCommand.print(
                arguments.has("--json")
                    ? json(call, summary, runs.seeds) : text(call, summary, runs.seeds))
            return 0
        })

    private static let notes = [
        "Rounds are synchronous and count from 1; a node's clock is the round. Nodes and keys count from 0.",
        "A write knows what its node holds; those of --origins and write-blind know of nothing. reconcile",
        "reads and writes one entry in the place of all siblings. A client whose node is absent does nothing.",
        "All hold the same when the live entries are the same at all nodes, absent ones included, be they",
        "right or wrong; rounds until then count from the last write or deletion, and are 0 when that changed",
        "nothing. A checksum finds no state that its node made up and summed: a limit on jumps does.",
        "Entries and bytes are those of a node, as are contacts and messages (1, 2 and 3 for push, pull and",
        "push-pull); the other figures are those of a run.",
        "",
        "An old copy comes back, or does not:",
        "  grapevine gossip replicas --rounds 120 --delete 21 --absent 99:20-60 --deletion erase",
        "Three origins at once, and the siblings they leave until a client reconciles them:",
        "  grapevine gossip replicas --origins 3 --rule vectors --do reconcile:20:7",
        "The same seed and options give the same output, with any number of threads.",
    ]

    // MARK: For a person

    private static func text(
        _ call: ReplicaCall, _ summary: ReplicaSummary, _ seeds: ClosedRange<UInt64>
    ) -> String {
        var lines = asked(call, seeds)
        lines += [
            "",
            GossipText.padded("", 38) + GossipText.right("mean", 11)
                + GossipText.right("std. error", 12) + GossipText.right("p50", 10)
                + GossipText.right("p99", 10) + GossipText.right("worst", 10),
        ]
        for (figure, stat) in summary.figures where isTold(figure, stat, call) {
            let stat = stat ?? Stat([])
            lines.append(
                GossipText.padded(label(figure), 38)
                    + GossipText.right(
                        GossipText.plain(stat.mean), 11)
                    + GossipText.right(standardError(stat), 12)
                    + GossipText.right(GossipText.plain(stat.p50), 10)
                    + GossipText.right(GossipText.plain(stat.p99), 10)
                    + GossipText.right(GossipText.plain(stat.max), 10))
        }
        lines += ["", outcome(summary)]
        return lines.joined(separator: "\n") + "\n"
    }

    /// What is left of equal values by the rounding of their sum is none.
    private static func standardError(_ stat: Stat) -> String {
        let error = stat.standardError
        return error <= abs(stat.mean) * 1e-12 ? "0" : GossipText.plain(error)
    }

    private static func outcome(_ summary: ReplicaSummary) -> String {
        let share = summary.figures.first { $0.figure == .allTheSame }?.stat?.mean ?? 0
        return "all held the same at the end of \(GossipText.plain(share * 100)) % of "
            + (summary.runs == 1 ? "1 run" : "\(summary.runs) runs")
    }

    /// What was asked for is told though it be 0; the rest when there was any.
    private static func isTold(_ figure: ReplicaFigure, _ stat: Stat?, _ call: ReplicaCall) -> Bool
    {
        guard let stat else { return false }
        return switch figure {
        // It has a line of its own.
        case .allTheSame: false
        case .roundsUntilSame, .contacts, .asTaught, .updates, .bytes: true
        case .mostSiblings, .siblingsAtEnd: call.options.rule == .vectors || stat.max > 1
        case .resurrectedKeys, .resurrectedCopies: call.deletes
        case .wakings: call.deletes && call.deletion == .dormant
        case .reads, .staleReads: call.reads
        case .readRepairs: call.options.repairsOnRead
        case .wrongAccepted, .mostWrong, .wrongAtEnd:
            !call.corruptions.isEmpty || call.options.flipChance > 0
        case .checksumRefusals: call.options.checksums != .none
        case .jumpRefusals: call.options.jumpLimit != nil
        case .hinted, .hintsDelivered, .hintsExpired, .hintsOverflowed: call.options.hintQueue > 0
        case .writesIgnored, .lastWrong, .lost: stat.max > 0
        }
    }

    private static func label(_ figure: ReplicaFigure) -> String {
        switch figure {
        case .allTheSame: "all held the same at the end"
        case .roundsUntilSame: "rounds until all hold the same"
        case .mostSiblings: "siblings of a key at a node, most"
        case .siblingsAtEnd: "siblings of a key at a node, at the end"
        case .resurrectedKeys: "deleted keys that are back"
        case .resurrectedCopies: "copies of them"
        case .wakings: "dormant certificates woken"
        case .reads: "reads"
        case .staleReads: "stale reads"
        case .readRepairs: "copies that a read repaired"
        case .writesIgnored: "writes that lost at their own node"
        case .wrongAccepted: "wrong states accepted"
        case .mostWrong: "nodes with a wrong state, most"
        case .wrongAtEnd: "nodes with a wrong state, at the end"
        case .lastWrong: "last round with a wrong state"
        case .checksumRefusals: "refused for their checksum"
        case .jumpRefusals: "refused for their jump"
        case .hinted: "sends that failed and were kept"
        case .hintsDelivered: "of these delivered"
        case .hintsExpired: "of these expired"
        case .hintsOverflowed: "sends that found no room"
        case .contacts: "contacts a node"
        case .asTaught: "messages a node, as taught"
        case .updates: "entries sent a node"
        case .lost: "contacts a node that failed"
        case .bytes: "bytes a node"
        }
    }

    // MARK: What was asked

    private static func asked(_ call: ReplicaCall, _ seeds: ClosedRange<UInt64>) -> [String] {
        let options = call.options
        var lines = [
            "\(count(options.nodes, "replica")) of \(count(options.keys, "key")), "
                + "\(count(options.rounds, "round")), "
                + (seeds.count == 1
                    ? "seed \(seeds.lowerBound)" : "seeds \(seeds.lowerBound)-\(seeds.upperBound)"),
            "rule:       " + ruleText(options.rule),
        ]
        /// A line for each part, the first behind the name.
        func add(_ name: String, _ parts: [String]) {
            for (place, part) in parts.enumerated() {
                lines.append(GossipText.padded(place == 0 ? "\(name):" : "", 12) + part)
            }
        }
        add("clients", clients(call))
        add("repair", repairs(call))
        if call.deletes { add("deletion", deletion(options)) }
        var network = options.absences.map {
            "node \($0.node) is absent in \(rounds($0.rounds))"
        }
        if options.loss > 0 {
            network.insert("loss \(GossipText.plain(options.loss * 100)) %", at: 0)
        }
        add("network", network)
        add("corruption", corruptions(options))
        return lines
    }

    private static func ruleText(_ rule: VersionRule) -> String {
        switch rule {
        case .newestWins: "the newest write wins, of equal times that of the higher node"
        case .firstWins: "the first write wins, of equal times that of the lower node"
        case .vectors: "version vectors; concurrent writes stay as siblings"
        }
    }

    private static func clients(_ call: ReplicaCall) -> [String] {
        let options = call.options
        var parts: [String] = []
        if call.origins > 0 {
            let who = call.origins == 1 ? "node 0 writes" : "nodes 0-\(call.origins - 1) write"
            parts.append("\(who) \(options.keys == 1 ? "it" : "each key") in round 1")
        }
        if let round = call.deletedIn {
            parts.append("node 0 deletes \(options.keys == 1 ? "it" : "each") in round \(round)")
        }
        parts += call.operations.map {
            "\($0.action.rawValue) of key \($0.key) at node \($0.node) in round \($0.round)"
        }
        if options.writesPerRound > 0, let span = options.writeRounds {
            parts.append("\(count(options.writesPerRound, "write")) a round in \(rounds(span))")
        }
        if options.readsPerRound > 0 {
            parts.append("\(count(options.readsPerRound, "read")) a round")
        }
        if call.reads { parts.append("a read asks \(count(options.readQuorum, "node"))") }
        return parts.isEmpty ? ["nobody writes"] : parts
    }

    private static func repairs(_ call: ReplicaCall) -> [String] {
        let options = call.options
        guard !call.repairs.isEmpty else { return ["none"] }
        return call.repairs.map { repair in
            switch repair {
            case .write:
                "a write is sent to \(count(options.mails, "other")), \(count(options.hintQueue, "hint"))"
                    + (options.hintQueue > 0 ? " for \(count(options.hintMaxAge, "round"))" : "")
            case .read: "a read repairs what it touched"
            case .background:
                "in the background by \(options.mode.rawValue) every "
                    + (options.antiEntropyEvery == 1
                        ? "round" : "\(options.antiEntropyEvery) rounds")
            }
        }
    }

    private static func deletion(_ options: ReplicaOptions) -> [String] {
        switch options.deletion {
        case .erase: ["erased where it is deleted, and nothing is said"]
        case .certificate(let retention):
            ["a death certificate that all keep for \(count(retention, "round"))"]
        case .dormant(let tau1, let tau2, let sites):
            [
                "a death certificate that all keep for \(count(tau1, "round"))",
                "\(count(sites, "holder")) for \(tau2) more, dormant",
                "one that is woken \(options.redatesWoken ? "is dated anew" : "keeps its date")",
            ]
        }
    }

    private static func corruptions(_ options: ReplicaOptions) -> [String] {
        var parts = options.corruptions.map { corruption in
            switch corruption {
            case .wire(let bit, let round):
                "bit \(bit) of the first entry sent from round \(round) on is flipped"
            case .memory(let node, let bit, let round):
                "bit \(bit) is flipped in the memory of node \(node) in round \(round)"
            case .liar(let node, let span, let jump):
                "node \(node) makes up states of key 0 in \(rounds(span)), "
                    + "\(count(jump, "round")) ahead"
            }
        }
        if options.flipChance > 0 {
            parts.append(
                "a bit of \(GossipText.plain(options.flipChance * 100)) % of the entries sent is flipped"
            )
        }
        if options.checksums != .none {
            parts.append("checksums by \(options.checksums.rawValue)")
        } else if !parts.isEmpty {
            parts.append("no checksums")
        }
        if let limit = options.jumpLimit {
            parts.append("jumps of \(count(limit, "round")) at most are believed")
        }
        return parts
    }

    private static func count(_ number: Int, _ word: String) -> String {
        "\(number) \(word)\(number == 1 ? "" : "s")"
    }

    private static func rounds(_ span: ClosedRange<Int>) -> String {
        "\(span.count == 1 ? "round" : "rounds") \(ReplicaCall.text(span))"
    }

    // MARK: For programs

    private static func json(
        _ call: ReplicaCall, _ summary: ReplicaSummary, _ seeds: ClosedRange<UInt64>
    ) -> String {
        GossipJSON.document { json in
            json.object("options") { json in write(call, &json) }
            json.list("seeds") { json in
                json.number(seeds.lowerBound)
                json.number(seeds.upperBound)
            }
            json.object("figures") { json in
                for (figure, stat) in summary.figures {
                    json.field(figure.rawValue, stat)
                }
            }
        }
    }

    /// Every option as it was used; null where it has no use.
    private static func write(_ call: ReplicaCall, _ json: inout JSONText) {
        for word in ReplicaCall.table {
            let name = GossipJSON.camel(word.option.name)
            switch word.applies(call) ? word.tell(call) : .one(.none) {
            case .one(let value): GossipJSON.write(name, value, &json)
            case .list(let words): json.field(name, words)
            }
        }
    }
}
