// `node --record` and `node --pcap`, and `replay` of both: what was recorded is what the rules do again,
// a change of one line is found, and the capture holds the cluster.

import ClusterClient
import Interop
import SystemIO
import TestSupport
import Testing

@Suite struct RecordingTests {
    /// Two nodes that met, took slots and were stopped; the folder with what they wrote.
    private func record() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let base = try LoopbackPorts.base(count: 2)
        let program = ServerProgram.ours(try Grapevine.program())
        let nodes = try (0..<2).map { index in
            let own = "\(folder.path)/\(index)"
            try Folder.make(own)
            return try ServerProcess(
                program, port: base + index, folder: own,
                directives: [
                    "--record", "\(folder.path)/inputs-\(index)", "--pcap",
                    "\(folder.path)/bus-\(index).pcap", "--cluster-node-timeout", "2000",
                ])
        }
        for node in nodes { try node.waitUntilReady() }
        try nodes[0].command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        try nodes[0].command("CLUSTER", "MEET", "127.0.0.1", String(base + 1))
        let id = try nodes[0].text("CLUSTER", "MYID")
        eventually("both know each other") {
            let counts = try nodes.map {
                try $0.nodes().filter { !$0.flags.contains("handshake") }.count
            }
            return counts == [2, 2] ? nil : "they know \(counts) nodes"
        }
        try nodes[1].command("CLUSTER", "REPLICATE", id)
        eventually("the master knows its replica") {
            try nodes[0].nodes().contains { $0.flags.contains("slave") } ? nil : "no replica"
        }
        for node in nodes { _ = node.stop() }
        return folder
    }

    @Test func `a recording is played again, and a changed effect is found`() throws {
        let folder = try record()
        for index in 0..<2 {
            let said = try Grapevine.run("replay", "\(folder.path)/inputs-\(index)")
            #expect(said.status == 0, "\(said.output)")
            #expect(said.output.hasSuffix("all as recorded\n"))
        }
        let text = try File.readText("\(folder.path)/inputs-0")
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let place = try #require(lines.firstIndex { $0.hasPrefix("out send") })
        lines[place] += "!"
        let changed = "\(folder.path)/changed"
        try File.write(Array(lines.joined(separator: "\n").utf8), to: changed)
        let said = try Grapevine.run("replay", changed)
        #expect(said.status == 1)
        #expect(said.lines.contains { $0.hasPrefix("  recorded  ") && $0.hasSuffix("!") })
        lines.remove(at: place)
        try File.write(Array(lines.joined(separator: "\n").utf8), to: changed)
        #expect(try Grapevine.run("replay", changed).status == 1)
        lines[place - 1] = "in 1 2 nonsense"
        try File.write(Array(lines.joined(separator: "\n").utf8), to: changed)
        let broken = try Grapevine.run("replay", changed)
        #expect(broken.status == 2 && broken.errors.contains("line \(place)"))
    }

    @Test func `the capture that a node writes holds its cluster`() throws {
        let folder = try record()
        for index in 0..<2 {
            let said = try Grapevine.run("replay", "\(folder.path)/bus-\(index).pcap")
            #expect(said.status == 0 && said.errors.isEmpty)
            #expect(said.lines.contains { $0.hasSuffix(" 0-16383") })
            #expect(said.lines.contains { $0.contains("  replica  ") })
        }
    }
}
