// Reassembly stays bounded: connections, bytes waiting in one direction and in all, and what a
// stranger can make of the numbers in a header. Random tests print the seed that repeats them.

import Capture
import Testing

@Suite struct TCPLimitsTests {
    func ends(_ index: Int) -> (CaptureAddress, CaptureAddress) {
        (CaptureAddress(ipv4: 0x0A00_0000 + UInt32(index), port: 5), Ends.server)
    }

    @Test func `one connection over the limit evicts the one idle the longest`() {
        var limits = TCPLimits()
        limits.connections = 3
        var reassembly = TCPReassembly(limits: limits)
        var events: [TCPEvent] = []
        for index in 0..<3 {
            reassembly.feed(segment("a", sequence: 0, ends: ends(index)), into: &events)
        }
        reassembly.feed(segment("c", sequence: 2, ends: ends(1)), into: &events)
        reassembly.feed(segment("b", sequence: 1, ends: ends(0)), into: &events)
        events = []
        reassembly.feed(segment("z", sequence: 7, ends: ends(9)), into: &events)
        reassembly.feed(segment("y", sequence: 7, ends: ends(8)), into: &events)
        reassembly.feed(segment("c", sequence: 2, ends: ends(0)), into: &events)
        #expect(
            events.map(word) == [
                ">evicted", ">join", ">'z'", ">gap(1)", ">'c'", ">evicted", ">join", ">'y'",
                ">'c'",
            ])
        let sources = [2, 9, 9, 1, 1, 1, 8, 8, 0].map { ends($0).0 }
        #expect(events.map(\.source) == sources)
    }

    @Test func `a limit of one connection holds`() {
        var limits = TCPLimits()
        limits.connections = 1
        let words = told(
            [
                segment("a", sequence: 0, ends: ends(0)), segment("b", sequence: 0, ends: ends(1)),
                segment("c", sequence: 1, ends: ends(1)), segment("d", sequence: 1, ends: ends(0)),
            ], limits: limits)
        #expect(
            words == [
                ">join", ">'a'", ">evicted", ">join", ">'b'", ">'c'", ">evicted", ">join", ">'d'",
            ])
    }

    @Test func `more connections than the limit are all told`() {
        let limit = TCPLimits().connections
        var reassembly = TCPReassembly()
        var events: [TCPEvent] = []
        for index in 0..<(limit + 100) {
            reassembly.feed(segment("a", sequence: 0, ends: ends(index)), into: &events)
        }
        #expect(events.count { if case .payload = $0.kind { true } else { false } } == limit + 100)
        let evicted = events.filter { $0.kind == .closed(.evicted) }
        #expect(evicted.map(\.source) == (0..<100).map { ends($0).0 })
    }

    @Test func `bytes waiting in one direction are given up at the limit`() {
        var limits = TCPLimits()
        // Each segment counts its byte and an overhead of 256.
        limits.pendingBytesPerDirection = 3 * 257
        let segments = [0, 2, 4, 6, 8].map { segment("x", sequence: UInt32($0)) }
        #expect(told(Array(segments.prefix(4)), finish: false, limits: limits).count == 2)
        #expect(
            told(segments, finish: false, limits: limits) == [">join", ">'x'", ">gap(1)", ">'x'"])
    }

    @Test func `bytes waiting in all directions are given up at the limit`() {
        var limits = TCPLimits()
        limits.pendingBytes = 2 * 257
        var segments: [TCPSegment] = []
        for index in 0..<3 {
            segments.append(segment("x", sequence: 0, ends: ends(index)))
            segments.append(segment("y", sequence: 4, ends: ends(index)))
        }
        let words = told(segments, finish: false, limits: limits)
        #expect(
            words == [">join", ">'x'", ">join", ">'x'", ">join", ">'x'", ">gap(3)", ">'y'"])
    }

    @Test func `many small holes are all told, in order`() {
        let segments =
            [segment("a", sequence: 0)]
            + (1..<3000).map {
                segment("x", sequence: UInt32($0) * 3)
            }
        let words = told(segments)
        #expect(words.count == 2 + 2 * 2999)
        #expect(Set(words.dropFirst(2)) == [">gap(2)", ">'x'"])
        let filled = segments + (0..<2999).map { segment("yy", sequence: UInt32($0) * 3 + 1) }
        let text = told(filled).dropFirst().joined()
        #expect(text == ">'a'" + String(repeating: ">'yy'>'x'", count: 2999))
    }

    @Test(arguments: 0..<8)
    func `any order of the segments within a window gives the same bytes`(run: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let text = (0..<400).map { _ in UInt8.random(in: 97...122, using: &random) }
        let start = UInt32.random(in: 0...UInt32.max, using: &random)
        var segments = [segment(sequence: start &- 1, flags: .syn)]
        var place = 0
        while place < text.count {
            let end = min(text.count, place + Int.random(in: 1...9, using: &random))
            let from = max(0, place - Int.random(in: 0...3, using: &random))
            segments.append(
                segment(
                    String(decoding: text[from..<end], as: UTF8.self),
                    sequence: start &+ UInt32(from)))
            place = end
        }
        for index in segments.indices.dropFirst(2) {
            segments.swapAt(index, Int.random(in: max(1, index - 8)...index, using: &random))
        }
        var reassembly = TCPReassembly()
        var events: [TCPEvent] = []
        for segment in segments { reassembly.feed(segment, into: &events) }
        let expected = [">open", ">'" + String(decoding: text, as: UTF8.self) + "'"]
        #expect(joined(events) == expected, "seed \(seed)")
    }

    @Test(arguments: 0..<4)
    func `segments with random numbers and flags never trap, and keep to their numbers`(run: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        var limits = TCPLimits()
        limits.connections = 4
        limits.pendingBytesPerDirection = 2000
        limits.pendingBytes = 4000
        var reassembly = TCPReassembly(limits: limits)
        var open: Set<Int> = []
        var seen: Set<Int> = []
        for _ in 0..<20_000 {
            var events: [TCPEvent] = []
            reassembly.feed(randomSegment(&random), into: &events)
            for event in events {
                switch event.kind {
                case .opened:
                    #expect(seen.insert(event.stream).inserted, "seed \(seed)")
                    open.insert(event.stream)
                case .payload(let bytes):
                    #expect(open.contains(event.stream) && !bytes.isEmpty, "seed \(seed)")
                case .gap(let count):
                    #expect(open.contains(event.stream) && count != 0, "seed \(seed)")
                case .closed:
                    #expect(open.remove(event.stream) != nil, "seed \(seed)")
                }
            }
            #expect(open.count <= 2 * limits.connections, "seed \(seed)")
        }
        var events: [TCPEvent] = []
        reassembly.finish(into: &events)
        reassembly.finish(into: &events)
    }

    private func randomSegment(_ random: inout SeededGenerator) -> TCPSegment {
        let extremes: [UInt32] = [0, 1, .max, 0x7FFF_FFFF, 0x8000_0000]
        let near = UInt32.random(in: 0...40, using: &random)
        let number =
            Int.random(in: 0..<8, using: &random) == 0
            ? (extremes.randomElement(using: &random) ?? 0) : near
        var result = segment(
            String(repeating: "x", count: Int.random(in: 0...12, using: &random)),
            sequence: number, acknowledgment: UInt32.random(in: 0...60, using: &random),
            fromServer: Bool.random(using: &random),
            at: Int64.random(in: 0...2000, using: &random),
            missing: Int.random(in: -9...3, using: &random).magnitude < 3 ? 2 : 0,
            ends: ends(Int.random(in: 0..<6, using: &random)))
        let rare = UInt8.random(in: 0...255, using: &random)
        result.flags = Int.random(in: 0..<6, using: &random) == 0 ? TCPFlags(rawValue: rare) : .ack
        if Int.random(in: 0..<50, using: &random) == 0 {
            result.time = Bool.random(using: &random) ? .min : .max
        }
        return result
    }
}
