// What reassembly makes of segments: order, repetition, overlap, loss, beginnings and ends of
// connections, limits. Events are compared as words, `>` from the client and `<` from the server.

import Capture
import Testing

@Suite struct TCPReassemblyTests {
    @Test func `a connection opens, speaks in both directions and closes`() {
        let result = read(conversation())
        #expect(result.events.map(word) == conversationWords)
        #expect(result.error == nil)
        let ping = result.events[2]
        #expect(ping.source == Ends.client)
        #expect(ping.destination == Ends.server)
        #expect(ping.time == Ends.start + 1000)
        #expect(result.events.map(\.stream) == [0, 1, 0, 1, 0, 1])
    }

    @Test func `a connection that was open before begins at its first bytes`() {
        let words = told([
            segment(sequence: 7, acknowledgment: 50), segment("abc", sequence: 7),
            segment("de", sequence: 10), segment("xy", sequence: 50, fromServer: true),
        ])
        #expect(words == [">join", ">'abc'", ">'de'", "<join", "<'xy'"])
    }

    @Test(
        arguments: [
            ([(0, "ab"), (4, "ef"), (2, "cd"), (6, "g")], [">'ab'", ">'cd'", ">'ef'", ">'g'"]),
            ([(0, "ab"), (6, "g"), (4, "ef"), (2, "cd")], [">'ab'", ">'cd'", ">'ef'", ">'g'"]),
            ([(0, "ab"), (0, "AB"), (2, "cd"), (0, "AB"), (2, "CD")], [">'ab'", ">'cd'"]),
            ([(0, "ab"), (1, "BC")], [">'ab'", ">'C'"]),
            ([(0, "ab"), (0, "ABC")], [">'ab'", ">'C'"]),
            (
                [(0, "a"), (3, "de"), (2, "CDEF"), (1, "bCD")],
                [">'a'", ">'b'", ">'C'", ">'de'", ">'F'"]
            ),
            (
                [(0, "a"), (3, "d"), (5, "f"), (1, "BCDEFG")],
                [
                    ">'a'", ">'BC'", ">'d'", ">'E'", ">'f'", ">'G'",
                ]
            ),
            ([(0, "a"), (3, "d"), (3, "D"), (1, "bc")], [">'a'", ">'bc'", ">'d'"]),
            ([(0, "abc"), (2, "x"), (3, "d")], [">'abc'", ">'d'"]),
        ] as [([(UInt32, String)], [String])])
    func `bytes come in order and once, and the first copy wins`(
        parts: [(UInt32, String)], expected: [String]
    ) {
        for start: UInt32 in [1000, .max, .max - 2, 0x7FFF_FFFF] {
            let words = told(parts.map { segment($0.1, sequence: start &+ $0.0) })
            #expect(words == [">join"] + expected, "start \(start)")
        }
    }

    @Test func `bytes that waited have the time of what they waited for, or their own`() {
        var reassembly = TCPReassembly()
        var events: [TCPEvent] = []
        for (sequence, text, time) in [(0, "a", 1), (2, "c", 2), (3, "d", 9), (1, "b", 5)] {
            reassembly.feed(
                segment(text, sequence: UInt32(sequence), at: Int64(time)), into: &events)
        }
        #expect(events.map { ($0.time - Ends.start) / 1_000_000 } == [1, 1, 5, 5, 9])
    }

    @Test func `a hole that is never filled is a gap at the end`() {
        let segments = [
            segment("ab", sequence: 0), segment("ef", sequence: 4), segment("i", sequence: 8),
        ]
        #expect(told(segments, finish: false) == [">join", ">'ab'"])
        #expect(told(segments) == [">join", ">'ab'", ">gap(2)", ">'ef'", ">gap(2)", ">'i'"])
    }

