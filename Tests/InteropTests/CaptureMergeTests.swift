// Captures of several nodes become one in which every connection is there once.

import Capture
import ClusterClient
import Interop
import Testing

@Suite struct CaptureMergeTests {
    private static let first = CaptureAddress(ipv4: 0x7F00_0001, port: 40_000)
    private static let second = CaptureAddress(ipv4: 0x7F00_0001, port: 17_001)
    private static let third = CaptureAddress(ipv4: 0x7F00_0001, port: 17_002)
    private static let start: Int64 = 1_700_000_000_000_000_000

    /// A file of one connection: what its client says, each two milliseconds after the one before.
    private static func file(
        _ words: [String], to server: CaptureAddress, at milliseconds: Int64, closes: Bool = false
    ) -> [UInt8] {
        let writer = PcapWriter()
        var connection = PcapConnection(client: first, server: server, writer: writer)
        var bytes = writer.header + connection.open(at: start + milliseconds * 1_000_000)
        var time = milliseconds
        for word in words {
            time += 2
            bytes += connection.send(
                ArraySlice(word.utf8), from: .client, at: start + time * 1_000_000)
        }
        if closes { bytes += connection.close(from: .server, at: start + time * 1_000_000) }
        return bytes
    }

    /// The payloads of a capture with their ports, in its order.
    private static func words(_ file: [UInt8]) throws -> [String] {
        var reader = CaptureReader()
        reader.feed(file)
        var words: [String] = []
        while let packet = try reader.next() {
            guard case .tcp(let segment) = try IPPacket.content(of: packet) else { continue }
            let text = String(decoding: segment.payload, as: UTF8.self)
            if !text.isEmpty { words.append("\(text)>\(segment.destination.port)") }
            if segment.flags.contains(.fin) { words.append("end") }
        }
        try reader.finish()
        return words
    }

    @Test func `packets of several files are in order of time`() throws {
        let merged = try CaptureMerge.merge([
            Self.file(["a", "c"], to: Self.second, at: 0),
            Self.file(["b", "d"], to: Self.third, at: 1),
        ])
        #expect(try Self.words(merged) == ["a>17001", "b>17002", "c>17001", "d>17002"])
    }

    @Test func `a connection that both ends recorded is there once, as who saw more has it`()
        throws
    {
        // The first was killed before it wrote the end.
        let killed = Self.file(["a", "b"], to: Self.second, at: 0)
        let survivor = Self.file(["a", "b"], to: Self.second, at: 0, closes: true)
        #expect(
            try Self.words(CaptureMerge.merge([killed, survivor]))
                == ["a>17001", "b>17001", "end", "end"])
        #expect(
            try CaptureMerge.merge([killed, survivor])
                == CaptureMerge.merge([survivor, killed]))
    }

    @Test func `what comes after the end is left out`() throws {
        let file = Self.file(["a", "b", "c"], to: Self.second, at: 0)
        let merged = try CaptureMerge.merge([file], until: Self.start + 4_000_000)
        #expect(try Self.words(merged) == ["a>17001", "b>17001"])
    }

    @Test func `a file that was cut inside a packet is taken up to there`() throws {
        let file = Self.file(["a", "bbbb"], to: Self.second, at: 0)
        #expect(try Self.words(CaptureMerge.merge([Array(file.dropLast(2))])) == ["a>17001"])
        #expect(throws: CaptureError.self) { try CaptureMerge.merge([Array("no pcap".utf8)]) }
    }
}
