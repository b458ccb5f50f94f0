// DUMP and RESTORE as clients and replicas see them: options, the order of the checks, what is sent on, and long
// values that go in pieces.

import ClusterWire
import DataPlane
import RESP
import TestSupport
import Testing

@Suite struct DumpCommandTests {
    private static let payload = DumpPayload.make(Array("v".utf8).span)
    private static let busy = "BUSYKEY Target key name already exists."
    private static let notANumber = "ERR value is not an integer or out of range"
    private static let negative = "ERR Invalid TTL value, must be >= 0"
    private static let footer = "ERR DUMP payload version or checksum are wrong"
    private static let moment = "ERR invalid expire time in 'restore' command"

    private func restore(_ words: [String], there: Bool = false) throws -> RESPValue? {
        var client = KeyClient()
        if there { client.set("k", [1]) }
        return try client.ask(
            DumpCommands.restore,
            words.map { $0 == "?" ? Self.payload : Array($0.utf8) })
    }

    @Test(arguments: [
        (["k", "0", "?", "FOO"], "ERR syntax error"),
        (["k", "x", "bad", "REPLACE", "FREQ"], "ERR syntax error"),
        (["k", "0", "?", "IDLETIME", "1", "FREQ", "1"], "ERR syntax error"),
        (["k", "0", "?", "IDLETIME", "-1"], "ERR Invalid IDLETIME value, must be >= 0"),
        (["k", "0", "?", "FREQ", "256"], "ERR Invalid FREQ value, must be >= 0 and <= 255"),
        (["k", "0", "?", "FREQ", "x"], notANumber),
        (["k", "x", "bad"], notANumber), (["k", "-1", "bad"], negative),
        (["k", "9223372036854775807", "?"], moment),
        (["k", "9223372036854775807", "?", "ABSTTL"], moment),
        (["k", "0", "bad"], footer), (["k", "0", ""], footer),
    ])
    func `a request that makes no sense is refused in the words and order of real servers`(
        words: [String], text: String
    ) throws {
        #expect(try restore(["restore"] + words) == .error(text))
    }

    @Test func `a key that is there is told of before the time to live and the payload`() throws {
        #expect(try restore(["restore", "k", "x", "bad"], there: true) == .error(Self.busy))
        let options = ["restore", "k", "x", "bad", "FOO"]
        #expect(try restore(options, there: true) == .error("ERR syntax error"))
        #expect(try restore(["restore", "k", "0", "?", "REPLACE"], there: true) == .simple("OK"))
    }

    @Test func `a payload that holds no string is refused`() throws {
        var client = KeyClient()
        var list = Self.payload.dropLast(8)
        list[0] = 1
        let sum = CRC64.of(Array(list).span)
        let payload = list + (0..<8).map { UInt8(truncatingIfNeeded: sum >> UInt64(8 * $0)) }
        let reply = try client.ask(
            DumpCommands.restore, "restore", "k", "0", "?", payload: Array(payload))
        #expect(reply == .error("ERR Bad data format"))
    }

