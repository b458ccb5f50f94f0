// When a host has to do something though nothing is ready: the tick, the timer that the rules ask for, and
// the end of a pause of writes, which is looked for at each wake-up.

import ClusterCore

/// The times of a host, all but one of them monotonic milliseconds.
struct HostClock {
    /// When this wake-up began, by both clocks.
    var wake: Instant
    private(set) var nextTick: Int64
    private(set) var ticks = 0
    /// The next timer that the rules asked for; nil: none.
    private(set) var timerAt: Int64?
    /// Writes of clients wait until then; nil: they do not.
    var writesPausedUntil: Int64?

    /// Ticks between two looks at connections of unknown nodes.
    static let ticksPerCheck = 10

    init(at now: Instant) {
        wake = now
        nextTick = now.monotonic + ClusterConfig.tick
    }

    var nextTimer: Int64 { timerAt.map { min(nextTick, $0) } ?? nextTick }

    /// A timer is asked for: of several only the earliest is kept.
    mutating func setTimer(at time: Int64) {
        timerAt = timerAt.map { min($0, time) } ?? time
    }

    /// Takes the timer, if its time has come.
    mutating func takeTimer(at now: Int64) -> Bool {
        guard let timerAt, now >= timerAt else { return false }
        self.timerAt = nil
        return true
    }

    /// Ends the pause of writes, if its time is over.
    mutating func takeEndOfPause(at now: Int64) -> Bool {
        guard let writesPausedUntil, now >= writesPausedUntil else { return false }
        self.writesPausedUntil = nil
        return true
    }

    /// A tick comes now: when is the next?
    mutating func planTick(at now: Int64) {
        // A late tick is not made up for: the next is a whole interval away.
        nextTick = max(nextTick + ClusterConfig.tick, now + 1)
        if nextTick + ClusterConfig.tick < now { nextTick = now + ClusterConfig.tick }
        ticks += 1
    }
}
