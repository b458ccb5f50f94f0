// The handshake and the copy as a replica sees them: what it says, what it takes, and that keys which are there stay
// until a whole copy takes their place.

import TestSupport
import Testing

@testable import DataPlane

struct MasterLinkTests {
    private let file = RDBKit.write([RDBEntry("new", "2"), RDBEntry("more", "3")])

    private func asking() -> LoneReplica {
        let replica = LoneReplica.withCopy()
        replica.lose()
        replica.tick(milliseconds: 1000)
        replica.greet()
        return replica
    }

    private func copy(_ file: [UInt8], length: Int? = nil) -> [UInt8] {
        Array("+FULLRESYNC \(LoneReplica.id) 500\r\n$\(length ?? file.count)\r\n".utf8) + file
    }

    @Test func `a replica reads each reply before it says the next`() {
        let replica = LoneReplica()
        replica.replication.settings.greeting.password = "pw"
        replica.replication.settings.greeting.address = "10.0.0.9"
        replica.follow()
        var said = [replica.sent.last?.joined(separator: " ")]
        for reply in ["+PONG\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n"] {
            replica.hear(reply)
            said.append(replica.sent.last?.joined(separator: " "))
        }
        #expect(
            said == [
                "PING", "AUTH pw", "REPLCONF listening-port 7000", "REPLCONF ip-address 10.0.0.9",
                "REPLCONF capa eof capa psync2", "PSYNC ? -1",
            ])
    }

    @Test(arguments: [1, 2, 7, 1000])
    func `keepalives count nowhere, wherever they come`(_ piece: Int) {
        let replica = LoneReplica()
        replica.follow()
        replica.hear("\n\n+PONG\r\n\n+OK\r\n+OK\r\n\n\n\n", piece: piece)
        let file = RDBKit.write([RDBEntry("k", "v")])
        replica.hear(
            Array("\n+FULLRESYNC \(LoneReplica.id) 7\r\n\n\n$\(file.count)\r\n".utf8) + file,
            piece: piece)
        replica.hear("\n\r\n", piece: piece)
        replica.stream("SET a 1", piece: piece)
        replica.hear("\n", piece: piece)
        #expect(replica.server.keys == ["a=1@-1", "k=v@-1"])
        #expect(replica.log.offset == 7 + LoneReplica.stream("SET a 1").count)
    }

    @Test(arguments: [1, 39, 40, 41, 100_000])
    func `a copy with a mark is taken in pieces of any size`(_ piece: Int) {
        let replica = asking()
        replica.hear(LoneReplica.markedCopy(file), piece: piece)
        #expect(replica.server.keys == ["more=3@-1", "new=2@-1"])
        #expect(replica.sent.last == ["REPLCONF", "ACK", "100"])
    }

    @Test(arguments: [
        "checksum", "short", "long", "no mark", "twice", "stops", "bytes behind the end",
    ])
    func `a copy that is not whole leaves the keys that are there`(_ damage: String) throws {
        let replica = asking()
        var wrong = file
        wrong[wrong.count - 1] ^= 1
        switch damage {
        case "checksum": replica.hear(copy(wrong))
        case "short": replica.hear(copy(file, length: file.count - 1))
        case "long": replica.hear(copy(file + [0], length: file.count + 1))
        case "no mark":
            replica.hear(LoneReplica.markedCopy(file, end: String(repeating: "x", count: 40)))
        case "twice": replica.hear(copy(RDBKit.write([RDBEntry("k", "1"), RDBEntry("k", "2")])))
        case "stops":
            replica.hear(copy(file).dropLast())
            replica.lose()
        default: replica.hear(LoneReplica.markedCopy(file + file))
        }
        #expect(replica.server.keys == ["old=1@-1"])
        #expect(replica.replication.holdsCopy)
        #expect(replica.replication.stoppedBecause == nil)
        if damage != "stops" { #expect(try #require(replica.failure).keepsCopy) }
        // And it comes again, for what it had.
        replica.tick(milliseconds: 1000)
        replica.greet()
        #expect(replica.sent.last == ["PSYNC", LoneReplica.id, "101"])
    }

    @Test func `a copy that is on its way is not served`() {
        let replica = asking()
        replica.hear(Array(copy(file).dropLast(20)))
        #expect(replica.server.keys == ["old=1@-1"])
        #expect(replica.replication.linkState == .copying)
    }

    @Test func `a replica stops at a type that is not kept here, and names it`() {
        let replica = asking()
        replica.hear(copy(RDBKit.wrap("01016b0101 61")))
        #expect(!replica.replication.holdsCopy)
        #expect("\(replica.stopped.map { "\($0)" } ?? "")".contains("a list (type 1)"))
        replica.tick(milliseconds: 5000)
        #expect(!replica.isOpen)
    }

    @Test func `a replica stops at a library of functions`() {
        let replica = asking()
        replica.hear(copy(RDBKit.wrap("f50161")))
        #expect(replica.stopped == .copyHasFunctions)
        #expect(!replica.replication.holdsCopy)
    }

    @Test func `a replica that has stopped tries again when it is told to`() {
        let replica = asking()
        replica.hear(copy(RDBKit.wrap("f50161")))
        replica.replication.tryAgain(at: replica.now)
        replica.tick()
        replica.greet()
        replica.hear(copy(file))
        #expect(replica.replication.holdsCopy && replica.stopped == nil)
    }

    @Test func `what nobody asked for is not continued`() {
        let replica = LoneReplica()
        replica.follow()
        replica.greet()
        replica.hear("+CONTINUE \(LoneReplica.id)\r\n")
        #expect(replica.failure?.0 == .continuedNothing)
        #expect(!replica.replication.holdsCopy)
    }

    @Test func `a history goes on under another name, and replicas of the replica ask again`() {
        let replica = LoneReplica.withCopy()
        #expect(
            replica.replication.addReplica(
                5, ReplicaAnnouncement(), peer: "x", id: Array(LoneReplica.id.utf8), offset: 101,
                at: replica.now) == nil)
        replica.lose()
        replica.tick(milliseconds: 1000)
        replica.greet()
        replica.hear("+CONTINUE \(LoneReplica.otherID)\r\n")
        #expect("\(replica.log.id)" == LoneReplica.otherID)
        #expect(replica.log.secondID.map { "\($0)" } == LoneReplica.id)
        #expect(replica.log.secondOffset == 101)
        #expect(replica.closed == [5])
    }

    @Test(arguments: ["NOMASTERLINK not now", "LOADING wait"])
    func `a master that is not ready is asked again after a second`(_ words: String) {
        let replica = LoneReplica()
        replica.follow()
        replica.greet()
        replica.hear("-\(words)\r\n")
        #expect(!replica.isOpen)
        for _ in 0..<25 { replica.tick() }
        #expect(replica.connected.count == 2)
    }

    @Test func `a wrong password ends the attempt`() {
        let replica = LoneReplica()
        replica.replication.settings.greeting.password = "pw"
        replica.follow()
        replica.hear("-NOAUTH Authentication required.\r\n-WRONGPASS no\r\n")
        #expect(replica.failure?.0 == .refused("WRONGPASS no"))
    }

    @Test func `a silent master is given up, and asked for what follows`() {
        let replica = LoneReplica.withCopy()
        replica.tick(milliseconds: replica.replication.settings.timeout)
        #expect(replica.isOpen)
        replica.tick()
        #expect(!replica.isOpen && replica.replication.holdsCopy)
    }

    @Test func `offsets at the end of the range are refused, and below it are counted on`() {
        let replica = asking()
        replica.hear("+FULLRESYNC \(LoneReplica.id) \(Int64.max)\r\n")
        #expect(!replica.isOpen)
        replica.tick(milliseconds: 1000)
        replica.greet()
        let start = ReplicationLog.largestOffset
        replica.hear(Array("+FULLRESYNC \(LoneReplica.id) \(start)\r\n$\(file.count)\r\n".utf8))
        replica.hear(file)
        replica.stream("SET a 1")
        #expect(replica.log.offset == start + LoneReplica.stream("SET a 1").count)
        replica.replication.follow(nil, at: replica.now)
        #expect(replica.log.secondOffset == replica.log.offset + 1)
    }

    @Test func `a line without an end is not kept for ever`() {
        let replica = LoneReplica()
        replica.follow()
        replica.hear([UInt8](repeating: 65, count: 10_000), piece: 100)
        #expect(replica.failure?.0 == .lineTooLong)
    }

    @Test func `a copy larger than the memory for it is given up`() {
        let replica = asking()
        replica.replication.settings.copies.memory = 100
        replica.lose()
        replica.tick(milliseconds: 1000)
        replica.greet()
        replica.hear(copy(RDBKit.write([RDBEntry("k", String(repeating: "x", count: 1000))])))
        #expect(replica.failure?.0 == .tooMuchMemory(limitBytes: 100))
        #expect(replica.server.keys == ["old=1@-1"])
    }

    // MARK: - Who is there

    /// It follows a master whose name it knows, and has asked for it.
    private func asked() -> LoneReplica {
        let replica = LoneReplica()
        replica.master = MasterAddress(host: "10.0.0.2", port: 7001, nodeID: LoneReplica.id)
        replica.follow()
        replica.hear("+PONG\r\n")
        #expect(replica.sent.last == ["CLUSTER", "MYID"])
        return replica
    }

    @Test(arguments: [1, 3, 1000])
    func `a replica does not follow another node than its master, and looks again`(_ piece: Int) {
        let replica = asked()
        replica.hear("$40\r\n\(LoneReplica.otherID)\r\n", piece: piece)
        #expect(replica.failure?.0 == .anotherNode(LoneReplica.otherID))
        #expect(!replica.isOpen && replica.stopped == nil)
        for _ in 0..<11 { replica.tick() }
        #expect(replica.connected.count == 2)
    }

    @Test(arguments: [1, 3, 1000])
    func `a replica follows the node of its master's name`(_ piece: Int) {
        let replica = asked()
        replica.hear("$40\r\n\(LoneReplica.id)\r\n+OK\r\n+OK\r\n", piece: piece)
        #expect(replica.sent.last == ["PSYNC", "?", "-1"])
    }

    @Test(arguments: ["NOPERM no", "ERR unknown command", "ERR This instance has cluster"])
    func `a server that does not say who it is is taken for the master`(_ words: String) {
        let replica = asked()
        replica.hear("-\(words)\r\n+OK\r\n+OK\r\n")
        #expect(replica.sent.last == ["PSYNC", "?", "-1"])
    }

    @Test(arguments: ["LOADING wait", "BUSY wait"])
    func `a server that cannot say yet who it is is asked again later`(_ words: String) {
        let replica = asked()
        replica.hear("-\(words)\r\n")
        #expect(!replica.isOpen)
        for _ in 0..<11 { replica.tick() }
        #expect(replica.connected.count == 2)
    }

    @Test(arguments: ["$41", "$-1", "+OK", ":1", "*0"])
    func `what is no name ends the attempt`(_ words: String) {
        let replica = asked()
        replica.hear("\(words)\r\n")
        #expect(!replica.isOpen && replica.sent.last == ["CLUSTER", "MYID"])
    }

    @Test func `another master at the same address is followed under its own name`() {
        let replica = asked()
        replica.hear("$40\r\n\(LoneReplica.id)\r\n+OK\r\n+OK\r\n")
        replica.hear(LoneReplica.copy([RDBEntry("old", "1")]))
        replica.master = MasterAddress(host: "10.0.0.2", port: 7001, nodeID: LoneReplica.otherID)
        replica.follow()
        #expect(replica.connected.count == 2)
        replica.hear("+PONG\r\n$40\r\n\(LoneReplica.otherID)\r\n+OK\r\n+OK\r\n")
        #expect(replica.sent.last == ["PSYNC", LoneReplica.id, "101"])
    }
}
