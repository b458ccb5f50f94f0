// Bugs that the rules can be made to have, one line each at the place where the rule would go wrong, so
// that the checkers of a simulation can be seen to find them. A node never has any.

/// A bug on purpose.
package struct PlantedBug: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A master votes although it has voted in the epoch.
    package static let secondVote = PlantedBug(rawValue: 1)
    /// A vote leaves before the save that holds it is on disk.
    package static let voteBeforeDisk = PlantedBug(rawValue: 2)
    /// A node is marked as failed on the word of one.
    package static let failWithoutQuorum = PlantedBug(rawValue: 4)

    private static let table: [(PlantedBug, String)] = [
        (.secondVote, "second-vote"), (.voteBeforeDisk, "vote-before-disk"),
        (.failWithoutQuorum, "fail-without-quorum"),
    ]

    /// Every name, in the order of the bits.
    package static var allNames: [String] { table.map(\.1) }

    /// Names of the bugs that are set.
    package var names: [String] { Self.table.filter { contains($0.0) }.map(\.1) }

    /// The bug with this name.
    package init?(name: String) {
        guard let entry = Self.table.first(where: { $0.1 == name }) else { return nil }
        self = entry.0
    }
}
