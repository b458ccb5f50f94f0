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

    var svg: String {
        let plot = Plot(
            left: Self.left, above: Self.above, width: Self.plotWidth, height: Self.plotHeight,
            showing: lines.flatMap(\.points), top: top, isLogarithmic: isLogarithmic)
        let legendHeight = Self.above + 18 * lines.count(where: { !$0.isDotted }) + 30
        return SVG.document(
            width: Self.width, height: max(plot.bottom + 48, legendHeight), title: title,
            style: Self.style,
            """
            \(SVG.text(Self.left, 20, title, style: "title"))
            \(plot.rows(up))\(plot.columns(across))\(curves(plot))\(legend)

            """)
    }

    private static let style = """
        .back{fill:\(Palette.light.back)} text{fill:\(Palette.light.ink)} \
        .title{font-size:15px;font-weight:600}
        .small{font-size:11px;fill:\(Palette.light.soft)} .mid{text-anchor:middle} .end{text-anchor:end}
        .grid{stroke:\(Palette.light.grid)} .line{fill:none;stroke-width:2} .dotted{stroke-dasharray:2 4}
        \(colours(Palette.light))
        @media(prefers-color-scheme:dark){.back{fill:\(Palette.dark.back)} text{fill:\(Palette.dark.ink)}
        .small{fill:\(Palette.dark.soft)} .grid{stroke:\(Palette.dark.grid)}
        \(colours(Palette.dark))}
        """

    /// A class for each colour of a line, four on a row.
    private static func colours(_ palette: Palette) -> String {
        let rules = palette.series.enumerated().map { ".c\($0){stroke:\($1)}" }
        return rules.prefix(4).joined() + "\n" + rules.dropFirst(4).joined()
    }

    private func curves(_ plot: Plot) -> String {
        lines.map { line in
            let style = Self.style(line) + (line.isDotted ? " dotted" : "")
            return SVG.polyline(style, line.points.map { plot.place($0.x, $0.y) }) + "\n"
        }.joined()
    }

    private static func style(_ line: GossipLine) -> String {
        "line c\(line.colour % Palette.light.series.count)"
    }

    private var legend: String {
        let x = Self.left + Self.plotWidth + 20
        var y = Self.above + 8
        var body = ""
        for line in lines where !line.isDotted {
            body += SVG.line(Self.style(line), x: (x, x + 18), y: (y - 4, y - 4))
            body += SVG.text(x + 26, y, GossipText.shortened(line.name, 34), style: "small")
            y += 18
        }
        if lines.contains(where: \.isDotted) {
            body += SVG.text(x, y + 4, "dotted: theory", style: "small")
        }
        return body
    }
}
