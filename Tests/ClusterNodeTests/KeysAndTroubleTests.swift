// Keys and disks in trouble: a disk that is full while keys are saved or copied, what a killed save leaves, and a file
// with keys that are others' by now.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct KeysAndTroubleTests {
        private func alone() throws -> (MixedCluster, ServerProcess) {
            let cluster = try MixedCluster(
                [try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: ["--enable-debug-command", "yes"])
            try cluster.form(cluster.nodes, masters: 1)
            return (cluster, cluster.nodes[0])
        }

        private func unfinished(_ node: ServerProcess) throws -> [String] {
            try Folder.list(node.folder).filter { $0.hasPrefix("dump.rdb.") }
        }

        private func status(_ node: ServerProcess) throws -> String? {
            try node.field("rdb_last_bgsave_status", of: "INFO", "persistence")
        }

        @Test(.enabled(if: Mounts.areAllowed, Mounts.whyNot), arguments: ["SAVE", "BGSAVE"])
        func `a save on a full disk says so, and leaves the old file and nothing else`(
            _ command: String
        ) throws {
            let (cluster, node) = try alone()
            let mount = try Mounts(kilobytes: 1024, over: node.folder)
            try node.command("DEBUG", "POPULATE", "1000", "few", "100")
            try node.command("SAVE")
            let old = try File.read("\(node.folder)/dump.rdb")
            try node.command("DEBUG", "POPULATE", "20000", "many", "100")
            let reply = try node.ask([command])
            eventually("the error is said") {
                let said = try status(node)
                return said == "err" ? nil : said
            }
            #expect(
                command == "SAVE" ? reply == .error("ERR No space left on device") : true,
                "\(reply)")
            #expect(try File.read("\(node.folder)/dump.rdb") == old)
            #expect(try unfinished(node) == [])
            // It lives, and saves once there is room.
            try mount.resize(kilobytes: 32_768)
            try node.command("SAVE")
            #expect(try status(node) == "ok")
            #expect(try File.size("\(node.folder)/dump.rdb") > old.count)
            mount.remove()
            #expect(node.log.contains("Saving keys failed: No space left on device"))
            withExtendedLifetime(cluster) {}
        }

        @Test(.enabled(if: Mounts.areAllowed, Mounts.whyNot))
        func `a copy needs no disk, at either end`() throws {
            let cluster = try MixedCluster(
                [try Live.ours(), try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: ["--repl-backlog-size", "16kb"])
            try cluster.form(cluster.nodes, masters: 1)
            let (master, replica) = (cluster.nodes[0], cluster.nodes[1])
            try cluster.waitUntilCopied([replica])
            let mounts = try [master, replica].map { try Mounts(.full, over: $0.folder) }
            // More is written than the backlog holds before the replica is back: it has to copy.
            let client = try master.connect()
            try client.post([
                ["CLIENT", "KILL", "TYPE", "replica"],
                ["SET", "key", String(repeating: "x", count: 1 << 20)],
            ])
            for _ in 0..<2 { #expect(try client.reply().errorText == nil) }
            eventually("it has copied") {
                let copies = try master.field("sync_full", of: "INFO", "stats")
                return copies == "2" ? nil : copies
            }
            try cluster.waitUntilApplied([replica])
            #expect(try replica.ask(["DBSIZE"]) == .integer(1))
            withExtendedLifetime(mounts) {}
        }

        @Test func `what a killed save left is removed at the next start`() throws {
            let (cluster, node) = try alone()
            try node.command("SET", "kept", "1")
            try node.command("SAVE")
            let old = try File.read("\(node.folder)/dump.rdb")
            try node.command("DEBUG", "POPULATE", "30000", "p", "100")
            try node.command("BGSAVE")
            node.send(.kill)
            _ = node.wait(milliseconds: 5000)
            let left = try unfinished(node)
            #expect(left.count == 1, "the save was under way: \(left)")
            try node.restart()
            #expect(try unfinished(node) == [])
            #expect(node.log.contains("Removed \(left.first ?? "?"), which a save did not finish"))
            #expect(try File.read("\(node.folder)/dump.rdb") == old)
            #expect(try node.ask(["DBSIZE"]) == .integer(1))
            withExtendedLifetime(cluster) {}
        }

        @Test func `keys of slots that others own are dropped at the start, and that is said`()
            throws
        {
            let cluster = try Live.ownCluster(2, masters: 2)
            let (first, second) = (cluster.nodes[0], cluster.nodes[1])
            // Slot 0 is the first one's, slot 12182 the second one's.
            try first.command("SET", "{06S}own", "1")
            for key in ["foo", "{foo}2"] { try second.command("SET", key, "1") }
            try second.command("SAVE")
            _ = try? first.ask(["SHUTDOWN", "NOSAVE"])
            _ = try #require(first.wait(milliseconds: 20_000))
            try File.write(
                try File.read("\(second.folder)/dump.rdb"), to: "\(first.folder)/dump.rdb")
            try first.restart()
            let words = "Dropped 2 keys of 1 slots that belong to other nodes"
            #expect(first.log.contains(words))
            #expect(try first.ask(["DBSIZE"]) == .integer(0))
        }
    }
}
