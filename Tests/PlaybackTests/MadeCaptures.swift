// Small captures for all that recordings of real servers lack: kinds that they do not send, other
// link layers, damage of every sort. They are kept as files beside their expected decode; with
// UPDATE_FIXTURES=1 the tests of this target write them.

import Capture
import ClusterWire

enum MadeCaptures {
    static let client = CaptureAddress(ipv4: 0x7F00_0001, port: 40001)
    static let server = CaptureAddress(ipv4: 0x7F00_0001, port: 17000)
    static let start: Int64 = 1_795_000_000_000_000_000
    static let millisecond: Int64 = 1_000_000

    static let idA = id("a")
    static let idB = id("b")

    private static func id(_ character: Character) -> NodeID {
        NodeID(String(repeating: character, count: 40)) ?? .zero
    }

    /// All of them by the name of their file.
    static let all: [(name: String, bytes: [UInt8])] =
        [
            ("made-kinds.pcap", conversation(kinds)),
            ("made-ipv6.pcapng", pcapNG()),
            ("made-disorder.pcap", disorder()),
            ("made-lost.pcap", lost()),
            ("made-refused.pcap", conversation(refused)),
            ("made-middle.pcap", middle()),
            ("made-cut.pcap", Array(conversation([vote, fail]).dropLast(100))),
            ("made-others.pcap", others()),
        ] + linkTypes.map { ("made-link-\($0.type).pcap", linked($0.type, $0.header)) }

    // MARK: messages

    static func header(_ flags: MessageFlags = []) -> Header {
        var slots = SlotSet()
        for number in [0, 1, 2, 100] { if let slot = Slot(number) { slots.insert(slot) } }
        return Header(
            sender: idA, currentEpoch: 9, configEpoch: 7, offset: 42, slots: slots,
            ip: IPText("192.0.2.1") ?? IPText(), port: 7000, secondaryPort: 7100, busPort: 17000,
            messageFlags: flags)
    }

    static func bytes(_ body: Body, _ header: Header = header()) -> [UInt8] {
        Message.full(header, body).encode() ?? []
    }

    static let vote = bytes(.vote)
    static let fail = bytes(.fail(idB))
    static let light = lightPublish("news", "hello")

    static func lightPublish(_ channel: String, _ message: String) -> [UInt8] {
        let publication = Publication(channel: Array(channel.utf8), message: Array(message.utf8))
        return Message.light(LightMessage(.publish(publication))).encode() ?? []
    }

    static func edited(_ frame: [UInt8], _ edit: (inout [UInt8]) -> Void) -> [UInt8] {
        var frame = frame
        edit(&frame)
        return frame
    }

    /// A PING with these extensions, given as type and what follows their header.
    static func ping(_ extensions: [(type: UInt16, payload: [UInt8])]) -> [UInt8] {
        let entry = GossipEntry(
            node: idB, pingSent: 1_795_000_000, pongReceived: 1_794_999_999,
            address: NodeAddress(ip: IPText("::1") ?? IPText(), port: 7001, busPort: 17001),
            flags: [.replica, .pfail, .noFailover])
        var frame = bytes(.ping(Heartbeat(gossip: GossipSection([entry]))), header(.extensions))
        frame.set(UInt16(extensions.count), at: 2214)
        for (type, payload) in extensions {
            let place = frame.count
            frame += [UInt8](repeating: 0, count: 8) + payload
            frame.set(UInt32(8 + payload.count), at: place)
            frame.set(type, at: place + 4)
        }
        frame.set(UInt32(frame.count), at: 4)
        return frame
    }

