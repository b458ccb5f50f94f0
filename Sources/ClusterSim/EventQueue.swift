// What happens next in the virtual world: a binary heap of small plain values. Events at one
// microsecond come out in the order in which they went in, so that a run has one order only.

/// Something that will happen at a virtual time.
struct Event: Sendable {
    enum Kind: UInt8, Sendable {
        /// A node's 100 ms are over; `index` is the life of its process.
        case tick
        /// The time came for which a machine asked; `index` is the life of its process.
        case timer
        /// The head of lane `index` arrives.
        case arrival
        /// A node's disk has done what it was asked; `index` is the number of the write.
        case written
        /// Entry `index` of the plan of faults begins.
        case fault
        /// Entry `index` of the plan of faults ends.
        case repair
        /// The operator looks whether there is something to do.
        case operate
        /// The checkers that look at several nodes at once run.
        case survey
    }

    /// Microseconds since the world began.
    var time: Int64
    /// Tells events of one time apart.
    var order: UInt64
    var kind: Kind
    var node: UInt16
    var index: UInt32
}

/// Events by time, then by the order in which they were added.
struct EventQueue: Sendable {
    private var heap: [Event] = []
    private var added: UInt64 = 0

    var isEmpty: Bool { heap.isEmpty }

    mutating func add(_ kind: Event.Kind, at time: Int64, node: Int = 0, index: Int = 0) {
        added += 1
        putBack(
            Event(time: time, order: added, kind: kind, node: UInt16(node), index: UInt32(index)))
    }

    /// Adds an event with the place in the order that it has.
    mutating func putBack(_ event: Event) {
        var at = heap.count
        heap.append(event)
        while at > 0 {
            let parent = (at - 1) / 2
            guard Self.precedes(event, heap[parent]) else { break }
            heap[at] = heap[parent]
            at = parent
        }
        heap[at] = event
    }

    mutating func next() -> Event? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        var at = 0
        while true {
            var child = 2 * at + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count && Self.precedes(heap[child + 1], heap[child]) {
                child += 1
            }
            guard Self.precedes(heap[child], last) else { break }
            heap[at] = heap[child]
            at = child
        }
        heap[at] = last
        return first
    }

    @inline(__always)
    private static func precedes(_ left: Event, _ right: Event) -> Bool {
        left.time != right.time ? left.time < right.time : left.order < right.order
    }
}
