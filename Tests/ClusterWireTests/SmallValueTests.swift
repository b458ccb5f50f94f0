// The rules of the small values: addresses, flags, units and types of message.

import ClusterWire
import TestSupport
import Testing

@Suite struct NodeAddressTests {
    @Test(arguments: ["", "127.0.0.1", "::1", String(repeating: "f", count: 45)])
    func `a text of up to 45 bytes fits the address field`(text: String) throws {
        let ip = try #require(IPText(text))
        #expect(ip.text == text)
        #expect(ip.bytes == Array(text.utf8))
        #expect(ip.isEmpty == text.isEmpty)
    }

    @Test func `a longer text or one with a NUL does not fit`() {
        #expect(IPText(String(repeating: "f", count: 46)) == nil)
        #expect(IPText("1\0") == nil)
    }

    @Test func `every byte of the field is kept, read and written back`() throws {
        var random = Seeds.generator("address fields")
        for _ in 0..<200 {
            var frame = bytes(.full(sampleHeader(), .vote))
            let field = (0..<46).map { _ in UInt8.random(in: 0...255, using: &random) }
            frame.replaceSubrange(2168..<2214, with: field)
            let message = try Message.decode(frame)
            guard case .full(let header, _) = message else { continue }
            #expect(header.ip.bytes == Array(field.prefix(45).prefix { $0 != 0 }))
            #expect(message.encode() == frame)
        }
    }

    @Test func `bytes after the NUL make two fields unequal and the same text`() throws {
        var frame = bytes(.full(sampleHeader(), .vote))
        frame[2168 + 20] = 9
        guard case .full(let header, _) = try Message.decode(frame) else { return }
        #expect(header.ip != sampleHeader().ip)
        #expect(header.ip.text == "127.0.0.1")
        #expect(header.ip.description == "127.0.0.1")
    }

    @Test func `an address prints as CLUSTER NODES does`() {
        #expect(sampleEntry(idA).address.description == "10.1.2.3:7001@17001")
        #expect(NodeAddress.none.description == ":0@0")
    }
}

@Suite struct NodeFlagsTests {
    private static let names = [
        "master", "slave", "fail?", "fail", "myself", "handshake", "noaddr", "meet", "migrate_to",
        "nofailover", "extensions", "light_publish", "light_module", "my_primary_fail",
        "auth_nack", "0x8000",
    ]

    @Test(arguments: 0..<16)
    func `each bit has its name`(bit: Int) {
        #expect(NodeFlags(rawValue: 1 << UInt16(bit)).list == [Self.names[bit]])
    }

    @Test func `names come from bit 0 up`() {
        #expect(NodeFlags(rawValue: 0xFFFF).list == Self.names)
        #expect(NodeFlags().list == [])
        #expect(NodeFlags([.myself, .master]).list == ["master", "myself"])
    }

    @Test func `unknown message flags have no name`() {
        #expect(MessageFlags(rawValue: 0xFF).list == ["paused", "force_ack", "extensions"])
        #expect(MessageFlags(rawValue: 0xF8).list == [])
    }
}

@Suite struct UnitsTests {
    @Test func `epochs, offsets and ports order and print as numbers`() {
        #expect(Epoch(2) < Epoch(10))
        #expect(Epoch(7).next == 8)
        #expect(Epoch(.max).description == "18446744073709551615")
        #expect(ReplicationOffset(2) < 3)
        #expect(ReplicationOffset(5).description == "5")
        #expect(Port(2) < 3)
        #expect(Port(65535).description == "65535")
    }
}

@Suite struct MessageTypeTests {
    @Test func `known types have names, in both spellings, and are found by them`() {
        let names = [
            "PING", "PONG", "MEET", "FAIL", "PUBLISH", "FAILOVER_AUTH_REQUEST",
            "FAILOVER_AUTH_ACK", "UPDATE", "MFSTART", "MODULE", "PUBLISHSHARD",
        ]
        for (number, name) in names.enumerated() {
            let type = MessageType(rawValue: UInt16(number))
            #expect(type.name == name)
            #expect(type.description == name)
            #expect(type.statisticsName != nil)
            #expect(MessageType(name: name.lowercased()) == type)
            #expect(MessageType(name: String(number)) == type)
            #expect(type.hasLightForm == [4, 9, 10].contains(number))
            #expect(type.isHeartbeat == (number < 3))
        }
    }

    @Test func `an unknown type has a number only`() {
        #expect(MessageType(rawValue: 77).name == nil)
        #expect(MessageType(rawValue: 77).statisticsName == nil)
        #expect(MessageType(rawValue: 77).description == "type 77")
        #expect(MessageType.voteRefusal.description == "FAILOVER_AUTH_NACK")
        #expect(MessageType(name: "77")?.rawValue == 77)
    }

    @Test(arguments: ["", "PINGS", "-1", "32768", "99999"])
    func `what is neither a name nor a number below the light bit is no type`(text: String) {
        #expect(MessageType(name: text) == nil)
    }
}
