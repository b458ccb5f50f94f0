// `grapevine explain` from outside: the first lines, its JSON, the page, a live pipe, and
// captures in which nothing happened.

import Foundation
import SystemIO
import TestSupport
import Testing

@Suite struct ExplainTests {
    private static let killed = "valkey-8.1.1-kill-master.pcap"

    @Test func `the cause and the outcome are the first two lines`() throws {
        let said = try Grapevine.run("explain", Self.killed)
        #expect(said.status == 0 && said.errors.isEmpty)
        #expect(
            said.lines[0]
                == "10:57:23.948 UTC: master 127.0.0.1:21000 (371affc8) of 5462 slots "
                + "(0-5460 12182) ended: its process closed all connections.")
        #expect(
            said.lines[1].hasPrefix(
                "Its replica 127.0.0.1:21003 (23ff479c) is the new master after 3.87 s, elected "
                    + "with 2 of 2 votes at epoch 11"))
        for phase in ["detection", "agreement", "election", "spread", "total"] {
            #expect(said.lines.contains { $0.hasPrefix("  \(phase) ") && $0.contains(" ms ") })
        }
    }

    @Test func `a capture without failures says so, and what there was`() throws {
        let said = try Grapevine.run("explain", "../failovers/valkey-8.1.1-slot-migration.pcap")
        #expect(said.lines[0].hasPrefix("Nothing failed: 6 nodes exchanged "))
        #expect(said.lines[1].hasPrefix("slot 12182 moved from :21002 to :21000; "))
    }

    @Test func `events and incidents as JSON have the documented keys and no others`() throws {
        let said = try Grapevine.run("explain", Self.killed, "--json")
        #expect(said.status == 0 && said.errors.isEmpty)
        let root = try #require(
            JSONSerialization.jsonObject(with: Data(said.output.utf8)) as? [String: Any])
        #expect(Set(root.keys) == ["events", "incidents"])
        let events = try #require(root["events"] as? [[String: Any]])
        let more: [String: Set<String>] = [
            "silent": ["since"], "failed": ["agreeing"], "vote_requested": ["epoch", "forced"],
            "vote_granted": ["epoch"], "promoted": ["epoch", "slots"],
            "slots_unserved": ["slots"], "slots_served": ["slots"],
        ]
        for event in events {
            let kind = event["kind"] as? String ?? ""
            let keys = Set(["time", "kind", "by", "node"]).union(more[kind] ?? [])
            #expect(Set(event.keys) == keys, "\(kind)")
        }
        #expect(events.filter { $0["kind"] as? String == "vote_granted" }.count == 2)
        let incidents = try #require(root["incidents"] as? [[String: Any]])
        let incident = try #require(incidents.first)
        #expect(
            Set(incident.keys) == [
                "master", "heir", "cause", "silentAt", "firstSuspectedAt", "failedAt",
                "voteRequestedAt", "promotedAt", "agreedAt", "phases",
            ])
        #expect(incident["cause"] as? String == "silence")
        let phases = try #require(incident["phases"] as? [String: Double])
        #expect(Set(phases.keys) == ["detection", "agreement", "election", "spread", "total"])
        let parts = phases.filter { $0.key != "total" }.values.reduce(0, +)
        #expect(abs(parts - (phases["total"] ?? 0)) < 0.01)
    }

    @Test func `a live capture is told as it arrives`() throws {
        let bytes = try Fixture.bytes("captures/\(Self.killed)")
        let run = try Grapevine.Run(["explain", "-"])
        // Up to somewhere after the FAIL: what is told then does not wait for the rest.
        let half = bytes.count * 5 / 8
        run.input.fileHandleForWriting.write(Data(bytes[..<half]))
        var text = ""
        while !text.contains("its process has ended") {
            let more = run.output.fileHandleForReading.availableData
            if more.isEmpty { break }
            text += String(decoding: more, as: UTF8.self)
        }
        #expect(text.contains("its process has ended"))
        #expect(!text.contains("is promoted to master"))
        run.input.fileHandleForWriting.write(Data(bytes[half...]))
        let rest = try run.finish()
        #expect(rest.status == 0)
        #expect(rest.output.contains("127.0.0.1:21003 is promoted to master"))
        #expect(rest.output.contains("ended: its process closed all connections."))
    }

    @Test func `the page stands alone and tells the same`() throws {
        let folder = try TemporaryFolder()
        let page = "\(folder.path)/story.html"
        let said = try Grapevine.run("explain", Self.killed, "--html", page)
        #expect(said.status == 0)
        let text = try File.readText(page)
        #expect(text.hasPrefix("<!DOCTYPE html>") && text.hasSuffix("</html>\n"))
        for outside in ["http:", "https:", "src=", "url(", "@import", "<script", "<link"] {
            #expect(!text.contains(outside), "\(outside)")
        }
        #expect(text.contains("ended: its process closed all connections."))
        #expect(text.contains("prefers-color-scheme: dark") && text.contains("@media print"))
        // A lane for each node, a mark for each vote, the slots before and after.
        for port in 21000...21005 { #expect(text.contains(">:\(port)<title>")) }
        #expect(text.contains(":21001 votes for :21003 in epoch 11</title>"))
        #expect(text.contains(":21000: 0-5460</title>") && text.contains(":21003: 0-5460</title>"))
        let other = try Grapevine.run("explain", Self.killed, "--html", "\(folder.path)/no/x")
        #expect(other.status == 2 && other.errors.contains("no/x"))
    }

    @Test func `times that damage has moved by centuries are told like any others`() throws {
        let bytes = try Fixture.bytes("captures/\(Self.killed)")
        var random = Seeds.generator("damaged times")
        for round in 0..<6 {
            var damaged = bytes
            var start = 24
            while start + 16 <= damaged.count {
                let length = (0..<4).reduce(0) { $0 | Int(damaged[start + 8 + $1]) << (8 * $1) }
                if UInt8.random(in: 0..<50, using: &random) == 0 {
                    for place in 0..<4 { damaged[start + place] = round % 2 == 0 ? 0xFF : 0 }
                }
                start += 16 + length
            }
            for words in [["explain", "-"], ["explain", "-", "--json"], ["replay", "-"]] {
                let run = try Grapevine.Run(words)
                run.input.fileHandleForWriting.write(Data(damaged))
                let said = try run.finish()
                #expect(said.status == 0, "round \(round): \(words) \(said.errors.suffix(300))")
            }
        }
    }
}
