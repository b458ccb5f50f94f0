// `grapevine admin` and `status` as a person calls them: replies, passwords, wrong calls.

import ClusterClient
import Foundation
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

@Suite struct AdminTests {
    /// A real server, with a password or without a cluster.
    private func theirs(_ directives: String..., cluster: Bool = true) throws -> MixedCluster {
        let server = try #require(ReferenceServer.installed(.redis))
        return try MixedCluster(
            [.reference(server)], nodeTimeoutMilliseconds: 1000,
            directives: directives + (cluster ? [] : ["--cluster-enabled", "no"]))
    }

    private static let hasRedis = ReferenceServer.installed(.redis) != nil
    private static let noRedis: Comment = "no redis-server on PATH: install it, such as by apt-get"

    @Test(.enabled(if: hasRedis, noRedis))
    func `a server that asks for a password gets it, or is told of in one line`() throws {
        let cluster = try theirs()
        let node = cluster.nodes[0]
        try node.command("CONFIG", "SET", "requirepass", "secret-1")
        let place = "127.0.0.1:\(node.port)"
        let commands = [["status", place], ["admin", place, "CLUSTER", "INFO"]]
        for command in commands {
            let name = command[0]
            #expect(
                try Grapevine.run(command)
                    == Said(
                        output: "",
                        errors: "grapevine \(name): \(place): NOAUTH Authentication required.\n",
                        status: 2))
            let wrong = try Grapevine.run(command + ["--password", "secret-2"])
            #expect(wrong.status == 2 && wrong.output.isEmpty)
            #expect(wrong.errors.contains("WRONGPASS") && wrong.errors.last == "\n")
            let right = try Grapevine.run(command + ["--password", "secret-1"])
            #expect(right.errors.isEmpty && right.output.contains("state"), "\(right)")
            let user = try Grapevine.run(
                command + ["--user", "default", "--password", "secret-1"])
            #expect(user == right || name == "status" && user.status == right.status)
            let nobody = try Grapevine.run(command + ["--user", "default"])
            #expect(nobody.status == 2 && nobody.errors.contains("--user needs a password"))
            let named = try Grapevine.run(command, environment: ["REDISCLI_AUTH": "secret-1"])
            #expect(named.status == right.status && named.errors.isEmpty)
        }
        // A password that is not asked for is no hindrance.
        let own = try MixedCluster(
            [.ours(try Grapevine.program())], nodeTimeoutMilliseconds: 1000)
        let open = try Grapevine.run(
            "admin", "127.0.0.1:\(own.nodes[0].port)", "PING", "--password", "x")
        #expect(open == Said(output: "PONG\n", errors: "", status: 0))
        try node.command("AUTH", "secret-1")
    }

    @Test(.enabled(if: hasRedis, noRedis))
    func `a server without a cluster is told of in one line`() throws {
        let cluster = try theirs(cluster: false)
        let place = "127.0.0.1:\(cluster.nodes[0].port)"
        for command in [["status", place], ["admin", place, "CLUSTER", "NODES"]] {
            #expect(
                try Grapevine.run(command)
                    == Said(
                        output: "",
                        errors: "grapevine \(command[0]): \(place): "
                            + "ERR This instance has cluster support disabled\n", status: 2))
        }
        let other = try Grapevine.run("admin", place, "PING")
        #expect(other == Said(output: "PONG\n", errors: "", status: 0))
    }

    @Test func `a handshake is shown as one, in status too`() throws {
        let cluster = try MixedCluster(
            [.ours(try Grapevine.program())], nodeTimeoutMilliseconds: 60_000)
        let node = cluster.nodes[0]
        let silent = try LoopbackPorts.base(count: 1)
        try node.command("CLUSTER", "MEET", "127.0.0.1", "\(silent)")
        let rows = try node.nodes()
        #expect(rows.map(\.flags).sorted { $0.count < $1.count }.first == ["handshake"])
        let place = "127.0.0.1:\(node.port)"
        let row = try Grapevine.run("status", place).lines.first { $0.contains(":\(silent)") }
        #expect(row?.contains("  -  ") == true && row?.contains("handshake") == true)
        let json = try Grapevine.run("status", "--json", place).output
        #expect(json.contains("\"role\":null") && json.contains("\"role\":\"master\""), "\(json)")
    }

    @Test func `a command is sent, and its reply printed as redis-cli does`() throws {
        let cluster = try MixedCluster(
            [.ours(try Grapevine.program())], nodeTimeoutMilliseconds: 1000)
        let place = "127.0.0.1:\(cluster.nodes[0].port)"
        #expect(
            try Grapevine.run("admin", place, "PING")
                == Said(output: "PONG\n", errors: "", status: 0))
        let nodes = try Grapevine.run("admin", place, "CLUSTER", "NODES")
        #expect(nodes.status == 0 && nodes.output.contains("myself,master"))
        #expect(
            try Grapevine.run("admin", "--json", place, "CLUSTER", "KEYSLOT", "foo").output
                == "12182\n")
        let refused = try Grapevine.run("admin", place, "CLUSTER", "NONE")
        #expect(refused.status == 1)
        #expect(refused.output == "ERR unknown subcommand 'NONE'. Try CLUSTER HELP.\n")
        let json = try Grapevine.run("admin", "--json", place, "NONE")
        #expect(json.status == 1 && json.output.hasPrefix("{\"error\":"))
    }

    @Test(arguments: [
        (["admin"], "HOST:PORT is missing"), (["admin", "nowhere", "PING"], "'nowhere'"),
        (["admin", "127.0.0.1:1"], "a command is missing"),
        (["admin", "127.0.0.1:1", "PING"], "Connection refused"),
        (["admin", "127.0.0.1:1", "PING", "--timeout", "x"], "--timeout"),
    ])
    func `a wrong call is one line and status 2`(words: [String], problem: String) throws {
        let said = try Grapevine.run(words)
        #expect(said.status == 2 && said.output.isEmpty)
        #expect(said.errors.contains(problem) && said.lines.isEmpty)
        #expect(said.errors.split(separator: "\n").count == 1)
    }
}
