// Every command that changes nodes.conf, the node killed within 50 ms of its acknowledgement, and what
// it acknowledged there when it is back. And a file that a loss of power left empty or torn.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct KilledTests {
        /// What is done to a node, and what must be true of it when it is back.
        private struct Act {
            var words: [String]
            var holds: (ServerProcess) throws -> Bool

            init(_ words: String..., holds: @escaping (ServerProcess) throws -> Bool) {
                self.words = words
                self.holds = holds
            }
        }

        /// Two masters: the one that is killed, and one to talk about.
        private final class Pair {
            let cluster: MixedCluster
            let node: ServerProcess
            let other: ServerProcess
            private var random = Seeds.generator("killed after an acknowledgement")

            init() throws {
                cluster = try MixedCluster(
                    [try Live.ours(), try Live.ours()], nodeTimeoutMilliseconds: 1000)
                (node, other) = (cluster.nodes[0], cluster.nodes[1])
            }

            /// Runs one act, kills the node, starts it again and looks.
            func kill(after act: Act) throws {
                let reply = try node.ask(["CLUSTER"] + act.words)
                #expect(reply.errorText == nil, "\(act.words): \(reply)")
                let wait = Int64.random(in: -25_000_000...50_000_000, using: &random)
                let end = SystemClock.monotonicNanoseconds() + wait
                while SystemClock.monotonicNanoseconds() < end {}
                node.send(.kill)
                _ = node.wait(milliseconds: 5000)
                try node.restart()
                let row = try node.myself()
                #expect(try act.holds(node), "\(act.words) is lost: \(row)")
            }

            func meet() throws {
                try cluster.meet(node, other)
                let names = [try node.myself().id, try other.myself().id]
                eventually("both know each other") {
                    let known = try [node.nodes(), other.nodes()].map { $0.map(\.id).sorted() }
                    return known.allSatisfy { $0 == names.sorted() } ? nil : "\(known)"
                }
            }
        }

        @Test func `what was acknowledged is there after a kill, whatever it was`() throws {
            let pair = try Pair()
            for _ in 0..<max(1, DurabilityTests.kills / 18) { try Self.round(of: pair) }
        }

        private static func round(of pair: Pair) throws {
            let (node, other) = (pair.node, pair.other)
            let old = try node.myself().id
            try other.command("CLUSTER", "RESET", "HARD")
            try other.command("CLUSTER", "ADDSLOTS", "16000", "16001")
            try other.command("CLUSTER", "SET-CONFIG-EPOCH", "3")
            for act in alone(formerly: old) { try pair.kill(after: act) }
            try pair.meet()
            for act in together(with: try other.myself().id, own: try node.myself().id) {
                try pair.kill(after: act)
            }
            let epoch = try node.text("CLUSTER", "BUMPEPOCH")
            try pair.kill(
                after: Act("SAVECONFIG") {
                    epoch.hasSuffix(" \(try $0.myself().configEpoch)")
                })
        }

        private static func alone(formerly old: String) -> [Act] {
            [
                Act("RESET", "HARD") {
                    let (own, known) = (try $0.myself(), try $0.nodes().count)
                    return own.id != old && own.isMaster && own.slots.isEmpty
                        && own.configEpoch == 0 && known == 1
                },
                Act("SET-CONFIG-EPOCH", "7") { try $0.myself().configEpoch == 7 },
                Act("ADDSLOTS", "1", "2", "3") { try $0.myself().slotsText == "1-3" },
                Act("ADDSLOTSRANGE", "10", "20") { try $0.myself().slotsText == "1-3 10-20" },
                Act("DELSLOTS", "2") { try $0.myself().slotsText == "1 3 10-20" },
                Act("DELSLOTSRANGE", "10", "12") { try $0.myself().slotsText == "1 3 13-20" },
            ]
        }

        private static func together(with other: String, own: String) -> [Act] {
            [
                Act("SETSLOT", "1", "MIGRATING", other) {
                    try $0.myself().openSlots == ["[1->-\(other)]"]
                },
                Act("SETSLOT", "1", "STABLE") { try $0.myself().openSlots.isEmpty },
                Act("SETSLOT", "16000", "IMPORTING", other) {
                    try $0.myself().openSlots == ["[16000-<-\(other)]"]
                },
                Act("SETSLOT", "16000", "NODE", own) {
                    try $0.myself().slotsText == "1 3 13-20 16000"
                },
                Act("BUMPEPOCH") { try $0.myself().configEpoch >= 7 },
                Act("SETSLOT", "1", "NODE", other) {
                    try $0.myself().slotsText == "3 13-20 16000"
                },
                Act("FLUSHSLOTS") { try $0.myself().slots.isEmpty },
                Act("REPLICATE", other) { try $0.myself().master == other },
                Act("FAILOVER", "TAKEOVER") { try $0.myself().isMaster },
                Act("FORGET", other) { try !$0.nodes().contains { $0.id == other } },
                Act("RESET", "SOFT") {
                    let row = try $0.myself()
                    return row.id == own && row.isMaster && row.slots.isEmpty
                },
            ]
        }

        @Test func `a name that was set is in nodes.conf when that is acknowledged`() throws {
            let pair = try Pair()
            for name in ["one.example", "two.example"] {
                try pair.node.command("CONFIG", "SET", "cluster-announce-hostname", name)
                pair.node.send(.kill)
                _ = pair.node.wait(milliseconds: 5000)
                #expect(try File.readText(pair.node.nodesFilePath).contains(",\(name)"))
                try pair.node.restart()
            }
        }

        // MARK: - Loss of power

        /// A node that has saved and was killed.
        private static func killed() throws -> (cluster: MixedCluster, id: String) {
            let cluster = try MixedCluster([try Live.ours()], nodeTimeoutMilliseconds: 1000)
            let node = cluster.nodes[0]
            try cluster.assignSlots(to: [node])
            try node.command("CLUSTER", "BUMPEPOCH")
            let id = try node.myself().id
            eventually("the newest save is synced") {
                let kept = try File.read(node.nodesFilePath + ".synced")
                return kept == (try File.read(node.nodesFilePath)) ? nil : "it is not"
            }
            node.send(.kill)
            _ = node.wait(milliseconds: 5000)
            return (cluster, id)
        }

        @Test(arguments: ["empty", "cut", "cut before the vars line", "zeros"])
        func `a file that the power took is replaced by the one that was synced`(
            _ damage: String
        ) throws {
            let (cluster, id) = try Self.killed()
            let node = cluster.nodes[0]
            let file = try File.read(node.nodesFilePath)
            let firstLine = file.prefix { $0 != 0x0A } + [0x0A]
            let left: [UInt8] =
                switch damage {
                case "empty": []
                case "cut": file.dropLast(7)
                case "cut before the vars line": Array(firstLine)
                default: [UInt8](repeating: 0, count: file.count)
                }
            // A new file, as a save makes one: the kept one is another name of the old one.
            try File.replace(node.nodesFilePath, with: left, sync: false)
            try node.restart()
            let own = try node.myself()
            #expect(own.id == id && own.slotsText == "0-16383" && own.configEpoch == 1)
            let word = damage == "empty" ? "is empty" : "is torn"
            #expect(node.log.contains("nodes.conf \(word)"))
            #expect(try File.read(node.nodesFilePath).starts(with: id.utf8))
        }

        @Test func `a torn file is refused when what is kept is torn too`() throws {
            let (cluster, _) = try Self.killed()
            let node = cluster.nodes[0]
            let file = try File.read(node.nodesFilePath)
            for path in [node.nodesFilePath, node.nodesFilePath + ".synced"] {
                try File.replace(path, with: file.dropLast(7), sync: false)
            }
            #expect(throws: InteropError.self) { try node.restart() }
            #expect(try File.read(node.nodesFilePath) == file.dropLast(7))
        }

        @Test func `a whole file that is wrong is refused, whatever is kept`() throws {
            let (cluster, _) = try Self.killed()
            let node = cluster.nodes[0]
            let file = try File.readText(node.nodesFilePath)
            let wrong = Array(file.replacing("myself,master", with: "myself,mister").utf8)
            try File.replace(node.nodesFilePath, with: wrong, sync: false)
            #expect(throws: InteropError.self) { try node.restart() }
            #expect(try File.read(node.nodesFilePath) == wrong)
        }

        @Test func `a node whose file was removed is a new one`() throws {
            let (cluster, id) = try Self.killed()
            let node = cluster.nodes[0]
            try File.remove(node.nodesFilePath)
            try node.restart()
            #expect(try node.myself().id != id)
            #expect(
                try File.read(node.nodesFilePath + ".synced").starts(with: id.utf8) == false)
        }
    }
}
