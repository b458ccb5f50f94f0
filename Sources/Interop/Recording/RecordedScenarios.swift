// The scenarios that are recorded: what is done to a cluster, step by step, and what is written down of it.

import ClusterClient
import RESP
import SystemIO

extension Recordings {
    func form(_ cluster: MixedCluster, _ name: String) throws(InteropError) {
        try record(cluster, name, "form") { recorder throws(InteropError) in
            let nodes = cluster.nodes
            try assignSlots(recorder, Array(nodes.prefix(3)))
            for (index, node) in nodes.enumerated() {
                try recorder.command(node, "CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
            }
            try meetAll(recorder)
            try cluster.waitUntilAgreed(withinMilliseconds: 40_000)
            recorder.tell("healthy")
            for (index, node) in nodes.dropFirst(3).enumerated() {
                let id = try nodes[index].text("CLUSTER", "MYID")
                try recorder.command(node, "CLUSTER", "REPLICATE", id)
            }
            try recorder.healthy()
        }
    }

    func publish(_ cluster: MixedCluster, _ name: String) throws(InteropError) {
        try record(cluster, name, "pubsub") { recorder throws(InteropError) in
            let (first, other) = (cluster.nodes[0], cluster.nodes[3])
            for size in [5, 0, 1000, 20_000] {
                try recorder.command(first, "PUBLISH", "news", String(repeating: "x", count: size))
                try deadline.sleep(milliseconds: 100)
            }
            try recorder.command(other, "PUBLISH", "other", "from a node that may be a replica")
            try deadline.sleep(milliseconds: 200)
            for size in [11, 500] {
                // Whoever owns the channel's slot takes it.
                for node in cluster.nodes.prefix(3) {
                    try recorder.command(
                        node, "SPUBLISH", "shardchan", String(repeating: "z", count: size))
                }
                try deadline.sleep(milliseconds: 100)
            }
        }
    }

    func moveSlot(_ cluster: MixedCluster, _ name: String) throws(InteropError) {
        try record(cluster, name, "slot-migration") { recorder throws(InteropError) in
            // "{foo}" is of slot 12182, which is the third master's.
            let (to, from, other) = (cluster.nodes[0], cluster.nodes[2], cluster.nodes[1])
            let (toID, fromID) = (
                try to.text("CLUSTER", "MYID"), try from.text("CLUSTER", "MYID")
            )
            let movesKeys = !to.program.isOurs && !from.program.isOurs
            for number in 0..<3 where movesKeys {
                try recorder.command(from, "SET", "{foo}:\(number)", "value \(number)")
            }
            try recorder.command(to, "CLUSTER", "SETSLOT", "12182", "IMPORTING", fromID)
            try recorder.command(from, "CLUSTER", "SETSLOT", "12182", "MIGRATING", toID)
            try deadline.sleep(milliseconds: 600)
            if movesKeys {
                try recorder.command(
                    from, "MIGRATE", "127.0.0.1", "\(to.port)", "", "0", "5000", "KEYS", "{foo}:0",
                    "{foo}:1", "{foo}:2")
            } else {
                recorder.note = "no keys were moved: our nodes cannot yet"
            }
            for node in [to, from, other] {
                try recorder.command(node, "CLUSTER", "SETSLOT", "12182", "NODE", toID)
            }
            try recorder.healthy()
        }
    }

    func pause(_ cluster: MixedCluster, _ name: String) throws(InteropError) {
        try record(cluster, name, "pause-resume") { recorder throws(InteropError) in
            let paused = try replicas(cluster)[0]
            defer { paused.send(.resume) }
            paused.send(.stop)
            recorder.tell("SIGSTOP", paused)
            let others = cluster.nodes.filter { $0 !== paused }
            try until(recorder, others, "FAIL at all others") {
                $0.first { $0.port == paused.port }?.isFail == true
            }
            paused.send(.resume)
            recorder.tell("SIGCONT", paused)
            try until(recorder, others, "FAIL cleared") {
                $0.first { $0.port == paused.port }?.isFailing == false
            }
            try cluster.waitUntilAgreed(withinMilliseconds: 40_000)
        }
    }

    /// Waits until it holds for the table of each of these nodes, and writes that down.
    private func until(
        _ recorder: Recorder, _ nodes: [ServerProcess], _ what: String,
        _ holds: ([ClusterNodesRow]) -> Bool
    ) throws(InteropError) {
        try recorder.until(what) { () throws(InteropError) in
            for node in nodes where !holds(try node.nodes()) { return "not at \(node.name)" }
            return nil
        }
        recorder.tell(what)
    }

    func handOver(
        _ cluster: MixedCluster, _ name: String, _ option: [String]
    ) throws(InteropError) {
        let form = option.first?.lowercased() ?? "manual"
        try record(cluster, name, "failover-\(form)") { recorder throws(InteropError) in
            let successor = try replicas(cluster).last ?? cluster.nodes[0]
            if option.isEmpty {
                try recorder.command(successor, "CLUSTER", "FAILOVER")
            } else {
                try recorder.command(successor, "CLUSTER", "FAILOVER", option[0])
            }
            try recorder.until("\(successor.name) is promoted") { () throws(InteropError) in
                try successor.myself().isMaster ? nil : "it is a replica"
            }
            recorder.tell("promoted", successor)
            try recorder.healthy()
        }
    }

    func reset(_ cluster: MixedCluster, _ name: String) throws(InteropError) {
        try record(cluster, name, "reset-forget-meet") { recorder throws(InteropError) in
            let node = try replicas(cluster)[0]
            let master = try node.myself().master ?? ""
            let old = try node.text("CLUSTER", "MYID")
            try recorder.command(node, "CLUSTER", "RESET", "HARD")
            let new = try node.text("CLUSTER", "MYID")
            recorder.tell(
                "new id", [("node", port(node)), ("old", .text(old)), ("id", .text(new))])
            let others = cluster.nodes.filter { $0 !== node }
            try recorder.command(others[0], "CLUSTER", "FORGET", old)
            try deadline.sleep(milliseconds: 1200)
            for isLast in [false, true] {
                var knowing: [ServerProcess] = []
                for other in others where try other.nodes().contains(where: { $0.id == old }) {
                    knowing.append(other)
                }
                recorder.tell("old id still known at", [("nodes", .array(knowing.map(port)))])
                if isLast { break }
                for other in knowing { try recorder.command(other, "CLUSTER", "FORGET", old) }
                try deadline.sleep(milliseconds: 200)
            }
            try recorder.command(others[0], "CLUSTER", "MEET", "127.0.0.1", "\(node.port)")
            try cluster.waitUntilAgreed(withinMilliseconds: 40_000)
            recorder.tell("healthy")
            try recorder.command(node, "CLUSTER", "REPLICATE", master)
            try recorder.healthy()
        }
    }

    func killMaster(_ cluster: MixedCluster, _ name: String) throws(InteropError) {
        var victim = cluster.nodes[0]
        try record(cluster, name, "kill-master") { recorder throws(InteropError) in
            let replicas = try replicas(cluster)
            for node in cluster.nodes.reversed() {
                let id = try node.text("CLUSTER", "MYID")
                for replica in replicas where try replica.myself().master == id { victim = node }
            }
            let id = try victim.text("CLUSTER", "MYID")
            victim.send(.kill)
            _ = victim.wait(milliseconds: 5000)
            recorder.tell("kill -9", victim)
            let survivors = cluster.running
            try recorder.until("FAIL seen") { () throws(InteropError) in
                let row = try survivors[0].nodes().first { $0.id == id }
                return row?.isFail == true ? nil : "\(row?.flags ?? [])"
            }
            recorder.tell("FAIL seen")
            try recorder.until("one is promoted") { () throws(InteropError) in
                for successor in replicas where try successor.myself().isMaster {
                    recorder.tell("promoted", [("node", .array([port(successor)]))])
                    return nil
                }
                return "nobody is"
            }
            try cluster.waitUntilServing(survivors, withinMilliseconds: 40_000)
            recorder.tell("all survivors ok")
        }
        try record(cluster, name, "rejoin") { recorder throws(InteropError) in
            recorder.tell("restart", victim)
            try victim.restart()
            try recorder.healthy()
        }
    }

    func collide(_ cluster: MixedCluster, _ name: String) throws(InteropError) {
        try record(cluster, name, "epoch-collision") { recorder throws(InteropError) in
            let nodes = cluster.nodes
            try assignSlots(recorder, nodes)
            for node in nodes.prefix(2) {
                try recorder.command(node, "CLUSTER", "SET-CONFIG-EPOCH", "5")
            }
            try meetAll(recorder)
            try recorder.healthy()
            try tellEpochs(recorder, "epochs distinct everywhere")
            for node in nodes {
                try recorder.command(node, "CLUSTER", "BUMPEPOCH")
                try deadline.sleep(milliseconds: 300)
            }
            try tellEpochs(recorder, "epochs agreed")
        }
    }

    /// Waits until all list the same epochs, no two alike, and writes them down.
    private func tellEpochs(_ recorder: Recorder, _ what: String) throws(InteropError) {
        try recorder.until(what) { () throws(InteropError) in
            if let difference = try recorder.cluster.disagreement() { return difference }
            let epochs = try recorder.cluster.nodes[0].nodes().map(\.configEpoch)
            return Set(epochs).count == epochs.count ? nil : "\(epochs)"
        }
        var epochs: [(String, RESPValue)] = []
        for node in recorder.cluster.nodes {
            epochs.append(("\(node.port)", .integer(Int64(try node.myself().configEpoch))))
        }
        recorder.tell(what, [("epochs", .object(epochs))])
    }

    func announce(_ cluster: MixedCluster, _ name: String) throws(InteropError) {
        try record(cluster, name, "names") { recorder throws(InteropError) in
            let nodes = cluster.nodes
            var known: [String] = []
            for option in Self.options {
                let reply = try nodes[0].ask(["CONFIG", "GET", option])
                if reply.elements?.isEmpty == false { known.append(option) }
            }
            recorder.tell("announce options known", [("options", .array(known.map { .text($0) }))])
            func set(_ node: ServerProcess, _ option: String, _ value: String) throws(InteropError)
            {
                guard known.contains(option) else { return }
                try recorder.command(node, "CONFIG", "SET", option, value)
            }
            try assignSlots(recorder, nodes)
            for (index, node) in nodes.enumerated() {
                try recorder.command(node, "CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
            }
            for (index, node) in nodes.prefix(2).enumerated() {
                try set(node, Self.options[0], "node\(index)-a.example.test")
                try set(node, Self.options[1], "Node-\(index)-a")
            }
            try set(nodes[1], Self.options[2], "192.0.2.11")
            try set(nodes[1], Self.options[3], "2001:db8::11")
            try set(nodes[1], Self.options[4], "zone-1")
            try meetAll(recorder)
            try recorder.healthy()
            try tellViews(recorder)
            try set(nodes[2], Self.options[0], "node2-b.example.test")
            try set(nodes[2], Self.options[1], "Node-2-b")
            try set(nodes[0], Self.options[0], "changed.example.test")
            try tellViews(recorder)
            try set(nodes[1], Self.options[0], "")
            try tellViews(recorder)
        }
    }

    private static let options = [
        "cluster-announce-hostname", "cluster-announce-human-nodename",
        "cluster-announce-client-ipv4", "cluster-announce-client-ipv6", "availability-zone",
    ]

    /// What each lists after three quarters of a node timeout.
    private func tellViews(_ recorder: Recorder) throws(InteropError) {
        try deadline.sleep(milliseconds: Self.nodeTimeout * 3 / 4)
        var views: [(String, RESPValue)] = []
        for node in recorder.cluster.nodes {
            views.append(("\(node.port)", .text(try node.text("CLUSTER", "NODES"))))
        }
        recorder.tell("views", [("nodes", .object(views))])
    }
}
