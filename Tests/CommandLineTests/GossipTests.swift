// `grapevine gossip` as a person calls it: runs, comparisons, the paper's tables, plans, the gallery, the
// profiles, and calls that are wrong.

import Foundation
import FoundationXML
import SystemIO
import TestSupport
import Testing

@Suite struct GossipTests {
    private func json(_ said: Said) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(said.output.utf8))
        return try #require(object as? [String: Any], "\(said)")
    }

    private static let statKeys: Set<String> = ["mean", "standardError", "p50", "p99", "max"]

    @Test func `the same seeds say the same, byte by byte, with any number of threads`() throws {
        let call = ["gossip", "compare", "--nodes", "200", "--seeds", "1-40", "--json"]
        let runs = [
            "--run", "--k 3", "--run", "--mode push-pull --until all-know", "--run",
            "--strategy anti-entropy --compare tree", "--run", "--strategy push-sum",
        ]
        let outputs = try ["1", "2", "8"].map { threads in
            try Grapevine.run(call + runs + ["--threads", threads]).output
        }
        #expect(!outputs[0].isEmpty && Set(outputs).count == 1)
    }

    @Test func `a run in JSON has the fields that others read`() throws {
        let said = try Grapevine.run(
            ["gossip", "run", "--nodes", "100", "--k", "2", "--seeds", "3-8", "--json"])
        #expect(said.status == 0, "\(said)")
        let run = try #require((try json(said)["runs"] as? [[String: Any]])?.first)
        #expect(
            Set(run.keys).isSuperset(of: [
                "strategy", "options", "nodes", "seeds", "roundsUntilAllKnow",
                "shareOfRunsComplete", "residue", "traffic", "tLast", "firstReceipt", "tAverage",
                "allKnowAfter", "messages", "bytes", "curve", "counters", "theory",
            ]))
        #expect(run["seeds"] as? [Int] == [3, 8])
        let residue = try #require(run["residue"] as? [String: Any])
        #expect(Set(residue.keys) == Self.statKeys)
        let messages = try #require(run["messages"] as? [String: Any])
        #expect(Set(messages.keys) == ["contacts", "asTaught", "updates"])
        let options = try #require(run["options"] as? [String: Any])
        #expect(options["k"] as? Int == 2 && options["noSendBack"] as? Bool == false)
        #expect(options["threads"] == nil)
        let curve = try #require(run["curve"] as? [[Double]])
        #expect(curve.allSatisfy { abs($0.reduce(0, +) - 100) < 1e-6 })
    }

    @Test func `the tables of Demers et al. hold, and the exit status says so`() throws {
        let said = try Grapevine.run(
            ["gossip", "reproduce", "demers", "--seeds", "1-60", "--json"])
        let root = try json(said)
        #expect(said.status == 0 && root["holds"] as? Bool == true, "\(said)")
        let tables = try #require(root["tables"] as? [[String: Any]])
        #expect(tables.compactMap { ($0["rows"] as? [Any])?.count } == [5, 5, 3])
        let row = try #require((tables[0]["rows"] as? [[String: Any]])?.first)
        #expect(Set(row.keys) == ["k", "s", "m", "tLast", "tAverage"])
    }

    @Test func `a plan reaches what was asked for in the time that was asked for`() throws {
        let said = try Grapevine.run(
            [
                "gossip", "plan", "--nodes", "100", "--reach", "99%", "--within", "1", "--loss",
                "1%", "--seeds", "1-20", "--json",
            ])
        let root = try json(said)
        let answers = try #require(root["answers"] as? [[String: Any]])
        #expect(said.status == 0 && answers.count > 3)
        for answer in answers {
            let seconds = try #require(answer["seconds"] as? Double)
            #expect(seconds <= 1 && seconds > 0.7)
            #expect((answer["share"] as? Double ?? 0) >= 0.99)
        }
        let names = (root["profiles"] as? [[String: Any]])?.compactMap { $0["name"] as? String }
        #expect(names?.contains("memberlist-lan") == true)
    }

    @Test func `an experiment that sees what it expects ends well and says both`() throws {
        let said = try Grapevine.run(["gossip", "scenario", "queue-overflow", "--json"])
        let root = try json(said)
        #expect(said.status == 0 && root["holds"] as? Bool == true)
        #expect(Set(root.keys) == ["scenario", "expected", "seen", "holds"])
    }

    @Test func `a setting that was not published is null, with the reason as its source`() throws {
        let root = try json(try Grapevine.run(["gossip", "profile", "s3", "--json"]))
        let settings = try #require(root["settings"] as? [[String: Any]])
        #expect(!settings.isEmpty)
        #expect(settings.allSatisfy { $0["value"] is NSNull && $0["source"] is String })
    }

    @Test func `all profiles stand in one table of 100 columns`() throws {
        let said = try Grapevine.run(
            ["gossip", "compare", "--profile", "all", "--nodes", "50", "--seeds", "1-3"])
        #expect(said.status == 0)
        let lines = said.output.split(separator: "\n")
        #expect(lines.count > 20 && lines.allSatisfy { $0.count <= 100 })
    }

    @Test func `what is said beside --run is for all runs, and a profile is asked for each size`()
        throws
    {
        let said = try Grapevine.run(
            [
                "gossip", "compare", "--nodes", "60", "--loss", "0.1", "--seeds", "1-2", "--json",
                "--run", "--profile serf", "--run", "--k 2 --nodes 40",
            ])
        let runs = try #require(try json(said)["runs"] as? [[String: Any]])
        #expect(runs.compactMap { $0["nodes"] as? Int } == [60, 40])
        let losses = runs.compactMap { ($0["options"] as? [String: Any])?["loss"] as? Double }
        #expect(losses == [0.1, 0.1])
        let sizes = try Grapevine.run(
            [
                "gossip", "compare", "--profile", "serf", "--sizes", "5,100", "--seeds", "1-2",
                "--json",
            ])
        let sized = try #require(try json(sizes)["runs"] as? [[String: Any]])
        let limits = sized.compactMap { ($0["options"] as? [String: Any])?["k"] as? Int }
        #expect(limits.count == 2 && limits[0] < limits[1])
    }

    @Test func `the bus stands in the same table`() throws {
        let said = try Grapevine.run(
            [
                "gossip", "compare", "--nodes", "8", "--seeds", "1-2", "--json", "--node-timeout",
                "1000", "--run", "--strategy bus --news failure", "--run",
                "--strategy bus --news slot", "--run", "--strategy bus --news new-node", "--run",
                "--strategy bus --news forgotten", "--run", "--until all-know",
            ])
        let runs = try #require(try json(said)["runs"] as? [[String: Any]])
        #expect(runs.count == 5)
        #expect(runs.allSatisfy { $0["shareOfRunsComplete"] as? Double == 1 }, "\(said)")
    }

    @Test func `pictures and pages are whole and need nothing else`() throws {
        let folder = try TemporaryFolder()
        let (svg, html) = ("\(folder.path)/a.svg", "\(folder.path)/a.html")
        let said = try Grapevine.run(
            [
                "gossip", "run", "--nodes", "50", "--seeds", "1-3", "--plot", svg, "--html", html,
            ])
        #expect(said.status == 0)
        for path in [svg, html] {
            let data = Data(try File.read(path))
            let text = String(decoding: data, as: UTF8.self)
            #expect(text.contains("<svg") && !text.contains("<script") && !text.contains("href="))
        }
        #expect(XMLParser(data: Data(try File.read(svg))).parse())
    }

    @Test(arguments: [
        (["run", "--k", "0"], "k = 0"), (["run", "--nodes", "2", "--fanout", "3"], "fan-out 3"),
        (["run", "--strategy", "anti-entropy", "--partner", "ring", "--topology", "grid"], "ring"),
        (["run", "--topology", "ring", "--draw", "all"], "complete graph"),
        (["run", "--loss", "200%"], "--loss"), (["run", "--seeds", "5-1"], "--seeds"),
        (["run", "--strategy", "telepathy"], "--strategy"), (["run", "--watch"], "terminal"),
        (["run", "--plot", "/no/such/folder/x"], "/no/such/folder/x"),
        (["compare"], "--run or --profile"), (["compare", "--run", "--bad 1"], "--bad"),
        (["compare", "--profile", "nobody"], "nobody"), (["reproduce", "karp"], "karp"),
        (["scenario", "nothing"], "nothing"), (["profile", "nobody"], "nobody"),
        (["plan", "--within", "0"], "--within"), (["dance"], "dance"),
        (["run", "--k", "none"], "--until all-know"),
        (["run", "--strategy", "swim", "--mode", "pull"], "means nothing to swim"),
        (["run", "--slow-factor", "3"], "without --slow"),
        (["run", "--strategy", "direct-mail", "--delay", "2"], "means nothing to direct-mail"),
        (["compare", "--run", "--seeds 1-2"], "--seeds"), (["profile", "--json"], "name"),
        (["replicas", "--writes-per-round", "1", "--write-rounds", "100-200"], "--write-rounds"),
        (["plan", "--reach", "0.001", "--nodes", "100"], "--reach"),
    ])
    func `a wrong call is one line and status 2`(words: [String], what: String) throws {
        let said = try Grapevine.run(["gossip"] + words)
        #expect(said.status == 2 && said.output.isEmpty, "\(said)")
        #expect(said.errors.contains(what) && said.errors.split(separator: "\n").count == 1)
    }
}
