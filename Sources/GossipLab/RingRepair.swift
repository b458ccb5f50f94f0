// Anti-entropy in a closed ring, A to B to C to A to B: each gives the next what it has and the next one
// lacks. The ring is the order of the places of the nodes; what a dead member means for it is one of
// three rules.

import Determinism

/// Ring repair: every node holds an entry of its own, and news is the union of them all. One hop is made
/// in a round, since each waits for the one before; n - 1 hops gather the union and n - 1 hand it out.
///
/// The holder of the turn sends until it is answered: a lost message costs a round. Only a member that is
/// down is held for dead. A pass waits while its holder is down.
/// - Source: widely taught, not in Demers et al.; 2n - 2 hops follow from the order alone.
package enum RingRepair {
    /// Susceptible is a node that lacks some entry of the union, infective one that has it and has not
    /// handed it on. `roundsLimit` is for the rounds beyond the 2n - 2 that every ring needs.
    package static func run(_ options: LabOptions, seed: UInt64) -> RunResult {
        var random = SplitMix64(seed: seed)
        let network = Network(options, &random)
        var ring = Ring(options, network, &random)
        var result = RunResult(seed: seed)
        ring.begin()
        let limit = min(options.roundsLimit, Int.max / 2) + 2 * options.nodes - 2
        while !ring.isOver && ring.round < limit { ring.step(&random) }
        result.meter = ring.meter
        result.figures = ring.figures
        ring.population.complete(&result, rounds: Double(ring.round))
        let isUndisturbed = network.isPerfect && options.churn == 0 && options.slow == 0
        if isUndisturbed && ring.hops != 2 * options.nodes - 2 {
            result.violation = "\(ring.hops) hops among \(options.nodes), not 2n - 2"
        }
        return result
    }
}

/// A ring and the turn that goes round in it.
///
/// All that the turn has met is in what its holder has, so what a node has is its own entry and the first
/// so many of the entries in the order in which the turn met them: a number is enough for a set.
private struct Ring {
    private let options: LabOptions
    private var network: Network
    private(set) var population: Population
    private(set) var meter = Meter()
    private(set) var round = 0
    private(set) var hops = 0
    private(set) var isOver = false
    private var holder = 0
    private var target = 0
    /// Entries that the turn has met.
    private var met = 1
    /// Of these, how many each node has: 0 for one that the turn has not been at.
    private var prefixes: [UInt32]
    /// The next member of each, and how many members there are as far as the holder knows.
    private var next: [UInt32] = []
    private var members = 0
    /// The pass in which a member was last passed over, and how many were in this one.
    private var skippedIn: [UInt32]
    private var skipped = 0
    private var passHops = 0
    private var passes = 0
    private var restarts = 0
    private var refusals = 0
    private var deadMet = 0
    private var entriesSent = 0
    private let differing: ComparisonCost
    private let same: ComparisonCost
    private let entryBytes: Double

    init(_ options: LabOptions, _ network: Network, _ random: inout SplitMix64) {
        self.options = options
        self.network = network
        population = Population(network)
        prefixes = [UInt32](repeating: 0, count: options.nodes)
        skippedIn = [UInt32](repeating: 0, count: options.nodes)
        differing = ComparisonCost.contact(options, differing: true, random: &random)
        same = ComparisonCost.contact(options, differing: false, random: &random)
        entryBytes = options.messageBytes ?? ComparisonSizes().entry
    }

    var figures: [(name: String, value: Double)] {
        [
            ("hops", Double(hops)), ("passes", Double(passes)), ("restarts", Double(restarts)),
            ("refusals", Double(refusals)), ("deadMembersMet", Double(deadMet)),
            ("entriesSent", Double(entriesSent)),
        ]
    }

    mutating func begin() {
        prefixes[0] = 1
        meter.bytes = 0
        if met == network.upCount {
            population.inject(at: 0)
            isOver = true
        }
        meter.endRound(population.compartments)
        if !isOver { beginPass() }
    }

    /// All are members again, and the holder is the origin.
    private mutating func beginPass() {
        next = (0..<options.nodes).map { UInt32(($0 + 1) % options.nodes) }
        members = options.nodes
        passes += 1
        beginCount()
        if options.deadMember == .refuse { refuseIfDown() }
    }

    private mutating func beginCount() {
        passHops = 0
        skipped = 0
        target = Int(next[holder])
    }

    /// By this rule no pass is made unless all are up. Where a member is down for good, none ever is.
    private mutating func refuseIfDown() {
        guard (0..<options.nodes).contains(where: { !network.isUp($0) }) else { return }
        refusals += 1
        passes -= 1
        passHops = -1
        isOver = network.upCount < options.nodes
    }

    mutating func step(_ random: inout SplitMix64) {
        round += 1
        network.begin(round, &random)
        if passHops < 0 {
            beginPass()
        } else if network.acts(holder, in: round) {
            call(&random)
        }
        population.mature()
        // After the last hop nobody has to hand anything on.
        if isOver && population.allKnow { population.remove(holder, in: round) }
        meter.endRound(population.compartments)
    }

    private mutating func call(_ random: inout SplitMix64) {
        meter.contacts += 1
        meter.asTaught += 1
        meter.updates += 1
        guard network.isUp(target) else {
            meter.lost += 1
            deadMet += 1
            findDead()
            return
        }
        guard network.delivers(from: holder, to: target, &random) else {
            meter.lost += 1
            return
        }
        hop()
    }

    private mutating func hop() {
        let lacking = met - Int(prefixes[target])
        hops += 1
        passHops += 1
        entriesSent += lacking
        count(lacking)
        if prefixes[target] == 0 { met += 1 }
        prefixes[target] = UInt32(met)
        if network.crosses(holder, target) { meter.crossings += 1 }
        population.remove(holder, in: round)
        if met == network.upCount { population.hear(target, in: round) }
        holder = target
        target = Int(next[holder])
        endPassIfDone()
    }

    /// A contact is priced with one entry that the next lacks; more of them are sent besides, unless all
    /// that there is was sent anyway.
    private mutating func count(_ lacking: Int) {
        let price = lacking > 0 ? differing : same
        var bytes = price.bytes
        switch options.comparison {
        case .full, .checksum: break
        case .recent, .peelBack, .tree: bytes += Double(max(0, lacking - 1)) * entryBytes
        }
        meter.bytes = (meter.bytes ?? 0) + bytes
    }

    private mutating func endPassIfDone() {
        let needed = 2 * (members - skipped) - 2
        if passHops < needed && target != holder { return }
        if population.allKnow { isOver = true } else { beginPass() }
    }

    private mutating func findDead() {
        switch options.deadMember {
        case .skip:
            // It may be met twice in a pass, once while gathering and once while handing out.
            if skippedIn[target] != UInt32(passes) {
                skippedIn[target] = UInt32(passes)
                skipped += 1
            }
            target = Int(next[target])
            endPassIfDone()
        case .restart:
            // The ring closes over the place of the dead, and whoever found it is the new origin.
            next[holder] = next[target]
            members -= 1
            restarts += 1
            beginCount()
            endPassIfDone()
        case .refuse:
            refusals += 1
            passHops = -1
            isOver = network.isGoneForGood(target)
        }
    }
}
