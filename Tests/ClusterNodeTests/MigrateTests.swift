// MIGRATE of a running node: to another of ours, to targets that say anything or nothing, and what other clients see
// meanwhile.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct MigrateTests {
        private static let ok = Array("+OK\r\n".utf8)

        /// A node alone, with all slots and these keys.
        private func alone(_ keys: String...) throws -> MixedCluster {
            let cluster = try MixedCluster(
                [try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: ["--enable-debug-command", "yes"])
            try cluster.form(cluster.nodes, masters: 1)
            for key in keys { try cluster.nodes[0].command("SET", key, "value") }
            return cluster
        }

        private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

        private func begin(
            _ client: RawClient, _ port: Int, _ rest: String
        ) throws {
            try client.send(Array("MIGRATE 127.0.0.1 \(port) \(rest)\r\n".utf8))
        }

        @Test func `keys go, and replies of commands behind come in their order`() throws {
            let cluster = try alone("{a}1", "{a}2", "{a}3")
            let target = try FakeTarget()
            let client = try RawClient(cluster.nodes[0])
            try begin(client, target.port, "\"\" 0 5000 KEYS {a}1 {a}2 none{a}\r\nGET {a}1\r\nPING")
            let connection = try target.accept()
            let requests = try connection.requests(3)
            #expect(requests.map { $0[0] } == ["SELECT", "RESTORE-ASKING", "RESTORE-ASKING"])
            #expect(requests.dropFirst().map { $0[1] } == ["{a}1", "{a}2"])
            connection.say("+OK\r\n+OK\r\n+OK\r\n")
            #expect(try client.reply() == Self.ok)
            #expect(text(try client.reply()) == "$-1\r\n")
            #expect(text(try client.reply()) == "+PONG\r\n")
            #expect(text(try client.ask("DBSIZE")) == ":1\r\n")
            #expect(
                text(try client.ask("MIGRATE 127.0.0.1 \(target.port) none 0 10")) == "+NOKEY\r\n")
        }

        @Test func `commands on keys that are on their way wait, all others go on`() throws {
            let cluster = try alone("{a}1", "{a}2", "b")
            let node = cluster.nodes[0]
            let target = try FakeTarget()
            let (mover, writer, chain) = (
                try RawClient(node), try RawClient(node), try RawClient(node)
            )
            let other = try RawClient(node)
            try begin(mover, target.port, "{a}1 0 5000")
            let connection = try target.accept()
            _ = try connection.requests(2)
            try writer.send(Array("INCR {a}2\r\nSET {a}1 new\r\n".utf8))
            #expect(text(try writer.reply()).hasPrefix("-ERR value is not an integer"))
            #expect(text(try chain.ask("MULTI")) == "+OK\r\n")
            #expect(text(try chain.ask("GET {a}1")) == "+QUEUED\r\n")
            try chain.send(Array("EXEC\r\n".utf8))
            #expect(text(try other.ask("SET b 1")) == "+OK\r\n")
            #expect(text(try other.ask("GET {a}2")) == "$5\r\nvalue\r\n")
            let info = text(try other.ask("INFO clients"))
            #expect(info.contains("blocked_clients:3"))
            connection.say("+OK\r\n-ERR no\r\n")
            let error = "-ERR Target instance replied with error: ERR no\r\n"
            #expect(text(try mover.reply()) == error)
            #expect(try writer.reply() == Self.ok)
            let reply = text(try chain.reply())
            #expect(["*1\r\n$5\r\nvalue\r\n", "*1\r\n$3\r\nnew\r\n"].contains(reply))
            #expect(text(try other.ask("GET {a}1")) == "$3\r\nnew\r\n")
        }

        @Test func `all who wait for a key are answered when it is free, however many`() throws {
            let cluster = try alone("a")
            let node = cluster.nodes[0]
            let target = try FakeTarget()
            let mover = try RawClient(node)
            try begin(mover, target.port, "a 0 9000")
            let connection = try target.accept()
            _ = try connection.requests(2)
            let others = try (0..<400).map { _ in try RawClient(node) }
            for other in others { try other.send(Array("GET a\r\n".utf8)) }
            eventually("all of them wait") {
                let info = try node.text("INFO", "clients")
                return info.contains("blocked_clients:401\r\n") ? nil : info
            }
            connection.say("+OK\r\n+OK\r\n")
            #expect(try mover.reply() == Self.ok)
            for other in others { #expect(text(try other.reply()) == "$-1\r\n") }
        }

        @Test func `a key that is another's by the time the target has it stays`() throws {
            let cluster = try alone("a")
            let node = cluster.nodes[0]
            let target = try FakeTarget()
            let (mover, other) = (try RawClient(node), try RawClient(node))
            try begin(mover, target.port, "a 0 5000")
            let connection = try target.accept()
            _ = try connection.requests(2)
            #expect(try other.ask("FLUSHALL") == Self.ok)
            try other.send(Array("SET a new\r\n".utf8))
            connection.say("+OK\r\n+OK\r\n")
            #expect(try mover.reply() == Self.ok)
            #expect(try other.reply() == Self.ok)
            #expect(text(try other.ask("GET a")) == "$3\r\nnew\r\n")
        }

        @Test func `a move ends although the client that asked for it has gone`() throws {
            let cluster = try alone("a")
            let node = cluster.nodes[0]
            let target = try FakeTarget()
            do {
                let mover = try RawClient(node)
                try begin(mover, target.port, "a 0 5000")
            }
            let connection = try target.accept()
            _ = try connection.requests(2)
            connection.say("+OK\r\n+OK\r\n")
            eventually("the key is gone") {
                try node.ask(["DBSIZE"]) == .integer(0) ? nil : "it is there"
            }
            #expect(try node.ask(["SET", "a", "1"]) == .simple("OK"))
        }

        @Test(arguments: [
            ("", false, "reading"), ("+OK\r\n+O", false, "reading"), ("", true, "reading"),
            ("GET / HTTP/1.1\r\n\r\n", false, "reading"), ("+OK\r\n:1\r\n", false, "reading"),
            (String(repeating: "+", count: 5000), false, "reading"),
        ])
        func `a target that fails is told of, and the key stays`(
            said: String, closes: Bool, error: String
        ) throws {
            let cluster = try alone("a")
            let target = try FakeTarget()
            let client = try RawClient(cluster.nodes[0])
            try begin(client, target.port, "a 0 300")
            let connection = try target.accept()
            _ = try connection.requests(2)
            connection.say(said)
            if closes { connection.close() }
            #expect(
                text(try client.reply())
                    == "-IOERR error or timeout \(error) to target instance\r\n")
            #expect(text(try client.ask("GET a")) == "$5\r\nvalue\r\n")
        }

        @Test func `a target that is not there, and words that name none, have their errors`()
            throws
        {
            let cluster = try alone("a")
            let client = try RawClient(cluster.nodes[0])
            let port = FreePorts.base(1)
            let writing = "-IOERR error or timeout writing to target instance\r\n"
            for address in ["127.0.0.1 \(port)", "127.0.0.1 99999", "127.0.0.1 x"] {
                #expect(text(try client.ask("MIGRATE \(address) a 0 300")) == writing)
            }
            #expect(
                text(try client.ask("MIGRATE no.such.host 1 a 0 300"))
                    == "-IOERR error or timeout connecting to the client\r\n")
            #expect(
                text(try client.ask("MIGRATE 127.0.0.1 1 a 0 300 FOO")) == "-ERR syntax error\r\n")
            #expect(
                text(try client.ask("MIGRATE 127.0.0.1 1 \"\" 0 300 KEYS a b"))
                    .hasPrefix("-CROSSSLOT"))
            #expect(text(try client.ask("MULTI")) == "+OK\r\n")
            #expect(
                text(try client.ask("MIGRATE 127.0.0.1 1 a 0 300"))
                    == "-ERR Command not allowed inside a transaction\r\n")
        }

        @Test func `a socket is used again, and one that broke meanwhile is made anew`() throws {
            let cluster = try alone("a", "b", "c")
            let target = try FakeTarget()
            let client = try RawClient(cluster.nodes[0])
            try begin(client, target.port, "a 0 2000")
            let first = try target.accept()
            _ = try first.requests(2)
            first.say("+OK\r\n+OK\r\n")
            #expect(try client.reply() == Self.ok)
            #expect(text(try client.ask("INFO stats")).contains("migrate_cached_sockets:1"))
            try begin(client, target.port, "b 0 2000")
            #expect(try first.requests(1).map { $0[0] } == ["RESTORE-ASKING"])
            first.close()
            let second = try target.accept()
            #expect(try second.requests(2).map { $0[0] } == ["SELECT", "RESTORE-ASKING"])
            second.say("+OK\r\n+OK\r\n")
            #expect(try client.reply() == Self.ok)
            #expect(target.connections == 2)
            eventually("it is closed when nobody uses it", withinMilliseconds: 15_000) {
                second.isClosed ? nil : "open"
            }
            #expect(text(try client.ask("INFO stats")).contains("migrate_cached_sockets:0"))
        }

        @Test func `a long value goes whole, while others are answered`() throws {
            let cluster = try Live.ownCluster(2, masters: 2)
            let (from, to) = (cluster.nodes[0], cluster.nodes[1])
            let value = String(repeating: "0123456789", count: 2_000_000)
            try from.command("SET", "b", value)
            let slot = "\(try #require(try from.ask(["CLUSTER", "KEYSLOT", "b"]).number))"
            try to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", try from.myself().id)
            try from.command("CLUSTER", "SETSLOT", slot, "MIGRATING", try to.myself().id)
            let (mover, other) = (try RawClient(from), try RawClient(from))
            try begin(mover, to.port, "b 0 20000")
            #expect(text(try other.ask("PING")) == "+PONG\r\n")
            #expect(try mover.reply() == Self.ok)
            #expect(text(try other.ask("GET b")) == "-ASK \(slot) 127.0.0.1:\(to.port)\r\n")
            let client = try to.connect()
            _ = try client.send(["ASKING"])
            #expect(try client.send(["GET", "b"]) == .bulk(Array(value.utf8)))
        }
    }
}