    static let kinds: [[UInt8]] = {
        let port: [UInt8] = [0x1B, 0x58, 0, 0, 0, 0, 0, 0]
        let module = ModuleBody(module: 0x1122_3344_5566_7788, type: 3, payload: [1, 2, 3])
        let update = SlotUpdate(configEpoch: 8, node: idB, slots: SlotSet.all)
        return [
            ping([
                (0, [0x68, 0xE9, 0x1B, 0x22, 0, 0, 0, 0]), (3, [UInt8](repeating: 0, count: 40)),
                (4, [UInt8](repeating: 0x73, count: 40)), (6, port), (7, port),
                (8, Array("zone-1\0\0".utf8)), (99, port),
            ]),
            bytes(.pong(Heartbeat()), Header(sender: .zero, state: 9)),
            bytes(.module(module)), bytes(.unknown(.voteRefusal, [1, 2])),
            bytes(.unknown(MessageType(rawValue: 77), [])), bytes(.update(update)), fail,
            Message.light(LightMessage(.module(module))).encode() ?? [], light,
            edited(vote) { $0.set(UInt16(0xFFFF), at: 2250) },
        ]
    }()

    static let refused: [[UInt8]] = [
        vote,
        edited(vote) { $0[9] = 2 }, edited(vote) { $0[9] = 0 },
        edited(vote) { $0[12] = 0x80 },
        edited(vote) { $0.set(UInt16(0x8000), at: 12) },
        ping([(0, [UInt8](repeating: 0x61, count: 8))]),
        edited(fail) {
            $0 += [0, 0]
            $0.set(UInt32($0.count), at: 4)
        },
        // Lengths that are false: too long, by more than anyone sends, too short.
        edited(vote) { $0.set(UInt32(2264), at: 4) },
        edited(vote) { $0.set(UInt32.max, at: 4) },
        edited(vote) { $0.set(UInt32(3), at: 4) },
        Array("garbage".utf8), Array("RAFT".utf8) + [1, 2, 3, 4], fail,
    ]

    // MARK: captures

    private static func connection(_ writer: PcapWriter) -> PcapConnection {
        PcapConnection(client: client, server: server, writer: writer, clientSequence: 100)
    }

    /// One message of the client a millisecond, between an opening and an end.
    private static func conversation(_ messages: [[UInt8]]) -> [UInt8] {
        let writer = PcapWriter(resolution: .microseconds)
        var connection = connection(writer)
        var capture = writer.header + connection.open(at: start)
        var time = start
        for message in messages {
            time += millisecond
            capture += connection.send(message[...], from: .client, at: time)
        }
        return capture + connection.close(from: .client, at: time + millisecond)
    }

    /// A segment of the client.
    private static func segment(
        _ bytes: ArraySlice<UInt8>, at place: Int, _ milliseconds: Int64, missing: Int = 0,
        flags: TCPFlags = .ack
    ) -> TCPSegment {
        TCPSegment(
            time: start + milliseconds * millisecond, source: client, destination: server,
            sequence: 100 &+ UInt32(truncatingIfNeeded: place), acknowledgment: 1, flags: flags,
            payload: bytes,
            missing: missing)
    }

    /// Two messages in segments out of order, repeated and overlapping.
    private static func disorder() -> [UInt8] {
        let writer = PcapWriter()
        let stream = vote + fail
        var capture = writer.header + writer.record(of: segment([], at: -1, 0, flags: .syn))
        let parts: [(ClosedRange<Int>, Int64)] = [
            (1000...1999, 1), (0...499, 2), (0...499, 3), (400...1200, 4), (2500...4551, 5),
            (1500...2600, 6), (100...4000, 7),
        ]
        for (range, time) in parts {
            capture += writer.record(of: segment(stream[range], at: range.lowerBound, time))
        }
        return capture
    }

    /// Bytes that the capture lacks: a lost segment, and some cut away by a snap length.
    private static func lost() -> [UInt8] {
        let writer = PcapWriter()
        let stream = vote + fail + vote + light + light
        var capture = writer.header + writer.record(of: segment([], at: -1, 0, flags: .syn))
        let parts: [(Range<Int>, missing: Int, Int64)] = [
            (0..<2000, 0, 1), (3000..<5000, 0, 2), (5000..<5500, 1308, 3), (6808..<6841, 0, 4),
            (6841..<6874, 0, 20000),
        ]
        for (range, missing, time) in parts {
            capture += writer.record(
                of: segment(stream[range], at: range.lowerBound, time, missing: missing))
        }
        return capture
    }

