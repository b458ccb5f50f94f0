// Pictures of how news spreads: the share that knows by round, with theory dotted; and rounds against the
// number of nodes on a logarithmic axis. SVG that needs nothing else and follows the colours of whoever looks.

import GossipLab
import Text

/// A line of a picture.
struct GossipLine {
    let name: String
    let points: [(x: Double, y: Double)]
    var isDotted = false
    /// Its place among the colours; a dotted one has that of the line that it belongs to.
    let colour: Int
}

/// A picture with axes.
struct GossipPicture {
    let title: String
    let across: String
    let up: String
    let lines: [GossipLine]
    /// The horizontal axis counts powers of ten.
    var isLogarithmic = false
    /// The vertical axis ends here; nil: at the greatest value.
    var top: Double?

    private static let width = 860
    private static let plotWidth = 560
    private static let plotHeight = 340
    private static let left = 56
    private static let above = 44
    private static let colours = 8

    /// The share of nodes that know, by round, for each of these.
    static func spread(_ summaries: [(name: String, summary: Summary)]) -> GossipPicture {
        var lines: [GossipLine] = []
        let rounds = summaries.map(\.summary.curve.count).max() ?? 0
        for (index, (name, summary)) in summaries.enumerated() {
            var curve = summary.curve
            let all = curve.first.map { $0.s + $0.i + $0.r } ?? 1
            // What has ended stays as it ended.
            if let last = curve.last {
                curve += Array(repeating: last, count: max(0, rounds - curve.count))
            }
            lines.append(
                GossipLine(
                    name: name,
                    points: curve.enumerated().map { (Double($0), 1 - $1.s / max(1, all)) },
                    colour: index))
            if let theory = Theory.curve(of: summary.options, rounds: max(0, curve.count - 1)) {
                lines.append(
                    GossipLine(
                        name: "theory of it", points: theory.enumerated().map { (Double($0), $1) },
                        isDotted: true, colour: index))
            }
        }
        return GossipPicture(
            title: "How the news spreads", across: "round", up: "share of the nodes that know",
            lines: lines, top: 1)
    }

    /// Rounds until all know against the number of nodes, one line for each name.
    static func rounds(_ series: [(name: String, points: [(nodes: Int, summary: Summary)])])
        -> GossipPicture
    {
        var lines: [GossipLine] = []
        for (index, one) in series.enumerated() {
            let measured = one.points.compactMap { point in
                point.summary.roundsUntilAllKnow.map { (x: Double(point.nodes), y: $0.mean) }
            }
            lines.append(GossipLine(name: one.name, points: measured, colour: index))
            let theory = one.points.compactMap { point in
                Theory.figures(of: point.summary).first { $0.name == "roundsUntilAllKnow" }.map {
                    (x: Double(point.nodes), y: $0.value)
                }
            }
            if theory.count > 1 {
                lines.append(
                    GossipLine(name: "theory of it", points: theory, isDotted: true, colour: index))
            }
        }
        return GossipPicture(
            title: "Rounds until all know", across: "nodes", up: "rounds", lines: lines,
            isLogarithmic: true)
    }

    // MARK: Drawing

    private var points: [(x: Double, y: Double)] { lines.flatMap(\.points) }
    private var firstPower: Double { Self.power(points.map(\.x).min() ?? 1, .down) }
    private var lastPower: Double {
        max(firstPower + 1, Self.power(points.map(\.x).max() ?? 10, .up))
    }

    /// The power of ten at or beside a number.
    private static func power(_ value: Double, _ rule: FloatingPointRoundingRule) -> Double {
        (logarithm(max(1, value)) + (rule == .down ? 1e-9 : -1e-9)).rounded(rule)
    }

    /// To the base of ten, by halving: good to a pixel.
    private static func logarithm(_ value: Double) -> Double {
        var (rest, whole) = (value, 0.0)
        while rest >= 10 { (rest, whole) = (rest / 10, whole + 1) }
        var (part, step) = (0.0, 0.5)
        for _ in 0..<20 {
            rest *= rest
            if rest >= 10 { (rest, part) = (rest / 10, part + step) }
            step /= 2
        }
        return whole + part
    }

    var svg: String {
        let across = Axis(to: points.map(\.x).max() ?? 1, isWhole: true, count: 8)
        let vertical = Axis(to: top ?? points.map(\.y).max() ?? 1, isWhole: false)
        let end = top ?? vertical.end
        let place: (Double, Double) -> (Int, Int) = { x, y in
            let share =
                isLogarithmic
                ? (Self.logarithm(max(1, x)) - firstPower) / (lastPower - firstPower)
                : x / across.end
            return (
                Self.left + Int((share * Double(Self.plotWidth)).rounded()),
                Self.above + Self.plotHeight - Int((y / end * Double(Self.plotHeight)).rounded())
            )
        }
        let legendHeight = Self.above + 18 * lines.count(where: { !$0.isDotted }) + 30
        let height = max(Self.above + Self.plotHeight + 48, legendHeight)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.width) \(height)" \
            font-family="system-ui,sans-serif" font-size="12" role="img">
            <title>\(Markup.escape(title))</title>
            <style>\(Self.style)</style>
            <rect class="back" width="\(Self.width)" height="\(height)"/>
            \(Markup.text(Self.left, 20, title, style: "title"))
            \(grid(vertical, end, place))\(numbers(across, place))\(curves(place))\(legend)
            </svg>

