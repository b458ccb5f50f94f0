// Nodes of ours alone: they form a cluster, keep what they must over a restart, end in order, and
// decline to be replicated from by a real server without being asked a thousand times.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct OwnClusterTests {
        @Test
        func `three nodes form a cluster, and each keeps id, epochs and slots when restarted`()
            throws
        {
            let cluster = try Live.ownCluster(3, masters: 3)
            try cluster.nodes[1].command("CLUSTER", "BUMPEPOCH")
            try cluster.waitUntilAgreed()
            let before = try cluster.nodes.map { try facts($0) }
            for node in cluster.nodes {
                #expect(node.stop() == .exited(0))
                try node.restart()
                try cluster.waitUntilAgreed()
            }
            #expect(try cluster.nodes.map { try facts($0) } == before)
        }

        @Test func `a killed node comes back as it was, and all agree again`() throws {
            let cluster = try Live.ownCluster(3, masters: 3)
            let node = cluster.nodes[2]
            let before = try facts(node)
            node.send(.kill)
            #expect(node.wait(milliseconds: 5000) == .killed(signal: Signal.kill.number))
            try node.restart()
            try cluster.waitUntilAgreed()
            #expect(try facts(node) == before)
        }

        @Test(.enabled(if: Live.redis != nil, Live.noRedis))
        func `a node of ours that owns slots beside real servers owns them when restarted`() throws
        {
            let cluster = try MixedCluster(
                [try Live.theirs(), try Live.theirs(), try Live.ours()],
                nodeTimeoutMilliseconds: Live.nodeTimeout)
            try cluster.form(cluster.nodes, masters: 3)
            let before = try facts(cluster.ours[0])
            try cluster.ours[0].restart()
            try cluster.waitUntilAgreed()
            #expect(try facts(cluster.ours[0]) == before)
        }

        @Test func `replicas of ours are known to all, and stay`() throws {
            let cluster = try Live.ownCluster(6, masters: 3)
            #expect(try cluster.nodes[5].myself().isReplica)
            let change = try cluster.watch(milliseconds: 2000)
            #expect(change == nil)
        }

        @Test
        func `the node timeout is changed while the node runs, and a silent node is noticed by it`()
            throws
        {
            let cluster = try Live.ownCluster(3, masters: 3, nodeTimeout: 60_000)
            for node in cluster.nodes {
                try node.command("CONFIG", "SET", "cluster-node-timeout", "500")
                let reply = try node.command("CONFIG", "GET", "cluster-node-timeout")
                #expect(reply["cluster-node-timeout"]?.string == "500")
            }
            let silent = try cluster.nodes[2].text("CLUSTER", "MYID")
            cluster.nodes[2].send(.stop)
            eventually("the silent node is failed", withinMilliseconds: 5000) {
                let rows = try cluster.nodes[0].nodes()
                let row = rows.first { $0.id == silent }
                return row?.isFail == true ? nil : "\(row?.flags ?? [])"
            }
            cluster.nodes[2].send(.resume)
            try cluster.waitUntilAgreed(withinMilliseconds: 15_000)
        }

        @Test(.enabled(if: Live.redis != nil, Live.noRedis))
        func `a real replica that asks a node of ours for its data gets it, and asks once`() throws
        {
            let cluster = try MixedCluster(
                [try Live.ours(), try Live.theirs(), try Live.theirs()],
                nodeTimeoutMilliseconds: Live.nodeTimeout)
            try cluster.form(Array(cluster.nodes), masters: 2)
            // The third became a replica of the first, which is ours.
            let (master, replica) = (cluster.nodes[0], cluster.nodes[2])
            #expect(try replica.myself().master == (try master.text("CLUSTER", "MYID")))
            try cluster.writeKeys(200)
            try cluster.waitUntilApplied([replica])
            #expect(try replica.ask(["DBSIZE"]) == (try master.ask(["DBSIZE"])))
            #expect(attempts(replica) == 1)
            #expect(try master.field("sync_full", of: "INFO", "stats") == "1")
            #expect(try cluster.disagreement() == nil)
        }

        private func attempts(_ replica: ServerProcess) -> Int {
            replica.log.split(separator: "\n").count { $0.contains("Connecting to MASTER") }
        }

        /// What must not be lost, from the node itself and from its file.
        private func facts(_ node: ServerProcess) throws -> [String] {
            let own = try node.myself()
            let epoch = try node.field("cluster_current_epoch", of: "CLUSTER", "INFO") ?? "none"
            return [
                own.id, own.slotsText, "\(own.configEpoch)", epoch,
                try node.text("CLUSTER", "MYSHARDID"),
            ]
        }
    }
}
