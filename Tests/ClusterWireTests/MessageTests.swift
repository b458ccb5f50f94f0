// The rules of whole messages: what is encoded is decoded the same, reserved bytes are kept, and the
// test vectors of the specification come out byte for byte.

import ClusterWire
import Testing

@Suite struct MessageTests {
    @Test(arguments: sampleMessages())
    func `a message comes back as it was encoded`(message: Message) throws {
        let frame = try #require(message.encode())
        let read = try Message.decode(frame)
        // Counts that a body does not use are kept as read, so values are compared by their bytes.
        #expect(read.type == message.type)
        #expect(read.encode() == frame)
        if case .full(let header, let body) = message, case .full(let other, let rest) = read {
            #expect(rest == body)
            #expect(other == header || body.heartbeat?.extensions.isEmpty == false)
        } else {
            #expect(read == message)
        }
    }

    @Test(arguments: sampleMessages())
    func `bytes that are lent are read as those of an array that is kept`(message: Message) throws {
        let frame = bytes(message)
        #expect(try Message.decode(frame.span) == Message.decode(frame))
        let cut = Array(frame.dropLast())
        #expect(throws: WireError.self) { try Message.decode(cut.span) }
    }

    @Test(arguments: sampleMessages())
    func `what is appended to a buffer is what encoding gives, and what was there stays`(
        message: Message
    ) throws {
        var buffer: [UInt8] = [1, 2, 3]
        try message.encode(appendingTo: &buffer)
        #expect(buffer == [1, 2, 3] + bytes(message))
        #expect(message.encodedLength == buffer.count - 3)
    }

