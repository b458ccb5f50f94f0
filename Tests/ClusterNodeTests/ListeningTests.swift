// Where a node lets clients in and whom: protected mode for those of other machines, addresses and ports that
// change while it runs, and how others of the cluster learn of it.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct ListeningTests {
        private func alone(_ directives: String...) throws -> MixedCluster {
            try MixedCluster(
                [try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: directives)
        }

        /// What the node says to a client from this address, which asks PING.
        private func answer(_ node: ServerProcess, at ip: String, from source: String) -> String {
            guard let address = SocketAddress(ip: ip, port: UInt16(node.port)) else { return "?" }
            do {
                let connection = try BlockingConnection(
                    to: address, from: SocketAddress(ip: source, port: 0),
                    timeoutMilliseconds: 2000)
                try connection.write(Array("PING\r\n".utf8), timeoutMilliseconds: 1000)
                let bytes = try connection.read(timeoutMilliseconds: 2000)
                return String(decoding: bytes.prefix { $0 != 13 }, as: UTF8.self)
            } catch {
                return "\(error)"
            }
        }

        @Test(.enabled(if: Machine.address != nil, "this machine has loopback alone"))
        func `protected mode refuses clients of other machines, and only those`() throws {
            let outside = try #require(Machine.address)
            let cluster = try alone("--bind", "*")
            let node = cluster.nodes[0]
            let denied = answer(node, at: outside, from: outside)
            #expect(denied.hasPrefix("-DENIED ") && denied.contains("protected-mode no"))
            #expect(answer(node, at: outside, from: "127.0.0.1") == "+PONG")
            #expect(answer(node, at: "127.0.0.1", from: "127.0.0.66") == "+PONG")
            try node.command("CONFIG", "SET", "protected-mode", "no")
            #expect(answer(node, at: outside, from: outside) == "+PONG")
            let address = try #require(SocketAddress(ip: outside, port: UInt16(node.port)))
            let held = try AdminClient(address, timeoutMilliseconds: 2000)
            #expect(try held.send(["PING"]) == .simple("PONG"))
            try node.command("CONFIG", "SET", "protected-mode", "yes")
            #expect(answer(node, at: outside, from: outside).hasPrefix("-DENIED "))
            // Who was let in stays.
            #expect(try held.send(["PING"]) == .simple("PONG"))
            #expect(try node.field("rejected_connections", of: "INFO", "stats") == "2")
            // With a password it lets in everybody who says it.
            try node.command("CONFIG", "SET", "requirepass", "secret-1")
            #expect(answer(node, at: outside, from: outside).hasPrefix("-NOAUTH "))
        }

        @Test(.enabled(if: Machine.address != nil, "this machine has loopback alone"))
        func `other nodes connect to the bus of a protected node`() throws {
            let outside = try #require(Machine.address)
            let cluster = try MixedCluster(
                [try Live.ours(), try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: ["--bind", outside, "127.0.0.1"])
            let (first, second) = (cluster.nodes[0], cluster.nodes[1])
            try first.command("CLUSTER", "MEET", outside, "\(second.port)")
            eventually("they know each other") {
                let rows = try second.nodes()
                let isWell = rows.count == 2 && rows.allSatisfy { $0.isConnected && $0.isMaster }
                return isWell && rows.contains { $0.ip == outside } ? nil : "\(rows)"
            }
        }

        @Test(.enabled(if: Live.redis != nil, Live.noRedis))
        func `a new port is told to the others, and the bus stays where it is`() throws {
            let cluster = try MixedCluster(
                [try Live.ours(), try Live.theirs()], nodeTimeoutMilliseconds: Live.nodeTimeout)
            try cluster.form(cluster.nodes, masters: 2)
            let (node, other) = (cluster.nodes[0], cluster.nodes[1])
            let id = try node.text("CLUSTER", "MYID")
            let port = try LoopbackPorts.base(count: 1)
            let client = try node.connect()
            #expect(try client.send(["CONFIG", "SET", "port", "\(port)"]) == .simple("OK"))
            // Who is connected stays so, and the old port is free.
            #expect(try client.send(["PING"]) == .simple("PONG"))
            #expect(try client.send(["CONFIG", "GET", "port"])["port"]?.string == "\(port)")
            #expect(throws: InteropError.self) { try node.connect() }
            let moved = try AdminClient(
                .loopback(port: UInt16(port)), timeoutMilliseconds: 2000)
            #expect(try moved.send(["PING"]) == .simple("PONG"))
            eventually("the other node knows the port, and the bus where it was") {
                let row = try other.nodes().first { $0.id == id }
                let isWell =
                    row?.port == port && row?.busPort == node.port + LoopbackPorts.busOffset
                    && row?.isConnected == true && row?.isFailing == false
                return isWell ? nil : "\(String(describing: row))"
            }
            // Key "bar" is in the first half.
            #expect(try other.ask(["GET", "bar"]).errorText == "MOVED 5061 127.0.0.1:\(port)")
            let change = try cluster.theirs[0].nodes().filter { !$0.isConnected }
            #expect(change.isEmpty)
        }

        @Test func `a port that is taken leaves all as it was`() throws {
            let cluster = try alone()
            let node = cluster.nodes[0]
            let port = try LoopbackPorts.base(count: 1)
            let holder = try Socket.listen(at: .loopback(port: UInt16(port)))
            let reply = try node.ask([
                "CONFIG", "SET", "timeout", "7", "port", "\(port)",
            ])
            #expect(
                reply.errorText
                    == "ERR CONFIG SET failed (possibly related to argument 'port') - "
                    + "Unable to listen on this port. Check server logs.")
            #expect(node.log.contains("cannot listen on 127.0.0.1:\(port): Address already in use"))
            let client = try node.connect()
            #expect(try client.send(["CONFIG", "GET", "timeout"])["timeout"]?.string == "0")
            #expect(try client.send(["CONFIG", "GET", "port"])["port"]?.string == "\(node.port)")
            _ = holder.descriptor
        }

        @Test func `addresses come and go while the node runs`() throws {
            let cluster = try alone()
            let node = cluster.nodes[0]
            try node.command("CONFIG", "SET", "bind", "127.0.0.1 127.0.0.9 -192.0.2.250")
            #expect(answer(node, at: "127.0.0.9", from: "127.0.0.1") == "+PONG")
            #expect(answer(node, at: "127.0.0.1", from: "127.0.0.1") == "+PONG")
            // One that is part of another: the old one has to go first.
            try node.command("CONFIG", "SET", "bind", "*")
            #expect(answer(node, at: "127.0.0.77", from: "127.0.0.1") == "+PONG")
            try node.command("CONFIG", "SET", "bind", "localhost")
            #expect(answer(node, at: "127.0.0.9", from: "127.0.0.1").contains("refused"))
            let refused = try node.ask(["CONFIG", "SET", "bind", "127.0.0.9 192.0.2.250"])
            #expect(refused.errorText?.hasSuffix("Failed to bind to specified addresses.") == true)
            #expect(answer(node, at: "127.0.0.1", from: "127.0.0.1") == "+PONG")
            #expect(answer(node, at: "127.0.0.9", from: "127.0.0.1").contains("refused"))
            #expect(try node.ask(["CONFIG", "GET", "bind"])["bind"]?.string == "localhost")
        }
    }
}

enum Machine {
    /// An IPv4 address of this machine that is not loopback; nil when there is none.
    static let address: String? = {
        let table = (try? File.readText("/proc/net/fib_trie", limitBytes: 1 << 20)) ?? ""
        let lines = table.split(separator: "\n").map(String.init)
        for (line, next) in zip(lines, lines.dropFirst()) where next.contains("/32 host LOCAL") {
            guard let ip = line.split(separator: " ").last.map(String.init),
                let address = SocketAddress(ip: ip, port: 0), !address.isLoopback
            else { continue }
            return ip
        }
        return nil
    }()
}
