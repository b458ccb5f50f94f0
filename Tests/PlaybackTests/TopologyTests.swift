// The cluster that a capture ends in is the one that its nodes printed of themselves.

import Capture
import ClusterWire
import TestSupport
import Testing

@testable import Playback

@Suite struct TopologyTests {
    @Test(arguments: [
        "captures/redis-7.0.15-form", "captures/redis-7.0.15-epoch-collision",
        "captures/valkey-8.1.1-kill-master", "captures/valkey-8.1.1-names",
        "captures/valkey-8.1.1-pubsub", "captures/mixed-form",
        "failovers/valkey-8.1.1-failover-manual", "failovers/valkey-8.1.1-failover-force",
        "failovers/redis-7.0.15-failover-takeover", "failovers/redis-7.0.15-pause-resume",
        "failovers/valkey-8.1.1-slot-migration",
    ])
    func `each living node is what it printed of itself, and the dead carry fail`(
        name: String
    ) throws {
        let truth = try Truth(name)
        let clusters = try Play.observed(name).topologies()
        #expect(clusters.count == 1)
        let nodes = clusters.flatMap(\.nodes)
        #expect(nodes.count == truth.ids.count)
        #expect(truth.ownLines.count + truth.dead.count == truth.ids.count)
        for line in truth.ownLines {
            let node = try #require(nodes.first { $0.id.description == line.id })
            #expect(node.isReplica == line.isReplica)
            #expect(node.replicaOf?.description == line.master)
            #expect(node.configEpoch?.value == line.epoch)
            #expect(node.slots.description == line.slots)
            #expect(!node.isFailed)
        }
        for id in truth.dead {
            #expect(nodes.first { $0.id.description == id }?.isFailed == true)
        }
    }

    @Test func `a capture that starts in the middle says what it cannot know`() throws {
        let name = "captures/valkey-8.1.1-kill-master"
        let all = try Play.events(Fixture.bytes("\(name).pcap"))
        // Only what was said after the promotion: the old master never speaks.
        let start: Int64 = 1_795_258_647_900_000_000
        var observed = ObservedCluster()
        for event in all {
            if case .item(let item) = event, item.time < start { continue }
            observed.take(event)
        }
        let cluster = try #require(observed.topologies().first)
        let truth = try Truth(name)
        for line in truth.ownLines {
            let node = try #require(cluster.nodes.first { $0.id.description == line.id })
            #expect(node.slots.description == line.slots)
            #expect(node.replicaOf?.description == line.master)
        }
        let dead = try #require(cluster.nodes.first { $0.id.description == truth.dead.first })
        #expect(dead.isFailed && dead.isKnownFromGossip)
        #expect(cluster.unknown.contains { $0.contains(dead.id.short) })
    }

    @Test func `two clusters in one capture are told apart`() throws {
        let first = try Play.events(Fixture.bytes("captures/redis-7.0.15-form.pcap"))
        let second = try Play.events(Fixture.bytes("captures/valkey-8.1.1-names.pcap"))
        var observed = ObservedCluster()
        for event in first { observed.take(event) }
        // As if on another host, with streams of their own.
        for event in second { observed.take(moved(event)) }
        let clusters = observed.topologies()
        #expect(clusters.map(\.nodes.count) == [6, 3])
        #expect(clusters.map(\.currentEpoch) == [6, 3])
    }

    private func moved(_ event: BusEvent) -> BusEvent {
        func move(_ address: CaptureAddress) -> CaptureAddress {
            CaptureAddress(ipv4: 0x0A00_0001, port: address.port)
        }
        func move(_ stream: BusStream) -> BusStream {
            BusStream(
                number: stream.number + 1_000_000, source: move(stream.source),
                destination: move(stream.destination))
        }
        switch event {
        case .opened(let stream, let time, let fromStart):
            return .opened(move(stream), time: time, fromStart: fromStart)
        case .ending(let source, let destination, let time):
            return .ending(
                source: move(source), destination: move(destination), time: time)
        case .closed(let stream, let time, let reason):
            return .closed(move(stream), time: time, reason)
        case .item(var item):
            item.stream += 1_000_000
            item.source = move(item.source)
            item.destination = move(item.destination)
            return .item(item)
        }
    }

    @Test func `a packet that is read late does not take a promotion back`() throws {
        var history = SelfReportHistory()
        var (first, second) = (SelfReportHistory.Position(), SelfReportHistory.Position())
        let id = try #require(NodeID(String(repeating: "a", count: 40)))
        let master = try #require(NodeID(String(repeating: "b", count: 40)))
        let replica = SelfReport(Header(sender: id, replicaOf: master, flags: [.replica]))
        let successor = SelfReport(
            Header(sender: id, configEpoch: 9, slots: .all, flags: [.master]))
        func hear(
            _ selfReport: SelfReport, _ epoch: Epoch, _ mark: inout SelfReportHistory.Position
        ) {
            if history.repeats(selfReport, epoch: epoch, &mark) { return }
            _ = history.hear(selfReport, epoch: epoch, &mark)
        }
        hear(replica, 8, &first)
        hear(replica, 8, &second)
        hear(successor, 9, &first)
        hear(replica, 8, &second)
        #expect(history.latest == successor)
        // The same epoch does not help either: the second connection has not come so far.
        hear(replica, 9, &second)
        #expect(history.latest == successor)
        hear(successor, 9, &second)
        // But what the connection says after it is news.
        hear(replica, 9, &second)
        #expect(history.latest == replica)
    }
}
