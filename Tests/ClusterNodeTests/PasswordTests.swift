// A node with a password: who is let in, what those are told who are not, and that nobody else reads the
// password anywhere. The words are those of Redis 7.0.15.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct PasswordTests {
        private static let secret = "pass-word-1"
        private static let wrong = "WRONGPASS invalid username-password pair or user is disabled."
        private static let none = "NOAUTH Authentication required."

        private func node(_ directives: String...) throws -> MixedCluster {
            try MixedCluster(
                [try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: ["--requirepass", Self.secret] + directives)
        }

        /// A connection that is not logged in.
        private func stranger(_ cluster: MixedCluster) throws -> AdminClient {
            try AdminClient(cluster.nodes[0].address, timeoutMilliseconds: 5000)
        }

        private func error(_ client: AdminClient, _ words: String...) throws -> String? {
            try client.send(words).errorText
        }

        @Test func `who has not logged in is refused in the reference's words and order`() throws {
            let cluster = try node()
            let client = try stranger(cluster)
            for words in [
                ["PING"], ["GET", "a"], ["MULTI"], ["INFO"], ["CLUSTER", "NODES"],
                ["ACL", "WHOAMI"],
                ["CONFIG", "GET", "requirepass"], ["REPLCONF", "capa", "eof"],
                ["PSYNC", "?", "-1"],
            ] {
                #expect(try client.send(words).errorText == Self.none, "\(words)")
            }
            #expect(
                try error(client, "EXEC")
                    == "EXECABORT Transaction discarded because of: \(Self.none)")
            #expect(
                try error(client, "GET") == "ERR wrong number of arguments for 'get' command")
            #expect(try error(client, "NOSUCH")?.hasPrefix("ERR unknown command 'NOSUCH'") == true)
            #expect(try error(client, "HELLO", "9") == "NOPROTO unsupported protocol version")
            #expect(
                try error(client, "HELLO", "3", "FOO") == "ERR Syntax error in HELLO option 'FOO'")
            for words in [["HELLO"], ["HELLO", "3"], ["HELLO", "3", "SETNAME", "x"]] {
                let text = try client.send(words).errorText
                #expect(text?.hasPrefix("NOAUTH HELLO must be called with") == true, "\(words)")
            }
            #expect(try client.send(["RESET"]) == .simple("RESET"))
            #expect(try client.send(["QUIT"]) == .simple("OK"))
        }

        @Test func `AUTH and HELLO let in by the password, and RESET lets go`() throws {
            let cluster = try node()
            let client = try stranger(cluster)
            for words in [
                ["AUTH", "x"], ["AUTH", "default", "x"], ["AUTH", "bob", Self.secret],
                ["AUTH", ""], ["AUTH", Self.secret + "1"], ["AUTH", Self.secret + Self.secret],
                ["HELLO", "3", "AUTH", "default", "x"],
                ["HELLO", "3", "AUTH", "bob", Self.secret],
            ] {
                #expect(try client.send(words).errorText == Self.wrong, "\(words)")
            }
            #expect(try error(client, "AUTH", "a", "b", "c") == "ERR syntax error")
            #expect(try error(client, "PING") == Self.none)
            for words in [["AUTH", Self.secret], ["AUTH", "default", Self.secret]] {
                #expect(try client.send(words) == .simple("OK"))
                #expect(try client.send(["ACL", "WHOAMI"]).string == "default")
                // A wrong one takes nothing away.
                #expect(try error(client, "AUTH", "x") == Self.wrong)
                #expect(try client.send(["PING"]) == .simple("PONG"))
                #expect(try client.send(["RESET"]) == .simple("RESET"))
                #expect(try error(client, "PING") == Self.none)
            }
            let hello = ["HELLO", "3", "AUTH", "default", Self.secret, "SETNAME", "tester"]
            #expect(try client.send(hello)["proto"] == .integer(3))
            #expect(try client.send(["CLIENT", "GETNAME"]).string == "tester")
            #expect(
                try client.send(["CLIENT", "INFO"]).string?.contains(" user=default ") == true)
        }

        @Test func `a client that is not logged in may send small requests alone`() throws {
            let cluster = try node()
            func said(_ bytes: String) throws -> String {
                let client = try RawClient(cluster.nodes[0])
                try client.send(Array(bytes.utf8))
                return String(decoding: try client.reply(), as: UTF8.self)
            }
            #expect(
                try said("*11\r\n") == "-ERR Protocol error: unauthenticated multibulk length\r\n")
            #expect(
                try said("*2\r\n$4\r\nAUTH\r\n$16385\r\n")
                    == "-ERR Protocol error: unauthenticated bulk length\r\n")
            let long = String(repeating: "x", count: 16_384)
            #expect(
                try said("*2\r\n$4\r\nAUTH\r\n$16384\r\n\(long)\r\n") == "-\(Self.wrong)\r\n")
            let client = try stranger(cluster)
            #expect(try client.send(["AUTH", Self.secret]) == .simple("OK"))
            #expect(try client.send(["ECHO", long + long]).string == long + long)
            _ = try client.send(["RESET"])
            #expect(throws: AdminClientError.self) {
                let reply = try client.send(["ECHO", long + long])
                if let text = reply.errorText { throw AdminClientError.refused(text) }
            }
        }

        @Test func `the password changes while the node runs, for those who come later`() throws {
            let cluster = try node()
            let node = cluster.nodes[0]
            let early = try stranger(cluster)
            try node.command("CONFIG", "SET", "requirepass", "second")
            #expect(try node.text("PING") == "PONG")
            #expect(try error(early, "AUTH", Self.secret) == Self.wrong)
            #expect(try early.send(["AUTH", "second"]) == .simple("OK"))
            #expect(
                try node.ask(["CONFIG", "GET", "requirepass"]).elements?.compactMap(\.string)
                    == ["requirepass", "second"])
            let third = try stranger(cluster)
            try node.command("CONFIG", "SET", "requirepass", "")
            #expect(try third.send(["PING"]) == .simple("PONG"))
            #expect(
                try error(third, "AUTH", "x")
                    == "ERR AUTH <password> called without any password configured for the default "
                    + "user. Are you sure your configuration is correct?")
            #expect(try third.send(["AUTH", "default", "x"]) == .simple("OK"))
            let tooLong = String(repeating: "x", count: 16_385)
            #expect(
                try error(third, "CONFIG", "SET", "requirepass", tooLong)?.hasSuffix(
                    "argument must have at most 16384 bytes") == true)
        }

        @Test func `ACL shows the password by its hash`() throws {
            let cluster = try node()
            let node = cluster.nodes[0]
            try node.command("CONFIG", "SET", "requirepass", "pw1")
            let hash = "c592df4a86933b92addc9842402ddf198c638ea9be58916ee6e3734e1e3152f8"
            #expect(
                try node.ask(["ACL", "LIST"]).elements?.compactMap(\.string)
                    == ["user default on #\(hash) ~* &* +@all"])
            let user = try node.ask(["ACL", "GETUSER", "default"])
            #expect(user["flags"]?.elements?.compactMap(\.string) == ["on"])
            #expect(user["passwords"]?.elements?.compactMap(\.string) == [hash])
            try node.command("CONFIG", "SET", "requirepass", "")
            #expect(
                try node.ask(["ACL", "LIST"]).elements?.compactMap(\.string)
                    == ["user default on nopass ~* &* +@all"])
        }

        @Test func `failed logins are counted, kept for ACL LOG, and cost no more than others`()
            throws
        {
            let cluster = try node()
            let node = cluster.nodes[0]
            let client = try RawClient(node)
            let count = 20_000
            func time(_ line: String) throws -> Int64 {
                let start = SystemClock.monotonicMilliseconds()
                let half = String(repeating: line, count: count / 10)
                for _ in 0..<10 {
                    try client.send(Array(half.utf8))
                    for _ in 0..<count / 10 { _ = try client.value() }
                }
                return SystemClock.monotonicMilliseconds() - start
            }
            let refused = try time("AUTH default wrong\r\n")
            _ = try client.ask("auth bob x")
            _ = try client.ask("AUTH \(Self.secret)")
            let answered = try time("CLIENT INFO\r\n")
            print("\(count) wrong AUTHs took \(refused) ms, as many CLIENT INFO \(answered) ms")
            #expect(refused < answered * 2 + 200)
            #expect(
                try node.field("acl_access_denied_auth", of: "INFO", "stats") == "\(count + 1)")
            let log = try #require(try node.ask(["ACL", "LOG"]).elements)
            #expect(log.map { $0["username"]?.string } == ["bob", "default"])
            #expect(log.map { $0["object"]?.string } == ["auth", "AUTH"])
            #expect(log.map { $0["count"] } == [.integer(1), .integer(Int64(count))])
            #expect(log.first?["reason"]?.string == "auth")
            #expect(log.first?["context"]?.string == "toplevel")
            #expect(log.first?["client-info"]?.string?.contains("cmd=auth") == true)
            #expect(try node.ask(["ACL", "LOG", "1"]).elements?.count == 1)
            try node.command("ACL", "LOG", "RESET")
            #expect(try node.ask(["ACL", "LOG"]).elements == [])
        }

        @Test func `CONFIG REWRITE keeps passwords, in a file that others still cannot read`()
            throws
        {
            let folder = try TemporaryFolder()
            let path = folder.path(of: "node.conf")
            try File.write(Array("requirepass \"a \\x62\\\"#\"\nmasteruser op\n".utf8), to: path)
            try File.setMode(path, 0o600)
            let base = try LoopbackPorts.base(count: 1)
            var options = ChildProcess.Options(arguments: [
                "node", path, "--port", "\(base)", "--dir", folder.path, "--cluster-enabled", "yes",
            ])
            options.output = .file(folder.path(of: "log"))
            guard case .ours(let program) = try Live.ours() else { return }
            let child = try ChildProcess(program, options)
            defer { child.terminate() }
            let address = SocketAddress.loopback(port: UInt16(base))
            let login = Credentials(password: "a b\"#")
            eventually("the node lets in") {
                let client = try? AdminClient(address, timeoutMilliseconds: 1000, as: login)
                return client == nil ? "not yet" : nil
            }
            let client = try AdminClient(address, timeoutMilliseconds: 5000, as: login)
            #expect(try client.send(["CONFIG", "SET", "masterauth", "m 1"]) == .simple("OK"))
            #expect(try client.send(["CONFIG", "REWRITE"]) == .simple("OK"))
            let text = try File.readText(path, limitBytes: 65_536)
            #expect(text.hasPrefix("requirepass \"a b\\\"#\"\nmasteruser op\n"), "\(text)")
            #expect(text.contains("\nmasterauth \"m 1\"\n"))
            var look = ChildProcess.Options(arguments: ["-c", "%a", path])
            look.output = .pipe
            let shown = try ChildProcess("/usr/bin/stat", look).readOutput(milliseconds: 5000)
            #expect(String(decoding: shown, as: UTF8.self) == "600\n")
        }

        @Test func `a password is in no log, no slow log, no INFO and no list of processes`() throws
        {
            let cluster = try node(
                "--masterauth", "master-word-1", "--loglevel", "debug",
                "--slowlog-log-slower-than", "0")
            let node = cluster.nodes[0]
            let client = try stranger(cluster)
            _ = try client.send(["AUTH", "default", Self.secret])
            _ = try client.send(["HELLO", "2", "AUTH", "default", Self.secret])
            _ = try client.send(["CONFIG", "SET", "masteruser", "user-word-1"])
            _ = try client.send(["CONFIG", "SET", "primaryauth", "master-word-1"])
            let slow = try node.ask(["SLOWLOG", "GET", "-1"])
            let arguments = try File.readText(
                "/proc/\(node.processID)/cmdline", limitBytes: 65_536)
            let told = [
                node.log, "\(slow)", try node.text("INFO", "everything"),
                try node.text("CLIENT", "LIST"), arguments,
            ]
            for word in [Self.secret, "master-word-1", "user-word-1"] {
                for text in told { #expect(!text.contains(word)) }
            }
            #expect(arguments.contains("--requirepass\0xxxxxxxxxxx\0"))
        }

        @Test(.enabled(if: Live.redisCLI != nil, Live.noRedis))
        func `redis-cli logs in by -a and by REDISCLI_AUTH, and forms a cluster of our nodes`()
            throws
        {
            let cluster = try MixedCluster(
                Array(repeating: try Live.ours(), count: 3),
                nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: ["--requirepass", Self.secret])
            let words = ["-p", "\(cluster.nodes[0].port)", "-a", Self.secret, "--no-auth-warning"]
            #expect(try RedisCLI.run(words + ["PING"], milliseconds: 5000) == "PONG\n")
            let places = cluster.nodes.map { "127.0.0.1:\($0.port)" }
            let said = try RedisCLI.run(
                ["-a", Self.secret, "--cluster", "create"] + places + ["--cluster-yes"],
                milliseconds: 30_000)
            #expect(said.contains("[OK] All 16384 slots covered."))
            try cluster.waitUntilAgreed()
        }
    }
}
