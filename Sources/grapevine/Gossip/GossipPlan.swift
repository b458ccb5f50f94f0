// `gossip plan`: how often and to how many each node must speak so that a wanted share of the nodes knows in
// a wanted time, beside what named systems reach with their own settings. Every figure comes of runs.

import GossipLab
import SystemIO
import Text

enum GossipPlan {
    static let command = Command(
        name: "gossip plan", summary: "fan-out and interval for a wanted share in a wanted time",
        operands: "",
        options: [
            Option("--nodes", value: "N", "default 1000"),
            Option(
                "--reach", value: "P",
                "the share of the nodes that is to know, or N%; default 99.9%"),
            Option("--within", value: "SECONDS", "in 99 of 100 runs, default 2"),
            Option("--loss", value: "P", "the chance that a message is lost, default 0"),
            Option("--down", value: "P", "nodes that are down, default 0"),
            Option("--bytes", value: "B", "of a message, default 1400"),
            Option(
                "--profile", value: "NAME,…",
                "systems beside it; default memberlist-lan, -wan, consul, redis"),
        ] + GossipRuns.options + [Option("--json", "one JSON object and nothing else")],
        notes: [
            "Rumors that are pushed and that nobody drops, in a complete graph: for each fan-out the longest",
            "interval that is enough, with the bytes a second that each node sends while it spreads them.",
        ],
        run: { arguments throws(UsageError) in
            if let word = arguments.operands.first { throw UsageError("\(word) is not an option") }
            let question = try Question(arguments)
            let runs = try GossipRuns(arguments, usual: 1...(question.nodes > 10_000 ? 20 : 100))
            let plan = try plan(question, runs, arguments)
            try GossipCommand.print(arguments.has("--json") ? json(plan) : text(plan))
            return plan.answers.isEmpty ? 1 : 0
        })

    /// What is wanted.
    struct Question {
        var nodes = 1000
        var reach = 0.999
        var seconds = 2.0
        var loss = 0.0
        var down = 0.0
        var bytes = 1400.0

        init(_ arguments: Arguments) throws(UsageError) {
            nodes = try arguments.number("--nodes", in: 2...10_000_000, default: 1000)
            bytes = Double(try arguments.number("--bytes", in: 1...1_000_000_000, default: 1400))
            if let text = arguments.value("--reach") {
                reach = try GossipOptions.shareOf(text, "--reach")
            }
            if let text = arguments.value("--loss") {
                loss = try GossipOptions.shareOf(text, "--loss")
            }
            if let text = arguments.value("--down") {
                down = try GossipOptions.shareOf(text, "--down")
            }
            if let text = arguments.value("--within") {
                guard let value = Double(text), value > 0, value <= 86_400 else {
                    throw UsageError("--within must be from 0 to 86400 seconds, not \(text)")
                }
                seconds = value
            }
            guard down < 1 else { throw UsageError("with --down 1 nobody is there") }
            guard reach * Double(nodes) * (1 - down) > 1 else {
                throw UsageError("--reach \(GossipText.plain(reach)): the origin alone is as many")
            }
        }

        var text: String {
            "\(GossipText.percent(reach)) % of \(nodes) nodes within \(GossipText.plain(seconds)) s, loss "
                + "\(GossipText.percent(loss)) %, down \(GossipText.percent(down)) %"
        }
    }

    /// One way to speak.
    struct Answer {
        var name: String?
        var fanout: Int
        var intervalMilliseconds: Double?
        /// Rounds after which the share is reached in 99 of 100 runs; nil when it is not.
        var rounds: Int?
        /// Rounds times interval.
        var seconds: Double?
        /// The mean share that knows by then, or in the wanted time.
        var share: Double
        var bytesPerSecond: Double?
    }

    struct Plan {
        var question: Question
        var answers: [Answer]
        var profiles: [Answer]
    }

    private static let fanouts = 1...8
    private static let usualProfiles = "memberlist-lan,memberlist-wan,consul-lan,redis-cluster"

    /// What is followed of the runs of one way to speak: the round in which the share was reached, and the
    /// share by round.
    private struct Course {
        var reachedAt: [Double] = []
        var missed = 0
        var curves: [[Double]] = []

        mutating func add(_ run: RunResult, _ reach: Double) {
            let curve = run.meter.curve.map { point -> Double in
                point.all == 0 ? 1 : 1 - Double(point.susceptible) / Double(point.all)
            }
            curves.append(curve)
            if let round = curve.firstIndex(where: { $0 >= reach - 1e-12 }) {
                reachedAt.append(Double(round))
            } else {
                missed += 1
            }
        }

        /// In 99 of 100 runs.
        var rounds: Int? {
            let count = reachedAt.count + missed
            guard Double(missed) <= 0.01 * Double(count) else { return nil }
            let ordered = reachedAt.sorted()
            let place = Int((0.99 * Double(count)).rounded(.up)) - 1
            return place < ordered.count ? Int(ordered[max(0, place)]) : nil
        }

        func share(after rounds: Int) -> Double {
            let sum = curves.reduce(0.0) { $0 + ($1.isEmpty ? 0 : $1[min(rounds, $1.count - 1)]) }
            return curves.isEmpty ? 0 : sum / Double(curves.count)
        }
    }

