// Frames that reference servers sent: their text, their bytes when written back, and what becomes of
// them when they are cut or changed. Random bytes too: the decoder may refuse, it must never trap.

import ClusterWire
import TestSupport
import Testing

@Suite struct FixtureFrameTests {
    @Test func `there are frames of both dialects`() {
        #expect(FrameFiles.names.count >= 25)
    }

    @Test(arguments: FrameFiles.names)
    func `a frame of a reference server reads as expected and is written back`(
        name: String
    ) throws {
        let frame = try FrameFiles.read(name)
        let message = try Message.decode(frame)
        #expect(message.encode() == frame)
        Fixture.expectGolden(message.line + "\n", "frames/\(name).txt")
    }

    @Test(arguments: FrameFiles.names)
    func `a frame cut at any length is refused`(name: String) throws {
        let frame = try FrameFiles.read(name)
        for length in 0..<frame.count {
            var cut = Array(frame.prefix(length))
            #expect(refusal(cut) != nil)
            // The same with a length that matches what is left.
            guard length >= 8 else { continue }
            cut.set(UInt32(length), at: 4)
            if (try? Message.decode(cut)) != nil {
                Issue.record("\(name) cut to \(length) decodes")
                return
            }
        }
    }

    @Test(arguments: FrameFiles.names)
    func `a frame with one bit flipped is refused or written back the same`(
        name: String
    ) throws {
        var frame = try FrameFiles.read(name)
        for offset in frame.indices {
            for bit in 0..<8 {
                frame[offset] ^= 1 << UInt8(bit)
                if let message = try? Message.decode(frame) {
                    if message.encode() != frame {
                        Issue.record("\(name): byte \(offset) bit \(bit)")
                        return
                    }
                    if offset % 97 == 0 { #expect(!message.line.contains("\n")) }
                }
                frame[offset] ^= 1 << UInt8(bit)
            }
        }
    }

    @Test func `random changes never trap and what decodes is written back the same`() throws {
        var random = Seeds.generator("random frames")
        let frames = try FrameFiles.names.map { try FrameFiles.read($0) }
        for _ in 0..<4000 {
            guard var frame = frames.randomElement(using: &random) else { return }
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let special =
                    [4, 12, 14, 2214, 2253, 2256, 2260].randomElement(using: &random) ?? 0
                let anywhere = Int.random(in: 0..<frame.count, using: &random)
                let offset =
                    Bool.random(using: &random) && special < frame.count
                    ? special : anywhere
                frame[offset] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { frame.set(UInt32(frame.count), at: 4) }
            if let message = try? Message.decode(frame) {
                #expect(message.encode() == frame)
                #expect(!message.line.isEmpty)
            }
        }
    }

    @Test func `random bytes never trap the splitter`() {
        var random = Seeds.generator("random streams")
        for _ in 0..<2000 {
            var chunk = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            chunk = Array("RCmb".utf8) + [0, 0, UInt8.random(in: 0...9, using: &random)] + chunk
            var splitter = FrameSplitter()
            splitter.push(chunk.span)
            while case .frame(let frame)? = try? splitter.next(limit: .stranger) {
                _ = try? Message.decode(frame)
            }
            #expect(splitter.heldBytes <= chunk.count)
        }
    }
}
