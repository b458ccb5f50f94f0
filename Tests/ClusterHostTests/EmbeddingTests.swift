// A foreign server in a cluster with one of our own nodes, over loopback: it joins, takes a slot, hears when
// that is saved, says where commands belong, and follows another master.

import ClusterClient
import ClusterCore
import ClusterHost
import ClusterWire
import Interop
import SystemIO
import TestSupport
import Testing

@Suite(.serialized) struct EmbeddingTests {
    private static let slot = Slot(7)
    private static let theirSlot = Slot(8)

    /// One of our nodes, as a process.
    private func ownNode() throws -> MixedCluster {
        let program = "\(File.folder(of: try File.ownExecutable()))/grapevine"
        return try MixedCluster([.ours(program)], nodeTimeoutMilliseconds: 1000)
    }

    /// Meets the node, until both know each other.
    private func join(_ server: ForeignServer, _ node: ServerProcess) throws {
        _ = try server.submit("MEET 127.0.0.1 \(node.port)")
        let id = server.host.myID.description
        server.turn(until: "both know each other") {
            let rows = try node.nodes()
            let known = server.host.machine.state.nodes.shownCount
            let isWell = known == 2 && rows.contains { $0.id == id && $0.isConnected }
            return isWell ? nil : "\(known) nodes here, \(rows)"
        }
    }

    @Test func `a foreign server joins, takes a slot and is answered once that is saved`() throws {
        let folder = try TemporaryFolder()
        let ports = try PortRow(count: 1)
        let cluster = try ownNode()
        let node = cluster.nodes[0]
        let server = try ForeignServer(in: folder.path, port: ports.ports.lowerBound)
        try server.host.start()
        try join(server, node)
        server.forget()

        guard case .awaitsSave(let generation) = try server.submit("ADDSLOTS 7", from: 42) else {
            Issue.record("a command that changes nodes.conf was answered before it was saved")
            return
        }
        #expect(server.told.isEmpty)
        let answer = Told.answered(.ok, ClientID(42))
        server.turn(until: "the answer comes") {
            server.told.contains(answer) ? nil : "\(server.told)"
        }
        let saved = server.told.firstIndex(of: .saved(generation))
        let answered = try #require(server.told.firstIndex(of: answer))
        #expect(saved.map { $0 < answered } == true, "\(server.told)")
        let text = try File.readText(folder.path(of: "nodes.conf"))
        #expect(text.contains("myself,master") && text.contains(" connected 7"))

        #expect(try node.text("CLUSTER", "ADDSLOTS", "8") == "OK")
        let (slot, theirs) = (try #require(Self.slot), try #require(Self.theirSlot))
        let their = try #require(NodeID(try node.text("CLUSTER", "MYID")))
        server.turn(until: "commands go where their slots are") {
            let routes = [slot, theirs].map { server.host.route(SlotQuery($0)) }
            return routes == [.serve, .moved(to: their)] ? nil : "\(routes)"
        }
        #expect(server.host.address(of: their)?.port == Port(UInt16(node.port)))
        guard case .answered(.list(let links)) = try server.submit("LINKS") else {
            Issue.record("LINKS is no list")
            return
        }
        #expect(links.count == 2)
        server.host.stop()
    }

    @Test func `a foreign server is told whom it follows, and what it is then`() throws {
        let folder = try TemporaryFolder()
        let ports = try PortRow(count: 1)
        let cluster = try ownNode()
        let node = cluster.nodes[0]
        let server = try ForeignServer(in: folder.path, port: ports.ports.lowerBound)
        try server.host.start()
        try join(server, node)
        #expect(try node.text("CLUSTER", "ADDSLOTS", "8") == "OK")
        let id = try node.text("CLUSTER", "MYID")
        let their = try #require(NodeID(id))
        server.forget()
        // It holds keys: it may not follow anybody.
        server.report = StoreReport(offset: 5, isEmpty: false)
        guard case .answered(.error) = try server.submit("REPLICATE \(id)") else {
            Issue.record("a server with keys became a replica")
            return
        }
        #expect(server.told.isEmpty && server.host.role == .master)
        server.report = StoreReport(offset: 5)
        _ = try server.submit("REPLICATE \(id)")
        #expect(server.host.role == .replica(of: their))
        let follows = server.told.contains {
            if case .followed(let master?) = $0 {
                master.port == Port(UInt16(node.port))
            } else {
                false
            }
        }
        #expect(follows && server.told.contains(.role(.replica(of: their))))
        let own = server.host.myID.description
        server.turn(until: "the master knows its replica") {
            let row = try node.nodes().first { $0.id == own }
            return row?.isMaster == false ? nil : "\(String(describing: row))"
        }
        server.host.stop()
    }

    @Test func `a foreign server publishes, and is told what others publish`() throws {
        let folder = try TemporaryFolder()
        let ports = try PortRow(count: 1)
        let cluster = try ownNode()
        let node = cluster.nodes[0]
        let server = try ForeignServer(in: folder.path, port: ports.ports.lowerBound)
        try server.host.start()
        try join(server, node)
        server.forget()
        let message = [UInt8](repeating: 0, count: 100_000)
        _ = try node.ask(["PUBLISH", "news", String(decoding: message, as: UTF8.self)])
        let told = Told.delivered(
            Publication(channel: Array("news".utf8), message: message), toShard: false)
        func deliveries() -> [Told] {
            server.told.filter { if case .delivered = $0 { true } else { false } }
        }
        server.turn(until: "the publication is there") {
            deliveries() == [told] ? nil : "\(deliveries().count)"
        }

        let subscriber = try node.connect()
        _ = try subscriber.send(["SUBSCRIBE", "back"])
        #expect(server.host.publish(channel: Array("back".utf8), message: message))
        try server.turn()
        server.turn(until: "the other node counted it") {
            let info = try node.text("CLUSTER", "INFO")
            return info.contains("cluster_stats_messages_publish_received:1") ? nil : info
        }
        // Its own publication does not come back.
        #expect(deliveries().count == 1)
        withExtendedLifetime(subscriber) {}
        server.host.stop()
    }

    @Test func `what is longer than other nodes take is published to nobody`() throws {
        let folder = try TemporaryFolder()
        let ports = try PortRow(count: 1)
        let server = try ForeignServer(in: folder.path, port: ports.ports.lowerBound)
        try server.host.start()
        var limits = server.host.config.limits
        limits.linkSendBytes = 10_000
        server.host.setLimits(limits)
        let longest = server.host.longestPublication
        #expect(longest == 10_000 - 2256 - 8)
        let before = server.steps
        #expect(!server.host.publish(channel: [1], message: [UInt8](repeating: 0, count: longest)))
        #expect(server.steps == before)
        #expect(server.host.publish(channel: [], message: [UInt8](repeating: 0, count: longest)))
        server.host.stop()
    }
}
