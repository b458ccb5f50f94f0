// `grapevine decode` from outside: what it prints for each capture among the fixtures, its filters,
// its input as it arrives, and its exit status for everything that can be wrong.

import Foundation
import SystemIO
import TestSupport
import Testing

@Suite struct DecodeTests {
    private static let captures =
        ((try? Fixture.names(in: "captures")) ?? []).filter {
            $0.hasSuffix(".pcap") || $0.hasSuffix(".pcapng")
        }
    private static let made = captures.filter { $0.hasPrefix("made") }
    private static let recorded = captures.filter { !$0.hasPrefix("made") }

    @Test(arguments: made)
    func `a made capture prints all that is expected`(name: String) throws {
        let text = try Grapevine.run("decode", name)
        let json = try Grapevine.run("decode", name, "--json")
        #expect(text.status == json.status && text.errors == json.errors)
        Fixture.expectGolden(
            text.output + "--- json\n" + json.output + "--- errors\n" + json.errors
                + "--- status \(json.status)\n", "captures/\(name).txt")
    }

    @Test(arguments: recorded)
    func `a recorded capture prints what is expected`(name: String) throws {
        let text = try Grapevine.run("decode", name)
        let json = try Grapevine.run("decode", name, "--json")
        #expect(text.status == 0 && json.status == 0)
        #expect(text.errors == "" && json.errors == "")
        #expect(text.lines.count == json.lines.count)
        var counts: [Substring: Int] = [:]
        for line in text.lines { counts[line.split(separator: " ")[4], default: 0] += 1 }
        let table = counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
        Fixture.expectGolden(
            table + "text \(digest(text.output)) json \(digest(json.output))\n"
                + (text.lines.prefix(30) + json.lines.prefix(3)).joined(separator: "\n") + "\n",
            "captures/\(name).txt")
    }

    @Test func `each line of JSON is an object with the keys of its kind`() throws {
        let said = try Grapevine.run("decode", "--json", "made-kinds.pcap")
        let objects = try said.lines.map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
        }
        let common: Set = ["time", "source", "destination", "type", "length", "version"]
        let header: Set = [
            "currentEpoch", "configEpoch", "offset", "sender", "slots", "replicaOf", "ip", "port",
            "secondaryPort", "busPort", "flags", "state", "messageFlags",
        ]
        let full = common.union(header)
        let light = common.union(["light"])
        let expected = [
            full.union(["gossip", "extensions"]), full.union(["gossip", "extensions"]), full, full,
            full, full.union(["update"]), full.union(["failedNode"]), light,
            light.union(["channel", "messageLength"]), full,
        ]
        #expect(objects.map { Set($0.keys) } == expected)
        #expect(objects[3]["type"] as? Int == 11 && objects[4]["type"] as? Int == 77)
        #expect(objects[1]["sender"] is NSNull)
        #expect(!said.output.contains("sss"))
    }

    @Test func `a type is chosen by name or number`() throws {
        let whole = try Grapevine.run("decode", "made-kinds.pcap")
        for (type, count) in [("MODULE", 2), ("9", 2), ("ping", 1), ("77", 1), ("11", 1), ("5", 0)]
        {
            let said = try Grapevine.run("decode", "made-kinds.pcap", "--type", type)
            #expect(said.lines.count == count, "type \(type)")
            #expect(said.lines.allSatisfy { whole.lines.contains($0) })
            #expect(said.status == 0)
        }
    }

    @Test func `a node is chosen as the sender or as one that is spoken of`() throws {
        let b = String(repeating: "b", count: 40)
        // b is in the gossip, in the UPDATE and in the FAIL; a speaks, the light messages included.
        #expect(try Grapevine.run("decode", "made-kinds.pcap", "--node", b).lines.count == 3)
        #expect(try Grapevine.run("decode", "made-kinds.pcap", "--node=bbbb").lines.count == 3)
        #expect(try Grapevine.run("decode", "made-kinds.pcap", "--node", "aaaa").lines.count == 10)
        #expect(try Grapevine.run("decode", "made-kinds.pcap", "--node", "bbba").lines.isEmpty)
        let recorded = try Grapevine.run(
            "decode", "valkey-8.1.1-kill-master.pcap", "--type", "FAIL", "--json")
        #expect(recorded.lines.count == 8)
    }

    @Test func `errors that a filter hides are counted and still decide the status`() throws {
        let said = try Grapevine.run("decode", "made-middle.pcap", "--type", "FAIL")
        #expect(said.lines.count == 1)
        #expect(said.status == 1)
        #expect(said.errors == "grapevine decode: 2 errors are not shown because of the filter\n")
    }

    @Test func `standard input gives the same as the file`() throws {
        for name in ["made-kinds.pcap", "redis-7.0.15-epoch-collision.pcap"] {
            let run = try Grapevine.Run(["decode", "--json", "-"])
            run.input.fileHandleForWriting.write(Data(try Fixture.bytes("captures/\(name)")))
            let said = try run.finish()
            #expect(said == (try Grapevine.run("decode", "--json", name)))
        }
    }

    @Test func `a message is printed as soon as it has arrived`() throws {
        let capture = try Fixture.bytes("captures/made-kinds.pcap")
        let run = try Grapevine.Run(["decode", "-"])
        run.input.fileHandleForWriting.write(Data(capture.prefix(5000)))
        // Blocks until a line comes, while the input is still open.
        let first = run.output.fileHandleForReading.availableData
        #expect(String(decoding: first, as: UTF8.self).contains(" PING aaaaaaaa master "))
        run.input.fileHandleForWriting.write(Data(capture.dropFirst(5000)))
        let rest = try run.finish()
        let whole = try Grapevine.run("decode", "made-kinds.pcap")
        #expect(String(decoding: first, as: UTF8.self) + rest.output == whole.output)
    }

    @Test func `a reader that goes away is no error`() throws {
        let run = try Grapevine.Run(["decode", "-"])
        try run.output.fileHandleForReading.close()
        run.input.fileHandleForWriting.write(
            Data(try Fixture.bytes("captures/made-kinds.pcap")))
        try run.input.fileHandleForWriting.close()
        run.process.waitUntilExit()
        #expect(run.process.terminationReason == .exit)
        #expect(run.errors.fileHandleForReading.readDataToEndOfFile().isEmpty)
    }
}

