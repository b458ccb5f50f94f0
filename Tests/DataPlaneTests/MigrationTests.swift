// MIGRATE without sockets and clocks: what is sent, what the target's words mean, which keys go, which error is
// answered, and when it is over.

import ClusterWire
import DataPlane
import Determinism
import RESP
import TestSupport
import Testing

@Suite struct MigrationTests {
    private static let now: Int64 = 1_000_000

    private func request(_ words: String...) throws -> MigrateRequest {
        let source = RequestSource()
        var bytes: [UInt8] = []
        RESPWriter.command(["migrate"] + words, to: &bytes)
        source.feed(bytes)
        #expect(try source.next())
        return try MigrateRequest(source)
    }

    private func refusal(_ words: String...) throws -> MigrateRefusal? {
        let source = RequestSource()
        var bytes: [UInt8] = []
        RESPWriter.command(["migrate"] + words, to: &bytes)
        source.feed(bytes)
        #expect(try source.next())
        do throws(MigrateRefusal) {
            _ = try MigrateRequest(source)
            return nil
        } catch { return error }
    }

    private func key(_ name: String, _ value: String = "v", until expiry: Int64? = nil) -> MovedKey
    {
        MovedKey(key: Array(name.utf8), value: Array(value.utf8), expiry: expiry)
    }

    private func three() throws -> Migration {
        let request = try request("h", "1", "", "0", "1000", "KEYS", "a", "b", "c")
        return Migration(request, [key("a"), key("b"), key("c")], isFresh: true, at: 0)
    }

    /// All that the target is sent, as requests; it takes so many bytes at a time.
    private func written(_ migration: inout Migration, piece: Int = .max) throws -> [[[UInt8]]] {
        var parser = RequestParser()
        while migration.hasMoreToWrite {
            let count = migration.lend(wall: Self.now) { bytes in
                let count = min(piece, bytes.count)
                parser.feed(bytes.extracting(first: count))
                return count
            }
            migration.wrote(count, at: 0)
        }
        var list: [[[UInt8]]] = []
        while let words = try parser.nextArguments() { list.append(words) }
        #expect(parser.bufferedBytes == 0)
        return list
    }

