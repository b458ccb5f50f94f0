// The relay that cuts a network between real nodes: bytes pass as they are, a cut lets none pass and
// breaks no connection, and what was said meanwhile arrives once it is healed.

import Interop
import SystemIO
import TestSupport
import Testing

@Suite struct BusRelayTests {
    private static let speaker = String(repeating: "a", count: 40)
    private static let listener = String(repeating: "b", count: 40)

    /// What a node says first: its id stands in bytes 40 to 79.
    private static let greeting =
        [UInt8](repeating: 0, count: 40) + Array(speaker.utf8) + Array("hello".utf8)

    /// A connection through a relay, and both of its ends.
    private final class Line {
        let relay: BusRelay
        let near: BlockingConnection
        let far: Socket

        init() throws {
            let row = try PortRow(count: 2)
            let port = row.ports.lowerBound
            let server = try Socket.listen(at: .loopback(port: UInt16(port)))
            relay = try BusRelay([
                BusRelay.Endpoint(id: BusRelayTests.listener, busPort: port, relayPort: port + 1)
            ])
            near = try BlockingConnection(
                to: .loopback(port: UInt16(port + 1)), timeoutMilliseconds: 5000)
            try near.write(BusRelayTests.greeting, timeoutMilliseconds: 5000)
            let end = SystemClock.monotonicMilliseconds() + 5000
            while SystemClock.monotonicMilliseconds() < end {
                if let socket = try server.accept() {
                    far = socket
                    return
                }
                SystemClock.sleep(milliseconds: 2)
            }
            throw InteropError.notInTime(
                what: "the relay connects", milliseconds: 5000, difference: "it does not")
        }

        /// What comes out at the far end within a time.
        func farHears(milliseconds: Int = 5000, until count: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let end = SystemClock.monotonicMilliseconds() + Int64(milliseconds)
            while bytes.count < count, SystemClock.monotonicMilliseconds() < end {
                if case .bytes(let count) = far.read(into: &buffer) {
                    bytes += buffer.prefix(count)
                } else {
                    SystemClock.sleep(milliseconds: 2)
                }
            }
            return bytes
        }
    }

    @Test func `bytes pass both ways as they are`() throws {
        let line = try Line()
        #expect(line.farHears(until: Self.greeting.count) == Self.greeting)
        // More than one buffer of any socket holds: the relay keeps what does not fit.
        let much = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        try line.near.write(much, timeoutMilliseconds: 5000)
        #expect(line.farHears(until: much.count) == much)
        #expect(line.far.write(Array("back".utf8).span) == .bytes(4))
        #expect(try line.near.read(timeoutMilliseconds: 5000) == Array("back".utf8))
    }

    @Test func `what is cut is held back both ways, and arrives when it is healed`() throws {
        let line = try Line()
        _ = line.farHears(until: Self.greeting.count)
        line.relay.cut([Self.speaker], from: [Self.listener])
        SystemClock.sleep(milliseconds: 50)
        try line.near.write(Array("there".utf8), timeoutMilliseconds: 1000)
        _ = line.far.write(Array("here".utf8).span)
        #expect(line.farHears(milliseconds: 200, until: 1).isEmpty)
        let error = #expect(throws: SystemError.self) {
            try line.near.read(timeoutMilliseconds: 100)
        }
        #expect(error?.isTimeout == true)
        line.relay.heal()
        #expect(line.farHears(until: 5) == Array("there".utf8))
        #expect(try line.near.read(timeoutMilliseconds: 5000) == Array("here".utf8))
    }

    @Test func `a cut between others is none here, and an end is passed on`() throws {
        let line = try Line()
        _ = line.farHears(until: Self.greeting.count)
        line.relay.cut([String(repeating: "c", count: 40)], from: [Self.listener])
        try line.near.write(Array("there".utf8), timeoutMilliseconds: 1000)
        #expect(line.farHears(until: 5) == Array("there".utf8))
        line.far.shutDownWriting()
        #expect(try line.near.read(timeoutMilliseconds: 5000).isEmpty)
    }
}
