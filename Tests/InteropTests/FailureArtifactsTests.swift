// What a failed play leaves: logs with their names, the traffic on the bus, and its story. The server
// here is our own node under another name, so that no other is needed.

import Interop
import Playback
import SystemIO
import TestSupport
import Testing

@Suite struct FailureArtifactsTests {
    /// Our node as a server that says it is Redis.
    private func standIn(_ folder: String) throws -> String {
        let path = "\(folder)/stand-in"
        let script = """
            #!/bin/sh
            [ "$1" = --version ] && echo "Redis server v=7.0.15" && exit
            exec \(try Harness.built("grapevine")) node "$@"

            """
        try File.write(Array(script.utf8), to: path)
        try File.setMode(path, 0o755)
        return path
    }

    /// A play whose time is over before its end; with a `PATH` that has no tcpdump, or any.
    @Test(arguments: [true, false])
    func `a failed play leaves its logs, its traffic and the story of it`(
        _ hasPath: Bool
    ) throws {
        let folder = try TemporaryFolder(prefix: "evidence")
        let plays = folder.path(of: "plays")
        let run = try Harness(
            "--peer", try standIn(folder.path), "--scenario", "mixed-3+3", "--limit", "3",
            "--json", "--dir", plays, path: hasPath ? nil : "/nowhere")
        let said = try run.finish()
        #expect(said.status == 1)
        let place = "\(plays)/mixed-3+3-redis-7.0.15"
        #expect(said.output.contains(#""folder":"\#(place)""#), "\(said)")
        #expect(said.output.contains(#""captures":["\#(place)/0/bus.pcap"]"#), "\(said)")
        for port in try Folder.list("\(place)/0") where Int(port) != nil {
            let log = "\(place)/0/\(port)/server.log"
            #expect(said.errors.contains(" at \(port): \(log)"))
            #expect(try File.readText(log).contains("Ready to accept connections"))
        }
        if !hasPath {
            #expect(said.errors.contains("recorded by our nodes (tcpdump is not installed)"))
        }
        // Whatever else is told: who met whom, and that the links stand.
        let story = try File.readText("\(place)/0/story.txt")
        #expect(story.contains("Nothing failed: 6 nodes exchanged"), "\(story)")
        #expect(story.contains(" met ") && said.errors.contains("Nothing failed: 6 nodes"))
        #expect(!story.contains("process has ended"), "\(story)")
        #expect(Harness.processes(mentioning: folder.path).isEmpty)
    }

    @Test func `a play that passes leaves nothing`() throws {
        let folder = try TemporaryFolder(prefix: "evidence")
        let plays = folder.path(of: "plays")
        let run = try Harness(
            "--peer", try standIn(folder.path), "--scenario", "join-ours-meets", "--dir", plays)
        let said = try run.finish()
        #expect(said.status == 0, "\(said)")
        #expect(try Folder.list(plays).isEmpty)
        #expect(Harness.processes(mentioning: folder.path).isEmpty)
    }

    @Test func `recording without tcpdump says so`() throws {
        let folder = try TemporaryFolder(prefix: "record")
        let run = try Harness(
            "--peer", try standIn(folder.path), "--record", folder.path(of: "out"),
            path: "/nowhere")
        let said = try run.finish()
        #expect(said.status == 2)
        #expect(said.errors.contains("recording takes tcpdump: tcpdump is not installed"))
    }

    static let canRecord = if case .tcpdump = CaptureMeans.find() { true } else { false }

    @Test(.enabled(if: canRecord, "tcpdump is not installed or not allowed"))
    func `a recording is a capture with what was true beside it`() throws {
        let folder = try TemporaryFolder(prefix: "record")
        let out = folder.path(of: "out")
        let run = try Harness(
            "--peer", try standIn(folder.path), "--record", out, "--scenario", "epoch-collision")
        let said = try run.finish()
        #expect(said.status == 0, "\(said)")
        for name in ["redis-7.0.15-epoch-collision", "grapevine-epoch-collision"] {
            let summary = try TrafficSummary(of: File.read("\(out)/\(name).pcap"))
            #expect(summary["MEET"].count == 2 && summary["PING"].count > 10)
            #expect(summary.problems == 0)
            let truth = try File.readText("\(out)/\(name).json")
            for text in [
                "\"scenario\": \"epoch-collision\"", "\"node_timeout_ms\": 2000",
                "\"what\": \"capture started\"", "\"what\": \"epochs distinct everywhere\"",
                "\"args\": [\"CLUSTER\", \"BUMPEPOCH\"]", "\"alive\": true",
                "\"types\": {\"MEET\": 2, \"PING\": \(summary["PING"].count)",
            ] { #expect(truth.contains(text), "\(text)") }
        }
        #expect(Harness.processes(mentioning: folder.path).isEmpty)
    }

    @Test func `without a server it says how to name one`() throws {
        let said = try Harness(path: "/nowhere").finish()
        #expect(said.status == 2)
        #expect(said.errors.contains("no server was found: install redis-server, or name one by"))
    }
}