    private func texts(_ list: [[[UInt8]]]) -> [[String]] {
        list.map { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    private func say(_ migration: inout Migration, _ text: String, at now: Int64 = 0) {
        migration.received(Array(text.utf8).span, at: now)
    }

    // MARK: - The request

    @Test func `all options are read, and a timeout that is none is a second`() throws {
        let all = try request(
            "h", "1", "", "2", "-5", "COPY", "replace", "AUTH2", "u", "p", "KEYS", "a", "b")
        #expect(all.isCopy && all.replaces && all.database == 2 && all.timeout == 1000)
        #expect(all.login == [Array("AUTH".utf8), Array("u".utf8), Array("p".utf8)])
        #expect(all.keyPlaces == 12..<14)
        let one = try request("h", "1", "k", "0", "7", "auth", "p")
        #expect(one.keyPlaces == 3..<4 && one.timeout == 7 && one.login.count == 2)
    }

    @Test func `words that make no sense are refused before numbers are looked at`() throws {
        #expect(try refusal("h", "1", "k", "x", "1", "FOO") == .syntax)
        #expect(try refusal("h", "1", "k", "0", "1", "AUTH") == .syntax)
        #expect(try refusal("h", "1", "", "0", "1", "AUTH2", "u") == .syntax)
        #expect(try refusal("h", "1", "k", "x", "1", "KEYS", "a") == .keyAndKeys)
        #expect(try refusal("h", "1", "k", "x", "1") == .notANumber)
        #expect(try refusal("h", "1", "k", "0", "x") == .notANumber)
    }

    // MARK: - What is sent

    @Test func `a fresh socket is greeted, and each key is restored with what it has left`() throws
    {
        let request = try request("h", "1", "", "0", "1", "AUTH", "pw", "REPLACE", "KEYS", "a", "b")
        var migration = Migration(
            request, [key("a"), key("b", until: Self.now + 1), key("over", until: Self.now)],
            isFresh: true, at: 0)
        let payload = String(decoding: DumpPayload.make([UInt8(ascii: "v")].span), as: UTF8.self)
        #expect(
            try texts(written(&migration)) == [
                ["AUTH", "pw"], ["SELECT", "0"],
                ["RESTORE-ASKING", "a", "0", payload, "REPLACE"],
                ["RESTORE-ASKING", "b", "1", payload, "REPLACE"],
            ])
        say(&migration, "+OK\r\n+OK\r\n+OK\r\n+OK\r\n")
        #expect(migration.outcome?.confirmed == [0, 1] && migration.outcome?.error == nil)
    }

    @Test func `a socket that stands in the database is not told to choose it again`() throws {
        let request = try request("h", "1", "a", "3", "1")
        for (database, count) in [(3, 1), (0, 2), (nil, 2)] as [(Int64?, Int)] {
            var migration = Migration(
                request, [key("a")], isFresh: false, database: database, at: 0)
            #expect(try written(&migration).count == count)
        }
    }

    @Test(arguments: [1, 2, 3])
    func `values of any length arrive whole, in whatever pieces they are taken`(
        seed: UInt64
    ) throws {
        var random = SplitMix64(seed: seed)
        let request = try request("h", "1", "", "0", "1", "KEYS", "a")
        for _ in 0..<5 {
            let keys = (0..<1 + random.below(20)).map { index in
                let count = Int(random.below([10, 20_000, 300_000][Int(random.below(3))]))
                return MovedKey(
                    key: Array("k\(index)".utf8),
                    value: (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ Int(seed)) },
                    expiry: nil)
            }
            var migration = Migration(request, keys, isFresh: true, at: 0)
            let sent = try written(&migration, piece: Int(1 + random.below(100_000)))
            #expect(sent.count == keys.count + 1)
            for (words, key) in zip(sent.dropFirst(), keys) {
                #expect(words[1] == key.key)
                let payload = words[3]
                let opened = try DumpPayload.open(payload.span, limit: 1 << 20)
                #expect(opened == key.value, "seed \(seed)")
            }
        }
    }

    // MARK: - What the target says

