// The rules of cutting a stream into frames, however it is handed over.

import ClusterWire
import Testing

@Suite struct FrameSplitterTests {
    private let stream = sampleMessages().map { bytes($0) }
    private let roomy = FrameLimit(kept: 1 << 20, passed: 1 << 20)

    /// All pieces of the chunks, and what refused them.
    private func split(
        _ chunks: [[UInt8]], limit: FrameLimit
    ) -> (pieces: [FrameSplitter.Piece], error: WireError?, held: Int) {
        var splitter = FrameSplitter()
        var pieces: [FrameSplitter.Piece] = []
        for chunk in chunks {
            splitter.push(chunk.span)
            do throws(WireError) {
                while let piece = try splitter.next(limit: limit) { pieces.append(piece) }
            } catch {
                return (pieces, error, splitter.heldBytes)
            }
        }
        return (pieces, nil, splitter.heldBytes)
    }

    @Test func `a stream gives the same frames whole, byte by byte and in odd pieces`() {
        let all = stream.flatMap { $0 }
        let expected = stream.map { FrameSplitter.Piece.frame($0) }
        for size in [all.count, 1, 7, 1000, 2256, 4352] {
            let chunks = stride(from: 0, to: all.count, by: size).map {
                Array(all[$0..<min($0 + size, all.count)])
            }
            let result = split(chunks, limit: roomy)
            #expect(result.pieces == expected, "chunks of \(size)")
            #expect(result.error == nil && result.held == 0)
        }
    }

    @Test func `a message with trailing bytes is handed out and the rest held`() {
        let result = split([stream[0] + [0x52, 0x43, 0x6D]], limit: roomy)
        #expect(result.pieces == [.frame(stream[0])])
        #expect(result.held == 3 && result.error == nil)
        let refused = split([stream[0] + Array("garbage!".utf8)], limit: roomy)
        #expect(refused.pieces == [.frame(stream[0])])
        #expect(refused.error == .badSignature(0x6761_7262))
    }

    @Test func `an empty push changes nothing`() {
        #expect(split([[], []], limit: roomy).pieces.isEmpty)
    }

    /// A prefix of 16 bytes with these fields.
    private func prefix(
        _ signature: String = "RCmb", length: UInt32, version: UInt16 = 1, type: UInt16
    ) -> [UInt8] {
        var frame = Array(signature.utf8) + [UInt8](repeating: 0, count: 12)
        frame.set(length, at: 4)
        frame.set(version, at: 8)
        frame.set(type, at: 12)
        return frame
    }

    @Test func `a signature or length that no message has is refused from its first bytes`() {
        let light: UInt16 = 0x8004
        let cases: [([UInt8], WireError)] = [
            (prefix("RCmc", length: 2256, type: 0), .badSignature(0x5243_6D63)),
            (prefix("RAFT", length: 2256, type: 0), .raftNotSpoken),
            (prefix(length: 15, type: light), .lengthBelowMinimum(length: 15, minimum: 16)),
            (prefix(length: 0, type: 0), .lengthBelowMinimum(length: 0, minimum: 16)),
            (prefix(length: 2255, type: 0), .lengthBelowMinimum(length: 2255, minimum: 2256)),
            (prefix(length: 208, version: 2, type: 0), .versionTwoNotSpoken),
            (prefix(length: .max, type: 4), .lengthOverLimit(length: .max, limit: 1 << 20)),
        ]
        for (frame, error) in cases { #expect(split([frame], limit: roomy).error == error) }
        #expect(split([prefix(length: 16, type: light)], limit: roomy).error == nil)
    }

    @Test func `a frame at the limit is kept, one past it is passed by or refused`() {
        let frame = stream[0]
        let at = FrameLimit(kept: frame.count, passed: frame.count)
        #expect(split([frame], limit: at).pieces == [.frame(frame)])
        let passing = FrameLimit(kept: frame.count - 1, passed: frame.count)
        #expect(
            split([frame], limit: passing).pieces
                == [.passed(.ping, length: UInt32(frame.count))])
        let refusing = FrameLimit(kept: frame.count - 1, passed: frame.count - 1)
        #expect(
            split([frame], limit: refusing).error
                == .lengthOverLimit(length: UInt32(frame.count), limit: frame.count - 1))
    }

    @Test(arguments: [1, 13, 1000, 100_000])
    func `a long publication is passed by, unstored, and the next message read`(size: Int) {
        let publication = Publication(channel: [1], message: [UInt8](repeating: 7, count: 50000))
        let long = bytes(.light(LightMessage(.publish(publication))))
        let all = stream[0] + long + stream[3]
        var splitter = FrameSplitter()
        var pieces: [FrameSplitter.Piece] = []
        var held = 0
        for start in stride(from: 0, to: all.count, by: size) {
            let chunk = Array(all[start..<min(start + size, all.count)])
            splitter.push(chunk.span)
            while let piece = try? splitter.next(limit: FrameLimit(kept: 5000, passed: 1 << 30)) {
                pieces.append(piece)
            }
            held = max(held, splitter.heldBytes)
        }
        #expect(
            pieces == [
                .frame(stream[0]), .passed(.publish, length: UInt32(long.count)),
                .frame(stream[3]),
            ])
        #expect(held < 5000)
    }

    @Test func `the limits are those that the links use`() {
        #expect(FrameLimit.heartbeat == 2256 + 65535 * 104 + 65536)
        #expect(FrameLimit.stranger.kept == FrameLimit.stranger.passed)
        #expect(FrameLimit.peer.kept == 64 << 20 && FrameLimit.peer.kept > FrameLimit.heartbeat)
        #expect(FrameLimit.peer.passed == 1 << 30)
    }
}
