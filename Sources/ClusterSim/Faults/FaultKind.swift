// Kinds of faults that a run may have, and how bad each may get: what the caller of a simulation allows.
// What goes wrong within that, and when, is drawn from the seed.

/// A kind of fault. Its name is the word of the command line.
package enum FaultKind: String, CaseIterable, Sendable {
    /// A process dies and starts again from its disk.
    case crash
    /// A process dies and starts again with nothing.
    case lostDisk = "lost-disk"
    /// A process stands still and then goes on.
    case pause
    /// Two groups cannot talk.
    case partition
    /// Two nodes cannot talk, or one cannot reach the other.
    case cut
    /// The connections of two nodes break.
    case reset
    /// What a node sends and gets takes longer.
    case slow
    /// A disk is slow, or refuses.
    case disk
    /// A wall clock jumps.
    case clock
    /// A wall clock goes too fast or too slow.
    case drift
    /// Several machines lose power at one moment.
    case rack
    /// A process comes back at another address, or two at each other's.
    case address
    /// Bytes that nobody meant come out of a connection.
    case garbage
    /// A stranger who speaks in nodes' names. The nodes ask before they believe, then.
    case forger
    /// An operator who fails over, takes over, reshards and resets replicas at bad moments.
    case operators = "operator"
    /// An operator who forgets the living and resets owners of slots.
    case reckless
    /// Masters write and their replicas lag behind.
    case lag
    /// Some of what was broken stays broken at the end.
    case lasting

    /// How often it comes among the others; 0 for what is drawn once for a run and no fault by itself.
    var weight: Int {
        switch self {
        case .crash, .operators, .forger: 8
        case .pause, .partition, .cut: 4
        case .reset, .slow, .disk, .rack, .address, .garbage: 2
        case .lostDisk, .clock, .drift, .reckless: 1
        case .lag, .lasting: 0
        }
    }
}

/// A set of kinds, in the order of the enumeration.
package struct FaultKinds: Equatable, Sendable, ExpressibleByArrayLiteral {
    /// The kinds in it, each once and in order.
    package private(set) var kinds: [FaultKind] = []

    package init(arrayLiteral kinds: FaultKind...) {
        for kind in kinds { insert(kind) }
    }

    /// All but the stranger, against whom nodes defend themselves only when they are asked to (`ClusterConfig.confirms`).
    package static let all = FaultKinds(FaultKind.allCases.filter { $0 != .forger })

    private init(_ kinds: [FaultKind]) { self.kinds = kinds }

    package var isEmpty: Bool { kinds.isEmpty }

    package func contains(_ kind: FaultKind) -> Bool { kinds.contains(kind) }

    package mutating func insert(_ kind: FaultKind) {
        kinds = FaultKind.allCases.filter { $0 == kind || contains($0) }
    }

    package mutating func remove(_ kind: FaultKind) { kinds.removeAll { $0 == kind } }

    func subtracting(_ other: FaultKinds) -> FaultKinds {
        FaultKinds(kinds.filter { !other.contains($0) })
    }

    /// Names with commas, "all" or "none".
    package var text: String {
        if self == .all { return "all" }
        return isEmpty ? "none" : list
    }

    /// Names with commas.
    package var list: String { kinds.map(\.rawValue).joined(separator: ",") }

    /// Reads what `text` writes, with a minus in front of kinds that are taken out; nil for a word
    /// that is none of these, and for no word at all.
    package init?(_ text: String) {
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        for word in words where word != "none" {
            if word == "all" {
                self = .all
                continue
            }
            let isTakenOut = word.first == "-"
            guard let kind = FaultKind(rawValue: String(isTakenOut ? word.dropFirst() : word))
            else { return nil }
            if isTakenOut { remove(kind) } else { insert(kind) }
        }
    }

    /// These kinds, as often as each shall come.
    var weighted: [FaultKind] {
        kinds.flatMap { [FaultKind](repeating: $0, count: $0.weight) }
    }
}

/// How bad faults may get.
package struct FaultLimits: Equatable, Sendable {
    /// Mean milliseconds between two faults; nil: drawn from the seed.
    package var spacing: Int64?
    /// Milliseconds that a fault lasts at most; nil: six node timeouts.
    package var length: Int64?
    /// Milliseconds by which a slow node's messages are late at most; nil: half a node timeout.
    package var slowness: Int64?
    /// Milliseconds by which a slow disk is late at most.
    package var diskDelay: Int64 = 3000
    /// Milliseconds by which a wall clock jumps at most, to either side.
    package var clockJump: Int64 = 3_600_000
    /// Millionths by which a wall clock is too fast or too slow at most.
    package var drift: Int64 = 10_000
    /// Processes that are down at one time, at most; nil: any number.
    package var down: Int?

    package init() {}
}
