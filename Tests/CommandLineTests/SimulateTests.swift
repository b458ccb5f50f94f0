// `grapevine simulate` as a person calls it: seeds on any number of cores, scenarios, cases side by side,
// a failure that is told and made smaller, and calls that are wrong.

import Foundation
import SystemIO
import TestSupport
import Testing

@Suite struct SimulateTests {
    private func json(_ said: Said) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(said.output.utf8))
        return try #require(object as? [String: Any], "\(said)")
    }

    private static let short = ["simulate", "--duration", "3"]

    @Test func `what comes of seeds does not depend on how many run at a time`() throws {
        var results: [[String: Any]] = []
        for jobs in ["1", "2", "5"] {
            let said = try Grapevine.run(
                Self.short + ["--seeds", "1-6", "--json", "--jobs", jobs])
            #expect(said.status == 0, "\(said)")
            results.append(try json(said))
        }
        let hashes = results.compactMap { $0["traceHash"] as? String }
        #expect(hashes.count == 3 && Set(hashes).count == 1, "\(hashes)")
        let root = results[0]
        #expect(root["seeds"] as? String == "1-6")
        #expect((root["brokenPromises"] as? [Any])?.isEmpty == true)
        let figures = try #require(root["figures"] as? [String: [String: Any]])
        let formation = try #require(figures["formation"])
        #expect(Set(formation.keys) == ["unit", "min", "p50", "p99", "max", "n"])
        #expect(formation["n"] as? Int == 6)
        let speed = try #require(root["speed"] as? [String: Any])
        #expect(Set(speed.keys) == ["virtualSeconds", "wallSeconds"])
    }

    @Test func `a run that traps is a failure of its seed, and the others go on`() throws {
        let said = try Grapevine.run(
            ["simulate", "--duration", "10", "--seeds", "1-4", "--plant", "trap", "--json"])
        #expect(said.status == 1)
        let root = try json(said)
        let broken = try #require(root["brokenPromises"] as? [[String: Any]])
        let figures = try #require(root["figures"] as? [String: [String: Any]])
        #expect(!broken.isEmpty)
        #expect((figures["formation"]?["n"] as? Int) == 4 - broken.count)
        for promise in broken {
            #expect(promise["promise"] as? String == "the rules end no process, whatever comes in")
            let seed = try #require(promise["seed"] as? Int)
            #expect((promise["repeat"] as? String)?.contains("--seed \(seed) ") == true)
        }
    }

    @Test func `a broken promise is told, repeated by its command, and made smaller`() throws {
        let call = ["simulate", "--seed", "1", "--plant", "fail-without-quorum"]
        let said = try Grapevine.run(call + ["--json"])
        #expect(said.status == 1)
        let broken = try #require(
            (try json(said)["brokenPromises"] as? [[String: Any]])?.first)
        #expect(broken["seed"] as? Int == 1)
        for key in ["repeat", "smaller"] {
            let command = try #require(broken[key] as? String)
            let words = command.split(separator: " ").map(String.init)
            #expect(words.first == "grapevine")
            let again = try Grapevine.run(Array(words.dropFirst()) + ["--json", "--no-shrink"])
            let other = (try json(again)["brokenPromises"] as? [[String: Any]])?.first
            #expect(other?["promise"] as? String == broken["promise"] as? String, "\(command)")
        }
        let smaller = try #require(broken["smaller"] as? String)
        #expect(smaller.contains("--keep-faults") && smaller != broken["repeat"] as? String)
        let text = try Grapevine.run(call)
        #expect(text.status == 1)
        #expect(text.output.contains("seed 1 broke a promise"))
        #expect(text.output.contains("the last events:"))
        #expect(text.output.contains("a smaller run breaks the same promise"))
    }

    @Test func `the plan of a failure is written, made smaller, and shows it again`() throws {
        let folder = try TemporaryFolder(prefix: "simulate")
        let path = "\(folder.path)/kept.plan"
        let bug = ["--plant", "fail-without-quorum"]
        let found = try Grapevine.run(
            ["simulate", "--seeds", "1-5", "--write-plan", path, "--json"] + bug)
        #expect(found.status == 1)
        let text = try File.readText(path, limitBytes: 1 << 20)
        #expect(text.hasPrefix("# broke a promise: ") && text.contains("catches \(bug[1])\n"))
        let again = try Grapevine.run(["simulate", "--plan", path, "--json"] + bug)
        #expect(again.status == 1)
        let options = try #require(try json(again)["options"] as? [String: Any])
        #expect(options["plan"] as? String == path)
        let broken = try #require(
            (try json(again)["brokenPromises"] as? [[String: Any]])?.first)
        #expect((broken["repeat"] as? String)?.hasPrefix("grapevine simulate --plan ") == true)
        #expect(try Grapevine.run(["simulate", "--plan", path]).status == 0)
        try File.write(Array((text + "from 1 to 2 melt n0\n").utf8), to: path)
        let wrong = try Grapevine.run(["simulate", "--plan", path])
        #expect(wrong.status == 2)
        let line = text.split(separator: "\n").count + 1
        #expect(wrong.errors.contains("\(path):\(line): melt n0 is no fault"), "\(wrong)")
    }

    @Test func `a scenario ends in figures, as a table, as JSON and as a picture`() throws {
        let folder = try TemporaryFolder(prefix: "simulate")
        let picture = "\(folder.path)/picture.svg"
        let call = ["simulate", "--scenario", "master-crash", "--seeds", "1-3", "--plot", picture]
        let text = try Grapevine.run(call)
        #expect(text.status == 0)
        for name in ["detection, ms", "FAIL, ms", "election, ms", "agreement, ms"] {
            #expect(text.lines.contains { $0.hasPrefix(name) }, "\(name)")
        }
        let figures = try #require(
            try json(try Grapevine.run(call + ["--json"]))["figures"] as? [String: [String: Any]])
        #expect(figures["messages a node"]?["unit"] as? String == "messages/s")
        #expect(figures["agreement"]?["n"] as? Int == 3)
        let drawn = try File.readText(picture, limitBytes: 1 << 20)
        #expect(drawn.hasPrefix("<svg ") && drawn.hasSuffix("</svg>\n"))
        // A dot a figure.
        #expect(drawn.split(separator: "<circle").count - 1 == figures.count)
        #expect(drawn.contains("prefers-color-scheme:dark") && drawn.contains("milliseconds"))
    }

    @Test func `lists make cases that are compared`() throws {
        let call = [
            "simulate", "--scenario", "master-crash", "--masters", "3,4", "--node-timeout",
            "1000,2000", "--loss", "1%", "--seeds", "1-2",
        ]
        let root = try json(try Grapevine.run(call + ["--json"]))
        let cases = try #require(root["cases"] as? [[String: Any]])
        let options = cases.compactMap { $0["options"] as? [String: Any] }
        #expect(options.compactMap { $0["masters"] as? Int } == [3, 3, 4, 4])
        #expect(options.compactMap { $0["replicas"] as? Int } == [3, 3, 4, 4])
        #expect(options.compactMap { $0["nodeTimeout"] as? Int } == [1000, 2000, 1000, 2000])
        #expect(options.allSatisfy { $0["loss"] as? Int == 10_000 })
        let text = try Grapevine.run(call)
        #expect(text.lines.count { $0.hasPrefix("4 masters + 4 replicas") } == 2, "\(text.output)")
    }

    @Test(arguments: [
        (["--scenario", "earthquake"], "unknown scenario earthquake; there are master-crash, "),
        (["--scenario", "mass-failure", "--masters", "2"], "mass-failure needs three masters"),
        (["--scenario", "join", "--faults", "all"], "--scenario or --faults, not both"),
        (["--seed", "1", "--seeds", "1-2"], "--seed or --seeds, not both"),
        (["--seeds", "9-1"], "--seeds 9-1 is not A-B"),
        (["--seeds", "0-18446744073709551614"], "more than 1000000 runs"),
        (["--seeds", "500001", "--masters", "3,5"], "more than 1000000 runs"),
        (["--masters", "3,x"], "--masters must be numbers"),
        (["--masters", "3,4", "--replicas", "1,2,3"], "--replicas has 3 values, --masters 2"),
        (["--masters", "4000"], "more than 4000 nodes"),
        (["--loss", "200%"], "--loss 200% is not"), (["--delay", "5"], "--delay 5 is not A-B"),
        (["--duration", "-1"], "--duration -1 is not"),
        (["--keep-faults", "1,,2"], "--keep-faults 1,,2 is no list"),
        (["--faults", "earthquake"], "--faults earthquake names a kind"),
        (["--plan", "/no/such/plan"], "/no/such/plan: "),
        (["--plan", "x", "--seed", "1"], "--plan or --seed, not both"),
        (["--scenario", "join", "--write-plan", "x"], "--scenario or --write-plan, not both"),
        (["--seeds", "1-2", "--trace", "x"], "--trace takes one seed only"),
        (["--seed", "1", "--duration", "0", "--plot", "/no/such/folder/x"], "/no/such/folder/x"),
    ])
    func `a wrong call is one line and status 2`(words: [String], what: String) throws {
        let said = try Grapevine.run(["simulate"] + words)
        #expect(said.status == 2, "\(said)")
        #expect(said.errors.contains(what), "\(said.errors)")
        #expect(said.errors.split(separator: "\n").count == 1)
    }
}
