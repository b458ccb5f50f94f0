// `grapevine replay`: the cluster that a capture ends in, as a table or as JSON. What the nodes said
// is judged by Playback; here it is only printed.

import ClusterWire
import Playback
import RESP
import SystemIO
import Text

enum ReplayCommand {
    static let command = Command(
        name: "replay", summary: "Shows the cluster that a capture ends in.",
        operands: "FILE",
        options: [
            Option("--json", "one JSON object; one a line when there are several clusters"),
            Option(
                "--as", value: "ID",
                "play this node by our rules and compare: an id, its beginning, or all"),
            Option(
                "--node-timeout", value: "MS",
                "that of the servers, for --as; default: judged by the capture, else 15000"),
            Option(
                "--effort", value: "N",
                "how much --as plays, in millions of looks at a node, default 150"),
        ],
        notes: [
            "FILE is a pcap or pcapng file; - reads a capture from standard input. A file that",
            "grapevine node --record wrote is played again instead: the first effect that differs",
            "is shown, and the exit status is 1.",
            "Roles, slots and epochs are judged by epoch and by the order within one connection;",
            "what the capture cannot tell is named below the table.",
            "Exit status: 0 a cluster was found, 1 the capture is cut or holds none, or --as found a",
            "difference that is not on purpose or had to stop, 2 the file cannot be read or is no",
            "capture.",
        ],
        run: { arguments throws(UsageError) in
            let path = try arguments.single("FILE")
            if let name = arguments.value("--as") {
                let timeout =
                    arguments.has("--node-timeout")
                    ? try arguments.number("--node-timeout", in: 100...3_600_000, default: 0) : nil
                return DifferenceReplay.run(
                    path, as: name, nodeTimeout: timeout,
                    looks: 1_000_000
                        * (try arguments.number("--effort", in: 1...1_000_000, default: 150)),
                    isJSON: arguments.has("--json"))
            }
            if let status = InputReplay.run(path, isJSON: arguments.has("--json")) {
                return status
            }
            return topology(path, isJSON: arguments.has("--json"))
        })

    private static func topology(_ path: String, isJSON: Bool) -> Int32 {
        var observed = ObservedCluster()
        var run = CaptureRun("replay", path)
        let status = run.run(
            take: { events in
                for event in events { observed.take(event) }
                return true
            }, pause: { true })
        guard status != 2 else { return 2 }
        observed.finish()
        var output = Output()
        let clusters = observed.topologies()
        if isJSON {
            var json = JSONText()
            for cluster in clusters {
                json.topology(cluster)
                json.endLine()
            }
            output.bytes = json.bytes
        } else {
            output.bytes.addLines(lines(clusters))
        }
        if observed.nodes.overLimit > 0 {
            complain(
                "replay", "more than \(observed.limits.nodes) nodes are named: some are left out")
        }
        guard output.flush() || output.isClosed else {
            complain("replay", output.failure?.description ?? "output cannot be written")
            return 2
        }
        return status
    }

    /// Tables, one a cluster, with an empty line between.
    private static func lines(_ clusters: [Topology]) -> [String] {
        var all: [String] = []
        for (number, cluster) in clusters.enumerated() {
            let masters = cluster.nodes.filter { !$0.isReplica }.count
            let title =
                (clusters.count > 1 ? "cluster \(number + 1) of \(clusters.count): " : "")
                + "\(masters) masters, \(cluster.nodes.count - masters) replicas, "
                + "currentEpoch \(cluster.currentEpoch)"
            var rows = [["id", "address", "role", "epoch", "flags", "slots or master"]]
            for node in cluster.nodes { rows.append(row(node)) }
            var lines = [title, ""] + table(rows)
            let unknown = cluster.unknown
            if !unknown.isEmpty {
                lines += ["", "What this capture cannot say:"] + unknown.map { "  \($0)" }
            }
            all += (all.isEmpty ? [] : [""]) + lines
        }
        return all
    }

    private static func row(_ node: Topology.Node) -> [String] {
        let flags = node.flags.dropFirst().joined(separator: ",")
        let slots =
            node.isReplica
            ? node.replicaOf.map { "of \($0)" } ?? "of an unknown master"
            : node.slots.isEmpty ? "no slots" : node.slots.description
        return [
            node.id.description,
            PrintableText.line(node.address ?? "?") + (node.busPort.map { "@\($0)" } ?? ""),
            node.isReplica ? "replica" : "master", node.configEpoch?.description ?? "?",
            flags.isEmpty ? "-" : flags, slots,
        ]
    }

    /// Rows with columns of equal width, the last one free.
    private static func table(_ rows: [[String]]) -> [String] {
        let widths = (rows.first ?? []).indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, text in
                column == row.count - 1
                    ? text
                    : text + String(repeating: " ", count: widths[column] - text.count + 2)
            }.joined()
        }
    }
}

extension JSONText {
    /// A cluster as `replay` shows it.
    mutating func topology(_ cluster: Topology) {
        object { json in
            json.field("currentEpoch", cluster.currentEpoch.value)
            json.list("nodes") { list in
                for node in cluster.nodes { list.node(node) }
            }
        }
    }

    private mutating func node(_ node: Topology.Node) {
        object { json in
            json.field("id", node.id)
            json.field("role", node.isReplica ? "slave" : "master")
            json.field("replicaOf", node.replicaOf ?? .zero)
            json.field("address", node.address)
            json.field("busPort", node.busPort?.value)
            json.field("configEpoch", node.configEpoch?.value)
            json.field("slots", node.slots)
            json.field("flags", node.flags)
            json.field("lastSeen", nanoseconds: node.lastSeen)
        }
    }
}
