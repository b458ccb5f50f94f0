// Who calls when, in rumor mongering and anti-entropy: all in each round, one after another in each round,
// or each by a Poisson process; and the anti-entropy that stands behind a rumor.

import Determinism

extension Rumor {
    /// In push nobody calls but those who have something to say.
    private var everyoneCalls: Bool { options.mode.pulls || compares }

    /// Runs until it is over.
    /// - Returns: the rounds that it took.
    mutating func spread() -> Double {
        meter.endRound(people.compartments)
        switch options.clock {
        case .rounds: return inRounds(isSequential: false)
        case .sequential: return inRounds(isSequential: true)
        case .poisson: return byPoissonProcess()
        }
    }

    private var isOver: Bool {
        // Alone, or the only one that is up: there is nobody to call.
        if network.upCount <= 1 { return true }
        if people.allKnow && (limit == nil || options.until == .allKnow) { return true }
        guard people.infective == 0, people.fresh.isEmpty, underway == 0 else { return false }
        return options.backup == .none || people.allKnow
    }

    // MARK: Rounds

    private mutating func inRounds(isSequential: Bool) -> Double {
        /// Those who are infective, in the order in which they heard.
        var active: [UInt32] = [0]
        var everyone: [UInt32] = []
        let isShuffled = isSequential || options.connectionLimit != nil
        let isPlainRun = isPlain && !spellsOut
        if everyoneCalls && isShuffled { everyone = (0..<UInt32(options.nodes)).map { $0 } }
        while !isOver, round < options.roundsLimit {
            round += 1
            network.begin(round, &random)
            takeMail()
            if isSequential {
                runSequentially(&everyone)
            } else if isPlainRun {
                if everyoneCalls { runPlainRound() } else { runPlainPush(active) }
            } else if everyoneCalls {
                if isShuffled {
                    random.shuffle(&everyone)
                    for node in everyone where network.acts(Int(node), in: round) {
                        act(Int(node))
                    }
                } else {
                    for node in 0..<options.nodes where network.acts(node, in: round) { act(node) }
                }
            } else {
                if isShuffled { random.shuffle(&active) }
                for node in active where network.acts(Int(node), in: round) { act(Int(node)) }
            }
            judge()
            if options.backup == .antiEntropy && round % options.backupEvery == 0 { backUp() }
            if !everyoneCalls && !isSequential { gather(&active) }
            people.mature()
            meter.endRound(people.compartments)
        }
        return Double(round)
    }

    /// Those who spread it in the next round.
    private mutating func gather(_ active: inout [UInt32]) {
        if limit != nil { active.removeAll { people.phase(Int($0)) != .infective } }
        active += newcomers
        newcomers.removeAll(keepingCapacity: true)
        active += people.fresh
    }

    /// One after another, in a new order in each round; who heard in this round may pass it on.
    private mutating func runSequentially(_ everyone: inout [UInt32]) {
        if everyone.isEmpty { everyone = (0..<UInt32(options.nodes)).map { $0 } }
        random.shuffle(&everyone)
        for number in everyone {
            let node = Int(number)
            guard network.acts(node, in: round) else { continue }
            guard everyoneCalls || people.phase(node) == .infective else { continue }
            act(node)
            judge()
        }
    }

    // MARK: Poisson

    /// Each node calls at the times of a Poisson process of rate 1 a round: of all that may call, the
    /// next one is any of them, after an exponential time.
    private mutating func byPoissonProcess() -> Double {
        var now = 0.0
        var active: [UInt32] = [0]
        while !isOver {
            let callers = everyoneCalls ? options.nodes : active.count
            // With nobody who calls it goes on when the backup does, at the next whole round.
            now = callers > 0 ? now + random.exponential() / Double(callers) : Double(round + 1)
            while Double(round + 1) <= now, round < options.roundsLimit {
                round += 1
                network.begin(round, &random)
                meter.endRound(people.compartments)
                if options.backup == .antiEntropy && round % options.backupEvery == 0 {
                    backUp()
                    if !everyoneCalls { active += people.fresh }
                    people.mature()
                }
            }
            guard round < options.roundsLimit else { break }
            guard callers > 0 else { continue }
            time = now
            let place = random.below(callers)
            let caller = everyoneCalls ? place : Int(active[place])
            if network.isUp(caller) { act(caller) }
            judge()
            guard !everyoneCalls else {
                newcomers.removeAll(keepingCapacity: true)
                continue
            }
            if people.phase(caller) != .infective {
                active.swapAt(place, active.count - 1)
                active.removeLast()
            }
            active += newcomers
            newcomers.removeAll(keepingCapacity: true)
        }
        meter.endRound(people.compartments)
        return now
    }

    // MARK: Backup

    /// Who did not know spreads it again.
    private mutating func backUp() {
        for node in people.backUp(network, in: round, &meter, &random) { begin(anew: node) }
    }
}
