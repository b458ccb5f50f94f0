// The figures of a bench of the bus as a picture: for each a bar a program, ours first, on a scale of its
// own. It is SVG that needs nothing else, and follows the colours of whoever looks.

import Benchmarks
import Interop
import Text

struct BusPicture {
    let report: BusReport

    init(_ report: BusReport) { self.report = report }

    private static let width = 920
    private static let nameWidth = 390
    private static let barWidth = 400
    private static let barHeight = 14
    private static let gap = 12

    var svg: String {
        var body = ""
        var y = 40
        body += SVG.text(0, 22, "The cluster bus, measured", style: "title")
        body += legend(y)
        y += 30
        var plan: BenchPlan?
        for row in report.rows where row.values.contains(where: { $0 != nil }) {
            if row.plan != plan {
                plan = row.plan
                y += 14
                body += SVG.text(0, y, row.plan.title, style: "plan")
                y += 14
            }
            body += bars(row, &y)
        }
        for line in Self.wrapped(report.conditions, 120) {
            y += 16
            body += SVG.text(0, y, line, style: "small")
        }
        return SVG.document(
            width: Self.width + 32, height: y + 32, margin: (16, 8), style: Self.style, body)
    }

    private static let style = """

        text{fill:\(Palette.light.ink)} .title{font-size:18px;font-weight:600} .plan{font-weight:600}
        .small{font-size:11px;fill:\(Palette.light.soft)} .p0{fill:\(Palette.light.blue)} .p1{fill:#bf8700}
        .p2{fill:\(Palette.light.violet)} .p3{fill:\(Palette.light.green)} .p4{fill:\(Palette.light.soft)} \
        .back{fill:#ffffff}
        @media(prefers-color-scheme:dark){text{fill:\(Palette.dark.ink)} .small{fill:\(Palette.dark.soft)}
        .back{fill:\(Palette.dark.back)}}

        """

    private func legend(_ y: Int) -> String {
        var body = ""
        var x = 0
        for (index, name) in report.programs.enumerated() {
            body += SVG.rectangle(style(index), x: x, y: y, width: 12, height: 12)
            body += SVG.text(x + 18, y + 10, name, style: "")
            x += 18 + 8 * name.count + 24
        }
        return body
    }

    private func style(_ index: Int) -> String { "p\(min(index, 4))" }

    /// One figure: its name, and a bar a program.
    private func bars(_ row: BusRow, _ y: inout Int) -> String {
        let top = row.values.compactMap { $0 }.max() ?? 0
        var body = SVG.text(0, y + 11, "\(row.figure.rawValue), \(row.figure.unit)", style: "")
        for (index, value) in row.values.enumerated() {
            let label = BusBenchText.cell(row, index)
            let share = top > 0 ? (value ?? 0) / top : 0
            let length = max(value == nil ? 0 : 1, Int(share * Double(Self.barWidth)))
            body += SVG.rectangle(
                style(index), x: Self.nameWidth, y: y, width: length, height: Self.barHeight - 3)
            body += SVG.text(Self.nameWidth + length + 6, y + 10, label, style: "small")
            y += Self.barHeight
        }
        y += Self.gap
        return body + "\n"
    }

    /// Lines of at most so many characters.
    private static func wrapped(_ words: String, _ length: Int) -> [String] {
        var lines = [""]
        for word in words.split(separator: " ") {
            if lines[lines.count - 1].count + word.count + 1 > length { lines.append("") }
            if !lines[lines.count - 1].isEmpty { lines[lines.count - 1] += " " }
            lines[lines.count - 1] += word
        }
        return lines
    }
}
