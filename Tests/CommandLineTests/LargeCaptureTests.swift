// Captures that name thousands of nodes: a pipe is told of as quickly as a file, and a replay of all of
// them ends in time.

import Capture
import ClusterCore
import ClusterWire
import Determinism
import Foundation
import SystemIO
import TestSupport
import Testing

@Suite(.serialized) struct LargeCaptureTests {
    /// So many nodes, each on a connection of its own with one PING, all to one listener.
    private func capture(nodes: Int) -> [UInt8] {
        let writer = PcapWriter()
        let there = CaptureAddress(ipv4: 0x0A00_0001, port: 17000)
        var random = SplitMix64(seed: 1)
        var time: Int64 = 1_795_000_000_000_000_000
        var bytes = writer.header
        for number in 0..<nodes {
            let here = CaptureAddress(
                ipv4: 0x0B00_0000 + UInt32(number / 30_000), port: UInt16(1024 + number % 30_000))
            var connection = PcapConnection(client: here, server: there, writer: writer)
            let header = Header(
                sender: NodeID(using: &random), currentEpoch: 1, configEpoch: 1,
                port: Port(UInt16(1000 + number % 50_000)),
                busPort: Port(UInt16(11_000 + number % 50_000)), flags: [.master])
            let frame = Message.full(header, .ping(Heartbeat())).encode() ?? []
            time += 1_000_000
            bytes +=
                connection.open(at: time) + connection.send(frame[...], from: .client, at: time)
        }
        return bytes
    }

    private func seconds(_ body: () throws -> Said) rethrows -> (Said, Double) {
        let start = SystemClock.monotonicNanoseconds()
        let said = try body()
        return (said, Double(SystemClock.monotonicNanoseconds() - start) / 1e9)
    }

    @Test func `a capture of new ids is told from a pipe as quickly as from a file`() throws {
        let folder = try TemporaryFolder()
        let file = folder.path(of: "ids.pcap")
        try File.write(capture(nodes: 4000), to: file)
        let (whole, fromFile) = try seconds { try Grapevine.run("explain", file) }
        let (live, fromPipe) = try seconds {
            let run = try Grapevine.Run(["explain", "-"])
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            try run.input.fileHandleForWriting.write(contentsOf: bytes)
            return try run.finish()
        }
        #expect(whole.status == 0 && live.status == 0)
        // The story of a pipe was quadratic: sixty times as long.
        #expect(fromPipe < 3 * fromFile + 1, "\(fromPipe) s beside \(fromFile) s")
    }

    @Test(.timeLimit(.minutes(2)))
    func `a replay of all of thousands of nodes ends and says how far it came`() throws {
        let folder = try TemporaryFolder()
        let file = folder.path(of: "ids.pcap")
        try File.write(capture(nodes: 4000), to: file)
        let said = try Grapevine.run("replay", file, "--as", "all", "--effort", "10")
        #expect(said.status == 1 && said.lines.count > 10)
        #expect(said.errors.contains(" of 4000 nodes, those that said most"), "\(said.errors)")
    }

    /// Seconds for each command, in a build that is not optimized; it took minutes, or would have.
    private static let bound = 20.0

    static let hostile: [(name: String, make: @Sendable () -> HostileCapture)] = [
        ("vote requests", { .voteRequests(3000) }), ("FAILs", { .fails(3000) }),
        ("slot moves", { .slotMoves(3000) }), ("one takes from all", { .greedy(1000) }),
        ("all claim all", { .manyOwners(1500) }), ("promotions", { .promotions(2000) }),
        ("failing gossip", { .failingGossip(20_000) }), ("flapping slots", { .flapping(4000) }),
    ]

    @Test(arguments: hostile.indices)
    func `what thousands of nodes say of all others is told in time`(_ index: Int) throws {
        let (name, make) = Self.hostile[index]
        let folder = try TemporaryFolder()
        let file = folder.path(of: "hostile.pcap")
        try File.write(make().bytes, to: file)
        for words in [["explain", file], ["replay", file]] {
            let (said, took) = try seconds { try Grapevine.run(words) }
            #expect(said.status == 0 || said.status == 1, "\(name): \(said.errors)")
            #expect(took < Self.bound, "\(name): \(words) took \(took) s")
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `the commands that a node's words imply are counted as work of a replay`() throws {
        let folder = try TemporaryFolder()
        let file = folder.path(of: "flapping.pcap")
        try File.write(HostileCapture.flapping(1000).bytes, to: file)
        let said = try Grapevine.run("replay", file, "--as", "all", "--effort", "1")
        #expect(said.status == 1)
        #expect(said.errors.contains("stopped after "), "\(said.errors)")
    }
}
