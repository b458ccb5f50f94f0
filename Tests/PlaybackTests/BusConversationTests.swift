// The rules of reading a capture as messages: order, addresses, and what becomes of all that is no
// message. Streams are fed as events, so that every way of cutting them can be tried.

import Capture
import ClusterWire
import Playback
import SystemIO
import TestSupport
import Testing

private typealias Made = MadeCaptures

@Suite struct BusConversationTests {
    private func event(
        _ kind: TCPEvent.Kind, stream: Int = 0, time: Int64 = 1
    ) -> TCPEvent {
        TCPEvent(
            stream: stream, source: Made.client, destination: Made.server, time: time, kind: kind)
    }

    private func told(
        _ kinds: [TCPEvent.Kind], limits: BusConversationLimits = BusConversationLimits(),
        finish: Bool = true
    ) -> [String] {
        var conversation = BusConversation(limits: limits)
        var items: [BusItem] = []
        for (index, kind) in kinds.enumerated() {
            conversation.take(event(kind, time: Int64(index)), into: &items)
        }
        if finish { conversation.finish(into: &items) }
        return items.map(word)
    }

    private func word(_ item: BusItem) -> String {
        switch item.content {
        case .message(let message): "\(message.type)"
        case .refused(let error): error.kind
        case .lost(let count, let have): "lost \(count.map(String.init) ?? "?") after \(have)"
        case .skipped(let count): "skipped \(count)"
        }
    }

    private func whole(_ frames: [UInt8]...) -> TCPEvent.Kind {
        .payload(frames.flatMap { $0 }[...])
    }

    @Test func `messages come in order with the time that completed them`() {
        var conversation = BusConversation()
        var items: [BusItem] = []
        conversation.take(event(.opened(fromStart: true), time: 1), into: &items)
        conversation.take(event(.payload(Made.vote.prefix(10)), time: 2), into: &items)
        #expect(items.isEmpty)
        conversation.take(
            event(.payload((Made.vote.dropFirst(10) + Made.fail)[...]), time: 3), into: &items)
        conversation.take(event(.payload(Made.light[...]), time: 4), into: &items)
        #expect(items.map(word) == ["FAILOVER_AUTH_ACK", "FAIL", "PUBLISH"])
        #expect(items.map(\.time) == [3, 3, 4])
        #expect(items.map(\.bytes) == [Made.vote, Made.fail, Made.light])
        // A light message does not name its sender; the direction has.
        #expect(items.allSatisfy { $0.speaker == Made.idA })
        #expect(items.allSatisfy { $0.source == Made.client && $0.destination == Made.server })
        #expect(items.map(\.type) == [6, 3, 0x8004])
        #expect(items.map(\.length) == [2256, 2296, 33])
    }

    @Test(arguments: [1, 3, 100, 5000])
    func `how a stream is cut into pieces changes nothing`(size: Int) {
        let stream =
            Array("noise".utf8) + Made.vote + Array("RCmbRCm".utf8) + Made.fail
            + Made.refused.flatMap { $0 } + Made.kinds.flatMap { $0 }
        let pieces = stride(from: 0, to: stream.count, by: size).map {
            TCPEvent.Kind.payload(stream[$0..<min($0 + size, stream.count)])
        }
        #expect(told(pieces) == told([.payload(stream[...])]))
        #expect(told(pieces).count > Made.refused.count)
    }