    private static func plan(
        _ question: Question, _ runs: GossipRuns, _ arguments: Arguments
    ) throws(UsageError) -> Plan {
        var all: [LabOptions] = []
        for fanout in fanouts where fanout < question.nodes {
            var options = LabOptions()
            options.nodes = question.nodes
            options.fanout = fanout
            options.until = .allKnow
            options.loss = question.loss
            options.down = question.down
            all.append(options)
        }
        let ways = all.count
        var names: [String] = []
        let list = arguments.value("--profile") ?? usualProfiles
        for name in list.split(separator: ",").map(String.init) {
            guard let profile = Profile.named(name) else {
                throw UsageError("unknown profile \(name); grapevine gossip profile lists them")
            }
            guard var options = profile.options(nodes: question.nodes) else { continue }
            options.loss = question.loss
            options.down = question.down
            if let text = options.refusal {
                complain("gossip plan", "\(name) is left out: \(text)")
                continue
            }
            names.append(name)
            all.append(options)
        }
        var courses = all.map { _ in Course() }
        try runs.run(all) { place, result in courses[place].add(result, question.reach) }
        let answers = (0..<ways).compactMap { answer(all[$0], courses[$0], question) }
        let profiles = names.indices.map {
            beside(names[$0], all[ways + $0], courses[ways + $0], question)
        }
        return Plan(question: question, answers: answers, profiles: profiles)
    }

    /// The longest interval that is enough; nil when no round is needed or none is enough.
    private static func answer(_ options: LabOptions, _ course: Course, _ question: Question)
        -> Answer?
    {
        guard let rounds = course.rounds, rounds > 0 else { return nil }
        // A whole number of milliseconds, rounded to the safe side.
        let exact = question.seconds * 1000 / Double(rounds)
        let interval = exact >= 1 ? exact.rounded(.down) : exact
        return Answer(
            name: nil, fanout: options.fanout, intervalMilliseconds: interval, rounds: rounds,
            seconds: Double(rounds) * interval / 1000, share: course.share(after: rounds),
            bytesPerSecond: Double(options.fanout) * question.bytes * 1000 / interval)
    }

    /// A system with its own settings.
    private static func beside(
        _ name: String, _ options: LabOptions, _ course: Course, _ question: Question
    ) -> Answer {
        let interval = options.intervalMilliseconds
        let within = interval.map { Int(question.seconds * 1000 / $0) }
        let bytes = options.messageBytes ?? question.bytes
        return Answer(
            name: name, fanout: options.fanout, intervalMilliseconds: interval,
            rounds: course.rounds,
            seconds: interval.flatMap { interval in
                course.rounds.map { Double($0) * interval / 1000 }
            }, share: course.share(after: within ?? course.rounds ?? 0),
            bytesPerSecond: interval.map { Double(options.fanout) * bytes * 1000 / $0 })
    }

    // MARK: Telling

    private static func text(_ plan: Plan) -> String {
        var lines = [
            plan.question.text, "",
            GossipText.padded("", 18) + GossipText.right("fan-out", 8)
                + GossipText.right("interval ms", 13) + GossipText.right("rounds", 8)
                + GossipText.right("seconds", 9) + GossipText.right("share", 10)
                + GossipText.right("bytes/s a node", 16),
        ]
        let cheapest = plan.answers.min { ($0.bytesPerSecond ?? 0) < ($1.bytesPerSecond ?? 0) }
        for answer in plan.answers + plan.profiles {
            let isCheapest = answer.name == nil && answer.fanout == cheapest?.fanout
            lines.append(
                GossipText.padded(answer.name ?? (isCheapest ? "fewest bytes" : ""), 18)
                    + GossipText.right("\(answer.fanout)", 8)
                    + GossipText.right(
                        answer.intervalMilliseconds.map { GossipText.plain($0) } ?? "-", 13)
                    + GossipText.right(answer.rounds.map { "\($0)" } ?? "never", 8)
                    + GossipText.right(answer.seconds.map { Decimals.text($0, 2) } ?? "-", 9)
                    + GossipText.right(Decimals.text(answer.share, 6), 10)
                    + GossipText.right(
                        answer.bytesPerSecond.map { Decimals.text($0, 0) } ?? "-", 16))
        }
        lines += [
            "",
            "rounds: until the share is reached in 99 of 100 runs. share: the mean share that knows by then, of a named",
            "system in the wanted time. Bytes are those of a node that spreads one message of the given size.",
        ]
        if plan.answers.isEmpty { lines.append("No fan-out reaches that share.") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func json(_ plan: Plan) -> String {
        GossipJSON.document { json in
            json.object("question") { json in
                for (name, value) in [
                    ("nodes", Double(plan.question.nodes)), ("reach", plan.question.reach),
                    ("seconds", plan.question.seconds), ("loss", plan.question.loss),
                    ("down", plan.question.down), ("bytes", plan.question.bytes),
                ] {
                    json.field(name, value)
                }
            }
            for (name, list) in [("answers", plan.answers), ("profiles", plan.profiles)] {
                json.list(name) { json in
                    for answer in list { json.object { json in write(answer, &json) } }
                }
            }
        }
    }

    private static func write(_ answer: Answer, _ json: inout JSONText) {
        if let name = answer.name {
            json.field("name", name)
        }
        for (name, value) in [
            ("fanout", Double(answer.fanout)),
            ("intervalMilliseconds", answer.intervalMilliseconds),
            ("rounds", answer.rounds.map(Double.init)), ("seconds", answer.seconds),
            ("share", answer.share), ("bytesPerSecond", answer.bytesPerSecond),
        ] {
            json.field(name, value)
        }
    }
}
