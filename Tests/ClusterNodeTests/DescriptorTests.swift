// Nodes that may have few descriptors, and crowds that would have them all: clients and strangers get
// what links, votes and files leave.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct DescriptorTests {
        /// Our program, started with a limit of descriptors.
        private func limited(to limit: Int, _ folder: borrowing TemporaryFolder) throws
            -> ServerProgram
        {
            guard case .ours(let program) = try Live.ours() else { return try Live.ours() }
            let path = folder.path(of: "limited-\(limit)")
            let script = "#!/bin/sh\nulimit -n \(limit)\nexec '\(program)' \"$@\"\n"
            try File.write(Array(script.utf8), to: path)
            try File.setMode(path, 0o755)
            return .ours(path)
        }

        /// A connection in an array.
        private final class Held {
            let connection: BlockingConnection
            init(_ address: SocketAddress) throws {
                connection = try BlockingConnection(to: address, timeoutMilliseconds: 2000)
            }

            /// Whether it is still open after a moment, with nothing said.
            var isIdle: Bool {
                do {
                    _ = try connection.read(timeoutMilliseconds: 1)
                    return false
                } catch {
                    return error.isTimeout
                }
            }
        }

        @Test(arguments: [0, 60])
        func `a failover needs no descriptor that clients or strangers could take`(strangers: Int)
            throws
        {
            let folder = try TemporaryFolder()
            let cluster = try MixedCluster(
                Array(repeating: try limited(to: 64, folder), count: 6),
                nodeTimeoutMilliseconds: Live.nodeTimeout)
            try cluster.form(cluster.nodes, masters: 3)
            let (victim, crowded, successor) = (
                cluster.nodes[0], cluster.nodes[1], cluster.nodes[3]
            )
            #expect(try crowded.ask(["CONFIG", "GET", "maxclients"])["maxclients"]?.string == "22")
            let clients = try (0..<80).map { _ in try Held(crowded.address) }
            let unknown = try (0..<strangers).map { _ in try Held(crowded.busAddress) }
            let before = try #require(ProcessUsage.processorNanoseconds(of: crowded.processID))
            SystemClock.sleep(milliseconds: 500)
            let after = try #require(ProcessUsage.processorNanoseconds(of: crowded.processID))
            #expect(after - before < 200_000_000, "the loop spins")
            let spent = try cluster.killAndWait(victim, successor, limit: Live.nodeTimeout + 3000)
            print("80 clients, \(strangers) strangers, 64 descriptors: successor after \(spent) ms")
            let idle = clients.filter(\.isIdle).count
            // One is the test's own.
            #expect((14...21).contains(idle), "\(idle) clients were let in")
            #expect(!crowded.log.contains("Saving"), "\(crowded.log.suffix(1000))")
            withExtendedLifetime(unknown) {}
            victim.stop()
        }

        @Test func `a node that joins is let in though strangers sit on the bus`() throws {
            let folder = try TemporaryFolder()
            let cluster = try MixedCluster(
                [try limited(to: 48, folder), try Live.ours()],
                nodeTimeoutMilliseconds: Live.nodeTimeout)
            let (crowded, newcomer) = (cluster.nodes[0], cluster.nodes[1])
            let unknown = try (0..<100).map { _ in try Held(crowded.busAddress) }
            #expect(unknown.filter(\.isIdle).count <= 16)
            try cluster.meet(newcomer, crowded)
            eventually("they know each other") {
                let rows = try crowded.nodes() + newcomer.nodes()
                return rows.count == 4 && rows.allSatisfy(\.isConnected) ? nil : "\(rows.count)"
            }
            #expect(try crowded.text("PING") == "PONG")
        }

        @Test func `maxclients is what fits, and no more can be asked for`() throws {
            let folder = try TemporaryFolder()
            let cluster = try MixedCluster(
                [try limited(to: 100, folder), try Live.ours(), try Live.ours()],
                nodeTimeoutMilliseconds: Live.nodeTimeout)
            let node = cluster.nodes[0]
            func told() throws -> String? {
                try node.ask(["CONFIG", "GET", "maxclients"])["maxclients"]?.string
            }
            #expect(try told() == "68")
            #expect(try node.field("maxclients", of: "INFO", "clients") == "68")
            #expect(node.log.contains("maxclients is 68, not 10000"))
            let refused = try node.ask(["CONFIG", "SET", "maxclients", "69"])
            #expect(
                refused.errorText
                    == "ERR CONFIG SET failed (possibly related to argument 'maxclients') - "
                    + "The operating system is not able to handle the specified number of "
                    + "clients, try with 68")
            try node.command("CONFIG", "SET", "maxclients", "68")
            // Each node that is known takes the room of two.
            try cluster.form(cluster.nodes, masters: 3)
            #expect(try told() == "64")
            try node.command("CONFIG", "SET", "maxclients", "20")
            #expect(try told() == "20")
        }

        @Test func `a limit that leaves no room for clients is refused in one line`() throws {
            let folder = try TemporaryFolder()
            guard case .ours(let program) = try limited(to: 32, folder) else { return }
            var options = ChildProcess.Options(arguments: [
                "node", "--dir", folder.path, "--port", "\(try LoopbackPorts.base(count: 1))",
            ])
            options.output = .pipe
            let child = try ChildProcess(program, options)
            let said = String(decoding: try child.readOutput(milliseconds: 5000), as: UTF8.self)
            #expect(child.wait(milliseconds: 5000) == .exited(2))
            #expect(
                said == "grapevine node: the limit of descriptors (ulimit -n) is 32: "
                    + "at least 33 are needed\n")
        }

        @Test(
            .enabled(
                if: ProgramSearch.find("prlimit") != nil, "no prlimit on PATH: install util-linux"))
        func `a node that the system gives no descriptor waits, and lets in whom it can later`()
            throws
        {
            let cluster = try MixedCluster(
                [try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout)
            let node = cluster.nodes[0]
            let tool = Tool(path: try #require(ProgramSearch.find("prlimit")))
            func limit(_ count: Int) throws {
                let words = ["--pid", "\(node.processID)", "--nofile=\(count):"]
                #expect(try tool.run(words).status == .exited(0))
            }
            let usage = try #require(ProcessUsage(of: node.processID))
            try limit(usage.descriptors)
            let waiting = [try Held(node.address), try Held(node.busAddress)]
            SystemClock.sleep(milliseconds: 200)
            let before = try #require(ProcessUsage.processorNanoseconds(of: node.processID))
            SystemClock.sleep(milliseconds: 1000)
            let after = try #require(ProcessUsage.processorNanoseconds(of: node.processID))
            #expect(after - before < 200_000_000, "the loop spins: \((after - before) / 1000) us")
            // Who is connected is answered meanwhile.
            #expect(try node.text("PING") == "PONG")
            try limit(1000)
            eventually("another client is let in") {
                try node.connect().send(["PING"]) == .simple("PONG") ? nil : "no PONG"
            }
            withExtendedLifetime(waiting) {}
        }
    }
}
