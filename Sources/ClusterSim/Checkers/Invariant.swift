// The invariants that checkers look for, each with the sentence that a report shows, and the violation that a
// checker reports. How each is checked is in the checkers.

/// What the rules guarantee, each with the sentence that a report shows.
package enum Invariant: String, Sendable, CaseIterable {
    case oneVote = "a node votes once in an epoch"
    case foundedVote = "votes are for replicas of failed masters, unless an operator forces them"
    case newestVote = "nobody votes for a claim on slots that it knows a newer owner of"
    case majority = "who wins an election has votes of a majority"
    case quorum = "a node has failed only when a quorum of masters with slots says so of late"
    case durable = "nothing is promised before it is on disk"
    case acknowledged = "what an operator was told is done outlives the process"
    case risingEpochs = "the epochs of an identity never fall"
    case oneClaim = "two masters at one epoch stay so no longer than one exchange of headers"
    case risingOwners = "a slot changes its owner only to a greater epoch"
    case keptSlots = "a slot that its owner does not claim stays with it until another claims it"
    case bestSuccessor = "of replicas that can stand the one with the most data is elected"
    case keptWrites = "what a replica confirmed is kept while one that has it can stand"
    case electedCopy =
        "who is elected without an operator's force holds a copy of its master's keys"
    case sameKeys = "at one place of one history all hold the same keys, and none is half a copy"
    case wholeCopies = "in the end each replica has its master's keys, after few copies"
    case strangersWord = "nothing changes by the word of a stranger"
    case bounded = "nothing grows without bound"
    case readableFile = "a node can read what it saved"
    case readableMessage = "a node can read what another says"
    case noTrap = "the rules end no process, whatever comes in"
    case formation = "a cluster forms in a bounded time"
    case agreement = "once faults stop, those who can talk agree in a bounded time"
}

/// An invariant that did not hold.
package struct Violation: Equatable, Sendable {
    package var invariant: Invariant
    package var text: String
    /// Microseconds since the world began; nil until the world says when.
    package var time: Int64?

    package init(_ invariant: Invariant, _ text: String, time: Int64? = nil) {
        self.invariant = invariant
        self.text = text
        self.time = time
    }
}
