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
    var commands: UInt64 = 0
    var connections: UInt64 = 0
    var rejectedConnections: UInt64 = 0
    var readBytes: UInt64 = 0
    var writtenBytes: UInt64 = 0
    var closedForOutput: UInt64 = 0
    /// When the last command ended, or the first of this wake-up can have begun.
    private(set) var since: Int64 = 0

    /// Codes of errors that are told apart.
    private static let codeLimit = 128

    func startClock() { since = SystemClock.monotonicNanoseconds() }

    /// A command ended: what passed since the one before was its time.
    @inline(__always)
    func ran(_ spec: CommandSpec, failed: Bool) {
        let end = SystemClock.monotonicNanoseconds()
        usage[spec.number].calls &+= 1
        usage[spec.number].nanoseconds &+= end &- since
        since = end
        commands &+= 1
        if failed { usage[spec.number].failed &+= 1 }
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
        commands = 0
        connections = 0
        rejectedConnections = 0
        readBytes = 0
        writtenBytes = 0
        closedForOutput = 0
    }
}
