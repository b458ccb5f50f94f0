// What `grapevine simulate` says to people: a broken promise with what led to it and the command that
// repeats it, a table of figures, or a table of cases side by side.

import ClusterCore
import ClusterSim
import Determinism

extension SimulateReport {
    func failure(_ outcome: Outcome) -> String {
        guard let violation = outcome.violation else { return "" }
        let title = "seed \(outcome.seed) broke a promise: \(violation.invariant.rawValue)"
        if violation.invariant == .noTrap {
            let lines = [
                "", title, violation.text, "repeat it with:", "  \(repeating(outcome.seed))",
            ]
            return lines.joined(separator: "\n") + "\n\n"
        }
        let lines = [
            "", title,
            "at \(Double(violation.time ?? 0) / 1e6) s: \(violation.text)",
            "drawn: \(outcome.environment)",
            "the last events:",
        ]
        let events = outcome.lastEvents.map { "  \($0)" }
        let last = ["repeat it with:", "  \(repeating(outcome.seed)) --trace FILE"]
        return (lines + events + last).joined(separator: "\n") + "\n\n"
    }

    /// A smaller run was found.
    func shrunk(_ shrunk: Shrinking) -> String {
        guard let violation = shrunk.outcome.violation else { return "" }
        var lines = [
            "a smaller run breaks the same promise at \(Double(violation.time ?? 0) / 1e6) s: "
                + violation.text
        ]
        lines += shrunk.outcome.lastEvents.suffix(20).map { "  \($0)" }
        lines.append("repeat it with:")
        lines.append("  \(Self.repeating(shrunk.seed, shrunk.options)) --trace FILE")
        return lines.joined(separator: "\n") + "\n\n"
    }
}

enum SimulateText {
    private static let shownExemptions = 20

    static func summary(_ reports: [SimulateReport], wallSeconds: Double) -> String {
        let runs = reports.reduce(0) { $0 + $1.runs }
        let broken = reports.reduce(0) { $0 + $1.violations.count }
        let virtual = reports.reduce(0) { $0 + $1.virtualSeconds }
        let hash = reports.dropFirst().reduce(reports.first?.hash ?? 0) {
            SimulateReport.mixed($0, $1.hash)
        }
        var text = reports.count > 1 ? cases(reports) : reports.map { figures($0) }.joined()
        text += "\(runs) runs, \(broken) with a broken promise"
        let exempted = reports.flatMap(\.exempted)
        text +=
            exempted.isEmpty ? "\n" : ", \(exempted.count) that an operator kept from agreeing:\n"
        for run in exempted.prefix(shownExemptions) {
            text += "  seed \(run.seed): \(run.acts.joined(separator: "; "))\n"
        }
        if exempted.count > shownExemptions {
            text += "  and \(exempted.count - shownExemptions) more\n"
        }
        text += "\(number(virtual)) virtual seconds in \(number(wallSeconds)), "
        text += "\(Int(virtual / max(wallSeconds, 1e-9))) times real time\n"
        return text + "trace hash \(hexadecimal(hash))\n"
    }

    static func hexadecimal(_ hash: UInt64) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Three digits that say something.
    static func number(_ value: Double) -> String { BusBenchText.number(value) }

    /// A loss in a million as a share of a hundred.
    static func percent(_ loss: Int) -> String {
        var text = "\(loss / 10_000)"
        var rest = loss % 10_000
        if rest > 0 {
            text += "."
            var place = 1000
            while rest > 0 {
                text += "\(rest / place)"
                rest %= place
                place /= 10
            }
        }
        return text + "%"
    }

    /// Rows of cells as lines: the first column to the left, numbers to the right.
    private static func table(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                let space = String(repeating: " ", count: widths[index] - cell.count)
                return index == 0 ? cell + space : space + cell
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }

    /// One case: a line a figure.
    private static func figures(_ report: SimulateReport) -> String {
        guard !report.figures.isEmpty else { return "" }
        let rows = report.figures.map { line in
            [
                line.title, number(line.spread.least), number(line.spread.at(0.5)),
                number(line.spread.at(0.99)), number(line.spread.most), "\(line.spread.count)",
            ]
        }
        return table([["", "min", "median", "p99", "max", "n"]] + rows)
    }

    /// Several cases: a line each, medians in columns.
    private static func cases(_ reports: [SimulateReport]) -> String {
        var names: [String] = []
        for report in reports {
            for line in report.figures where !names.contains(line.title) {
                names.append(line.title)
            }
        }
        let rows = reports.map { report in
            [report.caseTitle]
                + names.map { name in
                    report.figures.first { $0.title == name }
                        .map { number($0.spread.at(0.5)) } ?? "-"
                }
        }
        let numbers = names.indices.map { "\($0 + 1)" }
        let legend = zip(numbers, names).map { "  \($0)  \($1)\n" }.joined()
        return "medians of\n" + legend + "\n" + table([[""] + numbers] + rows) + "\n"
    }
}
