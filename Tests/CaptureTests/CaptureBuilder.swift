// Makes small captures for the tests of this target: segments in short, link layers that the writer
// does not make, blocks of pcapng, and a readable form of events. It checks nothing itself.

import Capture

/// Ends and times used where a test does not care which.
enum Ends {
    static let client = CaptureAddress(ipv4: 0x7F00_0001, port: 40_000)
    static let server = CaptureAddress(ipv4: 0x7F00_0001, port: 17_000)
    static let client6 = CaptureAddress(ipv6High: 0, ipv6Low: 1, port: 40_000)
    static let server6 = CaptureAddress(ipv6High: 0, ipv6Low: 1, port: 17_000)
    static let second: Int64 = 1_000_000_000
    static let start: Int64 = 1_700_000_000 * second
}

/// A segment from client to server, or the other way when `fromServer`; `at` is in milliseconds.
func segment(
    _ payload: String = "", sequence: UInt32, acknowledgment: UInt32? = nil, flags: TCPFlags = [],
    fromServer: Bool = false, at milliseconds: Int64 = 0, missing: Int = 0,
    ends: (client: CaptureAddress, server: CaptureAddress) = (Ends.client, Ends.server)
) -> TCPSegment {
    TCPSegment(
        time: Ends.start + milliseconds * 1_000_000,
        source: fromServer ? ends.server : ends.client,
        destination: fromServer ? ends.client : ends.server, sequence: sequence,
        acknowledgment: acknowledgment ?? 0,
        flags: acknowledgment == nil ? flags : flags.union(.ack),
        payload: ArraySlice(payload.utf8), missing: missing)
}

/// What the segments lead to, one word an event: `>` from the client, `<` from the server.
func told(
    _ segments: [TCPSegment], finish: Bool = true, limits: TCPLimits = TCPLimits()
) -> [String] {
    var reassembly = TCPReassembly(limits: limits)
    var events: [TCPEvent] = []
    for segment in segments { reassembly.feed(segment, into: &events) }
    if finish { reassembly.finish(into: &events) }
    return events.map(word)
}

/// Neighbouring payloads of one stream joined, since how bytes were cut into segments is no rule.
func joined(_ events: [TCPEvent]) -> [String] {
    var result: [TCPEvent] = []
    for event in events {
        if case .payload(let more) = event.kind, let last = result.last,
            last.stream == event.stream, case .payload(let bytes) = last.kind
        {
            result[result.count - 1].kind = .payload(bytes + more)
        } else {
            result.append(event)
        }
    }
    return result.map(word)
}

func word(_ event: TCPEvent) -> String {
    let direction = event.destination.port == Ends.server.port ? ">" : "<"
    switch event.kind {
    case .opened(let fromStart): return direction + (fromStart ? "open" : "join")
    case .payload(let bytes): return direction + "'" + String(decoding: bytes, as: UTF8.self) + "'"
    case .gap(let count): return direction + "gap(" + (count.map(String.init) ?? "?") + ")"
    case .closed(let reason): return direction + "\(reason)"
    }
}

/// All events of a capture fed in pieces of `piece` bytes, and the error it ends with, if any.
func read(_ capture: [UInt8], piece: Int = .max) -> (events: [TCPEvent], error: CaptureError?) {
    var stream = CaptureStream()
    var events: [TCPEvent] = []
    do throws(CaptureError) {
        var rest = capture[...]
        while !rest.isEmpty {
            try stream.feed(Array(rest.prefix(piece)), into: &events)
            rest = rest.dropFirst(piece)
        }
    } catch {
        _ = finish(&stream, &events)
        return (events, error)
    }
    let error = finish(&stream, &events)
    return (events, error)
}

private func finish(_ stream: inout CaptureStream, _ events: inout [TCPEvent]) -> CaptureError? {
    do throws(CaptureError) {
        try stream.finish(into: &events)
        return nil
    } catch {
        return error
    }
}

/// All packets of a capture, and the error it ends with, if any.
func packets(
    _ capture: [UInt8], piece: Int = .max
) -> (packets: [CapturedPacket], error: CaptureError?) {
    var reader = CaptureReader()
    var packets: [CapturedPacket] = []
    do throws(CaptureError) {
        var rest = capture[...]
        while !rest.isEmpty {
            reader.feed(Array(rest.prefix(piece)))
            rest = rest.dropFirst(piece)
            while let packet = try reader.next() { packets.append(packet) }
        }
        try reader.finish()
        return (packets, nil)
    } catch {
        return (packets, error)
    }
}

/// A capture of one connection that opens, speaks in both directions and closes.
func conversation(
    writer: PcapWriter = PcapWriter(), client: CaptureAddress = Ends.client,
    server: CaptureAddress = Ends.server
) -> [UInt8] {
    var connection = PcapConnection(
        client: client, server: server, writer: writer, clientSequence: 100, serverSequence: 9000)
    var bytes = writer.header
    bytes += connection.open(at: Ends.start)
    bytes += connection.send(ArraySlice("ping".utf8), from: .client, at: Ends.start + 1000)
    bytes += connection.send(ArraySlice("pong!".utf8), from: .server, at: Ends.start + 2000)
    bytes += connection.close(from: .client, at: Ends.start + 3000)
    return bytes
}

let conversationWords = [
    ">open", "<open", ">'ping'", "<'pong!'", ">finished", "<finished",
]

/// Blocks of pcapng in one order of bytes.
struct BlockBuilder {
    var order: ByteOrder = .little

    func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
        let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
        let length = integer(UInt32(padded.count + 12))
        return integer(type) + length + padded + length
    }

    func section(major: UInt16 = 1) -> [UInt8] {
        block(
            0x0A0D_0D0A,
            integer(UInt32(0x1A2B_3C4D)) + integer(major) + integer(UInt16(0))
                + integer(UInt64.max))
    }

    func interface(
        linkType: UInt16 = 101, snapLength: UInt32 = 0, resolution: UInt8? = nil,
        offset: Int64? = nil
    ) -> [UInt8] {
        var body = integer(linkType) + integer(UInt16(0)) + integer(snapLength)
        body += option(2, Array("lo".utf8))
        if let resolution { body += option(9, [resolution]) }
        if let offset { body += option(14, integer(UInt64(bitPattern: offset))) }
        return block(1, body + option(0, []))
    }

    func option(_ code: UInt16, _ value: [UInt8]) -> [UInt8] {
        integer(code) + integer(UInt16(value.count)) + value
            + [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
    }

    func enhanced(
        _ packet: [UInt8], ticks: UInt64, interface: UInt32 = 0, originalLength: Int? = nil
    ) -> [UInt8] {
        block(6, integer(interface) + timed(packet, ticks: ticks, originalLength))
    }

    func obsolete(_ packet: [UInt8], ticks: UInt64, interface: UInt16 = 0) -> [UInt8] {
        block(2, integer(interface) + integer(UInt16(7)) + timed(packet, ticks: ticks, nil))
    }

    func simple(_ packet: [UInt8], originalLength: Int? = nil) -> [UInt8] {
        block(3, integer(UInt32(originalLength ?? packet.count)) + packet)
    }

    func integer<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        let bytes = (0..<(T.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        return order == .little ? bytes : bytes.reversed()
    }

    private func timed(_ packet: [UInt8], ticks: UInt64, _ originalLength: Int?) -> [UInt8] {
        integer(UInt32(truncatingIfNeeded: ticks >> 32))
            + integer(UInt32(truncatingIfNeeded: ticks)) + integer(UInt32(packet.count))
            + integer(UInt32(originalLength ?? packet.count)) + packet
    }
}

/// A seeded generator, so that a failing random test can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
