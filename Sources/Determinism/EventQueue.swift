// What happens next in a virtual world: a binary heap of plain values. Events at one time come out in the
// order in which they went in, so that a run has one order only.

/// Something that will happen at a virtual time.
package struct Scheduled<Payload: Sendable>: Sendable {
    /// In the unit of who schedules it.
    package let time: Int64
    /// Tells events of one time apart.
    @usableFromInline let order: UInt64
    package let payload: Payload

    @usableFromInline init(time: Int64, order: UInt64, payload: Payload) {
        self.time = time
        self.order = order
        self.payload = payload
    }

    @inlinable @inline(__always)
    func precedes(_ other: Scheduled) -> Bool {
        time != other.time ? time < other.time : order < other.order
    }
}

/// Events by time, then by the order in which they were added.
package struct EventQueue<Payload: Sendable>: Sendable {
    @usableFromInline var heap: [Scheduled<Payload>] = []
    @usableFromInline var added: UInt64 = 0

    @inlinable package init() {}

    @inlinable package var count: Int { heap.count }

    @inlinable package mutating func add(_ payload: Payload, at time: Int64) {
        added += 1
        putBack(Scheduled(time: time, order: added, payload: payload))
    }

    /// Adds an event with the place in the order that it has.
    @inlinable package mutating func putBack(_ event: Scheduled<Payload>) {
        var at = heap.count
        heap.append(event)
        while at > 0 {
            let parent = (at - 1) / 2
            guard event.precedes(heap[parent]) else { break }
            heap[at] = heap[parent]
            at = parent
        }
        heap[at] = event
    }

    @inlinable package mutating func next() -> Scheduled<Payload>? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        var at = 0
        while true {
            var child = 2 * at + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count && heap[child + 1].precedes(heap[child]) {
                child += 1
            }
            guard heap[child].precedes(last) else { break }
            heap[at] = heap[child]
            at = child
        }
        heap[at] = last
        return first
    }
}
