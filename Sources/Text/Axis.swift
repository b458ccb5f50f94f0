// Where the numbers of an axis stand.

/// An axis from 0 in even steps of 1, 2 or 5 times a power of ten.
package struct Axis: Sendable {
    package let step: Double
    package let end: Double
    package var ticks: [Double] { (0...Int((end / step).rounded())).map { Double($0) * step } }

    /// - Parameters:
    ///   - most: the greatest value that it shows.
    ///   - isWhole: whether there is nothing between whole numbers.
    ///   - count: steps that are wanted.
    package init(to most: Double, isWhole: Bool, count: Int = 5) {
        let rough = max(most, 1e-9) / Double(count)
        var scale = 1.0
        while scale > rough { scale /= 10 }
        while scale * 10 <= rough { scale *= 10 }
        let steps = [1.0, 2, 5, 10].map { $0 * scale }
        step = max(steps.first { $0 >= rough } ?? 10 * scale, isWhole ? 1 : 0)
        end = max(1, (most / step).rounded(.up)) * step
    }
}
