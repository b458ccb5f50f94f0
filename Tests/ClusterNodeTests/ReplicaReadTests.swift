// What may be read from a replica: all from one that holds a copy of its master's keys, to which nodes of both kinds
// send clients; nothing from one that cannot hold a copy, or that may not serve what may be old while its link is
// down. And what a master may not write while too few replicas answer.

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

        private func cluster(
            _ programs: [ServerProgram], _ directives: String...
        ) throws -> MixedCluster {
            try MixedCluster(
                programs, nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: ["--repl-ping-replica-period", "1"] + directives)
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

        private func expectTold(
            _ replica: ServerProcess, _ cluster: MixedCluster, listed: Bool, health: String
        ) {
            for node in cluster.nodes {
                eventually("\(node.name) says how it is about the replica") {
                    let said = try told(by: node, of: replica.port)
                    // Older servers have no CLUSTER SHARDS.
                    return said.isListed == listed && said.health ?? health == health
                        ? nil : "\(said)"
                }
            }
        }

        private func expectRead(_ replica: ServerProcess, _ value: String) throws {
            let client = try replica.connect()
            #expect(try client.send(["READONLY"]) == .simple("OK"))
            eventually("it has the value") {
                let reply = try client.send(["GET", "foo"])
                return reply.string == value ? nil : "\(reply)"
            }
            #expect(try client.send(["DBSIZE"]).number == 1)
            #expect(try client.send(["SET", "foo", "x"]).errorText?.hasPrefix("MOVED ") == true)
        }

        @Test func `a replica answers reads after READONLY, and all nodes list it`() throws {
            let cluster = try cluster([try Live.ours(), try Live.ours()])
            try cluster.form(cluster.nodes, masters: 1)
            let (master, replica) = (cluster.nodes[0], cluster.nodes[1])
            try master.command("SET", "foo", "bar")
            try expectRead(replica, "bar")
            expectTold(replica, cluster, listed: true, health: "online")
            let moved = "MOVED 12182 127.0.0.1:\(master.port)"
            #expect(try replica.connect().send(["GET", "foo"]).errorText == moved)
        }

        @Test func `a replica that cannot hold a copy answers no read, and no node lists it`()
            throws
        {
            let cluster = try cluster(
                [try Live.ours(), try Live.ours(), try Live.ours()], "--failover-without-copy",
                "yes")
            try cluster.form(Array(cluster.nodes.prefix(2)), masters: 2)
            let (master, replica) = (cluster.nodes[1], cluster.nodes[2])
            try cluster.meet(cluster.nodes[0], replica)
            try cluster.waitUntilAgreed()
            try master.command("SET", "foo", "bar")
            try master.command("SET", "{foo}", String(repeating: "x", count: 2 << 20))
            try replica.command("CONFIG", "SET", "proto-max-bulk-len", "1mb")
            try cluster.replicate(replica, master)
            eventually("it says why it stopped") {
                let field = "grapevine_replication_stopped"
                return try replica.field(field, of: "INFO", "replication") == nil
                    ? "it does not" : nil
            }
            #expect(replica.log.contains("Stopped following the master"))
            #expect(try replica.field("grapevine_copy", of: "INFO", "replication") == "none")
            try expectNoReads(from: replica, master: master)
            expectTold(replica, cluster, listed: false, health: "loading")
        }

        @Test func `a master that was replaced by hand goes on as a replica without a copy made`()
            throws
        {
            let cluster = try cluster([try Live.ours(), try Live.ours()])
            try cluster.form(cluster.nodes, masters: 1)
            let (master, successor) = (cluster.nodes[0], cluster.nodes[1])
            try master.command("SET", "foo", "bar")
            try successor.command("CLUSTER", "FAILOVER")
            try cluster.waitUntilServed(by: [successor], without: [], limit: 5000)
            try cluster.waitUntilCopied([master])
            try successor.command("SET", "foo", "new")
            try expectRead(master, "new")
            expectTold(master, cluster, listed: true, health: "online")
            #expect(try successor.field("sync_full", of: "INFO", "stats") == "0")
            #expect(try successor.field("sync_partial_ok", of: "INFO", "stats") == "1")
        }

        @Test(.enabled(if: Live.redis != nil, Live.noRedis))
        func `real nodes of the cluster send clients to a replica of ours`() throws {
            let cluster = try cluster([try Live.theirs(), try Live.theirs(), try Live.ours()])
            try cluster.form(cluster.nodes, masters: 2)
            let (master, replica) = (cluster.nodes[0], cluster.nodes[2])
            for number in 0..<200 {
                _ = try master.ask(["SET", "key:\(number)", "value"])
            }
            expectTold(replica, cluster, listed: true, health: "online")
            #expect(try replica.ask(["DBSIZE"]) == (try master.ask(["DBSIZE"])))
        }

        @Test func `a replica that may not serve stale data refuses reads while its link is down`()
            throws
        {
            let cluster = try MixedCluster(
                [try Live.ours(), try Live.ours()], nodeTimeoutMilliseconds: 20_000)
            try cluster.form(cluster.nodes, masters: 1)
            let (master, replica) = (cluster.nodes[0], cluster.nodes[1])
            try master.command("SET", "foo", "bar")
            try expectRead(replica, "bar")
            master.send(.kill)
            _ = master.wait(milliseconds: 5000)
            let client = try replica.connect()
            #expect(try client.send(["READONLY"]) == .simple("OK"))
            eventually("the link is down") {
                let link = try replica.field("master_link_status", of: "INFO", "replication")
                return link == "down" ? nil : "up"
            }
            #expect(try client.send(["GET", "foo"]).string == "bar")
            try replica.command("CONFIG", "SET", "slave-serve-stale-data", "no")
            #expect(try client.send(["GET", "foo"]).errorText == Self.masterDown)
            #expect(try client.send(["DBSIZE"]).errorText == Self.masterDown)
            #expect(try client.send(["ROLE"]).elements?.first?.string == "slave")
            _ = try client.send(["MULTI"])
            #expect(try client.send(["GET", "foo"]).errorText == Self.masterDown)
            #expect(try client.send(["EXEC"]).errorText?.hasPrefix("EXECABORT ") == true)
        }

        @Test func `a master without enough replicas that answer takes no write`() throws {
            let cluster = try cluster(
                [try Live.ours(), try Live.ours()], "--cluster-node-timeout", "20000")
            try cluster.form(cluster.nodes, masters: 1)
            let (master, replica) = (cluster.nodes[0], cluster.nodes[1])
            try master.command(
                "CONFIG", "SET", "min-slaves-to-write", "1", "min-replicas-max-lag", "2")
            try master.command("SET", "foo", "bar")
            replica.send(.stop)
            defer { replica.send(.resume) }
            let none = "NOREPLICAS Not enough good replicas to write."
            eventually("writes are refused") {
                let reply = try master.ask(["SET", "foo", "new"])
                return reply.errorText == none ? nil : "\(reply)"
            }
            let client = try master.connect()
            _ = try client.send(["MULTI"])
            #expect(try client.send(["SET", "foo", "new"]).errorText == none)
            #expect(try client.send(["EXEC"]).errorText?.hasPrefix("EXECABORT ") == true)
            #expect(try master.ask(["GET", "foo"]).string != nil)
            replica.send(.resume)
            eventually("writes are taken again") {
                try master.ask(["SET", "foo", "new"]).errorText
            }
        }
    }
}
