// `grapevine gossip`: the laboratory of ways in which news spreads. This file has the table of its questions;
// what each answers is in a file of its own.

import GossipLab
import SystemIO
import Text

enum GossipCommand {
    static let command = Command(
        name: "gossip", summary: "How news spreads, by every strategy: the laboratory.",
        operands: questions.map { String($0.name.dropFirst(prefix.count)) }.joined(separator: "|"),
        options: [],
        notes: questions.map {
            GossipText.padded(String($0.name.dropFirst(prefix.count)), 11) + $0.summary
        } + ["", "grapevine gossip QUESTION --help shows the options of one."],
        runRaw: { words in run(words) },
        run: { _ in 2 })

    private static let prefix = "gossip "

    private static let questions: [Command] = [
        runCommand, compareCommand, GossipDemers.command, GossipPlan.command,
        GossipGallery.command, GossipProfiles.command, GossipReplicas.command,
    ]

    private static func run(_ words: [String]) -> Int32 {
        guard let name = words.first, name != "--help", name != "-h" else {
            let isAsked = !words.isEmpty
            (isAsked ? StandardStream.output : .errors).write(command.help)
            return isAsked ? 0 : 2
        }
        guard let question = questions.first(where: { $0.name == prefix + name }) else {
            complain("gossip", "unknown question \(name); see grapevine gossip --help")
            return 2
        }
        do throws(UsageError) {
            let arguments = try Arguments(words.dropFirst(), options: question.options)
            if arguments.wantsHelp {
                StandardStream.output.write(question.help)
                return 0
            }
            return try question.run(arguments)
        } catch {
            complain(
                question.name, "\(error.text); see grapevine \(question.name) --help")
            return 2
        }
    }

    // MARK: run

    static let outputs = [
        Option("--json", "one JSON object and nothing else"),
        Option("--csv", "a line a round and nothing else"),
        Option("--plot", value: "FILE", "writes a picture as SVG"),
        Option("--html", value: "FILE", "writes a page"),
    ]

    private static let runCommand = Command(
        name: prefix + "run", summary: "one strategy over many seeds", operands: "",
        options: GossipOptions.table.map(\.option)
            + [
                Option(
                    "--profile", value: "NAME", "the settings of a named system, see gossip profile"
                )
            ] + GossipRuns.options + outputs
            + [Option("--watch", "a grid in the terminal in which the news spreads; q ends it")],
        notes: notes,
        run: { arguments throws(UsageError) in
            if let word = arguments.operands.first { throw UsageError("\(word) is not an option") }
            let options = try GossipProfiles.options(arguments)
            if arguments.has("--watch") { return try GossipWatch.run(options, arguments) }
            let runs = try GossipRuns(arguments, usual: usualSeeds([options]))
            try checkFiles(arguments)
            let summary = try runs.summaries([options])[0]
            let name = options.profile ?? name(of: options)
            return try show([(name, summary)], runs, arguments, title: name) {
                GossipText.full(summary, seeds: runs.seeds)
            }
        })

    /// What a run of a comparison may say.
    private static let ofOneRun =
        GossipOptions.table.map(\.option)
        + [Option("--profile", value: "NAME", "the settings of a named system")]

    private static let notes = [
        "Times are rounds; injection is round 0. Messages and bytes are per node. residue is the share of the",
        "nodes that never heard; traffic is updates sent divided by nodes (m of Demers et al.); firstReceipt",
        "is the mean round of first receipt without the origin, tAverage with it.",
        "The same seed and options give the same output, with any number of threads.",
    ]

    /// As many runs as take some seconds, or some minutes of what is slow.
    static func usualSeeds(_ list: [LabOptions]) -> ClosedRange<UInt64> {
        let isSlow = list.contains { options in
            options.strategy == .bus || options.strategy == .swim && options.nodes > 500
        }
        if isSlow { return 1...3 }
        return list.contains { $0.nodes > 100_000 } ? 1...10 : 1...100
    }

    /// What tells a run from others; when it ends comes last, since many have that in common.
    static func name(of options: LabOptions) -> String {
        let words = GossipOptions.words(options).filter {
            !["--strategy", "--nodes", "--rounds-limit", "--until"].contains($0.name)
        }
        let end = options.until == .quiet ? [] : ["until \(options.until.rawValue)"]
        let texts = words.map { $0.text.isEmpty ? $0.name : "\($0.name) \($0.text)" }
            .map { $0.replacing("--", with: "") }
        return ([options.strategy.rawValue] + texts + end).joined(separator: " ")
    }

