// Scenarios of what heartbeats tell beside the old protocol: hostnames, node names, shard ids.

import ClusterClient
import RESP
import SystemIO

extension InteropScenario {
    static let naming: [InteropScenario] = [
        InteropScenario(
            "hostname", "a hostname of either is seen by the other, changed and removed",
            needs: .version(7, 0, "hostnames came with")
        ) { context throws(InteropError) in
            let cluster = try pair(context)
            for (speaker, hearer) in [(0, 1), (1, 0)] {
                for name in ["one.example.test", "two.example.test", ""] {
                    try cluster.nodes[speaker].command(
                        "CONFIG", "SET", "cluster-announce-hostname", name)
                    try seen(name, of: speaker, by: hearer, cluster, context) { $0.hostname }
                }
            }
        },
        InteropScenario(
            "node-name", "a node name of either stands in the other's nodes.conf, changed, removed",
            needs: .version(7, 2, "node names came with")
        ) { context throws(InteropError) in
            let cluster = try pair(context)
            for (speaker, hearer) in [(0, 1), (1, 0)] {
                for name in ["node-one", "node-two", ""] {
                    try cluster.nodes[speaker].command(
                        "CONFIG", "SET", "cluster-announce-human-nodename", name)
                    let id = try cluster.nodes[speaker].text("CLUSTER", "MYID")
                    try context.until("the name \(name) is saved") { () throws(InteropError) in
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
        InteropScenario(
            "shard-ids", "a master and its replica of the other kind have one shard id",
            needs: .version(7, 2, "shard ids came with")
        ) { context throws(InteropError) in
            let cluster = try context.formed(
                [
                    context.ours, context.theirs, context.theirs, context.theirs, context.ours,
                    context.ours,
                ],
                masters: 3)
            try context.until("shard ids agree") { () throws(InteropError) in
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
    private static func pair(_ context: ScenarioContext) throws(InteropError) -> MixedCluster {
        try context.formed([context.theirs, context.ours, context.theirs], masters: 3)
    }

    private static func seen(
        _ text: String, of speaker: Int, by hearer: Int, _ cluster: MixedCluster,
        _ context: ScenarioContext, _ field: (ClusterNodesRow) -> String
    ) throws(InteropError) {
        let port = cluster.nodes[speaker].port
        try context.until("“\(text)” is seen") { () throws(InteropError) in
            let row = try cluster.nodes[hearer].nodes().first { $0.port == port }
            let said = row.map(field) ?? "no row"
            return said == text ? nil : "“\(said)”"
        }
    }
}
