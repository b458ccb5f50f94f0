// The figures of a bench of the bus as a table, and as those of any bench.

import Benchmarks
import Interop
import Text

enum BusBenchText {
    /// Three digits that say something.
    static func number(_ value: Double) -> String {
        Decimals.text(value, value >= 100 ? 0 : value >= 10 ? 1 : 2)
    }

    /// A value, or why there is none.
    static func cell(_ row: BusRow, _ index: Int) -> String {
        guard let value = row.values[index] else { return row.missing[index] > 0 ? "never" : "-" }
        return number(value)
    }

    static func table(_ report: BusReport) -> String {
        var text = ""
        var plan: BenchPlan?
        let head = ["", ""] + report.programs + ["asked for"]
        let all = [head] + report.rows.map { cells($0) }
        let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            var line = ""
            for (index, cell) in cells.enumerated() {
                let space = String(repeating: " ", count: widths[index] - cell.count)
                // Names to the left, numbers to the right.
                line += (index < 2 || index == cells.count - 1 ? cell + space : space + cell) + "  "
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }
        for row in report.rows {
            if row.plan != plan {
                text += (plan == nil ? "" : "\n") + row.plan.title + "\n" + line(head)
                plan = row.plan
            }
            text += line(cells(row))
        }
        return text + "\n" + report.conditions + "\n"
    }

    private static func cells(_ row: BusRow) -> [String] {
        let goal = row.goal.map { "\($0.text): \($0.isMet ? "met" : "NOT MET")" } ?? ""
        return [row.figure.rawValue, row.figure.unit]
            + row.values.indices.map { cell(row, $0) } + [goal]
    }

    /// As the figures of any bench: ours, and others beside it.
    static func figures(_ report: BusReport) -> BenchReport {
        var figures: [Figure] = []
        for row in report.rows {
            let beside = zip(report.programs, row.values).dropFirst().compactMap { name, value in
                value.map { (name: name, value: $0) }
            }
            figures.append(
                Figure(
                    name: "\(row.plan.title): \(row.figure.rawValue)", unit: row.figure.unit,
                    value: row.values[0] ?? .nan, beside: beside))
        }
        return BenchReport(figures: figures, conditions: report.conditions)
    }
}
