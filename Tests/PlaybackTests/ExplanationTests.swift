// What happened in recordings: each event at the time of the first packet that shows it, and near the
// time at which a poller saw it; who did what as the servers themselves said.

import ClusterWire
import TestSupport
import Testing

@testable import Playback

/// The first packet of a recording for which something holds, found without the code under test.
private func firstPacket(
    _ events: [BusEvent], _ holds: (Header, Body) -> Bool
) -> Int64? {
    for event in events {
        guard case .item(let item) = event,
            case .message(.full(let header, let body)) = item.content
        else { continue }
        if holds(header, body) { return item.time }
    }
    return nil
}

@Suite struct ExplanationTests {
    private static let twoMilliseconds: Int64 = 2_000_000

    private func near(_ time: Int64?, _ other: Int64?) -> Bool {
        guard let time, let other else { return false }
        return abs(time - other) <= Self.twoMilliseconds
    }

    /// Within 60 ms of what a poller saw, in seconds.
    private func nearPoller(_ time: Int64?, _ seen: Double?) -> Bool {
        guard let time, let seen else { return false }
        return abs(Double(time) / 1e9 - seen) <= 0.060
    }

    @Test func `a killed master is told from its last packet until all know its successor`() throws
    {
        let name = "captures/valkey-8.1.1-kill-master"
        let truth = try Truth(name)
        let events = try Play.events(Fixture.bytes("\(name).pcap"))
        let news = try Play.news(events)
        #expect(news.incidents.count == 1)
        let incident = try #require(news.incidents.first)
        let dead = try #require(truth.ids[21000].flatMap { NodeID($0) })
        let successor = try #require(truth.ids[21003].flatMap { NodeID($0) })
        #expect(incident.master == dead && incident.successor == successor)
        #expect(incident.cause == .silence && incident.failure.closedConnections)
        #expect(nearPoller(incident.times.silentAt, truth.time("kill -9")))
        #expect(nearPoller(incident.times.failedAt, truth.time("FAIL seen")))
        #expect(nearPoller(incident.times.promotedAt, truth.time("promoted")))
        #expect(nearPoller(incident.times.agreedAt, truth.time("all survivors ok")))
        func gossips(_ body: Body, _ flag: NodeFlags) -> Bool {
            body.heartbeat?.gossip.contains {
                $0.node == dead && !$0.flags.isDisjoint(with: flag)
            } ?? false
        }
        #expect(
            near(incident.times.firstSuspectedAt, firstPacket(events) { gossips($1, .pfail) }))
        #expect(near(incident.times.failedAt, firstPacket(events) { $1.type == .fail }))
        #expect(
            near(incident.times.voteRequestedAt, firstPacket(events) { $1.type == .voteRequest }))
        #expect(
            near(
                incident.times.promotedAt,
                firstPacket(events) { header, _ in header.sender == successor && header.saysMaster }
            ))
        #expect(incident.election.votes.count == 2 && incident.election.withheld.isEmpty)
        #expect(incident.election.epoch == 11 && incident.slots.count == 5462)
        let parts = incident.phases.dropLast().compactMap(\.nanoseconds)
        #expect(parts.count == 4)
        #expect(parts.reduce(0, +) == incident.total.nanoseconds)
        let learned = news.events.filter { $0.kind == .promotionLearned }
        #expect(Set(learned.compactMap(\.by)).count == 4)
    }

    @Test(arguments: [
        ("failovers/valkey-8.1.1-failover-manual", Incident.Cause.manual),
        ("failovers/valkey-8.1.1-failover-force", .forced),
        ("failovers/redis-7.0.15-failover-takeover", .takeover),
    ])
    func `a failover by order is told with its kind and its times`(
        name: String, cause: Incident.Cause
    ) throws {
        let truth = try Truth(name)
        let events = try Play.events(Fixture.bytes("\(name).pcap"))
        let incident = try #require(try Play.news(events).incidents.first)
        let command = try #require(truth.events.first { $0.words.first == "CLUSTER" })
        let successor = try #require(
            command.port.flatMap { truth.ids[$0] }.flatMap { NodeID($0) })
        #expect(incident.cause == cause)
        #expect(incident.successor == successor)
        #expect(
            near(
                incident.times.promotedAt,
                firstPacket(events) { header, _ in
                    header.sender == successor && header.saysMaster && !header.slots.isEmpty
                }))
        #expect(nearPoller(incident.times.promotedAt, truth.time("promoted")))
        #expect(nearPoller(incident.startedAt, command.time))
        #expect(incident.times.agreedAt != nil)
        #expect(incident.times.failedAt == nil && incident.times.silentAt == nil)
        if cause == .takeover {
            #expect(incident.times.voteRequestedAt == nil && incident.election.votes.isEmpty)
        } else {
            #expect(
                near(
                    incident.times.voteRequestedAt,
                    firstPacket(events) { $1.type == .voteRequest }))
            #expect(incident.election.votes.count == 3)
        }
    }

    @Test func `a failed master's successor that forces the vote is no operator's doing`() throws {
        // As Valkey 9.1.2 asks after an earlier manual failover.
        let bytes = try Fixture.bytes("captures/valkey-8.1.1-kill-master.pcap")
        let events = try Play.events(bytes).map { event in
            guard case .item(var item) = event,
                case .message(.full(var header, let body)) = item.content,
                body.type == .voteRequest
            else { return event }
            header.messageFlags.insert(.forceAck)
            item.content = .message(.full(header, body))
            return .item(item)
        }
        let incident = try #require(try Play.news(events).incidents.first)
        #expect(incident.cause == .silence && incident.successor != nil)
    }

    @Test func `a node that was stopped and goes on is told with FAIL and its end`() throws {
        let name = "failovers/redis-7.0.15-pause-resume"
        let truth = try Truth(name)
        let events = try Play.events(Fixture.bytes("\(name).pcap"))
        let news = try Play.news(events)
        let incident = try #require(news.incidents.first)
        #expect(news.incidents.count == 1)
        #expect(incident.master.description == truth.ids[21004])
        #expect(incident.successor == nil && incident.wasReplica == true)
        #expect(near(incident.times.failedAt, firstPacket(events) { $1.type == .fail }))
        #expect(nearPoller(incident.times.failedAt, truth.time("FAIL at all others")))
        #expect(nearPoller(incident.times.recoveredAt, truth.time("FAIL cleared")))
        let recovered = news.events.filter { $0.kind == .recovered }
        #expect(Set(recovered.compactMap(\.by)).count == 5)
    }

    @Test func `a slot that moves is told with both ends, and nothing failed`() throws {
        let truth = try Truth("failovers/valkey-8.1.1-slot-migration")
        let news = try Play.news("failovers/valkey-8.1.1-slot-migration")
        #expect(news.incidents.isEmpty)
        let moves = news.events.compactMap { event -> (Int64, NodeID, NodeID, SlotSet)? in
            guard case .slotsMoved(let from, let to, let slots) = event.kind else { return nil }
            return (event.time, from, to, slots)
        }
        let move = try #require(moves.first)
        #expect(moves.count == 1)
        #expect(move.1.description == truth.ids[21002])
        #expect(move.2.description == truth.ids[21000])
        #expect(move.3.description == "12182")
        let command = truth.events.first {
            $0.words.starts(with: ["CLUSTER", "SETSLOT"]) && $0.words.contains("NODE")
        }
        #expect(nearPoller(move.0, command?.time))
        #expect(news.events.contains { $0.kind == .epochRaised(epoch: 7) })
    }

    @Test func `masters that meet with equal epochs collide, and one of them moves`() throws {
        let truth = try Truth("captures/redis-7.0.15-epoch-collision")
        let news = try Play.news("captures/redis-7.0.15-epoch-collision")
        let collision = try #require(
            news.events.first { $0.kind == .epochCollision(epoch: 5) })
        let pair = Set([collision.by, collision.node].compactMap { $0?.description })
        #expect(pair == Set([21000, 21001].compactMap { truth.ids[$0] }))
        let raised = news.events.filter { $0.kind == .epochRaised(epoch: 6) }
        #expect(raised.compactMap { $0.by?.description } == [truth.ids[21001]])
        let met = news.events.filter { $0.kind == .met }
        #expect(met.count == 2 && met.allSatisfy { $0.by?.description == truth.ids[21000] })
    }

    @Test func `names that change are no incident`() throws {
        let news = try Play.news("captures/valkey-8.1.1-names")
        #expect(news.incidents.isEmpty)
        #expect(
            news.events.allSatisfy {
                $0.kind == .met || $0.kind == .linkMade || $0.kind == .promotionLearned
            })
    }

    @Test func `what happened is the same for pieces of any size`() throws {
        let bytes = try Fixture.bytes("captures/valkey-8.1.1-kill-master.pcap")
        let whole = try Play.news(Play.events(bytes))
        for piece in [1009, 65_536] {
            let news = try Play.news(Play.events(bytes, piece: piece))
            #expect(news.events == whole.events && news.incidents == whole.incidents)
        }
    }
}
