// Lines of text with a time and a level, to standard output or to a file. Repeated refusals are
// said once per kind and then counted, and what peers can make happen again and again is said so
// often in a second at most, so that a hostile peer cannot fill a disk.

import RESP
import SystemIO
import Text

/// Where a node says what it does.
package struct NodeLog {
    private let path: String
    package var level: LogLevel
    private let process = ProcessInformation.ownID
    private var refusals: [String: UInt64] = [:]

    /// Kinds of refusals that are remembered; kinds are few, their names are ours.
    private static let kindLimit = 1000

    package init(path: String, level: LogLevel) {
        self.path = path
        self.level = level
    }

    /// Makes sure that the log can be written when the node starts; later it must not stop it. A pipe
    /// is refused: nobody may be there to read it.
    static func check(_ path: String) throws(StartError) {
        guard !path.isEmpty else { return }
        do throws(SystemError) {
            try File.appendToLog([], to: path)
        } catch {
            throw StartError("the log \(path) cannot be opened: \(error.reason)")
        }
    }

    /// How many lines of one kind may come at once, and how many more in a second.
    private static let burst = 200
    private static let linesPerSecond = 5

    /// What may still be said of one kind, and how many lines were not.
    private struct Allowance {
        var left = NodeLog.burst
        /// Monotonic milliseconds up to which `left` was raised.
        var since: Int64
        var omitted = 0
    }

    private var allowances: [Substring: Allowance] = [:]

    /// Says what came about by the words of peers or the doings of nodes: not more often than is of
    /// use. Lines that begin with the same word are of one kind, and there are few such words.
    mutating func say(_ level: LogLevel, _ text: String) {
        guard level >= self.level else { return }
        let kind = text.prefix { $0 != " " }
        let now = SystemClock.monotonicMilliseconds()
        guard allowances.count < Self.kindLimit || allowances[kind] != nil else { return }
        var allowance = allowances[kind] ?? Allowance(since: now)
        let step = Int64(1000 / Self.linesPerSecond)
        let gained = (now - allowance.since) / step
        allowance.left = Int(min(Int64(Self.burst), Int64(allowance.left) + gained))
        allowance.since += gained * step
        defer { allowances[kind] = allowance }
        guard allowance.left > 0 else {
            allowance.omitted += 1
            return
        }
        allowance.left -= 1
        if allowance.omitted > 0 {
            write(level, "\(kind) …: \(allowance.omitted) similar lines were suppressed")
            allowance.omitted = 0
        }
        write(level, text)
    }

    /// Writes one line; what peers, clients and files put into it is escaped.
    package mutating func write(_ level: LogLevel, _ text: String) {
        guard level >= self.level, self.level != .nothing else { return }
        let time = LogTime.text(SystemClock.wallMilliseconds())
        let line = "\(process):M \(time) \(level.mark) \(PrintableText.line(text))\n"
        if path.isEmpty {
            _ = StandardStream.output.write(line)
        } else {
            // A log that cannot be written must not stop the node.
            try? File.appendToLog(Array(line.utf8), to: path)
        }
    }

    /// Says that something was refused: in full the first time, then at each power of ten.
    mutating func refuse(_ kind: String, _ text: String) {
        guard refusals.count < Self.kindLimit || refusals[kind] != nil else { return }
        let count = (refusals[kind] ?? 0) + 1
        refusals[kind] = count
        if count == 1 { return write(.warning, text) }
        var power: UInt64 = 10
        while power < count { power *= 10 }
        if count == power { write(.warning, "\(kind): \(count) times so far") }
    }
}

/// Dates of the log, in UTC.
enum LogTime {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// "21 Nov 2026 12:26:01.123".
    static func text(_ wall: Int64) -> String {
        let seconds = wall / 1000
        let (year, month, day) = date(seconds / 86_400)
        let rest = seconds % 86_400
        let time = [rest / 3600, rest / 60 % 60, rest % 60].map { padded($0, 2) }
        return "\(padded(day, 2)) \(months[Int(month) - 1]) \(year) "
            + "\(time.joined(separator: ":")).\(padded(wall % 1000, 3))"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// The date of a day since 1970-01-01, by counting in eras of 400 years from March 1st.
    private static func date(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let ofEra = shifted % 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * ofYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, ofYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
