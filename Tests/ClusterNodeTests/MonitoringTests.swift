// What monitors read: commands that took long, and the fields of INFO that they make curves of.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct MonitoringTests {
        private func alone(_ directives: String...) throws -> MixedCluster {
            let cluster = try MixedCluster(
                [try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: directives)
            try cluster.form(cluster.nodes, masters: 1)
            return cluster
        }

        @Test func `a command that took long is kept, with who asked and without passwords`() throws
        {
            let cluster = try alone(
                "--enable-debug-command", "yes", "--slowlog-log-slower-than", "20000")
            let client = try cluster.nodes[0].connect()
            _ = try client.send(["CLIENT", "SETNAME", "tester"])
            _ = try client.send(["SLOWLOG", "RESET"])
            #expect(try client.send(["PING"]) == .simple("PONG"))
            #expect(try client.send(["DEBUG", "SLEEP", "0.05"]) == .simple("OK"))
            let entries = try #require(try client.send(["SLOWLOG", "GET"]).elements)
            let entry = try #require(entries.first?.elements)
            #expect(entries.count == 1 && entry.count == 6)
            #expect(entry[3].elements?.compactMap(\.string) == ["DEBUG", "SLEEP", "0.05"])
            #expect(try #require(entry[2].number) >= 50_000)
            #expect(abs(try #require(entry[1].number) - SystemClock.wallMilliseconds() / 1000) <= 2)
            #expect(entry[4].string?.hasPrefix("127.0.0.1:") == true)
            #expect(entry[5].string == "tester")
            // All are kept now, the newest first, and of each no more than a line's worth.
            _ = try client.send(["CONFIG", "SET", "slowlog-log-slower-than", "0"])
            _ = try client.send(["AUTH", "default", "secret-1"])
            _ = try client.send(["HELLO", "2", "AUTH", "default", "secret-1"])
            _ = try client.send(["CONFIG", "SET", "requirepass", "secret-1"])
            _ = try client.send(["ECHO", String(repeating: "x", count: 200)])
            _ = try client.send(["MGET"] + (0..<50).map { "{a}\($0)" })
            let all = try #require(try client.send(["SLOWLOG", "GET", "-1"]).elements)
            let words = all.map { $0.elements?[3].elements?.compactMap(\.string) ?? [] }
            #expect(!words.joined().contains { $0.contains("secret-1") })
            #expect(words.contains(["AUTH", "(redacted)", "(redacted)"]))
            #expect(words.contains(["HELLO", "2", "AUTH", "(redacted)", "(redacted)"]))
            #expect(words.contains(["CONFIG", "SET", "requirepass", "(redacted)"]))
            let echo = String(repeating: "x", count: 128) + "... (72 more bytes)"
            #expect(words.contains(["ECHO", echo]))
            let long = words.first { $0.first == "MGET" }
            #expect(long?.count == 32 && long?.last == "... (20 more arguments)")
            let numbers = all.compactMap { $0.elements?[0].number }
            #expect(numbers == numbers.sorted(by: >) && Set(numbers).count == numbers.count)
            #expect(try client.send(["SLOWLOG", "GET", "2"]).elements?.count == 2)
        }

        @Test func `INFO has what monitors make curves of, and the figures move`() throws {
            let cluster = try alone()
            let node = cluster.nodes[0]
            func fields() throws -> [Substring: Substring] {
                let text = try node.text("INFO", "everything")
                return Dictionary(
                    text.split(whereSeparator: \.isNewline).compactMap { line in
                        let parts = line.split(separator: ":", maxSplits: 1)
                        return parts.count == 2 ? (parts[0], parts[1]) : nil
                    }, uniquingKeysWith: { first, _ in first })
            }
            let before = try fields()
            for name in [
                "used_memory", "used_memory_rss", "used_memory_peak", "mem_fragmentation_ratio",
                "maxmemory", "total_net_input_bytes", "total_net_output_bytes",
                "instantaneous_ops_per_sec", "used_cpu_sys", "used_cpu_user", "aof_enabled",
                "rdb_changes_since_last_save", "connected_slaves", "evicted_keys",
                "latest_fork_usec", "pubsub_channels", "sync_full", "master_repl_offset",
                "blocked_clients",
            ] {
                #expect(before[Substring(name)].map { Double($0) } != nil, "\(name)")
            }
            try node.command("SET", "k", String(repeating: "x", count: 100_000))
            try node.command("GET", "k")
            let after = try fields()
            func grew(_ name: Substring, by least: Int) -> Bool {
                guard let old = before[name].flatMap({ Int($0) }),
                    let new = after[name].flatMap({ Int($0) })
                else { return false }
                return new - old >= least
            }
            #expect(grew("total_net_input_bytes", by: 100_000))
            #expect(grew("total_net_output_bytes", by: 100_000))
            #expect(grew("rdb_changes_since_last_save", by: 1))
            #expect(grew("total_commands_processed", by: 2))
            let usage = try #require(try node.ask(["MEMORY", "USAGE", "k"]).number)
            #expect((100_000..<101_000).contains(usage))
        }
    }
}
