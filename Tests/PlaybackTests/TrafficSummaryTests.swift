// What captures hold, in numbers.

import Capture
import Playback
import TestSupport
import Testing

@Suite struct TrafficSummaryTests {
    @Test func `messages are counted by kind, the light ones apart`() throws {
        let summary = try TrafficSummary(of: Fixture.bytes("captures/valkey-8.1.1-pubsub.pcap"))
        #expect(summary.messages == 143 && summary.problems == 0 && summary.packets > 143)
        #expect(summary.kinds.map(\.name) == ["PING", "PONG", "PUBLISH", "PUBLISHSHARD"])
        #expect(summary["PING"].full == 58 && summary["PING"].light == 0)
        // As the servers wrote them: all of them know light headers.
        #expect(summary["PUBLISH"].light == 25 && summary["PUBLISHSHARD"].light == 2)
        #expect(summary["FAIL"].count == 0)
    }

    @Test func `what cannot be read is counted, and a file that is cut is an error`() throws {
        let refused = try TrafficSummary(of: Fixture.bytes("captures/made-refused.pcap"))
        #expect(refused.problems > 0)
        let whole = try Fixture.bytes("captures/redis-7.0.15-form.pcap")
        #expect(throws: CaptureError.self) { try TrafficSummary(of: Array(whole.dropLast(3))) }
    }
}