    /// A connection that was open before: it begins inside one message and ends inside another.
    private static func middle() -> [UInt8] {
        let writer = PcapWriter()
        let stream = vote.dropFirst(1000) + fail + light + vote.prefix(300)
        return writer.header + writer.record(of: segment(stream[...], at: 5000, 1))
    }

    /// Client traffic and TLS beside the bus.
    private static func others() -> [UInt8] {
        let writer = PcapWriter()
        var capture = writer.header
        let streams: [(port: UInt16, bytes: [UInt8])] = [
            (40002, Array("*1\r\n$4\r\nPING\r\n".utf8)),
            (40003, [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3]),
            (40004, light),
        ]
        for (port, bytes) in streams {
            var connection = PcapConnection(
                client: CaptureAddress(ipv4: 0x7F00_0001, port: port), server: server,
                writer: writer)
            capture += connection.open(at: start)
            capture += connection.send(bytes[...], from: .client, at: start + Int64(port))
        }
        return capture
    }

    /// The link types beside Ethernet that can be taken apart, with what stands before IP.
    private static let linkTypes: [(type: UInt32, header: [UInt8])] = [
        (LinkLayer.null, [2, 0, 0, 0]), (LinkLayer.rawIPOld, []), (LinkLayer.rawIPOpenBSD, []),
        (LinkLayer.rawIP, []), (LinkLayer.loop, [0, 0, 0, 2]),
        (LinkLayer.linuxCooked, [UInt8](repeating: 0, count: 14) + [8, 0]),
        (LinkLayer.ipv4, []), (LinkLayer.ipv6, []),
        (LinkLayer.linuxCooked2, [8, 0] + [UInt8](repeating: 0, count: 18)),
    ]

    private static func linked(_ type: UInt32, _ header: [UInt8]) -> [UInt8] {
        let writer = PcapWriter(linkType: type, order: .big)
        var part = segment(light[...], at: 0, 1)
        if type == LinkLayer.ipv6 { (part.source, part.destination) = (client6, server6) }
        let packet = header + PcapWriter.ipPacket(of: part)
        return writer.header + writer.record(time: part.time, packet: packet)
    }

    private static let client6 = CaptureAddress(ipv6High: 0, ipv6Low: 1, port: 40001)
    private static let server6 = CaptureAddress(
        ipv6High: 0x2001_0DB8_0000_0000, ipv6Low: 2, port: 17000)

    /// A pcapng section with an interface of nanoseconds, over IPv6.
    private static func pcapNG() -> [UInt8] {
        var capture = block(0x0A0D_0D0A, words(0x1A2B_3C4D, 1, .max, .max))
        // Raw IP, no snap length; option 9: units of 10 to the -9 seconds.
        capture += block(1, words(LinkLayer.rawIP, 0) + words(0x0001_0009, 9, 0))
        for (message, time) in [(fail, 1), (light, 2)] {
            var part = segment(message[...], at: message == light ? fail.count : 0, Int64(time))
            (part.source, part.destination) = (client6, server6)
            let packet = PcapWriter.ipPacket(of: part)
            let length = UInt32(packet.count)
            let stamp = UInt64(part.time) + 999
            capture += block(
                6,
                words(0, UInt32(stamp >> 32), UInt32(truncatingIfNeeded: stamp), length, length)
                    + packet + [UInt8](repeating: 0, count: (4 - packet.count % 4) % 4))
        }
        return capture
    }

    private static func words(_ words: UInt32...) -> [UInt8] {
        words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
    }

    private static func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
        let length = UInt32(body.count + 12)
        return words(type, length) + body + words(length)
    }
}

extension [UInt8] {
    /// Stores an integer big-endian at an offset.
    mutating func set<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        for index in 0..<T.bitWidth / 8 {
            let shift = T.bitWidth - 8 * (index + 1)
            self[offset + index] = UInt8(truncatingIfNeeded: value >> T(shift))
        }
    }
}
