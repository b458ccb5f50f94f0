// CLIENT PAUSE: what is held back and what goes on, for how long, and beside the pause of a failover.
// Observed with Redis 7.0.15 and Valkey 9.1.2, whose words these are.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct PauseTests {
        private func alone() throws -> MixedCluster {
            let cluster = try MixedCluster(
                [try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout)
            try cluster.form(cluster.nodes, masters: 1)
            return cluster
        }

        /// Whether a client of its own gets no reply to a command for a while.
        private func isHeld(_ node: ServerProcess, _ words: String...) throws -> Bool {
            let client = try AdminClient(node.address, timeoutMilliseconds: 150)
            do {
                _ = try client.send(words)
                return false
            } catch AdminClientError.system(let error) where error.isTimeout {
                return true
            }
        }

        @Test func `WRITE holds back what writes, until the pause ends`() throws {
            let cluster = try alone()
            let node = cluster.nodes[0]
            try node.command("SET", "a", "1")
            try node.command("SET", "short", "1", "PX", "50")
            let writer = try node.connect()
            #expect(try writer.send(["MULTI"]) == .simple("OK"))
            let began = SystemClock.monotonicMilliseconds()
            try node.command("CLIENT", "PAUSE", "2000", "write")
            // A pause that ends sooner changes nothing.
            try node.command("CLIENT", "PAUSE", "100", "WRITE")
            try writer.post(["SET", "a", "2"])
            try writer.post(["EXEC"])
            for words in [
                ["GET", "a"], ["PING"], ["WAIT", "0", "0"], ["CLUSTER", "INFO"], ["MULTI"],
                ["DISCARD"], ["CONFIG", "SET", "hz", "10"], ["OBJECT", "ENCODING", "a"],
            ] {
                #expect(try node.ask(words).errorText == nil, "\(words)")
            }
            #expect(try isHeld(node, "SET", "a", "3"))
            #expect(try isHeld(node, "FLUSHALL"))
            #expect(try isHeld(node, "FUNCTION", "FLUSH"))
            // Its time is over, but no key goes meanwhile.
            #expect(try node.ask(["GET", "short"]) == .null)
            #expect(try node.ask(["DBSIZE"]) == .integer(2))
            let left = try #require(
                try node.field("paused_timeout_milliseconds", of: "INFO", "clients"))
            #expect((1...2000).contains(try #require(Int(left))))
            #expect(try node.field("paused_reason", of: "INFO", "clients") == "client_pause")
            #expect(try node.field("paused_actions", of: "INFO", "clients") == "write")
            #expect(try writer.reply() == .simple("QUEUED"))
            #expect(SystemClock.monotonicMilliseconds() - began >= 2000)
            #expect(try writer.reply() == .array([.simple("OK")]))
            eventually("the key whose time was over goes") {
                let count = try node.ask(["DBSIZE"])
                return count == .integer(1) ? nil : "\(count)"
            }
            #expect(try node.field("paused_reason", of: "INFO", "clients") == "none")
        }

        @Test func `ALL holds back everything, UNPAUSE too, and is not narrowed by WRITE`() throws {
            let cluster = try alone()
            let node = cluster.nodes[0]
            let (first, second) = (try node.connect(), try node.connect())
            #expect(try first.send(["PING"]) == .simple("PONG"))
            let began = SystemClock.monotonicMilliseconds()
            // Of one piece, or the second would be held back.
            try node.command("CLIENT", "PAUSE", "1", "WRITE")
            #expect(try second.send(["CLIENT", "PAUSE", "1000"]) == .simple("OK"))
            try first.post(["CLIENT", "UNPAUSE"])
            try second.post(["PING"])
            #expect(try isHeld(node, "GET", "a"))
            #expect(try first.reply() == .simple("OK"))
            #expect(SystemClock.monotonicMilliseconds() - began >= 1000)
            #expect(try second.reply() == .simple("PONG"))
        }

        @Test func `UNPAUSE lets those go on who wait, in their order`() throws {
            let cluster = try alone()
            let node = cluster.nodes[0]
            try node.command("CLIENT", "PAUSE", "60000", "WRITE")
            let writers = [try node.connect(), try node.connect()]
            for (index, writer) in writers.enumerated() {
                try writer.post(["APPEND", "a", "\(index)"])
                eventually("it waits") {
                    let count = try node.field("blocked_clients", of: "INFO", "clients")
                    return count == "\(index + 1)" ? nil : "\(count ?? "-")"
                }
            }
            try node.command("CLIENT", "UNPAUSE")
            #expect(try writers[0].reply() == .integer(1))
            #expect(try writers[1].reply() == .integer(2))
            #expect(try node.text("GET", "a") == "01")
            #expect(try node.field("paused_actions", of: "INFO", "clients") == "none")
        }

        @Test func `who leaves while held back is let go of, and nothing of it is done`() throws {
            let cluster = try alone()
            let node = cluster.nodes[0]
            try node.command("CLIENT", "PAUSE", "60000", "WRITE")
            do {
                let client = try RawClient(node)
                try client.send(Array("SET a 1\r\nSET b 1\r\n".utf8))
                eventually("it waits") {
                    let count = try node.field("blocked_clients", of: "INFO", "clients")
                    return count == "1" ? nil : "\(count ?? "-")"
                }
                // Behind what is held back more lies unread.
                try client.send(Array("SET c 1\r\n".utf8))
            }
            eventually("it is gone") {
                let count = try node.field("connected_clients", of: "INFO", "clients")
                return count == "1" ? nil : "\(count ?? "-")"
            }
            try node.command("CLIENT", "UNPAUSE")
            #expect(try node.ask(["DBSIZE"]) == .integer(0))
        }

        @Test func `what is wrong with a PAUSE is told in the reference's words`() throws {
            let cluster = try alone()
            let node = cluster.nodes[0]
            for (words, text) in [
                (["-1"], "ERR timeout is negative"),
                (["x"], "ERR timeout is not an integer or out of range"),
                (["99999999999999999999"], "ERR timeout is not an integer or out of range"),
                (["9223372036854775807"], "ERR timeout is out of range"),
                (["100", "FOO"], "ERR CLIENT PAUSE mode must be WRITE or ALL"),
                (["x", "FOO"], "ERR CLIENT PAUSE mode must be WRITE or ALL"),
                (
                    ["100", "ALL", "x"],
                    "ERR unknown subcommand or wrong number of arguments for 'PAUSE'. "
                        + "Try CLIENT HELP."
                ),
                ([], "ERR wrong number of arguments for 'client|pause' command"),
            ] {
                #expect(try node.ask(["CLIENT", "PAUSE"] + words).errorText == text)
            }
            #expect(
                try node.ask(["CLIENT", "UNPAUSE", "x"]).errorText
                    == "ERR wrong number of arguments for 'client|unpause' command")
            try node.command("CLIENT", "PAUSE", "0")
            #expect(try node.text("PING") == "PONG")
        }

        @Test func `of a pause for a failover and one that a client asked for the longer counts`()
            throws
        {
            let cluster = try MixedCluster(
                [try Live.ours(), try Live.ours()], nodeTimeoutMilliseconds: 20_000,
                directives: [
                    "--enable-debug-command", "yes", "--cluster-manual-failover-timeout", "1000",
                ])
            try cluster.form(cluster.nodes, masters: 1)
            let (master, replica) = (cluster.nodes[0], cluster.nodes[1])
            func reason() throws -> String? {
                try master.field("paused_reason", of: "INFO", "clients")
            }
            // It hears nothing of its master's offset, so that the failover does not come about.
            try replica.command("DEBUG", "DROP-CLUSTER-PACKET-FILTER", "-2")
            let writer = try master.connect()
            let began = SystemClock.monotonicMilliseconds()
            try replica.command("CLUSTER", "FAILOVER")
            eventually("the master pauses") {
                try reason() == "failover_in_progress" ? nil : "it does not"
            }
            try master.command("CLIENT", "PAUSE", "200", "ALL")
            try writer.post(["SET", "a", "1"])
            // What one pause alone held back goes on when that ends.
            #expect(try master.text("PING") == "PONG")
            #expect(try reason() == "failover_in_progress")
            #expect(try isHeld(master, "SET", "a", "2"))
            try master.command("CLIENT", "UNPAUSE")
            #expect(try reason() == "failover_in_progress")
            try master.command("CLIENT", "PAUSE", "60000", "WRITE")
            #expect(try reason() == "client_pause")
            while SystemClock.monotonicMilliseconds() < began + 2500 {
                SystemClock.sleep(milliseconds: 50)
            }
            #expect(try isHeld(master, "SET", "a", "2"))
            try master.command("CLIENT", "UNPAUSE")
            #expect(try writer.reply() == .simple("OK"))
            #expect(try reason() == "none")
        }
    }
}
