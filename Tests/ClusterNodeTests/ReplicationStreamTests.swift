// What a node sends to its replicas, seen by its offset: each change once, in the form in which it must be applied.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct ReplicationStreamTests {
        private func pair() throws -> MixedCluster {
            let cluster = try MixedCluster(
                [try Live.ours(), try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: ["--repl-ping-replica-period", "3600"])
            try cluster.form(cluster.nodes, masters: 1)
            return cluster
        }

        private func offset(_ node: ServerProcess) throws -> Int {
            Int(try node.field("master_repl_offset", of: "INFO", "replication") ?? "") ?? -1
        }

        /// Bytes that these commands add to the stream.
        private func length(_ commands: [[String]]) -> Int {
            var bytes: [UInt8] = []
            for words in commands { RESPWriter.command(words, to: &bytes) }
            return bytes.count
        }

        /// By how much the offset grows by these requests, once the first write is past.
        private func growth(_ cluster: MixedCluster, _ requests: [[String]]) throws -> Int {
            let master = cluster.nodes[0]
            try master.command("SET", "first", "1")
            let before = try offset(master)
            let client = try master.connect()
            for words in requests {
                let reply = try client.send(words)
                #expect(reply.errorText == nil, "\(words): \(reply)")
            }
            let after = try offset(master)
            try cluster.waitUntilApplied([cluster.nodes[1]])
            #expect(!cluster.nodes[1].log.contains("Replication failed"))
            #expect(try master.field("sync_full", of: "INFO", "stats") == "1")
            return after - before
        }

        @Test func `a transaction of several writes goes out between MULTI and EXEC, and once`()
            throws
        {
            let requests = [
                ["MULTI"], ["SET", "{a}1", "x"], ["GET", "{a}1"], ["INCR", "{a}2"], ["EXEC"],
            ]
            #expect(
                try growth(try pair(), requests)
                    == length([requests[0], requests[1], requests[3], requests[4]]))
        }

        @Test func `a transaction of one write goes out as that write alone`() throws {
            let requests = [["MULTI"], ["GET", "a"], ["SET", "a", "x"], ["EXEC"]]
            #expect(try growth(try pair(), requests) == length([requests[2]]))
        }

        @Test func `what changes nothing is not sent`() throws {
            let requests = [
                ["DEL", "none"], ["PERSIST", "first"], ["GET", "first"], ["MULTI"],
                ["EXISTS", "first"], ["EXEC"], ["CONFIG", "SET", "hz", "11"],
            ]
            #expect(try growth(try pair(), requests) == 0)
        }
    }
}
