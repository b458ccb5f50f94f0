// What many runs measured of one thing, as its quantiles, mean and standard error.

/// What many runs measured of one thing.
package struct Distribution: Equatable, Sendable {
    /// In ascending order.
    package private(set) var values: [Double]

    package init(_ values: [Double]) { self.values = values.sorted() }

    package var count: Int { values.count }
    package var least: Double { values.first ?? 0 }
    package var most: Double { values.last ?? 0 }

    /// The least value that at least this share of all values does not exceed; 0 of none.
    package func at(_ share: Double) -> Double {
        guard let last = values.last else { return 0 }
        let index = Int((share * Double(values.count)).rounded(.up)) - 1
        return index < values.count ? values[max(0, index)] : last
    }

    package var mean: Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }

    /// Of the mean: the deviation of a sample over the square root of its size; 0 of fewer than two.
    package var standardError: Double {
        guard values.count > 1 else { return 0 }
        let mean = mean
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(values.count - 1) / Double(values.count)).squareRoot()
    }
}
