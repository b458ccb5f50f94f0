// A command that changes what nodes.conf holds is answered when a save that holds it is in place: what
// was acknowledged outlives the process; replies wait in their order while other clients are served; and
// while saves fail nobody is told that all is well.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct AcknowledgementTests {
        /// One node, which ends with what is returned.
        private static func single(_ program: ServerProgram? = nil) throws -> MixedCluster {
            try MixedCluster([try program ?? Live.ours()], nodeTimeoutMilliseconds: 1000)
        }

        @Test func `a pipeline is answered in order, with one save for many`() throws {
            let cluster = try Self.single()
            let node = cluster.nodes[0]
            let client = try node.connect()
            for slot in 0..<1000 {
                try client.post(["CLUSTER", "ADDSLOTS", "\(slot)"])
                if slot.isMultiple(of: 10) { try client.post(["ECHO", "\(slot)"]) }
            }
            for slot in 0..<1000 {
                #expect(try client.reply() == .simple("OK"))
                if slot.isMultiple(of: 10) { #expect(try client.reply().string == "\(slot)") }
            }
            node.send(.kill)
            _ = node.wait(milliseconds: 5000)
            try node.restart()
            #expect(try node.myself().slotsText == "0-999")
        }

        @Test(.enabled(if: SlowDisk.compiler != nil, SlowDisk.whyNot))
        func `a slow sync holds up no reply`() throws {
            let disk = try SlowDisk()
            let cluster = try Self.single(.ours(disk.wrapper))
            let node = cluster.nodes[0]
            try disk.delay(.sync, milliseconds: 3000)
            let start = SystemClock.monotonicMilliseconds()
            for slot in 0..<20 { try node.command("CLUSTER", "ADDSLOTS", "\(slot)") }
            try node.command("CLUSTER", "BUMPEPOCH")
            #expect(SystemClock.monotonicMilliseconds() - start < 2000)
            node.send(.kill)
            _ = node.wait(milliseconds: 5000)
            try disk.delay(.sync, milliseconds: 0)
            try node.restart()
            let own = try node.myself()
            #expect(own.slotsText == "0-19" && own.configEpoch == 1)
        }

        @Test(.enabled(if: SlowDisk.compiler != nil, SlowDisk.whyNot))
        func `while a save takes its time its client waits and nobody else`() throws {
            let disk = try SlowDisk()
            let cluster = try Self.single(.ours(disk.wrapper))
            let node = cluster.nodes[0]
            let (client, other) = (try node.connect(), try node.connect())
            #expect(try client.send(["PING"]) == .simple("PONG"))
            try disk.delay(.rename, milliseconds: 1000)
            let start = SystemClock.monotonicMilliseconds()
            for words in [
                ["CLUSTER", "ADDSLOTS", "1"], ["PING"], ["MULTI"], ["ECHO", "a"],
                ["CLUSTER", "ADDSLOTS", "2"], ["EXEC"], ["PING"],
            ] {
                try client.post(words)
            }
            // In effect at once, and acknowledged later.
            eventually("the slots are there") {
                let rows = try ClusterNodesText.parse(
                    other.send(["CLUSTER", "NODES"]).string ?? "")
                return rows.first?.slotsText == "1-2" ? nil : "\(rows)"
            }
            #expect(SystemClock.monotonicMilliseconds() - start < 900)
            #expect(try client.reply() == .simple("OK"))
            #expect(SystemClock.monotonicMilliseconds() - start >= 1000)
            #expect(try client.reply() == .simple("PONG"))
            #expect(try client.reply() == .simple("OK"))
            for _ in 0..<2 { #expect(try client.reply() == .simple("QUEUED")) }
            #expect(try client.reply().elements?.map(\.string) == ["a", "OK"])
            #expect(try client.reply() == .simple("PONG"))
        }

        @Test func `while saves fail a change is said to be in effect and not saved`() throws {
            let cluster = try Self.single()
            let node = cluster.nodes[0]
            let client = try node.connect()
            _ = try client.send(["CLUSTER", "ADDSLOTS", "1"])
            #expect(try node.field("cluster_config_saved", of: "CLUSTER", "INFO") == "yes")
            try File.rename(node.folder, to: node.folder + ".away")
            for words in [
                ["CLUSTER", "ADDSLOTS", "2"], ["PING"], ["MULTI"], ["ECHO", "a"],
                ["CLUSTER", "ADDSLOTS", "3"], ["EXEC"],
                ["CONFIG", "SET", "cluster-announce-hostname", "here"],
                ["CONFIG", "SET", "maxmemory", "0"], ["CLUSTER", "MYID"],
            ] {
                try client.post(words)
            }
            let error = try client.reply().errorText ?? ""
            #expect(
                error == "ERR the change is in effect and could not be saved: "
                    + "No such file or directory")
            #expect(try client.reply() == .simple("PONG"))
            #expect(try client.reply() == .simple("OK"))
            for _ in 0..<2 { #expect(try client.reply() == .simple("QUEUED")) }
            let both = try client.reply().elements
            #expect(both?.first?.string == "a" && both?.last?.errorText == error)
            #expect(try client.reply().errorText == error)
            #expect(try client.reply() == .simple("OK"), "what is not in nodes.conf")
            #expect(try client.reply().string == (try node.myself().id))
            #expect(try node.myself().slotsText == "1-3")
            #expect(try node.field("cluster_config_saved", of: "CLUSTER", "INFO") == "no")
            try File.rename(node.folder + ".away", to: node.folder)
            #expect(try client.send(["CLUSTER", "ADDSLOTS", "4"]) == .simple("OK"))
            eventually("it is said that all is saved") {
                let word = try node.field("cluster_config_saved", of: "CLUSTER", "INFO")
                return word == "yes" ? nil : word
            }
            node.send(.kill)
            _ = node.wait(milliseconds: 5000)
            try node.restart()
            #expect(try node.myself().slotsText == "1-4")
        }

        @Test func `a reply that is not wanted waits for nothing`() throws {
            let cluster = try Self.single()
            let node = cluster.nodes[0]
            let client = try node.connect()
            try client.post(["CLIENT", "REPLY", "SKIP"])
            try client.post(["CLUSTER", "ADDSLOTS", "1"])
            #expect(try client.send(["PING"]) == .simple("PONG"))
            try client.post(["CLIENT", "REPLY", "OFF"])
            for slot in 2..<200 { try client.post(["CLUSTER", "ADDSLOTS", "\(slot)"]) }
            #expect(try client.send(["CLIENT", "REPLY", "ON"]) == .simple("OK"))
            #expect(try node.myself().slotsText == "1-199")
        }

        @Test func `a client that leaves and one that stops the node get what they wait for`()
            throws
        {
            let cluster = try Self.single()
            let node = cluster.nodes[0]
            let client = try node.connect()
            try client.post(["CLUSTER", "ADDSLOTS", "1"])
            try client.post(["QUIT"])
            #expect(try client.reply() == .simple("OK"))
            #expect(try client.reply() == .simple("OK"))
            #expect(throws: AdminClientError.self) { try client.reply() }
            let last = try node.connect()
            try last.post(["CLUSTER", "ADDSLOTS", "2"])
            try last.post(["SHUTDOWN"])
            #expect(try last.reply() == .simple("OK"))
            #expect(node.wait(milliseconds: 5000) == .exited(0))
            try node.restart()
            #expect(try node.myself().slotsText == "1-2")
        }

        @Test func `more replies than are kept leave requests unread until the save is made`()
            throws
        {
            let cluster = try Self.single()
            let node = cluster.nodes[0]
            let client = try node.connect()
            let text = String(repeating: "x", count: 100_000)
            for slot in 0..<24 {
                try client.post(["CLUSTER", "ADDSLOTS", "\(slot)"])
                try client.post(["ECHO", text])
            }
            for _ in 0..<24 {
                #expect(try client.reply() == .simple("OK"))
                #expect(try client.reply().string?.utf8.count == text.utf8.count)
            }
        }
    }
}
