// The figures of a simulation as a picture: for each unit a panel with an axis of its own, in it a row a
// figure and case, with the median, the p99 and the extremes. SVG that needs nothing else, and follows
// the colours of whoever looks.

import ClusterSim
import Determinism
import Text

struct SimulatePicture {
    private let reports: [SimulateReport]

    init(_ reports: [SimulateReport]) { self.reports = reports }

    private static let width = 960
    private static let nameWidth = 330
    private static let plotWidth = 430
    private static let rowHeight = 20
    private static let units: [(unit: Measured.Unit, words: String)] = [
        (.milliseconds, "time, milliseconds"), (.messages, "messages a second"),
        (.bytes, "bytes a second"), (.processor, "processor, microseconds a second"),
        (.count, "number"),
    ]

    var svg: String {
        var body = ""
        var y = 16
        let only = reports.count == 1 ? reports.first : nil
        let scenario = reports.first?.options.scenario?.rawValue ?? "faults"
        body += text(0, y, only?.title ?? "Simulated clusters: \(scenario), case by case", "title")
        y += 22
        let runs = reports.map(\.runs).max() ?? 0
        body += text(
            0, y,
            "\(runs) \(runs == 1 ? "seed" : "seeds")\(only == nil ? " a case" : ""): dot the median, bar from it to the "
                + "99th percentile, line from least to most", "small")
        y += 12
        for (unit, words) in Self.units {
            let names = names(of: unit)
            guard !names.isEmpty else { continue }
            body += panel(unit, words, names, &y)
        }
        y += 8
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="-16 -12 \(Self.width + 32) \(y + 24)" \
            font-family="system-ui,sans-serif" font-size="12">
            <style>
            text{fill:#1f2328} .title{font-size:16px;font-weight:600} .head{font-weight:600}
            .small{font-size:11px;fill:#59636e} .dot{fill:#0969da} .bar{fill:#54aeff}
            .line{stroke:#59636e;stroke-width:1.5} .grid{stroke:#d1d9e0;stroke-width:1}
            .back{fill:#ffffff} .end{text-anchor:end} .mid{text-anchor:middle}
            @media(prefers-color-scheme:dark){text{fill:#f0f6fc} .small{fill:#9198a1}
            .back{fill:#0d1117} .dot{fill:#79c0ff} .bar{fill:#1f6feb} .grid{stroke:#3d444d}
            .line{stroke:#9198a1}}
            </style>
            <rect class="back" x="-16" y="-12" width="\(Self.width + 32)" height="\(y + 24)"/>
            \(body)</svg>

            """
    }

    /// Names of figures with a unit, in the order of the reports.
    private func names(of unit: Measured.Unit) -> [String] {
        var names: [String] = []
        for report in reports {
            for line in report.figures where line.unit == unit && !names.contains(line.name) {
                names.append(line.name)
            }
        }
        return names
    }

    // MARK: Panels

    private func panel(
        _ unit: Measured.Unit, _ words: String, _ names: [String], _ y: inout Int
    ) -> String {
        let most =
            reports.flatMap(\.figures).filter { $0.unit == unit }
            .map(\.spread.most).max() ?? 0
        let axis = Axis(to: most, isWhole: unit == .count)
        var rows = ""
        y += 26
        let top = y
        for name in names {
            if reports.count > 1 {
                rows += text(0, y + 14, name, "head")
                y += Self.rowHeight
            }
            for report in reports {
                guard let line = report.figure(name) else { continue }
                rows += row(reports.count > 1 ? report.shortTitle : name, line.spread, axis, y)
                y += Self.rowHeight
            }
        }
        let body = text(0, top - 6, words, "small") + grid(axis, top, y) + rows
        y += 22
        return body
    }

    private func grid(_ axis: Axis, _ top: Int, _ bottom: Int) -> String {
        axis.ticks.map { tick in
            let x = place(tick, axis)
            return #"<line class="grid" x1="\#(x)" x2="\#(x)" y1="\#(top)" y2="\#(bottom)"/>"#
                + text(x, bottom + 14, Self.label(tick), "small mid")
        }.joined() + "\n"
    }

    private func row(_ name: String, _ spread: Distribution, _ axis: Axis, _ y: Int) -> String {
        let middle = y + Self.rowHeight / 2
        let (least, most) = (place(spread.least, axis), place(spread.most, axis))
        let (median, high) = (place(spread.at(0.5), axis), place(spread.at(0.99), axis))
        var body = text(0, middle + 4, name, "")
        body += #"<line class="line" x1="\#(least)" x2="\#(most)" "#
        body += #"y1="\#(middle)" y2="\#(middle)"/>"#
        if high > median {
            body += #"<rect class="bar" x="\#(median)" y="\#(middle - 4)" "#
            body += #"width="\#(high - median)" height="8"/>"#
        }
        body += #"<circle class="dot" cx="\#(median)" cy="\#(middle)" r="4.5"/>"#
        let words =
            "\(SimulateText.number(spread.at(0.5))), p99 \(SimulateText.number(spread.at(0.99)))"
        body += text(Self.nameWidth + Self.plotWidth + 20, middle + 4, words, "")
        return body + "\n"
    }

    private func place(_ value: Double, _ axis: Axis) -> Int {
        Self.nameWidth + Int((value / axis.end * Double(Self.plotWidth)).rounded())
    }

    private static func label(_ value: Double) -> String {
        value == value.rounded() ? "\(Int(value))" : SimulateText.number(value)
    }

    private func text(_ x: Int, _ y: Int, _ words: String, _ style: String) -> String {
        SVG.text(x, y, words, style: style)
    }
}

extension SimulateReport {
    /// What tells a case from the others.
    fileprivate var shortTitle: String {
        var text = "\(options.masters)+\(options.replicas), \(options.nodeTimeout) ms"
        if let delay = options.delay { text += ", \(delay.lowerBound)-\(delay.upperBound) us" }
        if let loss = options.lossPerMillion { text += ", \(SimulateText.percent(loss))" }
        return text
    }
}
