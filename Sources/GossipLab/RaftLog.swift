// Raft: one entry, replicated by a leader that a majority elected. It is here as the contrast to
// gossip: what is committed stays, and where no majority is left nothing is. Time is in rounds;
// snapshots, changes of membership and reads are left out. Its promises are checked by
// RaftPromises at every step.

import Determinism

/// A client has one entry and gives it to whoever leads, until that leader has it in its log.
///
/// A node knows the news once it knows that the entry is committed: only then does it stay. In the
/// curve a node that has the entry in its log, and no more, is infective, and one that knows is
/// removed.
/// - Source: Ongaro and Ousterhout, "In search of an understandable consensus algorithm" (USENIX
///   ATC 2014), figure 2.
package enum RaftLog {
    /// Every entry goes to every node, with an answer from each.
    package static let nodesLimit = 1000

    static func run(_ options: LabOptions, seed: UInt64) -> RunResult {
        var random = SplitMix64(seed: seed)
        var course = RaftCourse(options, &random)
        while course.round < options.roundsLimit && !course.allKnow { course.run(&random) }
        var result = RunResult(seed: seed)
        course.complete(&result)
        return result
    }

    /// Nodes that must agree.
    package static func majority(of nodes: Int) -> Int { nodes / 2 + 1 }
}

/// One node.
struct RaftMember: Sendable {
    enum Role: Sendable { case follower, candidate, leader }

    var term = 0
    var votedFor: Int?
    var log: [RaftEntry] = []
    /// Entries that it knows to be committed.
    var commit = 0
    var role = Role.follower
    var votes = 0
    /// The round in which it stands for election, or, as a leader, speaks again.
    var deadline = 0
    /// Of each node, as a leader: the next place to send, and the entries it is known to have.
    var next: [Int] = []
    var match: [Int] = []
    var wasUp = true

    var lastTerm: Int { log.last?.term ?? 0 }
    var hasNews: Bool { log.contains { $0.isNews } }
    var knowsNews: Bool { log.prefix(commit).contains { $0.isNews } }

    /// One vote a term, and only for a log that is at least as up to date as its own.
    func grants(_ candidate: Int, term asked: Int, lastPlace: Int, lastTerm asksWith: Int) -> Bool {
        guard asked == term, votedFor == nil || votedFor == candidate else { return false }
        return asksWith != lastTerm ? asksWith > lastTerm : lastPlace >= log.count
    }

    /// Entries that a leader knows to be committed: what a majority has, if the last of it is of the
    /// leader's own term (section 5.4.2 of the paper).
    func committed(majority: Int) -> Int {
        let agreed = match.sorted(by: >)[majority - 1]
        return agreed > 0 && log[agreed - 1].term == term ? agreed : commit
    }

    /// Whether its log has the entry after which a leader's entries follow.
    func agrees(previous: Int, previousTerm: Int) -> Bool {
        previous <= log.count && (previous == 0 || log[previous - 1].term == previousTerm)
    }
}

enum RaftMessage: Sendable {
    case requestVote(lastPlace: Int, lastTerm: Int)
    case vote(isGranted: Bool)
    /// Entries that follow the first `previous` entries, the last of which has this term.
    case append(previous: Int, previousTerm: Int, entries: ArraySlice<RaftEntry>, commit: Int)
    /// The entries that agree with the leader's, or, when they do not, how many there are.
    case answer(isSuccess: Bool, match: Int)
}

struct RaftEnvelope: Sendable {
    let from: Int
    let to: Int
    let term: Int
    let message: RaftMessage
}
