// The rules of the one-line text of a message: complete enough to read, cut where it could grow, and
// harmless on a terminal whatever a peer sent.

import ClusterWire
import Testing

@Suite struct MessageTextTests {
    private func line(_ body: Body, _ header: Header = sampleHeader(.extensions)) -> String {
        Message.full(header, body).line
    }

    private let start =
        "aaaaaaaa master epoch 9 config 7 offset 4242 slots 0-5460,16383 "
        + "at 127.0.0.1:7000@17000,7100 flags master,myself,migrate_to state ok"

    @Test func `a line says who speaks and what it claims`() {
        #expect(line(.vote) == "FAILOVER_AUTH_ACK \(start)")
        var header = sampleHeader([.paused, .forceAck])
        header.replicaOf = idB
        header.state = 1
        header.slots = SlotSet()
        header.ip = IPText()
        header.secondaryPort = 0
        header.flags = []
        #expect(
            line(.voteRequest, header)
                == "FAILOVER_AUTH_REQUEST aaaaaaaa replica of bbbbbbbb epoch 9 config 7 offset 4242 "
                + "slots none at :7000@17000 flags none state fail paused force_ack")
    }

    @Test func `gossip is counted and failing nodes are named`() {
        let gossip = GossipSection([
            sampleEntry(idA), sampleEntry(idB, flags: [.master, .pfail]),
            sampleEntry(idC, flags: [.replica, .fail]),
        ])
        #expect(
            line(.ping(Heartbeat(gossip: gossip)))
                == "PING \(start) gossip 3 (fail? bbbbbbbb, fail cccccccc)")
        let many = GossipSection(
            [GossipEntry](repeating: sampleEntry(idB, flags: .fail), count: 100))
        #expect(line(.ping(Heartbeat(gossip: many))).hasSuffix("fail bbbbbbbb, …)"))
        #expect(line(.ping(Heartbeat(gossip: many))).count < 350)
    }

    @Test func `each extension has its words and a secret has none of its own`() throws {
        let beat = Heartbeat(extensions: [
            .hostname("a b"), .nodeName("\u{E9}\u{1B}[31m\"\\"), .shardID(ShardID(idC)),
            .forgottenNode(idB, secondsLeft: 59),
        ])
        #expect(
            line(.meet(beat)).hasSuffix(
                " gossip 0 hostname \"a b\" human_nodename \"\\xe9\\x1b[31m\\x22\\x5c\" "
                    + "shard cccccccc forgotten bbbbbbbb for 59 s"))
        let port: [UInt8] = [0x1B, 0x58, 0, 0, 0, 0, 0, 0]
        let words: [(UInt16, [UInt8], String)] = [
            (3, [UInt8](repeating: 0, count: 40), "shard -"),
            (
                4, Array("10.0.0.1".utf8) + [UInt8](repeating: 0, count: 8),
                "client_ipv4 \"10.0.0.1\""
            ),
            (4, [UInt8](repeating: 0x73, count: 40), "internal_secret"),
            (5, Array("::1\0\0\0\0\0".utf8), "client_ipv6 \"::1\""),
            (6, port, "client_port 7000"), (7, port, "client_tls_port 7000"),
            (8, Array("zone-1\0\0".utf8), "availability_zone \"zone-1\""),
            (99, port, "extension 99 (8 bytes)"),
        ]
        for (type, payload, expected) in words {
            let read = try Message.decode(frame(extension: type, payload: payload)).line
            #expect(read.hasSuffix(" gossip 0 \(expected)"))
            #expect(!read.contains("ssss"))
        }
    }

    @Test func `bodies say what they carry`() {
        let publication = Publication(channel: [0x0A], message: [1, 2])
        let update = SlotUpdate(configEpoch: 12, node: idC, slots: slots((5, 9)))
        #expect(line(.fail(idB)) == "FAIL \(start) failed \(idB)")
        #expect(line(.update(update)) == "UPDATE \(start) update \(idC) config 12 slots 5-9")
        #expect(
            line(.publish(publication)) == "PUBLISH \(start) channel \"\\x0a\" message 2 bytes")
        #expect(line(.unknown(.voteRefusal, [1])) == "FAILOVER_AUTH_NACK \(start) body 1 bytes")
        let module = ModuleBody(module: 255, type: 3, payload: [])
        #expect(
            Message.light(LightMessage(.module(module))).line
                == "MODULE light module 0xff type 3 payload 0 bytes")
        #expect(
            Message.light(LightMessage(.publishShard(publication))).line
                == "PUBLISHSHARD light channel \"\\x0a\" message 2 bytes")
    }

    @Test func `long lists and texts are cut`() {
        var header = sampleHeader()
        header.slots = SlotSet()
        for number in stride(from: 0, to: 16384, by: 2) {
            if let slot = Slot(number) { header.slots.insert(slot) }
        }
        #expect(line(.vote, header).contains("slots 0,2,4,6,8,10,12,14,… (8192 slots) at"))
        let long = Publication(channel: [UInt8](repeating: 0x61, count: 5000), message: [])
        let text = Message.light(LightMessage(.publish(long))).line
        #expect(text.contains("aaa…\" message"))
        #expect(text.count < 200)
    }

    @Test func `an id of any bytes prints no control character`() throws {
        var frame = bytes(.full(sampleHeader(), .fail(idB)))
        frame[40] = 0x1B
        frame[2256] = 0x9B
        let text = try Message.decode(frame).line
        #expect(text.contains("FAIL \\x1baaaaaaa"))
        #expect(text.contains("failed \\x9bbbbb"))
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F })
    }
}
