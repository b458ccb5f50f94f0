// A file of keys, written while writes go on and read again: it is of one moment, carries its place in a history, and
// is refused whole where anything is wrong.

import Testing

@testable import DataPlane

struct KeysFileTests {
    private func auxiliary(_ log: ReplicationLog) -> RDBAuxiliary {
        RDBAuxiliary(
            version: "7.0.15", createdSeconds: 1, replicationID: "\(log.id)",
            replicationOffset: UInt64(log.offset))
    }

    /// Reads a file into a server that starts with it.
    private func start(
        _ file: [UInt8], at now: Int64 = 1000, asReplica: Bool = false
    ) throws(KeysFileError) -> TestServer {
        let server = TestServer(7009, seed: 9)
        server.store.now = now
        let fresh = MemoryStore(seed: 8)
        var reader = KeysFileReader(into: fresh)
        for start in stride(from: 0, to: file.count, by: 100) {
            try reader.feed(file.span.extracting(start..<min(start + 100, file.count)))
        }
        try reader.finish()
        server.store.replaceAll(with: fresh)
        if let (id, offset) = reader.position {
            server.replication.restore(id, at: offset, asReplica: asReplica)
        }
        return server
    }

    private func file(of server: TestServer) -> [UInt8] {
        var writer = KeysFileWriter(server.store, auxiliary(server.store.log))
        var file: [UInt8] = []
        while let piece = writer.nextPiece() { file += piece }
        return file
    }

    @Test func `a file is of the moment at which it was begun`() throws {
        let server = TestServer(7000, seed: 1)
        for number in 0..<3000 { server.run("SET", "k\(number)", "\(number)") }
        let keys = server.keys
        var writer = KeysFileWriter(server.store, auxiliary(server.store.log))
        var file: [UInt8] = []
        var number = 0
        while let piece = writer.nextPiece() {
            file += piece
            for _ in 0..<500 {
                server.run("APPEND", "k\(number % 4000)", "x")
                server.run("DEL", "k\(number * 7 % 3000)")
                number += 1
            }
        }
        #expect(try start(file).keys == keys)
    }

    @Test func `a file that is to be written slowly waits for its time, and is the same`() {
        let server = TestServer(7000, seed: 1)
        for number in 0..<100 {
            server.run("SET", "k\(number)", String(repeating: "v", count: 500))
        }
        var writer = KeysFileWriter(
            server.store, auxiliary(server.store.log), keyDelay: 10_000, at: 5000)
        var file: [UInt8] = []
        var now: Int64 = 5000
        while true {
            while writer.isAhead(at: now) { now += 1 }
            guard let piece = writer.nextPiece() else { break }
            file += piece
        }
        #expect((5990...6000).contains(now) && file == self.file(of: server))
    }

    @Test func `replicas go on behind a restart, and are told of keys that ended meanwhile`() throws
    {
        let master = TestServer(7000, seed: 1)
        master.store.now = 1000
        master.store.log.activate()
        master.run("SET", "stays", "1")
        master.run("SET", "ends", "1", "PX", "500")
        let (id, end) = (master.store.log.id, master.store.log.offset)
        let again = try start(file(of: master), at: 5000)
        #expect(again.store.dropEnded() == 1)
        #expect(again.keys == ["stays=1@-1"])
        #expect(again.store.log.canContinue(id, at: end + 1))
        #expect(!again.store.log.canContinue(id, at: end + 2))
        let sent = again.store.log.lend(from: end + 1) { bytes in
            String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
        }
        #expect(sent?.contains("DEL\r\n$4\r\nends") == true)
    }

    @Test func `a replica that starts from its file may answer from it, but does not know its age`()
        throws
    {
        let master = TestServer(7000, seed: 1)
        master.store.log.activate()
        master.run("SET", "a", "1")
        for isReplica in [true, false] {
            let server = try start(file(of: master), asReplica: isReplica)
            server.replication.follow(master.address, at: 1000)
            #expect(server.replication.holdsCopy == isReplica)
            #expect(server.replication.copyAge(at: 1000) == nil)
            // Another master has other keys: nobody knows whether these are its.
            server.replication.follow(MasterAddress(host: "10.0.0.3", port: 1), at: 1000)
            #expect(!server.replication.holdsCopy)
        }
    }

    @Test(arguments: ["9223372036854775807", "-1", "18446744073709551615", "x"])
    func `a place in a history that cannot be is none`(_ offset: String) throws {
        let count = String(offset.utf8.count, radix: 16)
        let text = offset.utf8.map { String($0, radix: 16) }.joined()
        let file = RDBKit.wrap(
            "fa077265706c2d696428" + String(repeating: "61", count: 40)
                + "fa0b7265706c2d6f6666736574" + (count.utf8.count == 1 ? "0" : "") + count + text)
        let server = try start(file)
        #expect(!server.store.log.isActive && server.store.log.offset == 0)
    }

    @Test func `a damaged file is refused, wherever it is cut or changed`() {
        let server = TestServer(7000, seed: 1)
        for number in 0..<20 { server.run("SET", "k\(number)", "\(number)") }
        let whole = file(of: server)
        for count in 0..<whole.count {
            #expect(throws: KeysFileError.self) { try start(Array(whole.prefix(count))) }
            var changed = whole
            changed[count] ^= 4
            #expect(throws: KeysFileError.self) { try start(changed) }
        }
        #expect(throws: KeysFileError.functions) { try start(RDBKit.wrap("f50161")) }
    }
}
