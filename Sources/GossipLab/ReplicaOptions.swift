// What a run of replicas is asked and what it reports: the rule of versions, the ways of repair, what
// clients do and when, and what is corrupted. Replicas does it.

/// What becomes of a deleted entry.
package enum Deletion: Equatable, Sendable {
    /// It is taken away where it is deleted, and nothing is said.
    case erase
    /// A death certificate that all keep until it is older than so many rounds.
    case certificate(retention: Int)
    /// A death certificate that all keep until it is older than tau1, and so many retention sites for tau2
    /// rounds more, without spreading it.
    case dormant(tau1: Int, tau2: Int, sites: Int)
}

/// What is summed up, and by whom.
package enum Checksums: String, CaseIterable, Sendable {
    case none
    /// Each message by its sender: what is flipped on the way is found, what was wrong before is not.
    case message
    /// Each entry by its writer: what is flipped anywhere since is found, too.
    case entry
}

/// Something that goes wrong with a state. No checksum finds out one who makes up a state and sums it.
package enum Corruption: Equatable, Sendable {
    /// A bit of the first entry that is sent in this round or later is flipped on the way.
    case wire(bit: Int, round: Int)
    /// A bit of an entry of key 0 is flipped where it is stored.
    case memory(node: Int, bit: Int, round: Int)
    /// A node makes up a state of key 0 each round, with a version of so much more than its clock.
    case liar(node: Int, rounds: ClosedRange<Int>, jump: Int)
}

/// What a client does at a node, in a round.
package struct ReplicaOperation: Equatable, Sendable {
    package enum Action: String, CaseIterable, Sendable {
        /// With all that the node holds for known.
        case write
        /// With nothing for known: beside what is there when the rule is that of vectors.
        case writeBlind = "write-blind"
        case delete, read
        /// Reads and writes one entry in the place of all siblings.
        case reconcile
    }
    package let round: Int
    package let node: Int
    package let key: Int
    package let action: Action

    package init(_ action: Action, key: Int = 0, at node: Int, in round: Int) {
        self.round = round
        self.node = node
        self.key = key
        self.action = action
    }
}

/// A node that cannot be reached in some rounds and keeps what it holds.
package struct Absence: Equatable, Sendable {
    package let node: Int
    package let rounds: ClosedRange<Int>

    package init(_ node: Int, _ rounds: ClosedRange<Int>) {
        self.node = node
        self.rounds = rounds
    }
}

