// Time that something is given as a whole, and a request to end.

import Interop
import SystemIO
import Testing

@Suite struct DeadlineTests {
    @Test func `without a limit it goes on until somebody asks to end`() throws {
        let stop = StopRequest()
        let deadline = Deadline(seconds: nil, stop: stop)
        try deadline.check()
        #expect(deadline.left(atMost: 7) == 7 && !deadline.isStopped)
        stop.make()
        #expect(deadline.isStopped)
        #expect(throws: InteropError.self) { try deadline.check() }
        #expect(throws: InteropError.self) { try deadline.sleep(milliseconds: 60_000) }
    }

    @Test func `what waits for longer than is left wakes up when time is over`() {
        let deadline = Deadline(seconds: 0)
        #expect(deadline.left(atMost: 60_000) == 0)
        #expect(throws: InteropError.self) { try deadline.sleep(milliseconds: 60_000) }
    }

    @Test func `a row of ports is given away again once its owner is gone`() throws {
        // More than there are, if none came back.
        for _ in 0..<30 {
            let row = try PortRow(count: 1000)
            #expect(row.ports.count == 1000)
        }
    }
}
