// A replica holds no copy of its master's keys: whatever it was told about failover, nobody may take its
// answers for the truth, and no node of the cluster, theirs or ours, may send clients to it.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct ReplicaReadTests {
        /// Commands that name a key in slot 12182.
        private static let keyed = [
            "GET foo", "MGET foo {foo}a", "EXISTS foo", "TOUCH foo", "STRLEN foo", "TYPE foo",
            "TTL foo", "PTTL foo", "EXPIRETIME foo", "PEXPIRETIME foo", "WATCH foo",
            "OBJECT ENCODING foo", "MEMORY USAGE foo",
        ]
        /// Commands that tell of all keys.
        private static let wide = ["SCAN 0", "KEYS *", "DBSIZE", "RANDOMKEY"]
        private static let masterDown =
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."

        private func cluster(_ programs: [ServerProgram]) throws -> MixedCluster {
            let cluster = try MixedCluster(
                programs, nodeTimeoutMilliseconds: Live.nodeTimeout)
            for node in cluster.ours {
                try node.command("CONFIG", "SET", "failover-without-copy", "yes")
            }
            return cluster
        }

        private func words(_ line: String) -> [String] {
            line.split(separator: " ").map(String.init)
        }

        /// Every read is sent elsewhere or refused.
        private func expectNoReads(from replica: ServerProcess, master: ServerProcess) throws {
            let client = try replica.connect()
            #expect(try client.send(["READONLY"]) == .simple("OK"))
            let moved = "MOVED 12182 127.0.0.1:\(master.port)"
            for line in Self.keyed {
                #expect(try client.send(words(line)).errorText == moved, "\(line)")
            }
            for line in Self.wide {
                #expect(try client.send(words(line)).errorText == Self.masterDown, "\(line)")
            }
            _ = try client.send(["MULTI"])
            #expect(try client.send(["DBSIZE"]).errorText == Self.masterDown)
            #expect(try client.send(["EXEC"]).errorText?.hasPrefix("EXECABORT") == true)
            #expect(try client.send(["PING"]) == .simple("PONG"))
        }

        /// The ports that CLUSTER SLOTS lists, and what CLUSTER SHARDS says of the node at a port.
        private func told(
            by node: ServerProcess, of port: Int
        ) throws -> (isListed: Bool, health: String?) {
            let slots = try node.ask(["CLUSTER", "SLOTS"]).elements ?? []
            let listed = slots.flatMap { $0.elements?.dropFirst(2) ?? [] }.contains {
                $0.elements?.dropFirst().first == .integer(Int64(port))
            }
            let shards = try node.ask(["CLUSTER", "SHARDS"]).elements ?? []
            let members = shards.flatMap { $0["nodes"]?.elements ?? [] }
            let row = members.first { $0["port"] == .integer(Int64(port)) }
            return (listed, row?["health"]?.string)
        }

        private func expectLoading(_ replica: ServerProcess, _ cluster: MixedCluster) {
            for node in cluster.nodes {
                eventually("\(node.name) says that the replica cannot be read from") {
                    let said = try told(by: node, of: replica.port)
                    return !said.isListed && said.health == "loading" ? nil : "\(said)"
                }
            }
        }

        @Test func `a replica without a copy answers no read, and no node lists it`() throws {
            let cluster = try cluster([try Live.ours(), try Live.ours()])
            try cluster.form(cluster.nodes, masters: 1)
            let (master, replica) = (cluster.nodes[0], cluster.nodes[1])
            try master.command("SET", "foo", "bar")
            // The master's offset has reached the replica by then.
            let change = try cluster.watch(milliseconds: 2 * Live.nodeTimeout)
            #expect(change == nil)
            try expectNoReads(from: replica, master: master)
            expectLoading(replica, cluster)
        }

        @Test func `a master that was replaced by hand is read from no more`() throws {
            let cluster = try cluster([try Live.ours(), try Live.ours()])
            try cluster.form(cluster.nodes, masters: 1)
            let (master, successor) = (cluster.nodes[0], cluster.nodes[1])
            try master.command("SET", "foo", "bar")
            try successor.command("CLUSTER", "FAILOVER")
            try cluster.waitUntilServed(by: [successor], without: [], limit: 5000)
            eventually("the former master follows") {
                try master.myself().isReplica ? nil : "not yet"
            }
            try expectNoReads(from: master, master: successor)
            expectLoading(master, cluster)
        }

        @Test(.enabled(if: Live.redis != nil, Live.noRedis))
        func `real nodes of the cluster send nobody to a replica of ours`() throws {
            let cluster = try cluster([try Live.theirs(), try Live.theirs(), try Live.ours()])
            try cluster.form(cluster.nodes, masters: 2)
            let (master, replica) = (cluster.nodes[0], cluster.nodes[2])
            for number in 0..<200 {
                _ = try master.ask(["SET", "key:\(number)", "value"])
            }
            let change = try cluster.watch(milliseconds: 2 * Live.nodeTimeout)
            #expect(change == nil)
            expectLoading(replica, cluster)
        }
    }
}