    @Test func `a message beyond a length of 32 bits is refused, and the buffer stays`() {
        // All share one storage, so that this costs a megabyte.
        let long = PingExtension.hostname(String(repeating: "h", count: 1 << 20))
        let beat = Heartbeat(extensions: [PingExtension](repeating: long, count: 4096))
        let message = Message.full(sampleHeader(.extensions), .ping(beat))
        var buffer: [UInt8] = [1]
        #expect(throws: MessageTooLong.self) {
            try message.encode(appendingTo: &buffer)
        }
        #expect(buffer == [1])
        #expect(message.encodedLength > Int(UInt32.max))
        #expect(message.encode() == nil)
    }

    @Test(arguments: sampleMessages())
    func `reserved bytes and unknown bits are kept`(message: Message) throws {
        var frame = bytes(message)
        if case .light = message {
            for offset in [10, 11, 14, 15] { frame[offset] = UInt8(offset) }
        } else {
            for offset in 2216..<2246 { frame[offset] = UInt8(offset & 0xFF) }
            for offset in [2250, 2252, 2254, 2255] { frame[offset] = 0xF1 }
            frame[2253] |= 0xF8
            if !message.type.isHeartbeat {
                frame.set(UInt16(513), at: 14)
                frame.set(UInt16(514), at: 2214)
            }
        }
        let read = try Message.decode(frame)
        #expect(read.encode() == frame)
        #expect(read != message)
    }

    @Test func `the extension count is kept when the flag for extensions is clear`() throws {
        var frame = bytes(.full(sampleHeader(), .ping(Heartbeat())))
        frame.set(UInt16(3), at: 2214)
        let read = try Message.decode(frame)
        guard case .full(_, .ping(let beat)) = read else { return }
        #expect(beat.extensions.isEmpty)
        #expect(read.encode() == frame)
    }

    @Test func `extensions are written only under the flag`() throws {
        let beat = Heartbeat(extensions: [.hostname("h")])
        #expect(Message.full(sampleHeader(), .ping(beat)).encode()?.count == 2256)
        #expect(Message.full(sampleHeader(.extensions), .ping(beat)).encode()?.count == 2272)
    }

    @Test func `a MEET of a fresh node is that of the specification`() throws {
        let id = try #require(NodeID("dee97fd1cedae16867f5092be4bdcc3471a05da1"))
        let header = Header(sender: id, port: 7801, busPort: 17801, state: 1)
        let frame = bytes(.full(header, .meet(Heartbeat())))
        var expected = [UInt8](repeating: 0, count: 2256)
        expected.replaceSubrange(
            0..<16,
            with: [
                0x52, 0x43, 0x6D, 0x62, 0, 0, 0x08, 0xD0, 0, 1, 0x1E, 0x79, 0, 2, 0, 0,
            ])
        expected.replaceSubrange(40..<80, with: id.description.utf8)
        expected.replaceSubrange(2248..<2256, with: [0x45, 0x89, 0, 0x11, 1, 0, 0, 0])
        #expect(frame == expected)
    }

    @Test func `a PONG with slots and two entries is that of the specification`() throws {
        let entry = GossipEntry(
            node: idB, pingSent: 0, pongReceived: 0x6B01_77D9,
            address: NodeAddress(
                ip: try #require(IPText("127.0.0.1")), port: 0x1E7E, busPort: 0x458E),
            flags: [.master, .migrateTo])
        let header = Header(
            sender: idA, currentEpoch: 8, configEpoch: 8, offset: 42,
            slots: slots((5461, 10922)), port: 7804, busPort: 17804,
            flags: [.master, .myself, .migrateTo])
        let beat = Heartbeat(gossip: GossipSection([entry, entry]))
        let frame = bytes(.full(header, .pong(beat)))
        #expect(
            Array(frame[0..<16]) == [
                0x52, 0x43, 0x6D, 0x62, 0, 0, 0x09, 0xA0, 0, 1, 0x1E, 0x7C, 0, 1, 0, 2,
            ])
        #expect(
            Array(frame[16..<40]) == [0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 8]
                + [0, 0, 0, 0, 0, 0, 0, 42])
        #expect(frame[761] == 0 && frame[762] == 0xE0 && frame[763] == 0xFF)
        #expect(Array(frame[2248..<2256]) == [0x45, 0x8C, 0x01, 0x11, 0, 0, 0, 0])
        #expect(Array(frame[2256..<2296]) == Array(idB.description.utf8))
        #expect(Array(frame[2296..<2304]) == [0, 0, 0, 0, 0x6B, 0x01, 0x77, 0xD9])
        #expect(Array(frame[2304..<2314]) == Array("127.0.0.1\0".utf8))
        #expect(
            Array(frame[2350..<2360]) == [0x1E, 0x7E, 0x45, 0x8E, 0x01, 0x01, 0, 0, 0, 0])
        #expect(frame.count == 2464)
    }

    @Test func `a forced vote request is that of the specification`() {
        let header = Header(
            sender: idA, currentEpoch: 7, configEpoch: 1, replicaOf: idB, busPort: 0x458E,
            flags: [.replica, .myself], messageFlags: .forceAck)
        let frame = bytes(.full(header, .voteRequest))
        #expect(frame.count == 2256)
        #expect(Array(frame[12..<14]) == [0, 5])
        #expect(frame[23] == 7 && frame[31] == 1)
        #expect(Array(frame[2128..<2168]) == Array(idB.description.utf8))
        #expect(Array(frame[2248..<2256]) == [0x45, 0x8E, 0, 0x12, 0, 2, 0, 0])
    }

    @Test func `a FAIL and a PUBLISH are those of the specification`() {
        let fail = bytes(.full(sampleHeader(), .fail(idC)))
        #expect(fail.count == 2296)
        #expect(Array(fail[12..<14]) == [0, 3])
        #expect(Array(fail[2256...]) == Array(idC.description.utf8))
        let publication = Publication(channel: Array("chan".utf8), message: Array("hello".utf8))
        let publish = bytes(.full(sampleHeader(), .publish(publication)))
        #expect(publish.count == 2273)
        #expect(Array(publish[2256...]) == [0, 0, 0, 4, 0, 0, 0, 5] + Array("chanhello".utf8))
        #expect(bytes(.light(LightMessage(.publish(publication)))).count == 33)
    }

    @Test func `a hostname after three entries is that of the specification`() {
        let beat = Heartbeat(
            gossip: GossipSection([sampleEntry(idB), sampleEntry(idB), sampleEntry(idC)]),
            extensions: [.hostname("host-4.example.com")])
        let frame = bytes(.full(sampleHeader(.extensions), .ping(beat)))
        #expect(frame.count == 2600)
        #expect(Array(frame[2214..<2216]) == [0, 1])
        #expect(Array(frame[2253..<2256]) == [4, 0, 0])
        #expect(
            Array(frame[2568...]) == [0, 0, 0, 0x20, 0, 0, 0, 0]
                + Array("host-4.example.com".utf8) + [0, 0, 0, 0, 0, 0])
    }

    @Test func `a light message and a MODULE have the layout of the specification`() {
        let module = ModuleBody(module: 0x0102_0304_0506_0708, type: 9, payload: [7])
        let frame = bytes(.light(LightMessage(.module(module))))
        #expect(
            frame == [0x52, 0x43, 0x6D, 0x62, 0, 0, 0, 30, 0, 1, 0, 0, 0x80, 9, 0, 0]
                + [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 9, 7])
    }

    @Test func `who says master and ok is read from two fields`() {
        var header = sampleHeader()
        #expect(header.saysMaster && header.saysOK)
        header.replicaOf = idB
        header.state = 7
        #expect(!header.saysMaster && !header.saysOK)
    }
}
