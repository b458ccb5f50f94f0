// The room of a picture in which lines are drawn: where a value stands, and the axes with their numbers.
// The horizontal axis is even, or counts powers of ten. What the lines are is decided by the pictures.

/// A room with a horizontal and a vertical axis, both from the corner below on the left.
package struct Plot: Sendable {
    package let left: Int
    package let above: Int
    package let width: Int
    package let height: Int
    private let horizontal: Scale
    private let vertical: Axis
    /// The value at the upper edge.
    private let top: Double

    private enum Scale: Sendable {
        case even(Axis)
        /// From one power of ten to another.
        case powers(first: Double, last: Double)
    }

    package var bottom: Int { above + height }

    /// - Parameters:
    ///   - top: the value at the upper edge; nil for the number of the axis at or above the greatest.
    ///   - isLogarithmic: the horizontal axis counts powers of ten.
    package init(
        left: Int, above: Int, width: Int, height: Int, showing points: [(x: Double, y: Double)],
        top: Double?, isLogarithmic: Bool
    ) {
        (self.left, self.above, self.width, self.height) = (left, above, width, height)
        let most = points.map(\.x).max()
        if isLogarithmic {
            let first = Self.power(points.map(\.x).min() ?? 1, .down)
            horizontal = .powers(first: first, last: max(first + 1, Self.power(most ?? 10, .up)))
        } else {
            horizontal = .even(Axis(to: most ?? 1, isWhole: true, count: 8))
        }
        vertical = Axis(to: top ?? points.map(\.y).max() ?? 1, isWhole: false)
        self.top = top ?? vertical.end
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

    /// Where a point stands.
    package func place(_ x: Double, _ y: Double) -> (x: Int, y: Int) { (place(x: x), place(y: y)) }

    private func place(x: Double) -> Int {
        let share =
            switch horizontal {
            case .even(let axis): x / axis.end
            case .powers(let first, let last): (Self.logarithm(max(1, x)) - first) / (last - first)
            }
        return left + Int((share * Double(width)).rounded())
    }

    private func place(y: Double) -> Int {
        above + height - Int((y / top * Double(height)).rounded())
    }

    /// The lines of the vertical axis with their numbers, and above them what they count.
    package func rows(_ name: String) -> String {
        var body = ""
        for tick in vertical.ticks where tick <= top * 1.0001 {
            let y = place(y: tick)
            body += SVG.line("grid", x: (left, left + width), y: (y, y))
            body += SVG.text(left - 8, y + 4, Self.label(tick), style: "small end")
        }
        return body + SVG.text(left, above - 10, name, style: "small") + "\n"
    }

    /// The numbers of the horizontal axis, and below them what they count.
    package func columns(_ name: String) -> String {
        var body = ""
        for (value, words) in columnTicks {
            let x = place(x: value)
            body += SVG.line("grid", x: (x, x), y: (bottom, bottom + 5))
            body += SVG.text(x, bottom + 18, words, style: "small mid")
        }
        return body + SVG.text(left + width / 2, bottom + 38, name, style: "small mid") + "\n"
    }

    private var columnTicks: [(value: Double, words: String)] {
        switch horizontal {
        case .even(let axis): axis.ticks.map { ($0, Self.label($0)) }
        case .powers(let first, let last):
            (Int(first)...Int(last)).map { power in
                let value = (0..<power).reduce(1.0) { product, _ in product * 10 }
                return (value, power < 5 ? "\(Int(value))" : "10^\(power)")
            }
        }
    }

    /// As many decimals as it needs, two at most.
    private static func label(_ value: Double) -> String {
        for count in 0..<2 {
            let text = Decimals.text(value, count)
            if let told = Double(text), abs(told - value) < 1e-9 { return text }
        }
        return Decimals.text(value, 2)
    }
}
