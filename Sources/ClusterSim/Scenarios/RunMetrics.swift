// What a scenario asks of a run: when somebody was first suspected, taken for failed, replaced, and what
// the bus cost meanwhile. It hears the notes of the rules and counts what is sent; it changes nothing.

import ClusterCore
import ClusterWire

/// What happened since a moment.
struct RunMetrics: Sendable {
    /// Microseconds since the world began, when the telling began.
    private(set) var since: Int64 = 0
    private(set) var firstSuspicion: Int64?
    /// When the last of all that failed was first taken for failed by anybody.
    private(set) var lastFailure: Int64?
    /// When anybody last learned that another has failed.
    private(set) var lastFailureHeard: Int64?
    private(set) var lastPromotion: Int64?
    private(set) var suspicions = 0
    /// Elections won: by whom, in order.
    private(set) var promoted: [Int] = []
    private(set) var electionsStarted = 0
    /// Nodes that were taken for failed by anybody.
    private var failed = Identities()
    var failures: Int { failed.count }

    /// What the messages are looked through for, when a piece of news is followed.
    var subject: NewsSubject?
    /// Messages that told it.
    private(set) var carriers: Int64 = 0
    private(set) var messages: Int64 = 0
    private(set) var bytes: Int64 = 0
    /// Counts what the rules take, for a caller who lends one.
    var stopwatch: Stopwatch?
    /// Nanoseconds that the rules took, when there is a clock that counts them.
    var ruleNanoseconds: Int64 = 0

    private var second: Int64 = 0
    private var messagesInSecond: Int64 = 0
    private var bytesInSecond: Int64 = 0
    /// The most messages, and the most bytes, that all nodes sent in one second together.
    private(set) var mostMessages: Int64 = 0
    private(set) var mostBytes: Int64 = 0

    /// What comes from now on is told.
    mutating func begin(at time: Int64) {
        self = RunMetrics(since: time, stopwatch: stopwatch)
    }

    init(since: Int64 = 0, stopwatch: Stopwatch? = nil) {
        self.stopwatch = stopwatch
        self.since = since
        second = since / 1_000_000
    }

    mutating func noted(_ note: Note, by node: Int, at time: Int64) {
        if case .markedPFail = note {
            suspicions += 1
            if firstSuspicion == nil { firstSuspicion = time }
        }
        if case .markedFail(let id, _) = note { nodeFailed(id, at: time) }
        if case .failReceived(let id, _) = note { nodeFailed(id, at: time) }
        if case .electionStarted = note { electionsStarted += 1 }
        if case .electionWon = note {
            lastPromotion = time
            promoted.append(node)
        }
    }

    private mutating func nodeFailed(_ id: NodeID, at time: Int64) {
        lastFailureHeard = time
        if failed.find(id) == nil {
            _ = failed.add(id)
            lastFailure = time
        }
    }

    mutating func says(_ message: Message) {
        if let subject, subject.isTold(by: message) { carriers += 1 }
    }

    @inline(__always)
    mutating func sent(_ count: Int, at time: Int64) {
        if time / 1_000_000 != second {
            second = time / 1_000_000
            messagesInSecond = 0
            bytesInSecond = 0
        }
        messages += 1
        bytes += Int64(count)
        messagesInSecond += 1
        bytesInSecond += Int64(count)
        mostMessages = max(mostMessages, messagesInSecond)
        mostBytes = max(mostBytes, bytesInSecond)
    }
}

/// A clock that a caller lends, to count what the rules take: the simulator has none of its own, and
/// nothing that it does depends on this one.
package struct Stopwatch: Sendable {
    package let nanoseconds: @Sendable () -> Int64
    package init(nanoseconds: @escaping @Sendable () -> Int64) { self.nanoseconds = nanoseconds }
}
