// When a tick must look at each row of the node table. At most ticks of most nodes nothing is due but
// what was changed, and nobody else is looked through.

/// Times at which rows have something due.
struct DueSchedule: Sendable {
    /// A time that has come: with the next tick.
    static let atOnce: Int64 = 0

    /// When a tick must look at the row with the same index.
    private var times: [Int64] = [atOnce]
    /// Rows that were changed since a tick looked at them, in no order.
    private(set) var changed: [NodeHandle] = [.myself]
    /// No row besides those that were changed need be looked at before this time.
    private var earliest = atOnce

    /// A row comes behind the others, and nothing of it is due.
    mutating func addRow() { times.append(.max) }

    /// A row that was free is in use again, and nothing of it is due. It may have been marked with all others
    /// meanwhile.
    mutating func reuseRow(_ handle: NodeHandle) { times[handle.index] = .max }

    /// When a tick must look at a row, unless it changes before.
    func time(of handle: NodeHandle) -> Int64 { times[handle.index] }

    /// The next tick looks at a row.
    @inline(__always)
    mutating func markDue(at handle: NodeHandle) {
        guard times[handle.index] != Self.atOnce else { return }
        times[handle.index] = Self.atOnce
        changed.append(handle)
    }

    /// The next tick looks at every row.
    mutating func markAllDue() {
        earliest = Self.atOnce
        for index in times.indices { times[index] = Self.atOnce }
    }

    /// Nobody looks at a row that is not in use.
    mutating func forget(_ handle: NodeHandle) {
        times[handle.index] = .max
        changed.removeAll { $0 == handle }
    }

    /// Those of these rows that are due; nil when only what was changed is.
    mutating func due(at now: Int64, among handles: [NodeHandle]) -> [NodeHandle]? {
        guard earliest <= now else { return nil }
        earliest = .max
        return handles.filter { handle in
            let time = times[handle.index]
            if time > now && handle != .myself { earliest = min(earliest, time) }
            return time <= now && handle != .myself
        }
    }

    /// A row was looked at, and has something due at this time.
    mutating func setNext(of handle: NodeHandle, at time: Int64) {
        times[handle.index] = time
        earliest = min(earliest, time)
    }

    /// All that was due was looked at. This node's own row needs nobody to look at it.
    mutating func endTick() {
        times[NodeHandle.myself.index] = .max
        changed.removeAll { times[$0.index] != Self.atOnce }
    }

    /// Whether each of these rows is one that was changed, or not due before the time until which nobody
    /// looks.
    func missesNone(of handles: [NodeHandle]) -> Bool {
        handles.allSatisfy {
            $0 == .myself || times[$0.index] >= earliest || changed.contains($0)
        }
    }
}
