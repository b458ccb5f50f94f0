// A host by itself: its file, its loop, and what becomes of replies when a disk refuses.

import ClusterCore
import ClusterWire
import Interop
import SystemIO
import TestSupport
import Testing

@testable import ClusterHost

@Suite(.serialized) struct HostTests {
    @Test func `a node is on disk once it has started, and is the same after its end`() throws {
        let folder = try TemporaryFolder()
        let ports = try PortRow(count: 1)
        let port = ports.ports.lowerBound
        let file = folder.path(of: "nodes.conf")
        let id: NodeID
        do {
            let server = try ForeignServer(in: folder.path, port: port)
            #expect(server.host.origin.isNew && !File.exists(file))
            try server.host.start()
            #expect(File.exists(file))
            id = server.host.myID
            // Nobody else may have the file meanwhile.
            let held = #expect(throws: HostError.self) {
                try ForeignServer(in: folder.path, port: port)
            }
            #expect(held == .inUse(path: file))
            server.host.stop()
        }
        // A process that another test starts at this moment holds our locks, too, until it runs its own
        // program.
        var again: ForeignServer?
        eventually("the file is free again") {
            again = try? ForeignServer(in: folder.path, port: port)
            return again == nil ? "the file is still locked" : nil
        }
        guard let again else { return }
        #expect(!again.host.origin.isNew && again.host.myID == id)
        try again.host.start()
        again.host.stop()
    }

    @Test func `a server that was a replica when it stopped is told at the start whom to follow`()
        throws
    {
        let folder = try TemporaryFolder()
        let ports = try PortRow(count: 1)
        let port = ports.ports.lowerBound
        let (me, master) = (String(repeating: "a", count: 40), String(repeating: "b", count: 40))
        let own = "127.0.0.1:\(port)@\(port + LoopbackPorts.busOffset)"
        let text = """
            \(me) \(own) myself,slave \(master) 0 0 1 connected
            \(master) 127.0.0.9:7000@17000 master - 0 0 1 connected 0-16383
            vars currentEpoch 1 lastVoteEpoch 0

            """
        try File.write(Array(text.utf8), to: folder.path(of: "nodes.conf"))
        let server = try ForeignServer(in: folder.path, port: port)
        try server.host.start()
        let ip = try #require(IPText("127.0.0.9"))
        #expect(server.told == [.followed(NodeAddress(ip: ip, port: 7000, busPort: 17000))])
        server.host.stop()
    }

    @Test func `a host whose port is taken leaves no file behind`() throws {
        let folder = try TemporaryFolder()
        let ports = try PortRow(count: 1)
        let port = ports.ports.lowerBound
        let bus = SocketAddress.loopback(port: UInt16(port + LoopbackPorts.busOffset))
        let listener = try Socket.listen(at: bus)
        let server = try ForeignServer(in: folder.path, port: port)
        let error = #expect(throws: HostError.self) { try server.host.start() }
        guard case .listen(.refused(let address, _)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(address == bus && !File.exists(folder.path(of: "nodes.conf")))
        _ = listener.descriptor
    }

    @Test func `a file that no node wrote is left as it is`() throws {
        let folder = try TemporaryFolder()
        let file = folder.path(of: "nodes.conf")
        try File.write(Array("this is something else\n".utf8), to: file)
        let error = #expect(throws: HostError.self) {
            try ForeignServer(in: folder.path, port: 7000)
        }
        guard case .malformed(file, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try File.readText(file) == "this is something else\n")
    }

    @Test func `it runs by itself until it is told to leave`() throws {
        let folder = try TemporaryFolder()
        let ports = try PortRow(count: 1)
        let server = try ForeignServer(in: folder.path, port: ports.ports.lowerBound)
        try server.host.start()
        let began = SystemClock.monotonicMilliseconds()
        server.host.poll(timeoutMilliseconds: 0)
        #expect(SystemClock.monotonicMilliseconds() - began < 90)
        #expect(server.host.nextDeadline > began)
        server.host.leave()
        server.host.run()
        #expect(File.exists(folder.path(of: "nodes.conf")))
    }

    @Test func `a pause of writes ends by itself, and the server is told`() throws {
        let folder = try TemporaryFolder()
        let ports = try PortRow(count: 1)
        let server = try ForeignServer(in: folder.path, port: ports.ports.lowerBound)
        try server.host.start()
        server.forget()
        server.host.perform(.pauseWrites(until: SystemClock.monotonicMilliseconds() + 50))
        #expect(server.host.areWritesPaused && server.told == [.paused(true)])
        server.turn(until: "writes go on") {
            server.host.areWritesPaused ? "they wait" : nil
        }
        #expect(server.told == [.paused(true), .paused(false)])
        server.host.stop()
    }

    @Test func `a connection whose owner never says who it is is closed after a while`() throws {
        let folder = try TemporaryFolder()
        let ports = try PortRow(count: 1)
        let port = ports.ports.lowerBound
        let server = try ForeignServer(in: folder.path, port: port)
        try server.host.start()
        defer { server.host.stop() }
        var limits = HostLimits()
        limits.unknownTimeout = 300
        server.host.setLimits(limits)
        let bus = SocketAddress.loopback(port: UInt16(port + LoopbackPorts.busOffset))
        let silent = try BlockingConnection(to: bus, timeoutMilliseconds: 5000)
        let began = SystemClock.monotonicMilliseconds()
        server.turn(until: "it is accepted") { server.host.linkCount == 1 ? nil : "it is not" }
        server.turn(until: "it is closed") { server.host.linkCount == 0 ? nil : "it is open" }
        #expect(SystemClock.monotonicMilliseconds() - began >= 300)
        _ = silent
    }

    @Test func `a save that nobody waits for goes with the tick, one for all the news`() throws {
        let folder = try TemporaryFolder()
        let ports = try PortRow(count: 1)
        let server = try ForeignServer(in: folder.path, port: ports.ports.lowerBound)
        let host = server.host
        try host.start()
        defer { host.stop() }
        func asks(_ number: UInt64, sync: Bool) -> Generation? {
            host.perform(.persist(Generation(number), sync: sync))
            host.settle()
            return host.saves.wanted?.generation
        }
        #expect(asks(101, sync: false) == Generation(101), "it waits")
        #expect(asks(102, sync: false) == Generation(102), "and so does the next, in its place")
        #expect(host.nextDeadline == host.nextTimer, "no wake-up is asked for because of it")
        host.tick()
        host.settle()
        #expect(host.saves.wanted == nil, "the tick takes it along")
        #expect(asks(103, sync: true) == nil, "what must be synced waits for no tick")
        #expect(asks(104, sync: false) == Generation(104))
        #expect(asks(105, sync: true) == nil, "and takes along what waited")
        host.perform(.persist(Generation(106), sync: false))
        let isToCome = host.saves.expect(Generation(106))
        host.settle()
        #expect(isToCome)
        #expect(host.saves.wanted == nil, "nor does what a reply waits for")
    }

    @Test func `what cannot be saved is answered by an error`() throws {
        let folder = try TemporaryFolder()
        let ports = try PortRow(count: 1)
        let home = folder.path(of: "home")
        try Folder.make(home)
        let server = try ForeignServer(in: home, port: ports.ports.lowerBound)
        try server.host.start()
        try Folder.removeTree(home)
        guard case .awaitsSave = try server.submit("ADDSLOTS 7", from: 3) else {
            Issue.record("it was answered at once")
            return
        }
        server.turn(until: "the error comes") {
            server.told.contains {
                guard case .answered(.error(let text), ClientID(3)) = $0 else { return false }
                return text.hasPrefix("ERR the change is in effect and could not be saved: ")
            } ? nil : "\(server.told)"
        }
        server.host.stop()
    }

    @Test func `replies wait for the saves they name, and errors take their place`() {
        var answers = HeldAnswers()
        answers.add(.ok, to: ClientID(1), until: Generation(3), isUndone: false)
        answers.add(.integer(2), to: ClientID(2), until: Generation(4), isUndone: false)
        answers.add(.ok, to: ClientID(3), until: Generation(5), isUndone: true)
        #expect(answers.take(upTo: Generation(2)).isEmpty)
        #expect(answers.take(upTo: Generation(4)).map(\.client) == [ClientID(1), ClientID(2)])
        let error = SystemError(code: 28, call: "write")
        let failed = answers.take(upTo: Generation(9), because: error)
        #expect(failed.map(\.client) == [ClientID(3)])
        #expect(
            failed.first?.reply
                == .error("ERR the change could not be saved: \(error.reason); it was taken back"))
    }
}
