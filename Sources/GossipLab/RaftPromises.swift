// What Raft promises, checked while a run goes on: one leader a term, logs that match, and a
// committed entry that stays. It sees what the nodes do and knows nothing of how they decide.

/// An entry of a log: the news, or nothing but its term.
struct RaftEntry: Equatable, Sendable {
    let term: Int
    let isNews: Bool
}

/// - Source: Ongaro and Ousterhout, "In search of an understandable consensus algorithm" (USENIX
///   ATC 2014), figure 3.
struct RaftPromises: Sendable {
    /// The first promise that did not hold.
    private(set) var violation: String?
    /// Of all that any node ever knew to be committed.
    private(set) var committed: [RaftEntry] = []
    /// The leader of each term; -1 when it had none.
    private var leaders: [Int] = []
    /// Each entry that a leader made, with its place and the term of the one before.
    private var made: [(entry: RaftEntry, place: Int, previousTerm: Int)] = []

    /// A node has become the leader of a term.
    mutating func leads(_ node: Int, term: Int, log: [RaftEntry]) {
        while leaders.count <= term { leaders.append(-1) }
        if leaders[term] >= 0 && leaders[term] != node {
            report("nodes \(leaders[term]) and \(node) both lead term \(term)")
        }
        leaders[term] = node
        if !log.starts(with: committed) {
            report("node \(node) leads term \(term) without an entry that was committed")
        }
    }

    /// A leader has added the last entry of its log.
    mutating func makes(_ log: [RaftEntry]) {
        guard let entry = log.last else { return }
        let previousTerm = log.count > 1 ? log[log.count - 2].term : 0
        made.append((entry, log.count - 1, previousTerm))
    }

    /// A follower has added the last entry of its log.
    mutating func takes(_ node: Int, _ log: [RaftEntry]) {
        guard let entry = log.last else { return }
        let previousTerm = log.count > 1 ? log[log.count - 2].term : 0
        // Where place and term are the same the entries are, and so are those before: of each
        // entry the one before is compared.
        let isMade = made.contains {
            $0.place == log.count - 1 && $0.entry == entry && $0.previousTerm == previousTerm
        }
        if !isMade {
            report("node \(node) holds at place \(log.count - 1) what no leader put there")
        }
    }

    /// A node knows that so many entries of its log are committed.
    mutating func commits(_ node: Int, _ log: [RaftEntry], count: Int) {
        for place in 0..<count {
            if place == committed.count {
                committed.append(log[place])
            } else if committed[place] != log[place] {
                report("node \(node) commits another entry at place \(place)")
            }
        }
    }

    /// A node drops all entries from a place on.
    mutating func drops(_ node: Int, from place: Int, commit: Int) {
        if place < commit { report("node \(node) drops a committed entry at place \(place)") }
    }

    private mutating func report(_ text: String) {
        if violation == nil { violation = text }
    }
}
