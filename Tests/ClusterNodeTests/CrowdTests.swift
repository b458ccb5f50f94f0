// Many clients, slow ones and wrong ones at one node of a cluster, whose heartbeats must not notice;
// writes that wait for a manual failover; and the settings that a node writes into its file.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct CrowdTests {
        private func connect(_ node: ServerProcess) throws -> BlockingConnection {
            try BlockingConnection(to: node.address, timeoutMilliseconds: 5000)
        }

        /// A connection in an array: one that is the sole owner of a socket cannot be.
        private final class Held {
            let connection: BlockingConnection
            init(_ connection: consuming BlockingConnection) { self.connection = connection }

            /// Sends what the node takes within a moment.
            func push(_ bytes: [UInt8]) {
                try? connection.write(bytes, timeoutMilliseconds: 5)
            }
        }

        @Test func `a thousand clients, slow and wrong ones among them, stall no heartbeat`() throws
        {
            _ = ProcessInformation.raiseDescriptorLimit()
            let cluster = try Live.ownCluster(3, masters: 3)
            let node = cluster.nodes[0]
            let before = node.residentBytes
            var crowd: [Held] = []
            for _ in 0..<1000 { crowd.append(Held(try connect(node))) }
            let half = Array("*3\r\n$3\r\nSET\r\n$5\r\nkey".utf8)
            for held in crowd[..<400] { held.push(half) }
            // Those who ask and never read.
            let asks = Array(String(repeating: "CLUSTER HELP\r\n", count: 2000).utf8)
            for held in crowd[400..<500] { held.push(asks) }
            // Garbage of several kinds, as much as is taken.
            let end = SystemClock.monotonicMilliseconds() + 4000
            let pings = Array(String(repeating: "PING\r\n", count: 10_000).utf8)
            let garbage = Array(String(repeating: "\u{1}nonsense x y\r\n", count: 4000).utf8)
            while SystemClock.monotonicMilliseconds() < end {
                for held in crowd[500..<600] { held.push(pings) }
                for held in crowd[600..<700] { held.push(garbage) }
            }
            // Who asks for little waits for no more than the turns of a few of them.
            let begin = SystemClock.monotonicMilliseconds()
            #expect(try node.text("PING") == "PONG")
            let waited = SystemClock.monotonicMilliseconds() - begin
            print("a PING beside 200 that ask without end: \(waited) ms")
            #expect(waited < 5000)
            for other in cluster.nodes {
                #expect(!other.log.contains("possibly failing"), "\(other.log.suffix(2000))")
            }
            let grown = node.peakResidentBytes - before
            print("a crowd of \(crowd.count): \(grown >> 20) MB more at the peak")
            #expect(grown < 512 << 20)
            crowd = []
            eventually("they are gone") {
                let count = try node.field("connected_clients", of: "INFO", "clients")
                if Int(count ?? "") ?? 1000 < 5 { return nil }
                return "\(count ?? "no") clients: \(try node.text("CLIENT", "LIST").prefix(2000))"
            }
        }

        @Test func `a client that takes none of its replies is closed in the end`() throws {
            let cluster = try MixedCluster(
                [try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: ["--client-output-buffer-limit", "normal", "0", "64kb", "1"])
            let held = Held(try connect(cluster.nodes[0]))
            let asks = Array(String(repeating: "CLUSTER HELP\r\n", count: 20_000).utf8)
            for _ in 0..<20 { held.push(asks) }
            eventually("it is closed") {
                let field = "client_output_buffer_limit_disconnections"
                let count = try cluster.nodes[0].field(field, of: "INFO", "stats")
                return count == "1" ? nil : "\(count ?? "no") were closed"
            }
        }

        @Test func `writes wait while a manual failover holds them, and reads do not`() throws {
            let cluster = try MixedCluster(
                [try Live.ours(), try Live.ours()], nodeTimeoutMilliseconds: 5000,
                directives: [
                    "--enable-debug-command", "yes", "--cluster-manual-failover-timeout", "1500",
                ])
            try cluster.form(cluster.nodes, masters: 1)
            let (master, replica) = (cluster.nodes[0], cluster.nodes[1])
            try master.command("SET", "k", "1")
            // The replica asks for the pause, and hears nothing of it.
            try replica.command("DEBUG", "DROP-CLUSTER-PACKET-FILTER", "-2")
            try replica.command("CLUSTER", "FAILOVER")
            eventually("the master holds writes") {
                let client = try master.connect()
                let started = SystemClock.monotonicMilliseconds()
                let writer = try RawClient(master)
                try writer.send(Array("SET k 2\r\nGET k\r\n".utf8))
                let isHeld = try client.send(["CLIENT", "LIST"]).string?.contains("flags=b")
                guard isHeld == true else { return "nobody waits" }
                #expect(try client.send(["GET", "k"]).string == "1")
                #expect(try writer.value() == .simple("OK"))
                #expect(try writer.value()?.string == "2")
                let waited = SystemClock.monotonicMilliseconds() - started
                print("a write waited for \(waited) ms")
                #expect(waited > 100)
                return nil
            }
        }

        @Test(.enabled(if: Tool.redisCLI != nil, Tool.noCLI))
        func `set-timeout changes the file that a node was started from`() throws {
            let folder = try TemporaryFolder()
            let port = FreePorts.base(1)
            let file = folder.path(of: "node.conf")
            let text = "# Mine.\nport \(port)\nsave 900 1\ncluster-node-timeout 5000\n"
            try File.write(Array(text.utf8), to: file)
            guard case .ours(let program) = try Live.ours() else { return }
            var options = ChildProcess.Options(arguments: ["node", file, "--dir", folder.path])
            options.output = .file(folder.path(of: "log"))
            let child = try ChildProcess(program, options)
            let tool = try #require(Tool.redisCLI)
            eventually("it answers") {
                let (output, _) = try tool.run(["-p", "\(port)", "ping"])
                return output.contains("PONG") ? nil : output
            }
            let (output, status) = try tool.run([
                "--cluster", "set-timeout", "127.0.0.1:\(port)", "3000",
            ])
            #expect(status == .exited(0) && output.contains("1 OK, 0 ERR"), "\(output)")
            let written = try File.readText(file)
            #expect(
                written.hasPrefix(
                    "# Mine.\nport \(port)\nsave \"900 1\"\ncluster-node-timeout 3000\n"))
            _ = child.terminate()
        }
    }
}