    @Test func `what DUMP gives comes back, and a key that is not there gives null`() throws {
        var client = KeyClient()
        client.set("a", Array("hello".utf8))
        guard case .bulk(let payload)? = try client.ask(DumpCommands.dump, "dump", "a") else {
            Issue.record("no payload")
            return
        }
        #expect(
            try client.ask(DumpCommands.restore, "restore", "b", "0", "?", payload: payload)
                == .simple("OK"))
        #expect(client.value("b") == Array("hello".utf8) && client.expiry("b") == nil)
        #expect(try client.ask(DumpCommands.dump, "dump", "none") == .null)
    }

    @Test func `replicas are sent the moment at which a key ends, under the command's name`() throws
    {
        var client = KeyClient()
        client.follow()
        let text = String(decoding: Self.payload, as: UTF8.self)
        _ = try client.ask(
            DumpCommands.restore, "restore", "a", "5000", "?", payload: Self.payload)
        _ = try client.ask(
            DumpCommands.restore, "RESTORE-ASKING", "a", "2000000", "?", "replace", "absttl",
            "idletime", "5", payload: Self.payload)
        _ = try client.ask(DumpCommands.restore, "restore", "b", "0", "?", payload: Self.payload)
        #expect(
            client.sent == [
                ["restore", "a", "1005000", text, "ABSTTL"],
                ["RESTORE-ASKING", "a", "2000000", text, "REPLACE", "ABSTTL"],
                ["restore", "b", "0", text],
            ])
        #expect(client.expiry("a") == 2_000_000)
    }

    @Test func `a key that has ended already takes away the old one, and replicas are sent that`()
        throws
    {
        var client = KeyClient()
        client.set("a", [1])
        client.follow()
        for key in ["a", "none"] {
            let reply = try client.ask(
                DumpCommands.restore, "restore", key, "999999", "?", "REPLACE", "ABSTTL",
                payload: Self.payload)
            #expect(reply == .simple("OK"))
            #expect(client.value(key) == nil)
        }
        #expect(client.sent == [["DEL", "a"]])
    }

    @Test func `a replica takes a key that has ended, until its master says that it goes`() throws {
        var client = KeyClient()
        client.store.becomeReplica()
        let reply = try client.ask(
            DumpCommands.restore, "restore", "a", "999999", "?", "ABSTTL", payload: Self.payload)
        #expect(reply == .simple("OK"))
        #expect(client.store.count == 1)
    }

    @Test func `a long value goes in pieces, and is the same`() throws {
        var client = KeyClient(mayPause: true)
        let value = (0..<9_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        client.set("a", value)
        guard case .bulk(let payload)? = try client.ask(DumpCommands.dump, "dump", "a") else {
            Issue.record("no payload")
            return
        }
        #expect(client.pauses > 2)
        #expect(
            try client.ask(DumpCommands.restore, "restore", "b", "0", "?", payload: payload)
                == .simple("OK"))
        #expect(client.pauses > 4)
        #expect(client.value("b") == value)
    }

    @Test func `a long value is set in pieces, with all that SET may say`() throws {
        var client = KeyClient(mayPause: true)
        let value = [UInt8](repeating: 9, count: 5_000_000)
        client.set("a", [1], until: 2_000_000)
        let words = ["set", "a", "?", "keepttl", "get"]
        let reply = try client.ask(
            SetCommand.run, words.map { $0 == "?" ? value : Array($0.utf8) })
        #expect(reply == .bulk([1]))
        #expect(client.pauses == 4)
        #expect(client.value("a") == value && client.expiry("a") == 2_000_000)
        let exists = try client.ask(StringCommands.setIfMissing, "setnx", "a", "?", payload: value)
        #expect(exists == .integer(0))
        #expect(
            try client.ask(StringCommands.getAndSet, "getset", "a", "?", payload: value)
                == .bulk(value))
        #expect(client.value("a") == value && client.expiry("a") == nil)
        _ = try client.ask(SetCommand.run, "set", "b", "short")
        #expect(client.pauses == 0 && client.value("b") == Array("short".utf8))
    }

    @Test func `a key that came while a payload was opened is not overwritten`() throws {
        var client = KeyClient(mayPause: true)
        let payload = DumpPayload.make([UInt8](repeating: 7, count: 9_000_000).span)
        let words = [Array("restore".utf8), Array("a".utf8), [48], payload]
        let key = Array("a".utf8)
        let reply = try client.ask(
            DumpCommands.restore, words,
            between: { _ = $0.set(key.span, in: KeySlot.of(key), to: [1, 2].span) })
        #expect(reply == .error(Self.busy))
        #expect(client.value("a") == [1, 2])
    }

    @Test func `what DUMP gives is the value as it was when it was asked for`() throws {
        var client = KeyClient(mayPause: true)
        let value = [UInt8](repeating: 7, count: 9_000_000)
        let number = client.set("a", value)
        let reply = try client.ask(
            DumpCommands.dump, [Array("dump".utf8), Array("a".utf8)],
            between: { $0.append(to: number, [1, 2, 3].span) })
        #expect(reply == .bulk(DumpPayload.make(value.span)))
    }
}
