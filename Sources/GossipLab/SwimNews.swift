// What the members of a SWIM group say of one another and how one statement overrides another, what
// a member keeps of a suspicion, and the order in which it probes. What is done with them is
// decided in Swim and SwimViews.

import Determinism

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What is said of a member at one of its incarnations. The higher rank overrides the lower: of one
/// incarnation dead overrides suspect and suspect overrides alive, and a higher incarnation, which
/// only the member itself can give out, overrides all of a lower one.
///
/// In the paper Confirm is final, and a member that was declared dead falsely joins again as a new
/// one. Here it stays the same member with a higher incarnation, as in memberlist.
/// - Source: Das, Gupta, Motivala, "SWIM", DSN 2002, section 4.2.
struct SwimRank: Comparable, Sendable {
    enum Claim: UInt16, Sendable { case alive, suspect, dead }

    let raw: UInt16

    init(raw: UInt16) { self.raw = raw }
    init(_ claim: Claim, _ incarnation: UInt16) { raw = incarnation * 3 + claim.rawValue }

    var incarnation: UInt16 { raw / 3 }
    var claim: Claim {
        switch raw % 3 {
        case 0: .alive
        case 1: .suspect
        case _: .dead
        }
    }

    static func < (one: SwimRank, other: SwimRank) -> Bool { one.raw < other.raw }

    /// The highest incarnation that a rank holds; a member that has it refutes no more.
    static let lastIncarnation = UInt16.max / 3 - 1
}

/// One statement, as messages carry it.
struct SwimNews: Sendable {
    let subject: UInt16
    let rank: SwimRank
    /// Whose probe failed, when it is a suspicion.
    let accuser: UInt16

    func isOfDeath(of node: Int) -> Bool { Int(subject) == node && rank.claim == .dead }
}

/// What a member still has to say, by how often it has said it; of what was said as often, the
/// oldest comes first. A statement that a newer one has overridden is dropped when its turn comes.
///
/// - Source: SWIM, section 4.1: what was sent the fewest times is preferred.
struct SwimRumors: Sendable {
    /// Those that were sent 0, 1, 2, … times.
    private var levels: [[SwimNews]] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    /// All of them, those sent the fewest times first.
    var waiting: [SwimNews] { levels.flatMap { $0 } }

    mutating func add(_ news: SwimNews) {
        if levels.isEmpty { levels.append([]) }
        levels[0].append(news)
        count += 1
    }

    /// Takes what goes on top of one message.
    /// - Parameters:
    ///   - sends: how often each is sent in all.
    ///   - views: the ranks that the member holds each other one at, from `first` on.
    ///   - spent: gets what has now been sent as often as that.
    mutating func take(
        _ limit: Int, sends: Int, views: [UInt16], from first: Int, into load: inout [SwimNews],
        spent: inout [SwimNews]
    ) {
        var left = min(limit, count)
        var level = 0
        var moving: [SwimNews] = []
        while level < levels.count, left > 0 || !moving.isEmpty {
            var read = 0
            var taken: [SwimNews] = []
            while read < levels[level].count, left > 0 {
                let news = levels[level][read]
                read += 1
                if views[first + Int(news.subject)] == news.rank.raw {
                    taken.append(news)
                    left -= 1
                } else {
                    count -= 1
                }
            }
            if read == levels[level].count {
                levels[level].removeAll(keepingCapacity: true)
            } else {
                levels[level].removeFirst(read)
            }
            if !moving.isEmpty { levels[level] += moving }
            load += taken
            moving = taken
            level += 1
            if !moving.isEmpty && level == sends {
                spent += moving
                count -= moving.count
                moving = []
            } else if !moving.isEmpty && level == levels.count {
                levels.append([])
            }
        }
    }
}

/// A member that another one suspects.
struct SwimSuspicion: Sendable {
    let subject: UInt16
    let since: Int
    /// Those whose own probes failed, each once.
    var accusers: [UInt16]
}

/// How long a member stays suspected before it is declared dead, in protocol periods.
///
/// - Source: memberlist, suspicion.go:89-100 and state.go:1210-1222 (Lifeguard's rule).
struct SwimPatience: Sendable {
    let least: Double
    let most: Double
    /// Independent confirmations that bring it down to the least.
    let confirmationsWanted: Int

    /// - Parameter shrinks: Lifeguard's rule; without it the least is all there is.
    init(multiplier: Int, nodes: Int, shrinks: Bool) {
        least = Double(multiplier) * max(1, log10(Double(nodes)))
        let wanted = max(0, multiplier - 2)
        confirmationsWanted = shrinks && nodes - 2 >= wanted ? wanted : 0
        most = confirmationsWanted > 0 ? least * Self.mostOverLeast : least
    }

    /// What is left of it after so many confirmations beyond the first accuser.
    func periods(confirmations: Int) -> Double {
        guard confirmationsWanted > 0 else { return least }
        let share = log(Double(confirmations + 1)) / log(Double(confirmationsWanted + 1))
        return max(least, most - (most - least) * share)
    }

    /// memberlist's SuspicionMaxTimeoutMult and Lifeguard's beta.
    private static let mostOverLeast = 6.0
}

/// The order in which each member probes the others: through a list of all of them, which is
/// shuffled anew for each pass. The list is shuffled as it is read, so that a pass never begun
/// costs nothing.
///
/// - Source: SWIM, section 4.3: time-bounded completeness.
struct SwimProbeOrder: Sendable {
    private let others: Int
    private var lists: [UInt16] = []
    private var places: [Int]

    init(count: Int) {
        others = max(0, count - 1)
        places = [Int](repeating: 0, count: count)
        lists.reserveCapacity(count * others)
        for node in 0..<count {
            for other in 0..<count where other != node { lists.append(UInt16(other)) }
        }
    }

    /// The next one that this node probes; nil when there are no others.
    mutating func next(of node: Int, _ random: inout SplitMix64) -> Int? {
        guard others > 0 else { return nil }
        let place = places[node]
        let here = node * others + place
        lists.swapAt(here, here + random.below(others - place))
        places[node] = place + 1 < others ? place + 1 : 0
        return Int(lists[here])
    }
}
