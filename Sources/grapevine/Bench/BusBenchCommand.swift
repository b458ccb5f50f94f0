// `grapevine bench bus`: the bus of real servers and of ours in one run, by the same code: a table, JSON,
// and a picture. What is measured, and how, is in Benchmarks; what must be reached stands here.

import Benchmarks
import Interop
import SystemIO

/// What a figure must reach, with its words for a table.
struct BusGoal {
    var text: String
    var isMet: Bool
}

/// One line of the table: a figure of ours, and of others.
struct BusRow {
    var plan: BenchPlan
    var figure: BenchFigure
    /// In the order of the programs; nil where it was not measured or did not come to pass.
    var values: [Double?]
    /// How many rounds did not come to pass, program by program.
    var missing: [Int]

    /// What the design asks for, where it asks for something.
    var goal: BusGoal? {
        guard let own = values[0] else { return nil }
        let best = values.dropFirst().compactMap { $0 }.min()
        func share(_ part: Double, _ words: String) -> BusGoal? {
            best.map { BusGoal(text: "at most \(words) of the best", isMet: own <= $0 * part) }
        }
        func below(_ limit: Double) -> BusGoal {
            BusGoal(text: "under \(BusBenchText.number(limit)) s", isMet: own < limit)
        }
        switch (figure, plan.nodes, plan.nodeTimeout) {
        case (.processor, 100, 2000): return share(0.5, "half")
        case (.memory, 100, _): return share(1.0 / 3, "a third")
        case (.forming, 30, 15_000): return below(1.5)
        case (.join, 30, 15_000): return below(0.5)
        case (.failover, _, _): return below(Double(plan.nodeTimeout) / 1000 + 0.4)
        default: return nil
        }
    }
}

/// All of a run.
struct BusReport {
    var programs: [String]
    var rows: [BusRow]
    var conditions: String

    init(_ all: [BenchReadings], conditions: String) {
        programs = all.map(\.program)
        self.conditions = conditions
        rows = []
        for reading in all.flatMap(\.readings) {
            let isKnown = rows.contains {
                $0.plan == reading.plan && $0.figure == reading.figure
            }
            if isKnown { continue }
            let same = all.map { readings in
                readings.readings.first {
                    $0.plan == reading.plan && $0.figure == reading.figure
                }
            }
            rows.append(
                BusRow(
                    plan: reading.plan, figure: reading.figure, values: same.map { $0?.value },
                    missing: same.map { $0?.missing ?? 0 }))
        }
    }
}

enum BusBenchCommand {
    static let options = [
        Option(
            "--servers", value: "PATH,PATH",
            "bus: servers beside ours, or none; default those on PATH"),
        ClusterOptions.nodes("bus: this size of cluster alone"),
        ClusterOptions.nodeTimeout("bus: with --nodes, default 2000"),
        Option(
            "--phases", value: "LIST",
            "bus: with --nodes, of form,steady,failover,join; default all"),
        Option("--steady", value: "SECONDS", "bus: how long cost is measured, default 30"),
        Option("--svg", value: "FILE", "bus: writes a picture too"),
    ]

    static let note = [
        "bus: forming, cost, failover and joining of clusters of ours and of real servers, measured",
        "by the same looks at CLUSTER INFO and NODES, in a network of its own where that is allowed.",
        "Without --nodes: 6 nodes at 2000 and 5000 ms, 30 at 15000, 100 at 2000; --rounds is the",
        "number of masters killed, default 5. It takes some minutes a server.",
    ]

    static func run(_ arguments: Arguments) throws(UsageError) -> Int32 {
        let servers = try servers(arguments)
        let plans = try plans(arguments)
        let isAlone: Bool
        do throws(SystemError) {
            try OwnNetwork.enter()
            isAlone = true
        } catch {
            isAlone = false
        }
        let all = try InterruptGuard.run("bench") { ours, stop throws(InteropError) in
            var all: [BenchReadings] = []
            for program in [ours] + servers.map({ ServerProgram.reference($0) }) {
                all.append(
                    try BusBench.run(program, plans, stop: stop) {
                        StandardStream.errors.writeLines([$0])
                    })
            }
            return all
        }
        guard let all else { return 1 }
        let report = BusReport(all, conditions: conditions(plans, all, isAlone: isAlone))
        return try show(report, arguments)
    }

    private static func show(
        _ report: BusReport, _ arguments: Arguments
    ) throws(UsageError) -> Int32 {
        if let file = arguments.value("--svg") {
            do throws(SystemError) {
                try File.write(Array(BusPicture(report).svg.utf8), to: file)
            } catch {
                throw UsageError("\(error)")
            }
        }
        var output = Output()
        output.bytes =
            arguments.has("--json")
            ? BenchCommand.json(BusBenchText.figures(report))
            : Array(BusBenchText.table(report).utf8)
        return output.flush() || output.isClosed ? 0 : 2
    }

    private static func servers(_ arguments: Arguments) throws(UsageError) -> [ReferenceServer] {
        let paths = arguments.all("--servers").flatMap { $0.split(separator: ",").map(String.init) }
        if paths == ["none"] { return [] }
        if paths.isEmpty { return ClusterOptions.installedServers }
        return try ClusterOptions.servers(paths.map { Environment.find($0) ?? $0 })
    }

    private static func plans(_ arguments: Arguments) throws(UsageError) -> [BenchPlan] {
        let rounds = try arguments.number("--rounds", in: 1...100, default: 5)
        let steady = try arguments.number("--steady", in: 1...3600, default: 30)
        var plans: [BenchPlan]
        if arguments.has("--nodes") {
            let words = (arguments.value("--phases") ?? "form,steady,failover,join")
                .split(separator: ",").map(String.init)
            let phases = words.compactMap { BenchPhase(rawValue: $0) }
            guard phases.count == words.count else {
                throw UsageError("--phases are of form,steady,failover,join")
            }
            plans = [
                BenchPlan(
                    nodes: try ClusterOptions.nodes(arguments, in: 3...500, default: 6),
                    nodeTimeout: try ClusterOptions.nodeTimeout(
                        arguments, in: 100...600_000, default: 2000),
                    phases: Set(phases))
            ]
        } else {
            plans = [
                BenchPlan(nodes: 6, nodeTimeout: 2000, phases: Set(BenchPhase.allCases)),
                BenchPlan(nodes: 6, nodeTimeout: 5000, phases: [.failover]),
                BenchPlan(nodes: 30, nodeTimeout: 15_000, phases: [.form, .join]),
                BenchPlan(nodes: 100, nodeTimeout: 2000, phases: [.form, .steady, .failover]),
            ]
        }
        for index in plans.indices {
            plans[index].rounds = rounds
            plans[index].steadySeconds = steady
        }
        return plans
    }

    private static func conditions(
        _ plans: [BenchPlan], _ all: [BenchReadings], isAlone: Bool
    ) -> String {
        let cores = BusBenchText.number(all.map(\.otherCores).max() ?? 0)
        let processor = MachineUsage.processorName
        var text = "\(MachineUsage.processorCount) × \(processor.isEmpty ? "?" : processor), "
        text += isAlone ? "a network of its own, " : "the network of the machine, "
        text += "other work at most \(cores) cores while cost was measured; half of the nodes "
        text += "masters, no keys, no clients but the looks; cost over "
        text += "\(plans.first?.steadySeconds ?? 0) s; medians of \(plans.first?.rounds ?? 0) "
        text += "masters killed and \(plans.first?.joins ?? 0) nodes joined; bytes as loopback "
        text += "counts them, with TCP and IP headers"
        return text
    }
}
