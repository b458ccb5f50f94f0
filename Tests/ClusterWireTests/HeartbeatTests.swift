// The rules of what heartbeats carry: gossip entries read in place, and extensions of every type.

import ClusterWire
import Testing

@Suite struct GossipEntryTests {
    @Test func `entries come back in order with all their fields`() throws {
        let entries = [
            sampleEntry(idB), sampleEntry(idC, flags: [.replica, .pfail]),
            sampleEntry(.zero, flags: NodeFlags(rawValue: 0xFFFF)),
        ]
        let beat = Heartbeat(gossip: GossipSection(entries))
        let frame = bytes(.full(sampleHeader(), .pong(beat)))
        guard case .full(_, .pong(let read)) = try Message.decode(frame) else { return }
        #expect(Array(read.gossip) == entries)
        #expect(read.gossip == beat.gossip)
        #expect(read.gossip.count == 3)
        #expect(read.gossip != GossipSection(entries.reversed()))
        #expect(read.gossip != GossipSection(entries.prefix(2)))
    }

    @Test func `the unused bytes of an entry are kept`() throws {
        let beat = Heartbeat(gossip: GossipSection([sampleEntry(idB)]))
        var frame = bytes(.full(sampleHeader(), .pong(beat)))
        frame.set(UInt16(0xABCD), at: 2256 + 102)
        let message = try Message.decode(frame)
        #expect(message.encode() == frame)
        guard case .full(_, .pong(let read)) = message, let entry = read.gossip.first else {
            Issue.record("no entry")
            return
        }
        #expect(entry != sampleEntry(idB))
        // An entry that was taken out and put into another section keeps them too.
        let copy = Message.full(sampleHeader(), .pong(Heartbeat(gossip: GossipSection([entry]))))
        #expect(copy.encode() == frame)
    }

    @Test(arguments: [65535, 65536])
    func `a section holds up to 65535 entries`(count: Int) throws {
        let section = GossipSection([GossipEntry](repeating: sampleEntry(idB), count: count))
        #expect(section.count == 65535)
        let frame = bytes(.full(sampleHeader(), .ping(Heartbeat(gossip: section))))
        #expect(frame.count == 2256 + 65535 * 104)
        guard case .full(_, .ping(let read)) = try Message.decode(frame) else { return }
        #expect(read.gossip.count == 65535)
        #expect(read.gossip[65534] == sampleEntry(idB))
    }

    @Test func `an empty section has no entries and equals another`() {
        #expect(GossipSection().isEmpty)
        #expect(GossipSection() == GossipSection([]))
    }
}

@Suite struct PingExtensionTests {
    /// One extension as it is read back.
    private func read(_ type: UInt16, _ payload: [UInt8]) throws -> PingExtension {
        let frame = frame(extension: type, payload: payload)
        let message = try Message.decode(frame)
        #expect(message.encode() == frame)
        guard case .full(_, .ping(let beat)) = message, let item = beat.extensions.first else {
            throw WireError.unknownVersion(0)
        }
        #expect(beat.extensions.count == 1)
        #expect(item.length == payload.count + 8)
        return item
    }

    private func text(_ text: String) -> [UInt8] {
        var bytes = Array(text.utf8) + [0]
        while bytes.count % 8 != 0 { bytes.append(0) }
        return bytes
    }

    @Test func `texts are read up to their NUL`() throws {
        #expect(try read(0, text("host")).value == .hostname("host"))
        #expect(try read(1, text("seven77")).value == .nodeName("seven77"))
        #expect(try read(1, text("")).value == .nodeName(""))
        #expect(try read(4, text("10.0.0.1")).value == .clientIPv4("10.0.0.1"))
        #expect(try read(5, text("fe80::1")).value == .clientIPv6("fe80::1"))
        #expect(try read(8, text("eu-west-1a")).value == .availabilityZone("eu-west-1a"))
        #expect(try read(0, [0xE9, 0, 65, 0, 0, 0, 0, 0]).value == .hostname("\u{E9}"))
    }

    @Test func `ids, lifetimes and ports are read at their places`() throws {
        let id = Array(idB.description.utf8)
        #expect(try read(3, id).value == .shardID(ShardID(idB)))
        #expect(try read(3, [UInt8](repeating: 0, count: 40)).value == .shardID(nil))
        #expect(
            try read(2, id + [0, 0, 0, 0, 0, 0, 1, 2]).value
                == .forgottenNode(idB, secondsLeft: 258))
        #expect(try read(6, [0x1B, 0x58, 0, 0, 0, 0, 0, 0]).value == .clientPort(7000))
        #expect(try read(7, [0xFF, 0xFF, 9, 0, 0, 0, 0, 0]).value == .clientTLSPort(65535))
    }

    @Test func `type 4 of length 48 is the secret, NUL or not`() throws {
        let secret = [UInt8](repeating: 0x61, count: 40)
        #expect(try read(4, secret).value == .internalSecret)
        #expect(try read(4, text(String(repeating: "1", count: 39))).value == .internalSecret)
    }

    @Test(arguments: [UInt16(9), 77, 65535])
    func `an unknown type is kept as its bytes, unused field included`(type: UInt16) throws {
        let item = try read(type, [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(item.type == type)
        #expect(item.value == .unknown)
        #expect(item.payload == [1, 2, 3, 4, 5, 6, 7, 8])
        var frame = frame(extension: type, payload: [])
        frame[2263] = 5
        #expect(try Message.decode(frame).encode() == frame)
    }

    @Test func `what is made here has the lengths of the specification`() {
        #expect(PingExtension.hostname("").length == 16)
        #expect(PingExtension.hostname("seven77").length == 16)
        #expect(PingExtension.hostname("eight888").length == 24)
        #expect(PingExtension.shardID(ShardID(idA)).length == 48)
        #expect(PingExtension.forgottenNode(idA, secondsLeft: 1).length == 56)
        #expect(PingExtension.nodeName("\u{E9}").payload == [0xE9, 0, 0, 0, 0, 0, 0, 0])
    }
}
