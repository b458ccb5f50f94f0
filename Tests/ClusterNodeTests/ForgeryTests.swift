// Frames in the name of a known node that nobody should believe: ids that nobody has, epochs that no
// cluster reaches, a failure that only one tells of, and a vote asked for in advance. The cluster serves
// throughout, and what comes after goes as if nothing had been.

import ClusterClient
import ClusterWire
import Interop
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct ForgeryTests {
        /// A master's header, as it would say it.
        private func header(_ node: ServerProcess) throws -> Header {
            let row = try node.myself()
            var slots = SlotSet()
            for range in row.slots {
                let first = try #require(Slot(range.lowerBound))
                let last = try #require(Slot(range.upperBound))
                slots.insert(try #require(SlotRange(first, last)))
            }
            return Header(
                sender: try #require(NodeID(row.id)), currentEpoch: Epoch(row.configEpoch),
                configEpoch: Epoch(row.configEpoch), slots: slots,
                port: Port(UInt16(node.port)), busPort: Port(UInt16(node.port + 10_000)))
        }

        /// Says it to a node on a connection of its own.
        private func say(_ body: Body, _ header: Header, to node: ServerProcess) throws {
            let frame = try #require(Message.full(header, body).encode())
            let connection = try BlockingConnection(
                to: node.busAddress, timeoutMilliseconds: 5000)
            try connection.write(frame, timeoutMilliseconds: 5000)
            // An answer means that it was read; a FAIL has none.
            guard body.heartbeat != nil else { return SystemClock.sleep(milliseconds: 20) }
            _ = try connection.read(timeoutMilliseconds: 5000)
        }

        private func isServing(_ nodes: ArraySlice<ServerProcess>) throws -> Bool {
            try nodes.allSatisfy { try $0.field("cluster_state", of: "CLUSTER", "INFO") == "ok" }
        }

        @Test(arguments: [1500, 10_000])
        func `ids that nobody has hold up nobody who joins, and are gone`(count: Int) throws {
            let cluster = try MixedCluster(
                Array(repeating: try Live.ours(), count: 4),
                nodeTimeoutMilliseconds: Live.nodeTimeout)
            let members = cluster.nodes[..<3]
            try cluster.form(Array(members), masters: 3)
            let before = members.map(\.residentBytes)
            var random = Seeds.generator("invented ids")
            let invented = try (0..<count).map { number in
                let id = (0..<40).map { _ in "0123456789abcdef".randomElement(using: &random) ?? "0"
                }
                let port = Port(UInt16(20_000 + number % 9000))
                return GossipEntry(
                    node: try #require(NodeID(String(id))), pingSent: 0, pongReceived: 0,
                    address: NodeAddress(
                        ip: try #require(IPText("127.0.0.1")), port: port, busPort: port),
                    flags: .master)
            }
            let liar = try header(members[0])
            for node in members.dropFirst() {
                try say(.ping(Heartbeat(gossip: GossipSection(invented))), liar, to: node)
            }
            let start = SystemClock.monotonicMilliseconds()
            try members[1].command("CLUSTER", "MEET", "127.0.0.1", "\(cluster.nodes[3].port)")
            eventually("all know the new one", withinMilliseconds: 2000) {
                let known = try cluster.nodes.map {
                    try $0.field("cluster_known_nodes", of: "CLUSTER", "INFO") ?? "none"
                }
                return known == ["4", "4", "4", "4"] ? nil : "\(known)"
            }
            print("joined after \(SystemClock.monotonicMilliseconds() - start) ms")
            #expect(try isServing(members))
            let grown = zip(members, before).map { $0.residentBytes - $1 }
            #expect(grown.allSatisfy { $0 < 8 << 20 }, "\(grown)")
        }

        @Test func `an epoch that no cluster reaches is not believed, and newcomers join`() throws {
            let cluster = try MixedCluster(
                Array(repeating: try Live.ours(), count: 4),
                nodeTimeoutMilliseconds: Live.nodeTimeout)
            let members = cluster.nodes[..<3]
            try cluster.form(Array(members), masters: 3)
            for epoch in [UInt64(1) << 63 - 1, .max] {
                var liar = try header(members[0])
                liar.currentEpoch = Epoch(epoch)
                for node in members.dropFirst() { try say(.ping(Heartbeat()), liar, to: node) }
            }
            try members[1].command("CLUSTER", "MEET", "127.0.0.1", "\(cluster.nodes[3].port)")
            eventually("the new one serves", withinMilliseconds: 2000) {
                try isServing(cluster.nodes[3...]) ? nil : "it does not"
            }
            for node in cluster.nodes {
                let epoch = try node.field("cluster_current_epoch", of: "CLUSTER", "INFO")
                #expect(try #require(epoch.flatMap { UInt64($0) }) < 1 << 21)
            }
        }

        @Test func `one FAIL about a healthy master demotes nobody`() throws {
            let cluster = try FailoverTests.cluster(masters: 3, replicas: 3)
            let victim = try #require(NodeID(try cluster.nodes[0].myself().id))
            try say(.fail(victim), try header(cluster.nodes[1]), to: cluster.nodes[3])
            let end = SystemClock.monotonicMilliseconds() + 2 * Int64(FailoverTests.timeout)
            while SystemClock.monotonicMilliseconds() < end {
                #expect(try isServing(cluster.nodes[...]))
                #expect(try cluster.nodes[0].myself().isMaster)
                SystemClock.sleep(milliseconds: 50)
            }
        }

        @Test func `a vote asked for in advance does not hold up the next failover`() throws {
            let cluster = try FailoverTests.cluster(masters: 3, replicas: 3)
            let (victim, successor) = (cluster.nodes[0], cluster.nodes[3])
            var request = try header(victim)
            request.replicaOf = request.sender
            request.sender = try #require(NodeID(try successor.myself().id))
            request.flags = [.myself, .replica]
            request.messageFlags = .forceAck
            request.port = Port(UInt16(successor.port))
            request.busPort = Port(UInt16(successor.port + 10_000))
            request.currentEpoch = Epoch(request.currentEpoch.value + 100)
            for voter in cluster.nodes[1...2] { try say(.voteRequest, request, to: voter) }
            let spent = try cluster.killAndWait(
                victim, successor, limit: FailoverTests.timeout + 10_000)
            print("after a vote in advance: \(spent) ms")
            #expect(spent <= FailoverTests.timeout + FailoverTests.slack)
        }
    }
}
