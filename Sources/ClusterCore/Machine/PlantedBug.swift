// Bugs that the rules can be made to have, one line each at the place where the rule would go wrong, so
// that the checkers of a simulation can be seen to find them. They are given to a machine when it is
// made and are no setting: a real node has no way to get any. No bug is named like an invariant.

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

    /// A replica stands, and is voted for, while its master is only PFAIL.
    package static let voteForSuspected = PlantedBug(rawValue: 8)
    /// A vote is given although a claimed slot has a newer owner.
    package static let ignoreNewerOwner = PlantedBug(rawValue: 16)
    /// A claim at the epoch of the present owner takes the slot.
    package static let equalClaim = PlantedBug(rawValue: 32)
    /// A failure report counts however old it is.
    package static let staleReport = PlantedBug(rawValue: 64)
    /// A failure report of a master without slots counts.
    package static let emptyReporter = PlantedBug(rawValue: 128)
    /// FAIL is never cleared.
    package static let lastingFail = PlantedBug(rawValue: 256)
    /// A process that starts again does not know in which epoch it voted.
    package static let forgottenVote = PlantedBug(rawValue: 512)
    /// A voter adopts the epoch of a request and does not note that it voted in it.
    package static let unraisedVote = PlantedBug(rawValue: 1024)
    /// An election counts votes of an older epoch.
    package static let oldVotes = PlantedBug(rawValue: 2048)
    /// A slot that its owner does not claim becomes nobody's.
    package static let absentClaim = PlantedBug(rawValue: 4096)
    /// Slots of a demoted master stay with it although another claims them.
    package static let demotedOwner = PlantedBug(rawValue: 8192)
    /// A command is answered before the save that holds what it did.
    package static let replyBeforeSave = PlantedBug(rawValue: 16384)

    /// Of a server with keys: a master goes on with its stream for whoever asks, whatever history it was of.
    package static let wrongContinuation = PlantedBug(rawValue: 32768)
    /// Of a server with keys: a replica takes what it holds for its master's, whatever it was a copy of.
    package static let oldCopy = PlantedBug(rawValue: 65536)

    /// An UPDATE is believed, whoever brings it, and its node is not asked.
    package static let believeUpdates = PlantedBug(rawValue: 1 << 17)
    /// Roles, slots and epochs are believed on any connection.
    package static let believeRoles = PlantedBug(rawValue: 1 << 18)
    /// FAIL is believed on any connection.
    package static let believeFail = PlantedBug(rawValue: 1 << 19)
    /// A vote counts on any connection.
    package static let believeVotes = PlantedBug(rawValue: 1 << 20)
    /// A vote request is heard on any connection.
    package static let believeRequests = PlantedBug(rawValue: 1 << 21)
    /// Gossip is believed on any connection.
    package static let believeGossip = PlantedBug(rawValue: 1 << 22)
    /// The second vote of a process ends it.
    package static let trap = PlantedBug(rawValue: 1 << 31)

    private static let table: [(PlantedBug, String)] = [
        (.secondVote, "second-vote"), (.voteBeforeDisk, "vote-before-disk"),
        (.failWithoutQuorum, "fail-without-quorum"), (.voteForSuspected, "vote-for-suspected"),
        (.ignoreNewerOwner, "ignore-newer-owner"), (.equalClaim, "equal-claim"),
        (.staleReport, "stale-report"), (.emptyReporter, "empty-reporter"),
        (.lastingFail, "lasting-fail"), (.forgottenVote, "forgotten-vote"),
        (.unraisedVote, "unraised-vote"), (.oldVotes, "old-votes"),
        (.absentClaim, "absent-claim"), (.demotedOwner, "demoted-owner"),
        (.replyBeforeSave, "reply-before-save"), (.wrongContinuation, "wrong-continuation"),
        (.oldCopy, "old-copy"), (.believeUpdates, "believe-updates"),
        (.believeRoles, "believe-roles"),
        (.believeFail, "believe-fail"),
        (.believeVotes, "believe-votes"), (.believeRequests, "believe-requests"),
        (.believeGossip, "believe-gossip"),
        (.trap, "trap"),
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