    @Test func `an acknowledged hole is given up after some more segments`() {
        var limits = TCPLimits()
        limits.acknowledgedHoleSegments = 2
        let segments = [
            segment("ab", sequence: 0), segment("ef", sequence: 4), segment("i", sequence: 8),
            segment(sequence: 1, acknowledgment: 6, fromServer: true),
        ]
        #expect(
            told(segments, finish: false, limits: limits) == [">join", ">'ab'", ">gap(2)", ">'ef'"])
        let late = [segments[0], segments[1], segments[3], segment("cd", sequence: 2)]
        #expect(told(late, finish: false, limits: limits) == [">join", ">'ab'", ">'cd'", ">'ef'"])
    }

    @Test func `a hole that is not acknowledged is waited for however many segments pass`() {
        var limits = TCPLimits()
        limits.acknowledgedHoleSegments = 2
        var segments = [segment("ab", sequence: 0), segment("ef", sequence: 4)]
        for _ in 0..<50 {
            segments.append(segment(sequence: 1, acknowledgment: 2, fromServer: true))
        }
        segments.append(segment("cd", sequence: 2))
        #expect(
            told(segments, finish: false, limits: limits) == [">join", ">'ab'", ">'cd'", ">'ef'"])
    }

    @Test(arguments: [
        (true, 499, false), (true, 500, true), (false, 9999, false), (false, 10_000, true),
    ])
    func `a hole is given up after a time, sooner when it is acknowledged`(
        isAcknowledged: Bool, milliseconds: Int64, isGivenUp: Bool
    ) {
        let words = told(
            [
                segment("ab", sequence: 0), segment("ef", sequence: 4),
                segment(
                    sequence: 1, acknowledgment: isAcknowledged ? 6 : 2, fromServer: true,
                    at: milliseconds),
            ], finish: false)
        #expect(words == [">join", ">'ab'"] + (isGivenUp ? [">gap(2)", ">'ef'"] : []))
    }

    @Test func `bytes acknowledged before they are seen are still taken`() {
        let words = told([
            segment("ab", sequence: 0), segment(sequence: 1, acknowledgment: 6, fromServer: true),
            segment("ef", sequence: 4), segment("cd", sequence: 2),
        ])
        #expect(words == [">join", ">'ab'", ">'cd'", ">'ef'"])
    }

    @Test func `a segment cut by the snap length is payload and then a gap`() {
        #expect(
            told([segment("ab", sequence: 0, missing: 3), segment("f", sequence: 5)])
                == [">join", ">'ab'", ">gap(3)", ">'f'"])
        #expect(
            told([
                segment("a", sequence: 0), segment("d", sequence: 3, missing: 4),
                segment("bc", sequence: 1), segment("h", sequence: 8),
            ]) == [">join", ">'a'", ">'bc'", ">'d'", ">gap(4)", ">'h'"])
        #expect(
            told([segment("", sequence: 0, missing: 3), segment("", sequence: 1, missing: 9)])
                == [">join", ">gap(3)", ">gap(7)"])
    }

    @Test func `keep-alive probes are not payload`() {
        let words = told([
            segment("abc", sequence: 0), segment("\0", sequence: 2), segment("", sequence: 2),
            segment("d", sequence: 3),
        ])
        #expect(words == [">join", ">'abc'", ">'d'"])
    }

    @Test func `a number that fits nowhere begins again behind an unknown gap`() {
        let words = told([
            segment("ab", sequence: 0), segment("ef", sequence: 4),
            segment("far", sequence: 0x4000_0000), segment("ther", sequence: 0x4000_0003),
        ])
        #expect(
            words == [
                ">join", ">'ab'", ">gap(2)", ">'ef'", ">gap(?)", ">'far'", ">'ther'",
            ])
    }

    @Test func `a FIN closes after all bytes before it`() {
        let words = told([
            segment(sequence: 9, flags: .syn), segment("ef", sequence: 14, flags: .fin),
            segment("abcd", sequence: 10), segment("ef", sequence: 14, flags: .fin),
            segment(sequence: 17), segment("x", sequence: 16),
        ])
        #expect(words == [">open", ">'abcd'", ">'ef'", ">finished"])
    }

    @Test func `a FIN behind a hole closes at the end of the capture`() {
        let segments = [
            segment("a", sequence: 9), segment(sequence: 14, acknowledgment: 1, flags: .fin),
        ]
        #expect(told(segments, finish: false) == [">join", ">'a'"])
        #expect(told(segments) == [">join", ">'a'", ">gap(4)", ">finished"])
    }

    @Test func `an RST closes both directions, with what waited in them`() {
        let words = told([
            segment("ab", sequence: 0), segment("xy", sequence: 50, fromServer: true),
            segment("ef", sequence: 4), segment(sequence: 52, flags: .rst, fromServer: true),
        ])
        #expect(
            words == [">join", ">'ab'", "<join", "<'xy'", "<reset", ">gap(2)", ">'ef'", ">reset"])
    }

    @Test func `an RST of another connection closes nothing`() {
        let words = told([
            segment("ab", sequence: 0), segment(sequence: 0x5000_0000, flags: .rst),
            segment("cd", sequence: 2),
        ])
        #expect(words == [">join", ">'ab'", ">'cd'"])
    }

    @Test func `a refused connection opens one direction and closes it`() {
        let words = told([
            segment(sequence: 9, flags: .syn),
            segment(sequence: 0, acknowledgment: 10, flags: .rst, fromServer: true),
        ])
        #expect(words == [">open", ">reset"])
    }

    @Test func `bytes after an RST are told as a stream joined in the middle`() {
        let words = told([
            segment("ab", sequence: 0), segment(sequence: 9, flags: .rst, fromServer: true),
            segment("ab", sequence: 0), segment("bc", sequence: 1),
        ])
        #expect(words == [">join", ">'ab'", ">reset", ">join", ">'c'"])
    }

    @Test func `a repeated SYN or answer opens nothing again`() {
        let syn = segment(sequence: 9, flags: .syn)
        let answer = segment(sequence: 49, acknowledgment: 10, flags: .syn, fromServer: true)
        let words = told([
            syn, syn, answer, answer, segment("a", sequence: 10), syn, answer,
            segment("b", sequence: 11), segment("x", sequence: 50, fromServer: true),
        ])
        #expect(words == [">open", "<open", ">'a'", ">'b'", "<'x'"])
    }

    @Test func `the answer to a SYN that is not in the capture opens both directions`() {
        let words = told([
            segment(sequence: 49, acknowledgment: 10, flags: .syn, fromServer: true),
            segment("b", sequence: 11), segment("a", sequence: 10),
        ])
        #expect(words == [">open", "<open", ">'a'", ">'b'"])
    }

    @Test func `payload in a SYN begins after the SYN's own number`() {
        let words = told([
            segment("ab", sequence: 9, flags: .syn), segment("c", sequence: 12),
            segment(sequence: 49, acknowledgment: 12, flags: .syn, fromServer: true),
            segment("x", sequence: 50, fromServer: true),
        ])
        #expect(words == [">open", ">'ab'", ">'c'", "<open", "<'x'"])
    }

    @Test func `a SYN with a new number on the same ports ends the old connection`() {
        let words = told([
            segment("ab", sequence: 0), segment("ef", sequence: 4),
            segment("xy", sequence: 50, fromServer: true),
            segment(sequence: 8000, flags: .syn),
            segment(sequence: 51, acknowledgment: 8001, flags: .syn, fromServer: true),
            segment("A", sequence: 8001), segment("X", sequence: 52, fromServer: true),
        ])
        #expect(
            words == [
                ">join", ">'ab'", "<join", "<'xy'", ">gap(2)", ">'ef'", ">replaced", "<replaced",
                ">open", "<open", ">'A'", "<'X'",
            ])
    }

    @Test func `the new answer alone ends the old connection too`() {
        let words = told([
            segment("ab", sequence: 0), segment("xy", sequence: 50, fromServer: true),
            segment(sequence: 90, acknowledgment: 8001, flags: .syn, fromServer: true),
            segment("A", sequence: 8001),
        ])
        #expect(
            words == [
                ">join", ">'ab'", "<join", "<'xy'", "<replaced", ">replaced", ">open", "<open",
                ">'A'",
            ])
    }

    @Test func `two SYNs that cross open one connection`() {
        let words = told([
            segment(sequence: 9, flags: .syn), segment(sequence: 49, flags: .syn, fromServer: true),
            segment("a", sequence: 10), segment("x", sequence: 50, fromServer: true),
        ])
        #expect(words == [">open", "<open", ">'a'", "<'x'"])
    }

    @Test func `a SYN after the end opens a new connection under new numbers`() {
        let capture = conversation() + conversation().dropFirst(24)
        let result = read(capture)
        #expect(result.events.map(word) == conversationWords + conversationWords)
        #expect(Set(result.events.map(\.stream)) == [0, 1, 2, 3])
    }

    @Test func `a packet captured twice, as on all interfaces at once, counts once`() {
        let writer = PcapWriter()
        let records = packets(conversation()).packets.map {
            writer.record(time: $0.time, packet: $0.bytes)
        }
        let twice = writer.header + records.flatMap { $0 + $0 }
        #expect(read(twice).events == read(conversation()).events)
    }
}
