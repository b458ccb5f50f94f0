// Kinds of faults that a run may have, and how bad each may get: what the caller of a simulation allows.
// What goes wrong within that, and when, is drawn from the seed.

/// Kinds of faults.
package struct FaultKinds: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

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
    /// A process comes back at another address, or two at each other's.
    package static let address = FaultKinds(rawValue: 2048)
    /// Bytes that nobody meant come out of a connection.
    package static let garbage = FaultKinds(rawValue: 4096)
    /// A wall clock goes too fast or too slow.
    package static let drift = FaultKinds(rawValue: 8192)
    /// An operator who fails over, takes over, reshards and resets replicas at bad moments.
    package static let operators = FaultKinds(rawValue: 16384)
    /// An operator who forgets the living and resets owners of slots.
    package static let reckless = FaultKinds(rawValue: 32768)
    /// Masters write and their replicas lag behind.
    package static let lag = FaultKinds(rawValue: 65536)

    private static let names: [(kind: FaultKinds, name: String)] = [
        (.crash, "crash"), (.lostDisk, "lost-disk"), (.pause, "pause"),
        (.partition, "partition"), (.cut, "cut"), (.reset, "reset"), (.slow, "slow"),
        (.disk, "disk"), (.clock, "clock"), (.drift, "drift"), (.rack, "rack"),
        (.address, "address"), (.garbage, "garbage"), (.operators, "operator"),
        (.reckless, "reckless"), (.lag, "lag"), (.lasting, "lasting"),
    ]

    package static let all = names.reduce(into: FaultKinds()) { $0.insert($1.kind) }

    /// Names with commas, "all" or "none".
    package var text: String {
        if self == .all { return "all" }
        if isEmpty { return "none" }
        return list
    }

    /// Names with commas.
    package var list: String {
        Self.names.filter { contains($0.kind) }.map(\.name).joined(separator: ",")
    }

    /// Reads what `text` writes, with a minus in front of kinds that are taken out; nil for a word
    /// that is none of these, and for no word at all.
    package init?(_ text: String) {
        var kinds: FaultKinds = []
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        for word in words where word != "none" {
            if word == "all" {
                kinds = .all
                continue
            }
            let isTakenOut = word.first == "-"
            let name = isTakenOut ? word.dropFirst() : word
            guard let known = Self.names.first(where: { $0.name == name }) else { return nil }
            if isTakenOut { kinds.remove(known.kind) } else { kinds.insert(known.kind) }
        }
        rawValue = kinds.rawValue
    }

    /// Each kind as often as it shall come among the others.
    private static let weights: [(kind: FaultKinds, weight: Int)] = [
        (.crash, 8), (.lostDisk, 1), (.pause, 4), (.partition, 4), (.cut, 4), (.reset, 2),
        (.slow, 2), (.disk, 2), (.clock, 1), (.drift, 1), (.rack, 2), (.address, 2),
        (.garbage, 2), (.operators, 8), (.reckless, 1),
    ]

    /// These kinds, as often as each shall come.
    var weighted: [FaultKinds] {
        Self.weights.filter { contains($0.kind) }
            .flatMap { [FaultKinds](repeating: $0.kind, count: $0.weight) }
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
