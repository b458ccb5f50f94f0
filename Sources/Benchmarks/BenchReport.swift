// What a bench of a part of the program tells: its figures, each beside what it is to be compared with.
// How they are shown is for the command line.

/// A measured figure.
package struct Figure: Sendable {
    package let name: String
    package let unit: String
    package let value: Double
    /// What it is to be compared with.
    package let beside: [(name: String, value: Double)]

    package init(
        name: String, unit: String, value: Double, beside: [(name: String, value: Double)]
    ) {
        self.name = name
        self.unit = unit
        self.value = value
        self.beside = beside
    }
}

/// What one kind of bench measured, and how.
package struct BenchReport: Sendable {
    package var figures: [Figure]
    package var conditions: String

    package init(figures: [Figure], conditions: String) {
        self.figures = figures
        self.conditions = conditions
    }

    /// The middle of the values.
    static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }
}
