// `grapevine interop`: scenarios with real servers of several versions beside our nodes, and a matrix
// at the end: as text, as JSON, and as a page. The scenarios and how they are judged are in Interop.

import Interop
import SystemIO

enum InteropCommand {
    static let command = Command(
        name: "interop", summary: "Runs scenarios with real servers and shows a matrix.",
        operands: "",
        options: [
            Option("--peer", value: "PATH", "a server to test with; may be given more than once"),
            Option("--peers", value: "DIR", "every server in DIR/bin, each version once"),
            Option("--scenario", value: "NAME", "this scenario alone; may be given more than once"),
            Option("--list", "names the scenarios and ends"),
            Option(
                "--replication", "the scenarios of replication, which take longer, and no others"),
            Option("--json", "one JSON object"),
            Option("--html", value: "FILE", "writes the matrix as a page too"),
            Option("--dir", value: "FOLDER", "where failed runs leave their files"),
            Option(
                "--record", value: "DIR", "records captures with what was true instead of testing"),
            Option("--force", "--record may write over files"),
            Option("--jobs", value: "N", "runs at a time, default 1"),
            Option("--limit", value: "SECONDS", "for one run as a whole, default by scenario"),
        ] + SoakRun.options,
        notes: [
            "Without --peer and --peers, the servers on PATH are used.",
            "A failed run leaves its logs and its traffic on the bus, by tcpdump where that is",
            "installed and allowed, else by our nodes themselves, and the story of explain.",
            "--record writes NAME.pcap and NAME.json for each server, for our node alone and for",
            "all together; it takes tcpdump, and --scenario chooses among: form pubsub",
            "slot-migration pause-resume failover-manual failover-force failover-takeover",
            "reset-forget-meet kill-master rejoin epoch-collision names.",
            "--soak fails when a node of ours marks a living one PFAIL or FAIL, when its memory grows, or",
            "when a shard gets no new master;",
            "the logs of ours are read as they are written.",
            "Exit status 1 when something failed or the run was interrupted.",
        ],
        run: { arguments throws(UsageError) in
            if !arguments.operands.isEmpty {
                throw UsageError("no operand is wanted, not \(arguments.operands[0])")
            }
            if arguments.has("--list") { return list() }
            let servers = try servers(arguments)
            guard !servers.isEmpty else {
                throw UsageError(
                    "no server was found: install redis-server, or name one by --peer or --peers")
            }
            if arguments.has("--soak") { return try SoakRun.run(servers, arguments) }
            for name in ["--nodes", "--node-timeout", "--every"] where arguments.has(name) {
                throw UsageError("\(name) goes with --soak")
            }
            if let folder = arguments.value("--record") {
                return try RecordingRun.run(servers, into: folder, arguments)
            }
            let scenarios = try chosen(
                arguments.all("--scenario"), replication: arguments.has("--replication"))
            return try play(scenarios, servers, arguments)
        })

    private static func list() -> Int32 {
        let all = InteropScenario.all + InteropScenario.replicating
        let width = all.map(\.name.count).max() ?? 0
        for scenario in all {
            let space = String(repeating: " ", count: width - scenario.name.count)
            StandardStream.output.write("\(scenario.name)\(space)  \(scenario.summary)\n")
        }
        return 0
    }

    private static func servers(
        _ arguments: Arguments
    ) throws(UsageError) -> [ReferenceServer] {
        var servers = try ClusterOptions.servers(arguments.all("--peer"))
        for folder in arguments.all("--peers") {
            let bin = "\(folder)/bin"
            servers += ReferenceServer.servers(in: File.isFolder(bin) ? bin : folder)
        }
        if arguments.all("--peer").isEmpty && arguments.all("--peers").isEmpty {
            servers = ClusterOptions.installedServers
        }
        return servers
    }

    private static func chosen(
        _ names: [String], replication: Bool
    ) throws(UsageError) -> [InteropScenario] {
        guard !names.isEmpty else {
            return replication ? InteropScenario.replicating : InteropScenario.all
        }
        var scenarios: [InteropScenario] = []
        for name in names {
            guard
                let scenario = (InteropScenario.all + InteropScenario.replicating).first(where: {
                    $0.name == name
                })
            else {
                throw UsageError("unknown scenario \(name); see grapevine interop --list")
            }
            scenarios.append(scenario)
        }
        return scenarios
    }

    private static func play(
        _ scenarios: [InteropScenario], _ servers: [ReferenceServer], _ arguments: Arguments
    ) throws(UsageError) -> Int32 {
        let jobs = try arguments.number("--jobs", in: 1...64, default: 1)
        let limit =
            arguments.has("--limit")
            ? try arguments.number("--limit", in: 1...86_400, default: 0) : nil
        let folder: String
        let interrupts: InterruptGuard
        let runner: ScenarioRunner
        do throws(SystemError) {
            interrupts = try InterruptGuard()
            if let given = arguments.value("--dir") {
                folder = given
                try Folder.make(folder)
            } else {
                folder = try TemporaryFolder(prefix: "interop", isKept: true).path
            }
            runner = ScenarioRunner(
                executable: try File.ownExecutable(), folder: folder,
                capture: CaptureMeans.find(), stop: interrupts.request, limitSeconds: limit)
        } catch {
            throw UsageError("\(error)")
        }
        let results = try interrupts.run { () throws(SystemError) in
            try runner.run(scenarios, with: servers, jobs: jobs, report: ScenarioReport.tell)
        }
        if results.allSatisfy({ $0.outcome != .failed }), arguments.value("--dir") == nil {
            try? Folder.removeTree(folder)
        }
        let matrix = Matrix(scenarios: scenarios, servers: servers, results: results)
        if let file = arguments.value("--html") {
            do throws(SystemError) {
                try File.write(Array(MatrixPage.html(matrix).utf8), to: file)
            } catch {
                throw UsageError("\(error)")
            }
        }
        StandardStream.output.write(
            arguments.has("--json") ? matrix.json : Array(matrix.text.utf8))
        if interrupts.request.isMade { complain("interop", "interrupted; nothing is left running") }
        return matrix.hasFailed || interrupts.request.isMade ? 1 : 0
    }
}
