// What a replica of ours reads of transactions: the bytes behind its copy, as they come.

import Interop
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct TransactionStreamTests {
        @Test func `a transaction is sent with one EXEC, and none that reads hides what follows`()
            throws
        {
            let cluster = try MixedCluster(
                [try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout)
            try cluster.form(cluster.nodes, masters: 1)
            let replica = try BlockingConnection(
                to: cluster.nodes[0].address, timeoutMilliseconds: 10_000)
            for line in ["REPLCONF listening-port 1\r\n", "PSYNC ? -1\r\n"] {
                try replica.write(Array(line.utf8), timeoutMilliseconds: 10_000)
                if line.hasPrefix("REPLCONF") { _ = try text(replica) }
            }
            let client = try RawClient(cluster.nodes[0])
            let lines = [
                "multi", "get a", "exec", "set before 1", "multi", "incr {k}1", "incr {k}2", "exec",
                "multi", "incr {k}1", "exec", "set after 1",
            ]
            var stream = ""
            while !stream.contains("FULLRESYNC") { stream += try text(replica) }
            for line in lines { _ = try client.ask(line) }
            while !stream.contains("after") { stream += try text(replica) }
            // The master's own PING may come between any two commands.
            stream = stream.replacing("*1\r\n$4\r\nPING\r\n", with: "")
            let words = stream.split(separator: "\r\n").filter { !$0.hasPrefix("$") }
            let first = try #require(words.firstIndex(of: "before"))
            #expect(
                words[first...].map { String($0) } == [
                    "before", "1", "*1", "MULTI", "*2", "incr", "{k}1", "*2", "incr", "{k}2", "*1",
                    "EXEC", "*2", "incr", "{k}1", "*3", "set", "after",
                ] + (words.last == "after" ? [] : ["1"]))
            withExtendedLifetime(cluster) {}
        }

        private func text(_ connection: borrowing BlockingConnection) throws -> String {
            let bytes = try connection.read(timeoutMilliseconds: 10_000)
            try #require(bytes.count > 0)
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