    @Test func `of three keys with an error at the second, two have moved`() throws {
        var migration = try three()
        _ = try written(&migration)
        say(&migration, "+OK\r\n+OK\r\n-BUSYKEY Target key name already exists.\r\n")
        #expect(migration.outcome == nil)
        say(&migration, "+OK\r\n")
        #expect(migration.outcome?.confirmed == [0, 2])
        #expect(migration.outcome?.socket == .unknownDatabase)
        #expect(
            migration.outcome?.error?.text
                == "ERR Target instance replied with error: BUSYKEY Target key name already exists."
        )
    }

    @Test func `a refused greeting leaves all keys here, and its error is the one that is told`()
        throws
    {
        var migration = try three()
        _ = try written(&migration)
        say(&migration, "-NOAUTH first\r\n+OK\r\n-ERR second\r\n+OK\r\n")
        #expect(migration.outcome?.confirmed == [])
        #expect(migration.outcome?.error == .target("NOAUTH first"))
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n", ":1\r\n", "$-1\r\n", "\r\n",
        "+" + String(repeating: "x", count: 2000), "*1\r\n",
    ])
    func `a target that says what no target says ends the move`(text: String) throws {
        var migration = try three()
        _ = try written(&migration)
        say(&migration, text)
        #expect(migration.outcome?.error == .reading)
        #expect(migration.outcome?.confirmed == [] && migration.outcome?.socket == nil)
    }

    @Test func `replies to what was not sent yet end the move, and confirm nothing`() throws {
        var migration = try three()
        migration.connected(at: 0)
        say(&migration, "+OK\r\n+OK\r\n+OK\r\n+OK\r\n")
        #expect(migration.outcome?.error == .reading && migration.outcome?.confirmed == [])
    }

    @Test func `words behind the last reply spoil the socket, not the move`() throws {
        var migration = try three()
        _ = try written(&migration)
        say(&migration, "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n")
        #expect(migration.outcome?.error == nil && migration.outcome?.socket == nil)
        #expect(migration.outcome?.confirmed == [0, 1, 2])
    }

    @Test func `what a target says is repeated without control characters`() throws {
        var migration = try three()
        _ = try written(&migration)
        say(&migration, "-E \u{1B}[31m\t\r\n+OK\r\n+OK\r\n+OK\r\n")
        #expect(migration.outcome?.error == .target("E ?[31m?"))
    }

    @Test(arguments: [1, 2, 3, 4])
    func `whatever a target says, a move ends or waits, and confirms only what it sent`(
        seed: UInt64
    ) throws {
        var random = SplitMix64(seed: seed)
        let pieces = ["+OK\r\n", "-ERR x\r\n", "+", "-", "\r", "\n", "\0", "x", "*", "$5\r\n"]
        for _ in 0..<500 {
            var migration = try three()
            if random.below(2) == 0 { _ = try written(&migration) }
            for _ in 0..<random.below(12) {
                say(&migration, pieces[random.below(pieces.count)])
            }
            _ = migration.broke()
            let outcome = try #require(migration.outcome, "seed \(seed)")
            #expect(Set(outcome.confirmed).count == outcome.confirmed.count)
            #expect(outcome.confirmed.allSatisfy { $0 < 3 })
        }
    }

    // MARK: - Failing

    @Test func `a used socket that breaks before it said anything is tried afresh, once`() throws {
        let request = try request("h", "1", "a", "0", "1000")
        var used = Migration(request, [key("a")], isFresh: false, database: 0, at: 0)
        #expect(used.broke() == .retry && used.outcome == nil)
        var fresh = Migration(request, [key("a")], isFresh: true, at: 0)
        #expect(fresh.broke() == .over && fresh.outcome?.error == .writing)
        var spoken = Migration(
            request, [key("a"), key("b")], isFresh: false, database: 0, at: 0)
        _ = try written(&spoken)
        say(&spoken, "+OK\r\n")
        #expect(spoken.broke() == .over && spoken.outcome?.error == .reading)
        #expect(spoken.outcome?.confirmed == [0])
    }

    @Test func `silence ends a move when its time is over, with the words for what it did`() throws
    {
        var migration = try three()
        migration.check(at: 999)
        #expect(migration.outcome == nil)
        migration.check(at: 1000)
        #expect(migration.outcome?.error == .connecting)
        migration = try three()
        migration.connected(at: 500)
        migration.check(at: 1499)
        #expect(migration.outcome == nil)
        migration.check(at: 1500)
        #expect(migration.outcome?.error == .writing)
        migration = try three()
        migration.connected(at: 0)
        _ = try written(&migration)
        say(&migration, "+OK\r\n+O", at: 900)
        // The rest of a line is no progress until its end has come.
        say(&migration, "K", at: 1800)
        migration.check(at: 1899)
        #expect(migration.outcome == nil)
        migration.check(at: 1900)
        #expect(migration.outcome?.error == .reading)
        let text = "IOERR error or timeout reading to target instance"
        #expect(migration.outcome?.error?.text == text)
    }

    // MARK: - Taking keys away

    @Test func `only keys that are as they were sent go, and replicas are sent one DEL`() throws {
        let client = KeyClient()
        for name in ["a", "b", "c", "d"] { client.set(name, Array("value".utf8)) }
        client.follow()
        let names = ["a", "b", "c", "d", "none"].map { Array($0.utf8) }
        let keys = client.store.keysToMove(names)
        #expect(keys.count == 4)
        // Another value, one that is equal but another's, and a time to live.
        client.set("b", Array("value".utf8))
        client.store.setExpiry(of: client.set("c", Array("v".utf8)), 2_000_000)
        let request = try request("h", "1", "", "0", "1", "KEYS", "a")
        var migration = Migration(request, keys, isFresh: true, at: 0)
        _ = try written(&migration)
        say(&migration, "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n")
        client.store.removeMoved(try #require(migration.outcome), of: keys)
        #expect(client.value("a") == nil && client.value("d") == nil)
        #expect(client.value("b") != nil && client.value("c") != nil)
        #expect(client.sent == [["DEL", "a", "d"]])
    }
}
