// What the test suites of the peers ask of a node: their words in the log, DEBUG, and counts that begin
// anew. The suites themselves are run by Tests/peers.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct HarnessTests {
        private func cluster(_ count: Int, _ directives: String...) throws -> MixedCluster {
            let cluster = try MixedCluster(
                Array(repeating: try Live.ours(), count: count),
                nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: ["--enable-debug-command", "yes"] + directives)
            try cluster.form(cluster.nodes, masters: count)
            return cluster
        }

        private func log(_ node: ServerProcess) -> String {
            (try? File.readText("\(node.folder)/server.log")) ?? ""
        }

        @Test func `the log has the number of the process before it says that it serves`() throws {
            let cluster = try cluster(1)
            let node = cluster.nodes[0]
            let text = log(node)
            let number = try #require(text.firstRange(of: " PID: \(node.processID)"))
            let ready = try #require(text.firstRange(of: "Server initialized"))
            #expect(number.upperBound <= ready.lowerBound)
            #expect(text.contains("Ready to accept connections"))
        }

        @Test func `DEBUG LOG writes one line, whatever is in it`() throws {
            let cluster = try cluster(1)
            let node = cluster.nodes[0]
            #expect(try node.connect().send(["DEBUG", "LOG", "a\nb\u{1B}"]) == .simple("OK"))
            #expect(log(node).contains("DEBUG LOG: a\\x0ab\\x1b\n"))
        }

        @Test func `DEBUG CLUSTERLINK KILL ends connections, which are made again`() throws {
            let cluster = try cluster(2)
            let client = try cluster.nodes[0].connect()
            let other = try cluster.nodes[1].text("CLUSTER", "MYID")
            func created() throws -> [Int64] {
                let links = try client.send(["CLUSTER", "LINKS"]).elements ?? []
                return links.compactMap { $0.elements?[5].number }
            }
            let before = try created()
            #expect(before.count == 2)
            SystemClock.sleep(milliseconds: 5)
            #expect(
                try client.send(["DEBUG", "CLUSTERLINK", "KILL", "ALL", other]) == .simple("OK"))
            eventually("both connections are new") {
                let now = try created()
                return now.count == 2 && now.allSatisfy { !before.contains($0) } ? nil : "\(now)"
            }
            let unknown = String(repeating: "0", count: 40)
            #expect(
                try client.send(["DEBUG", "CLUSTERLINK", "KILL", "TO", unknown])
                    == .error("ERR Unknown node \(unknown)"))
            #expect(
                try client.send(["DEBUG", "CLUSTERLINK", "KILL", "UP", other])
                    == .error("ERR Unknown direction UP"))
        }

        @Test func `DEBUG RESTART begins again as the same process and node`() throws {
            let cluster = try cluster(1)
            let node = cluster.nodes[0]
            let id = try node.text("CLUSTER", "MYID")
            #expect(throws: AdminClientError.self) {
                try node.connect().send(["DEBUG", "RESTART", "0"])
            }
            eventually("it answers again") {
                (try? node.text("CLUSTER", "MYID")) == id ? nil : "no answer"
            }
            #expect(node.exitStatus == nil)
            #expect(log(node).components(of: "Server initialized") == 2)
        }

        @Test func `CONFIG RESETSTAT has the counts of the bus begin anew`() throws {
            let cluster = try cluster(2)
            let client = try cluster.nodes[0].connect()
            func field(_ name: String, _ reply: RESPValue) -> Int? {
                (reply.string ?? "").split(whereSeparator: \.isNewline)
                    .first { $0.hasPrefix("\(name):") }
                    .flatMap { Int($0.dropFirst(name.count + 1)) }
            }
            let names = ["messages_sent", "messages_received", "bytes_sent", "bytes_received"]
            let before = try client.send(["CLUSTER", "INFO"])
            for name in names { #expect(try #require(field("cluster_stats_\(name)", before)) > 0) }
            _ = try client.send(["MULTI"])
            _ = try client.send(["CONFIG", "RESETSTAT"])
            _ = try client.send(["CLUSTER", "INFO"])
            let after = try #require(try client.send(["EXEC"]).elements?[1])
            for name in names { #expect(field("cluster_stats_\(name)", after) == 0) }
        }

        @Test func `a link on which more waits than its limit is ended and counted`() throws {
            let cluster = try cluster(2)
            let client = try cluster.nodes[0].connect()
            _ = try client.send(["CONFIG", "SET", "cluster-link-sendbuf-limit", "1"])
            eventually("a link is over its limit") {
                let info = try client.send(["CLUSTER", "INFO"]).string ?? ""
                return info.contains("total_cluster_links_buffer_limit_exceeded:0") ? info : nil
            }
            _ = try client.send(["CONFIG", "SET", "cluster-link-sendbuf-limit", "0"])
            try cluster.waitUntilAgreed()
        }

        @Test func `pings and reports are logged with the names that nodes announce`() throws {
            let cluster = try cluster(3, "--loglevel", "debug")
            for (index, node) in cluster.nodes.enumerated() {
                try node.command(
                    "CONFIG", "SET", "cluster-announce-human-nodename", "name-\(index)")
            }
            eventually("the log has both names") {
                let text = log(cluster.nodes[0])
                let names = ["(name-1) ", "(name-2) "]
                return names.allSatisfy(text.contains) ? nil : "not yet"
            }
            #expect(log(cluster.nodes[0]).contains("Sending ping packet to node "))
        }

        @Test(arguments: [
            ("10.0.0.1\n", "invalid character"), ("a b", "invalid character"),
            ("a,b", "invalid character"), ("a=b", "invalid character"),
            (String(repeating: "a", count: 100), "too long"),
        ])
        func `a text that cannot be announced is refused`(text: String, why: String) throws {
            let cluster = try cluster(1)
            let client = try cluster.nodes[0].connect()
            let reply = try client.send(["CONFIG", "SET", "cluster-announce-ip", text])
            #expect(reply.errorText?.contains(why) == true, "\(reply)")
        }

        @Test func `a text that can be announced is taken, and the file loads afterwards`() throws {
            let cluster = try cluster(1)
            let node = cluster.nodes[0]
            let client = try node.connect()
            for text in ["my-host_1.example:8080/path", "é"] {
                #expect(
                    try client.send(["CONFIG", "SET", "cluster-announce-ip", text]) == .simple("OK")
                )
                let reply = try client.send(["CONFIG", "GET", "cluster-announce-ip"])
                #expect(reply.elements?.last?.string == text)
            }
            #expect(throws: AdminClientError.self) { try client.send(["DEBUG", "RESTART"]) }
            eventually("it answers again") {
                (try? node.text("PING")) == "PONG" ? nil : "no answer: \(node.logEnd)"
            }
        }
    }
}

extension String {
    /// How often a text is in this one.
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
