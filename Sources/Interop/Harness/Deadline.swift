// How long something may go on as a whole, and whether somebody has asked it to end. Whatever waits
// for servers asks here first, so that a server which hangs, or a person who interrupts, ends a play
// after one reply that does not come at the latest. Who sets the limit, and what is cleaned up, is
// decided by the callers.

import Synchronization
import SystemIO

/// A request to end that any thread may make, once and for all.
package final class StopRequest: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    package var isMade: Bool { flag.load(ordering: .relaxed) }
    package func make() { flag.store(true, ordering: .relaxed) }
}

/// What is left of the time that something was given.
package struct Deadline: Sendable {
    /// Seconds that were given; nil for no limit.
    private let seconds: Int?
    /// Monotonic milliseconds.
    private let end: Int64
    private let stop: StopRequest?

    /// No limit, and nobody asks.
    package static let unlimited = Deadline(seconds: nil)

    /// Starts to count now.
    package init(seconds: Int?, stop: StopRequest? = nil) {
        self.seconds = seconds
        self.stop = stop
        end =
            seconds.map { SystemClock.monotonicMilliseconds() + Int64($0) * 1000 } ?? Int64.max
    }

    /// Whether somebody asked to end.
    package var isStopped: Bool { stop?.isMade ?? false }

    /// - Parameter what: what is waited for, for the error.
    /// - Throws: `stopped` or `outOfTime` when it must not go on.
    package func check(_ what: @autoclosure () -> String = "") throws(InteropError) {
        if isStopped { throw .stopped }
        guard let seconds, SystemClock.monotonicMilliseconds() >= end else { return }
        throw .outOfTime(seconds: seconds, waitingFor: what())
    }

    /// Rests, and wakes up early when it must not go on.
    package func sleep(
        milliseconds: Int, waitingFor what: @autoclosure () -> String = ""
    ) throws(InteropError) {
        let wakeAt = SystemClock.monotonicMilliseconds() + Int64(milliseconds)
        while true {
            try check(what())
            let left = wakeAt - SystemClock.monotonicMilliseconds()
            guard left > 0 else { return }
            SystemClock.sleep(milliseconds: Int(min(left, Self.nap)))
        }
    }

    /// Milliseconds after which a sleeper looks whether it was asked to end.
    private static let nap: Int64 = 50

    /// What is left, in milliseconds, but at most so many.
    package func left(atMost milliseconds: Int) -> Int {
        guard seconds != nil else { return milliseconds }
        let left = max(0, end - SystemClock.monotonicMilliseconds())
        return Int(min(Int64(milliseconds), left))
    }
}
