// Time that something is given as a whole, and a request to end.

import Interop
import SystemIO
import Testing

@Suite struct AllowanceTests {
    @Test func `without a limit it goes on until somebody asks to end`() throws {
        let stop = StopRequest()
        let allowance = Allowance(seconds: nil, stop: stop)
        try allowance.check()
        #expect(allowance.left(atMost: 7) == 7 && !allowance.isStopped)
        stop.make()
        #expect(allowance.isStopped)
        #expect(throws: InteropError.self) { try allowance.check() }
        #expect(throws: InteropError.self) { try allowance.sleep(milliseconds: 60_000) }
    }

    @Test func `what waits for longer than is left wakes up when time is over`() {
        let allowance = Allowance(seconds: 0)
        #expect(allowance.left(atMost: 60_000) == 0)
        #expect(throws: InteropError.self) { try allowance.sleep(milliseconds: 60_000) }
    }

    @Test func `a row of ports is given away again once its owner is gone`() throws {
        // More than there are, if none came back.
        for _ in 0..<30 {
            let row = try PortRow(count: 1000)
            #expect(row.ports.count == 1000)
        }
    }
}
