// The order in which events come.

import Determinism
import TestSupport
import Testing

@Suite struct EventQueueTests {
    @Test func `events come by time, and in the order added when times are equal`() {
        var queue = EventQueue<Int>()
        var random = Seeds.generator("events")
        var expected: [(time: Int64, index: Int)] = []
        for index in 0..<500 {
            let time = Int64(random.next() % 50)
            queue.add(index, at: time)
            expected.append((time, index))
        }
        expected.sort { $0.time != $1.time ? $0.time < $1.time : $0.index < $1.index }
        for event in expected {
            let next = queue.next()
            #expect(next?.time == event.time)
            #expect(next?.payload == event.index)
        }
        #expect(queue.next() == nil)
    }

    @Test func `an event that was put back keeps its place`() {
        var queue = EventQueue<Int>()
        queue.add(1, at: 5)
        queue.add(2, at: 5)
        let first = queue.next()
        if let first { queue.putBack(first) }
        let again = queue.next()
        #expect(again?.payload == 1)
    }
}
