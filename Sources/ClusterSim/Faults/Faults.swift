// What goes wrong, when and for how long: a plan drawn from the seed before the run, so that a plan
// can be looked at, and a part of it can be run. Carrying it out is the world's.

import ClusterCore
import Determinism

/// One thing that goes wrong.
enum Fault: Equatable, Sendable {
    /// With `isSilent` the machine loses power: peers hear nothing of it and what was written but
    /// not synced may be gone.
    case crash(node: Int, isSilent: Bool, losesDisk: Bool)
    /// A process dies and comes back at an address of its own.
    case move(node: Int, isSilent: Bool)
    /// Two processes die and come back at each other's address.
    case swap(Int, Int)
    case pause(node: Int)
    case partition(side: [Int])
    case cut(from: Int, to: Int, mayNotKnowUs: Bool)
    case reset(Int, Int)
    case slow(node: Int, delay: Int64)
    case slowDisk(node: Int, delay: Int64)
    case refusingDisk(node: Int)
    case clockJump(node: Int, milliseconds: Int64)
    /// In millionths.
    case clockDrift(node: Int, parts: Int64)
    case garbage(from: Int, to: Int, Garbage)
    case forge(Forgery)
    case operate(OperatorAct)

    /// The process that is down while it lasts.
    var down: [Int] {
        switch self {
        case .crash(let node, _, _), .move(let node, _): [node]
        case .swap(let one, let other): [one, other]
        case .pause, .partition, .cut, .reset, .slow, .slowDisk, .refusingDisk, .clockJump,
            .clockDrift, .garbage, .forge, .operate:
            []
        }
    }
}

/// Bytes that come out of a connection although nobody sent them.
enum Garbage: String, Equatable, Sendable, CaseIterable {
    /// Bytes of chance.
    case noise
    /// A message that is cut short, and the next ones behind it.
    case cutMessage = "cut-message"
    /// A frame that states a length which none has.
    case absurdLength = "absurd-length"
    /// A whole frame of a version that nobody speaks.
    case otherVersion = "other-version"
    /// A whole message of a type that nobody knows.
    case unknownType = "unknown-type"
}

/// What an operator does at a bad moment.
enum OperatorAct: Equatable, Sendable {
    enum FailoverKind: Equatable, Sendable { case asked, forced, takeover }
    case failover(node: Int, FailoverKind)
    /// Moves up to `count` slots from one node to another, step by step as redis-cli does.
    case reshard(from: Int, to: Int, count: Int)
    /// Tells a node to follow another.
    case replicate(node: Int, master: Int)
    /// Resets a node that owns no slots.
    case resetEmpty(node: Int, isHard: Bool)
    /// Resets a node whatever it owns.
    case resetOwner(node: Int, isHard: Bool)
    /// Tells all others, or every second one, to forget a node that lives.
    case forget(node: Int, byHalf: Bool)
}

/// A fault with its time.
struct PlannedFault: Equatable, Sendable {
    /// Microseconds after the cluster has formed.
    var start: Int64
    /// Microseconds after the cluster has formed; nil: it lasts.
    var end: Int64?
    var fault: Fault
}

/// What goes wrong in one run.
struct FaultPlan: Equatable, Sendable {
    var faults: [PlannedFault] = []
    /// Microseconds after the cluster has formed: what is to be repaired is repaired.
    var end: Int64
    /// How many faults there were before some were left out.
    private(set) var planned = 0

    /// Whether any process starts again.
    var restarts: Bool { faults.contains { !$0.fault.down.isEmpty && $0.end != nil } }

    init(_ options: SimOptions, _ environment: EnvironmentProfile, _ random: inout SplitMix64) {
        end = options.duration * 1000
        draw(options, environment, &random)
        choose(options)
    }

    /// A plan that was kept.
    init(_ kept: FaultPlan, _ options: SimOptions) {
        self = kept
        choose(options)
    }

    init(faults: [PlannedFault], end: Int64) {
        self.faults = faults
        self.end = end
        planned = faults.count
    }

    private mutating func choose(_ options: SimOptions) {
        planned = faults.count
        if let kept = options.keptFaults {
            faults = kept.filter { faults.indices.contains($0) }.map { faults[$0] }
        }
    }

    private mutating func draw(
        _ options: SimOptions, _ environment: EnvironmentProfile, _ random: inout SplitMix64
    ) {
        guard let drawing = environment.drawing else { return }
        let kinds = options.faults.subtracting(drawing.withheld).weighted
        guard !kinds.isEmpty, options.nodeCount > 1, options.scenario == nil else { return }
        var time: Int64 = 0
        let timeout = options.nodeTimeout * 1000
        let longest = options.limits.length.map { $0 * 1000 } ?? 6 * timeout
        while true {
            time += Int64(random.below(Int(2 * drawing.spacing * 1000))) + 1
            guard time < end else { break }
            for fault in Self.draw(kinds[random.below(kinds.count)], options, &random) {
                // Mostly about as long as it takes to be noticed: some before, some after.
                let lengths = [timeout / 10, timeout, 2 * timeout, longest]
                let most = min(longest, lengths[random.below(lengths.count)])
                let length = Int64(random.below(Int(most))) + 1000
                add(fault, from: time, to: min(time + length, end), options)
            }
        }
        if options.faults.contains(.lasting) { addLasting(options, &random) }
    }

