// The tools that people have, against clusters of ours alone and mixed ones: redis-cli --cluster in
// each of its operations, the newest valkey-cli too, and redis-benchmark --cluster.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

/// A program that is run to its end.
struct Tool: CustomStringConvertible, Sendable {
    let path: String
    var description: String { File.name(of: path) }

    /// What it printed, and how it ended.
    func run(_ words: [String], milliseconds: Int = 120_000) throws -> (
        output: String, status: SystemIO.ExitStatus?
    ) {
        // Some questions are asked whatever the options say.
        var options = ChildProcess.Options(
            arguments: ["-c", "echo yes | exec \"$0\" \"$@\"", path] + words)
        options.output = .pipe
        let child = try ChildProcess("/bin/sh", options)
        let output = try child.readOutput(milliseconds: milliseconds, limitBytes: 16 << 20)
        return (String(decoding: output, as: UTF8.self), child.wait(milliseconds: 5000))
    }

    static let redisCLI = Live.redisCLI.map { Tool(path: $0) }
    static let benchmark = ProgramSearch.find("redis-benchmark").map { Tool(path: $0) }
    static let noCLI: Comment = "no redis-cli on PATH: install redis-tools"

    /// redis-cli, and the newest valkey-cli of the peers.
    static let all: [Tool] = [redisCLI, newestValkeyCLI].compactMap { $0 }

    private static let newestValkeyCLI: Tool? = {
        guard let named = Environment.value("GRAPEVINE_PEERS") else { return nil }
        let folder = File.isFolder("\(named)/bin") ? "\(named)/bin" : named
        let names = ((try? Folder.list(folder)) ?? []).filter { $0.hasPrefix("valkey-cli-") }
        func version(_ name: String) -> [Int] {
            name.split(separator: "-").last?.split(separator: ".").compactMap { Int($0) } ?? []
        }
        let newest = names.max { version($0).lexicographicallyPrecedes(version($1)) }
        return newest.map { Tool(path: "\(folder)/\($0)") }
    }()
}

extension LiveTests {
    @Suite(.serialized, .enabled(if: Tool.redisCLI != nil, Tool.noCLI)) struct ToolTests {
        private func run(_ tool: Tool, _ words: String...) throws -> String {
            let (output, status) = try tool.run(["--cluster"] + words)
            #expect(
                status == .exited(0), "\(tool) --cluster \(words.joined(separator: " ")): \(output)"
            )
            return output
        }

        /// All agree, and the tool's check finds nothing.
        private func check(_ tool: Tool, _ cluster: MixedCluster) throws {
            try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
            let output = try run(tool, "check", place(cluster.nodes[0]))
            #expect(output.contains("[OK] All 16384 slots covered"))
            #expect(!output.contains("[ERR]") && !output.contains("[WARNING]"), "\(output)")
        }

        private func place(_ node: ServerProcess) -> String { "127.0.0.1:\(node.port)" }

        private func create(_ tool: Tool, _ cluster: MixedCluster, replicas: Int) throws {
            let words = ["--cluster", "create"] + cluster.nodes.map(place)
            let (output, status) = try tool.run(
                words + ["--cluster-replicas", "\(replicas)", "--cluster-yes"])
            #expect(status == .exited(0), "\(output)")
            try check(tool, cluster)
            try cluster.waitUntilServing()
        }

        private func masters(_ cluster: MixedCluster) throws -> [ServerProcess] {
            try cluster.nodes.filter { try !$0.myself().slots.isEmpty }
        }

        private func reshard(_ tool: Tool, _ cluster: MixedCluster) throws {
            let masters = try masters(cluster)
            let before = try masters[1].myself().slotCount
            _ = try run(
                tool, "reshard", place(cluster.nodes[0]), "--cluster-from",
                try masters[0].myself().id,
                "--cluster-to", try masters[1].myself().id, "--cluster-slots", "40",
                "--cluster-yes")
            try check(tool, cluster)
            #expect(try masters[1].myself().slotCount == before + 40)
        }

        @Test(arguments: Tool.all)
        func `a cluster of ours is made, moved and mended by the usual tool`(tool: Tool) throws {
            let cluster = try MixedCluster(
                Array(repeating: try Live.ours(), count: 6), nodeTimeoutMilliseconds: 2000)
            try create(tool, cluster, replicas: 1)
            let first = place(cluster.nodes[0])
            #expect(try run(tool, "info", first).contains(" in 3 "))
            #expect(try run(tool, "call", first, "ping").contains("PONG"))
            try reshard(tool, cluster)
            _ = try run(tool, "rebalance", first, "--cluster-threshold", "1")
            try check(tool, cluster)

            let master = try cluster.add(try Live.ours())
            _ = try run(tool, "add-node", place(master), first)
            try check(tool, cluster)
            let replica = try cluster.add(try Live.ours())
            let owner = try cluster.nodes[0].myself().id
            _ = try run(
                tool, "add-node", place(replica), first, "--cluster-slave", "--cluster-master-id",
                owner)
            try check(tool, cluster)
            #expect(try replica.myself().master == owner)
            _ = try run(tool, "del-node", first, try replica.myself().id)
            #expect(try replica.nodes().count == 1)
        }

        @Test(arguments: Tool.all)
        func `open and uncovered slots of ours are mended`(tool: Tool) throws {
            let cluster = try Live.ownCluster(3, masters: 3)
            let (first, second) = (cluster.nodes[0], cluster.nodes[1])
            try first.command("CLUSTER", "SETSLOT", "100", "MIGRATING", try second.myself().id)
            try second.command("CLUSTER", "SETSLOT", "100", "IMPORTING", try first.myself().id)
            try second.command("CLUSTER", "SETSLOT", "101", "IMPORTING", try first.myself().id)
            _ = try run(tool, "fix", place(first), "--cluster-yes")
            try check(tool, cluster)
            for node in cluster.nodes { try node.command("CLUSTER", "DELSLOTS", "500") }
            _ = try run(tool, "fix", place(first), "--cluster-yes")
            try check(tool, cluster)
        }

        @Test(.enabled(if: Live.redis != nil, Live.noRedis), arguments: Tool.all)
        func `a mixed cluster is made, checked, moved and grown`(tool: Tool) throws {
            let (ours, theirs) = (try Live.ours(), try Live.theirs())
            let cluster = try MixedCluster(
                [ours, theirs, ours, theirs, ours, theirs], nodeTimeoutMilliseconds: 2000)
            try create(tool, cluster, replicas: 1)
            try reshard(tool, cluster)
            let added = try cluster.add(ours)
            _ = try run(tool, "add-node", place(added), place(cluster.nodes[1]))
            try check(tool, cluster)
        }

        @Test(.enabled(if: Tool.benchmark != nil, "no redis-benchmark on PATH"))
        func `redis-benchmark runs to its end against a cluster of ours`() throws {
            let cluster = try Live.ownCluster(3, masters: 3)
            let tool = try #require(Tool.benchmark)
            let (output, status) = try tool.run([
                "-p", "\(cluster.nodes[0].port)", "--cluster", "-t", "set,get", "-n", "20000", "-q",
            ])
            #expect(status == .exited(0), "\(output)")
            #expect(output.contains("SET: ") && output.contains("GET: "))
            let keys = try cluster.nodes.map { try $0.ask(["DBSIZE"]).number ?? 0 }
            #expect(keys.reduce(0, +) > 0)
        }
    }
}