    /// Finds out before long work whether its files can be written.
    static func checkFiles(_ arguments: Arguments) throws(UsageError) {
        for path in [arguments.value("--plot"), arguments.value("--html")].compactMap({ $0 }) {
            do throws(SystemError) {
                try File.append([], to: path)
            } catch {
                throw UsageError("\(path): \(error.reason)")
            }
        }
    }

    /// Writes what was asked for.
    static func show(
        _ summaries: [(name: String, summary: Summary)], _ runs: GossipRuns,
        _ arguments: Arguments, title: String, text: () -> String
    ) throws(UsageError) -> Int32 {
        if let path = arguments.value("--plot") {
            try write(GossipPicture.spread(summaries).svg, to: path)
        }
        if let path = arguments.value("--html") {
            try write(GossipPage.html(summaries, seeds: runs.seeds, title: title), to: path)
        }
        if arguments.has("--json") {
            try print(GossipJSON.runs(summaries, seeds: runs.seeds))
        } else if arguments.has("--csv") {
            try print(GossipJSON.csv(summaries))
        } else {
            try print(text())
        }
        for (name, summary) in summaries {
            guard let violation = summary.violation else { continue }
            complain("gossip", "\(name), seed \(violation.seed): \(violation.text)")
        }
        return summaries.allSatisfy { $0.summary.violation == nil } ? 0 : 1
    }

    static func print(_ text: String) throws(UsageError) {
        var output = Output()
        output.bytes.append(contentsOf: text.utf8)
        guard !output.flush(), !output.isClosed, let failure = output.failure else { return }
        throw UsageError("standard output: \(failure.reason)")
    }

    static func write(_ text: String, to path: String) throws(UsageError) {
        do throws(SystemError) {
            try File.write(Array(text.utf8), to: path)
        } catch {
            throw UsageError("\(path): \(error.reason)")
        }
    }

    // MARK: compare

    private static let compareCommand = Command(
        name: prefix + "compare", summary: "several strategies or systems in one table",
        operands: "",
        options: GossipOptions.table.map(\.option)
            + [
                Option(
                    "--run", value: "OPTIONS", "a run of these options of gossip run; several times"
                ),
                Option("--profile", value: "NAME,…|all", "the settings of named systems"),
                Option("--sizes", value: "N,N,…", "each with so many nodes: rounds against nodes"),
            ] + GossipRuns.options + outputs,
        notes: ["Options outside --run are those of all runs."],
        run: { arguments throws(UsageError) in
            if let word = arguments.operands.first { throw UsageError("\(word) is not an option") }
            let cases = try cases(arguments)
            if let text = arguments.value("--sizes") {
                return try GossipSizes.run(cases, text, arguments)
            }
            let runs = try GossipRuns(arguments, usual: usualSeeds(cases.map(\.options)))
            try checkFiles(arguments)
            let summaries = try runs.summaries(cases.map(\.options))
            let named = zip(cases, summaries).map { ($0.name, $1) }
            return try show(named, runs, arguments, title: "Ways in which news spreads") {
                GossipText.table(named, seeds: runs.seeds)
            }
        })

    /// The runs that are compared.
    private static func cases(_ arguments: Arguments) throws(UsageError) -> [(
        name: String, options: LabOptions
    )] {
        let base = try GossipOptions.read(arguments, base: LabOptions(), isShared: true)
        var cases: [(name: String, options: LabOptions)] = []
        for text in arguments.all("--run") {
            let words = text.split(separator: " ").map(String.init)
            let own = try Arguments(words[...], options: ofOneRun)
            if let word = own.operands.first { throw UsageError("--run: \(word) is not an option") }
            var shared = base
            if own.value("--profile") != nil {
                // A profile depends on the number of nodes; what is for all comes after it.
                shared = try GossipProfiles.options(own, beside: arguments)
            }
            let options = try GossipOptions.read(own, base: shared)
            cases.append((options.profile ?? name(of: options), options))
        }
        for options in try GossipProfiles.list(arguments) {
            cases.append((options.profile ?? "", options))
        }
        guard !cases.isEmpty else { throw UsageError("--run or --profile is missing") }
        return cases
    }
}
