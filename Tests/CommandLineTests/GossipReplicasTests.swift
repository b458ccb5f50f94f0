// `grapevine gossip replicas` as a person calls it: what a deletion, a rule of versions, a repair and a
// corruption come to over many seeds, the shape of the JSON, and calls that are wrong.

import Foundation
import TestSupport
import Testing

@Suite struct GossipReplicasTests {
    private static let seeds = "1-8"

    private func call(_ words: [String]) throws -> [String: Any] {
        let said = try Grapevine.run(
            ["gossip", "replicas", "--seeds", Self.seeds, "--json"] + words)
        #expect(said.status == 0 && said.errors.isEmpty, "\(said)")
        let object = try JSONSerialization.jsonObject(with: Data(said.output.utf8))
        return try #require(object as? [String: Any], "\(said)")
    }

    private func figures(_ words: [String]) throws -> [String: [String: Double]] {
        let figures = try #require(try call(words)["figures"] as? [String: Any])
        return figures.compactMapValues { $0 as? [String: Double] }
    }

    /// All 40 hold an entry when one is cut off; it is deleted, and the one comes back.
    private static let comesBack = [
        "--nodes", "40", "--rounds", "100", "--delete", "21", "--absent", "39:20-60",
    ]

    @Test(arguments: [
        (["--deletion", "erase"], 40.0),
        (["--deletion", "certificate", "--retention", "60"], 0.0),
        (["--deletion", "certificate", "--retention", "30"], 40.0),
        (["--deletion", "dormant", "--tau1", "30", "--holders", "4"], 0.0),
        (["--deletion", "dormant", "--tau1", "30", "--tau2", "5"], 40.0),
    ])
    func `a deleted entry comes back unless a certificate outlives the old copies`(
        words: [String], copies: Double
    ) throws {
        let figures = try figures(Self.comesBack + words)
        let back = try #require(figures["resurrectedCopies"])
        #expect(back["p50"] == copies && back["max"] == copies, "\(words), seeds \(Self.seeds)")
        #expect(figures["resurrectedKeys"]?["mean"] == (copies > 0 ? 1 : 0))
    }

    @Test func `what was written since stays when the woken certificate keeps its date`() throws {
        // Written again in round 60: in round 61 the old copy meets holders that have not heard of it.
        let since =
            Self.comesBack + [
                "--deletion", "dormant", "--holders", "20", "--do", "write:60:1", "--do",
                "read:100:5", "--activation",
            ]
        for (answer, stale) in [("yes", 0.0), ("no", 1.0)] {
            let figures = try figures(since + [answer])
            #expect(figures["wakings"]?["mean"] ?? 0 > 0, "seeds \(Self.seeds)")
            let reads = try #require(figures["staleReads"])
            #expect(reads["mean"] == stale, "--activation \(answer), seeds \(Self.seeds)")
        }
    }

    @Test(arguments: [("newest", 1.0), ("first", 1.0), ("vectors", 3.0)])
    func `three origins at once leave siblings under version vectors alone`(
        rule: String, siblings: Double
    ) throws {
        let words = ["--nodes", "30", "--origins", "3", "--rule", rule]
        let figures = try figures(words + ["--repair", "write,background"])
        #expect(figures["siblingsAtEnd"]?["p50"] == siblings, "\(rule), seeds \(Self.seeds)")
        #expect(figures["allTheSame"]?["mean"] == 1)
    }

    @Test func `a hint brings a write to one who was away, and without it nothing does`() throws {
        let words = ["--nodes", "10", "--repair", "write", "--absent", "5:1-10"]
        let lost = try figures(words)
        #expect(lost["allTheSame"]?["mean"] == 0 && lost["roundsUntilSame"] == nil)
        let hinted = try figures(words + ["--hints", "1"])
        #expect(hinted["roundsUntilSame"]?["max"] == 11 && hinted["hintsDelivered"]?["mean"] == 1)
    }

    @Test func `reads repair what they touch`() throws {
        let words = ["--nodes", "10", "--reads-per-round", "3", "--read-quorum", "3"]
        let idle = try figures(words + ["--repair", "none"])
        #expect(idle["allTheSame"]?["mean"] == 0 && idle["readRepairs"]?["max"] == 0)
        let repaired = try figures(words + ["--repair", "read"])
        #expect(repaired["allTheSame"]?["mean"] == 1 && repaired["readRepairs"]?["mean"] == 9)
        #expect((repaired["staleReads"]?["mean"] ?? 999) < (idle["staleReads"]?["mean"] ?? 0))
    }

    @Test(arguments: [
        (["--corrupt", "one-bit"], 40.0),
        (["--corrupt", "one-bit", "--checksums", "message"], 0.0),
        (["--corrupt", "one-bit", "--jump-limit", "16"], 0.0),
        (["--corrupt", "wrong-state", "--checksums", "entry"], 40.0),
        // It keeps what it makes up itself.
        (["--corrupt", "wrong-state", "--corrupt-node", "7", "--jump-limit", "16"], 1.0),
    ])
    func `a wrong state spreads unless what guards against its kind is on`(
        words: [String], nodes: Double
    ) throws {
        let figures = try figures(["--nodes", "40", "--rounds", "30"] + words)
        let wrong = try #require(figures["wrongAtEnd"])
        #expect(wrong["p50"] == nodes && wrong["max"] == nodes, "\(words), seeds \(Self.seeds)")
        #expect((figures["wrongAccepted"]?["max"] ?? -1 > 0) == (nodes == 40))
    }

