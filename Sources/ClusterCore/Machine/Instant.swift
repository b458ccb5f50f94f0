// The two clocks of a step. Every timeout is measured with the monotonic one; the wall clock is
// only said and saved, so that a wall clock that jumps moves no timeout.

/// The time of a step, read once by whoever drives the machine.
public struct Instant: Hashable, Sendable {
    /// Milliseconds from an origin of the process's own, above 0.
    public var monotonic: Int64
    /// Milliseconds since the Unix epoch.
    public var wall: Int64

    /// - Parameters:
    ///   - monotonic: milliseconds, above 0.
    ///   - wall: milliseconds since the Unix epoch.
    public init(monotonic: Int64, wall: Int64) {
        self.monotonic = monotonic
        self.wall = wall
    }

    /// A moment of this process as wall milliseconds; 0 for never, as nodes say it.
    func wall(of moment: Moment) -> Int64 {
        moment.isNever ? 0 : max(0, wall - (monotonic - moment))
    }

    /// Wall milliseconds as a monotonic time of this process, at least 1.
    func monotonic(of wall: Int64) -> Int64 {
        max(1, monotonic - (self.wall - wall))
    }
}
