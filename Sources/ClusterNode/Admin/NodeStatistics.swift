// What a node counts for INFO: commands with the time they took, errors by their code, connections.

import SystemIO

/// Figures since the start, or since CONFIG RESETSTAT.
final class NodeStatistics {
    /// What became of one command.
    struct Usage {
        var calls: UInt64 = 0
        var nanoseconds: Int64 = 0
        /// Refused before they ran.
        var rejected: UInt64 = 0
        /// Ran, and answered an error.
        var failed: UInt64 = 0
    }

    var usage = [Usage](repeating: Usage(), count: CommandTable.numberCount)
    private(set) var errors: [String: UInt64] = [:]
    private(set) var errorCount: UInt64 = 0
    /// Commands and bytes since the start.
    var total = Flow()
    var connections: UInt64 = 0
    var rejectedConnections: UInt64 = 0
    var closedForOutput: UInt64 = 0
    var access = AccessLog()
    /// What the last second brought.
    private(set) var perSecond = Flow()
    private var before = Flow()
    private var measuredAt: Int64 = 0

    /// What goes on at a node.
    struct Flow {
        var commands: UInt64 = 0
        var readBytes: UInt64 = 0
        var writtenBytes: UInt64 = 0
    }
    /// When the last command ended, or the first of this wake-up can have begun.
    private(set) var since: Int64 = 0

    /// Codes of errors that are told apart.
    private static let codeLimit = 128

    func startClock() { since = SystemClock.monotonicNanoseconds() }

    /// A command ended: what passed since the one before was its time.
    /// - Returns: that time, in nanoseconds.
    @inline(__always)
    func ran(_ spec: CommandSpec, failed: Bool) -> Int64 {
        let end = SystemClock.monotonicNanoseconds()
        let spent = end &- since
        usage[spec.number].calls &+= 1
        usage[spec.number].nanoseconds &+= spent
        since = end
        total.commands &+= 1
        if failed { usage[spec.number].failed &+= 1 }
        return spent
    }

    /// Each second or so: what came since the last time, for one second.
    /// - Parameter now: monotonic milliseconds.
    func measure(at now: Int64) {
        let passed = UInt64(clamping: max(1, now - measuredAt))
        func rate(_ count: UInt64, _ old: UInt64) -> UInt64 {
            // Figures may have been set back meanwhile.
            count < old ? 0 : (count - old) * 1000 / passed
        }
        perSecond = Flow(
            commands: rate(total.commands, before.commands),
            readBytes: rate(total.readBytes, before.readBytes),
            writtenBytes: rate(total.writtenBytes, before.writtenBytes))
        before = total
        measuredAt = now
    }

    /// Counts an error by its first word.
    func countError(_ text: String) {
        errorCount &+= 1
        let code = String(text.prefix { $0 != " " })
        if errors[code] != nil || errors.count < Self.codeLimit { errors[code, default: 0] &+= 1 }
    }

    func reset() {
        usage = [Usage](repeating: Usage(), count: CommandTable.numberCount)
        errors = [:]
        errorCount = 0
        total = Flow()
        connections = 0
        rejectedConnections = 0
        closedForOutput = 0
    }
}
