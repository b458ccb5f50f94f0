// What DEBUG tells of keys: digests of real servers, keys that are made up, in pieces or at once.

import DataPlane
import RESP
import Testing

@Suite struct DataReportTests {
    private static let both = "669dc7955c0119edb82e7cfeb40ea4a28f89f902"
    private static let none = String(repeating: "0", count: 40)

    @Test(arguments: [false, true])
    func `the digest of all keys is that of real servers`(mayPause: Bool) throws {
        var client = KeyClient(mayPause: mayPause)
        #expect(try client.ask(DataReports.digest, "debug", "digest") == .simple(Self.none))
        client.set("a", Array("1".utf8))
        client.set("b", Array("hello".utf8), until: 5_000_000)
        #expect(try client.ask(DataReports.digest, "debug", "digest") == .simple(Self.both))
    }

    @Test func `many keys and long values are looked at in pieces, with the same digest`() throws {
        var (whole, pieces) = (KeyClient(), KeyClient(mayPause: true))
        var digests: [RESPValue?] = []
        for index in 0..<5000 {
            whole.set("k\(index)", Array("\(index)".utf8))
            pieces.set("k\(4999 - index)", Array("\(4999 - index)".utf8))
        }
        let long = [UInt8](repeating: 1, count: 3_000_000)
        whole.set("long", long)
        pieces.set("long", long)
        digests.append(try whole.ask(DataReports.digest, "debug", "digest"))
        digests.append(try pieces.ask(DataReports.digest, "debug", "digest"))
        #expect(digests[0] == digests[1])
        #expect(whole.pauses == 0 && pieces.pauses > 4)
    }

    @Test func `DEBUG DIGEST-VALUE gives zeros for a key that is not there`() throws {
        var client = KeyClient()
        client.set("a", Array("v1".utf8))
        let reply = try client.ask(DataReports.digestValues, "debug", "digest-value", "a", "b")
        let list = try #require(reply?.elements)
        #expect(list.count == 2 && list[0] != list[1] && list[1] == .simple(Self.none))
    }

    @Test(arguments: [false, true])
    func `DEBUG POPULATE adds the keys of real servers, and sends replicas nothing`(
        mayPause: Bool
    ) throws {
        var client = KeyClient(mayPause: mayPause)
        client.set("key:1", [9])
        client.follow()
        #expect(try client.ask(DataReports.populate, "debug", "populate", "5000") == .simple("OK"))
        #expect(client.pauses > 0 || !mayPause)
        #expect(client.store.count == 5000)
        #expect(client.value("key:1") == [9])
        #expect(client.value("key:4999") == Array("value:4999".utf8))
        _ = try client.ask(DataReports.populate, "debug", "populate", "2", "x", "3")
        _ = try client.ask(DataReports.populate, "debug", "populate", "2", "y", "9")
        #expect(client.value("x:1") == Array("val".utf8))
        #expect(client.value("y:1") == Array("value:1".utf8) + [0, 0])
        #expect(client.sent.isEmpty)
        let error = RESPValue.error("ERR value is out of range, must be positive")
        for count in ["-1", "x"] {
            #expect(try client.ask(DataReports.populate, "debug", "populate", count) == error)
        }
    }

    @Test(arguments: [
        ("12", "int", 2), ("hello", "embstr", 6), (String(repeating: "x", count: 45), "raw", 46),
    ])
    func `DEBUG OBJECT tells how the reference would keep a value`(
        value: String, encoding: String, length: Int
    ) throws {
        var client = KeyClient()
        client.set("a", Array(value.utf8))
        guard case .simple(let text)? = try client.ask(DataReports.object, "debug", "object", "a")
        else {
            Issue.record("no text")
            return
        }
        #expect(text.contains("encoding:\(encoding) serializedlength:\(length) "))
        let none = try client.ask(DataReports.object, "debug", "object", "b")
        #expect(none == .error("ERR no such key"))
    }
}
