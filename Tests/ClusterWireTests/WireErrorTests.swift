// Every way in which bytes can be wrong is reached by some bytes, names its place and has its words.

import ClusterWire
import Testing

@Suite struct WireErrorTests {
    /// Bytes that decoding refuses, and why.
    struct Refused: Sendable, CustomTestStringConvertible {
        var error: WireError
        var frame: [UInt8]
        var offset: Int
        var testDescription: String { error.kind }
    }

    private static func edited(
        _ frame: [UInt8], _ edit: (inout [UInt8]) -> Void
    ) -> [UInt8] {
        var frame = frame
        edit(&frame)
        return frame
    }

    static let refused: [Refused] = headerErrors + bodyErrors + extensionErrors

    private static var headerErrors: [Refused] {
        let vote = bytes(.full(sampleHeader(), .vote))
        return [
            Refused(
                error: .truncated(have: 15, needed: 16), frame: Array(vote.prefix(15)), offset: 0),
            Refused(
                error: .badSignature(0x5843_6D62), frame: edited(vote) { $0[0] = 0x58 }, offset: 0),
            Refused(
                error: .raftNotSpoken,
                frame: edited(vote) { $0.replaceSubrange(0..<4, with: "RAFT".utf8) }, offset: 0),
            Refused(
                error: .frameLength(stated: 2256, given: 2255), frame: Array(vote.prefix(2255)),
                offset: 4),
            Refused(
                error: .frameLength(stated: 2256, given: 2257), frame: vote + [0], offset: 4),
            Refused(
                error: .versionTwoNotSpoken, frame: edited(vote) { $0[9] = 2 }, offset: 8),
            Refused(error: .unknownVersion(0), frame: edited(vote) { $0[9] = 0 }, offset: 8),
            Refused(
                error: .lightNotSupported(type: 6), frame: edited(vote) { $0[12] = 0x80 },
                offset: 12),
            Refused(
                error: .lengthBelowMinimum(length: 2255, minimum: 2256),
                frame: edited(Array(vote.prefix(2255))) { $0.set(UInt32(2255), at: 4) }, offset: 4),
        ]
    }

    private static func longer(_ message: Message, by bytes: Int = 1) -> [UInt8] {
        edited(ClusterWireTests.bytes(message)) {
            $0.append(contentsOf: repeatElement(0, count: bytes))
            $0.set(UInt32($0.count), at: 4)
        }
    }

    private static var bodyErrors: [Refused] {
        var refused = sampleMessages().compactMap { message -> Refused? in
            if case .full(_, .unknown) = message { return nil }
            let length = bytes(message).count
            return Refused(
                error: .lengthMismatch(
                    type: message.type, stated: UInt32(length + 1), expected: UInt64(length)),
                frame: longer(message), offset: 4)
        }
        let publication = Publication(channel: [1], message: [2])
        for (message, lengths) in [
            (Message.full(sampleHeader(), .publish(publication)), 2256),
            (.light(LightMessage(.publishShard(publication))), 16),
        ] {
            // Both lengths wrap around 32 bits to the true sum.
            let frame = bytes(message)
            refused.append(
                Refused(
                    error: .lengthMismatch(
                        type: message.type, stated: UInt32(frame.count),
                        expected: UInt64(frame.count) + (1 << 32)),
                    frame: edited(frame) {
                        $0.set(UInt32.max, at: lengths)
                        $0.set(UInt32(3), at: lengths + 4)
                    }, offset: 4))
        }
        for (type, body) in [(MessageType.publish, 8), (.module, 13)] {
            let light = edited(bytes(sampleMessages().last ?? .full(sampleHeader(), .vote))) {
                $0 = Array($0.prefix(18))
                $0.set(type.rawValue | 0x8000, at: 12)
                $0.set(UInt32(18), at: 4)
            }
            refused.append(
                Refused(
                    error: .lengthMismatch(type: type, stated: 18, expected: UInt64(16 + body)),
                    frame: light, offset: 4))
        }
        let ping = bytes(.full(sampleHeader(), .ping(Heartbeat())))
        refused.append(
            Refused(
                error: .gossipBeyondEnd(count: 1, length: 2256), frame: edited(ping) { $0[15] = 1 },
                offset: 14))
        return refused
    }

    private static var extensionErrors: [Refused] {
        let id = Array(idB.description.utf8)
        let noNUL = [UInt8](repeating: 0x61, count: 8)
        var refused = [
            Refused(
                error: .extensionHeaderBeyondEnd(index: 1, offset: 2272, length: 2272),
                frame: edited(frame(extension: 77, payload: noNUL)) { $0[2215] = 2 }, offset: 2272),
            Refused(
                error: .extensionTooShort(index: 0, offset: 2256, length: 0),
                frame: frame(extension: 77, payload: noNUL, statedLength: 0), offset: 2256),
            Refused(
                error: .extensionMisaligned(index: 0, offset: 2256, length: 12),
                frame: frame(extension: 77, payload: noNUL, statedLength: 12), offset: 2256),
            Refused(
                error: .extensionBeyondEnd(index: 0, offset: 2256, length: 65552, remaining: 16),
                frame: frame(extension: 77, payload: noNUL, statedLength: 65552), offset: 2256),
        ]
        for (type, expected) in [(UInt16(2), 56), (3, 48), (6, 16), (7, 16)] {
            let payload = type == 3 ? id + noNUL : id
            let length = UInt32(8 + payload.count)
            refused.append(
                Refused(
                    error: .extensionLength(
                        type: type, offset: 2256, length: length, expected: expected),
                    frame: frame(extension: type, payload: payload), offset: 2256))
        }
        for type in [UInt16(0), 1, 4, 5, 8] {
            refused.append(
                Refused(
                    error: .textWithoutNUL(type: type, offset: 2256),
                    frame: frame(extension: type, payload: noNUL), offset: 2256))
        }
        return refused
    }

    @Test(arguments: refused)
    func `wrong bytes are refused, each for its own reason and at its place`(case: Refused) {
        #expect(refusal(`case`.frame) == `case`.error)
        #expect(`case`.error.offset == `case`.offset)
    }

    @Test func `every case but the splitter's own is reached here`() {
        // `lengthOverLimit` is the splitter's: its suite reaches it.
        let reached = Set(Self.refused.map(\.error.kind) + ["length over limit"])
        #expect(reached.count == 17)
    }

    @Test func `every reason has its own words, with its values`() {
        let over = WireError.lengthOverLimit(length: 77, limit: 66)
        let all = Self.refused.map(\.error) + [over]
        for error in all {
            #expect(!error.description.isEmpty && !error.description.contains("\n"))
        }
        #expect(over.description.contains("77") && over.description.contains("66"))
        #expect(over.offset == 4)
        let distinct = Set(all.map(\.description))
        #expect(distinct.count == Set(all.map { "\($0)" }).count)
        #expect(Set(all.map(\.kind)).count == 17)
    }

    @Test func `only what makes the stream untrustworthy closes the link`() {
        let closing = Set(Self.refused.map(\.error).filter(\.closesLink).map(\.kind))
        #expect(closing == ["bad signature", "RAFT bus not spoken", "length below minimum"])
        #expect(WireError.lengthOverLimit(length: 1, limit: 0).closesLink)
    }
}
