// One run of push-sum in columns: shares are whole numbers of a unit so small that all of them
// together are just below 2^124, and a part that is sent leaves the remainder with its sender.
// Hence sums are exact; only estimates are rounded.

import Determinism

/// A part of what a node holds, or all of it.
struct Mass: Equatable, Sendable {
    var sum: UInt128
    var weight: UInt128

    static let none = Mass(sum: 0, weight: 0)
    static func + (a: Mass, b: Mass) -> Mass {
        Mass(sum: a.sum + b.sum, weight: a.weight + b.weight)
    }
    static func += (a: inout Mass, b: Mass) { a = a + b }

    /// Parts that are equal; what is left over stays.
    mutating func split(into parts: UInt128) -> Mass {
        // A division of 128 bits is slow, and most nodes halve.
        let part =
            parts == 2
            ? Mass(sum: sum >> 1, weight: weight >> 1)
            : Mass(sum: sum / parts, weight: weight / parts)
        sum -= part.sum * (parts - 1)
        weight -= part.weight * (parts - 1)
        return part
    }
}

/// The nodes of one run, from round to round.
struct PushSumCourse {
    private let options: LabOptions
    private var network: Network
    private var meter = Meter()
    private var held: [Mass]
    /// What arrived in this round: it counts from the next.
    private var inbox: [Mass]
    private var late: RoundQueue<Parcel>
    private var destroyed = Mass.none
    private let atFirst: Mass
    private let units: (sum: Double, weight: Double)
    let truth: Double
    /// The round since which each node has known; `Population.never` while it does not.
    private var since: [UInt32]
    private var knowing = 0
    private(set) var round = 0
    /// The largest relative error after each round.
    private(set) var errors: [Double] = []
    private var meanError = 0.0
    private var spread = Double.infinity
    private var violation: String?

    private struct Parcel: Sendable {
        let from: UInt32
        let to: UInt32
        let mass: Mass
    }

    /// Values are drawn from 1 to this.
    private static let largestValue = 1000
    /// All that is held together is below this.
    private static let room = UInt128(1) << 124

    init(_ options: LabOptions, _ random: inout SplitMix64) {
        self.options = options
        let network = Network(options, &random)
        self.network = network
        let nodes = UInt128(options.nodes)
        let isCount = options.aggregate == .count
        let isMean = options.aggregate == .mean
        let sumUnit = Self.unit(shares: nodes * UInt128(isCount ? 1 : Self.largestValue))
        let weightUnit = Self.unit(shares: isMean ? nodes : 1)
        units = (Double(sumUnit), Double(weightUnit))
        held = [Mass](repeating: .none, count: options.nodes)
        inbox = held
        var (total, largest) = (0, 0)
        for node in 0..<options.nodes {
            let drawn = 1 + random.below(Self.largestValue)
            guard !network.isGoneForGood(node) else { continue }
            let value = isCount ? 1 : drawn
            let hasWeight = isMean || options.aggregate != .maximum && node == 0
            held[node] = Mass(sum: UInt128(value) * sumUnit, weight: hasWeight ? weightUnit : 0)
            total += value
            largest = max(largest, value)
        }
        truth =
            switch options.aggregate {
            case .mean: Double(total) / Double(network.upCount)
            case .sum, .count: Double(total)
            case .maximum: Double(largest)
            }
        atFirst = held.reduce(.none, +)
        late = RoundQueue(horizon: options.delay.upperBound)
        since = [UInt32](repeating: Population.never, count: options.nodes)
        judge()
    }

    /// So much that so many of it are below 2^124: a power of two, by which dividing is exact.
    private static func unit(shares: UInt128) -> UInt128 {
        1 << (127 - (room / (2 * shares)).leadingZeroBitCount)
    }

    var allKnow: Bool { knowing == network.upCount }
    /// Nothing will change any more: all have the same estimate, or there is no weight left.
    var isSettled: Bool {
        if spread <= PushSum.agreement * truth { return true }
        return options.aggregate != .maximum && destroyed.weight == atFirst.weight
    }

