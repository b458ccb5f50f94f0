// The failure gallery: what goes wrong with each way of spreading news, as experiments that say beforehand
// what will be seen. One that sees something else fails.

/// An experiment of the gallery.
package struct Exhibit: Sendable {
    /// As the command line has it.
    package let name: String
    /// One sentence.
    package let summary: String
    /// Makes it; the figures follow from the seed alone.
    package let run: @Sendable (_ seed: UInt64) -> Finding

    package init(
        _ name: String, _ summary: String, run: @escaping @Sendable (_ seed: UInt64) -> Finding
    ) {
        self.name = name
        self.summary = summary
        self.run = run
    }
}

/// What an experiment expected and saw, line by line.
package struct Finding: Sendable {
    package private(set) var expected: [String] = []
    package private(set) var seen: [String] = []
    package private(set) var holds = true

    package init() {}

    /// Adds a line to both.
    package mutating func check(_ expected: String, seen: String, holds: Bool) {
        self.expected.append(expected)
        self.seen.append(seen)
        if !holds { self.holds = false }
    }
}

package enum Gallery {
    package static let all: [Exhibit] = spreading + later + replicas
}