@Suite struct WrongCallTests {
    @Test(arguments: [
        ["decode", "missing.pcap"], ["decode", "."], ["decode", "redis-7.0.15-form.json"],
        ["decode", "/dev/null"], ["decode"], ["decode", "a", "b"],
        ["decode", "--colour", "made-kinds.pcap"], ["decode", "made-kinds.pcap", "--type"],
        ["decode", "made-kinds.pcap", "--type", "PINGS"],
        ["decode", "--json=1", "made-kinds.pcap"],
        ["decode", "made-kinds.pcap", "--node", "abc"],
        ["decode", "made-kinds.pcap", "--node", "ABCD"],
        ["bench"], ["bench", "nothing"], ["bench", "codec", "--rounds", "0"], ["unknown"],
    ])
    func `a wrong call is one line on standard error and status 2`(words: [String]) throws {
        let said = try Grapevine.run(words)
        #expect(said.status == 2)
        #expect(said.output == "")
        #expect(said.errors.hasPrefix("grapevine"))
        #expect(said.errors.filter { $0 == "\n" }.count == 1 && said.errors.hasSuffix("\n"))
    }

    @Test func `no words at all show the help as an error`() throws {
        let said = try Grapevine.run()
        #expect(said.status == 2 && said.output == "")
        #expect(said.errors.hasPrefix("Usage: grapevine COMMAND"))
    }

    @Test(arguments: [["--help"], ["help"], ["decode", "--help"], ["bench", "-h"]])
    func `help is shown on request with status 0`(words: [String]) throws {
        let said = try Grapevine.run(words)
        #expect(said.status == 0 && said.errors == "")
        #expect(said.output.hasPrefix("Usage: grapevine"))
        if words.first == "decode" {
            for option in ["--json", "--type T", "--node ID", "--help"] {
                #expect(said.output.contains("  \(option) "))
            }
        }
    }

    @Test func `the bench of the codec tells its figures as JSON`() throws {
        let said = try Grapevine.run("bench", "codec", "--json", "--rounds", "1")
        let object =
            try JSONSerialization.jsonObject(with: Data(said.output.utf8)) as? [String: Any] ?? [:]
        let figures = object["figures"] as? [[String: Any]] ?? []
        #expect(said.status == 0 && figures.count == 4)
        #expect(object["conditions"] is String)
        for figure in figures {
            #expect(Set(figure.keys) == ["name", "unit", "value", "beside"])
            #expect((figure["value"] as? Double ?? 0) > 0)
        }
    }
}
