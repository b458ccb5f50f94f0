// Keys on disk and on links with real nodes: what is in the file when a node ends, which files it does not start
// with, who goes on behind a restart, and what replicas and readers of a replica must not see.

import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct KeysOnDiskTests {
        private func alone() throws -> (MixedCluster, ServerProcess) {
            let cluster = try MixedCluster(
                [try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: ["--enable-debug-command", "yes"])
            try cluster.form(cluster.nodes, masters: 1)
            return (cluster, cluster.nodes[0])
        }

        private func end(_ node: ServerProcess, _ words: String...) throws {
            _ = try? node.ask(["SHUTDOWN"] + words)
            _ = try #require(node.wait(milliseconds: 20_000))
        }

        @Test func `a node that leaves saves its last write, whatever save is under way`() throws {
            let (cluster, node) = try alone()
            try node.command("DEBUG", "POPULATE", "5000", "p", "100")
            try node.command("SAVE")
            try node.command("BGSAVE")
            try node.command("SET", "last", "1")
            try end(node, "SAVE")
            try node.restart()
            eventually("the last write") {
                try node.ask(["GET", "last"]) == .bulk(Array("1".utf8)) ? nil : "it is not there"
            }
            try node.command("SET", "last", "2")
            try end(node, "NOSAVE")
            try node.restart()
            eventually("the file as it was") {
                try node.ask(["GET", "last"]) == .bulk(Array("1".utf8)) ? nil : "another value"
            }
            withExtendedLifetime(cluster) {}
        }

        @Test func `a file of keys that is damaged or of others is refused by name and left alone`()
            throws
        {
            let (cluster, node) = try alone()
            try node.command("SET", "k", "v")
            try node.command("SAVE")
            node.stop()
            let path = "\(node.folder)/dump.rdb"
            let good = try File.read(path)
            var changed = good
            changed[good.count - 1] ^= 1
            let zeros = [UInt8](repeating: 0, count: 8)
            let files: [(String, [UInt8])] = [
                ("wrong checksum", changed), ("ends before its end", good.dropLast(9)),
                ("ends before its end", []), ("bytes behind the end", good + [0]),
                ("a list (type 1)", Array("REDIS0009\u{1}\u{1}k\u{1}\u{1}a".utf8) + [0xFF] + zeros),
                ("version REDIS0013", Array("REDIS0013".utf8) + [0xFF] + zeros),
            ]
            for (reason, file) in files {
                try File.write(file, to: path)
                let error = #expect(throws: InteropError.self) { try node.restart() }
                let text = "\(String(describing: error))"
                #expect(text.contains("dump.rdb is not taken") && text.contains(reason), "\(text)")
                #expect(try File.read(path) == file)
            }
            try File.write(good, to: path)
            try node.restart()
            withExtendedLifetime(cluster) {}
        }

        @Test
        func `replicas go on behind a clean restart, and a key that ended goes there as well`()
            throws
        {
            let cluster = try Live.ownCluster(2, masters: 1, nodeTimeout: 5000)
            let (master, replica) = (cluster.nodes[0], cluster.nodes[1])
            try master.command("SET", "ends", "1", "PX", "300")
            try master.command("SET", "stays", "1")
            try master.command("WAIT", "1", "5000")
            try end(master, "SAVE")
            SystemClock.sleep(milliseconds: 400)
            try master.restart()
            eventually("the replica goes on", withinMilliseconds: 20_000) {
                let full = try master.field("sync_full", of: "INFO", "stats")
                let partial = try master.field("sync_partial_ok", of: "INFO", "stats")
                guard full == "0", partial == "1" else {
                    return "\(full ?? "") copies, \(partial ?? "") continued"
                }
                let size = try replica.ask(["DBSIZE"])
                return size == .integer(1) ? nil : "\(size) keys"
            }
        }

        @Test func `a replica is sent nothing but the stream, whatever it says`() throws {
            let (cluster, node) = try alone()
            let replica = try BlockingConnection(
                to: node.address, timeoutMilliseconds: 10_000)
            func hear() throws -> String {
                String(
                    decoding: try replica.read(timeoutMilliseconds: 10_000), as: UTF8.self)
            }
            try replica.write(Array("PSYNC ? -1\r\n".utf8), timeoutMilliseconds: 10_000)
            var heard = ""
            while !heard.contains("REDIS0009") { heard += try hear() }
            for line in ["REPLCONF listening-port 7", "REPLCONF what ever", "REPLCONF odd"] {
                try replica.write(Array("\(line)\r\n".utf8), timeoutMilliseconds: 10_000)
            }
            try node.command("SET", "k", "v")
            while !heard.contains("\r\nv\r\n") { heard += try hear() }
            #expect(!heard.contains("+OK") && !heard.contains("-ERR"), "\(heard)")
            withExtendedLifetime(cluster) {}
        }

        @Test func `a transaction on a replica does not run over what its master changed`() throws {
            let cluster = try Live.ownCluster(2, masters: 1)
            let (master, replica) = (cluster.nodes[0], cluster.nodes[1])
            let client = try RawClient(replica)
            _ = try client.ask("READONLY")
            for round in 0..<10 {
                for line in ["WATCH n", "MULTI", "GET n"] { _ = try client.ask(line) }
                try master.command("INCR", "n")
                try master.command("WAIT", "1", "5000")
                #expect(try client.ask("EXEC") == Array("*-1\r\n".utf8), "round \(round)")
            }
        }
    }
}
