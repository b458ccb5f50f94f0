// What peers and servers say cannot give orders to a terminal, end a line or forge one: every command
// that shows their words is given names that try to.

import Capture
import ClusterWire
import Foundation
import RESP
import SystemIO
import TestSupport
import Testing
import Text

@Suite struct PrintableOutputTests {
    /// ESC, a line end, U+0085 and U+202E.
    private static let hostile = "x\u{1B}[2J\ny\u{85}\u{202E}"

    /// Whether a terminal would only show it; the line ends are those of the output.
    private func isHarmless(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0 == "\n" || PrintableText.isPrintable($0) }
    }

    /// Two nodes whose addresses and names are hostile, and one that moves to such an address.
    private func capture() -> [UInt8] {
        let writer = PcapWriter()
        let here = CaptureAddress(ipv4: 0x7F00_0001, port: 40001)
        let there = CaptureAddress(ipv4: 0x7F00_0001, port: 17000)
        var connection = PcapConnection(client: here, server: there, writer: writer)
        var time: Int64 = 1_795_000_000_000_000_000
        var bytes = writer.header + connection.open(at: time)
        let ids = ["a", "b"].compactMap { NodeID(String(repeating: $0, count: 40)) }
        let names = ["127.0.0.1", Self.hostile, "2\(Self.hostile)", Self.hostile]
        for (index, ip) in names.enumerated() {
            for side in [PcapConnection.Side.client, .server] {
                let isClient = side == .client
                let entry = GossipEntry(
                    node: ids[isClient ? 1 : 0], pingSent: 0, pongReceived: 0,
                    address: NodeAddress(ip: IPText(ip) ?? IPText(), port: 7000, busPort: 17000),
                    flags: [.master])
                let beat = Heartbeat(
                    gossip: GossipSection([entry]),
                    extensions: [.hostname(Self.hostile), .nodeName("\(index)\(Self.hostile)")])
                let header = Header(
                    sender: ids[isClient ? 0 : 1], currentEpoch: 1,
                    configEpoch: Epoch(isClient ? 1 : 2), slots: SlotSet(),
                    ip: IPText(ip) ?? IPText(), port: isClient ? 7001 : 7000,
                    busPort: isClient ? 17001 : 17000, flags: [.master],
                    messageFlags: .extensions)
                let message = Message.full(header, isClient ? .ping(beat) : .pong(beat))
                time += 1_000_000
                bytes += connection.send((message.encode() ?? [])[...], from: side, at: time)
            }
        }
        return bytes
    }

    @Test(arguments: ["decode", "explain", "replay"], [[], ["--json"]])
    func `a capture's names are escaped`(command: String, options: [String]) throws {
        let folder = try TemporaryFolder()
        let file = folder.path(of: "hostile.pcap")
        try File.write(capture(), to: file)
        let said = try Grapevine.run([command, file] + options)
        #expect(said.status == 0, "\(said.errors)")
        #expect(isHarmless(said.output), "\(said.output)")
        #expect(said.output.contains(options.isEmpty ? "x1b" : "u001b"), "\(said.output)")
        if !options.isEmpty {
            for line in command == "explain" ? [Substring(said.output)] : said.lines {
                #expect(throws: Never.self) {
                    try JSONSerialization.jsonObject(with: Data(line.utf8))
                }
            }
        }
    }

    @Test func `a page of a story has no such names either`() throws {
        let folder = try TemporaryFolder()
        let file = folder.path(of: "hostile.pcap")
        try File.write(capture(), to: file)
        let page = folder.path(of: "page.html")
        #expect(try Grapevine.run("explain", file, "--html", page).status == 0)
        let text = try File.readText(page)
        #expect(isHarmless(text) && text.contains("x1b"))
    }

    /// A server whose every word is hostile, with one node that says nothing of the kind.
    private func server() throws -> ScriptedServer {
        let id = String(repeating: "\u{1B}", count: 40)
        let other = String(repeating: "c", count: 40)
        return try ScriptedServer { words in
            var bytes: [UInt8] = []
            switch words.prefix(2).joined(separator: " ") {
            case "CLUSTER NODES":
                RESPWriter.bulk(
                    "\(id) x\u{1B}[2J\u{85}\u{202E}:7000@17000,h\u{1B} master,\u{1B}[31m - 0 0 1 "
                        + "connected 0-16383\n\(other) 127.0.0.1:1@10001 myself,slave "
                        + "\(id) 0 0 1 connected\n", to: &bytes)
            case "VERBATIM": bytes = Array("=10\r\ntxt:a\n\u{1B}[2\r\n".utf8)
            default: RESPWriter.error("NOAUTH x\u{1B}[2J\u{85}\u{202E}", to: &bytes)
            }
            return bytes
        }
    }

    @Test(arguments: [[], ["--json"]])
    func `the table of a hostile cluster is escaped`(options: [String]) throws {
        let said = try Grapevine.run(
            ["status", "127.0.0.1:\(try server().port)", "--timeout", "200"] + options)
        #expect(said.status == 1, "\(said)")
        #expect(isHarmless(said.output), "\(said.output)")
        #expect(said.output.contains(options.isEmpty ? "\\x1b[2J" : "\\u001b[2J"))
    }

    @Test(arguments: [[], ["--json"]])
    func `what a server refuses with is escaped`(options: [String]) throws {
        let said = try Grapevine.run(
            ["admin", "127.0.0.1:\(try server().port)", "GET", "k"] + options)
        #expect(said.status == 2 && isHarmless(said.errors), "\(said)")
        #expect(said.errors.contains("NOAUTH x\\x1b[2J\\u0085\\u202e"))
    }

    @Test func `a directive's text is escaped where it is refused`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path(of: "node.conf")
        try File.write(Array("x\u{1B}[2J\u{85}\u{202E}".utf8) + [0xFF, 0x0A], to: path)
        let said = try Grapevine.run("node", path)
        #expect(said.status == 2)
        #expect(
            said.errors
                == "grapevine node: \(path):1: unknown directive 'x\\x1b[2J\\u0085\\u202e\\xff'\n")
    }
}
