// How long answers take of late, as far as a node can tell by its own pings: what an election waits for
// so that its request overtakes nobody's is measured by it.

/// The times that the newest answers took.
///
/// - Source: DECISIONS D43.
struct RoundTrips: Equatable, Sendable {
    /// Milliseconds, in no order.
    private var newest: [Int32] = []
    private var next = 0
    /// Milliseconds of the quickest answer that there ever was.
    private var quickest = Int32.max

    /// Answers that are remembered.
    static let kept = 128
    /// One in so many may be slower than what is taken for slow.
    private static let outliers = 10
    /// Milliseconds that a message takes at least, as this counts: the clocks of steps are that coarse.
    static let leastDelay: Int64 = 5
    /// Milliseconds by which what was lost and sent again comes later, at least: no transport tries sooner.
    private static let resendDelay: Int64 = 100

    mutating func add(_ milliseconds: Int64) {
        let time = Int32(clamping: milliseconds)
        quickest = min(quickest, time)
        if newest.count < Self.kept {
            newest.append(time)
        } else {
            newest[next] = time
            next = (next + 1) % Self.kept
        }
    }

    /// What the answers tell of the way of one message.
    var summary: Summary {
        guard !newest.isEmpty else { return Summary() }
        let sorted = newest.sorted()
        let slow = Int64(sorted[sorted.count - 1 - sorted.count / Self.outliers])
        let late = sorted.count { Int64($0) > 2 * slow + Self.resendDelay }
        let delay = max(Self.leastDelay, slow / 2)
        return Summary(
            slowDelay: delay, spread: max(Self.leastDelay, delay - Int64(quickest)),
            lateShare: Double(late) / Double(2 * sorted.count))
    }

    struct Summary: Equatable, Sendable {
        /// Milliseconds that a message takes at most, but for a few: half of a slow round trip.
        var slowDelay = RoundTrips.leastDelay
        /// Milliseconds by which a message may come after another one that left when the first had been
        /// heard elsewhere: both of its ways took a quick one's time at least.
        var spread = RoundTrips.leastDelay
        /// The share of messages that are lost and sent again.
        var lateShare = 0.0

        /// Milliseconds after which a request is taken for unanswered: a slow round trip, and the disk.
        var answerTime: Int64 { 2 * slowDelay + RoundTrips.diskTime }
    }

    /// Milliseconds that a disk may take to hold a vote before it is missed.
    static let diskTime: Int64 = 20
}
