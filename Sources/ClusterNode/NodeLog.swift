// Lines of text with a time and a level, to standard output or to a file. Repeated refusals are
// said once per kind and then counted, so that a hostile peer cannot fill a disk.

import SystemIO

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

    package mutating func write(_ level: LogLevel, _ text: String) {
        guard level >= self.level, self.level != .nothing else { return }
        let line =
            "\(process):M \(LogTime.text(SystemClock.wallMilliseconds())) \(level.mark) \(text)\n"
        if path.isEmpty {
            _ = StandardStream.output.write(line)
        } else {
            // A log that cannot be written must not stop the node.
            try? File.append(Array(line.utf8), to: path)
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
