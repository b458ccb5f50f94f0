// Scenarios of what heartbeats tell beside the old protocol: hostnames, node names, shard ids.

import ClusterClient
import RESP
import SystemIO

extension Scenario {
    static let naming: [Scenario] = [
        Scenario(
            "hostname", "a hostname of either is seen by the other, changed and removed",
            needs: .version(7, 0, "hostnames came with")
        ) { stage throws(InteropError) in
            let cluster = try pair(stage)
            for (speaker, hearer) in [(0, 1), (1, 0)] {
                for name in ["one.example.test", "two.example.test", ""] {
                    try cluster.nodes[speaker].command(
                        "CONFIG", "SET", "cluster-announce-hostname", name)
                    try seen(name, of: speaker, by: hearer, cluster, stage) { $0.hostname }
                }
            }
        },
        Scenario(
            "node-name", "a node name of either stands in the other's nodes.conf, changed, removed",
            needs: .version(7, 2, "node names came with")
        ) { stage throws(InteropError) in
            let cluster = try pair(stage)
            for (speaker, hearer) in [(0, 1), (1, 0)] {
                for name in ["node-one", "node-two", ""] {
                    try cluster.nodes[speaker].command(
                        "CONFIG", "SET", "cluster-announce-human-nodename", name)
                    let id = try cluster.nodes[speaker].text("CLUSTER", "MYID")
                    try stage.until("the name \(name) is saved") { () throws(InteropError) in
                        try cluster.nodes[hearer].command("CLUSTER", "SAVECONFIG")
                        let file = cluster.nodes[hearer].nodesFilePath
                        let text = (try? File.readText(file)) ?? ""
                        let line = text.split(separator: "\n").first { $0.hasPrefix(id) } ?? ""
                        let isThere = line.contains("nodename=\(name)")
                        let isRight = name.isEmpty ? !line.contains("nodename=n") : isThere
                        return isRight && !line.isEmpty ? nil : String(line)
                    }
                }
            }
        },
        Scenario(
            "shard-ids", "a master and its replica of the other kind have one shard id",
            needs: .version(7, 2, "shard ids came with")
        ) { stage throws(InteropError) in
            let cluster = try stage.formed(
                [stage.ours, stage.theirs, stage.theirs, stage.theirs, stage.ours, stage.ours],
                masters: 3)
            try stage.until("shard ids agree") { () throws(InteropError) in
                for (master, replica) in [(0, 3), (1, 4), (2, 5)] {
                    let first = try cluster.nodes[master].text("CLUSTER", "MYSHARDID")
                    let second = try cluster.nodes[replica].text("CLUSTER", "MYSHARDID")
                    if first != second { return "\(first) and \(second)" }
                }
                for node in cluster.nodes {
                    let shards = try node.command("CLUSTER", "SHARDS").elements ?? []
                    let sizes = shards.map { $0["nodes"]?.elements?.count ?? 0 }
                    if sizes != [2, 2, 2] { return "\(node.name) tells of shards of \(sizes)" }
                }
                return nil
            }
        },
    ]

    /// One of theirs and one of ours, each a master.
    private static func pair(_ stage: Stage) throws(InteropError) -> MixedCluster {
        try stage.formed([stage.theirs, stage.ours, stage.theirs], masters: 3)
    }

    private static func seen(
        _ text: String, of speaker: Int, by hearer: Int, _ cluster: MixedCluster,
        _ stage: Stage, _ field: (ClusterNodesRow) -> String
    ) throws(InteropError) {
        let port = cluster.nodes[speaker].port
        try stage.until("“\(text)” is seen") { () throws(InteropError) in
            let row = try cluster.nodes[hearer].nodes().first { $0.port == port }
            let said = row.map(field) ?? "no row"
            return said == text ? nil : "“\(said)”"
        }
    }
}
