// Redis 8 and Valkey in one cluster, with our nodes between. The two give one number, that of ping
// extension 4, two meanings: the one sends a secret of 40 bytes there, the other the text of a client
// address. What they make of each other is theirs, and is told; our nodes must not be drawn into it.
// That it is theirs is shown by a cluster of those two alone. Follows bus protocol §2.6, §12 row 38.

import ClusterClient

extension InteropScenario {
    static let dialects: [InteropScenario] = [
        InteropScenario(
            "two-dialects",
            "between Redis 8 and Valkey, our nodes keep every address and suspect nobody",
            needs: .otherDialect, isComparable: false
        ) { context throws(InteropError) in
            guard let other = Dialects.partner(of: context.server, among: context.servers) else {
                return
            }
            let (theirs, others) = (context.theirs, ServerProgram.reference(other))
            let told = try Dialects.play(
                context, [theirs, context.ours, others, theirs, context.ours, others])
            // The same without our nodes: all that was told must be there, too.
            let seen = try Dialects.play(
                context, [theirs, others, theirs, theirs, others, others])
            for item in told {
                context.remark(item)
                try context.expect(seen.contains(item), "without our nodes, too: \(item)")
            }
        }
    ]
}

/// What the two families make of each other.
enum Dialects {
    private static func speaks(_ server: ReferenceServer) -> Bool {
        server.kind != .redict && server.isAtLeast(8, 0)
    }

    /// The newest server of the other family that gives the extension its other meaning.
    static func partner(
        of server: ReferenceServer, among all: [ReferenceServer]
    ) -> ReferenceServer? {
        let kind: ReferenceServer.Kind = server.kind == .redis ? .valkey : .redis
        return all.filter { $0.kind == kind && speaks($0) }
            .max { $0.versionNumbers.lexicographicallyPrecedes($1.versionNumbers) }
    }

    /// Why there are no two dialects.
    static func obstacle(_ server: ReferenceServer, among all: [ReferenceServer]) -> String? {
        guard speaks(server) else {
            return "extension 4 has two meanings since Redis 8 and Valkey 8"
        }
        if partner(of: server, among: all) != nil { return nil }
        return "it takes a \(server.kind == .redis ? "Valkey" : "Redis") 8 or later as well"
    }

    /// Forms a cluster, watches it, lets Valkey announce its client address, and watches again.
    /// - Returns: what real servers say of each other that is not so, a phrase each.
    /// - Throws: when something is wrong in what our nodes say, or in what is said of them.
    static func play(
        _ context: ScenarioContext, _ programs: [ServerProgram]
    ) throws(InteropError) -> [String] {
        let cluster = try context.cluster(programs)
        try form(context, cluster, masters: 3)
        var ids: [String] = []
        for node in cluster.nodes { ids.append(try node.text("CLUSTER", "MYID")) }
        let names = Dictionary(uniqueKeysWithValues: zip(ids, cluster.nodes))
        var told: [String] = []
        for isAnnounced in [false, true] {
            if isAnnounced { try announceAddress(cluster) }
            for _ in 0..<looks {
                try context.deadline.sleep(milliseconds: pauseMilliseconds)
                for node in cluster.nodes {
                    for phrase in try faults(node, names) where !told.contains(phrase) {
                        told.append(phrase)
                    }
                }
            }
        }
        return told
    }

    private static let looks = 16
    private static let pauseMilliseconds = 4 * ScenarioContext.timeout / looks

    /// As `MixedCluster.form`, but what the lines of CLUSTER NODES say is not looked at: they may
    /// hold anything.
    private static func form(
        _ context: ScenarioContext, _ cluster: MixedCluster, masters: Int
    ) throws(InteropError) {
        let nodes = cluster.nodes
        try cluster.assignSlots(to: Array(nodes.prefix(masters)))
        for (index, node) in nodes.enumerated() {
            try node.command("CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
        }
        for node in nodes.dropFirst() { try cluster.meet(nodes[0], node) }
        for (name, value) in [("cluster_known_nodes", "\(nodes.count)"), ("cluster_state", "ok")] {
            try context.until("\(name) is \(value)", 30_000) { () throws(InteropError) in
                for node in nodes {
                    let said = try node.field(name, of: "CLUSTER", "INFO") ?? "nothing"
                    if said != value { return "\(node.name) says \(said)" }
                }
                return nil
            }
        }
        for (index, replica) in nodes.dropFirst(masters).enumerated() {
            try cluster.replicate(replica, nodes[index % masters])
        }
    }

    /// Valkey nodes tell their client address from now on.
    private static func announceAddress(_ cluster: MixedCluster) throws(InteropError) {
        for node in cluster.nodes {
            guard case .reference(let server) = node.program, server.kind == .valkey else {
                continue
            }
            try node.command("CONFIG", "SET", "cluster-announce-client-ipv4", "127.0.0.1")
        }
    }

    /// What is not so in what one node says of the others.
    private static func faults(
        _ node: ServerProcess, _ names: [String: ServerProcess]
    ) throws(InteropError) -> [String] {
        var phrases: [String] = []
        for line in try node.text("CLUSTER", "NODES").split(separator: "\n") {
            // A line that begins with no id is the rest of an address with anything in it.
            guard let subject = names[String(line.prefix(40))], subject !== node else { continue }
            let row = (try? ClusterNodesText.parse(String(line)))?.first
            guard let fault = fault(in: row) else { continue }
            if node.program.isOurs || subject.program.isOurs {
                throw .notInTime(
                    what: "\(node.name) and \(subject.name) know each other", milliseconds: 0,
                    difference: "it \(fault) it")
            }
            phrases.append("\(node.program) \(fault) \(subject.program)")
        }
        return phrases
    }

    /// Secrets that stand for an address are not repeated.
    private static func fault(in row: ClusterNodesRow?) -> String? {
        guard let row, row.ip == "127.0.0.1" else { return "shows a wrong address for" }
        return row.isFailing || !row.isConnected ? "does not hear" : nil
    }
}
