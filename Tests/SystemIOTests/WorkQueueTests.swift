// Pieces of work that are taken in order, and results that come in any.

import SystemIO
import Testing

@Suite struct WorkQueueTests {
    @Test func `each piece is handed out once, and then none`() {
        let queue = WorkQueue<String>(count: 2)
        #expect(queue.takeNext() == 0 && queue.takeNext() == 1)
        #expect(queue.takeNext() == nil && queue.isEmpty)
    }

    @Test func `no more results wait than may run ahead of the first that is missing`() {
        let queue = WorkQueue<String>(count: 5, runAhead: 2)
        #expect(queue.takeNext() == 0 && queue.takeNext() == 1)
        #expect(queue.takeNext() == nil && !queue.isEmpty)
        queue.finish(1, "b")
        #expect(queue.collect(0) == nil && queue.takeNext() == nil)
        queue.finish(0, "a")
        #expect(queue.collect(0) == "a" && queue.takeNext() == 2)
        #expect(queue.results == ["b"])
    }

    @Test func `once it is stopped nothing is handed out`() {
        let queue = WorkQueue<String>(count: 5)
        queue.stop()
        #expect(queue.takeNext() == nil && queue.isEmpty)
    }
}
