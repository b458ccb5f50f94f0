// A time of the past that may never have been. One word of memory: the rows of a large table are read
// hundreds of times a message, and an optional number would take two.

/// A monotonic millisecond at which something happened, or never, which comes before all of them.
package struct Moment: Hashable, Comparable, Sendable {
    /// 0 for never: the clocks of steps begin above it (`Instant.monotonic`).
    private var raw: Int64

    package static let never = Moment(0)

    /// - Parameter milliseconds: of the monotonic clock, above 0.
    @inline(__always)
    package init(_ milliseconds: Int64) { raw = milliseconds }

    @inline(__always)
    package var isNever: Bool { raw == 0 }

    /// The time; nil for never.
    package var milliseconds: Int64? { isNever ? nil : raw }

    @inline(__always)
    package static func < (left: Moment, right: Moment) -> Bool { left.raw < right.raw }

    /// The time so many milliseconds later. What never happened counts as having happened when the clock
    /// began: whoever has a time limit for it asks `isNever` first.
    @inline(__always)
    package static func + (moment: Moment, milliseconds: Int64) -> Int64 {
        moment.raw + milliseconds
    }

    /// Milliseconds from a moment until a time; what never happened counts as in `+`.
    @inline(__always)
    package static func - (time: Int64, moment: Moment) -> Int64 { time - moment.raw }

    /// Fetches it into the cache, with others: see `NodeTable.fetch`.
    @inline(__always)
    var word: UInt64 { UInt64(bitPattern: raw) }
}
