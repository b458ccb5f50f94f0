// A replica whose master streams commands that take long: they are applied a few at a time, and whoever else speaks to
// the replica is answered between them.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct StreamTurnTests {
        /// Bytes of a value, and how often it is copied whole.
        private static let bytes = 4 << 20
        private static let rounds = 500

        @Test func `commands that take long keep nobody waiting for all of them`() throws {
            let cluster = try Live.ownCluster(2, masters: 1, nodeTimeout: 60_000)
            let (master, replica) = (cluster.nodes[0], cluster.nodes[1])
            try master.command("SET", "{a}big", String(repeating: "x", count: Self.bytes))
            try master.command("WAIT", "1", "20000")
            // All of them wait in the replica's socket when it goes on, in less than what it reads at once.
            replica.send(.stop)
            let client = try master.connect()
            let round = [
                ["COPY", "{a}big", "{a}other", "REPLACE"], ["SETRANGE", "{a}other", "0", "y"],
            ]
            let began = SystemClock.monotonicMilliseconds()
            for _ in 0..<Self.rounds {
                for words in round { #expect(try client.send(words).errorText == nil) }
            }
            let cost = SystemClock.monotonicMilliseconds() - began
            let observer = try replica.connect()
            replica.send(.resume)
            var longest: Int64 = 0
            eventually("all is applied", withinMilliseconds: 60_000) {
                let start = SystemClock.monotonicMilliseconds()
                #expect(try observer.send(["PING"]) == .simple("PONG"))
                longest = max(longest, SystemClock.monotonicMilliseconds() - start)
                let own = try replica.field("slave_repl_offset", of: "INFO", "replication")
                let wanted = try master.field("master_repl_offset", of: "INFO", "replication")
                return own == wanted ? nil : "\(own ?? "-") of \(wanted ?? "-")"
            }
            #expect(
                longest * 3 < cost,
                "PING took \(longest) ms at most, the commands \(cost) ms at their master")
        }
    }
}