/// A run of replicas, all of which hold all keys. Times are in rounds.
package struct ReplicaOptions: Equatable, Sendable {
    package var nodes = 100
    package var keys = 1
    package var rounds = 60
    package var rule = VersionRule.newestWins

    // What clients do.
    package var operations: [ReplicaOperation] = []
    /// Writes at nodes and of keys drawn at random, in each of `writeRounds`.
    package var writesPerRound = 0
    package var writeRounds: ClosedRange<Int>?
    /// Reads at nodes and of keys drawn at random, in each round.
    package var readsPerRound = 0

    // Repair in the background.
    package var mode = Mode.pushPull
    /// Rounds between two contacts of a node; 0: none are made.
    package var antiEntropyEvery = 1

    // Repair on write.
    /// Others to whom a write is sent at once.
    package var mails = 0
    /// Sends that failed that a node remembers for later; 0: none.
    package var hintQueue = 0
    /// Rounds for which it does.
    package var hintMaxAge = 100

    // Repair on read.
    /// Nodes that a read asks, that of the client included.
    package var readQuorum = 1
    package var repairsOnRead = false

    // Deletion.
    package var deletion = Deletion.certificate(retention: 1000)
    /// A certificate that is woken is dated anew as if the entry had been deleted again: the mistake that
    /// the activation time stamp avoids.
    package var redatesWoken = false

    // The network.
    package var loss = 0.0
    package var absences: [Absence] = []

    // Corruption.
    package var corruptions: [Corruption] = []
    /// The chance that a bit of an entry is flipped on its way.
    package var flipChance = 0.0
    package var checksums = Checksums.none
    /// A version of so many rounds above one's own clock is the most that is believed; nil: any.
    package var jumpLimit: Int?

    // Bytes.
    package var entryBytes = 128.0
    /// Of a key and a version, by which two nodes tell each other what they hold.
    package var digestBytes = 16.0

    package init() {}

    package static let nodesLimit = 10_000
    package static let keysLimit = 64
    package static let roundsLimit = 100_000

    /// Why no run can be made of these; nil when one can.
    package var refusal: String? {
        if nodes < 1 || nodes > Self.nodesLimit { return "from 1 to \(Self.nodesLimit) replicas" }
        if keys < 1 || keys > Self.keysLimit { return "from 1 to \(Self.keysLimit) keys" }
        if rounds < 1 || rounds > Self.roundsLimit { return "from 1 to \(Self.roundsLimit) rounds" }
        if writesPerRound < 0 || readsPerRound < 0 || antiEntropyEvery < 0 || mails < 0
            || hintQueue < 0 || hintMaxAge < 0
        {
            return "no number of writes, reads, rounds, mails or hints is negative"
        }
        if let jumpLimit, !(0...Self.jumpMost).contains(jumpLimit) {
            return "a limit on jumps is from 0 to \(Self.jumpMost)"
        }
        if readQuorum < 1 || readQuorum > nodes { return "a read asks from 1 to \(nodes) nodes" }
        if mails > nodes - 1 { return "a write is sent to \(nodes - 1) others at most" }
        if !(0..<1).contains(loss) || !(0...1).contains(flipChance) {
            return "a chance is from 0 to 1, and that of a loss below 1"
        }
        return eventRefusal ?? deletionRefusal
    }

    private var eventRefusal: String? {
        for operation in operations
        where !(0..<nodes).contains(operation.node) || !(0..<keys).contains(operation.key) {
            return "an operation at node \(operation.node), key \(operation.key): there is none"
        }
        for operation in operations where !(1...rounds).contains(operation.round) {
            return "an operation in round \(operation.round): there are rounds 1 to \(rounds)"
        }
        for absence in absences where !(0..<nodes).contains(absence.node) {
            return "node \(absence.node) cannot be absent: there is none"
        }
        for corruption in corruptions {
            switch corruption {
            case .wire(let bit, _):
                if !(0..<Entry.bitCount).contains(bit) { return "an entry has no bit \(bit)" }
            case .memory(let node, let bit, _):
                if !(0..<Entry.bitCount).contains(bit) { return "an entry has no bit \(bit)" }
                if !(0..<nodes).contains(node) { return "there is no node \(node)" }
            case .liar(let node, _, let jump):
                if !(0..<nodes).contains(node) { return "there is no node \(node)" }
                if !(0...Self.jumpMost).contains(jump) {
                    return "a version can jump by \(Self.jumpMost) at most"
                }
            }
        }
        return nil
    }

    private var deletionRefusal: String? {
        switch deletion {
        case .erase: nil
        case .certificate(let retention):
            (0...Self.jumpMost).contains(retention)
                ? nil : "a retention is from 0 to \(Self.jumpMost)"
        case .dormant where redatesWoken && rule == .vectors:
            "a version vector has no date, so what is woken cannot be dated anew"
        case .dormant(let tau1, let tau2, let sites):
            (0...Self.jumpMost).contains(tau1) && (0...Self.jumpMost).contains(tau2)
                && (0...nodes).contains(sites)
                ? nil : "thresholds are from 0 to \(Self.jumpMost), and retention sites are nodes"
        }
    }

    /// Far beyond any clock here, and still a time stamp when it is added to one.
    private static let jumpMost = 1 << 30
}

/// What a run of replicas came to.
package struct ReplicaReport: Sendable {
    /// The round from which on all nodes, absent ones included, held the same live entries until the end;
    /// nil when they did not at the end.
    package var sameSince: Int?
    /// The round of the last write, deletion or reconciliation.
    package var lastOperation = 0
    /// The most siblings that one node held of one key: at any time, and at the end.
    package var mostSiblings = 0
    package var siblingsAtEnd = 0
    /// Keys that were deleted last and that some node holds at the end, and how many copies that are.
    package var resurrectedKeys = 0
    package var resurrectedCopies = 0
    package var reads = 0
    /// Reads that did not return what the rule makes of all that had been written.
    package var staleReads = 0
    /// Times that a node took over a state that nobody wrote.
    package var wrongAccepted = 0
    /// Nodes that held such a state: at the end, and the most at any time.
    package var wrongAtEnd = 0
    package var mostWrong = 0
    /// The last round at whose end any did; nil when none ever did.
    package var lastWrong: Int?
    /// States refused for their checksum, and for a version too far from the clock.
    package var checksumRefusals = 0
    package var jumpRefusals = 0
    /// Writes that lost to a state that their own node held.
    package var writesIgnored = 0
    /// Dormant certificates that an old copy woke, in each round.
    package var wakings: [Int] = []
    /// Sends that failed and were remembered; and those of them that arrived, that grew too old, and those
    /// for which there was no room: lost, unless another repair brings them.
    package var hinted = 0
    package var hintsDelivered = 0
    package var hintsExpired = 0
    package var hintsOverflowed = 0
    /// Copies brought up to date by a read that touched them.
    package var readRepairs = 0
    /// Contacts, entries sent as updates, and bytes. Its curve is left empty.
    package var meter = Meter()

    /// Rounds until all held the same, that of the last operation included.
    package var roundsUntilSame: Int? { sameSince.map { max(0, $0 - lastOperation + 1) } }
    package var allWakings: Int { wakings.reduce(0, +) }
}
