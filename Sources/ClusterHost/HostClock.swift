// When a host has to do something though nothing is ready: the tick, the timer that the rules ask for, and
// the end of a pause of writes, which is looked for at each wake-up.

import ClusterCore

/// The times of a host, all but one of them monotonic milliseconds.
struct HostClock {
    /// When this wake-up began, by both clocks.
    var wake: Instant
    private(set) var nextTick: Int64
    private(set) var ticks = 0
    /// The next timer of the rules; 0: none is asked for.
    var timerAt: Int64 = 0
    /// Writes of clients wait until then; 0: they do not.
    var writesPausedUntil: Int64 = 0

    /// Ticks between two looks at connections of unknown nodes.
    static let ticksPerCheck = 10

    init(at now: Instant) {
        wake = now
        nextTick = now.monotonic + ClusterConfig.tick
    }

    var nextTimer: Int64 { timerAt == 0 ? nextTick : min(nextTick, timerAt) }

    /// A timer is asked for: of several only the earliest is kept.
    mutating func setTimer(at time: Int64) {
        timerAt = timerAt == 0 ? time : min(timerAt, time)
    }

    /// A tick comes now: when is the next?
    mutating func planTick(at now: Int64) {
        // A late tick is not made up for: the next is a whole interval away.
        nextTick = max(nextTick + ClusterConfig.tick, now + 1)
        if nextTick + ClusterConfig.tick < now { nextTick = now + ClusterConfig.tick }
        ticks += 1
    }
}
