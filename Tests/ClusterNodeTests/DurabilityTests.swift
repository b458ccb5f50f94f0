// What a node must not forget, and what it must not do when it cannot write: killed at any moment of
// saving, with its folder gone, with a file that somebody else has.

import ClusterClient
import Interop
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct DurabilityTests {
        /// GRAPEVINE_KILLS asks for more of them.
        static let kills = Environment.value("GRAPEVINE_KILLS").flatMap { Int($0) } ?? 25

        @Test func `a node killed at any moment of saving comes back as it was saved`() throws {
            var random = Seeds.generator("killed while saving")
            let cluster = try MixedCluster([try Live.ours()], nodeTimeoutMilliseconds: 1000)
            let node = cluster.nodes[0]
            try cluster.assignSlots(to: [node])
            let id = try node.myself().id
            var epoch: UInt64 = 0
            for round in 0..<Self.kills {
                // Each raises the epoch and asks for a synced save.
                let client = try node.connect()
                let end =
                    SystemClock.monotonicNanoseconds()
                    + Int64.random(
                        in: 0...20_000_000, using: &random)
                while SystemClock.monotonicNanoseconds() < end {
                    _ = try client.send(["CLUSTER", "DELSLOTS", "1"])
                    _ = try client.send(["CLUSTER", "ADDSLOTS", "1"])
                    _ = try client.send(["CLUSTER", "SAVECONFIG"])
                    _ = try client.send(["CLUSTER", "BUMPEPOCH"])
                }
                let saved = try savedEpoch(node)
                node.send(.kill)
                _ = node.wait(milliseconds: 5000)
                let left = try savedEpoch(node)
                #expect(left >= saved && saved >= epoch, "round \(round)")
                try node.restart()
                let own = try node.myself()
                #expect(own.id == id, "round \(round)")
                #expect(own.configEpoch == left, "round \(round)")
                epoch = left
            }
        }

        private func savedEpoch(_ node: ServerProcess) throws -> UInt64 {
            let rows = try ClusterNodesText.parse(
                try File.readText(node.nodesFilePath).split(separator: "\n")
                    .filter { !$0.hasPrefix("vars") }.joined(separator: "\n") + "\n")
            return try #require(rows.first { $0.isMyself }).configEpoch
        }

        @Test func `a node that cannot save lives on, gives no vote, and saves when it can again`()
            throws
        {
            let cluster = try FailoverTests.cluster(masters: 3, replicas: 3)
            // The folder of one of two voters is gone: an election needs its vote.
            let voter = cluster.nodes[1]
            try File.rename(voter.folder, to: voter.folder + ".away")
            let (victim, successor) = (cluster.nodes[0], cluster.nodes[3])
            victim.send(.kill)
            _ = victim.wait(milliseconds: 5000)
            SystemClock.sleep(milliseconds: 4 * FailoverTests.timeout)
            #expect(try successor.myself().isReplica, "elected without a vote that is on disk")
            #expect(try voter.text("PING") == "PONG")
            let row = try successor.nodes().first { $0.port == voter.port }
            #expect(row?.isFailing == false, "a node that cannot save is suspected")
            try File.rename(voter.folder + ".away", to: voter.folder)
            #expect(voter.log.contains("Saving the cluster configuration failed"))
            try cluster.waitUntilServed(
                by: [successor], without: [victim], limit: 20 * FailoverTests.timeout)
        }

        @Test func `a file of which something is not kept is there beside the new one`() throws {
            let folder = try TemporaryFolder()
            let known = try Fixture.bytes("nodes-conf/announced/valkey-9.1.2.conf")
            let theirs = Array(
                String(decoding: known, as: UTF8.self)
                    .replacing(",tls-port", with: ",later=1,zebra=2,tls-port").utf8)
            try File.write(theirs, to: folder.path(of: "nodes.conf"))
            let node = try ServerProcess(
                try Live.ours(), port: try LoopbackPorts.base(count: 1), folder: folder.path)
            #expect(try File.read(folder.path(of: "nodes.conf.bak")) == theirs)
            #expect(
                node.log.contains("holds what is not kept here: later, zebra; the file as it was"))
            // A later start finds its own file, and leaves the copy alone.
            try node.command("CLUSTER", "SAVECONFIG")
            node.stop()
            try node.restart()
            #expect(try File.read(folder.path(of: "nodes.conf.bak")) == theirs)
            #expect(try File.read(folder.path(of: "nodes.conf")) != theirs)
        }

        @Test(.enabled(if: Live.redis != nil, Live.noRedis))
        func `a real server is refused the file of a node of ours, at the start and later`() throws
        {
            let cluster = try MixedCluster([try Live.ours()], nodeTimeoutMilliseconds: 1000)
            let node = cluster.nodes[0]
            for _ in 0..<2 {
                let error = #expect(throws: InteropError.self) {
                    _ = try ServerProcess(
                        try Live.theirs(), port: try LoopbackPorts.base(count: 1),
                        folder: node.folder)
                }
                #expect("\(String(describing: error))".contains("already used by a different"))
                // Saved anew, more than once.
                try cluster.assignSlots(to: [node])
                try node.command("CLUSTER", "BUMPEPOCH")
                try node.command("CLUSTER", "SAVECONFIG")
                try node.command("CLUSTER", "FLUSHSLOTS")
            }
        }

        @Test func `a second node in the same folder is refused`() throws {
            let cluster = try MixedCluster([try Live.ours()], nodeTimeoutMilliseconds: 1000)
            let node = cluster.nodes[0]
            // Saved since, by rename: the lock must have survived that.
            try cluster.assignSlots(to: [node])
            let error = #expect(throws: InteropError.self) {
                _ = try ServerProcess(
                    try Live.ours(), port: try LoopbackPorts.base(count: 1), folder: node.folder)
            }
            #expect("\(String(describing: error))".contains("in use by another node"))
        }
    }
}
