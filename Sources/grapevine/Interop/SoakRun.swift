// `grapevine interop --soak MINUTES`: theirs and ours together while masters are killed, and what came
// of it: as text or as JSON. How it is played and judged is in Benchmarks.

import Benchmarks
import Interop
import SystemIO
import Text

enum SoakRun {
    static let options = [
        Option(
            "--soak", value: "MINUTES",
            "kills a master again and again in one cluster of theirs and ours"),
        ClusterOptions.nodes("soak: nodes in all, half of them ours, default 100"),
        ClusterOptions.nodeTimeout("soak: default 5000"),
        Option("--every", value: "SECONDS", "soak: between two kills, default 20"),
    ]

    static func run(
        _ servers: [ReferenceServer], _ arguments: Arguments
    ) throws(UsageError) -> Int32 {
        var plan = SoakPlan()
        plan.minutes = try arguments.number("--soak", in: 1...10_000, default: 10)
        plan.nodes = try ClusterOptions.nodes(arguments, in: 12...400, default: 100)
        guard plan.nodes >= 8 * servers.count else {
            throw UsageError("--nodes \(plan.nodes) are too few for \(servers.count) servers")
        }
        plan.nodeTimeout = try ClusterOptions.nodeTimeout(
            arguments, in: 500...60_000, default: 5000)
        plan.interval = try arguments.number("--every", in: 5...3600, default: 20)
        guard plan.interval * 1000 >= 3 * plan.nodeTimeout else {
            throw UsageError("--every must be three node timeouts at least")
        }
        let wanted = plan
        let result = try InterruptGuard.run("interop") { ours, stop throws(InteropError) in
            try Soak.run(with: servers, ours: ours, wanted, stop: stop) {
                StandardStream.errors.writeLines([$0])
            }
        }
        guard let result else { return 1 }
        StandardStream.output.write(
            arguments.has("--json") ? json(result) : Array(text(result).utf8))
        return result.failures.isEmpty ? 0 : 1
    }

    private static func text(_ result: SoakResult) -> String {
        let plan = result.plan
        let times = result.failovers.compactMap { $0 }.sorted()
        var lines = [
            "\(plan.nodes) nodes, half of them ours beside \(result.programs.joined(separator: ", "))"
                + ", node timeout \(plan.nodeTimeout) ms, \(result.failovers.count) masters killed"
        ]
        if !times.isEmpty {
            lines.append(
                "an new master after \(Decimals.text(times[times.count / 2], 2)) s in the median, "
                    + "\(Decimals.text(times[times.count - 1], 2)) s at worst")
        }
        lines.append(
            "PFAIL or FAIL in our logs: \(result.foundedDoubts) times of nodes that were away, "
                + "\(result.doubts.count) times of living ones")
        lines.append("nodes of ours that were never killed, mean (most):")
        for sample in result.samples {
            lines.append(
                "  after \(sample.second) s  \(sample.residentMean / 1024) "
                    + "(\(sample.residentMost / 1024)) KB resident, "
                    + "\(sample.descriptorsMean) (\(sample.descriptorsMost)) descriptors")
        }
        lines += result.failures.prefix(20).map { "FAILED: \($0)" }
        if result.failures.isEmpty { lines.append("all held") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func json(_ result: SoakResult) -> [UInt8] {
        var json = JSONText()
        json.object { json in
            json.field("servers", result.programs)
            for (key, value) in [
                ("nodes", result.plan.nodes), ("nodeTimeout", result.plan.nodeTimeout),
                ("minutes", result.plan.minutes), ("kills", result.failovers.count),
                ("foundedDoubts", result.foundedDoubts),
            ] {
                json.field(key, value)
            }
            json.list("failovers") { json in
                for time in result.failovers {
                    if let time { json.number(time, decimals: 3) } else { json.null() }
                }
            }
            json.list("samples") { json in
                for sample in result.samples {
                    json.object { json in
                        for (key, value) in [
                            ("second", sample.second), ("residentMean", sample.residentMean),
                            ("residentMost", sample.residentMost),
                            ("descriptorsMean", sample.descriptorsMean),
                            ("descriptorsMost", sample.descriptorsMost),
                        ] {
                            json.field(key, value)
                        }
                    }
                }
            }
            json.field("failures", result.failures)
        }
        json.endLine()
        return json.bytes
    }
}