    mutating func run(_ random: inout SplitMix64) {
        round += 1
        network.begin(round, &random)
        for parcel in late.take(round) {
            if network.isUp(Int(parcel.to)) {
                accept(parcel.mass, at: Int(parcel.to))
            } else {
                lose(parcel.mass, from: Int(parcel.from))
            }
        }
        var targets: [Int] = []
        for node in 0..<options.nodes where network.acts(node, in: round) {
            Targets.draw(options.fanout, of: node, in: network, options, into: &targets, &random)
            var part = held[node]
            if options.aggregate != .maximum {
                part = held[node].split(into: UInt128(targets.count + 1))
            }
            for target in targets { send(part, from: node, to: target, &random) }
        }
        for node in 0..<options.nodes where inbox[node] != .none {
            if options.aggregate == .maximum {
                held[node].sum = max(held[node].sum, inbox[node].sum)
            } else {
                held[node] += inbox[node]
            }
            inbox[node] = .none
        }
        checkMass()
        judge()
    }

    private mutating func send(
        _ part: Mass, from node: Int, to target: Int, _ random: inout SplitMix64
    ) {
        meter.contacts += 1
        meter.asTaught += 1
        meter.updates += 1
        if options.topology == .continents && network.crosses(node, target) { meter.crossings += 1 }
        guard network.delivers(from: node, to: target, &random) else {
            meter.lost += 1
            lose(part, from: node)
            return
        }
        let delay = network.delay(&random)
        if delay == 0 {
            accept(part, at: target)
        } else {
            late.add(
                Parcel(from: UInt32(node), to: UInt32(target), mass: part), at: round + delay)
        }
    }

    private mutating func accept(_ mass: Mass, at node: Int) {
        if options.aggregate == .maximum {
            inbox[node].sum = max(inbox[node].sum, mass.sum)
        } else {
            inbox[node] += mass
        }
    }

    private mutating func lose(_ mass: Mass, from node: Int) {
        guard options.aggregate != .maximum else { return }
        if options.takesBack { inbox[node] += mass } else { destroyed += mass }
    }
}

// MARK: What is conserved, and what is known

extension PushSumCourse {
    /// What nodes hold and what was destroyed, with what is under way, is what there was.
    private mutating func checkMass() {
        guard options.aggregate != .maximum, violation == nil else { return }
        let now = held.reduce(destroyed, +) + late.all.reduce(.none) { $0 + $1.mass }
        if now != atFirst {
            violation =
                "round \(round): s and w sum to \(now.sum) and \(now.weight), at first to "
                + "\(atFirst.sum) and \(atFirst.weight)"
        }
    }

    private func estimate(of node: Int) -> Double? {
        let sum = Double(held[node].sum) / units.sum
        if options.aggregate == .maximum { return sum }
        guard held[node].weight > 0 else { return nil }
        return sum / (Double(held[node].weight) / units.weight)
    }

    /// Compares each estimate with the truth.
    private mutating func judge() {
        var (largest, total) = (0.0, 0.0)
        var (low, high) = (Double.infinity, 0.0)
        knowing = 0
        for node in 0..<options.nodes where !network.isGoneForGood(node) {
            let estimate = estimate(of: node)
            let error = estimate.map { abs($0 - truth) / truth } ?? 1
            largest = max(largest, error)
            total += error
            low = min(low, estimate ?? 0)
            high = max(high, estimate ?? .infinity)
            if error > PushSum.accuracy {
                since[node] = Population.never
            } else {
                knowing += 1
                if since[node] == Population.never { since[node] = UInt32(round) }
            }
        }
        spread = high - low
        errors.append(largest)
        meanError = total / Double(network.upCount)
        meter.endRound(
            Compartments(
                susceptible: network.upCount - knowing, infective: knowing, removed: 0))
    }

    /// Whoever knows at the end heard when it began to know for good.
    func complete(_ result: inout RunResult) {
        var population = Population(network)
        for node in 0..<options.nodes where since[node] != Population.never {
            if since[node] == 0 {
                population.inject(at: node)
            } else {
                population.hear(node, in: Int(since[node]))
            }
        }
        population.complete(&result, rounds: Double(round))
        result.meter = meter
        result.violation = violation
        result.figures = [
            ("largest relative error", errors.last ?? 0), ("mean relative error", meanError),
        ]
        if options.aggregate != .maximum {
            let left = atFirst.sum - destroyed.sum
            result.figures.append(("share of s left", Double(left) / Double(atFirst.sum)))
            let weight = atFirst.weight - destroyed.weight
            result.figures.append(("share of w left", Double(weight) / Double(atFirst.weight)))
        }
        for after in stride(from: 10, to: errors.count, by: 10) where after <= 50 {
            result.figures.append(("largest relative error after round \(after)", errors[after]))
        }
    }
}
