// What goes wrong, when and for how long: a plan drawn from the seed before the run, so that a plan
// can be looked at, and a part of it can be run. Carrying it out is the world's.

import ClusterCore

/// Kinds of faults that a run may have.
package struct FaultKinds: OptionSet, Hashable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// A process dies and starts again from its disk.
    package static let crash = FaultKinds(rawValue: 1)
    /// A process dies and starts again with nothing.
    package static let lostDisk = FaultKinds(rawValue: 2)
    /// A process stands still and then goes on.
    package static let pause = FaultKinds(rawValue: 4)
    /// Two groups cannot talk.
    package static let partition = FaultKinds(rawValue: 8)
    /// Two nodes cannot talk, or one cannot reach the other.
    package static let cut = FaultKinds(rawValue: 16)
    /// The connections of two nodes break.
    package static let reset = FaultKinds(rawValue: 32)
    /// What a node sends and gets takes longer.
    package static let slow = FaultKinds(rawValue: 64)
    /// A disk is slow, or refuses.
    package static let disk = FaultKinds(rawValue: 128)
    /// A wall clock jumps.
    package static let clock = FaultKinds(rawValue: 256)
    /// Some of what was broken stays broken at the end.
    package static let lasting = FaultKinds(rawValue: 512)

    /// Several machines lose power at one moment.
    package static let rack = FaultKinds(rawValue: 1024)

    package static let all = FaultKinds(rawValue: 2047)

    private static let names: [(FaultKinds, String)] = [
        (.crash, "crash"), (.lostDisk, "lost-disk"), (.pause, "pause"),
        (.partition, "partition"), (.cut, "cut"), (.reset, "reset"), (.slow, "slow"),
        (.disk, "disk"), (.clock, "clock"), (.rack, "rack"), (.lasting, "lasting"),
    ]

    /// Names with commas, "all" or "none".
    package var text: String {
        if self == .all { return "all" }
        if isEmpty { return "none" }
        return list
    }

    /// Names with commas.
    package var list: String {
        Self.names.filter { contains($0.0) }.map(\.1).joined(separator: ",")
    }

    /// Reads what `text` writes; nil for a word that is none of these.
    package init?(_ text: String) {
        var kinds: FaultKinds = []
        for word in text.split(separator: ",") where word != "none" {
            if word == "all" {
                kinds = .all
            } else if let kind = Self.names.first(where: { $0.1 == word }) {
                kinds.insert(kind.0)
            } else {
                return nil
            }
        }
        rawValue = kinds.rawValue
    }
}

/// One thing that goes wrong.
enum Fault: Equatable, Sendable {
    /// With `isSilent` the machine loses power: peers hear nothing of it and what was written but
    /// not synced may be gone.
    case crash(node: Int, isSilent: Bool, losesDisk: Bool)
    case pause(node: Int)
    case partition(side: [Int])
    case cut(from: Int, to: Int, isOneWay: Bool)
    case reset(Int, Int)
    case slow(node: Int, delay: Int64)
    case slowDisk(node: Int, delay: Int64)
    case refusingDisk(node: Int)
    case clockJump(node: Int, milliseconds: Int64)
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

    /// Whether any process starts again.
    var restarts: Bool {
        faults.contains { planned in
            if case .crash = planned.fault { return planned.end != nil }
            return false
        }
    }

    init(_ options: SimOptions, _ climate: Climate, _ random: inout SplitMix64) {
        end = options.duration * 1000
        let lasting = options.faults.contains(.lasting) ? options.faults : []
        let kinds = Self.weighted(options.faults)
        guard !kinds.isEmpty, options.nodeCount > 1 else { return }
        var time: Int64 = 0
        let timeout = options.nodeTimeout * 1000
        while true {
            time += Int64(random.below(Int(2 * climate.faultSpacing * 1000))) + 1
            guard time < end else { break }
            for fault in Self.draw(kinds[random.below(kinds.count)], options, &random) {
                // Mostly about as long as it takes to be noticed: some before, some after.
                let lengths = [timeout / 10, timeout, 2 * timeout, 6 * timeout]
                let length = Int64(random.below(Int(lengths[random.below(lengths.count)]))) + 1000
                faults.append(
                    PlannedFault(start: time, end: min(time + length, end), fault: fault))
            }
        }
        addLasting(lasting, options, &random)
    }

    /// What stays broken: a node or a few that stay away, or a group that stays cut off.
    private mutating func addLasting(
        _ kinds: FaultKinds, _ options: SimOptions, _ random: inout SplitMix64
    ) {
        let count = options.nodeCount
        let most = max(1, (options.masters - 1) / 2)
        var choice = random.below(4)
        if choice < 2 && !kinds.contains(.crash) { choice = 3 }
        if choice == 2 && !kinds.contains(.partition) { choice = 3 }
        switch choice {
        case 0, 1:
            for _ in 0..<1 + random.below(most) {
                let fault = Fault.crash(
                    node: random.below(count), isSilent: random.below(2) == 0, losesDisk: false)
                faults.append(PlannedFault(start: end, end: nil, fault: fault))
            }
        case 2:
            let side = Self.someNodes(1 + random.below(most), of: count, &random)
            faults.append(PlannedFault(start: end, end: nil, fault: .partition(side: side)))
        default: break
        }
    }

    /// Kinds as often as they shall come.
    private static func weighted(_ kinds: FaultKinds) -> [FaultKinds] {
        let weights: [(FaultKinds, Int)] = [
            (.crash, 8), (.lostDisk, 1), (.pause, 4), (.partition, 4), (.cut, 4), (.reset, 2),
            (.slow, 2), (.disk, 2), (.clock, 1), (.rack, 2),
        ]
        return weights.filter { kinds.contains($0.0) }
            .flatMap { [FaultKinds](repeating: $0.0, count: $0.1) }
    }

    /// What a kind comes to this time: one fault, or several at one moment.
    private static func draw(
        _ kind: FaultKinds, _ options: SimOptions, _ random: inout SplitMix64
    ) -> [Fault] {
        guard kind == .rack else { return [drawOne(kind, options, &random)] }
        let most = max(2, options.nodeCount / 3)
        return someNodes(2 + random.below(most - 1), of: options.nodeCount, &random)
            .map { .crash(node: $0, isSilent: true, losesDisk: false) }
    }

    private static func drawOne(
        _ kind: FaultKinds, _ options: SimOptions, _ random: inout SplitMix64
    ) -> Fault {
        let count = options.nodeCount
        let node = random.below(count)
        let other = (node + 1 + random.below(count - 1)) % count
        let coin = random.below(2) == 0
        switch kind {
        case .crash: return .crash(node: node, isSilent: coin, losesDisk: false)
        case .lostDisk: return .crash(node: node, isSilent: coin, losesDisk: true)
        case .pause: return .pause(node: node)
        case .partition:
            return .partition(side: someNodes(1 + random.below(count - 1), of: count, &random))
        case .cut: return .cut(from: node, to: other, isOneWay: coin)
        case .reset: return .reset(node, other)
        case .slow:
            return .slow(node: node, delay: Int64(random.below(Int(options.nodeTimeout) * 500)))
        case .disk:
            return coin
                ? .refusingDisk(node: node)
                : .slowDisk(node: node, delay: Int64(random.below(3_000_000)))
        default:
            return .clockJump(node: node, milliseconds: Int64(random.below(7_200_000)) - 3_600_000)
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