    @Test func `the output is the same with one thread and with eight`() throws {
        for more in [[], ["--json"]] {
            let words =
                ["gossip", "replicas", "--seeds", "1-40", "--nodes", "20", "--loss", "20%"] + more
            let one = try Grapevine.run(words + ["--threads", "1"])
            #expect(one.status == 0 && !one.output.isEmpty && !one.output.contains("threads"))
            #expect(try Grapevine.run(words + ["--threads", "8"]) == one)
        }
    }

    @Test func `JSON has the options as used, the seeds and each figure`() throws {
        let root = try call(["--nodes", "1", "--repair", "none"])
        #expect(Set(root.keys) == ["options", "seeds", "figures"])
        #expect(root["seeds"] as? [Int] == [1, 8])
        let options = try #require(root["options"] as? [String: Any])
        #expect(options["nodes"] as? Int == 1 && options["rule"] as? String == "newest")
        #expect(options["repair"] as? [String] == [] && options["mode"] is NSNull)
        let figures = try #require(root["figures"] as? [String: Any])
        let rounds = try #require(figures["roundsUntilSame"] as? [String: Double])
        #expect(Set(rounds.keys) == ["mean", "standardError", "p50", "p99", "max"])
        #expect(rounds["max"] == 1 && figures["lastWrong"] is NSNull)
    }

    @Test func `a person is told what was asked and what it came to`() throws {
        let said = try Grapevine.run(
            ["gossip", "replicas", "--seeds", "1-4", "--deletion", "erase"] + Self.comesBack)
        #expect(said.status == 0 && said.errors.isEmpty, "\(said)")
        for text in [
            "40 replicas of 1 key, 100 rounds, seeds 1-4", "node 0 deletes it in round 21",
            "erased where it is deleted", "node 39 is absent in rounds 20-60",
        ] {
            #expect(said.output.contains(text), "\(text):\n\(said.output)")
        }
        #expect(said.lines.contains { $0.hasPrefix("copies of them") && $0.hasSuffix(" 40") })
        #expect(said.lines.allSatisfy { $0.count <= 100 })
    }

    @Test(arguments: [
        (["--nodes", "0"], "--nodes must be from 1 to 10000, not 0"),
        (["--rule", "last"], "--rule must be one of newest|first|vectors, not last"),
        (["--nodes", "5", "--origins", "6"], "--origins 6: there are 5 nodes"),
        (["--rule", "first", "--delete", "9"], "what was written first cannot be deleted"),
        (["--delete", "61"], "an operation in round 61: there are rounds 1 to 60"),
        (["--retention", "9"], "--retention needs a deletion with --deletion certificate"),
        (["--deletion", "erase"], "--deletion needs --delete"),
        (["--delete", "9", "--tau1", "9"], "--tau1 needs a deletion with --deletion dormant"),
        (["--nodes", "3", "--delete", "9", "--deletion", "dormant", "--holders", "4"], "sites"),
        (["--repair", "write", "--mode", "push"], "--mode needs --repair background"),
        (["--repair", "read"], "--repair read needs reads"),
        (["--repair", "sometimes"], "--repair must be none or some of write,read,background"),
        (["--hints", "3"], "--hints needs --repair write"),
        (["--repair", "write", "--mails", "100"], "a write is sent to 99 others at most"),
        (["--reads-per-round", "1", "--read-quorum", "101"], "a read asks from 1 to 100 nodes"),
        (["--do", "write:1"], "--do must be ACTION:ROUND:NODE"),
        (["--do", "burn:1:2"], "--do must begin with write|write-blind|delete|read|reconcile"),
        (["--do", "write:1:100"], "an operation at node 100, key 0: there is none"),
        (["--absent", "7"], "--absent must be NODE:A-B, not 7"),
        (["--absent", "100:1-2"], "node 100 cannot be absent"),
        (["--corrupt", "all"], "--corrupt must be none or some of one-bit,stored-bit,wrong-state"),
        (["--corrupt-bit", "3"], "--corrupt-bit needs --corrupt one-bit or stored-bit"),
        (["--corrupt", "one-bit", "--corrupt-rounds", "61"], "nothing is corrupted in rounds"),
        (["--loss", "1"], "a chance is from 0 to 1, and that of a loss below 1"),
        (["--jump-limit", "-1"], "--jump-limit must be a whole number"),
        (["--seed", "1", "--seeds", "1-2"], "--seed and --seeds exclude each other"),
        (["now"], "now is not an option"), (["--csv"], "unknown option --csv"),
    ])
    func `a wrong call is one line and status 2`(words: [String], what: String) throws {
        let said = try Grapevine.run(["gossip", "replicas"] + words)
        #expect(said.status == 2 && said.output.isEmpty, "\(said)")
        #expect(said.errors.contains(what), "\(said.errors)")
        #expect(said.errors.split(separator: "\n").count == 1)
    }
}