            """
    }

    private static let style = """
        .back{fill:#fff} text{fill:#1f2328} .title{font-size:15px;font-weight:600}
        .small{font-size:11px;fill:#59636e} .mid{text-anchor:middle} .end{text-anchor:end}
        .grid{stroke:#d1d9e0} .line{fill:none;stroke-width:2} .dotted{stroke-dasharray:2 4}
        .c0{stroke:#0969da}.c1{stroke:#bc4c00}.c2{stroke:#1a7f37}.c3{stroke:#8250df}
        .c4{stroke:#bf3989}.c5{stroke:#9a6700}.c6{stroke:#0b7285}.c7{stroke:#59636e}
        @media(prefers-color-scheme:dark){.back{fill:#0d1117} text{fill:#f0f6fc}
        .small{fill:#9198a1} .grid{stroke:#3d444d}
        .c0{stroke:#58a6ff}.c1{stroke:#f0883e}.c2{stroke:#3fb950}.c3{stroke:#bc8cff}
        .c4{stroke:#f778ba}.c5{stroke:#d29922}.c6{stroke:#39c5cf}.c7{stroke:#9198a1}}
        """

    /// As many decimals as it needs, two at most.
    private static func label(_ value: Double) -> String {
        for count in 0..<2 {
            let text = GossipText.decimals(value, count)
            if let told = Double(text), abs(told - value) < 1e-9 { return text }
        }
        return GossipText.decimals(value, 2)
    }

    private func grid(_ axis: Axis, _ end: Double, _ place: (Double, Double) -> (Int, Int))
        -> String
    {
        var body = ""
        for tick in axis.ticks where tick <= end * 1.0001 {
            let y = place(isLogarithmic ? 1 : 0, tick).1
            body += #"<line class="grid" x1="\#(Self.left)" x2="\#(Self.left + Self.plotWidth)" "#
            body += #"y1="\#(y)" y2="\#(y)"/>"#
            body += Markup.text(Self.left - 8, y + 4, Self.label(tick), style: "small end")
        }
        return body + Markup.text(Self.left, Self.above - 10, self.up, style: "small") + "\n"
    }

    private func numbers(_ across: Axis, _ place: (Double, Double) -> (Int, Int)) -> String {
        let bottom = Self.above + Self.plotHeight
        var body = ""
        let ticks: [(Double, String)] =
            isLogarithmic
            ? (Int(firstPower)...Int(lastPower)).map { power in
                let value = (0..<power).reduce(1.0) { product, _ in product * 10 }
                return (value, power < 5 ? "\(Int(value))" : "10^\(power)")
            }
            : across.ticks.map { ($0, Self.label($0)) }
        for (value, words) in ticks {
            let x = place(value, 0).0
            body +=
                #"<line class="grid" x1="\#(x)" x2="\#(x)" y1="\#(bottom)" y2="\#(bottom + 5)"/>"#
            body += Markup.text(x, bottom + 18, words, style: "small mid")
        }
        return body
            + Markup.text(
                Self.left + Self.plotWidth / 2, bottom + 38, self.across, style: "small mid")
            + "\n"
    }

    private func curves(_ place: (Double, Double) -> (Int, Int)) -> String {
        lines.map { line in
            let points = line.points.map { point -> String in
                let (x, y) = place(point.x, point.y)
                return "\(x),\(y)"
            }.joined(separator: " ")
            let dotted = line.isDotted ? " dotted" : ""
            return
                #"<polyline class="line c\#(line.colour % Self.colours)\#(dotted)" points="\#(points)"/>"#
                + "\n"
        }.joined()
    }

    private var legend: String {
        let x = Self.left + Self.plotWidth + 20
        var y = Self.above + 8
        var body = ""
        for line in lines where !line.isDotted {
            body +=
                #"<line class="line c\#(line.colour % Self.colours)" x1="\#(x)" x2="\#(x + 18)" "#
            body += #"y1="\#(y - 4)" y2="\#(y - 4)"/>"#
            body += Markup.text(x + 26, y, GossipText.shortened(line.name, 34), style: "small")
            y += 18
        }
        if lines.contains(where: \.isDotted) {
            body += Markup.text(x, y + 4, "dotted: theory", style: "small")
        }
        return body
    }
}
