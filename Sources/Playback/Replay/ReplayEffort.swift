// How much work replays may be: a capture can name more nodes, and last longer, than anybody waits for.

/// What replays of one capture may still do together, counted in looks at a node, which take some forty
/// nanoseconds each.
package struct ReplayEffort: Sendable {
    package private(set) var left: Int
    /// Whether no more may be played.
    package var isSpent: Bool { left <= 0 }

    /// Looks at a node that a step of the rules stands for, whoever is looked at.
    private static let step = 200
    /// The same for a start, and for each node that is known then, with its line of the file.
    private static let start = 2000
    private static let row = 200

    package init(looks: Int) { left = looks }

    /// A replay begins: a node starts that knows so many.
    mutating func began(knowing nodes: Int) { left -= Self.start + Self.row * nodes }

    /// A message or a connection, with so many steps of the rules; one costs as much as none.
    mutating func stepped(_ steps: Int) { left -= Self.step * max(1, steps) }

    /// A tick, in which a node looks at all that it knows, more than once.
    mutating func ticked(knowing nodes: Int) { left -= Self.step + 3 * nodes }
}
