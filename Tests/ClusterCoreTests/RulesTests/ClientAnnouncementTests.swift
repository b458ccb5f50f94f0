// What nodes announce for clients alone: how it is learnt, told, kept in nodes.conf and in recordings.

import ClusterWire
import Determinism
import Testing

@testable import ClusterCore

struct ClientAnnouncementTests {
    private static let shape = """
        m myself,master - 1 0-5460
        b master - 2 5461-10922
        c master - 3 10923-16383
        """

    private static let all: [PingExtension] = [
        .clientIPv4("192.0.2.7"), .clientIPv6("2001:db8::7"), .clientPort(7000),
        .clientTLSPort(7001), .availabilityZone("zone-1"),
    ]

    private static func announcement() -> ClientAnnouncement {
        var clients = ClientAnnouncement()
        for item in all { _ = clients.take(item.value) }
        return clients
    }

    private static func announcing() -> TestNode {
        var node = TestNode(shape)
        node.hears(.ping(extensions: all), from: "b")
        return node
    }

    private static func reply(
        _ command: AdminCommand, _ family: AddressFamily, _ node: TestNode
    ) -> String {
        let reply = ReadCommands.nodes(
            command, for: family, node.state, ClusterConfig(), node.now)
        return "\(reply.map { "\($0)" } ?? "none")"
    }

    @Test func `what is announced for clients is stored, and unset when it is absent`() {
        var node = Self.announcing()
        #expect(node.row("b")?.clients.extensions == Self.all)
        node.hears(.ping(), from: "b")
        #expect(node.row("b")?.clients == ClientAnnouncement())
    }

    @Test(arguments: [
        PingExtension.clientIPv4("banana"), .clientIPv4("2001:db8::7"), .clientIPv6("192.0.2.7"),
        .availabilityZone("a,b"), .availabilityZone("a b"),
    ])
    func `what cannot be announced is not taken`(item: PingExtension) {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.ping(extensions: [item]), from: "b")
        #expect(node.row("b")?.clients == ClientAnnouncement())
        #expect(
            outcome.notes.contains(.ignored(.invalidExtension("address or zone"), from: id("b"))))
    }

    @Test(arguments: [AdminCommand.nodes, .slots, .shards])
    func `a client is told the address of the kind by which it is connected`(
        command: AdminCommand
    ) {
        let node = Self.announcing()
        let (v4, v6) = (Self.reply(command, .ipv4, node), Self.reply(command, .ipv6, node))
        #expect(v4.contains("192.0.2.7") && !v4.contains("2001:db8::7"))
        #expect(v6.contains("2001:db8::7") && !v6.contains("192.0.2.7"))
        #expect(v4.contains("7000"))
    }

    @Test(arguments: [AdminCommand.slots, .shards])
    func `reports tell the zone of a node that has one`(command: AdminCommand) {
        #expect(Self.reply(command, .ipv4, Self.announcing()).contains("zone-1"))
        #expect(!Self.reply(command, .ipv4, TestNode(Self.shape)).contains("zone"))
    }

    @Test func `other nodes are told the address of nodes`() {
        let node = Self.announcing()
        #expect(node.row("b")?.place == address("b"))
    }

    @Test func `nodes conf keeps it, before the port for TLS as the reference does`() throws {
        let node = Self.announcing()
        let text = NodesFile.text(node.state, node.now)
        let fields =
            ",availability-zone=zone-1,client-tls-port=7001,client-tcp-port=7000,"
            + "client-ipv6=2001:db8::7,client-ipv4=192.0.2.7,tls-port=0"
        #expect(text.contains(fields))
        var random = SplitMix64(seed: 4)
        let (state, remarks) = try NodesFile.read(Array(text.utf8), at: node.now, random: &random)
        let handle = try #require(state.nodes.find(id("b")))
        #expect(state.nodes[handle].clients == node.row("b")?.clients && remarks.isEmpty)
    }

    @Test func `our own announcement is in our heartbeats and in our row`() throws {
        var node = TestNode(Self.shape)
        var config = ClusterConfig()
        config.clients = Self.announcement()
        let configured = node.step(.configure(config))
        #expect(!configured.saves.isEmpty)
        #expect(node.state.me.clients == config.clients)
        let outcome = node.hears(.ping(extensions: []), from: "b") {
            $0.messageFlags.insert(.extensions)
        }
        let list = try #require(outcome.sent(.pong).first?.body?.heartbeat).extensions
        #expect(list.filter(Self.all.contains) == Self.all)
    }

    @Test func `a port for TLS that is announced is in our row and our headers`() throws {
        var node = TestNode(Self.shape)
        var config = ClusterConfig()
        config.announceTLSPort = 6380
        node.step(.configure(config))
        #expect(node.state.me.address.secondaryPort == 6380)
        guard case .full(let header, _)? = node.hears(.ping(), from: "b").sent(.pong).first?.message
        else {
            Issue.record("no answer")
            return
        }
        #expect(header.secondaryPort == 6380)
    }

    @Test func `a recording keeps it, and has no word of it where there is none`() {
        var config = ClusterConfig()
        let short = InputWords.text(.configure(config))
        #expect(InputWords.input(short) == .configure(config))
        config.clients = Self.announcement()
        config.announceTLSPort = 6380
        let long = InputWords.text(.configure(config))
        #expect(InputWords.input(long) == .configure(config))
        #expect(long.split(separator: " ").count == short.split(separator: " ").count + 6)
    }
}
