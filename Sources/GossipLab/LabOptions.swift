// What a run of the laboratory is asked: the strategy with its switches, the network that it meets, and
// the small print of the model. Each option has one spelling, which the command line and the JSON share;
// what cannot be combined is refused in Refusal.

/// How news spreads.
package enum Strategy: String, CaseIterable, Sendable {
    case directMail = "direct-mail"
    case antiEntropy = "anti-entropy"
    case rumor
    case medianCounter = "median-counter"
    case infectAndDie = "infect-and-die"
    case plumtree, swim
    case pushSum = "push-sum"
    case raft
    /// The cluster bus of Redis and Valkey itself. It is run by who has its rules, not here.
    case bus
}

/// Which way an update goes when one node calls another.
package enum Mode: String, CaseIterable, Sendable {
    case push, pull
    case pushPull = "push-pull"

    var pushes: Bool { self != .pull }
    var pulls: Bool { self != .push }
    /// The messages of a contact as they are usually counted: 1, 2 and 3.
    package var messagesAsTaught: Int {
        switch self {
        case .push: 1
        case .pull: 2
        case .pushPull: 3
        }
    }
}

/// What makes a node lose interest in a rumor: its partner's answer, or nothing of the kind.
package enum Interest: String, CaseIterable, Sendable { case blind, feedback }

/// How it loses it: with chance 1/k, or after k.
package enum Stop: String, CaseIterable, Sendable { case coin, counter }

/// Whether a partner knows an update is judged by what it knew when the round began, or by what it knows
/// at the moment of the call.
package enum Knowledge: String, CaseIterable, Sendable { case round, instant }

/// Who acts when: all at once, one after another in a random order in each round, or each by a Poisson
/// process of rate 1 a round.
package enum Clock: String, CaseIterable, Sendable { case rounds, sequential, poisson }

/// Whom a node draws its partner among.
package enum Draw: String, CaseIterable, Sendable { case others, all }

/// How two databases are compared (Demers et al., CSL-89-1, section 1.3).
package enum Comparison: String, CaseIterable, Sendable {
    case full, checksum, recent
    case peelBack = "peel-back"
    case tree
}

package enum Partner: String, CaseIterable, Sendable { case random, ring }

/// What a ring does with a member that is dead.
package enum DeadMember: String, CaseIterable, Sendable { case skip, restart, refuse }

package enum QueueFull: String, CaseIterable, Sendable {
    case dropNewest = "drop-newest"
    case dropOldest = "drop-oldest"
    case refuse
}

package enum Topology: String, CaseIterable, Sendable {
    case complete, ring, grid, random, continents, spatial
}

package enum Until: String, CaseIterable, Sendable {
    /// Nobody spreads it any more.
    case quiet
    case allKnow = "all-know"
}

/// What stands behind a strategy that may leave some without the news.
package enum Backup: String, CaseIterable, Sendable {
    case none
    case antiEntropy = "anti-entropy"
}

/// What a cluster of the bus hears of.
package enum BusNews: String, CaseIterable, Sendable {
    case newNode = "new-node"
    case failure, slot, forgotten
}

/// What push-sum computes of the values of all nodes.
package enum Aggregate: String, CaseIterable, Sendable { case mean, sum, maximum, count }

/// A run of the laboratory. Times are in rounds.
package struct LabOptions: Equatable, Sendable {
    package var strategy = Strategy.rumor
    package var nodes = 1000
    package var until = Until.quiet
    package var roundsLimit = 1000

    // The rumor.
    package var mode = Mode.push
    package var interest = Interest.feedback
    package var stop = Stop.counter
    /// Unnecessary contacts, or sends when blind, until interest is lost; nil: never.
    package var k: Int?
    /// A useful contact sets the counter to 0.
    package var resetsCounter = true
    /// Targets a round; without replacement they are distinct.
    package var fanout = 1
    package var withReplacement = false
    /// Never the same target twice.
    package var noRepeat = false
    /// Not to whom it was heard from.
    package var noSendBack = false
    /// Calls that a node takes in a round.
    package var connectionLimit: Int?
    /// Others that a rejected caller tries.
    package var hunt = 0
    /// When both know the rumor only the smaller counter grows.
    package var minimizes = false
    package var backup = Backup.none
    /// Rounds between two contacts of the backup.
    package var backupEvery = 10

    // The small print.
    package var knowledge = Knowledge.round
    package var clock = Clock.rounds
    package var draw = Draw.others

    // Anti-entropy.
    package var comparison = Comparison.full
    package var partner = Partner.random
    package var deadMember = DeadMember.skip
    /// Entries of a database.
    package var entries = 1000
    /// Entries in which two databases differ, besides the update that is followed.
    package var differences = 0
    /// Rounds for which an update stands on the recent update list.
    package var window = 30
    /// Updates a round in the whole network: so many stand on the list for each round of the window.
    package var updatesPerRound = 1.0

    // Direct mail.
    package var writes = 1
    /// Sends that may wait to be retried; nil: any number.
    package var queue: Int?
    package var queueFull = QueueFull.dropNewest
    /// Rounds for which a failed send is retried; nil: for ever.
    package var maxAge: Int?

    // The network.
    /// The chance that a message is lost.
    package var loss = 0.0
    /// The share of the nodes that is down for good.
    package var down = 0.0
    /// The chance that a node that is up goes down in a round.
    package var churn = 0.0
    /// The chance that one that went down comes back in a round.
    package var comeBack = 0.5
    /// Rounds that a message takes beyond the one in which it is sent.
    package var delay = 0...0
    /// Rounds in which no message passes between the two parts.
    package var partition: ClosedRange<Int>?
    /// The share of the nodes in the first part, or on the first continent.
    package var share = 0.5
    /// The share of the nodes that act in one round of `slowFactor`.
    package var slow = 0.0
    package var slowFactor = 4
    package var topology = Topology.complete
    /// Contacts that each node draws in a random topology.
    package var contacts = 8
    /// Spatial choice: a partner at distance d is drawn with a weight of d to the power of minus this.
    package var distanceExponent = 2.0
    /// Pairs of nodes through which two continents are joined; nil: all may speak, and what crosses is
    /// counted.
    package var cutLinks: Int?

    // Push-sum.
    package var aggregate = Aggregate.mean
    /// A sender learns that its message was lost and adds to its own what it had sent.
    package var takesBack = false

    // Plumtree.
    /// Broadcasts of one origin, one after another: the first builds the tree, the last is counted. The
    /// share of the nodes that is down fails after the first.
    package var broadcasts = 3

    // SWIM.
    package var indirectChecks = 3
    /// An update is sent this times log10(n + 1) times by each node.
    package var retransmitMultiplier = 4
    package var suspicionMultiplier = 4
    package var lifeguard = true

    // The bus.
    package var news = BusNews.failure
    package var nodeTimeoutMilliseconds = 15_000

    // A system that has this for its setting.
    /// Milliseconds of a round, where they are known.
    package var intervalMilliseconds: Double?
    /// Bytes of a message that carries the update, where they are known.
    package var messageBytes: Double?
    package var profile: String?

    package init() {}

    /// Rounds after which interest is lost, as a run of these options has it: a rumor that is followed
    /// until all know is never dropped unless that is asked for.
    package var interestLimit: Int? { k ?? (until == .quiet ? 1 : nil) }

    /// What is known of a partner where calls come one after another is what it knows then.
    package var usedKnowledge: Knowledge { clock == .rounds ? knowledge : .instant }
}
