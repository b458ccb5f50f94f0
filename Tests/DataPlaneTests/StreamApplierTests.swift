// What a replica makes of its master's stream: each command, a transaction as one, nothing in half, and a clear end
// where something cannot be applied.

import ClusterWire
import RESP
import Testing

@testable import DataPlane

struct StreamApplierTests {
    @Test(arguments: 1...60)
    func `a transaction that is cut is not applied, and goes on from its beginning`(_ cut: Int) {
        let replica = LoneReplica.withCopy()
        let whole = LoneReplica.stream("MULTI", "INCR n", "INCR n", "EXEC")
        replica.hear(Array(whole.prefix(min(cut, whole.count - 1))))
        replica.lose()
        #expect(replica.server.keys == ["old=1@-1"] && replica.log.offset == 100)
        replica.tick(milliseconds: 1000)
        replica.greet()
        #expect(replica.sent.last == ["PSYNC", LoneReplica.id, "101"])
        replica.hear("+CONTINUE\r\n")
        replica.hear(whole)
        #expect(replica.server.keys == ["n=2@-1", "old=1@-1"])
        #expect(replica.log.offset == 100 + whole.count)
    }

    @Test(arguments: [
        ("LPUSH l a", ReplicationError.unknownCommand(name: "LPUSH")),
        ("SELECT 1", .otherDatabase("1")),
        ("FUNCTION LOAD x", .unknownCommand(name: "FUNCTION LOAD")),
        ("GETSET k", .wrongArity(name: "GETSET")),
    ])
    func `a replica stops before a command that it cannot apply, and before its transaction`(
        _ command: String, _ error: ReplicationError
    ) {
        for isTransaction in [false, true] {
            let replica = LoneReplica.withCopy()
            if isTransaction { replica.stream("MULTI", "SET a 1") }
            replica.stream(command, "SET z 1")
            #expect(replica.stopped == error)
            #expect(!replica.replication.holdsCopy && !replica.isOpen)
            #expect(replica.server.keys == ["old=1@-1"] && replica.log.offset == 100)
        }
    }

    @Test func `keys of several slots in one command are each found in their own`() {
        let replica = LoneReplica.withCopy()
        replica.stream("MSET a 1 b 2", "MSETEX 2 c 1 d 2 PXAT 90000", "COPY a e", "RENAME old f")
        #expect(replica.store.count == 6)
        for key in ["a", "b", "c", "d", "e", "f"] {
            let bytes = Array(key.utf8)
            #expect(replica.store.keys(in: KeySlot.of(bytes), limit: 9).contains(bytes), "\(key)")
        }
    }

    @Test func `after a command that failed here only a copy sets it right`() {
        let replica = LoneReplica.withCopy()
        replica.stream("SET t x", "MULTI", "INCR n", "INCR t", "EXEC")
        #expect(replica.stopped != nil && !replica.replication.holdsCopy)
        replica.replication.tryAgain(at: replica.now)
        replica.tick()
        replica.greet()
        #expect(replica.sent.last == ["PSYNC", "?", "-1"])
    }

    @Test func `words about scripts and slots, and that there are no functions, change nothing`() {
        let replica = LoneReplica.withCopy()
        replica.stream("FUNCTION FLUSH", "SCRIPT FLUSH", "CLUSTER SETSLOT 0 STABLE", "PING")
        #expect(replica.isOpen && replica.server.keys == ["old=1@-1"])
        #expect(replica.log.offset > 100)
    }

    @Test func `a question is answered with the offset before it`() {
        let replica = LoneReplica.withCopy()
        replica.stream("SET a 1")
        let offset = replica.log.offset
        replica.stream("REPLCONF GETACK *")
        #expect(replica.sent.last == ["REPLCONF", "ACK", "\(offset)"])
        #expect(replica.log.offset == offset + 37)
    }

    @Test func `a line of words in the stream is no command, and only a copy sets it right`() {
        let replica = LoneReplica.withCopy()
        replica.hear("SET a 1\r\n")
        #expect(replica.failure?.0 == .inlineCommand)
        replica.tick(milliseconds: 1000)
        replica.greet()
        #expect(replica.sent.last == ["PSYNC", "?", "-1"])
    }

    @Test func `the stream works on keys whose time is over, clients do not see them`() {
        let replica = LoneReplica.withCopy()
        replica.stream("SET x 1 PXAT \(replica.now + 50)")
        replica.tick(milliseconds: 100)
        replica.store.sweep()
        #expect(replica.store.find(Array("x".utf8).span) == nil)
        replica.stream("INCR x", "SETNX x 9", "PEXPIREAT old 1", "SET p 1 PXAT 1")
        #expect(
            replica.server.keys
                == ["old=1@1", "p=1@1", "x=2@\(replica.now - 50)"])
        // A master ends what is over.
        replica.replication.follow(nil, at: replica.now)
        replica.store.becomeMaster(from: 0)
        replica.store.sweep()
        #expect(replica.store.count == 0)
    }

    @Test func `limits of clients are none of the master's`() {
        let replica = LoneReplica()
        replica.replication.settings.limits.maximumBulkBytes = 100
        replica.replication.settings.limits.maximumBufferedBytes = 1000
        replica.follow()
        replica.greet()
        replica.hear(LoneReplica.copy([]))
        let value = String(repeating: "v", count: 700)
        replica.stream("MULTI", "SET a \(value)", "SET b \(value)", "EXEC")
        #expect(replica.store.count == 2)
    }

    // MARK: - Turns

    @Test
    func `what comes when the time is over waits, in its order, and counts when it is applied`() {
        let replica = LoneReplica.withCopy()
        replica.isShortOfTime = true
        let first = LoneReplica.stream("SET a 1")
        replica.hear(first + LoneReplica.stream("APPEND a 2", "MULTI", "APPEND a 3"))
        #expect(replica.server.keys == ["a=1@-1", "old=1@-1"])
        #expect(replica.replication.hasUnapplied && replica.log.offset == 100 + first.count)
        // More comes: it does not overtake.
        replica.stream("EXEC", "APPEND a 4")
        #expect(replica.server.keys == ["a=1@-1", "old=1@-1"])
        var values: [String] = []
        while replica.replication.hasUnapplied, values.count < 20 {
            replica.replication.applyMore(at: replica.now) { false }
            values.append(replica.server.keys[0])
        }
        // MULTI, what stands in it and EXEC take a turn each.
        #expect(
            values == ["a=12@-1", "a=12@-1", "a=12@-1", "a=123@-1", "a=1234@-1"], "\(values)")
    }

    @Test func `a link whose stream is being applied is not silent`() {
        let replica = LoneReplica.withCopy()
        replica.isShortOfTime = true
        replica.hear(LoneReplica.stream("SET a 1", "SET b 1", "SET c 1"))
        replica.tick(milliseconds: replica.replication.settings.timeout)
        replica.replication.applyMore(at: replica.now) { false }
        replica.tick()
        #expect(replica.isOpen)
    }
}
