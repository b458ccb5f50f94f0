// Our rules in the place of each node of recordings say what the real nodes said; and one changed vote,
// epoch, slot or failure flag is found.

import ClusterWire
import TestSupport
import Testing

@testable import Playback

@Suite struct DifferentialReplayTests {
    private static let names = [
        "captures/redis-7.0.15-form", "captures/redis-7.0.15-epoch-collision",
        "captures/valkey-8.1.1-kill-master", "captures/valkey-8.1.1-names",
        "captures/valkey-8.1.1-pubsub", "captures/mixed-form",
        "failovers/valkey-8.1.1-failover-manual", "failovers/valkey-8.1.1-failover-force",
        "failovers/redis-7.0.15-failover-takeover", "failovers/redis-7.0.15-pause-resume",
        "failovers/valkey-8.1.1-slot-migration",
    ]

    private func capture(_ events: [BusEvent]) throws -> IndexedCapture {
        var capture = IndexedCapture()
        for event in events { try capture.take(event) }
        return capture
    }

    private func replay(_ events: [BusEvent], as id: NodeID) throws -> ReplayResult {
        var replay = try DifferentialReplay(capture(events), as: id, nodeTimeout: 2000)
        var effort = ReplayEffort(looks: .max)
        return replay.run(&effort)
    }

    @Test(arguments: names)
    func `the rules say what each node of a recording said`(name: String) throws {
        let events = try Play.events(Fixture.bytes("\(name).pcap"))
        let capture = try capture(events)
        #expect(capture.speakers.count >= 3)
        for id in capture.speakers {
            var replay = try DifferentialReplay(capture, as: id, nodeTimeout: 2000)
            var effort = ReplayEffort(looks: .max)
            let result = replay.run(&effort)
            #expect(result.differences == [])
            #expect((result.compared["role"] ?? 0) > 0 && result.inputs > 0)
            #expect((result.compared["currentEpoch"] ?? 0) > 0)
        }
    }

    /// Changes the first message for which `change` says so.
    private func altered(
        _ events: [BusEvent], _ change: (inout Header, inout Body) -> Bool
    ) -> (events: [BusEvent], speaker: NodeID?) {
        var events = events
        for index in events.indices {
            guard case .item(var item) = events[index],
                case .message(.full(var header, var body)) = item.content
            else { continue }
            let speaker = header.sender
            guard change(&header, &body) else { continue }
            item.content = .message(.full(header, body))
            events[index] = .item(item)
            return (events, speaker)
        }
        return (events, nil)
    }

    private func found(
        _ rule: String, _ change: (inout Header, inout Body) -> Bool
    ) throws -> [ReplayResult.Difference] {
        let events = try Play.events(Fixture.bytes("captures/valkey-8.1.1-kill-master.pcap"))
        let (changed, speaker) = altered(events, change)
        let id = try #require(speaker)
        let differences = try replay(changed, as: id).differences
        #expect(differences.contains { $0.rule == rule && $0.decision == nil })
        return differences
    }

    @Test func `a vote that was not given is found`() throws {
        let differences = try found("Voting") { _, body in
            guard body == .vote else { return false }
            body = .pong(Heartbeat())
            return true
        }
        #expect(differences.contains { $0.expected.hasPrefix("vote none for ") })
    }

    @Test func `an epoch that is another is found`() throws {
        var count = 0
        let differences = try found("Epochs") { header, _ in
            guard header.saysMaster, !header.slots.isEmpty else { return false }
            count += 1
            guard count == 9 else { return false }
            header.configEpoch = Epoch(header.configEpoch.value + 7)
            return true
        }
        #expect(differences.contains { $0.got.hasPrefix("configEpoch ") })
    }

    @Test func `a slot more or less is found`() throws {
        var count = 0
        let differences = try found("SlotOwnership") { header, _ in
            guard header.saysMaster, let first = header.slots.first else { return false }
            count += 1
            guard count == 5 else { return false }
            header.slots.remove(first)
            return true
        }
        #expect(differences.count == 1)
    }

    @Test func `a failure flag on a node that is well is found`() throws {
        var count = 0
        let differences = try found("FailureDetection") { _, body in
            guard case .ping(var beat) = body, var entries = Optional(Array(beat.gossip)),
                entries.count > 1, entries[0].flags.isDisjoint(with: [.pfail, .fail]),
                // The one that is killed later would be called so within the time that is allowed.
                !entries[0].node.description.hasPrefix("371affc8")
            else { return false }
            count += 1
            guard count == 4 else { return false }
            entries[0].flags.insert(.fail)
            beat.gossip = GossipSection(entries)
            body = .ping(beat)
            return true
        }
        #expect(differences.contains { $0.expected.hasSuffix(" fail") && $0.got.hasSuffix(" -") })
    }
}
