// Who has heard the news, as columns: a node is a place in flat arrays, five bytes in all, so that a
// million of them are a few megabytes.

/// The state of one node in an epidemic.
package enum Phase: UInt8, Sendable {
    case susceptible, infective, removed
    /// Heard in this round, and infective with the next.
    case fresh
}

/// The nodes of one run as they hear one update.
struct Population: Sendable {
    /// Of all nodes.
    private(set) var phases: [Phase]
    /// The round in which each heard first; `never` for those that did not.
    private(set) var heardAt: [UInt32]
    /// The round in which each stopped spreading it; empty when nobody asks.
    private var leftAt: [UInt32] = []
    private(set) var susceptible: Int
    private(set) var infective = 0
    private(set) var removed = 0
    /// Heard in this round.
    private(set) var fresh: [UInt32] = []
    private var heardSum = 0.0
    private var heardCount = 0
    private var origins = 0
    private(set) var lastReceipt = 0.0

    static let never = UInt32.max

    /// All are susceptible; those that are down for good, or have crashed, belong to no state.
    init(_ network: Network, crashed: Int = 0) {
        phases = [Phase](repeating: .susceptible, count: network.count)
        heardAt = [UInt32](repeating: Self.never, count: network.count)
        susceptible = network.upCount - crashed
    }

    /// Nodes in any of the states.
    var count: Int { susceptible + infective + removed + fresh.count }
    var allKnow: Bool { susceptible == 0 }
    var compartments: Compartments {
        Compartments(
            susceptible: susceptible, infective: infective + fresh.count, removed: removed)
    }

    @inline(__always)
    func phase(_ node: Int) -> Phase { phases[node] }

    @inline(__always)
    func knows(_ node: Int) -> Bool { phases[node] != .susceptible }

    /// Whether it knew when the round began.
    @inline(__always)
    func knewBefore(_ node: Int) -> Bool {
        phases[node] == .infective || phases[node] == .removed
    }

    /// The update is injected here, in round 0.
    mutating func inject(at node: Int) {
        guard phases[node] == .susceptible else { return }
        phases[node] = .infective
        heardAt[node] = 0
        susceptible -= 1
        infective += 1
        origins += 1
    }

    /// A node hears: it is infective with the next round.
    /// - Returns: whether it was new to it.
    @inline(__always)
    @discardableResult
    mutating func hear(_ node: Int, in round: Int, at time: Double? = nil) -> Bool {
        guard phases[node] == .susceptible else { return false }
        phases[node] = .fresh
        heardAt[node] = UInt32(round)
        susceptible -= 1
        fresh.append(UInt32(node))
        heardSum += time ?? Double(round)
        heardCount += 1
        lastReceipt = max(lastReceipt, time ?? Double(round))
        return true
    }

    /// What was heard spreads from now on.
    mutating func mature() {
        for node in fresh where phases[Int(node)] == .fresh { phases[Int(node)] = .infective }
        infective += fresh.count
        fresh.removeAll(keepingCapacity: true)
    }

    /// It loses interest.
    @inline(__always)
    mutating func remove(_ node: Int, in round: Int) {
        guard phases[node] == .infective else { return }
        phases[node] = .removed
        if !leftAt.isEmpty { leftAt[node] = UInt32(round) }
        infective -= 1
        removed += 1
    }

    /// When each stopped is kept from now on.
    mutating func keepsRemovals() {
        leftAt = [UInt32](repeating: Self.never, count: phases.count)
    }

    /// The run as it can be watched, when removals were kept.
    func history(rounds: Int) -> History {
        History(heardAt: heardAt, leftAt: leftAt, rounds: rounds)
    }

    /// What came of it for those that are up.
    func complete(_ result: inout RunResult, rounds: Double) {
        result.nodes = phases.count
        result.residue = count == 0 ? 0 : Double(susceptible) / Double(count)
        result.lastReceipt = lastReceipt
        result.firstReceipt = heardCount == 0 ? 0 : heardSum / Double(heardCount)
        result.averageReceipt =
            heardCount + origins == 0 ? 0 : heardSum / Double(heardCount + origins)
        result.roundsUntilAllKnow = allKnow ? lastReceipt : nil
    }
}