    private mutating func add(
        _ fault: Fault, from start: Int64, to stop: Int64?, _ options: SimOptions
    ) {
        if let limit = options.limits.down, !fault.down.isEmpty {
            let others = faults.filter { $0.end.map { $0 >= start } ?? true }
                .reduce(0) { $0 + $1.fault.down.count }
            guard others + fault.down.count <= limit else { return }
        }
        faults.append(PlannedFault(start: start, end: stop, fault: fault))
    }

    /// What stays violation: a node or a few that stay away, or a group that stays cut off.
    private mutating func addLasting(_ options: SimOptions, _ random: inout SplitMix64) {
        let count = options.nodeCount
        let most = max(1, (options.masters - 1) / 2)
        var choice = random.below(4)
        if choice < 2 && !options.faults.contains(.crash) { choice = 3 }
        if choice == 2 && !options.faults.contains(.partition) { choice = 3 }
        switch choice {
        case 0, 1:
            for _ in 0..<1 + random.below(most) {
                let fault = Fault.crash(
                    node: random.below(count), isSilent: random.below(2) == 0, losesDisk: false)
                add(fault, from: end, to: nil, options)
            }
        case 2:
            let side = Self.someNodes(1 + random.below(most), of: count, &random)
            add(.partition(side: side), from: end, to: nil, options)
        default: break
        }
    }
}

// MARK: Drawing one

extension FaultPlan {
    /// What a kind comes to this time: one fault, or several at one moment.
    private static func draw(
        _ kind: FaultKind, _ options: SimOptions, _ random: inout SplitMix64
    ) -> [Fault] {
        guard kind == .rack else { return drawOne(kind, options, &random).map { [$0] } ?? [] }
        let most = max(2, options.nodeCount / 3)
        return someNodes(2 + random.below(most - 1), of: options.nodeCount, &random)
            .map { .crash(node: $0, isSilent: true, losesDisk: false) }
    }

    /// Nil for kinds that are no single fault.
    private static func drawOne(
        _ kind: FaultKind, _ options: SimOptions, _ random: inout SplitMix64
    ) -> Fault? {
        let count = options.nodeCount
        let node = random.below(count)
        let other = (node + 1 + random.below(count - 1)) % count
        let coin = random.below(2) == 0
        let limits = options.limits
        switch kind {
        case .crash: return .crash(node: node, isSilent: coin, losesDisk: false)
        case .lostDisk: return .crash(node: node, isSilent: coin, losesDisk: true)
        case .pause: return .pause(node: node)
        case .partition:
            return .partition(side: someNodes(1 + random.below(count - 1), of: count, &random))
        case .cut: return .cut(from: node, to: other, mayNotKnowUs: coin)
        case .reset: return .reset(node, other)
        case .slow:
            let most = (limits.slowness ?? options.nodeTimeout / 2) * 1000
            return .slow(node: node, delay: Int64(random.below(Int(most))))
        case .disk:
            return coin
                ? .refusingDisk(node: node)
                : .slowDisk(node: node, delay: Int64(random.below(Int(limits.diskDelay * 1000))))
        case .address:
            return coin ? .move(node: node, isSilent: random.below(2) == 0) : .swap(node, other)
        case .garbage:
            let shapes = Garbage.allCases
            return .garbage(from: node, to: other, shapes[random.below(shapes.count)])
        case .forger:
            let lies = Forgery.Lie.allCases
            // From a machine of his own: on that of the node itself his connection may pass for the node's
            // (DECISIONS D98).
            return .forge(
                Forgery(
                    lie: lies[random.below(lies.count)], name: node, about: other, isNear: false))
        case .drift:
            return .clockDrift(node: node, parts: eitherSide(limits.drift, &random))
        case .clock:
            return .clockJump(node: node, milliseconds: eitherSide(limits.clockJump, &random))
        case .operators: return .operate(drawAct(node, other, coin, &random))
        case .reckless:
            return random.below(2) == 0
                ? .operate(.forget(node: node, byHalf: coin))
                : .operate(.resetOwner(node: node, isHard: coin))
        case .rack, .lag, .lasting: return nil
        }
    }

    private static func eitherSide(_ most: Int64, _ random: inout SplitMix64) -> Int64 {
        Int64(random.below(2 * Int(most))) - most
    }

    private static func drawAct(
        _ node: Int, _ other: Int, _ coin: Bool, _ random: inout SplitMix64
    ) -> OperatorAct {
        switch random.below(8) {
        case 0, 1: return .failover(node: node, .asked)
        case 2, 3: return .failover(node: node, .forced)
        case 4: return .failover(node: node, .takeover)
        case 5: return .replicate(node: node, master: other)
        case 6: return .resetEmpty(node: node, isHard: coin)
        default: return .reshard(from: node, to: other, count: 1 + random.below(100))
        }
    }

    private static func someNodes(
        _ wanted: Int, of count: Int, _ random: inout SplitMix64
    ) -> [Int] {
        var all = Array(0..<count)
        for index in 0..<min(wanted, count) {
            all.swapAt(index, index + random.below(count - index))
        }
        return all.prefix(wanted).sorted()
    }
}