    @Test func `garbage between messages is counted and the next one found`() {
        #expect(
            told([whole(Made.vote, Array("garbage".utf8), Made.fail)])
                == ["FAILOVER_AUTH_ACK", "skipped 7", "FAIL"])
        #expect(
            told([whole(Made.vote, Array("RCmb".utf8), [0, 0, 0, 9], Made.fail)])
                == ["FAILOVER_AUTH_ACK", "truncated", "FAIL"]
                || told([whole(Made.vote, Array("RCmb".utf8), [0, 0, 0, 9], Made.fail)])
                    == ["FAILOVER_AUTH_ACK", "length below minimum", "skipped 8", "FAIL"]
        )
        #expect(told([whole(Made.vote, [1, 2])]) == ["FAILOVER_AUTH_ACK", "skipped 2"])
    }

    @Test func `a stream that begins inside a message starts at the next one`() {
        #expect(
            told([.opened(fromStart: false), whole(Array(Made.vote.dropFirst(1000)), Made.fail)])
                == ["skipped 1256", "FAIL"])
    }

    @Test func `a false length loses one message, not the next`() {
        for length in [UInt32(2264), 2300, 3000, 2248, 100, 16] {
            let wrong = Made.edited(Made.vote) { $0.set(length, at: 4) }
            let words = told([whole(Made.vote, wrong, Made.fail, Made.light)])
            #expect(words.suffix(2) == ["FAIL", "PUBLISH"], "length \(length): \(words)")
            #expect(words.count >= 4)
        }
    }

    @Test func `a length beyond belief does not hold the stream up`() {
        let limits = BusConversationLimits()
        let nonsense = [UInt32(3), UInt32(limits.message + 1), .max, 1 << 25]
        for length in nonsense {
            let wrong = Made.edited(Made.vote) { $0.set(length, at: 4) }
            let words = told([whole(wrong, Made.fail)], finish: false)
            #expect(
                words.count == 3 && words[1] == "skipped 2256" && words[2] == "FAIL", "\(length)")
        }
    }

    @Test func `a length that is believed and never comes is given up at the end`() {
        let wrong = Made.edited(Made.vote) { $0.set(UInt32(100_000), at: 4) }
        #expect(told([whole(wrong, Made.fail, Made.light)]) == ["truncated", "FAIL", "PUBLISH"])
    }

    @Test func `a long publication is believed when its parts add up`() {
        let long = Made.lightPublish("c", String(repeating: "x", count: 3 << 20))
        #expect(told([whole(long, Made.fail)]) == ["PUBLISH", "FAIL"])
        let wrong = Made.edited(long) { $0.set(UInt32(4 << 20), at: 4) }
        #expect(
            told([whole(wrong, Made.fail)], finish: false)
                == ["length mismatch", "skipped \(wrong.count)", "FAIL"])
    }

    @Test func `what all directions hold is bounded`() {
        var limits = BusConversationLimits()
        limits.held = 5000
        let long = Made.edited(Made.vote) { $0.set(UInt32(1 << 20), at: 4) }
        #expect(
            told([whole(long), whole(long), whole(long), whole(Made.fail)], limits: limits)
                .contains("length over limit"))
    }

    @Test func `a lost segment is named, what it cut is counted, and reading goes on`() {
        let head = Made.vote.prefix(1000)
        #expect(
            told([.payload(head), .gap(1256), whole(Made.fail)])
                == ["lost 1256 after 1000", "skipped 1000", "FAIL"])
        #expect(
            told([.payload(head), .gap(nil), whole(Array(Made.vote.suffix(50)), Made.fail)])
                == ["lost ? after 1000", "skipped 1050", "FAIL"])
        #expect(
            told([whole(Made.vote), .gap(2256), whole(Made.fail)])
                == ["FAILOVER_AUTH_ACK", "lost 2256 after 0", "FAIL"])
    }

    @Test func `a message that the end of its stream cuts is named`() {
        for last in [TCPEvent.Kind.closed(.finished), .closed(.reset)] {
            #expect(
                told([.payload(Made.vote.prefix(1000)), last], finish: false) == ["truncated"])
        }
        #expect(told([.payload(Made.vote.prefix(1000))]) == ["truncated"])
        #expect(told([.payload(Made.vote.prefix(3)), .closed(.finished)]).isEmpty)
    }

    @Test func `the RAFT protocol is named once and passed over`() {
        let raft = Array("RAFT".utf8) + [UInt8](repeating: 1, count: 20)
        #expect(told([whole(raft, raft)]) == ["RAFT bus not spoken", "skipped 48"])
        #expect(told([whole(Made.vote, raft, Made.fail)]).suffix(2) == ["skipped 24", "FAIL"])
    }

    @Test func `streams of other protocols are counted and not reported`() {
        var conversation = BusConversation()
        var items: [BusItem] = []
        let resp = Array("*1\r\n$4\r\nPING\r\n".utf8)
        conversation.take(event(.payload(resp[...]), stream: 1), into: &items)
        conversation.take(event(.payload([0x16, 3, 1, 0]), stream: 2), into: &items)
        conversation.take(event(.payload(resp[...]), stream: 1), into: &items)
        conversation.take(event(.gap(5), stream: 1), into: &items)
        conversation.take(event(.closed(.finished), stream: 1), into: &items)
        conversation.take(event(.opened(fromStart: true), stream: 3), into: &items)
        conversation.finish(into: &items)
        #expect(items.isEmpty)
        #expect(conversation.tally.otherStreams == 2)
        #expect(conversation.tally.otherBytes == 2 * resp.count + 4)
        #expect(conversation.tally.encryptedStreams == 1)
    }

    @Test func `random damage never traps and the last message is found`() {
        var random = Seeds.generator("damaged streams")
        let clean = Made.kinds.flatMap { $0 }
        for _ in 0..<60 {
            var stream = clean
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let place = Int.random(in: 0..<stream.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: stream[place] = UInt8.random(in: 0...255, using: &random)
                case 1: stream.removeSubrange(place..<min(place + 9, stream.count))
                default: stream.insert(contentsOf: [1, 2, 3], at: place)
                }
            }
            let words = told([.payload(stream[...]), whole(Made.vote, Made.fail, Made.light)])
            #expect(words.last == "PUBLISH")
        }
    }
}

@Suite struct MadeCaptureTests {
    @Test(arguments: Made.all.map(\.name))
    func `a made capture is what the helper makes`(name: String) throws {
        let made = try #require(Made.all.first { $0.name == name }).bytes
        let path = Fixture.path("captures/\(name)")
        if Fixture.isUpdating { try File.write(made, to: path) }
        #expect(try File.read(path) == made)
    }
}

@Suite struct RecordedCaptureTests {
    /// Recordings of the fixtures, and those in the folder of GRAPEVINE_CAPTURES.
    private static let paths: [String] = {
        let own = ((try? Fixture.names(in: "captures", ending: ".pcap")) ?? [])
            .filter { !$0.hasPrefix("made") }.map { Fixture.path("captures/\($0)") }
        guard let folder = Environment.value("GRAPEVINE_CAPTURES") else { return own }
        let more = ((try? Folder.list(folder)) ?? []).filter { $0.hasSuffix(".pcap") }
        return own + more.map { "\(folder)/\($0)" }
    }()

    @Test func `there are recordings of several servers`() {
        #expect(Self.paths.count >= 6)
    }

    @Test(arguments: paths)
    func `a recording decodes to its end and every message is written back the same`(
        path: String
    ) throws {
        var stream = CaptureStream()
        var conversation = BusConversation()
        var events: [TCPEvent] = []
        var items: [BusItem] = []
        try stream.feed(try File.read(path), into: &events)
        try stream.finish(into: &events)
        for event in events { conversation.take(event, into: &items) }
        conversation.finish(into: &items)
        #expect(items.count > 40)
        #expect(conversation.tally == BusConversation.Tally())
        for item in items {
            guard case .message(let message) = item.content else {
                Issue.record("\(path): \(item.problem ?? "")")
                continue
            }
            if message.encode() != item.bytes { Issue.record("\(path): \(message.line)") }
        }
    }
}
